"""Portkey called without its SDK, before and after: commands print the same and ask a gateway for the same."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from noting import Noted, Noting, noting_gateway
from projects import run as migrate

FOLDER = Path(__file__).parent.parent / "fixtures" / "portkey-http"
PROGRAMS = sorted(path.name for path in FOLDER.iterdir() if path.suffix != ".md")
ROUTES = {"portkey-to-llm-gateway": "LLM_GATEWAY", "portkey-to-openrouter": "OPENROUTER"}
ADDRESSES = ("https://api.portkey.ai/v1", "https://api.llmgateway.io/v1", "https://openrouter.ai/api/v1")
BY_HAND = {"here.sh", "steps.py"}  # in which a model is sent apart from the headers
KEY = "the-key"
KEYS = {"tests": {"hash": f"sha256:{hashlib.sha256(KEY.encode()).hexdigest()}"}}


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[str, Noting]]:
    with noting_gateway(keys=KEYS) as made:
        yield made


def _said(noted: Noted) -> dict[str, Any]:
    """What a command asks for: its path, its body without the provider of the model, and labels."""
    body = dict(noted.body)
    vendor, _, root = str(body.pop("model", "")).rpartition("/")
    asked = {"path": noted.path, "body": body, "root": root, "type": noted.headers.get("content-type")}
    old = sorted(name for name in noted.headers if name.startswith("x-portkey-"))
    return {"asked": asked, "labels": noted.labels, "vendor": vendor, "old": old}


def _outcome(folder: Path, name: str, wire: tuple[str, Noting], prefix: str) -> tuple[str, list[dict[str, Any]]]:
    url, noting = wire
    noting.seen.clear()
    program = folder / name
    text = program.read_text(encoding="utf-8")
    for address in ADDRESSES:
        text = text.replace(address, url)
    program.write_text(text, encoding="utf-8")
    given = {f"{prefix}_API_KEY": KEY, f"{prefix}_BASE_URL": url, "PORTKEY_VIRTUAL_KEY": "v", "OPENAI_API_KEY": "sk"}
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **given}
    shell = ["bash", "-o", "pipefail", "-e", name]
    command = {"Makefile": ["make", "-s", "-f", name], "steps.py": [sys.executable, name]}.get(name, shell)
    ended = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=60, check=False, cwd=folder
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, [_said(noted) for noted in noting.seen]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_commands_do_the_same(tmp_path: Path, wire: tuple[str, Noting], name: str, route: str) -> None:
    missing = [program for program in ("curl", "make") if shutil.which(program) is None]
    if missing:
        said = f"{' and '.join(missing)} not installed: no command is run"
        pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        folder.mkdir()
        shutil.copy(FOLDER / name, folder / name)
    done = migrate("--yes", "--rules", route, "--path", ".", cwd=after)
    assert done.returncode == 0, done.stdout + done.stderr
    left = (after / name).read_text(encoding="utf-8")
    assert "api.portkey.ai" not in left
    assert "x-portkey-api-key" not in left
    printed, old = _outcome(before, name, wire, "PORTKEY")
    prints, new = _outcome(after, name, wire, ROUTES[route])
    assert prints == printed
    assert printed.strip()
    assert [each["asked"] for each in new] == [each["asked"] for each in old]
    assert all(each["old"] for each in old)
    assert not any(each["old"] for each in new)
    if route == "portkey-to-llm-gateway":
        assert [each["labels"] for each in new] == [each["labels"] for each in old]
    else:
        assert all(each["vendor"] for each in new if each["asked"]["root"] and name not in BY_HAND)
