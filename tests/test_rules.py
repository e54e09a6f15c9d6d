"""Rule packs: every shipped case, the pages and the schema made from them, and what a pack may get wrong."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from projects import HOUSE, run, write

from migrator.errors import MigrateError
from migrator.fates.names import Names
from migrator.packs import load as packs
from migrator.packs import shipped
from migrator.packs.load import Pack
from migrator.packs.pages import page
from migrator.packs.rule_tests import Case, suites
from migrator.packs.rule_tests import run as run_case
from migrator.packs.ruleset import compose
from migrator.packs.schema import pack_schema
from migrator.primitives.client import Server
from migrator.primitives.leaving import Lingering, Obsolete, Router
from migrator.primitives.library import Variable
from migrator.primitives.project import Column, Flag

SHIPPED = packs.available()
PACKS = packs.load_named(sorted(SHIPPED), SHIPPED)
CASES = [(pack, suite.rule, case) for pack in PACKS for suite in suites(pack) for case in suite.cases]
SCHEMA = HOUSE / "migrator" / "schemas" / "pack.schema.json"
HEAD = 'name = "mine"\ntitle = "Mine"\nsource = "old"\ntarget = "new"\n'
MODULE = '[[module]]\nid = "mine.module"\nold = "old.llm"\nnew = "new.llm"\n'

# ------------------------------------------------------------------------------------------------------ shipped packs


@pytest.mark.parametrize(("pack", "rule", "case"), CASES, ids=[f"{rule}: {case.name}" for _, rule, case in CASES])
def test_case(pack: Pack, rule: str, case: Case) -> None:
    bad = [result for result in run_case(pack, case) if result.verdict != "ok"]
    assert not bad, "\n".join(f"{result.variant}: {result.verdict}\n{result.detail}" for result in bad)


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_every_rule_has_a_case_that_changes_nothing_and_one_that_does(pack: Pack) -> None:
    tested = {suite.rule: suite.cases for suite in suites(pack)}
    others = ("config.", "http.", "scripts.")  # what several rules make of one kind of file
    assert {rule for rule in tested if not rule.startswith(others)} == {rule.id for rule in pack.rules}
    for rule in pack.rules:
        cases = tested[rule.id]
        assert any(case.before == case.after for case in cases), f"{rule.id}: no negative"
        if not isinstance(rule, Flag | Column | Variable | Obsolete | Lingering | Router | Server):
            assert any(case.before != case.after for case in cases), f"{rule.id}: no positive"


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_every_suite_says_what_its_rule_does(pack: Pack) -> None:
    assert [suite.rule for suite in suites(pack) if not suite.about] == []


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_the_page_is_made_from_the_pack(pack: Pack) -> None:
    written = (HOUSE / "docs" / "packs" / f"{pack.name}.md").read_text(encoding="utf-8")
    assert written == page(pack), f"write it anew: migrate rules show {pack.name} > docs/packs/{pack.name}.md"


def test_what_is_written_down_of_the_shipped_packs_is_what_they_say() -> None:
    folders = packs.available()
    rules = compose([packs.load(folder, folders) for folder in folders.values()])
    assert Names(rules).needles == shipped.NEEDLES
    assert tuple(m.old.replace(".", "/") for m in rules.modules) == shipped.FOLDERS


def test_the_schema_is_made_from_the_primitives() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == pack_schema()


@pytest.mark.parametrize("folder", SHIPPED.values(), ids=lambda folder: folder.name)
def test_the_schema_accepts_the_shipped_packs(folder: Path) -> None:
    validator = jsonschema.Draft202012Validator(pack_schema())
    validator.check_schema(pack_schema())
    validator.validate(tomllib.loads((folder / packs.PACK_FILE).read_text(encoding="utf-8")))


# ----------------------------------------------------------------------------------------------------------- validation


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        pytest.param(f"{HEAD}colour = 1\n", 5, "colour", id="unknown key of the head"),
        pytest.param('name = "mine"\ntitle = "Mine"\nsource = "old"\n', 1, "target", id="missing key of the head"),
        pytest.param(HEAD.replace('"Mine"', "3"), 2, "title", id="text of another type"),
        pytest.param(HEAD.replace('"mine"', '"My Pack"'), 1, "My Pack", id="name of another form"),
        pytest.param(f'{HEAD}extends = "other"\n', 5, "extends", id="extends that is no list"),
        pytest.param(f"{HEAD}settings = 3\n", 5, "settings", id="settings that are no table"),
        pytest.param(f'{HEAD}[module]\nid = "a"\n', 5, "[[module]]", id="one table where many go"),
        pytest.param(f"{HEAD}{MODULE}newer = 1\n", 9, "newer", id="unknown key of a rule"),
        pytest.param(f'{HEAD}{MODULE}\n[[module]]\nid = "b"\nold = "a"\n', 10, "new", id="missing key of a rule"),
        pytest.param(HEAD + MODULE.replace("old.llm", "old-llm"), 7, "old-llm", id="value of another form"),
        pytest.param(HEAD + MODULE.replace("mine.module", "Mine Module"), 6, "Mine Module", id="id of another form"),
        pytest.param(f"{HEAD}{MODULE}{MODULE}", 10, "mine.module", id="id given twice"),
        pytest.param(
            f'{HEAD}[[symbol]]\nid = "s"\nmodule = "a"\nnames = {{ A = "b-c" }}\n', 8, "names", id="name that is none"
        ),
        pytest.param(f'{HEAD}[[flag]]\nid = "f"\nmodule = "a"\nmessage = ""\n', 8, "message", id="empty text"),
        pytest.param(f'{HEAD}[[env]]\nid = "e"\nold = "A_*"\nnew = "B"\n', 1, "`A_*`", id="stars on one side only"),
        pytest.param(
            f'{HEAD}[[call]]\nid = "c"\nof = ["a.B"]\nremove = ["x"]\nmessage = "m"\nadd = {{ y = "{{where}}" }}\n',
            1,
            "where",
            id="setting that is not there",
        ),
        pytest.param(f'{HEAD}extends = ["nowhere"]\n', 5, "nowhere", id="extends a pack that is not there"),
        pytest.param(f'{HEAD}disable = ["other.rule"]\n', 5, "other.rule", id="disables a rule it does not have"),
    ],
)
def test_a_fault_names_file_line_and_key(tmp_path: Path, text: str, line: int, key: str) -> None:
    path = write(tmp_path, {packs.PACK_FILE: text}) / packs.PACK_FILE
    with pytest.raises(MigrateError) as caught:
        packs.load(tmp_path, {})
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: ")
    assert key in message and "\n" not in message


def test_toml_that_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path, {packs.PACK_FILE: "name = "})
    with pytest.raises(MigrateError, match="not valid TOML"):
        packs.load(tmp_path)
    with pytest.raises(MigrateError, match="cannot be read"):
        packs.load(tmp_path / "nowhere")
    with pytest.raises(MigrateError, match=r"no rule pack is called 'nowhere'; there are: agentcore"):
        packs.load_named(["nowhere"], SHIPPED)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("about = 1 2", "cannot be read"),
        ("abut = 'x'", "unknown key `abut`"),
        ("[[case]]\nname = 'x'\nbefore = 'x'\nresult = 'y'", "case 1: unknown key `result`"),
        ("[[case]]\nname = 'x'", "case 1: `name` and `before` must be given"),
        ("[[case]]\nbefore = 'x'", "case 1: `name` and `before` must be given"),
        ("[[case]]\nname = 'x'\nbefore = 'x'\n" * 2, "case 2: the name 'x' is given twice"),
    ],
)
def test_a_rule_test_that_makes_no_sense(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, {packs.PACK_FILE: HEAD, "tests/mine.module.toml": text})
    with pytest.raises(MigrateError, match=said):
        suites(packs.load(tmp_path))


# ---------------------------------------------------------------------------------------------------------- composition


def _mine(root: Path, **texts: str) -> dict[str, Path]:
    """Packs of these names below `root`; `{head}` stands for what every pack has."""
    for name, text in texts.items():
        write(root, {f"{name}/{packs.PACK_FILE}": HEAD.replace('"mine"', f'"{name}"') + text})
    return packs.available([root])


def test_extends_takes_over_rules_and_settings(tmp_path: Path) -> None:
    base = '[settings]\na = "1"\nb = "2"\n' + MODULE + '[[env]]\nid = "mine.env"\nold = "A"\nnew = "B"\n'
    folders = _mine(
        tmp_path,
        base=base,
        child='extends = ["base"]\ndisable = ["mine.env"]\n[settings]\nb = "3"\n'
        '[[flag]]\nid = "mine.flag"\nmodule = "x"\nmessage = "m"\n',
        replacing='extends = ["base"]\n[[module]]\nid = "mine.module"\nnew = "newer.llm"\n',
    )
    child, replacing = packs.load_named(["child", "replacing"], folders)
    assert [rule.id for rule in child.rules] == ["mine.module", "mine.flag"]
    assert child.settings == {"a": "1", "b": "3"}
    assert [(r.id, r.old, r.new) for r in replacing.rules] == [
        ("mine.module", "old.llm", "newer.llm"),
        ("mine.env", "A", "B"),
    ]
    validator = jsonschema.Draft202012Validator(pack_schema())
    for name, folder in folders.items():
        if name not in SHIPPED:
            validator.validate(tomllib.loads((folder / packs.PACK_FILE).read_text(encoding="utf-8")))
    bare = tomllib.loads((folders["replacing"] / packs.PACK_FILE).read_text(encoding="utf-8"))
    del bare["extends"]
    assert not validator.is_valid(bare)


def test_an_inherited_rule_stays_in_its_table(tmp_path: Path) -> None:
    flag = '[[flag]]\nid = "mine.module"\nmodule = "x"\nmessage = "m"\n'
    folders = _mine(tmp_path, base=MODULE, child=f'extends = ["base"]\n{flag}')
    with pytest.raises(MigrateError, match=r"pack.toml:7: rule 'mine.module' is inherited as \[\[module\]\]: disable"):
        packs.load_named(["child"], folders)
    folders = _mine(tmp_path, child=f'extends = ["base"]\ndisable = ["mine.module"]\n{flag}')
    assert [type(rule) for rule in packs.load_named(["child"], folders)[0].rules] == [Flag]


def test_cases_are_inherited(tmp_path: Path) -> None:
    folders = _mine(
        tmp_path, base=MODULE, child='extends = ["base"]\n[[module]]\nid = "mine.module"\nnew = "newer.llm"\n'
    )
    write(
        tmp_path,
        {
            "base/tests/mine.module.toml": "about = 'Moves.'\n[[case]]\nname = 'no'\nbefore = 'import other'\n"
            "[[case]]\nname = 'yes'\nbefore = 'import old.llm'\nafter = 'import new.llm'\n",
            "base/tests/mine.gone.toml": "[[case]]\nname = 'x'\nbefore = 'import other'\n",
            "child/tests/mine.module.toml": "[[case]]\nname = 'yes'\nafter = 'import newer.llm'\n"
            "[[case]]\nname = 'more'\nbefore = 'import older'\n",
        },
    )
    child = packs.load_named(["child"], folders)[0]
    (suite,) = suites(child)
    assert (suite.rule, suite.about, [case.name for case in suite.cases]) == (
        "mine.module",
        "Moves.",
        ["no", "yes", "more"],
    )
    assert all(result.verdict == "ok" for case in suite.cases for result in run_case(child, case))


def test_extends_in_a_circle(tmp_path: Path) -> None:
    folders = _mine(tmp_path, first='extends = ["second"]\n', second='extends = ["first"]\n')
    with pytest.raises(MigrateError, match="first -> second -> first goes round in a circle"):
        packs.load_named(["first"], folders)


def test_a_pack_of_your_own_goes_before_a_shipped_one(tmp_path: Path) -> None:
    name = next(iter(SHIPPED))
    write(tmp_path, {f"{name}/{packs.PACK_FILE}": HEAD.replace('"mine"', f'"{name}"')})
    assert packs.available([tmp_path])[name] == tmp_path / name


CALL = (
    '[settings]\nproviders = ["a"]\nmodels = { x = "y" }\n'
    '[[call]]\nid = "c"\nof = ["old.C"]\nremove = ["k"]\nmessage = "m"\n'
    'add = { p = "{providers}", first = "{providers[0]}" }\n'
    "add-for-each = { setting = 'providers', name = '{item}_key', value = 'env[\"{ITEM}_KEY\"]' }\n"
)


def test_settings_are_filled_in_as_overridden(tmp_path: Path) -> None:
    pack = packs.load_named(["mine"], _mine(tmp_path, mine=CALL))
    (as_shipped,) = compose(pack).calls
    assert as_shipped.add == {"p": '["a"]', "first": "a", "a_key": 'env["A_KEY"]'}
    (overridden,) = compose(pack, {"mine": {"providers": ["b-1", "c"]}}).calls
    assert overridden.add == {
        "p": '["b-1", "c"]',
        "first": "b-1",
        "b_1_key": 'env["B_1_KEY"]',
        "c_key": 'env["C_KEY"]',
    }


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ({"provider": ["a"]}, "provider: the pack has no such setting; it has: models, providers"),
        ({"providers": "a"}, "providers: must be a list, as in the pack"),
        ({"providers": []}, "providers: must be a list with at least one text"),
        ({"providers": [1]}, "providers: must be a list with at least one text"),
        ({"models": {"x": 1}}, "models: must be a table of text = text"),
    ],
)
def test_an_override_that_makes_no_sense(tmp_path: Path, override: dict[str, Any], said: str) -> None:
    pack = packs.load_named(["mine"], _mine(tmp_path, mine=CALL))
    with pytest.raises(MigrateError, match=rf"pyproject.toml: \[tool.migrate.packs.mine\] {said}"):
        compose(pack, {"mine": override})


# --------------------------------------------------------------------------------------------------------- the commands


def test_a_new_pack_passes_its_own_test(tmp_path: Path) -> None:
    ended = run("rules", "new", "my-pack", "--from-module", "old.llm", "--to-module", "brand.new_llm", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "try it: migrate rules test my-pack && migrate --dry-run --rules my-pack"
    assert "my-pack: 1 rule, valid" in run("rules", "validate", "my-pack", cwd=tmp_path).stdout
    tested = run("rules", "test", "my-pack", cwd=tmp_path)
    assert (tested.returncode, tested.stdout) == (0, "2 passed, 0 failed\n")
    again = run("rules", "new", "my-pack", "--from-module", "a", "--to-module", "b", cwd=tmp_path)
    assert again.returncode == 2 and "exists already" in again.stderr


@pytest.mark.parametrize(("name", "old"), [("My Pack", "a.b"), ("../up", "a.b"), ("mine", "a-b"), ("mine", "a..b")])
def test_a_new_pack_that_cannot_be(tmp_path: Path, name: str, old: str) -> None:
    ended = run("rules", "new", name, "--from-module", old, "--to-module", "b", cwd=tmp_path)
    assert ended.returncode == 2 and ended.stderr.startswith("migrate: ")
    assert not list(tmp_path.rglob("*.toml"))


FAILING = """
[[case]]
name = "says something else"
before = 'import old.llm'
after = 'import other.llm'

