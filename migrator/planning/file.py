"""One file of a plan: its findings, what becomes of its text, and whether the result may be written."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from migrator.fates.imported import Imported
from migrator.formats import Context, dependencies, format_of
from migrator.formats.cells import code_of
from migrator.formats.dependencies.scripts import lists_its_own
from migrator.formats.search import apply
from migrator.placing import File, Placed, place
from migrator.planning.agreeing import settled
from migrator.planning.candidates import Candidate, Candidates, language_of
from migrator.planning.clients.in_project import calls_library
from migrator.planning.distributions import Distributions
from migrator.planning.spoken import Read, Spoken, spoken
from migrator.planning.still_used import imported_by, left_by, lists_dependencies, with_own
from migrator.planning.task import Options
from migrator.python import rewrite
from migrator.python.library.staying import with_what_stays
from migrator.python.reading.index import Index
from migrator.python.reading.source import Source
from migrator.sites import Change, Finding, Kind, Problem, Site
from migrator.tree import project as tree
from migrator.tree.project import Project
from migrator.tree.textio import encode

if TYPE_CHECKING:
    from migrator.formats import Format


class Result(NamedTuple):
    """What planning makes of one file."""

    change: Change | None = None
    sites: tuple[Site, ...] = ()
    problem: Problem | None = None
    spoken: Spoken = Spoken()


def changes_of(results: Iterable[Result]) -> list[Change]:
    """The changes that planning made of files."""
    return [result.change for result in results if result.change]


class Known(NamedTuple):
    """What is known of each distribution, by its folder, and of the tree."""

    distributions: Distributions
    indexes: Mapping[str, Index]
    imported: Mapping[str, Imported]
    read: Read | None  # by the code afterwards; None where that is being worked out

    def index_of(self, path: str) -> Index:
        return self.indexes[self.distributions.of(path)]

    def imported_at(self, path: str) -> Imported:
        return self.imported[self.distributions.of(path)]


class Found(NamedTuple):
    """What is found in one file, with the name of its language; `validate` raises where a result is not valid."""

    language: str
    findings: list[Finding]
    validate: Callable[[str], object]


def planned(
    candidates: Candidates,
    known: Known,
    options: Options,
    moves: dict[str, str],
    path: str,
) -> Result:
    """The change and the sites of one file; a result that would not be valid is a problem and no change."""
    new_path = moves.get(path, path)
    candidate = candidates.by_path.get(path)
    if candidate is None:
        return _moved_only(candidates.project, path, new_path)
    index, used = known.index_of(path), known.imported_at(path)
    docs = index.names.rules.docs
    file = File(path, new_path, docs, options.safe_only, candidate.frozen, frozenset(docs), options.text)
    try:
        find = _of_python if path in candidates.facts else _of_format
        found = find(candidates, path, index, used, edit_prose=options.text)
        rules, document = index.names.rules, found.language in ("markdown", "rst", "text")
        findings = settled(path, candidate.text.text, found.findings, rules, known.read, document=document)
        placed = place(candidate.text.text, findings, file)
        after = _encoded(candidate, placed, found.validate)
        its = spoken(path, candidate.text.text, findings, rules, document=document)
    except RecursionError:
        return Result(problem=Problem(path, "left as it was: nested too deeply"))
    except (SyntaxError, ValueError) as error:
        return Result(problem=Problem(path, f"left as it was, the result would not be valid: {error}"))
    if after == candidate.data and path == new_path:
        return Result(sites=placed.sites, spoken=its)
    kind: Kind = "modify" if path == new_path else "rename"
    mode = tree.mode(candidates.project.root, path)
    change = Change(path, new_path, kind, found.language, placed.edits, candidate.data, after, mode)
    return Result(change, placed.sites, spoken=its)


def _encoded(candidate: Candidate, placed: Placed, validate: Callable[[str], object]) -> bytes:
    if placed.text == candidate.text.text:
        return candidate.data
    validate(placed.text)
    return encode(replace(candidate.text, text=placed.text))


def _moved_only(project: Project, path: str, new_path: str) -> Result:
    """A file of a folder that moves, with nothing in it to edit."""
    try:
        data = tree.read(project.root, path)
    except OSError as error:
        return Result(problem=Problem(path, error.strerror or str(error)))
    return Result(Change(path, new_path, "rename", language_of(path), 0, data, data, tree.mode(project.root, path)))


def _of_python(candidates: Candidates, path: str, index: Index, used: Imported, *, edit_prose: bool) -> Found:
    """What is found in a module of the tree."""
    text = candidates.by_path[path].text.text
    if index.names.keeps_library and calls_library(text):
        return Found("python", [], ast.parse)
    source, outline = candidates.tree(path)
    find = partial(rewrite.find, source, outline, candidates.facts[path], edit_prose=edit_prose)
    findings = with_what_stays(find, index)
    used, own = _used("python", path, text, findings, index, used)
    names = index.names.asking(used)
    docstrings = [(source.start(t.node), source.end(t.node)) for t in outline.texts if t.role == "docstring"]
    listed = dependencies.in_python(text, path, names, used, own.old, docstrings, edit_prose=edit_prose)
    valid = ast.parse if source.is_plain else Source  # what this Python could read it must be able to read again
    return Found("python", dependencies.joined(listed, findings, index.names), valid)


def _of_format(candidates: Candidates, path: str, index: Index, used: Imported, *, edit_prose: bool) -> Found:
    """What is found in a file of any other kind."""
    text = candidates.by_path[path].text.text
    format = format_of(path, text[:200])
    assert format is not None  # only Python has none
    in_snippet = partial(rewrite.find_in_snippet, index=index, edit_prose=edit_prose)
    context = Context(path, edit_prose, in_snippet, used)
    findings = format.find(text, index.names.asking(used), context)
    used, _ = _used(format.name, path, text, findings, index, used)
    if used != context.imported:
        findings = format.find(text, index.names.asking(used), replace(context, imported=used))
    return Found(format.name, findings, _validation(format, text))


def _used(
    language: str, path: str, text: str, findings: Iterable[Finding], index: Index, used: Imported
) -> tuple[Imported, Imported]:
    """What is imported where a file's commands and lists install it, and what of that the file itself imports.

    A script that lists what it needs is on its own; elsewhere what is `used` in its distribution counts as well.
    """
    if language == "notebook":
        own = _imported(text, findings, index, code_of) if findings else Imported()
        return with_own(used, own), own
    alone = language == "python" and lists_its_own(text)
    if language not in ("python", "script") or not (alone or dependencies.may_install(text)):
        return used, Imported()
    own = _imported(text, findings, index)
    if alone:
        return own, own
    return used if lists_dependencies(path) else left_by(used, _imported(text, (), index), own), own


def _imported(
    text: str, findings: Iterable[Finding], index: Index, code: Callable[[str], str] = lambda text: text
) -> Imported:
    """What a file imports itself afterwards; `code` takes that which is code out of its text."""
    return imported_by([code(apply(text, findings)).encode()], index.names.rules, index.names.client)


def _validation(format: Format, before: str) -> Callable[[str], object]:
    """A result must be valid only where the text was."""
    try:
        format.validate(before)
    except ValueError:
        return lambda _text: None
    return format.validate
