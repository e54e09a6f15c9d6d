"""Ids of models that calls have from a variable which holds nothing else: `MODEL = "gpt-4o"`."""

from __future__ import annotations

import ast
from collections.abc import Callable

from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, text_value

_SHOWS = {"critical", "debug", "echo", "error", "exception", "info", "log", "print", "warn", "warning"}


class Constants:
    """The variables of one module that hold an id."""

    def __init__(self, module: Module) -> None:
        self.module, self.variables = module, module.variables

    def held(self, model: ast.expr, same: Callable[[ast.Call], bool]) -> ast.expr | None:
        """The text that a variable is given once, where it is shown at most and else asked for by calls of the `same`.

        None for any other: whatever else reads it may know the id as it is.
        """
        variable = self.variables.of(model) if isinstance(model, ast.Name) else None
        value = self.variables.value(model) if variable else None
        text = text_value(value)
        if variable is None or text is None or text.startswith("@") or self.module.values.given(model):
            return None  # an id with a slug is found wherever it stands
        if isinstance(variable.holder.node, ast.Module) and self._is_shared(variable.name):
            return None
        reads = (use for use in self.variables.uses(variable) if isinstance(getattr(use, "ctx", None), ast.Load))
        return value if all(self._is_asked_for(read, same) or self._is_shown(read) for read in reads) else None

    def is_global(self, held: ast.expr | None) -> bool:
        """Whether a text is that of a variable of the module itself."""
        assigned = self.module.source.parents.get(id(held))
        return isinstance(self.module.source.parents.get(id(assigned)), ast.Module)

    def _is_asked_for(self, read: ast.expr, same: Callable[[ast.Call], bool]) -> bool:
        keyword = self.module.source.parents.get(id(read))
        call = self.module.source.parents.get(id(keyword))
        return isinstance(keyword, ast.keyword) and keyword.arg == "model" and isinstance(call, ast.Call) and same(call)

    def _is_shown(self, read: ast.expr) -> bool:
        around = self.module.source.above(read)
        above = next((each for each in around if not isinstance(each, ast.FormattedValue | ast.JoinedStr)), None)
        return isinstance(above, ast.Call) and callee_of(above) in _SHOWS

    def _is_shared(self, name: str) -> bool:
        """Whether another module has the constant by its name, or has the names of this one with a star."""
        facts = self.module.facts
        dotted = {f"{own}.{name}" for own in facts.names}
        others = (each for each in self.module.index.by_path.values() if each.path != facts.path)
        return any(
            dotted & each.mentioned
            or {*each.stars} & {*facts.names}
            or any(dotted & own for own in each.bound.values())
            for each in others
        )
