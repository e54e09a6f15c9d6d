"""Everything Python in one call: what to edit in a module so that it speaks of the new layer only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from migrator.patterns import under
from migrator.python import answers, calls, routing, unknown, uses
from migrator.python.importing import expected, imports, left, repeated, shim
from migrator.python.importing import tidy as tidy_imports
from migrator.python.library import fitting, unnamed
from migrator.python.library import uses as library
from migrator.python.models import ids as model_ids
from migrator.python.module import Module
from migrator.python.reading import generated
from migrator.python.reading.facts import Facts, package_of
from migrator.python.reading.getters import NOTHING_TOLD
from migrator.python.reading.index import Index
from migrator.python.reading.outline import Outline
from migrator.python.reading.roots import module_names
from migrator.python.reading.source import Source
from migrator.python.reading.survey import facts_of
from migrator.python.reading.takers import takers
from migrator.python.reading.walk import outline
from migrator.python.sdk import clients
from migrator.python.words import fields, fixtures, gone, notes, settings, texts
from migrator.sites import Edit, Finding


def read(
    text: str, path: str, names: tuple[str, ...], told: Mapping[str, str] = NOTHING_TOLD, *, frozen: bool = False
) -> tuple[Source, Outline, Facts]:
    """Parse a module and take down its facts; `told` is what functions of others give, by what they are called here.

    Raises SyntaxError, ValueError or RecursionError as `ast.parse` does.
    """
    source, found = parsed(text, path, names, told)
    return source, found, facts_of(path, names, found, text, told, frozen=frozen)


def parsed(
    text: str, path: str, names: tuple[str, ...], told: Mapping[str, str] = NOTHING_TOLD
) -> tuple[Source, Outline]:
    """Parse a module whose facts are there already, or not needed. Raises what `read` does."""
    source = Source(text)
    return source, outline(source.tree, names[0], package_of(names[0], path.endswith("__init__.py")), told)


def find(source: Source, found: Outline, facts: Facts, index: Index, *, edit_prose: bool = False) -> list[Finding]:
    """All findings of a module, in the order of the text; an edit inside another one's is left to that one."""
    module = Module(source, found, facts, index, edit_prose)
    if any(under(name, left.module) for name in facts.names for left in index.names.rules.libraries):
        flags = {flag.id for flag in index.names.rules.flags}  # the library itself, as a copy in the tree
        told = [*uses.find(module), *uses.flagged_imports(module)] if flags else []
        return without_overlaps([finding for finding in told if finding.rule in flags])
    rewriters = (shim, imports, uses, answers, calls, routing, notes, settings, fixtures, texts, model_ids, unknown)
    findings = [*clients.find(module), *unnamed.find(module), *fitting.find(module)]
    findings += [*gone.find(module), *fields.find(module)]
    findings += library.prepare(module)
    findings += [f for rewriter in rewriters for f in rewriter.find(module)]
    findings += uses.flagged_imports(module)
    settled = without_overlaps(list(expected.hold(module, findings)))
    settled += generated.unsaid(module, settled)
    if not index.names.rules.libraries:
        return settled
    settled += left.find(module, settled)
    return repeated.once(module, tidy_imports.tidied(module, settled))


def find_in_snippet(text: str, index: Index, *, edit_prose: bool = False) -> list[Finding]:
    """The findings of a piece of Python that belongs to no file, such as a fence in a document."""
    path, names = "snippet.py", module_names("snippet.py", {"": ()})
    source, found, facts = read(text, path, names)
    if told := takers(index).told(facts):
        source, found, facts = read(text, path, names, told)
    return find(source, found, facts, index, edit_prose=edit_prose)


def without_overlaps(findings: list[Finding]) -> list[Finding]:
    """Drop what a larger edit replaces anyway, such as a renamed variable inside an argument that goes.

    Of two findings that would edit the same characters the first rewriter's stays; a finding keeps its other edits.
    What is taken out behind something that goes as well begins where that ends.
    """
    outer = _outermost(e for f in findings for e in f.edits)
    taken: set[object] = set()
    kept = []
    for finding in findings:
        edits = [e for e in finding.edits if (e.start, e.end) not in taken and not _inside(e.start, e.end, outer)]
        places = {(e.start, e.end) for e in edits if e.end > e.start}
        if edits and all(e.start == e.end for e in finding.edits):
            places = {(finding.start, finding.start)}  # it only adds something elsewhere
        reported = set() if finding.edits else {(finding.start, finding.rule)}
        marks: set[object] = {*places, *reported.difference(taken)}
        replaced = _inside(finding.start, finding.start, outer)
        if marks and (not replaced or any(start <= finding.start < end for start, end in places)):
            taken |= marks
            kept.append(replace(finding, edits=tuple(edits)))
    later = _later(e for f in kept for e in f.edits)
    kept = [replace(f, edits=tuple(later.get(e, e) for e in f.edits)) for f in kept] if later else kept
    return sorted(kept, key=lambda f: (f.start, f.rule))


def _later(edits: Iterable[Edit]) -> dict[Edit, Edit]:
    """What only takes out, and overlaps the end of such another one, with what is left to it."""
    cuts = sorted({edit for edit in edits if edit.end > edit.start and not edit.text})
    return {b: replace(b, start=a.end) for a, b in pairwise(cuts) if a.start < b.start < a.end < b.end}


def _outermost(edits: Iterable[Edit]) -> list[tuple[int, int]]:
    """The spans that lie inside no other one, sorted."""
    outer: list[tuple[int, int]] = []
    for start, negative_end in sorted({(e.start, -e.end) for e in edits if e.end > e.start}):
        if not outer or start >= outer[-1][1]:
            outer.append((start, -negative_end))
    return outer


def _inside(start: int, end: int, outer: list[tuple[int, int]]) -> bool:
    """Whether a span lies inside another one of `outer`; a mere place does not where the other begins."""
    index = bisect_right(outer, (start, float("inf"))) - 1
    if index < 0:
        return False
    whole_start, whole_end = outer[index]
    if start == end:
        return whole_start < start < whole_end
    return end <= whole_end and (start, end) != outer[index]
