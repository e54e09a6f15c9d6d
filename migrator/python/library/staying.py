"""Findings for the sake of which everything of a library in their module stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.packs.ruleset import Rules
from migrator.python.direct.plan import DIRECT_ONLY
from migrator.python.library.uses import SEVERAL
from migrator.sites import Finding, Status

_WHY = {DIRECT_ONLY: f"with the calls that stay, {DIRECT_ONLY}", SEVERAL: f"with a name that {SEVERAL}"}


def standing(findings: Sequence[Finding], rules: Rules) -> tuple[list[Finding], str]:
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
