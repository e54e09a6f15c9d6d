"""Syntax of Python 3.12 and later, made readable for an older `ast` without moving a character.

`f"a {x["k"]!r} b"` becomes `(   x["k"]  ,   )`: the expressions stay where they are, everything around them turns to
white space, and the whole is a tuple. `type X[T] = list[T]` becomes `0  ; X    = list[T]`; the parameters of
`def f[T](x: T)` and `class C[T]` turn to white space, where they name nothing but builtins. So every node of the tree
stands where it stands in the real text.
"""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING

from migrator.line_ends import line_starts
from migrator.sites import Span

if TYPE_CHECKING:
    import libcst as cst

_DEEPEST = 200  # brackets within brackets that CPython's tokenizer takes; LibCST's parser has no limit but the stack


def parsed(text: str) -> cst.Module | None:
    """The module, where it is Python of any version that LibCST knows."""
    if _depth(text) > _DEEPEST:
        return None
    import libcst as cst

    try:
        return cst.parse_module(text)
    except (cst.ParserSyntaxError, RecursionError):
        return None


def _depth(text: str) -> int:
    """How deep brackets stand within brackets; those in strings count too, so it is an upper bound."""
    depth = deepest = 0
    for bracket in re.findall(r"[][(){}]", text):
        depth = depth + 1 if bracket in "([{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


def masked(text: str) -> tuple[str, list[Span]] | None:
    """The text with what is new masked, and where its f-strings stand; None where LibCST cannot parse it either."""
    module = parsed(text)
    if module is None:
        return None
    import libcst as cst
    from libcst.metadata import MetadataWrapper, PositionProvider

    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    starts = line_starts(text)
    characters = list(text)
    spans: list[Span] = []

    def span(node: cst.CSTNode) -> Span:
        place = positions[node]
        return starts[place.start.line - 1] + place.start.column, starts[place.end.line - 1] + place.end.column

    def blank(start: int, end: int) -> None:
        characters[start:end] = [c if c in "\r\n" else " " for c in characters[start:end]]

    class Masker(cst.CSTVisitor):
        def visit_ConcatenatedString(self, node: cst.ConcatenatedString) -> bool:
            if _holds_expression(node):
                self._mask(node)
            return False

        def visit_FormattedString(self, node: cst.FormattedString) -> bool:
            self._mask(node)
            return False

        def visit_TypeAlias(self, node: cst.TypeAlias) -> None:
            start, _ = span(node)
            characters[start : start + len("type")] = "0  ;"

        def visit_TypeParameters(self, node: cst.TypeParameters) -> bool:
            if not any(map(_says_more, node.params)):
                blank(*span(node))
            return False

        def _mask(self, node: cst.BaseExpression) -> None:
            start, end = span(node)
            spans.append((start, end))
            at = start
            for expression in _expressions(node):
                first, last = span(expression)
                blank(at, first)
                expression.visit(self)
                at = last
            blank(at, end)
            characters[start], characters[end - 1] = "(", ")"
            for expression in _expressions(node):
                characters[span(expression)[1]] = ","  # the place of `}`, `!r`, `:` or `=`

    wrapper.module.visit(Masker())
    return "".join(characters), spans


def _says_more(each: cst.TypeParam) -> bool:
    """Whether a parameter names anything but itself, and builtins as what bounds it."""
    import libcst as cst

    bound = each.param.bound if isinstance(each.param, cst.TypeVar) else None
    known = bound is None or (isinstance(bound, cst.Name) and hasattr(builtins, bound.value))
    return each.default is not None or not known


def _holds_expression(node: cst.BaseExpression) -> bool:
    return any(True for _ in _expressions(node))


def _expressions(node: cst.CSTNode) -> list[cst.BaseExpression]:
    """The outermost expressions of an f-string, of those in its format specs, and of all parts of a concatenation."""
    import libcst as cst

    if isinstance(node, cst.ConcatenatedString):
        return [*_expressions(node.left), *_expressions(node.right)]
    found: list[cst.BaseExpression] = []
    for part in getattr(node, "parts", None) or getattr(node, "format_spec", None) or ():
        if isinstance(part, cst.FormattedStringExpression):
            found += [part.expression, *_expressions(part)]
    return found
