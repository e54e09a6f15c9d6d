"""The model of a call: whether its id is known, is replaced where it stands, or has to be mapped at run time."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from migrator.clients.ids import Ids
from migrator.python.direct.request import NotKnownError
from migrator.python.direct.values import Values
from migrator.python.reading.expressions import outcomes, text_value

_PLACEHOLDER = re.compile(r"[^/]*[{<$%\[]")  # what is filled in later stands where the provider would: `{model}`


class Models:
    """Asked of the calls of one module; `settles` is whether an id, or its beginning, is replaced where it stands."""

    def __init__(self, ids: Ids, settles: Callable[[str], bool], values: Values) -> None:
        self.ids, self.settles, self.values = ids, settles, values

    def served(self, text: str) -> str:
        """What an id becomes. Raises NotKnownError for one that the target does not serve."""
        new = self.ids.new(text)
        if new is None:
            raise NotKnownError(f"{text}: {self.ids.table.unserved_note}")
        return new

    def text(self, node: ast.expr) -> str | None:
        """The id that an expression comes to; None where only run time knows it, or what fills in a template."""
        text = self.values.text(node)
        return None if text is not None and _PLACEHOLDER.match(text) else text

    def are_settled(self, node: ast.expr) -> bool:
        """Whether everything an expression comes to is an id of the target's, or will be."""
        return all(map(self._is_settled, outcomes(node)))

    def are_told(self, node: ast.expr) -> bool:
        """Whether everything an expression comes to is a text that is known."""
        return all(o is not None and self.text(o) is not None for o in outcomes(node))

    def _is_settled(self, node: ast.expr | None) -> bool:
        """Whether an expression is an id of the gateway's, or will be: literals become what they are there in place."""
        text = self.text(node) if node else None
        if text is not None:
            return self.served(text) == text or (isinstance(node, ast.Constant) and self.settles(text))
        start = _beginning(node)
        if self.ids.beginning(start) is None:
            raise NotKnownError(f"{start}…: {self.ids.table.unserved_note}")
        ends = (*self.ids.unserved, *self.ids.models, *(f"{provider}/" for provider in self.ids.table.strip))
        depends = "/" not in start or any(end.startswith(start) or start.startswith(end) for end in ends)
        return not depends and (self.ids.beginning(start) == start or self.settles(start))


def _beginning(node: ast.expr | None) -> str:
    """The text that an f-string or a sum begins with."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        node = node.left
    return text_value(node.values[0] if isinstance(node, ast.JoinedStr) and node.values else node) or ""
