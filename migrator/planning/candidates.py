"""The files that may refer to an old layer: read, decoded, and the Python ones taken down as facts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from migrator.fates.endpoints import address_in
from migrator.sites import Problem
from migrator.tree import project as tree
from migrator.tree.project import Project
from migrator.tree.textio import Text, decode

if TYPE_CHECKING:
    from migrator.packs.ruleset import Rules
    from migrator.python.reading.askers import Askers
    from migrator.python.reading.facts import Facts
    from migrator.python.reading.index import Index
    from migrator.python.reading.outline import Outline
    from migrator.python.reading.processes import Processes
    from migrator.python.reading.roots import Roots
    from migrator.python.reading.source import Source

Look = Callable[["Source", "Outline"], None]
Given = Callable[["Facts", "Index"], Iterator[str]]
PYTHON = (".py", ".pyi", ".pyw")
_KEEPERS = (b"dataclass", b"NamedTuple", b"BaseModel", b"SimpleNamespace")  # what makes things with fields
_KEPT_TREES = 256  # syntax trees of so many modules are kept between the two phases; the rest are parsed again


@dataclass(slots=True)
class Candidate:
    """One file as it was read. `frozen` says why it must not be edited."""

    path: str
    data: bytes
    text: Text
    frozen: str = ""
    parsed: tuple[Source, Outline] | None = None


@dataclass(slots=True)
class Candidates:
    """All candidates of a tree, by path, with the facts of the modules and what could not be handled."""

    project: Project
    files: list[str]  # every file of the tree
    roots: Roots
    by_path: dict[str, Candidate] = field(default_factory=dict)
    facts: dict[str, Facts] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    aside: set[str] = field(default_factory=set)  # what was read, and is none of them
    _processes: Processes | None = None
    _askers: Askers | None = None

    def read(self, paths: Iterable[str], look: Look | None = None, *, named: bool = True) -> None:
        """Read files; one that cannot be read, decoded or parsed becomes a problem instead.

        `look` is given each module while its tree is there, which may not be kept. Where the old layer is not `named`
        in the files, one that no Python can run is none of them.
        """
        for path in paths:
            try:
                data = tree.read(self.project.root, path)
                candidate = Candidate(path, data, decode(data, path))
                python = is_python(path, candidate.text.text)
                if tree.is_generated(data, is_python=python):
                    candidate.frozen = "a program generates this file, change that"
                if python:
                    self._parse(candidate, look)
            except OSError as error:
                self.problems.append(Problem(path, error.strerror or str(error)))
            except _Unparsed as error:
                if named or error.may_run:
                    self.problems.append(Problem(path, str(error)))
            except ValueError as error:
                self.problems.append(Problem(path, str(error).removeprefix(f"{path}:")))
            else:
                self.by_path[path] = candidate

    def _parse(self, candidate: Candidate, look: Look | None, told: Mapping[str, str] | None = None) -> None:
        from migrator.python import rewrite
        from migrator.python.reading.roots import module_names

        text, path = candidate.text.text, candidate.path
        try:
            names = module_names(path, self.roots)
            source, found, facts = rewrite.read(text, path, names, told or {}, frozen=bool(candidate.frozen))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise _unparsed(error, text) from error
        self.facts[path] = facts
        if len(self.facts) <= _KEPT_TREES:
            candidate.parsed = (source, found)
        if look:
            look(source, found)

    def tree(self, path: str) -> tuple[Source, Outline]:
        """The tree of a module that was read, parsed again where it was not kept."""
        from migrator.python import rewrite

        candidate = self.by_path[path]
        facts = self.facts[path]
        return candidate.parsed or rewrite.parsed(candidate.text.text, path, facts.names, facts.told)

    def parsed(self, path: str) -> tuple[Source, Outline] | None:
        """The tree of a module that was read, which is kept from now on."""
        candidate = self.by_path.get(path) if path in self.facts else None
        if candidate:
            candidate.parsed = self.tree(path)
        return candidate.parsed if candidate else None

    def index(self, rules: Rules) -> Index:
        """The index of all modules that were read."""
        from migrator.python.reading.askers import Askers
        from migrator.python.reading.index import Index

        self._askers = self._askers or Askers(self._having)
        return Index.build(rules, self.facts.values(), self.parsed, self.processes, self._askers)

    def _having(self, words: str) -> Iterator[tuple[tuple[str, ...], str]]:
        """The names and the texts of the modules, read as candidates or not, that have some words in them."""
        from migrator.python.reading.roots import module_names

        python = [path for path in self.files if path.endswith(PYTHON)]
        for path in tree.matching(self.project.root, python, [words.encode()])[0]:
            yield module_names(path, self.roots), (self.python_text(path) or "").removeprefix("\ufeff")

    def processes(self) -> Processes:
        """Which files of the tree can run in one process; worked out once, for it takes every Python file there is."""
        from migrator.python.reading.processes import Processes

        if self._processes is None:
            self._processes = Processes.build(self._python_texts(), self.files)
        return self._processes

    def _python_texts(self) -> Iterator[tuple[str, str]]:
        """The paths of all files with Python in them, notebooks among them, and their texts."""
        for path in self.files:
            text = self.python_text(path)
            if text is not None:
                yield path, text

    def python_text(self, path: str) -> str | None:
        """The text of a file with Python in it, be it a notebook or a script without a suffix; None for any other."""
        suffix = PurePosixPath(path).suffix
        if suffix not in (*PYTHON, ".ipynb", ""):
            return None
        try:
            text = tree.read(self.project.root, path).decode("utf-8", "replace")
        except OSError:
            return None  # a problem of its own where anything in it is to be edited
        return text if suffix or is_python(path, text.removeprefix("\ufeff")) else None

    def read_naming(self, modules: Collection[str]) -> None:
        """Read the modules that import one of these, which is not the tree's own, where it has anything old at all."""
        own = {PurePosixPath(path).parent.name for path in self.files if path.endswith("/__init__.py")}
        names = [name.encode() for name in sorted(modules) if name.isidentifier() and name not in own and self.by_path]
        words = [word % name for name in names for word in (b"import %b", b"from %b")]
        self.read(tree.matching(self.project.root, self._others(), words)[0], named=False)

    def read_users(self, index: Index) -> bool:
        """Read the modules that use an old name handed on to them by others; whether there are any not read before.

        Such a module need not hold any of the needles: `from app.llm import Client` may mean the old class. Answers
        are followed only once nothing else leads to any more of them.
        """
        before = len(self.facts)
        self.read(self._receivers(index))
        self.read(self._callers(index), named=False)
        for given in (_handed_on, self._with_headers, _handing_answers):
            if len(self.facts) == before:
                self._read_users_of(_offered(self.facts.values(), index, given))
        return self._tell(index) or len(self.facts) > before

    def _with_headers(self, facts: Facts, index: Index) -> Iterator[str]:
        """Names of a module that may be headers of a client that is left, which others put their own beside."""
        text = self.by_path[facts.path].text.text
        if any(
            sign in text for client in index.names.rules.moving_clients for sign in (client.prefix, *client.headers)
        ):
            own = {f"{name}." for name in facts.names}
            yield from (name for name, target in facts.exports.items() if target.removesuffix(name) in own)

    def _tell(self, index: Index) -> bool:
        """Read modules again with what functions of others give them; whether there are any of which more is known."""
        from migrator.python.reading.takers import takers

        known = takers(index)
        waiting = {path: known.told(facts) for path, facts in index.by_path.items()}
        waiting = {path: told for path, told in waiting.items() if told != self.facts[path].told}
        is_more = bool(waiting)
        while waiting:
            path = next(iter(waiting))
            self.by_path[path].parsed = None
            self._parse(self.by_path[path], None, waiting.pop(path))
            others = {each: known.told(index.by_path[each]) for each in sorted(known.add(self.facts[path]))}
            waiting |= {each: told for each, told in others.items() if told != self.facts[each].told}
        return is_more

    def _read_users_of(self, offered: Iterable[tuple[str, Facts]]) -> None:
        """Read the modules with a name in them that others offer."""
        wanted = {
            (name.encode(), module.encode("utf-8", "surrogateescape"))
            for name, facts in offered
            for module in (facts.name.rpartition(".")[2], *(["from ."] if facts.is_package else []))
        }
        found, _ = tree.matching(self.project.root, self._others(), [name for name, _ in wanted])
        for name, module in sorted(wanted):
            there, _ = tree.matching(self.project.root, found, [name])
            users, _ = tree.matching(self.project.root, there, [module])
            self.read((path for path in users if path not in self.by_path), named=False)

    def unread(self) -> list[str]:
        """The files that were not read, nor tried."""
        done = {*self.by_path, *self.aside, *(problem.path for problem in self.problems)}
        return [path for path in self.files if path not in done]

    def _others(self) -> list[str]:
        """The modules that were not read, nor tried."""
        return [path for path in self.unread() if path.endswith(PYTHON)]

    def _callers(self, index: Index) -> list[str]:
        """The modules, none of them read, that call methods which give a library, of objects that others give them."""
        from migrator.python.reading.takers import takers

        return tree.matching(
            self.project.root, self._others(), [f"{name}()".encode() for name in takers(index).methods]
        )[0]

    def _receivers(self, index: Index) -> list[str]:
        """The modules, none of them read, that may be given answers or clients, and read keys of them, or call them.

        Those whose variables others assign are among them, whatever they say themselves.
        """
        from migrator.python import answers
        from migrator.python.reading.roots import module_names

        targets, keys = answers.receivers(index)
        modules = {".".join(target.split(".")[:count]) for target in targets for count in (-1, None)}
        there = [path for path in self._others() if not modules.isdisjoint(module_names(path, self.roots))]
        quoted = [f"{sign}{key}{sign}".encode() for key in keys for sign in "\"'"]
        asked = {n for row in index.names.rules.methods for n in row.names} | answers.of_clients(index)
        methods = [f".{name}".encode() for name in sorted(asked)]
        using = (facts for facts in self.facts.values() if facts.assigned and index.uses_old(facts))
        assigned = {name.rpartition(".")[0] for facts in using for name in facts.assigned}
        keeping = [path for path in there if not assigned.isdisjoint(module_names(path, self.roots))]
        found, _ = tree.matching(self.project.root, there, [*quoted, *_KEEPERS, *methods])
        return [*keeping, *(path for path in found if path not in keeping)]


