"""Words that name the old layer in scripts: prose in comments and on pages, and never edited in code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from migrator.javascript.source import scripts, within
from migrator.sites import Finding

_ASKED = "; edited only with --text"


def in_code(found: Iterable[Finding], text: str, path: str) -> Iterator[Finding]:
    """The findings of a script, with mentions in its code left without an edit."""
    programs = scripts(text, path)
    code = [(program.offset, program.end(program.root)) for program in programs]
    prose = [(p.start(n), p.end(n)) for p in programs if p.fault() is None for n in p.all("comment", "jsx_text")]
    for finding in found:
        if finding.prose and within(finding.start, code) and not within(finding.start, prose):
            said = finding.message.replace("prose: ", "in code: ").removesuffix(_ASKED)
            finding = replace(finding, message=f"{said}; never edited", edits=())
        yield finding
