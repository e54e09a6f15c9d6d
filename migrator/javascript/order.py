"""Whether a statement runs wherever another one does that puts something into the same headers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from ast_grep_py import SgNode

from migrator.javascript.scopes import FUNCTIONS, Binding
from migrator.javascript.source import Script, span
from migrator.javascript.standing import MEMBERS, NAMES

Holder = tuple[int, int] | str
"""Where a variable is declared, or the text of what is none of the script's."""

_BLOCKS = frozenset({"program", "statement_block", "switch_case", "switch_default"})
_CHOOSING = frozenset(
    {
        "arrow_function",
        "binary_expression",
        "do_statement",
        "else_clause",
        "for_in_statement",
        "for_statement",
        "if_statement",
        "ternary_expression",
        "while_statement",
    }
)
_LEAVING = ("break_statement", "continue_statement", "return_statement", "yield_expression")


class Order:
    """The order of what one script does with headers; `puts` are the headers and the statements that put into them."""

    def __init__(self, script: Script, puts: Iterable[tuple[SgNode, SgNode]]) -> None:
        self.script = script
        self.puts = {span(each) for pair in puts for each in pair}

    def holder(self, node: SgNode) -> Holder:
        """What headers are kept in."""
        binding = self._binding(node)
        return binding.key if binding else node.text()

    def runs(self, put: SgNode, owner: SgNode, place: SgNode) -> bool:
        """Whether something is put into headers wherever they are used that another statement, a `place`, is about.

        It stands in the same block as the place, or in one around it. After the place, nothing uses the headers in
        between, and nothing leaves: a function at least that has them for itself may be left.
        """
        if next(_blocks(put)) not in _blocks(place):
            return False
        first, last = place.range().end.index, put.range().start.index
        if last <= first:
            return True
        binding, holder, function = self._binding(owner), self.holder(owner), _function(place)
        is_local = binding is not None and _function(binding.node) is not None
        leaving = self.script.all(*_LEAVING[: 2 if is_local else None])
        left = (each.range().start.index for each in leaving if _function(each) == function)
        used = (*self._uses.get(holder, ()), *(self._calls if isinstance(holder, str) else ()))
        return not any(first <= each < last for each in (*used, *left))

    def _binding(self, node: SgNode) -> Binding | None:
        return self.script.scopes.resolve(node) if node.kind() in NAMES else None

    @cached_property
    def _uses(self) -> dict[Holder, list[int]]:
        """Where headers are used, but for what puts something into them."""
        found: dict[Holder, list[int]] = {}
        for node in self.script.all(*NAMES, *MEMBERS):
            if span(node) not in self.puts:
                found.setdefault(self.holder(node), []).append(node.range().start.index)
        return found

    @cached_property
    def _calls(self) -> list[int]:
        """The calls that may use headers which are kept somewhere, but for what puts something into such."""
        calls = self.script.all("call_expression")
        return [node.range().start.index for node in calls if span(node) not in self.puts]


def _blocks(node: SgNode) -> Iterator[tuple[int, int, str]]:
    """The blocks that a statement is in, the innermost one first; what is chosen without braces is one of its own."""
    for above in node.ancestors():
        if above.kind() in _BLOCKS:
            yield span(above)
        elif above.kind() in _CHOOSING:
            yield span(node)
        node = above


def _function(node: SgNode) -> tuple[int, int, str] | None:
    return next((span(each) for each in node.ancestors() if each.kind() in FUNCTIONS), None)
