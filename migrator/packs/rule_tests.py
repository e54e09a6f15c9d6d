"""Rule tests: before and after pairs beside a pack, each run for real in several disguises, and twice.

A file `tests/RULE.toml` of a pack holds an `about` text and `[[case]]` tables with `name`, `before`, `after` (left out:
nothing may change), `path` and `sites`. `before` and `after` are one text, or a table of path = text for a whole tree.
`sites` lists what is to be reported as `STATUS RULE`, besides what is migrated silently and prose mentions. `creates`
lists the files that are made on the way, whose text is tested elsewhere; each has a `review` site of its own.
A pack that extends others has their suites, too; a case of the same name needs only the keys in which it differs.
"""

from __future__ import annotations

import difflib
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from migrator.backup.journal import check_path
from migrator.errors import MigrateError
from migrator.outcome import Plan
from migrator.packs.load import Pack
from migrator.plan import Options, build
from migrator.sites import Status
from migrator.tree.project import Project
from migrator.tree.settings import Settings

_KEYS = {"name", "path", "before", "after", "sites", "settings", "text", "creates"}
Tree = Mapping[str, str]
Verdict = Literal["ok", "noisy", "missing", "wrong"]


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `after` is the whole tree afterwards, the same as `before` where nothing may change."""

    file: Path
    name: str
    before: Tree
    after: Tree
    sites: tuple[str, ...]
    settings: Mapping[str, Any]
    text: bool
    creates: frozenset[str]


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one file, named after the rule they document."""

    rule: str
    about: str
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """How one case went in one disguise: noisy where it changed too much, missing where it changed nothing."""

    case: Case
    variant: str
    verdict: Verdict
    detail: str = ""


# ------------------------------------------------------------------------------------------------------------ reading


def suites(pack: Pack) -> list[Suite]:
    """The suites of a pack, sorted, with those of the rules that it inherits.

    Raises MigrateError with file and case for one that makes no sense.
    """
    return [
        Suite(rule, written.about, tuple(_case(*place, row) for place, row in written.cases.values()))
        for rule, written in sorted(_written(pack).items())
    ]


@dataclass(frozen=True, slots=True)
class _Written:
    """A suite as its files have it: name of a case -> file and number, and its keys."""

    about: str
    cases: Mapping[str, tuple[tuple[Path, int], Mapping[str, Any]]]


def _written(pack: Pack) -> dict[str, _Written]:
    rules = {rule.id for rule in pack.rules}
    found: dict[str, _Written] = {}
    for parent in pack.parents:
        found |= {rule: suite for rule, suite in _written(parent).items() if rule in rules}
    for path in (pack.folder / "tests").glob("*.toml"):
        found[path.stem] = _read(path, found.get(path.stem, _Written("", {})))
    return found


