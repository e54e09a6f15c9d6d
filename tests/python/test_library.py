"""A library that is left: where its client module goes, what is refused, and what a run leaves behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from projects import contents, run, write

from migrator.clients.module import provided
from migrator.packs import load as packs
from migrator.packs.ruleset import compose

PACK = ("--rules", "litellm-to-llm-gateway")
CALL = "import litellm\n\n\ndef ask(text, **more):\n    return litellm.completion(model='a', messages=text, **more)\n"
SPELLED = CALL.replace(", **more):", ", more):").replace("**more", "temperature=more.t, top_p=more.p, seed=more.s")
HEAD = "import litellm\nlitellm.completion(model(), "  # a call that is made the adapter's
OTHER = "from litellm import embedding\n\nembedding(model='a', input='b')\n"
APART = CALL + OTHER + "\nfrom app.llm import Agent\n\nmade = Agent.get(1)\nprint(made.engine.name())\n"
OWN = "def completion(text):\n    return text\n"


def _migrate(root: Path, *arguments: str) -> str:
    ended = run("--yes", *PACK, *arguments, cwd=root)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _made(root: Path, before: set[str]) -> list[str]:
    return sorted(_files(root).keys() - before)


def _files(root: Path) -> dict[str, bytes]:
    return {path: data for path, data in contents(root).items() if not path.startswith(".migration_backup")}


def test_every_function_of_the_pack_is_one_that_the_client_module_can_have() -> None:
    pack = packs.load(packs.available()["litellm-to-llm-gateway"])
    moved = [rule for rule in compose([pack]).moved if rule.to == "{client}"]
    names = {name for rule in moved for name in (*rule.names, *rule.renames.values())}
    assert names | {"client", "async_client", "model_id"} == provided("llm-gateway")


# ------------------------------------------------------------------------------------------------------ where it goes


@pytest.mark.parametrize(
    ("files", "made", "written"),
    [
        pytest.param({"main.py": CALL}, "llm_client.py", "import llm_client", id="beside a script"),
        pytest.param({"tools/ask.py": CALL}, "tools/llm_client.py", "import llm_client", id="beside one in a folder"),
        pytest.param(
            {"app/__init__.py": "", "app/a/__init__.py": "", "app/a/llm.py": CALL},
            "app/llm_client.py",
            "from app import llm_client",
            id="into the top-level package",
        ),
        pytest.param(
            {"src/app/__init__.py": "", "src/app/llm.py": CALL},
            "src/app/llm_client.py",
            "from app import llm_client",
            id="below src",
        ),
        pytest.param(
            {
                "src/app/__init__.py": "from app.core import Chat\n",
                "src/app/core.py": "Chat = 1\n",
                "src/app/llm.py": CALL,
                "scripts/ask.py": "from app import Chat\nprint(Chat, 'litellm')\n",
            },
            "src/app/llm_client.py",
            "from app import llm_client",
            id="below src, where others import what the package has from elsewhere",
        ),
        pytest.param(
            {
                "src/app/__init__.py": "from .core import *\n",
                "src/app/core.py": "Chat = 1\n",
                "src/app/llm.py": CALL,
                "scripts/ask.py": "from app import Chat\nprint(Chat, 'litellm')\n",
            },
            "src/app/llm_client.py",
            "from app import llm_client",
            id="below src, where the package has all that a module of it has",
        ),
        pytest.param(
            {"app/llm.py": CALL, "main.py": "from app.llm import ask\nprint(ask, 'litellm')\n"},
            "app/llm_client.py",
            "from app import llm_client",
            id="into a package without an __init__.py, which is imported by its name",
        ),
        pytest.param(
            {"src/app/llm.py": CALL, "src/app/__init__.py": "", "src/main.py": "from src.app.llm import litellm\n"},
            "src/llm_client.py",
            "from src import llm_client",
            id="into src, where that is the package that modules are imported from",
        ),
        pytest.param(
            {
                "app/__init__.py": "",
                "app/llm.py": CALL,
                "tests/__init__.py": "",
                "tests/a.py": CALL + OTHER,
                "tests/b.py": OTHER,
            },
            "app/llm_client.py",
            "from app import llm_client",
            id="into the package, not into its tests",
        ),
        pytest.param(
            {"app/__init__.py": "", "app/llm.py": CALL, "notebooks/a.py": APART},
            "app/llm_client.py",
            "from app import llm_client",
            id="into the package, not beside its notebooks",
        ),
        pytest.param(
            {"app/__init__.py": "", "app/llm.py": CALL, "more/a.py": APART},
            "app/llm_client.py",
            "from app import llm_client",
            id="into the package, not beside a script that reads its own names",
        ),
        pytest.param(
            {"app/__init__.py": "", "app/llm.py": CALL, "app/llm_client.py": OWN},
            "app/llm_gateway_client.py",
            "from app import llm_gateway_client",
            id="beside a module of that name",
        ),
    ],
)
def test_where_the_client_module_goes(tmp_path: Path, files: dict[str, str], made: str, written: str) -> None:
    root = write(tmp_path, files)
    _migrate(root)
    assert _made(root, set(files)) == [made]
    user = next(path for path, text in files.items() if text.startswith(CALL))
    assert written in (root / user).read_text()


@pytest.mark.parametrize(
    ("files", "beyond"),
    [
        pytest.param({"tools/a.py": CALL, "tools/b.py": OTHER}, "", id="beside it"),
        pytest.param(
            {"app/__init__.py": "", "app/llm.py": CALL, "app/a/__init__.py": "", "app/a/b.py": OTHER}, "", id="in it"
        ),
        pytest.param(
            {"app/__init__.py": "", "app/llm.py": CALL, "bin/a.py": "from app import llm\n" + OTHER},
            "",
            id="with what is beside it",
        ),
        pytest.param(
            {"pyproject.toml": "", "app/__init__.py": "", "app/llm.py": CALL, "bin/a.py": OTHER}, "", id="installed"
        ),
        pytest.param({"llm.py": CALL, "tests/test_a.py": OTHER}, "", id="in a test"),
        pytest.param({"a.py": "from more import b\n" + CALL, "more/b.py": OTHER}, "", id="imported from there"),
        pytest.param(
            {"src/llm.py": CALL, "bin/a.py": OTHER},
            "elsewhere by bin/a.py: have src/ on their path",
            id="from a script elsewhere",
        ),
        pytest.param(
            {"a/a.py": CALL, "b/b.py": OTHER},
            "by a/a.py, b/b.py: have the root of the project on",
            id="from two folders",
        ),
    ],
)
def test_who_imports_the_client_module_from_elsewhere_is_told(
    tmp_path: Path, files: dict[str, str], beyond: str
) -> None:
    said = _migrate(write(tmp_path, files))
    assert ("imported from elsewhere" in said) is bool(beyond)
    assert beyond in said


def test_each_distribution_has_a_client_module_and_dependencies_of_its_own(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "litellm\n",
        "app/__init__.py": "",
        "app/llm.py": CALL,
        "tests/requirements.txt": "litellm\n",
        "tests/test_llm.py": CALL,
        "services/mail/pyproject.toml": '[project]\nname = "mail"\ndependencies = ["litellm"]\n',
        "services/mail/src/mail/__init__.py": "",
        "services/mail/src/mail/core.py": CALL + "litellm.text_completion()\n",
        "examples/chat/requirements/base.txt": "litellm\n",
        "examples/chat/main.py": CALL,
    }
    root = write(tmp_path, files)
    _migrate(root)
    made = ["app/llm_client.py", "examples/chat/llm_client.py", "services/mail/src/mail/llm_client.py"]
    assert _made(root, set(files)) == made
    assert "from app import llm_client\n" in (root / "tests/test_llm.py").read_text()
    assert "from mail import llm_client\n" in (root / "services/mail/src/mail/core.py").read_text()
    assert "import llm_client\n" in (root / "examples/chat/main.py").read_text()
    assert "litellm" not in (root / "requirements.txt").read_text()
    assert "litellm" in (root / "services/mail/pyproject.toml").read_text()


def test_the_client_module_goes_where_the_setting_says(tmp_path: Path) -> None:
    setting = '[tool.migrate.packs.litellm-to-llm-gateway]\nclient-module = "app.core.gateway"\n'
    files = {"app/__init__.py": "", "app/core/__init__.py": "", "app/llm.py": CALL, "pyproject.toml": setting}
    root = write(tmp_path, files)
    _migrate(root)
    assert _made(root, set(files)) == ["app/core/gateway.py"]
    assert "from app.core import gateway\n" in (root / "app/llm.py").read_text()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('client-module = "app/gateway.py"', "client-module: 'app/gateway.py' is not a dotted name"),
        ('client-module = "openai"', "client-module: 'openai' would hide the module of that name"),
        ('client-module = "json"', "client-module: 'json' would hide the module of that name"),
        ('base-url = "gateway.example/v1"', "base-url: 'gateway.example/v1' is no address"),
        ('keep = ["litellm.token_counter"]', "keep: 'litellm.token_counter' is dotted: write 'token_counter'"),
        ('keep = ["token_counter", "completion"]', "keep: 'completion' is a call"),
        ('keep = ["*embedding"]', "keep: '*embedding' has aembedding, which is a call"),
        ('keep = ["tokn_counter"]', "keep: 'tokn_counter' is no name of litellm that this pack knows"),
        ('keep = ["encoode*"]', "keep: 'encoode*' is no name of litellm"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(tmp_path: Path, setting: str, said: str) -> None:
    settings = f"[tool.migrate.packs.litellm-to-llm-gateway]\n{setting}\n"
    root = write(tmp_path, {"llm.py": CALL, "pyproject.toml": settings})
    ended = run("--yes", *PACK, cwd=root)
    assert ended.returncode != 0
    assert said in ended.stderr


def test_a_file_in_the_place_of_the_client_module_is_never_written_over(tmp_path: Path) -> None:
    setting = '[tool.migrate.packs.litellm-to-llm-gateway]\nclient-module = "gateway"\n'
    root = write(tmp_path, {"llm.py": CALL + OTHER, "gateway.py": OWN, "pyproject.toml": setting})
    before = _files(root)
    ended = run("--yes", *PACK, cwd=root)
    assert ended.returncode != 0
    assert "gateway.py: exists and has no client" in ended.stderr
    assert _files(root) == before


# ------------------------------------------------------------------------------------------------------ what a run does


def test_a_second_run_changes_nothing_and_restore_gives_every_byte_back(tmp_path: Path) -> None:
    root = write(
        tmp_path, {"app/__init__.py": "", "app/llm.py": CALL, "app/count.py": "import litellm\n\nlitellm.encode\n"}
    )
    before = _files(root)
    _migrate(root)
    after = _files(root)
    assert "app/llm_client.py" in after
    assert "nothing to write" in _migrate(root).lower()
    assert run("--restore", cwd=root).returncode == 0
    assert _files(root) == before


def test_a_file_that_alone_needs_a_client_makes_it_where_no_setting_asks_for_a_module(tmp_path: Path) -> None:
    root = write(tmp_path, {"embed.py": OTHER})
    before = _files(root)
    assert "embed.py:8  review  `client`, in the file itself" in _migrate(root)
    assert _made(root, set(before)) == []
    assert "nothing to write" in _migrate(root).lower()
    assert run("--restore", cwd=root).returncode == 0
    assert _files(root) == before
    write(root, {"pyproject.toml": '[tool.migrate.packs.litellm-to-llm-gateway]\nclient-module = "gateway"\n'})
    _migrate(root)
    assert "gateway.py" in _files(root)
    assert "from gateway import client\n" in (root / "embed.py").read_text()


def test_a_later_use_of_what_the_client_module_has_takes_it_from_there(tmp_path: Path) -> None:
    root = write(tmp_path, {"app/__init__.py": "", "app/llm.py": CALL})
    _migrate(root)
    write(root, {"app/more.py": CALL})
    _migrate(root)
    assert "from app import llm_client\n" in (root / "app/more.py").read_text()


def test_a_later_use_of_what_the_client_module_has_not_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path, {"app/__init__.py": "", "app/llm.py": CALL})
    _migrate(root)
    later = "from litellm import aembedding\n\n\nasync def embed(text):\n    return await aembedding('a', text)\n"
    write(root, {"app/more.py": later})
    ended = run("--yes", *PACK, cwd=root)
    assert ended.returncode != 0
    assert "app/llm_client.py: exists and has no async_client" in ended.stderr


@pytest.mark.parametrize(
    ("path", "text", "refused"),
    [
        ("notes.md", "metadata and fallbacks are words of prose\n", "fallbacks, metadata,"),
        ("page.ts", "post('/ask', { text, metadata: { team } })\n", "fallbacks, metadata,"),
        ("README.md", f"```python\n{CALL.replace('**more)', 'metadata={})')}```\n", "fallbacks, retries,"),
    ],
)
def test_arguments_that_no_text_with_a_call_spells_are_refused(
    tmp_path: Path, path: str, text: str, refused: str
) -> None:
    root = write(tmp_path, {"llm.py": SPELLED, path: text})
    assert refused in _migrate(root)


def test_with_safe_only_a_call_stays_with_what_catches_its_errors(tmp_path: Path) -> None:
    text = "import litellm\n\ntry:\n    litellm.completion(model='a', messages=[])\nexcept litellm.Timeout:\n    pass\n"
    text += "litellm.drop_params = True\n"
    root = write(tmp_path, {"llm.py": text, "requirements.txt": "litellm\n"})
    ended = run("--yes", "--safe-only", *PACK, cwd=root)
    assert "left alone: --safe-only" in ended.stdout
    assert (root / "llm.py").read_text() == text
    assert (root / "requirements.txt").read_text() == "litellm\n"


def test_with_direct_only_a_call_that_cannot_be_direct_is_left_to_a_person(tmp_path: Path) -> None:
    text = (
        "import litellm\n\n\ndef ask(text, tools=list):\n"
        "    return litellm.completion(model='a', messages=text, tools=tools())\n"
    )
    root = write(tmp_path, {"llm.py": text})
    ended = run("--yes", "--direct-only", *PACK, cwd=root)
    assert "tools may be None, which LiteLLM left out; --direct-only" in ended.stdout
    assert (root / "llm.py").read_text() == text
    _migrate(root)
    assert "llm_client.completion(" in (root / "llm.py").read_text()


def test_with_direct_only_errors_and_settings_stay_with_a_call_that_stays(tmp_path: Path) -> None:
    text = (
        "import litellm\n\nlitellm.drop_params = True\n\n\ndef ask(text, tools=list):\n    try:\n"
        "        return litellm.completion(model='a', messages=text, tools=tools())\n"
        "    except litellm.ServiceUnavailableError:\n        return None\n"
    )
    other = "import litellm\n\nprint(litellm.completion(model='a', messages=[]).choices)\n"
    root = write(tmp_path, {"llm.py": text, "other.py": other})
    run("--yes", "--direct-only", *PACK, cwd=root)
    assert (root / "llm.py").read_text() == text
    assert "client().chat.completions.create(" in (root / "other.py").read_text()


def test_a_form_that_there_is_not_is_refused(tmp_path: Path) -> None:
    setting = '[tool.migrate.packs.litellm-to-llm-gateway]\nform = "short"\n'
    root = write(tmp_path, {"llm.py": CALL, "pyproject.toml": setting})
    ended = run("--yes", *PACK, cwd=root)
    assert ended.returncode != 0
    assert ended.stderr == "migrate: pyproject.toml: form: 'short' is none of auto, direct, adapter\n"


def test_a_file_that_a_program_generates_is_left_alone(tmp_path: Path) -> None:
    root = write(tmp_path, {"llm.py": f"# @generated\n{CALL}"})
    before = _files(root)
    assert "a program generates this file" in run("--dry-run", *PACK, cwd=root).stdout
    _migrate(root)
    assert _files(root) == before


def test_a_dry_run_shows_the_client_module_as_a_new_file(tmp_path: Path) -> None:
    root = write(tmp_path, {"llm.py": CALL})
    before = _files(root)
    assert "new file mode 100644\n--- /dev/null\n+++ b/llm_client.py" in run("--dry-run", *PACK, cwd=root).stdout
    assert _files(root) == before


@pytest.mark.parametrize(
    ("files", "there", "absent"),
    [
        (
            {"app/jobs.py": "ask('a', metadata={})\n", "settings.yaml": "llm:\n  fallbacks: [b]\n  cache: 1\n"},
            ["def completion(model: str, messages: Any, **kwargs: Any) -> ChatCompletion:", "is not handled here"],
            ["_labels", "_attempts", "x-no-cache", "drop_params", "*args"],
        ),
        (
            {"app/jobs.py": f"{HEAD}1, metadata=meta, drop_params=drop)\n"},
            ["_labels", "import json", "drop_params"],
            ["_attempts", "x-no-cache"],
        ),
        ({"app/jobs.py": f"{HEAD}fallbacks=[b])\n"}, ["_attempts"], ["_labels"]),
        ({"app/jobs.py": f"{HEAD}stream=True, response_format=A)\n"}, ["-> Any:", ".parse("], ["_labels"]),
        ({"app/more.py": "import litellm\nlitellm.completion(*a)\n"}, ["    model messages timeout temperature"], []),
        ({"app/more.py": "import litellm\nrun(litellm.completion, 1)\n"}, ["    model messages timeout"], []),
        (
            {"app/more.py": "import litellm\nlitellm.completion(1, 2, 3, **a)\n"},
            ["(model: str, messages: Any, timeout: Any = None, **kwargs: Any)", "_labels", "_attempts", "drop_params"],
            [],
        ),
    ],
)
def test_a_client_module_handles_what_the_project_can_give(
    tmp_path: Path, files: dict[str, str], there: list[str], absent: list[str]
) -> None:
    root = write(tmp_path, {"app/__init__.py": "", "app/llm.py": SPELLED, **files})
    said = _migrate(root)
    text = (root / "app/llm_client.py").read_text()
    assert [part for part in there if part not in text] == []
    assert [part for part in absent if part in text] == []
    assert ("fallbacks" in said.partition("it refuses ")[2]) is ("_attempts" not in text)


def test_what_was_migrated_can_be_imported_without_a_key(tmp_path: Path) -> None:
    text = CALL + "\n\nimport asyncio\nfrom litellm import acompletion, ModelResponse, RateLimitError\n"
    text += "\nprint(asyncio.iscoroutinefunction(acompletion), ModelResponse.__name__, RateLimitError.__module__)\n"
    root = write(tmp_path, {"app/__init__.py": "", "app/llm.py": text})
    _migrate(root)
    ended = subprocess.run([sys.executable, "-m", "app.llm"], cwd=root, capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("True ChatCompletion openai\n", "")
