"""The `dependency` and `env-add` primitives: wherever projects state what they need, with a pack of its own."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from migrator.errors import MigrateError
from migrator.fates.imported import Imported
from migrator.fates.names import Names
from migrator.formats import Context, dependencies, format_of
from migrator.formats.dependencies.stated import meets
from migrator.packs import load as packs
from migrator.packs.rule_tests import run as run_case
from migrator.packs.rule_tests import suites
from migrator.packs.ruleset import compose
from migrator.placing import File, place
from migrator.sites import Finding

HEAD = 'name = "mine"\ntitle = "Mine"\nsource = "old"\ntarget = "new"\n'
RULE = """
[[dependency]]
id = "mine.package"
old = "litellm"
new = "openai>=2,<4"
yanked = ["1.82.7", "1.82.8"]
"""
ENV = """
[[env]]
id = "mine.env"
old = "LITELLM_KEY"
new = "GATEWAY_KEY"

[[env-add]]
id = "mine.url"
name = "GATEWAY_URL"
after = ["LITELLM_*", "GATEWAY_KEY"]
value = "https://gateway.example/v1"
message = "where the gateway is"

[[env-add]]
id = "mine.team"
name = "GATEWAY_TEAM"
after = ["LITELLM_*", "GATEWAY_KEY"]
"""


def names_of(folder: Path, text: str = RULE) -> Names:
    (folder / "mine").mkdir(exist_ok=True)
    (folder / "mine" / "pack.toml").write_text(HEAD + text)
    return Names(compose([packs.load(folder / "mine")]))


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Names:
    return names_of(tmp_path_factory.mktemp("packs"))


def find(path: str, text: str, names: Names, *, kept: bool = False, prose: bool = False) -> list[Finding]:
    imported = Imported(frozenset({"mine.package"} if kept else ()))
    if path.endswith(".py"):
        return dependencies.in_python(text, path, names, imported)
    kind = format_of(path)
    assert kind is not None
    return kind.find(text, names, Context(path, prose, _python, imported))


def _python(code: str) -> list[Finding]:
    """A stand-in for the search in Python, which finds nothing here."""
    compile(code, "block", "exec")
    return []


def _once(path: str, text: str, names: Names, *, kept: bool, prose: bool) -> str:
    after = place(text, find(path, text, names, kept=kept, prose=prose), File(path, path, {})).text
    kind = format_of(path)
    if kind:
        kind.validate(after)
    again = find(path, after, names, kept=kept, prose=prose)
    assert [f for f in again if f.edits] == []
    return after


def migrate(path: str, text: str, names: Names, *, kept: bool = False, prose: bool = False) -> str:
    """The text after a run, which a second one leaves alone; the same with CRLF, and without a final newline."""
    after = _once(path, text, names, kept=kept, prose=prose)
    crlf = _once(path, text.replace("\n", "\r\n"), names, kept=kept, prose=prose)
    assert crlf == after.replace("\n", "\r\n")
    bare = _once(path, text.removesuffix("\n"), names, kept=kept, prose=prose)
    assert bare == after.removesuffix("\n")
    return after


def said(path: str, text: str, names: Names, *, kept: bool = False, prose: bool = False) -> list[str]:
    return [f"{f.status}: {f.message}" for f in find(path, text, names, kept=kept, prose=prose)]


# ------------------------------------------------------------------------------------------------------- left alone

OTHERS = "litellm-proxy-extras langchain-litellm pytest-litellm litellmx my.litellm litellm-enterprise"
UNTOUCHED = {
    "requirements.txt": "\n".join(
        [*OTHERS.split(), "# litellm", "-r litellm.txt", "--index-url https://litellm.example/simple", "./litellm"]
    ),
    "constraints.txt": "litellm-proxy-extras==1.0\n",
    "pyproject.toml": (
        '[build-system]\nrequires = ["litellm"]\n[project]\nname = "litellm"\nkeywords = ["litellm"]\n'
        'dependencies = ["langchain-litellm>=1", "x[litellm]"]\n'
        '[tool.poetry.dependencies]\nlitellm-proxy-extras = "*"\nx = { version = "1", extras = ["litellm"] }\n'
        '[tool.mypy]\nfiles = ["litellm"]\n[tool.poetry.scripts]\nlitellm = "a:b"\n[dependency-groups]\n'
        'dev = [{ include-group = "litellm" }]\n[tool.migrate]\nkeep = ["litellm"]\n'
    ),
    "Pipfile": '[[source]]\nname = "litellm"\n[packages]\nlangchain-litellm = "*"\n[scripts]\nlitellm = "x"\n',
    "setup.cfg": "[metadata]\nname = litellm\n[options]\npackages =\n    litellm\n[x]\ny =\n  litellm\n",
    "setup.py": "from setuptools import setup\nsetup(name='litellm', packages=['litellm'], keywords=['litellm'])\n",
    "environment.yml": "name: litellm\nchannels:\n  - litellm\ndependencies:\n  - my-litellm\n  - pip:\n    - x\n",
    "compose.yml": "services:\n  x:\n    depends_on:\n      - litellm\n    command: litellm --config x\n",
    "Dockerfile": "RUN pip install langchain-litellm 'x[litellm]' && litellm --help\nRUN pip uninstall litellm\n",
    "run.sh": "pip show litellm\npip install -r litellm\npip install . ; echo litellm\napt install make\nlitellm\n",
    "package.json": '{"dependencies": {"litellm": "^1"}}',
    "package-lock.json": '{"packages": {"node_modules/litellm": {"version": "1.82.7"}, "litellm": {}}}',
    "uv.lock": '[[package]]\nname = "litellm-proxy-extras"\nversion = "1.82.7"\n',
}


@pytest.mark.parametrize("path", UNTOUCHED)
@pytest.mark.parametrize("kept", [False, True])
def test_what_only_sounds_like_it_is_left_alone(path: str, kept: bool, names: Names) -> None:
    assert find(path, UNTOUCHED[path], names, kept=kept) == []


def test_a_distribution_that_a_lock_holds_for_another_one_only(names: Names) -> None:
    text = '[[package]]\nname = "litellm"\nversion = "1.80.0"\n[[package]]\nname = "app"\n[package.metadata]\n'
    text += 'requires-dist = [{ name = "dspy" }]\n'
    text += '[[package]]\nname = "dspy"\ndependencies = [\n  { name = "litellm" },\n]\n'
    assert find("uv.lock", text, names) == []


# ------------------------------------------------------------------------------------------------------ requirements

LINES = [
    ("litellm", "openai>=2,<4"),
    ("LiteLLM >= 1.40, < 2  # the client", "openai>=2,<4  # the client"),
    ("litellm==1.40.0 ; python_version < '3.12'", "openai>=2,<4 ; python_version < '3.12'"),
    ("  litellm[proxy,extra]~=1.0", "  openai>=2,<4"),
    ("litellm (>=1.0,<2)", "openai>=2,<4"),
    ("litellm @ git+https://github.com/x/litellm.git@main#egg=litellm", "openai>=2,<4"),
    ("-e git+https://github.com/x/litellm.git#egg=litellm", "openai>=2,<4"),
    ("git+https://github.com/x/litellm.git#egg=LiteLLM[proxy]  # fork", "openai>=2,<4  # fork"),
    ("https://x.example/litellm-1.2.3-py3-none-any.whl", "openai>=2,<4"),
    ("litellm==1.40.0 \\\n    # via app\n", None),
]


@pytest.mark.parametrize(("before", "after"), LINES[:-1])
def test_a_line_takes_the_new_one(before: str, after: str, names: Names) -> None:
    text = "# what we need\nhttpx\n{}\n\nlangchain-litellm==1 # litellm\n"
    assert migrate("requirements/dev.txt", text.format(before), names) == text.format(after)
    assert migrate("requirements.in", f"{before}\n", names) == f"{after}\n"


def test_where_the_new_one_is_there_the_old_one_goes(names: Names) -> None:
    assert migrate("requirements.txt", "OpenAI>=2\nlitellm\nhttpx\n", names) == "OpenAI>=2\nhttpx\n"
    assert migrate("requirements.txt", "openai\nhttpx\nlitellm==1\nlitellm[proxy]\n", names) == "openai\nhttpx\n"
    assert migrate("requirements.txt", "litellm\nlitellm[proxy]\nhttpx\n", names) == "openai>=2,<4\nhttpx\n"
    text = "openai; python_version < '3.9'\nlitellm\n"
    assert migrate("requirements.txt", text, names) == "openai; python_version < '3.9'\nopenai>=2,<4\n"


def test_a_version_of_the_new_one_that_is_too_old_is_said(names: Names) -> None:
    [message] = said("requirements.txt", "openai==1.55.0\nlitellm\n", names)
    assert message == (
        "review: litellm goes: openai is there; openai==1.55.0 is there, but >=2,<4 is needed: change its version"
    )
    [message] = said("requirements.txt", "openai==1.55.0\nlitellm\n", names, kept=True)
    assert message.endswith("; openai==1.55.0 is there, but >=2,<4 is needed: change its version")
    [message] = said("pyproject.toml", '[tool.poetry.dependencies]\nlitellm = "*"\nopenai = "^1.9"\n', names)
    assert message.endswith("; openai>=1.9,<2 is there, but >=2,<4 is needed: change its version")


def test_a_constraint_only_goes(names: Names) -> None:
    assert migrate("constraints.txt", "httpx<1\nlitellm==1.40\n", names) == "httpx<1\n"
    assert migrate("constraints.txt", "litellm==1.40\n", names, kept=True) == "litellm==1.40\n"


@pytest.mark.parametrize("path", ["requirements.txt", "run.sh"])
def test_a_repository_without_a_name_is_for_a_person(path: str, names: Names) -> None:
    before = "" if path.endswith(".txt") else "pip install "
    for url in ("git+https://x.example/BerriAI/litellm", "git+https://x.example/litellm.git@v1.2#subdirectory=x"):
        assert said(path, f"{before}{url}\n", names) == [
            f"manual: {url} seems to be litellm: put the new one in its place by hand"
        ]
    assert find(path, f"{before}git+https://x.example/litellm/other.git\n", names) == []


def test_hashes_and_compiled_files_are_left_to_the_program_that_makes_them(names: Names) -> None:
    hashed = "litellm==1.40.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\nhttpx==1 --hash=sha256:22\n"
    assert migrate("requirements.txt", hashed, names) == hashed
    [message] = said("requirements.txt", hashed, names)
    assert message.startswith("manual: litellm is pinned by hashes: compile")
    assert "openai>=" in message
    header = "# This file was autogenerated by uv via the following command:\n#    uv pip compile a.in -o b.txt\n"
    compiled = f"{header}litellm==1.82.7\n    # via -r a.in\nopenai==1.0\n    # via litellm\n"
    assert migrate("requirements.txt", compiled, names) == compiled
    [message] = said("requirements.txt", compiled, names)
    assert "1.82.7 was withdrawn as malicious" in message
    assert message.endswith("regenerate it with `uv pip compile a.in -o b.txt`")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "litellm==1.82.7\n"),
        ("requirements.txt", "openai\nlitellm === 1.82.8\n"),
        ("pyproject.toml", '[tool.poetry.dependencies]\nlitellm = "1.82.7"\n'),
        ("Pipfile", '[packages]\nlitellm = { version = "==1.82.8" }\n'),
        ("environment.yml", "dependencies:\n  - litellm=1.82.7\n"),
        ("Dockerfile", "RUN pip install litellm==1.82.7\n"),
        ("uv.lock", '[[package]]\nname = "litellm"\nversion = "1.82.7"\n'),
        ("Pipfile.lock", '{"default": {"litellm": {\n "hashes": [],\n "version": "==1.82.8"\n}}}'),
    ],
)
@pytest.mark.parametrize("kept", [False, True])
def test_pins_of_malicious_releases_are_called_out(path: str, text: str, kept: bool, names: Names) -> None:
    [message] = said(path, text, names, kept=kept)
    assert message.startswith(("review: litellm 1.82.", "manual: litellm 1.82."))
    assert "was withdrawn as malicious: change every secret" in message
    assert said(path, text.replace("1.82.7", "1.82.6").replace("1.82.8", "1.82.6"), names, kept=kept) != [message]


def test_the_rules_message_follows_what_is_said(tmp_path: Path) -> None:
    names = names_of(tmp_path, RULE + 'message = "see the guide"\n')
    assert said("requirements.txt", "litellm[proxy]\n", names) == [
        "review: litellm → openai>=2,<4; its extras [proxy] have no counterpart: see the guide"
    ]


def test_a_rule_without_a_new_one_only_removes(tmp_path: Path) -> None:
    names = names_of(tmp_path, '[[dependency]]\nid = "mine.package"\nold = "Portkey_AI"\n')
    assert migrate("requirements.txt", "portkey-ai\nhttpx\nportkey.ai>=1\n", names) == "httpx\n"
    assert migrate("Dockerfile", "RUN pip install portkey-ai httpx\n", names) == "RUN pip install httpx\n"
    assert migrate("Dockerfile", "RUN pip install portkey-ai\n", names) == "RUN pip install portkey-ai\n"
    assert said("Dockerfile", "RUN pip install portkey-ai\n", names) == [
        "manual: portkey-ai is to go: take it out here"
    ]
    assert {b"portkey-ai", b"portkey_ai"} <= set(names.needles)


# ------------------------------------------------------------------------------------------------------------- kept


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("requirements.txt", "litellm>=1 # x\nhttpx\n", "litellm>=1 # x\nopenai>=2,<4\nhttpx\n"),
        (
            "pyproject.toml",
            '[project]\ndependencies = ["litellm>=1"]\n',
            '[project]\ndependencies = ["litellm>=1", "openai>=2,<4"]\n',
        ),
        (
            "pyproject.toml",
            '[project]\ndependencies = [\n  "a",\n  "litellm>=1"  # x\n]\n',
            '[project]\ndependencies = [\n  "a",\n  "litellm>=1",  # x\n  "openai>=2,<4"\n]\n',
        ),
        (
            "pyproject.toml",
            "[tool.poetry.dependencies]\nlitellm = '^1'\npython = '^3.11'\n",
            "[tool.poetry.dependencies]\nlitellm = '^1'\nopenai = '>=2,<4'\npython = '^3.11'\n",
        ),
        ("Pipfile", '[packages]\nlitellm = "*"\n', '[packages]\nlitellm = "*"\nopenai = ">=2,<4"\n'),
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n    litellm\n    httpx\n",
            "[options]\ninstall_requires =\n    litellm\n    openai>=2,<4\n    httpx\n",
        ),
        (
            "setup.cfg",
            "[options]\ninstall_requires = litellm\n",
            "[options]\ninstall_requires = litellm; openai>=2,<4\n",
        ),
        (
            "environment.yml",
            "dependencies:\n  - pip:\n    - litellm>=1  # x\n    - httpx\n",
            "dependencies:\n  - pip:\n    - litellm>=1  # x\n    - openai>=2,<4\n    - httpx\n",
        ),
        ("Dockerfile", "RUN pip install litellm httpx\n", 'RUN pip install litellm "openai>=2,<4" httpx\n'),
    ],
)
def test_what_is_still_used_stays_and_the_new_one_is_added_once(
    path: str, before: str, after: str, names: Names
) -> None:
    assert migrate(path, before, names, kept=True) == after
    assert said(path, before, names, kept=True) == [
        "review: openai>=2,<4 is added: litellm is still used, take it out once nothing uses it"
    ]
    still = "manual: litellm is still used: take it out once nothing uses it"
    if path == "Dockerfile":
        still = "review: litellm stays as long as code uses it"
    assert said(path, after, names, kept=True) == [still]


# ------------------------------------------------------------------------------------------------------------- TOML

ARRAYS = [
    ('["litellm"]', '["openai>=2,<4"]'),
    ("['a', 'LiteLLM>=1; python_version<\"3.9\"']", "['a', 'openai>=2,<4; python_version<\"3.9\"']"),
    ('["openai", "litellm"]', '["openai"]'),
    ('["litellm", "openai"]', '["openai"]'),
    ('["a", "litellm", "openai", "litellm[x]"]', '["a", "openai"]'),
    ('["openai", "litellm", "litellm[x]"]', '["openai", ]'),
    ('[\n    "openai>=2",\n    "litellm>=1", # x\n    "z",\n]', '[\n    "openai>=2",\n    "z",\n]'),
    ('[\n    "openai",\n    "litellm"\n]', '[\n    "openai",\n]'),
    ('["litellm",\n "openai"]', '[\n "openai"]'),
]
SECTIONS = [
    "[project]\ndependencies = {}\n",
    "[project.optional-dependencies]\nall = {}\n",
    '[dependency-groups]\ndev = {}\nother = [{{ include-group = "dev" }}]\n',
    "[tool.uv]\ndev-dependencies = {}\n",
    "[tool.pdm.dev-dependencies]\ntest = {}\n",
    "[tool.hatch.envs.default]\nextra-dependencies = {}\n",
    "[project]\noptional-dependencies = {{ all = {} }}\n",
]


@pytest.mark.parametrize(("before", "after"), ARRAYS)
@pytest.mark.parametrize("section", SECTIONS)
def test_lists_in_pyproject(section: str, before: str, after: str, names: Names) -> None:
    assert migrate("pyproject.toml", section.format(before), names) == section.format(after)


POETRY = [
    ('litellm = "^1.0"  # x', 'openai = ">=2,<4"  # x'),
    ("litellm='*'", "openai='>=2,<4'"),
    (
        'LiteLLM = { version = "^1", extras = ["proxy"], optional = true }',
        'openai = { version = ">=2,<4", optional = true }',
    ),
    ('litellm = {git = "https://x.example/litellm.git", branch = "main"}', 'openai = ">=2,<4"'),
    ('litellm = [\n  {version = "^1", python = "<3.9"},\n  {version = "^2"},\n]', 'openai = ">=2,<4"'),
    ('litellm = "*"\nopenai = "^2"', 'openai = "^2"'),
]


@pytest.mark.parametrize(("before", "after"), POETRY)
@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("pyproject.toml", "[tool.poetry.dependencies]"),
        ("pyproject.toml", "[tool.poetry.dev-dependencies]"),
        ("pyproject.toml", "[tool.poetry.group.dev.dependencies]"),
        ("Pipfile", "[packages]"),
        ("Pipfile", "[dev-packages]"),
        ("pixi.toml", "[pypi-dependencies]"),
    ],
)
def test_tables(path: str, section: str, before: str, after: str, names: Names) -> None:
    text = f"{section}\nhttpx = '1'\n{{}}\n\n[other]\nlitellm = '1'\n" if path != "Pipfile" else f"{section}\n{{}}\n"
    assert migrate(path, text.format(before), names) == text.format(after)


@pytest.mark.parametrize(
    "text",
    [
        '[tool.poetry.dependencies.litellm]\nversion = "^1"\n',
        '[tool.poetry.dependencies]\nlitellm.version = "^1"\n',
        '[tool.poetry]\ndependencies = { litellm = "^1" }\n',
    ],
)
def test_tables_that_are_spread_out_are_changed_by_hand(text: str, names: Names) -> None:
    assert migrate("pyproject.toml", text, names) == text
    assert said("pyproject.toml", text, names) == [
        "manual: litellm is a table of its own: put the new one in its place by hand"
    ]


def test_the_extras_of_poetry_name_the_new_one(names: Names) -> None:
    text = (
        '[tool.poetry.dependencies]\n{} = {{ version = "{}", optional = true }}\n[tool.poetry.extras]\nall = ["{}"]\n'
    )
    after = text.format("openai", ">=2,<4", "openai")
    assert migrate("pyproject.toml", text.format("litellm", "^1", "litellm"), names) == after


def test_sources_and_overrides_of_uv_go(names: Names) -> None:
    text = (
        '[project]\ndependencies = ["litellm"]\n[tool.uv]\noverride-dependencies = ["litellm==1.2", "x"]\n'
        '[tool.uv.sources]\nlitellm = { git = "https://x.example/litellm" }\nx = { path = "x" }\n'
    )
    assert migrate("pyproject.toml", text, names) == (
        '[project]\ndependencies = ["openai>=2,<4"]\n[tool.uv]\noverride-dependencies = ["x"]\n'
        '[tool.uv.sources]\nx = { path = "x" }\n'
    )
    assert "review: the source of litellm goes: see what was different there" in said("pyproject.toml", text, names)
    assert "litellm = { git" in migrate("pyproject.toml", text, names, kept=True)


def test_a_group_called_after_the_old_one_is_said(names: Names) -> None:
    text = '[project.optional-dependencies]\nlitellm = ["litellm"]\n'
    assert said("pyproject.toml", text, names) == [
        "review: litellm → openai>=2,<4; the group is still called litellm, which is what users install it by"
    ]


def test_a_template_that_is_no_toml_is_for_a_person(names: Names) -> None:
    text = '[project]\nname = {{ name }}\nkeywords = ["litellm"]\ndependencies = ["litellm>=1", "x"]\n'
    assert said("pyproject.toml", text, names) == [
        "manual: litellm is to go, but this is no TOML that can be read: change it by hand"
    ]


def test_strings_that_toml_escapes_or_wraps(names: Names) -> None:
    text = "[project]\ndependencies = [\"{}; python_version < \\\"3.9\\\"\", '''litellm''']\n"
    assert migrate("pyproject.toml", text.format("litellm"), names) == text.format("openai>=2,<4")
    assert said("pyproject.toml", text.format("litellm"), names)[1] == (
        "manual: litellm stands in a string of an unusual form: change it by hand"
    )


# ------------------------------------------------------------------------------------------------------- setuptools


def test_setup_cfg_and_tox(names: Names) -> None:
    text = (
        "[options]\ninstall_requires =\n    {0}  ; python_version < '3.9'\n    # litellm\n    httpx\n"
        "[options.extras_require]\nall =\n    {0}\nmore = a; {0}\nlast = {0}; python_version < '3.9'\n"
        "[testenv:py]\ndeps =\n    {0}\n    -r x.txt\n"
    )
    assert migrate("setup.cfg", text.format("litellm[proxy]>=1"), names) == text.format("openai>=2,<4")
    text = "[options]\ninstall_requires = openai; litellm\n"
    assert migrate("setup.cfg", text, names) == text
    assert said("setup.cfg", text, names) == ["manual: litellm is to go: take it out here"]


SETUP = '''"""Ünïcode\x0c\u2028: litellm."""
from setuptools import setup, find_packages

REQUIRED = ["httpx", {0}, "ä"]  # litellm
extras = {{"all": [{0}], "lit": ['x']}}
extras["more"] = [
    "x",
    {0},
]
names = ["litellm"]
setup(
    name="litellm",
    packages=["litellm"] + find_packages(),
    install_requires=REQUIRED + [{0}],
    extras_require=extras,
)
'''


def test_setup_py(names: Names) -> None:
    after = migrate("setup.py", SETUP.format("'litellm[proxy]>=1'"), names)
    assert after == SETUP.format("'openai>=2,<4'")
    compile(after, "setup.py", "exec")


def test_setup_py_where_only_a_person_can_tell(names: Names) -> None:
    for text in ("setup(install_requires=('litellm',))\n", "setup(install_requires=['litellm' '>=1'])\n"):
        assert migrate("setup.py", text, names) == text
        [message] = said("setup.py", text, names)
        assert message.startswith("manual: litellm stands in a ")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('# dependencies = ["litellm>=1", "rich"]\n', '# dependencies = ["openai>=2,<4", "rich"]\n'),
        (
            '# dependencies = [\n#   "openai",\n#   "litellm",\n# ]\n# requires-python = ">=3.11"\n',
            '# dependencies = [\n#   "openai",\n# ]\n# requires-python = ">=3.11"\n',
        ),
    ],
)
def test_the_metadata_of_a_script(before: str, after: str, names: Names) -> None:
    text = '#!/usr/bin/env -S uv run\n# /// script\n{}# ///\n# dependencies = ["litellm"]\nx = ["litellm"]\n'
    assert migrate("run.py", text.format(before), names) == text.format(after)
    block = migrate("run.py", text.format(before), names, kept=True).partition("# ///\n")[0]
    assert "litellm" in block and "openai" in block
    assert find("run.py", before, names) == []


# ------------------------------------------------------------------------------------------------------------- YAML


def test_environment_yml(names: Names) -> None:
    text = (
        "name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - {}\n  - pip\n  - pip:\n"
        "      # litellm\n      - {}\n      - langchain-litellm\n  - numpy\nvariables:\n  X: litellm\n"
    )
    before = text.format("conda-forge::litellm=1.40", '"litellm[proxy]>=1"  # x')
    assert migrate("environment.yml", before, names) == text.format("openai>=2,<4", '"openai>=2,<4"  # x')
    quoted = text.format("'litellm>=1'", "\"litellm>=1; python_version < '3.9'\"")
    after = text.format("'openai>=2,<4'", "\"openai>=2,<4; python_version < '3.9'\"")
    assert migrate("environment.yml", quoted, names) == after
    before = text.format("litellm >=1,<2", "openai\n      - litellm")
    assert migrate("environment.yml", before, names) == text.format("openai>=2,<4", "openai")


def test_hooks_of_pre_commit(names: Names) -> None:
    text = "repos:\n  - repo: x\n    hooks:\n      - id: mypy\n        additional_dependencies: [a, {}]\n"
    path = ".pre-commit-config.yaml"
    assert migrate(path, text.format("'litellm'"), names) == text.format("'openai>=2,<4'")
    assert migrate(path, text.format("litellm"), names) == text.format("litellm")
    assert said(path, text.format("litellm"), names)[0].startswith("manual: litellm stands in a list without quotes")
    text = "repos:\n- repo: x\n  hooks:\n  - id: mypy\n    additional_dependencies:\n    - {}\n    - b\n"
    assert migrate(path, text.format("litellm==1"), names) == text.format("openai>=2,<4")


# --------------------------------------------------------------------------------------------------------- commands


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("Dockerfile", "RUN pip install -U litellm", 'RUN pip install -U "openai>=2,<4"'),
        (
            "Dockerfile",
            "RUN pip install \\\n    httpx \\\n    litellm==1.2 && x",
            'RUN pip install \\\n    httpx \\\n    "openai>=2,<4" && x',
        ),
        ("run.sh", "uv pip install 'litellm[proxy]' openai", "uv pip install openai"),
        ("run.sh", "python3 -m pip install litellm>=1.0; litellm", 'python3 -m pip install "openai>=2,<4"; litellm'),
        ("run.sh", "uv add --dev litellm", 'uv add --dev "openai>=2,<4"'),
        ("run.sh", "uv run --with litellm x.py", 'uv run --with "openai>=2,<4" x.py'),
        ("run.sh", "poetry add litellm@^1.2 -G dev", 'poetry add "openai>=2,<4" -G dev'),
        ("run.sh", "conda install -c conda-forge litellm", 'conda install -c conda-forge "openai>=2,<4"'),
        ("run.sh", "pip install litellm==${VERSION}", 'pip install "openai>=2,<4"'),
        ("run.sh", 'bash -c "pip install litellm x"', "bash -c \"pip install 'openai>=2,<4' x\""),
        ("Makefile", "x:\n\tpip install litellm", 'x:\n\tpip install "openai>=2,<4"'),
        (
            ".github/workflows/ci.yml",
            "steps:\n  - run: pip install litellm",
            'steps:\n  - run: pip install "openai>=2,<4"',
        ),
        ("devcontainer.json", '{"x": "pip install litellm"}', '{"x": "pip install \'openai>=2,<4\'"}'),
        (
            "README.md",
            "# x\n\n```bash\n$ pip install litellm\n```",
            '# x\n\n```bash\n$ pip install "openai>=2,<4"\n```',
        ),
        (
            "README.md",
            "```python\n!pip install litellm\nx = 1\n```",
            '```python\n!pip install "openai>=2,<4"\nx = 1\n```',
        ),
        ("README.md", "```\npip install litellm\n```", '```\npip install "openai>=2,<4"\n```'),
        (
            "README.md",
            '- x\n\n  ```toml\n  [project]\n  dependencies = ["litellm"]\n  ```',
            '- x\n\n  ```toml\n  [project]\n  dependencies = ["openai>=2,<4"]\n  ```',
        ),
    ],
)
def test_commands_that_install(path: str, before: str, after: str, names: Names) -> None:
    assert migrate(path, f"{before}\n", names) == f"{after}\n"
    if "toml" not in before:
        assert all(message.startswith("review: ") for message in said(path, f"{before}\n", names))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f\"Run 'pip install litellm' ({e})\"", None),
        ("'Run \"pip install litellm\"'", None),
        ("bash -c \"sh -c 'pip install litellm && x'\"", None),
        ('f"Run pip install litellm ({e})"', "f\"Run pip install 'openai>=2,<4' ({e})\""),
        ("Rb'Run pip install litellm'", "Rb'Run pip install \"openai>=2,<4\"'"),
        (r'"Run \"pip install litellm\" ({e})"', '"Run \\"pip install \'openai>=2,<4\'\\" ({e})"'),
        ('f"Don\'t: pip install litellm"', "f\"Don't: pip install 'openai>=2,<4'\""),
        (r"""'Don\'t: pip install litellm', 1""", r"""'Don\'t: pip install "openai>=2,<4"', 1"""),
    ],
)
def test_a_command_in_quotes_is_quoted_with_what_is_free(before: str, after: str | None, names: Names) -> None:
    assert migrate("run.sh", f"{before}\n", names) == f"{after or before}\n"
    [message] = said("run.sh", f"{before}\n", names)
    assert message.startswith("review: " if after else "manual: put openai>=2,<4 here by hand")


def test_commands_in_prose_and_comments_wait_for_text(names: Names) -> None:
    text = "Don't forget: `pip install 'litellm[proxy]'`, or pip install litellm.\n"
    assert migrate("README.md", text, names) == text
    assert all(f.prose for f in find("README.md", text, names))
    after = "Don't forget: `pip install 'openai>=2,<4'`, or pip install \"openai>=2,<4\".\n"
    assert migrate("README.md", text, names, prose=True) == after
    for path in ("run.sh", "requirements.txt"):
        assert migrate(path, "# pip install litellm\n", names) == "# pip install litellm\n"
        assert [f.prose for f in find(path, "# pip install litellm\n", names)] == [True]


def test_a_command_line_that_is_installed_is_for_a_person(names: Names) -> None:
    for command in ("pipx install litellm", "uv tool install 'litellm[proxy]'", "uvx litellm --help"):
        assert migrate("run.sh", f"{command}\n", names) == f"{command}\n"
        assert said("run.sh", f"{command}\n", names) == [
            "manual: litellm is installed for its command here: say what takes the place of that"
        ]


def test_notebooks(names: Names) -> None:
    text = json.dumps({"cells": [{"cell_type": "code", "source": ["!pip install litellm\n", "import x"]}]})
    assert migrate("a.ipynb", text, names) == text.replace("install litellm", 'install \\"openai>=2,<4\\"')


def test_words_and_flags_on_the_name_of_a_dependency_are_said_once(tmp_path: Path) -> None:
    mention = '[[mention]]\nid = "mine.mention"\nwords = { litellm = "OpenAI" }\n'
    names = names_of(tmp_path, RULE + mention)
    for kept in (False, True):
        assert len(find("requirements.txt", "litellm==1\n", names, kept=kept)) == 1
    assert migrate("requirements.txt", "litellm # litellm\n", names, kept=True, prose=True) == (
        "litellm # OpenAI\nopenai>=2,<4\n"
    )
    assert migrate("README.md", "See litellm: `pip install litellm`\n", names, prose=True) == (
        'See OpenAI: `pip install "openai>=2,<4"`\n'
    )


# ------------------------------------------------------------------------------------------------------------ locks


@pytest.mark.parametrize(
    ("path", "text", "command"),
    [
        (
            "uv.lock",
            '[[package]]\nname = "app"\n[package.metadata]\nrequires-dist = [\n    { name = "litellm" },\n]\n'
            '[[package]]\nname = "litellm"\nversion = "1.80"\n',
            "uv lock",
        ),
        (
            "poetry.lock",
            '[[package]]\nname = "litellm"\nversion = "1.80"\n[[package]]\nname = "litellm"\nversion = "1.81"\n',
            "poetry lock",
        ),
        ("Pipfile.lock", '{"default": {\n    "litellm": {\n  "version": "==1.80"}}}\n', "pipenv lock"),
        ("pdm.lock", '[[package]]\nname = "litellm"\nversion = "1.80"\n', "pdm lock"),
        ("conda-lock.yml", "package:\n- name: litellm\n  version: 1.80\n", "conda-lock"),
    ],
)
def test_locks_are_said_to_be_stale_once(path: str, text: str, command: str, names: Names) -> None:
    assert migrate(f"app/{path}", text, names) == text
    assert said(path, text, names) == [f"manual: stale: litellm is locked here; regenerate it with `{command}`"]


# ------------------------------------------------------------------------------------------------------------ packs


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ('old = "litellm"\nnew = "LiteLLM>=2"\n', "would replace it again"),
        ('old = "lite llm"\nnew = "openai"\n', "the name of a distribution"),
        ('old = "litellm"\nnew = "openai>=2; python_version < \'3\'"\n', "with neither marker nor URL"),
        ('old = "litellm"\nnew = "openai @ https://x.example"\n', "with neither marker nor URL"),
    ],
)
def test_a_rule_that_makes_no_sense(tmp_path: Path, rule: str, fault: str) -> None:
    with pytest.raises(MigrateError, match=fault):
        names_of(tmp_path, f'[[dependency]]\nid = "x"\n{rule}')


def test_a_pack_and_its_rule_tests(tmp_path: Path) -> None:
    """The primitives in a whole run, with a byte order mark and the other disguises of rule tests."""
    module = '[[module]]\nid = "mine.module"\nold = "litellm"\nnew = "openai"\n'
    names_of(tmp_path, module + RULE + ENV)
    tests = tmp_path / "mine" / "tests"
    tests.mkdir()
    (tests / "mine.package.toml").write_text(
        """
