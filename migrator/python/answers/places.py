"""Where expressions stand, also inside f-strings, where CPython before 3.12 misplaces them."""

from __future__ import annotations

import ast

from migrator.python.answers.view import View


class Places:
    """The places of the nodes of a module, as offsets in its text; None for what cannot be found."""

    def __init__(self, at: View) -> None:
        self.at, self.source = at, at.module.source
        self._shifts: dict[int, int | None] = {}  # id of a formatted value -> how far it is from where it is said to be

    def span(self, node: ast.expr) -> tuple[int, int] | None:
        """Start and end of an expression."""
        shift = 0
        for above in self.at.notes.above(node):
            if isinstance(above, ast.JoinedStr):
                shift_ = self._shift(above, node)
                if shift_ is None:
                    return None
                shift = shift_
                break
        return self.source.start(node) + shift, self.source.end(node) + shift

    def quote(self, node: ast.expr) -> str:
        """The sign to put a text in quotes with where an expression stands."""
        above = next((a for a in self.at.notes.above(node) if isinstance(a, ast.JoinedStr)), None)
        return "'" if above and self.source.segment(above).lstrip("rRfF").startswith('"') else '"'

    def _shift(self, joined: ast.JoinedStr, node: ast.expr) -> int | None:
        inside = [v for v in joined.values if isinstance(v, ast.FormattedValue)]
        formatted = next((v for v in inside if self.at.notes.is_within(node, v)), None)
        if formatted is None or not self.at.notes.is_within(node, formatted.value):
            return None
        if id(formatted) not in self._shifts:
            self._place(joined, inside)
        return self._shifts[id(formatted)]

    def _place(self, joined: ast.JoinedStr, inside: list[ast.FormattedValue]) -> None:
        """Find each formatted value of an f-string, in the order they stand in."""
        end, at = self.source.end(joined), self.source.start(joined)
        for formatted in inside:
            self._shifts[id(formatted)] = None
            start, stop = self.source.start(formatted.value), self.source.end(formatted.value)
            text = self.source.text[start:stop]
            if not _is(text, formatted.value):
                continue
            found = self.source.text.find(text, at, end)
            if found < 0:
                continue
            self._shifts[id(formatted)] = found - start
            at = found + len(text)


def _is(text: str, node: ast.expr) -> bool:
    try:
        return ast.dump(ast.parse(f"({text})", mode="eval").body) == ast.dump(node)
    except (SyntaxError, ValueError):
        return False
