"""Modules that a program generates: whatever has to do with a library that is left stays there, and is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrator.python.module import Module
from migrator.sites import Finding, Status


def unsaid(module: Module, findings: Iterable[Finding]) -> Iterator[Finding]:
    """A finding for each line that has a name of a library and none yet: such names only follow their imports."""
    if not module.facts.frozen or not module.names.rules.libraries:
        return
    told = {module.source.line_of(finding.start) for finding in findings}
    for reference in module.found.references:
        start = module.source.start(reference.nodes[0])
        line = module.source.line_of(start)
        meant = module.meaning(reference.parts, reference.scope)
        fate = module.names.fate(module.index.canonical(meant)) if meant and line not in told else None
        if fate:
            told.add(line)
            yield Finding(start, fate.rule, Status.REVIEW, f"{'.'.join(reference.parts)} stays, as its import does")
