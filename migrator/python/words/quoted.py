"""Texts that begin as a library's errors do in print: those of what takes its place say other things."""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase

from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of
from migrator.sites import Finding, Status

# What is given a text to show: the project's own words, which follow its own names.
_SHOWS = {"critical", "debug", "echo", "error", "exception", "info", "log", "print", "warn", "warning", "write"}


def as_quoted(module: Module, node: ast.expr, finding: Finding) -> Finding:
    """The finding of a name in a literal, by hand where the literal quotes an error, as in `"litellm.Timeout: …"`."""
    edit = finding.edits[0]
    name = module.source.text[edit.start : edit.end]
    raised = [each for rule in module.names.rules.answers for each in rule.raised]
    if module.source.text[edit.end : edit.end + 2] != ": " or not _is_any(name.rpartition(".")[2], raised):
        return finding
    call = module.call_given(node)
    if call is not None and callee_of(call) in _SHOWS:
        return finding
    library = name.partition(".")[0]
    said = f"{name}: {library} begins the text of an error so, nothing else does: look at its class, or its status_code"
    return Finding(finding.start, finding.rule, Status.MANUAL, said)


def _is_any(name: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(name, each) for each in patterns)