def _read(path: Path, base: _Written) -> _Written:
    """The suite of a file, over the inherited one."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MigrateError(f"{path}: cannot be read: {error}") from error
    unknown = set(data) - {"about", "case"}
    if unknown:
        raise MigrateError(f"{path}: unknown key `{min(unknown)}`; a suite has about, case")
    about, rows = data.get("about", base.about), data.get("case", [])
    if not isinstance(about, str) or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise MigrateError(f"{path}: `about` must be text, and each case a table [[case]]")
    cases, seen = dict(base.cases), set[str]()
    for number, row in enumerate(rows, 1):
        name = str(row.get("name", ""))
        if name in seen:
            raise MigrateError(f"{path}: case {number}: the name {name!r} is given twice")
        seen.add(name)
        cases[name] = (path, number), {**(cases[name][1] if name in cases else {}), **row}
    return _Written(about.strip(), cases)


def _case(path: Path, number: int, raw: Mapping[str, Any]) -> Case:
    where = f"{path}: case {number}"
    unknown = set(raw) - _KEYS
    if unknown:
        raise MigrateError(f"{where}: unknown key `{min(unknown)}`; a case has {', '.join(sorted(_KEYS))}")
    if "name" not in raw or "before" not in raw:
        raise MigrateError(f"{where}: `name` and `before` must be given")
    default = raw.get("path", "example.py")
    before = _tree(raw["before"], default, where)
    after = _tree(raw["after"], default, where) if "after" in raw else before
    sites, settings = raw.get("sites", []), raw.get("settings", {})
    if not isinstance(sites, list) or not all(isinstance(s, str) for s in sites) or not isinstance(settings, dict):
        raise MigrateError(f"{where}: `sites` must be a list of text, `settings` a table")
    creates = raw.get("creates", [])
    if not isinstance(creates, list) or not all(isinstance(c, str) for c in creates):
        raise MigrateError(f"{where}: `creates` must be a list of paths")
    text = bool(raw.get("text", False))
    return Case(path, str(raw["name"]), before, after, tuple(sorted(sites)), settings, text, frozenset(creates))


def _tree(value: object, path: object, where: str) -> Tree:
    """The files of one side of a case. A path that would leave the tree is refused: it is going to be written."""
    tree = {path: value} if isinstance(value, str) else value
    if not isinstance(tree, dict) or not all(isinstance(x, str) for item in tree.items() for x in item):
        raise MigrateError(f"{where}: `before` and `after` must be text, or tables of path = text")
    for name in tree:
        check_path(name)
    return tree


# ------------------------------------------------------------------------------------------------------------ running


def _same(text: str) -> str:
    return text


def _tabs(text: str) -> str:
    lines = text.split("\n")
    return "\n".join(
        "\t" * ((len(x) - len(x.lstrip(" "))) // 4) + x.lstrip(" ") if x[:4] == "    " else x for x in lines
    )


VARIANTS: Mapping[str, Callable[[str], str]] = {
    "as written": _same,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "BOM": lambda text: "\ufeff" + text,
    "tabs": _tabs,
    "no final newline": lambda text: text.removesuffix("\n"),
}


def run(pack: Pack, case: Case) -> Iterator[Result]:
    """Run a case in every disguise that makes a difference to it, each twice: the second run must change nothing."""
    seen: list[Tree] = []
    for name, disguise in VARIANTS.items():
        if name == "tabs" and not all(path.endswith(".py") for path in case.before):
            continue  # tabs mean something else, or nothing, elsewhere
        before = {path: disguise(text) for path, text in case.before.items()}
        if before in seen:
            continue
        seen.append(before)
        yield _run(pack, case, name, before, {path: disguise(text) for path, text in case.after.items()})


def _run(pack: Pack, case: Case, variant: str, before: Tree, after: Tree) -> Result:
    plan = _plan(pack, case, before)
    if plan.problems:
        return Result(case, variant, "wrong", "; ".join(f"{p.path}: {p.reason}" for p in plan.problems))
    left = _result(plan, before)
    made = {change.path for change in plan.changes if change.kind == "create"}
    if made != case.creates:
        return Result(case, variant, "wrong", f"creates: expected {sorted(case.creates)}, created {sorted(made)}")
    got = {path: text for path, text in left.items() if path not in made}
    if got != after:
        verdict: Verdict = "missing" if got == before else "noisy" if after == before else "wrong"
        return Result(case, variant, verdict, "\n".join(_differences(after, got)))
    reported = tuple(
        sorted(
            f"{s.status} {s.rule}"
            for s in plan.sites
            if s.status is not Status.MIGRATED and not s.prose and s.path not in made
        )
    )
    if reported != case.sites:
        return Result(case, variant, "wrong", f"sites: expected {list(case.sites)}, reported {list(reported)}")
    again = _plan(pack, case, left)
    if again.changes:
        return Result(
            case,
            variant,
            "wrong",
            "the second run changes again:\n" + "\n".join(_differences(left, _result(again, left))),
        )
    return Result(case, variant, "ok")


def _plan(pack: Pack, case: Case, files: Tree) -> Plan:
    with tempfile.TemporaryDirectory(prefix="migrate-rules-") as folder:
        root = Path(folder).resolve()
        for path, text in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
        settings = Settings(overrides={pack.name: case.settings})
        project = Project(root, settings, root / ".migration_backup")
        return build(project, [pack], Options(text=case.text))


def _result(plan: Plan, before: Tree) -> Tree:
    """The tree after the plan, as the run would leave it."""
    files = dict(before)
    for change in plan.changes:
        files.pop(change.path, None)
    for change in plan.changes:
        if change.new_path and change.after is not None:
            files[change.new_path] = change.after.decode()
    return files


def _differences(expected: Tree, got: Tree) -> Iterator[str]:
    for path in sorted({*expected, *got}):
        old, new = (_visible(tree.get(path, "")) for tree in (expected, got))
        yield from difflib.unified_diff(old, new, f"expected {path}", f"got {path}", lineterm="")


def _visible(text: str) -> list[str]:
    return text.replace("\r", "␍").replace("\ufeff", "␢").replace("\t", "→").split("\n")