[[case]]
name = "another distribution"
before = { "requirements.txt" = "langchain-litellm\\n" }

[[case]]
name = "several files"
before = { "requirements.txt" = "httpx\\nlitellm>=1\\n", "pyproject.toml" = '''
[project]
dependencies = ["litellm"]
''', ".env.example" = '''
LITELLM_KEY=x
OTHER=1
''' }
after = { "requirements.txt" = "httpx\\nopenai>=2,<4\\n", "pyproject.toml" = '''
[project]
dependencies = ["openai>=2,<4"]
''', ".env.example" = '''
GATEWAY_KEY=x
GATEWAY_TEAM=
GATEWAY_URL=https://gateway.example/v1
OTHER=1
''' }
"""
    )
    pack = packs.load(tmp_path / "mine")
    results = [result for suite in suites(pack) for case in suite.cases for result in run_case(pack, case)]
    assert len(results) >= 8
    assert [(r.variant, r.verdict, r.detail) for r in results if r.verdict != "ok"] == []


# -------------------------------------------------------------------------------------------------------------- env


def test_variables_are_not_added_where_they_do_not_belong(tmp_path: Path) -> None:
    names = names_of(tmp_path, ENV)
    for path in (".env", ".env.production", ".envrc", "prod.env"):
        assert "GATEWAY_URL" not in migrate(path, "LITELLM_KEY=x\n", names)
    for text in ("OTHER=1\n", "# LITELLM\n", "GATEWAY_URL=x\nGATEWAY_TEAM=\nOTHER=1\n"):
        assert find(".env.example", text, names) == []
    assert find(".env.example", "# GATEWAY_URL=x\n# GATEWAY_TEAM=\nLITELLM_OTHER=1\n", names) == []


@pytest.mark.parametrize("path", [".env.example", ".env.template", "env.sample", ".env.dist", "deploy/example.env"])
def test_variables_are_added_once_after_those_they_belong_to(path: str, tmp_path: Path) -> None:
    names = names_of(tmp_path, ENV)
    text = "A=1\n{}_KEY=x  # secret\n{}# LITELLM_MODE=1\nB=2\n"
    added = "GATEWAY_TEAM=\nGATEWAY_URL=https://gateway.example/v1\n"
    assert migrate(path, text.format("LITELLM", ""), names) == text.format("GATEWAY", added)
    assert migrate(path, "LITELLM_KEY=x\n", names) == f"GATEWAY_KEY=x\n{added}"


# ------------------------------------------------------------------------------------------------------- properties

_word = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
_name = st.sampled_from(
    ["litellm", "LiteLLM", "Litellm", "openai", "OpenAI", "langchain-litellm", "httpx", "litellm_x"]
)
_version = st.sampled_from(["", "==1.2", ">=1,<2", " ~= 1.4", "===1.82.7", ">=1.0,!=1.5,<3", " (>=1)"])
_extras = st.sampled_from(["", "[proxy]", "[a,b]", " [proxy]"])
_marker = st.sampled_from(["", "; python_version < '3.12'", ' ; sys_platform == "win32" and extra == "x"'])
_tail = st.sampled_from(["", "  # litellm", " # ; #", "\t# x"])
_other = st.sampled_from(["", "   ", "# litellm>=1", "-r base.txt", "--pre", "./local", "-e .", "-c c.txt"])
_line = st.one_of(st.builds("{}{}{}{}{}".format, _name, _extras, _version, _marker, _tail), _other)


@given(st.lists(_line, max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_any_requirements_keep_their_other_lines_and_are_done_at_once(
    names: Names, requirements: list[str], newline: str, ended: bool, kept: bool
) -> None:
    text = newline.join(requirements) + (newline if ended and requirements else "")
    after = _once("requirements.txt", text, names, kept=kept, prose=False)
    before_lines, after_lines = text.splitlines(), after.splitlines()
    assert _others(before_lines) == _others(after_lines)
    required = [r for line in after_lines if (r := _required(line))]
    old = {r.name.lower() for r in required} & {"litellm"}
    asked = any(r.name.lower() == "litellm" for line in before_lines if (r := _required(line)))
    assert bool(old) == (asked and kept)
    assert not asked or any(r.name.lower() == "openai" for r in required)


def _required(line: str) -> Requirement | None:
    said = line.partition(" #")[0].partition("\t#")[0].strip()
    return Requirement(said) if said and not said.startswith(("#", "-", ".")) else None


def _others(lines: list[str]) -> list[str]:
    """The lines that require neither the old distribution nor the new one."""
    return [x for x in lines if x and not ((r := _required(x)) and r.name.lower() in ("litellm", "openai"))]


@given(st.lists(st.builds("{}{}{}".format, _name, _extras, _version), max_size=5), st.booleans(), st.booleans())
def test_any_array_stays_toml_with_the_other_items(
    names: Names, requirements: list[str], wrapped: bool, kept: bool
) -> None:
    gap, comma = ("\n    ", ",\n") if wrapped else ("", "")
    body = f",{gap or ' '}".join(f'"{r}"' for r in requirements)
    text = f"[project]\ndependencies = [{gap if requirements else ''}{body}{comma if requirements else ''}]\n"
    after = _once("pyproject.toml", text, names, kept=kept, prose=False)
    before_items = tomllib.loads(text)["project"]["dependencies"]
    after_items = tomllib.loads(after)["project"]["dependencies"]
    assert _others(before_items) == _others(after_items)
    asked = any(Requirement(item).name.lower() == "litellm" for item in before_items)
    left = {Requirement(item).name.lower() for item in after_items}
    assert ("litellm" in left) == (asked and kept)
    assert not asked or "openai" in left


def test_long_runs_of_space_take_no_time(names: Names) -> None:
    """A pattern that backtracks over them would take years."""
    gap = " " * 5000
    for line in (
        f"litellm{gap}x",
        f"litellm{gap}({gap}>=1{gap},{gap}x",
        f"litellm{gap}@{gap}",
        f"pip install{gap}x{gap}",
    ):
        assert [f for f in find("requirements.txt", f"{line}\n", names) if f.edits] == []


@pytest.mark.parametrize(
    ("there", "needed", "both"),
    [
        ("==1.55", ">=2,<4", False),
        ("<2", ">=2,<4", False),
        ("~=1.5", ">=2,<4", False),
        (">=4", ">=2,<4", False),
        ("==1.*", ">=2,<4", False),
        ("==2.*", ">=2,<4", True),
        ("", ">=2,<4", True),
        (">1", ">=2,<4", True),
        (">=2.5,<3", ">=2,<4", True),
        ("latest", ">=2,<4", True),
    ],
)
def test_whether_two_versions_meet(there: str, needed: str, both: bool) -> None:
    assert meets(there, needed) is both
