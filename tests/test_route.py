"""The check of a whole route, files that nothing uses any more, and a router that a run makes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from projects import run, write

ROUTE = "portkey-to-openrouter"
CLIENT = 'import os\n\nKEY = os.environ["PORTKEY_API_KEY"]\n'


def check(root: Path, *arguments: str) -> tuple[int, str, str]:
    ended = run("check", "--route", ROUTE, *arguments, cwd=root)
    return ended.returncode, ended.stdout, ended.stderr


def test_nothing_is_left(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "from openai import OpenAI\n", "README.md": "OpenRouter.\n"})
    code, out, err = check(tmp_path)
    assert code == 0
    assert "no reference" in out
    assert err == "a reference to Portkey: none\na reference to a virtual key: none\n"


def test_other_things_of_that_name_are_not_meant(tmp_path: Path) -> None:
    write(tmp_path, {"wallet.md": "Portkey Wallet\n", "package.json": '{"dependencies": {"@portkey/did": "1.0.0"}}\n'})
    assert check(tmp_path)[0] == 0


def test_every_line_is_looked_at(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "app.py": "def ask(virtual_key):\n    return virtual_key\n\n\n# as through PORTKEY\n",
            "notes.txt": "Portkey, then\nvirtual keys\n",
            "image.png": b"\0portkey",
            "data.bin": b"\xff\xfeportkey\x81\x00",
            "kept.py": "portkey_total = 1  # migrate: ignore[openrouter.left]\n",
        },
    )
    code, out, err = check(tmp_path)
    assert code == 1
    places = [line.split(": ")[0] for line in out.splitlines() if line.startswith(("app.py", "notes.txt"))]
    assert places == ["app.py:1:9", "app.py:2:12", "app.py:5:14", "notes.txt:1:1", "notes.txt:2:1"]
    assert "image.png" not in out
    assert err == "a reference to Portkey: 2 lines in 2 files\na reference to a virtual key: 3 lines in 2 files\n"


def test_paths_narrow_it(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "Portkey\n", "b.txt": "clean\n"})
    assert check(tmp_path, "b.txt")[0] == 0
    assert check(tmp_path, "a.txt")[0] == 1


def test_a_pack_that_looks_for_nothing(tmp_path: Path) -> None:
    ended = run("check", "--route", "portkey-to-llm-gateway", cwd=tmp_path)
    assert (ended.returncode, "does not say what is to be looked for" in ended.stderr) == (2, True)


def manual(report: Path) -> set[tuple[str, int]]:
    """Where a run says that something is left to be done by hand: the path and the line, as they are afterwards."""
    sites = json.loads(report.read_text())["sites"]
    return {(site["new_path"], site["new_line"]) for site in sites if site["status"] == "manual"}


def test_a_run_that_has_nothing_to_do_tells_of_no_words(tmp_path: Path) -> None:
    root = write(tmp_path / "app", {"app.py": "def ask(virtual_key):\n    return virtual_key\n"})
    run("--yes", "--rules", ROUTE, "--text", "--report", tmp_path / "report.json", cwd=root)
    assert manual(tmp_path / "report.json") == set()


def test_what_the_check_names_after_a_run_the_run_has_told(tmp_path: Path) -> None:
    files = {
        "client.py": "import os\n\n\ndef portkey_key(virtual_key):\n    return os.environ['PORTKEY_API_KEY']  # !\n",
        "ask.sh": 'curl https://api.portkey.ai/v1/models -H "x-portkey-api-key: $KEY" && echo portkey asked\n',
        "notes.md": "# Portkey\n\nA virtual key is set in PORTKEY_VK_OPENAI, portkey asks for it.\n",
        "keys.txt": "One virtual key for each provider.\n",
    }
    root = write(tmp_path / "app", files)
    run("--yes", "--rules", ROUTE, "--text", "--report", tmp_path / "report.json", cwd=root)
    code, out, _ = check(root)
    named = {(path, int(line)) for path, line in re.findall(r"^(\S+?):(\d+):\d+: ", out, re.MULTILINE)}
    assert code == 1
    assert {path for path, _ in named} >= {"client.py", "ask.sh", "notes.md", "keys.txt"}
    assert named <= manual(tmp_path / "report.json")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {"core/__init__.py": "", "core/portkey_client.py": CLIENT, "core/other.py": "import os\n"}
    return write(tmp_path, files)


def test_what_nothing_uses_is_deleted_only_when_asked_for(project: Path) -> None:
    went = ("--yes", "--rules", ROUTE)
    run(*went, cwd=project)
    assert (project / "core/portkey_client.py").exists()
    run("--restore", cwd=project)
    ended = run(*went, "--delete-obsolete", cwd=project)
    assert ended.returncode == 0
    assert not (project / "core/portkey_client.py").exists()
    run("--restore", cwd=project)
    assert (project / "core/portkey_client.py").read_text() == CLIENT


def test_what_is_used_stays(project: Path) -> None:
    write(project, {"core/other.py": "from core import portkey_client\n"})
    run("--yes", "--rules", ROUTE, "--delete-obsolete", cwd=project)
    assert (project / "core/portkey_client.py").exists()


def test_a_script_that_calls_it_uses_it(project: Path) -> None:
    write(project, {"run.sh": "python -m core.portkey_client\n"})
    run("--yes", "--rules", ROUTE, "--delete-obsolete", cwd=project)
    assert (project / "core/portkey_client.py").exists()


def test_a_router_is_made_once(project: Path) -> None:
    write(project, {"prod.env": "PORTKEY_VK_OPENAI=a\nPORTKEY_VK_GROQ=b\nDEBUG=1\n"})
    settings = f'[tool.migrate.packs.{ROUTE}]\nlegacy-portkey = true\napp-title = "Desk"\n'
    write(project, {"pyproject.toml": settings})
    run("--yes", "--rules", ROUTE, cwd=project)
    made = {path.relative_to(project).as_posix(): path.read_bytes() for path in project.rglob("*.*") if path.is_file()}
    assert 'os.environ.get("OPENROUTER_TITLE", "Desk")' in made["core/llm_client/openrouter_client.py"].decode()
    assert made["prod.env"] == b"DEBUG=1\n"
    again = run("--dry-run", "--rules", ROUTE, cwd=project)
    assert "0 to change" in again.stdout
    run("--restore", cwd=project)
    assert not (project / "core/model_router.py").exists()
    assert not (project / "core/llm_client").exists()


def test_settings_that_make_no_sense(project: Path) -> None:
    for line, said in (('router = "yes"', "is none of auto, always, never"), ('router-package = "a-b"', "dotted name")):
        write(project, {"pyproject.toml": f"[tool.migrate.packs.{ROUTE}]\n{line}\n", "a.env": "PORTKEY_VK_A=\n"})
        write(project, {"b.env": "PORTKEY_VK_B=\n"})
        ended = run("--dry-run", "--rules", ROUTE, cwd=project)
        assert (ended.returncode, said in ended.stderr) == (2, True), ended.stderr
