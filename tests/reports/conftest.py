"""One small plan by hand that has something of everything, and a harmful one."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.outcome import Plan
from migrator.sites import Change, Problem, Site, Status

DOCS = "https://docs.example.org/packs/agentcore.md"
REAL_KEY = "sk-" + "proj-Zx81QmPw02LkJh45TyUi"


@pytest.fixture
def key() -> str:
    """What looks like a real key, in the plan's first change and in a message."""
    return REAL_KEY


@pytest.fixture
def plan() -> Plan:
    imports = "import os\nfrom agentcore.integration.portkey import PortkeyClient\n\n"
    before = f'{imports}KEY = "{REAL_KEY}"\nCLIENT = PortkeyClient()\n'
    after = before.replace("integration.portkey", "llm_gateway").replace("PortkeyClient", "LLMGatewayClient")
    return Plan(
        root=Path(),
        packs=("agentcore-portkey-to-llm-gateway",),
        sites=(
            Site("app/llm.py", 5, 10, "agentcore.class", Status.MIGRATED, "renamed", "app/llm.py", 5),
            Site("app/llm.py", 2, 6, "agentcore.module", Status.MIGRATED, "moved", "app/llm.py", 2),
            Site(
                "app/llm.py", 9, 1, "agentcore.keys", Status.MANUAL, f"`{REAL_KEY}` opens no provider", "app/llm.py", 9
            ),
            Site("app/llm.py", 12, 5, "agentcore.env", Status.REVIEW, "set `OPENAI_API_KEY` as well", "app/llm.py", 14),
            Site("app/old.py", 3, 1, "agentcore.env", Status.REVIEW, "set `OPENAI_API_KEY`, too", "app/new.py", 4),
            Site("app/gone.py", 1, 1, "agentcore.module", Status.MIGRATED, "moved", None, None),
            Site("app/sdk.py", 7, 1, "agentcore.sdk", Status.MANUAL, "another library: it stays", "app/sdk.py", 7),
            Site("app/sdk.py", 8, 1, "agentcore.module", Status.IGNORED, "moved", "app/sdk.py", 8),
            Site("README.md", 1, 3, "agentcore.mention", Status.REVIEW, "names Portkey", "README.md", 1, prose=True),
        ),
        changes=(
            Change("app/llm.py", "app/llm.py", "modify", "python", 3, before.encode(), after.encode(), 0o644),
            Change(
                "app/old.py",
                "app/new.py",
                "rename",
                "python",
                1,
                b"a = 1\nb = 2\nc = 3\n",
                b"a = 1\nb = 4\nc = 3\n",
                0o755,
            ),
            Change("app/gone.py", None, "delete", "python", 0, b"x = 1\n", None, 0o644),
        ),
        problems=(Problem("app/broken.py", "line 3: not valid Python"),),
        files_seen=40,
        files_matched=6,
        seconds=0.12345,
        docs={"agentcore.module": f"{DOCS}#module", "agentcore.keys": "docs/packs/agentcore.md#keys"},
        notes=frozenset({"agentcore.sdk", "agentcore.mention"}),
    )


@pytest.fixture
def hostile() -> Plan:
    """File names, messages and content that try to steer a terminal, a workflow, a page or a comment."""
    name = 'a\x1b[2J\u202e:,%"<script>alert(1)</script>`|](x)\udcff.py'
    message = (
        "\x1b]0;owned\x07 <img src=x onerror=alert(1)> `|` [go](javascript:alert(1)) @team\r\n::error::forged\x9b31m"
    )
    return Plan(
        root=Path(),
        packs=("<b>pack</b>",),
        sites=(Site(name, 1, 1, "evil.rule", Status.MANUAL, message, name, 1, docs="javascript:alert(1)"),),
        changes=(Change(name, name, "modify", "python", 1, b"a\x1b[31m\x00\xff</span><script>\n", b"b\n", 0o644),),
        problems=(Problem(name, message),),
        files_seen=1,
        files_matched=1,
        seconds=0.0,
    )
