"""Builds the plan: every change and every site, a pure function of the tree, the packs and the settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from migrator import project as tree
from migrator.names import Names, under
from migrator.outcome import Plan
from migrator.packs import Pack, Rules, compose
from migrator.placing import File, Placed, place
from migrator.project import Project
from migrator.sites import Change, Finding, Kind, Problem, Site
from migrator.textio import Text, decode, encode

if TYPE_CHECKING:
    from migrator.formats import Format
    from migrator.python.facts import Facts, Index
    from migrator.python.outline import Outline
    from migrator.python.source import Source

PYTHON = (".py", ".pyi", ".pyw")
_KEPT_TREES = 256  # syntax trees of so many modules are kept between the two phases; the rest are parsed again


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line and `[tool.migrate]` say about one run."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    text: bool = False
    safe_only: bool = False
    choose: bool = False  # keep only the packs whose old layer the tree really uses
    jobs: int = 1


Progress = Callable[[str, int, int], None]  # what is going on, how far, of how many


def silent(_stage: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(slots=True)
class _Read:
    """A candidate file as it was read."""

    path: str
    data: bytes
    text: Text
    frozen: str = ""
    module: tuple[Source, Outline] | None = None


@dataclass(slots=True)
class _Work:
    """What planning gathers on its way."""

    project: Project
    options: Options
    files: list[str]
    progress: Progress
    reads: dict[str, _Read] = field(default_factory=dict)
    facts: dict[str, Facts] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    roots: tuple[str, ...] = ("",)


def build(project: Project, packs: Sequence[Pack], options: Options, progress: Progress = silent) -> Plan:
    """The plan for a tree. Raises MigrateError for settings or paths that make no sense."""
    started = time.perf_counter()
    files = tree.files(project, options.include, options.exclude, options.paths)
    work = _Work(project, options, files, progress)
    rules = compose(packs, project.settings.overrides)
    matched, unreadable = tree.matching(project.root, files, Names(rules).needles, _stage(progress, "searching", files))
    work.problems += unreadable
    plan = Plan(project.root, rules.packs, (), (), (), len(files), len(matched), 0.0, None, rules.docs, rules.notes)
    if matched:
        plan = _planned(work, plan, packs, rules, matched)
    return replace(plan, problems=tuple(work.problems), seconds=time.perf_counter() - started).ordered()


def _stage(progress: Progress, name: str, items: Sequence[object]) -> Callable[[int], None]:
    return lambda done: progress(name, done, len(items))


def _planned(work: _Work, plan: Plan, packs: Sequence[Pack], rules: Rules, matched: list[str]) -> Plan:
    from migrator.python.facts import Index, import_roots

    work.roots = import_roots(work.files)
    _read_all(work, matched)
    if work.options.choose:
        packs = [p for p in packs if _is_used(p, work)]
        rules = compose(packs, work.project.settings.overrides)
        if not packs:
            return replace(plan, packs=(), docs={}, notes=frozenset())
    index = Index.build(rules, work.facts.values())
    while _read_users(work, index):
        index = Index.build(rules, work.facts.values())
    moves = dict(_moves(work, rules))
    changes, sites = [], list[Site]()
    paths = sorted({*work.reads, *moves})
    for done, path in enumerate(paths):
        work.progress("rewriting", done, len(paths))
        change, placed = _file(work, index, path, moves.get(path, path))
        sites += placed.sites if placed else ()
        changes += [change] if change else []
    return replace(
        plan, packs=rules.packs, sites=tuple(sites), changes=tuple(changes), docs=rules.docs, notes=rules.notes,
        files_matched=len(work.reads),
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------- reading candidates


def _read_all(work: _Work, paths: Iterable[str]) -> None:
    for path in paths:
        try:
            data = tree.read(work.project.root, path)
            read = _Read(path, data, decode(data, path))
        except OSError as error:
            work.problems.append(Problem(path, error.strerror or str(error)))
            continue
        except ValueError as error:
            work.problems.append(Problem(path, str(error).removeprefix(f"{path}:")))
            continue
        if tree.is_generated(data):
            read.frozen = "a program generates this file, change that"
        work.reads[path] = read
        if _is_python(path, read.text.text):
            _read_module(work, read)


def _is_python(path: str, text: str) -> bool:
    """Whether a file is Python: by its suffix, or by the first line of a script that has none."""
    if path.endswith(PYTHON):
        return True
    return text.startswith("#!") and "." not in PurePosixPath(path).name and "python" in text.partition("\n")[0]


def _read_module(work: _Work, read: _Read) -> None:
    from migrator.python import rewrite
    from migrator.python.facts import module_names

    try:
        source, found, facts = rewrite.read(read.text.text, read.path, module_names(read.path, work.roots))
    except (SyntaxError, ValueError, RecursionError) as error:
        work.problems.append(Problem(read.path, _unparsed(error, read.text.text)))
        del work.reads[read.path]
        return
    work.facts[read.path] = facts
    if len(work.facts) <= _KEPT_TREES:
        read.module = (source, found)


def _unparsed(error: SyntaxError | ValueError | RecursionError, text: str) -> str:
    """Why a module cannot be parsed; newer syntax than this Python's is told from a mistake."""
    import sys

    if isinstance(error, RecursionError):
        return "nested too deeply to be parsed"
    if not isinstance(error, SyntaxError):
        return f"cannot be parsed: {error}"
    import libcst

    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        libcst.parse_module(text)
    except libcst.ParserSyntaxError:
        return f"line {error.lineno}: cannot be parsed: {error.msg}"
    return f"line {error.lineno}: newer syntax than Python {running}, run migrate with a newer one: {error.msg}"


