"""Statements taken out of scripts, with their lines and with the `if` that has nothing else to do."""

from __future__ import annotations

import re

from ast_grep_py import SgNode

from migrator.javascript.source import Script
from migrator.sites import Edit

_BLOCKS = frozenset({"program", "statement_block"})
_DOING = ("call_expression", "assignment_expression", "update_expression", "await_expression", "new_expression")
_REST = re.compile(r"[ \t]*(?:\r\n|\n|\r|\Z)")


def removal(script: Script, text: str, expression: SgNode) -> Edit | None:
    """The edit that takes out the statement that an expression is; None where it is only part of one."""
    statement = expression.parent()
    if statement is None or statement.kind() != "expression_statement":
        return None
    statement = _outermost(statement)
    start, end = script.start(statement), script.end(statement)
    block = statement.parent()
    if block is None or block.kind() not in _BLOCKS:
        return Edit(start, end, "{}")
    first = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    rest = _REST.match(text, end)
    if rest and not text[first:start].strip():
        last = rest.end() == len(text) and not text.endswith(("\n", "\r"))
        return Edit(len(text[:first].rstrip("\r\n")) if last else first, rest.end(), "")
    return Edit(start, end, "")


def does_nothing(expression: SgNode) -> bool:
    """Whether nobody misses an expression that is not worked out any more."""
    return expression.kind() not in _DOING and not any(expression.find(kind=kind) for kind in _DOING)


def _outermost(statement: SgNode) -> SgNode:
    """The statement, or the `if` around it that does nothing else."""
    block = statement.parent()
    alone = block is not None and block.kind() == "statement_block" and len(block.named_children()) == 1
    above = block.parent() if block and alone else block
    condition = above.field("condition") if above and above.kind() == "if_statement" else None
    if above is None or condition is None or above.field("alternative") or not does_nothing(condition):
        return statement
    around = above.parent()
    return _outermost(above) if around and around.kind() != "else_clause" else statement
