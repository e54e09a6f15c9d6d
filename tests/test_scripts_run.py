"""Scripts under node, before and after they leave Portkey: they print the same and send the same to a gateway."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from noting import Noted, Noting, noting_gateway
from projects import run as migrate

FOLDER = Path(__file__).parent.parent / "fixtures" / "portkey-js"
PROGRAMS = sorted(path.name for path in FOLDER.iterdir() if path.is_file() and path.suffix != ".md")
PACKAGES = ["portkey-ai@3.1.0", "openai@^6.8.1", "typescript@~5.9", "@types/node@^22"]
TSC = [
    "--target",
    "es2022",
    "--module",
    "commonjs",
    "--esModuleInterop",
    "--strict",
    "--skipLibCheck",
    "--types",
    "node",
]
KEY = "the-key"


@dataclass(frozen=True)
class Route:
    """Where scripts go: the pack, its variables' prefix and its address. `labelled`: whether labels go there too."""

    pack: str
    prefix: str
    address: str
    labelled: bool = True


ROUTES = [
    Route("portkey-to-llm-gateway", "LLM_GATEWAY", "https://api.llmgateway.io/v1"),
    Route("portkey-to-openrouter", "OPENROUTER", "https://openrouter.ai/api/v1", labelled=False),
]

pytestmark = pytest.mark.slow


def _said(noted: Noted) -> dict[str, Any]:
    """What a script asks for: path, body, key and labels, however they are said."""
    body = {**noted.body, "model": noted.body.get("model", "").rpartition("/")[2]}
    labels = {name.strip("_"): value for name, value in noted.labels.items()}  # servers refuse `_` in names of headers
    key = noted.headers.get("x-portkey-api-key") or noted.headers.get("authorization", "").removeprefix("Bearer ")
    refresh = noted.headers.get("x-portkey-cache-force-refresh") or noted.headers.get("x-no-cache")
    return {"path": noted.path, "body": body, "labels": labels, "key": key, "refresh": refresh}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages, the programs in `before`, and what the migrations make of them, by pack."""
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    if missing:
        said = f"{' and '.join(missing)} not installed: no script is run"
        pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)
    root = tmp_path_factory.mktemp("scripts")
    install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(root), *PACKAGES]
    installed = subprocess.run(install, capture_output=True, text=True, timeout=300, check=False)
    assert installed.returncode == 0, installed.stderr
    shutil.copytree(FOLDER, root / "before")
    for route in ROUTES:
        shutil.copytree(FOLDER, root / route.pack)
        done = migrate("--yes", "--rules", route.pack, "--path", ".", cwd=root / route.pack)
        assert done.returncode == 0, done.stdout + done.stderr
    return root


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[str, Noting]]:
    with noting_gateway() as made:
        yield made


@pytest.fixture(scope="module")
def compiled(place: Path, wire: tuple[str, Noting]) -> Path:
    """The programs of all sides in `place`, at the gateway's address, those in TypeScript compiled beside them."""
    for side in ("before", *(route.pack for route in ROUTES)):
        for path in (place / side).iterdir():
            if path.name in PROGRAMS:
                text = path.read_text(encoding="utf-8")
                for address in ("https://api.portkey.ai/v1", *(route.address for route in ROUTES)):
                    text = text.replace(address, wire[0])
                path.write_text(text, encoding="utf-8")
        _tsc(place, side)
    return place


def _tsc(place: Path, side: str) -> None:
    sources = sorted(str(path) for path in (place / side).glob("*.ts"))
    checked = subprocess.run(
        [str(place / "node_modules/.bin/tsc"), *TSC, *sources], cwd=place, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


def _outcome(
    place: Path, side: str, name: str, wire: tuple[str, Noting], prefix: str
) -> tuple[str, list[dict[str, Any]]]:
    url, noting = wire
    noting.seen.clear()
    given = {f"{prefix}_API_KEY": KEY, f"{prefix}_BASE_URL": url, "PORTKEY_VIRTUAL_KEY": "openai-prod"}
    environment = {"PATH": os.environ["PATH"], "HOME": str(place), **given}
    program = place / side / name.replace(".ts", ".js")
    ended = subprocess.run(
        ["node", str(program)], capture_output=True, text=True, env=environment, timeout=60, check=False, cwd=place
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, [_said(noted) for noted in noting.seen]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.pack)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_script_does_the_same(compiled: Path, wire: tuple[str, Noting], name: str, route: Route) -> None:
    before = _outcome(compiled, "before", name, wire, "PORTKEY")
    after = _outcome(compiled, route.pack, name, wire, route.prefix)
    assert before[0].strip() and before[1]
    assert {each["key"] for each in before[1]} == {KEY}
    if not route.labelled:
        for each in before[1]:
            each.update(labels={}, refresh=None)
    assert after == before


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.pack)
@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_of_portkey_is_left(place: Path, name: str, route: Route) -> None:
    text = (place / route.pack / name).read_text(encoding="utf-8")
    assert "portkey-ai" not in text
    assert "x-portkey" not in text
