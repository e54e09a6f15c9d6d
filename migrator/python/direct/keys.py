"""All keys of a dict that a call is given with `**`, where the module shows everything that is put into it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from migrator.python.direct.looks import is_look, is_sieve, is_stored, items_of, joined
from migrator.python.direct.returned import Returned, returned
from migrator.python.direct.values import Values, is_any_dict
from migrator.python.module import Module
from migrator.python.reading.expressions import Parts, parts_of, root_of, text_value
from migrator.python.reading.laid_out import LaidOut
from migrator.python.reading.outline import Reference, Variable
from migrator.python.reading.scopes import FunctionNode, Scope

_LOOKS = {"get", "keys", "values", "items", "copy", "pop", "clear"}  # methods that put nothing into a dict
_COPIES = {"copy.copy", "copy.deepcopy"}


class UnseenError(Exception):
    """Why the keys of a dict are not all known."""


class Key(NamedTuple):
    """One key that a dict may have, and what it is given: None for what is worked out of what was there before.

    `at` is where it is put there: the key of a display, a keyword, an assignment, a call of `setdefault`; `within` is
    the display or the call that holds it, or the assignment again. With `sieved` it is left out where it is None.
    """

    name: str
    value: ast.expr | None
    at: ast.AST
    within: ast.AST
    sieved: bool = False


class Keys(NamedTuple):
    """The keys of a dict, a key as often as it is given something; `alone` where nothing else looks at the dict."""

    given: tuple[Key, ...]
    alone: bool


class Reader:
    """Reads the dicts of one module."""

    def __init__(self, module: Module, values: Values, laid_out: LaidOut, is_shared: Callable[[str], bool]) -> None:
        """`is_shared` is whether other modules know a name at the top of the module."""
        self.module, self.values, self.laid_out, self.is_shared = module, values, laid_out, is_shared

    def keys(self, node: ast.expr) -> Keys:
        """What a dict after `**` can have. Raises UnseenError where something may be put into it out of sight."""
        reading = _Reading(self)
        given = tuple(reading.of(node))
        if reading.unseen:
            raise UnseenError(reading.unseen)
        return Keys(given, not reading.others)

    def seen(self, node: ast.expr) -> Iterator[Key]:
        """What is seen of a dict after `**`, whatever else may be put into it."""
        return _Reading(self).of(node)

    @cached_property
    def uses(self) -> dict[Variable, list[Reference]]:
        """Where each name is used."""
        found: dict[Variable, list[Reference]] = {}
        for reference in self.module.found.references:
            if variable := self.module.found.variable(reference.nodes[0]):
                found.setdefault(variable, []).append(reference)
        return found

    def returned(self, call: ast.Call) -> Returned | None:
        """What a call gives of a function of the module that is in sight."""
        parts, scope = parts_of(call.func), self.module.found.scope_of(call.func)
        return returned(self.module, parts, scope) if scope else None

    def is_called_once(self, function: ast.FunctionDef) -> bool:
        """Whether nothing but one call in the module knows a function."""
        named = [r for r in self.module.found.references if r.parts[-1] == function.name]
        hidden = function.name.startswith("_") or not self.is_shared(function.name)
        return len(named) == 1 and hidden

    def is_any(self, node: ast.expr) -> bool:
        """Whether a type checker takes the values of a dict as they are: annotations say that they may be anything."""
        if isinstance(node, ast.Call):
            made = self.returned(node)
            return made is not None and is_any_dict(made.function.returns)
        variable = self.module.found.variable(node) if isinstance(node, ast.Name) else None
        uses = self.uses[variable] if variable else []
        stores = (self.module.source.parents[id(use.nodes[0])] for use in uses if is_stored(use))
        calls = [s.value for s in stores if isinstance(s, ast.Assign) and isinstance(s.value, ast.Call)]
        return self.values.is_any_dict(node) or (bool(calls) and all(map(self.is_any, calls)))


class _Reading:
    """One dict, and those that it is made of."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.module, self.parents = reader, reader.module, reader.module.source.parents
        self.seen = set[Variable]()
        self.made = set[int]()  # functions whose dict this one is, by the id of their node
        self.taken = set[int]()  # names, by the id of their node, whose dict this one is or takes over
        self.others = False  # whether more than one call, or anything else, is given one of these dicts
        self.unseen = ""  # why not all keys are known, if they are not

    def of(self, node: ast.expr) -> Iterator[Key]:
        match node:
            case ast.Dict():
                yield from self._display(node)
            case ast.Call() if len(node.args) < 2 and self._makes_dict(node.func):
                for argument in node.args:
                    yield from self.of(argument)
                yield from self._keywords(node)
            case ast.Call(func=ast.Attribute(value=copied, attr="copy"), args=[], keywords=[]):
                yield from self.of(copied)
            case ast.BinOp(op=ast.BitOr()):
                yield from (*self.of(node.left), *self.of(node.right))
            case ast.IfExp():
                yield from (*self.of(node.body), *self.of(node.orelse))
            case ast.BoolOp(op=ast.Or()):
                for value in node.values:
                    yield from self.of(value)
            case ast.DictComp(generators=[ast.comprehension() as over]):
                yield from self._filtered(node, over)
            case ast.Name():
                yield from self._variable(node)
            case ast.Constant(value=None):
                pass  # no dict yet, or none at all, which a call cannot be given
            case ast.Call() if made := self.reader.returned(node):
                yield from self._returned(made)
            case _:
                self._miss(f"what {ast.unparse(node)[:40]} holds is not in sight")
                yield from (Key(*entry) for entry in self.reader.laid_out.items(node))

    def _returned(self, made: Returned) -> Iterator[Key]:
        self.others |= made.inherited or not self.reader.is_called_once(made.function)
        if id(made.function) in self.made:
            self._miss(f"{made.function.name} makes it twice")
            return
        self.made.add(id(made.function))
        self.taken |= {id(each) for value in made.values for each in joined(value)}
        for value in made.values:
            yield from self.of(value)

    def _display(self, node: ast.Dict) -> Iterator[Key]:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                yield from self.of(value)
            elif name := text_value(key):
                yield Key(name, value, key, node)
            else:
                self._miss(f"{ast.unparse(key)} is a key that only run time knows")

    def _makes_dict(self, func: ast.expr) -> bool:
        """Whether a function is `dict`, or copies one."""
        parts, scope = parts_of(func), self.module.found.scope_of(func)
        if scope is None:
            return False
        return scope.lookup("dict") is None if parts == ("dict",) else self._means(parts, scope) in _COPIES

    def _means(self, parts: Parts, scope: Scope) -> str | None:
        return self.module.meaning(parts, scope)

    def _keywords(self, call: ast.Call) -> Iterator[Key]:
        for keyword in call.keywords:
            if keyword.arg is None:
                yield from self.of(keyword.value)
            else:
                yield Key(keyword.arg, keyword.value, keyword, call)

    def _filtered(self, node: ast.DictComp, over: ast.comprehension) -> Iterator[Key]:
        """`{k: v for k, v in a.items() if v is not None}`."""
        match node.key, node.value, over.target, over.iter:
            case (
                ast.Name(id=key),
                ast.Name(id=value),
                ast.Tuple(elts=[ast.Name(id=each), ast.Name(id=its)]),
                ast.Call(func=ast.Attribute(value=of, attr="items"), args=[]),
            ) if (key, value) == (each, its):
                sieved = is_sieve(node)
                for given in self.of(of):
                    yield given._replace(sieved=sieved or given.sieved)
            case _:
                self._miss("a comprehension makes its keys")

    # ---------------------------------------------------------------------------------------------------- variables

    def _variable(self, name: ast.Name) -> Iterator[Key]:
        self.taken.add(id(name))
        variable = self.module.found.variable(name)
        if variable is None:
            self._miss(f"{name.id} is not made here")
            return
        if variable in self.seen:
            return
        self.seen.add(variable)
        holder = variable.holder
        if holder.kind == "module" and self.reader.is_shared(name.id):
            self._miss(f"other modules know {name.id}")
        if holder.kind == "class" or not all(isinstance(b.node, ast.Name) for b in holder.bindings[name.id]):
            self._miss(f"what {name.id} holds comes from elsewhere")
        uses = sorted(self.reader.uses[variable], key=lambda use: not is_stored(use))
        sieve = self._sieve([use.nodes[0] for use in uses if len(use.parts) == 1 and is_stored(use)], name)
        for use in uses:
            for key in self._use(use, holder):
                yield key._replace(sieved=key.sieved or self.module.source.start(key.at) < sieve)

    def _sieve(self, stores: list[ast.expr], name: ast.Name) -> int:
        """Where a variable was given its own keys that are not None, on every way to its use; -1 where it was not."""
        around, found = [*self.module.source.above(name)], -1
        for store in stores:
            statement = self.parents[id(store)]
            if isinstance(statement, ast.Assign) and self.parents[id(statement)] in around:
                start, value = self.module.source.start(statement), statement.value
                own = isinstance(value, ast.DictComp) and is_sieve(value) and items_of(value) == (name.id,)
                found = max(found, start) if own and start < self.module.source.start(name) else found
        return found

    def _use(self, use: Reference, holder: Scope) -> Iterator[Key]:
        """The keys that one use of a variable gives its dict."""
        node = use.nodes[-1]
        parent = self.parents.get(id(node))
        if len(use.parts) == 1:
            yield from self._name(node, parent, holder)
        elif id(use.nodes[0]) in self.taken:
            pass
        elif len(use.parts) == 2 and isinstance(parent, ast.Call) and parent.func is node:
            yield from self._method(use.parts[1], parent)
        else:
            self._changed(use.nodes[0])

    def _name(self, node: ast.expr, parent: ast.AST | None, holder: Scope) -> Iterator[Key]:
        match parent:
            case _ if id(node) in self.taken:
                pass
            case ast.Assign(targets=[target]) if target is node:
                yield from self.of(parent.value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) if target is node:
                yield from self.of(value)
            case ast.AugAssign(target=target, op=ast.BitOr()) if target is node:
                yield from self.of(parent.value)
            case ast.Subscript(value=of) if of is node:
                yield from self._item(parent)
            case ast.keyword(arg=None):
                self.others = True
            case ast.Return() if isinstance(holder.node, FunctionNode):
                self.others = True
            case _ if isinstance(getattr(node, "ctx", None), ast.Del) or is_look(node, parent):
                self.others = True
            case _:
                self._changed(node)

    def _item(self, item: ast.Subscript) -> Iterator[Key]:
        statement = self.parents.get(id(item))
        name = text_value(item.slice)
        if isinstance(item.ctx, ast.Store):
            match statement:
                case ast.Assign(targets=[target]) if target is item and name:
                    yield Key(name, statement.value, statement, statement)
                case ast.AugAssign() if name:
                    self.others = True
                    yield Key(name, None, statement, statement)
                case _:
                    self._changed(item.value)
        else:
            self.others = True

    def _method(self, method: str, call: ast.Call) -> Iterator[Key]:
        match method, call.args:
            case "update", _ if len(call.args) < 2:
                for argument in call.args:
                    yield from self.of(argument)
                yield from self._keywords(call)
            case "setdefault", [ast.Constant(value=str() as name), value]:
                self.others |= not isinstance(self.parents.get(id(call)), ast.Expr)
                yield Key(name, value, call, call)
            case _ if method in _LOOKS:
                self.others = True
            case _:
                self._changed(call.func)

    def _changed(self, node: ast.AST) -> None:
        self._miss(f"{''.join(parts_of(root_of(node)))} may be changed where it is not seen")

    def _miss(self, reason: str) -> None:
        self.unseen = self.unseen or reason
