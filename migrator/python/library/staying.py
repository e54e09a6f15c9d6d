"""Findings for the sake of which everything of a library in their module stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from migrator.packs.ruleset import Rules
from migrator.python.direct.plan import DIRECT_ONLY
from migrator.python.library.uses import SEVERAL
from migrator.python.reading.index import Index
from migrator.sites import Finding, Status

_WHY = {DIRECT_ONLY: f"with the calls that stay, {DIRECT_ONLY}", SEVERAL: f"with a name that {SEVERAL}"}


def with_what_stays(find: Callable[[Index], list[Finding]], index: Index) -> list[Finding]:
    """What is found in a module, where all of a library stays if a call of it does, or a name for it."""
    findings = find(index)
    left, why = _standing(findings, index.names.rules)
    if not left:
        return findings
    told = {(f.start, f.rule) for f in left}
    return [*left, *(f for f in find(index.holding(why)) if (f.start, f.rule) not in told)]


def _standing(findings: Sequence[Finding], rules: Rules) -> tuple[list[Finding], str]:
    """Those that say of a call, or of a name for the library, that it stays, and why the rest has to; none where not.

    The rest are errors, settings or answers, which would no longer be those of what stays.
    """
    for said, why in _WHY.items():
        left = [f for f in findings if f.status is Status.MANUAL and said in f.message]
        if left and _goes_with_calls(findings, rules):
            return left, why
    return [], ""


def _goes_with_calls(findings: Iterable[Finding], rules: Rules) -> bool:
    """Whether a module has errors, settings or answers edited, which would no longer be those of a call that stays."""
    calls = {r.id for r in rules.moved if r.to == "{client}"} | {library.id for library in rules.libraries}
    theirs = {r.id for r in rules.moved} | {r.id for r in rules.needless} | {r.id for r in rules.answers}
    return any(f.edits and f.rule in theirs - calls for f in findings)
