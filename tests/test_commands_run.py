"""Portkey called without its SDK, before and after: commands print the same and ask a gateway for the same."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from projects import run as migrate
from serving import served

from llm_gateway.core.settings import parse
from llm_gateway.core.upstream import HttpTransport
from llm_gateway.server.app import App
from llm_gateway.server.live import Live

FOLDER = Path(__file__).parent.parent / "fixtures" / "portkey-http"
PROGRAMS = sorted(path.name for path in FOLDER.iterdir() if path.suffix != ".md")
ROUTES = {"portkey-to-llm-gateway": "LLM_GATEWAY", "portkey-to-openrouter": "OPENROUTER"}
ADDRESSES = ("https://api.portkey.ai/v1", "https://api.llmgateway.io/v1", "https://openrouter.ai/api/v1")
BY_HAND = {"here.sh", "steps.py"}  # in which a model is sent apart from the headers
KEY = "the-key"
SETTINGS = {
    "mock": True,
    "server": {"shutdown_seconds": 5},
    "keys": {"tests": {"hash": f"sha256:{hashlib.sha256(KEY.encode()).hexdigest()}"}},
}


@dataclass
class Wire:
    """A gateway that wants a key, and notes paths, bodies without providers of models, and labels."""

    app: Any
    seen: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        parts: list[bytes] = []

        async def noting() -> Any:
            message = await receive()
            if message["type"] == "http.request":
                parts.append(message.get("body", b""))
            return message

        await self.app(scope, noting, send)
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            body = json.loads(b"".join(parts) or b"{}")
            model = str(body.pop("model", "")).rpartition("/")
            prefix = "x-llmgateway-"
            labels = {name[len(prefix) :]: value for name, value in headers.items() if name.startswith(prefix)}
            labels |= {k: str(v) for k, v in json.loads(headers.get("x-portkey-metadata", "{}")).items()}
            old = sorted(name for name in headers if name.startswith("x-portkey-"))
            asked = {"path": scope["path"], "body": body, "root": model[2], "type": headers.get("content-type")}
            self.seen.append({"asked": asked, "labels": labels, "vendor": model[0], "old": old})


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[str, Wire]]:
    live = Live(parse(SETTINGS, "test"), http=HttpTransport(600.0))
    noting = Wire(App(live))
    with served(noting, live) as url:
        yield f"{url}/v1", noting


def _outcome(folder: Path, name: str, wire: tuple[str, Wire], prefix: str) -> tuple[str, list[dict[str, Any]]]:
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
    return ended.stdout, list(noting.seen)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_commands_do_the_same(tmp_path: Path, wire: tuple[str, Wire], name: str, route: str) -> None:
    missing = [program for program in ("curl", "make") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed: no command is run")
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        folder.mkdir()
        shutil.copy(FOLDER / name, folder / name)
    done = migrate("--yes", "--rules", route, "--path", ".", cwd=after)
    assert done.returncode == 0, done.stdout + done.stderr
    left = (after / name).read_text(encoding="utf-8")
    assert "api.portkey.ai" not in left
    assert "x-portkey-api-key" not in left
    said, old = _outcome(before, name, wire, "PORTKEY")
    says, new = _outcome(after, name, wire, ROUTES[route])
    assert says == said
    assert said.strip()
    assert [each["asked"] for each in new] == [each["asked"] for each in old]
    assert all(each["old"] for each in old)
    assert not any(each["old"] for each in new)
    if route == "portkey-to-llm-gateway":
        assert [each["labels"] for each in new] == [each["labels"] for each in old]
    else:
        assert all(each["vendor"] for each in new if each["asked"]["root"] and name not in BY_HAND)
