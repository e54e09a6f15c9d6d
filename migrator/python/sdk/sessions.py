"""Sessions that are made with the address that is left, and the paths that they are asked for."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cached_property

from migrator.patterns import under
from migrator.python.reading.addresses import ASKING
from migrator.python.reading.expressions import callee_of
from migrator.python.reading.outline import Variable
from migrator.python.reading.scopes import Scope
from migrator.python.sdk.pieces import COMPUTED, together
from migrator.python.sdk.writer import Writer, named

_WITH_METHOD = ("request", "stream")  # what is given a method first
_GIVEN_FIRST = ("ClientSession", "BaseUrlSession")
_AT_HAND = (ast.Attribute, ast.withitem, ast.Compare, ast.If, ast.UnaryOp, ast.Delete)  # what hands nothing on


class Sessions:
    """The sessions of one module; `is_address` says whether an expression is the address, or leads to it."""

    def __init__(self, writer: Writer, is_address: Callable[[ast.expr], bool]) -> None:
        self.writer, self.variables, self.is_address = writer, writer.module.variables, is_address

    def makes(self, node: ast.expr) -> bool:
        """Whether an expression makes a session at the address."""
        base = base_of(node) if isinstance(node, ast.Call) else None
        return base is not None and self.is_address(base)

    @cached_property
    def paths(self) -> list[tuple[ast.expr, str]]:
        """The paths that sessions are given, computed ones as well, and their texts: `session.post("/embeddings")`."""
        return [path for _, path in self._asked if path]

    @cached_property
    def asked(self) -> dict[int, list[ast.expr | None]]:
        """The paths that each session is asked for, by the id of what makes it; None for what is no path."""
        found: dict[int, list[ast.expr | None]] = {}
        for session, path in self._asked:
            found.setdefault(id(session), []).append(path[0] if path else None)
        return found

    @cached_property
    def own(self) -> set[int]:
        """The ids of the sessions that their module alone asks: they are not given to calls, returned or imported."""
        held: dict[int, list[Variable]] = {}
        for variable, made in self.held.items():
            held.setdefault(id(made), []).append(variable)
        return {id(session) for session in self.made if self._is_own(session, held.get(id(session), []))}

    def _is_own(self, session: ast.Call, variables: list[Variable]) -> bool:
        above = self.writer.module.source.parents.get(id(session))
        return all(map(self._is_kept, variables)) if variables else isinstance(above, ast.Attribute)

    def _is_kept(self, variable: Variable) -> bool:
        its = variable.holder.node
        if its is self.writer.module.source.tree:
            return not self._is_imported(variable.name) and self._stays_here(variable)
        taken = isinstance(its, ast.ClassDef) and (self._is_inherited(its.name) or self._is_asked(variable.name))
        return self._stays_here(variable) and not taken

    def _stays_here(self, variable: Variable) -> bool:
        parents = self.writer.module.source.parents
        return all(
            isinstance(parents.get(id(node)), _AT_HAND) or isinstance(getattr(node, "ctx", None), ast.Store)
            for node in self.variables.uses(variable)
        )

    def _is_imported(self, name: str) -> bool:
        index, facts = self.writer.module.index, self.writer.module.facts
        return facts.path in index.by_path and index.is_taken(facts, name)

    def _is_inherited(self, name: str) -> bool:
        modules = self.writer.module.index.by_path.values()
        return any(name == base.rpartition(".")[2] for facts in modules for base in facts.inherited)

    def _is_asked(self, name: str) -> bool:
        """Whether a module that imports this one asks something by the name of an attribute: `admin.http.get(…)`."""
        facts = self.writer.module.facts
        others = (each for each in self.writer.module.index.by_path.values() if each.path != facts.path)
        return any(
            name in each.asked and any(under(m, own) for m in each.mentioned for own in facts.names) for each in others
        )

    @cached_property
    def made(self) -> list[ast.Call]:
        """The calls that make sessions."""
        calls = self.writer.module.found.calls
        return [call for call, scope in calls if self.makes(call) and not self.writer.makes_new(call, scope)]

    @cached_property
    def _asked(self) -> list[tuple[ast.Call, tuple[ast.expr, str] | None]]:
        return [
            (session, self._path(call))
            for call, scope in self.writer.module.found.calls
            if isinstance(call.func, ast.Attribute) and call.func.attr in ASKING
            if (session := self._session(call.func.value, scope)) is not None
        ]

    def _session(self, asked: ast.expr, scope: Scope) -> ast.Call | None:
        """What makes the session that is asked."""
        variable = self.variables.of(asked)
        session = asked if self.makes(asked) else self.held.get(variable) if variable else None
        return session if isinstance(session, ast.Call) and not self.writer.makes_new(session, scope) else None

    def _path(self, call: ast.Call) -> tuple[ast.expr, str] | None:
        """The path that a call asks for, which stands behind the method where that is given; None for a whole URL."""
        assert isinstance(call.func, ast.Attribute)
        given = call.args[1:2] if call.func.attr in _WITH_METHOD else call.args[:1]
        node = next(iter(given), None) or named(call).get("url")
        path = together(node) if node is not None else "://"
        return (node, path) if node is not None and "://" not in path and not path.startswith(f"{COMPUTED}/") else None

    @cached_property
    def held(self) -> dict[Variable, ast.expr]:
        """What makes a session at the address, by the variable that is given nothing else."""
        found: dict[Variable, ast.expr] = {}
        others, again = set[Variable](), list[tuple[Variable, Variable]]()
        for node in self.writer.module.source.nodes:
            held = [(node.optional_vars, node.context_expr)] if isinstance(node, ast.withitem) else []
            if isinstance(node, ast.Assign):
                held = [(target, node.value) for target in node.targets]
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                held = [(node.target, node.value)]
            for target, value in held:
                variable = self.variables.of(target) if target is not None else None
                if variable and self.makes(value):
                    found[variable] = value
                elif variable and isinstance(node, ast.withitem) and (session := self.variables.of(value)):
                    again.append((variable, session))
                elif variable:
                    others.add(variable)
        for variable, session in again:  # `with session as client`
            made = found.get(session) if session not in others else None
            if made is None or found.setdefault(variable, made) is not made:
                others.add(variable)
        return {variable: value for variable, value in found.items() if variable not in others}


def base_of(node: ast.Call | ast.Dict) -> ast.expr | None:
    """The address that a session is given: by its name, or first where it is one of aiohttp's or of a toolbelt's."""
    begun = node.args[:1] if isinstance(node, ast.Call) and callee_of(node) in _GIVEN_FIRST else []
    return named(node).get("base_url") or next(iter(begun), None)
