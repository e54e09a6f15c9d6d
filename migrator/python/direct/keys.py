"""All keys of a dict that a call is given with `**`, where the module shows everything that is put into it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from migrator.python.expressions import Parts, parts_of, root_of, text_value
from migrator.python.laid_out import LaidOut
from migrator.python.module import Module
from migrator.python.outline import Reference
from migrator.python.scopes import FunctionNode, Scope

_LOOKS = {"get", "keys", "values", "items", "copy", "pop", "clear"}  # methods that put nothing into a dict
_READERS = {("print",), ("len",), ("str",), ("repr",), ("sorted",), ("bool",), ("json", "dumps"), ("pprint",)}
_LOGGING = {"debug", "info", "warning", "error", "exception", "critical"}
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

    def __init__(self, module: Module, laid_out: LaidOut, is_shared: Callable[[str], bool]) -> None:
        """`is_shared` is whether other modules know a name at the top of the module."""
        self.module, self.laid_out, self.is_shared = module, laid_out, is_shared

    def keys(self, node: ast.expr) -> Keys:
        """What a dict after `**` can have. Raises UnseenError where something may be put into it out of sight."""
        reading = _Reading(self)
        return Keys(tuple(reading.of(node)), not reading.others)

    @cached_property
    def uses(self) -> dict[tuple[int, str], list[Reference]]:
        """The scope that holds a name, by id, and the name -> its uses."""
        found: dict[tuple[int, str], list[Reference]] = {}
        for reference in self.module.found.references:
            if holder := reference.scope.lookup(reference.parts[0]):
                found.setdefault((id(holder), reference.parts[0]), []).append(reference)
        return found

    @cached_property
    def scopes(self) -> dict[int, Scope]:
        return {id(reference.nodes[0]): reference.scope for reference in self.module.found.references}


class _Reading:
    """One dict, and those that it is made of."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.module, self.parents = reader, reader.module, reader.module.source.parents
        self.seen = set[tuple[int, str]]()
        self.taken = set[int]()  # names, by the id of their node, whose dict this one is or takes over
        self.others = False  # whether more than one call, or anything else, is given one of these dicts

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
            case _:
                raise UnseenError(f"what {ast.unparse(node)[:40]} holds is not in sight")

    def _display(self, node: ast.Dict) -> Iterator[Key]:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                yield from self.of(value)
            elif name := text_value(key):
                yield Key(name, value, key, node)
            else:
                raise UnseenError(f"{ast.unparse(key)} is a key that only run time knows")

    def _makes_dict(self, func: ast.expr) -> bool:
        """Whether a function is `dict`, or copies one."""
        parts, scope = parts_of(func), self.reader.scopes.get(id(root_of(func)))
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
                sieved = _is_sieve(node)
                for given in self.of(of):
                    yield given._replace(sieved=sieved or given.sieved)
            case _:
                raise UnseenError("a comprehension makes its keys")

    # ---------------------------------------------------------------------------------------------------- variables

    def _variable(self, name: ast.Name) -> Iterator[Key]:
        self.taken.add(id(name))
        scope = self.reader.scopes.get(id(name))
        holder = scope.lookup(name.id) if scope else None
        if holder is None:
            raise UnseenError(f"{name.id} is not made here")
        if (id(holder), name.id) in self.seen:
            return
        self.seen.add((id(holder), name.id))
        if holder.kind == "module" and self.reader.is_shared(name.id):
            raise UnseenError(f"other modules know {name.id}")
        if holder.kind == "class" or not all(isinstance(b.node, ast.Name) for b in holder.bindings[name.id]):
            raise UnseenError(f"what {name.id} holds comes from elsewhere")
        uses = sorted(self.reader.uses[id(holder), name.id], key=lambda use: not _is_stored(use))
        sieve = self._sieve([use.nodes[0] for use in uses if len(use.parts) == 1 and _is_stored(use)], name)
        for use in uses:
            for key in self._use(use, holder):
                yield key._replace(sieved=key.sieved or self.module.source.start(key.at) < sieve)

    def _sieve(self, stores: list[ast.expr], name: ast.Name) -> int:
        """Where a variable was given its own keys that are not None, on every way to its use; -1 where it was not."""
        around, found = list[ast.AST](), -1
        node: ast.AST | None = name
        while node is not None:
            around.append(node)
            node = self.parents.get(id(node))
        for store in stores:
            statement = self.parents[id(store)]
            if isinstance(statement, ast.Assign) and self.parents[id(statement)] in around:
                start, value = self.module.source.start(statement), statement.value
                own = isinstance(value, ast.DictComp) and _is_sieve(value) and _items_of(value) == (name.id,)
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
            raise self._changed(use.nodes[0])

    def _name(self, node: ast.expr, parent: ast.AST | None, holder: Scope) -> Iterator[Key]:
        match parent:
            case ast.Assign(targets=[target]) if target is node:
                yield from self.of(parent.value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) if target is node:
                yield from self.of(value)
            case ast.AugAssign(target=target, op=ast.BitOr()) if target is node:
                yield from self.of(parent.value)
            case ast.Subscript(value=of) if of is node:
                yield from self._item(parent)
            case ast.keyword(arg=None) if id(node) not in self.taken:
                self.others = True
            case _ if id(node) in self.taken:
                pass
            case ast.Return() if isinstance(holder.node, FunctionNode):
                self.others = True
            case _ if isinstance(getattr(node, "ctx", None), ast.Del) or self._is_look(node, parent):
                self.others = True
            case _:
                raise self._changed(node)

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
                    raise self._changed(item.value)
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
                raise self._changed(call.func)

    def _is_look(self, node: ast.expr, parent: ast.AST | None) -> bool:
        """Whether a use of a dict only reads it."""
        match parent:
            case ast.Call(func=func) if func is not node:
                return parts_of(func) in _READERS or (isinstance(func, ast.Attribute) and func.attr in _LOGGING)
            case ast.Dict():
                return any(key is None and value is node for key, value in zip(parent.keys, parent.values, strict=True))
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
                return test is node
            case ast.For(iter=over) | ast.AsyncFor(iter=over) | ast.comprehension(iter=over):
                return over is node
        return isinstance(parent, ast.Compare | ast.FormattedValue) or (
            isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.BitOr)
        )

    def _changed(self, node: ast.AST) -> UnseenError:
        return UnseenError(f"{''.join(parts_of(root_of(node)))} may be changed where it is not seen")


def _is_stored(use: Reference) -> bool:
    return isinstance(getattr(use.nodes[-1], "ctx", None), ast.Store)


def _is_sieve(node: ast.DictComp) -> bool:
    """`{k: v for k, v in a.items() if v is not None}`, or `if v`."""
    value = "".join(parts_of(node.value))
    for test in (test for over in node.generators for test in over.ifs):
        match test:
            case ast.Compare(left=ast.Name(id=asked), ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
                if asked == value:
                    return True
            case ast.Name(id=asked) if asked == value:
                return True
    return False


def _items_of(node: ast.DictComp) -> Parts:
    """The name of the dict whose items a comprehension goes over."""
    match node.generators[0].iter:
        case ast.Call(func=ast.Attribute(value=of, attr="items")):
            return parts_of(of)
    return ()