class _Unparsed(Exception):
    """A module that cannot be parsed, and why; it `may_run` in a newer Python, or once something is filled in."""

    def __init__(self, reason: str, *, may_run: bool) -> None:
        super().__init__(reason)
        self.may_run = may_run


def is_python(path: str, text: str) -> bool:
    """Whether a file is Python: by its suffix, or by the first line of a script that has none."""
    if path.endswith(PYTHON):
        return True
    return text.startswith("#!") and "." not in PurePosixPath(path).name and "python" in text.partition("\n")[0]


def language_of(path: str) -> str:
    """What a file that goes as it is, or moves so, is called to be written in."""
    return "python" if path.endswith(PYTHON) else PurePosixPath(path).suffix.lstrip(".") or "text"


def _offered(modules: Collection[Facts], index: Index, given_by: Given) -> Iterator[tuple[str, Facts]]:
    """Names that others may have from a module, be they its own or those that another one hands on to it."""
    given = {facts.path: {*given_by(facts, index)} for facts in modules}
    known = {index.canonical(f"{facts.name}.{name}") for facts in modules for name in given[facts.path]}
    for facts in modules:
        passed = {name for name, target in index.offered(facts).items() if index.canonical(target) in known}
        yield from ((name, facts) for name in sorted(given[facts.path] | passed))


