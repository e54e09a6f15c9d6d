"""Findings about parts of one expression, which are edited together."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.sites import Edit, Finding, Status


def joined(findings: list[Finding]) -> Iterator[Finding]:
    """Findings that insert at one place belong together: `getattr(getattr(a, …), …)`, the outer one comes first."""
    groups: list[list[Finding]] = []
    at: dict[int, list[Finding]] = {}
    for finding in findings:
        starts = [e.start for e in finding.edits if e.start == e.end]
        group = next((at[s] for s in starts if s in at), None)
        if group is None:
            group = []
            groups.append(group)
        group.append(finding)
        at.update((s, group) for s in starts)
    for group in groups:
        inserted: dict[int, str] = {}
        edits: list[Edit] = []
        for finding in group:
            for edit in finding.edits:
                if edit.start == edit.end:
                    inserted[edit.start] = inserted.get(edit.start, "") + edit.text
                else:
                    edits.append(edit)
        edits += [Edit(start, start, text) for start, text in inserted.items()]
        status = Status.REVIEW if any(f.status is Status.REVIEW for f in group) else group[0].status
        message = "; ".join(dict.fromkeys(f.message for f in reversed(group)))
        yield Finding(group[-1].start, group[0].rule, status, message, tuple(sorted(edits)))