def _is_used(pack: Pack, work: _Work) -> bool:
    """Whether the tree refers to the layer a pack leaves: in an import, or by a full dotted name anywhere."""
    rules = compose([pack])
    old = {m.old for m in rules.modules} | {s.module for s in rules.symbols}
    for facts in work.facts.values():
        targets = (t for ts in facts.bound.values() for t in ts)
        if any(under(t, o) for t in (*targets, *facts.stars) for o in old):
            return True
    names = Names(rules)
    texts = (r.text.text for r in work.reads.values())
    return any(True for text in texts for _ in names.dotted_in(text)) or _has_section(rules, work)


def _has_section(rules: Rules, work: _Work) -> bool:
    sections = [f"[{s.old}]" for s in rules.settings]
    return any(s in r.text.text for r in work.reads.values() for s in sections)


def _handed_on(facts: Facts, index: Index) -> Iterator[str]:
    """Names of the old layer that a module outside it may hand on to files none of the needles is in."""
    rules = index.names.rules
    called = {
        o.rpartition(".")[2] for of in (*(c.of for c in rules.calls), *(p.of for p in rules.promotes)) for o in of
    }
    for name, target in facts.exports.items():
        wanted = name in facts.unused or index.canonical(target).rpartition(".")[2] in called
        if wanted and index.tracked(target) and not index.tracked(facts.name):
            yield name


def _read_users(work: _Work, index: Index) -> bool:
    """Read the modules that use a name handed on to them; whether there are any not read before."""
    wanted = {
        (name.encode(), facts.name.rpartition(".")[2].encode())
        for facts in work.facts.values()
        for name in _handed_on(facts, index)
    }
    others = [f for f in work.files if f.endswith(PYTHON) and f not in work.reads]
    found, _ = tree.matching(work.project.root, others, [n for n, _ in wanted]) if wanted else ([], [])
    before = len(work.facts)
    for path in found:
        data = tree.read(work.project.root, path)
        if any(name in data and module in data for name, module in wanted):
            _read_all(work, [path])
    return len(work.facts) > before


# --------------------------------------------------------------------------------------------------- moving and editing


def _moves(work: _Work, rules: Rules) -> Iterator[tuple[str, str]]:
    """Old path -> new path of every file of a module or package that moves; one whose new place is taken stays."""
    there = set(work.files)
    for rule in sorted(rules.modules, key=lambda m: -len(m.old)):
        old, new = rule.old.replace(".", "/"), rule.new.replace(".", "/")
        for root in work.roots:
            base = f"{root}/" if root else ""
            for path in work.files:
                if path.startswith(f"{base}{old}/") or path in {f"{base}{old}{suffix}" for suffix in PYTHON}:
                    moved = base + new + path[len(base) + len(old) :]
                    if moved in there:
                        work.problems.append(Problem(path, f"should move to {moved}, which exists: merge them by hand"))
                    else:
                        yield path, moved


def _file(work: _Work, index: Index, path: str, new_path: str) -> tuple[Change | None, Placed | None]:
    """The change and the sites of one file; a result that would not parse is a problem and no change."""
    read = work.reads.get(path)
    if read is None:
        return _moved_only(work, path, new_path), None
    names, options = index.names, work.options
    rule_ids = frozenset(names.rules.docs)
    file = File(path, new_path, names.rules.docs, options.safe_only, read.frozen, rule_ids)
    language, findings, validate = _findings(work, index, read)
    placed = place(read.text.text, findings, file)
    if placed.text != read.text.text:
        try:
            validate(placed.text)
            after = encode(replace(read.text, text=placed.text))
        except (SyntaxError, ValueError) as error:
            work.problems.append(Problem(path, f"left as it was, the result would not be valid: {error}"))
            return None, None
    else:
        after = read.data
    if after == read.data and path == new_path:
        return None, placed
    kind: Kind = "modify" if path == new_path else "rename"
    return Change(path, new_path, kind, language, placed.edits, read.data, after, _mode(work, path)), placed


def _moved_only(work: _Work, path: str, new_path: str) -> Change | None:
    try:
        data = tree.read(work.project.root, path)
    except OSError as error:
        work.problems.append(Problem(path, error.strerror or str(error)))
        return None
    language = "python" if path.endswith(PYTHON) else PurePosixPath(path).suffix.lstrip(".") or "text"
    return Change(path, new_path, "rename", language, 0, data, data, _mode(work, path))


def _mode(work: _Work, path: str) -> int:
    return (work.project.root / path).stat().st_mode & 0o7777


def _findings(work: _Work, index: Index, read: _Read) -> tuple[str, Iterable[Finding], Callable[[str], object]]:
    """What is found in one file, with the name of its language and the way to tell whether a result is valid."""
    import ast

    from migrator.formats import Context, format_of
    from migrator.python import rewrite

    prose = work.options.text
    facts = work.facts.get(read.path)
    if facts:
        source, found = read.module or rewrite.read(read.text.text, read.path, facts.names)[:2]
        return "python", rewrite.find(source, found, facts, index, edit_prose=prose), ast.parse

    def in_fence(text: str) -> list[Finding]:
        return rewrite.find_in_snippet(text, index, edit_prose=prose)

    format = format_of(read.path, read.text.text[:200])
    assert format is not None  # only Python has none
    context = Context(read.path, prose, in_fence)
    return format.name, format.find(read.text.text, index.names, context), _validation(format, read.text.text)


def _validation(format: Format, before: str) -> Callable[[str], object]:
    """A result must be valid only where the text was."""
    try:
        format.validate(before)
    except ValueError:
        return lambda _text: None
    return format.validate
