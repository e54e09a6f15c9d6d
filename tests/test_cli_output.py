"""What the command prints for one small tree, in every form, kept as snapshots that a person has read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from projects import run, write

from migrator import __version__

if TYPE_CHECKING:
    from pytest_snapshot.plugin import Snapshot

README = """\
# Desk

Answers come through Portkey.

```python
from agentcore.integration.portkey import PortkeyClient
```
"""
CLIENT = """\
import os

from agentcore.integration.portkey import PortkeyClient, PortkeyConfig

config = PortkeyConfig(api_key=os.environ["PORTKEY_API_KEY"])
client = PortkeyClient(config=config, base_url="https://api.portkey.ai")
"""
TREE = {
    "README.md": README,
    ".env.example": "PORTKEY_API_KEY=pk-your-key\nPORTKEY_CACHE_ENABLED=true\n",
    ".github/workflows/ci.yml": "jobs:\n  test:\n    env:\n      PORTKEY_API_KEY: ${{ secrets.PORTKEY_API_KEY }}\n",
    "config.toml": '[integration.portkey]\nsecret = "Zx81QmPw02LkJh45TyUi77"\n',
    "desk/__init__.py": "",
    "desk/broken.py": "from agentcore.integration.portkey import (\n",
    "desk/client.py": CLIENT,
    "desk/direct.py": "import portkey_ai\n",
    "desk/kept.py": "from agentcore.integration import portkey  # migrate: ignore\n",
    "tests/integration/portkey/__init__.py": "",
    "tests/integration/portkey/test_client.py": "from desk.client import client\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "project", TREE)


def _steady(text: str) -> str:
    """Without what differs from run to run."""
    text = re.sub(r"\d{8}-\d{6}-[0-9a-f]{4}", "20261120-174501-3f2a", text)
    text = text.replace(f'"version": "{__version__}"', '"version": "1.2.3"')
    return re.sub(r'"seconds": [\d.]+', '"seconds": 0.0', text)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("dry-run.txt", ["--dry-run"]),
        ("applied.txt", []),
        ("check.txt", ["check"]),
        ("check.github", ["check", "--format", "github"]),
        ("check.sarif", ["check", "--format", "sarif"]),
        ("dry-run.md", ["--dry-run", "--format", "markdown"]),
        ("dry-run.json", ["--dry-run", "--format", "json"]),
        ("clean.txt", ["check", "desk/__init__.py"]),
    ],
)
def test_output(root: Path, snapshot: Snapshot, name: str, arguments: list[str]) -> None:
    snapshot.snapshot_dir = Path(__file__).parent / "snapshots"
    snapshot.assert_match(_steady(run(*arguments, cwd=root).stdout), name)


def test_no_secret_reaches_any_output(root: Path) -> None:
    for format in ("text", "json", "github", "markdown", "sarif", "html"):
        for command in ([], ["check"]):
            dry = [] if command else ["--dry-run"]
            ended = run(*command, *dry, "--format", format, cwd=root)
            assert "Zx81QmPw02LkJh45TyUi77" not in ended.stdout + ended.stderr
    run("--report", "report.json", cwd=root)
    assert "Zx81QmPw02LkJh45TyUi77" not in (root / "report.json").read_text()
    assert json.loads((root / "report.json").read_text())["errors"]