[[case]]
name = "changes too much"
before = 'import old.llm'

[[case]]
name = "changes nothing"
before = 'import other'
after = 'import another'

[[case]]
name = "reports something else"
before = 'import other'
sites = ["manual mine.module"]
"""


def test_rule_tests_that_fail_say_how(tmp_path: Path) -> None:
    write(tmp_path, {"mine/pack.toml": HEAD + MODULE, "mine/tests/mine.module.toml": FAILING})
    pack = packs.load(tmp_path / "mine")
    (suite,) = suites(pack)
    verdicts = {case.name: {result.verdict for result in run_case(pack, case)} for case in suite.cases}
    assert verdicts == {
        "says something else": {"wrong"},
        "changes too much": {"noisy"},
        "changes nothing": {"missing"},
        "reports something else": {"wrong"},
    }


def test_rules_test_ends_with_1_where_a_case_fails(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": '[tool.migrate]\nrules_path = "own"\n',
            "own/mine/pack.toml": HEAD + MODULE,
            "own/mine/tests/mine.module.toml": FAILING,
        },
    )
    ended = run("rules", "test", "mine", cwd=tmp_path)
    assert ended.returncode == 1
    assert "noisy: mine.module: changes too much (as written)" in ended.stdout
    assert ended.stdout.endswith("0 passed, 4 failed\n")


def test_list_and_show(tmp_path: Path) -> None:
    for pack in PACKS:
        listed = [line.split() for line in run("rules", "list", cwd=tmp_path).stdout.splitlines()]
        assert [pack.name, pack.source, "→", pack.target] in [[word.rstrip(",") for word in row[:4]] for row in listed]
        assert run("rules", "show", pack.name, cwd=tmp_path).stdout == page(pack)


@pytest.mark.parametrize(
    ("options", "pack"),
    [
        ([], "litellm-to-llm-gateway"),
        (["--from", "litellm"], "litellm-to-llm-gateway"),
        (["--to", "portkey"], "litellm-to-portkey"),
        (["--from", "litellm", "--to", "portkey"], "litellm-to-portkey"),
    ],
)
def test_a_tree_that_several_packs_leave_goes_to_the_default_target(
    tmp_path: Path, options: list[str], pack: str
) -> None:
    write(tmp_path, {"app.py": "from litellm import completion\n\nprint(completion)\n"})
    report = tmp_path / "report.json"
    ended = run("--dry-run", *options, "--report", str(report), cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(report.read_text(encoding="utf-8"))["packs"] == [pack]