def _handed_on(facts: Facts, index: Index) -> Iterator[str]:
    """Names of the old layer that a module outside it may hand on to files none of the needles is in."""
    from migrator.python.reading import fixture_names

    rules = index.names.rules
    called = {
        o.rpartition(".")[2] for of in (*(c.of for c in rules.calls), *(p.of for p in rules.promotes)) for o in of
    }
    if fixture_names.renamed(index, facts):
        yield facts.name  # as `pytest_plugins` spells it
    if index.tracked(facts.name):
        return
    yield from (n for n, url in facts.urls.items() if any(address_in(url, client) for client in rules.clients))
    yield from (name.partition(".")[0] for name, given in facts.gives.items() if index.names.is_module(given))
    modules = {module.old for module in rules.modules}
    old = {name: index.canonical(target) for name, target in facts.exports.items() if index.tracked(target)}
    if old or any(index.tracked(star) for star in facts.stars):
        yield "import *"
    for name, target in old.items():
        if name in facts.unused or target in modules or target.rpartition(".")[2] in called or index.names.fate(target):
            yield name
    for name, cls in facts.classes.items():
        above = {*index.lineage(f"{facts.name}.{name}"), *(index.canonical(t) for t in cls.members.values() if t)}
        whole = any(a in modules or index.names.is_module(a) for a in above)
        if whole or any(a.rpartition(".")[2] in called and index.tracked(a) for a in above):
            yield name


def _handing_answers(facts: Facts, index: Index) -> Iterator[str]:
    """Names of what hands answers of the old layer on, or reads keys of those that others give it."""
    from migrator.python import answers

    if not index.tracked(facts.name):
        yield from answers.handed_on(facts, index)


def _unparsed(error: SyntaxError | ValueError | RecursionError | MemoryError, text: str) -> _Unparsed:
    """Why a module cannot be parsed; syntax newer than this Python is told from a mistake."""
    if isinstance(error, RecursionError | MemoryError):  # CPython 3.11 runs out of "memory" on its own parser's stack
        return _Unparsed("nested too deeply to be parsed", may_run=True)
    if not isinstance(error, SyntaxError):
        return _Unparsed(f"cannot be parsed: {error}", may_run=False)
    from migrator.python.reading import newer

    if newer.parsed(text) is None:
        is_template = "{{" in text or "{%" in text
        return _Unparsed(f"line {error.lineno}: cannot be parsed: {error.msg}", may_run=is_template)
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    reason = f"line {error.lineno}: newer syntax than Python {running}, run migrate with a newer one: {error.msg}"
    return _Unparsed(reason, may_run=True)
