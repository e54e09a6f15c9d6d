"""What tests put in the place of a library's functions, as far as it is in sight: the dictionaries that it gives."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from migrator.python.answers.given import Given
from migrator.python.answers.notes import reaching
from migrator.python.answers.trace import Trace
from migrator.python.answers.view import View
from migrator.python.calls import import_edit
from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, parts_of, text_value
from migrator.python.reading.scopes import FunctionNode, Scope, parameters, target_of
from migrator.sites import Edit

GIVING = {"return_value", "side_effect"}

_COLON = re.compile(r"\s*:[ \t]*")
_OBJECT = "types.SimpleNamespace"


def given(module: Module, trace: Trace) -> set[int]:
    """The ids of the dictionaries that nothing but a mock of a moved function gives, or a function in its place."""
    puts = _Puts(module, trace)
    found = (node for value in puts.values() for node in _each(value) if isinstance(node, ast.Dict))
    return {id(node) for node in found if not puts.is_read_by_key(node)}


def as_object(module: Module, trace: Trace, node: ast.Dict, shape: str) -> tuple[Edit, ...]:
    """The edits that make an object of a dictionary of this shape; none where that cannot be told."""
    local = _OBJECT.rpartition(".")[2]
    if module.facts.bound.get(local) == frozenset({_OBJECT}) and module.found.scope.lookup(local) is module.found.scope:
        return tuple(_edits(module, trace.rule.fields, node, shape, local))
    edits = _edits(module, trace.rule.fields, node, shape, _OBJECT)
    imported = import_edit(module, "types", node, trace.scope_of(trace.see(module), node)) if edits else None
    return (*([imported] if imported.text else []), *edits) if edits and imported else ()


def _each(value: ast.expr) -> Iterator[ast.expr]:
    """What a mock gives one by one: the items of lists, in lists too."""
    if isinstance(value, ast.List | ast.Tuple):
        for item in value.elts:
            yield from _each(item)
    else:
        yield value


class _Puts:
    """The mocks of the moved functions that a module makes, and the functions that it puts in their place."""

    def __init__(self, module: Module, trace: Trace) -> None:
        self.module, self.trace = module, trace
        self.at: View = trace.see(module)
        self.calls = [call for call, scope in module.found.calls if self._is_put(call, scope)]
        self.mocks = [c for c in self.calls if not self._rest(c) and all(k.arg != "new" for k in c.keywords)]

    def values(self) -> Iterator[ast.expr]:
        """Every expression that such a mock or function gives."""
        for call in self.calls:
            yield from (k.value for k in call.keywords if k.arg in GIVING)
            for fake in (*self._rest(call), *(k.value for k in call.keywords if k.arg == "new")):
                yield from self._given_by(fake)
        for put in (put for name in sorted(GIVING) for put in self.at.notes.puts.get(name, ())):
            mock = put.of.value if isinstance(put.of, ast.Attribute) else None
            if isinstance(mock, ast.Name) and put.given and put.given.value and self._is_mock(mock):
                yield put.given.value

    def is_read_by_key(self, given: ast.Dict) -> bool:
        """Whether the test that has it looks for the keys of an answer itself, or compares with such a dictionary."""
        test = next((a for a in self.at.notes.above(given) if isinstance(a, FunctionNode)), None)
        keys = self.trace.shapes.telltale()
        for node in ast.walk(test) if test else ():
            if isinstance(node, ast.Subscript) and text_value(node.slice) in keys:
                return True
            if isinstance(node, ast.Compare):
                dicts = (d for d in (node.left, *node.comparators) if isinstance(d, ast.Dict))
                if any(k and text_value(k) in keys for d in dicts for k in d.keys):
                    return True
        return False

    def _is_put(self, call: ast.Call, scope: Scope) -> bool:
        """Whether a call puts something in the place of a moved function that gives an answer."""
        name = _replaced(call, scope)
        canonical = self.trace.index.canonical(name) if name else ""
        fate = self.trace.index.names.fate(canonical) if canonical.rpartition(".")[2] in self.trace.rule.gives else None
        return fate is not None and fate.kind == "moved"

    def _rest(self, call: ast.Call) -> list[ast.expr]:
        """What stands after the name of what is replaced."""
        return call.args[1 if text_value(call.args[0]) else 2 :]

    def _given_by(self, fake: ast.expr) -> Iterator[ast.expr]:
        """What a function gives that is put there and used for nothing else, or a mock that is made there."""
        if isinstance(fake, ast.Lambda):
            yield fake.body
        elif isinstance(fake, ast.Call) and (callee_of(fake) or "").endswith("Mock"):
            yield from (k.value for k in fake.keywords if k.arg in GIVING)
        elif isinstance(fake, ast.Name):
            uses = [n for n in self.module.source.nodes if isinstance(n, ast.Name) and n.id == fake.id]
            put = [a for c in self.calls for a in (*self._rest(c), *(k.value for k in c.keywords))]
            made = [n for n in self.module.source.nodes if isinstance(n, FunctionNode) and n.name == fake.id]
            if len(made) == 1 and all(any(u is a for a in put) for u in uses):
                yield from self.at.notes.gives.get(id(made[0]), ())

    def _is_mock(self, use: ast.Name) -> bool:
        """Whether a name is such a mock where it is used, whatever it is elsewhere."""
        holder = self.at.holder(use)
        if holder is None:
            return False
        stores = self.at.stores.get((id(holder), use.id), [])
        inside = self.at.scopes[id(use)] is holder
        seen, certain = reaching(self.at.notes, use, stores) if inside else (stores, False)
        made = [self.at.notes.given.get(id(store), Given(None)).value for store in seen]
        given = [] if certain else [each.node for each in holder.bindings[use.id] if isinstance(each.node, ast.arg)]
        are_mocks = all(value in self.mocks for value in made) and all(id(arg) in self._filled for arg in given)
        return are_mocks and bool(made or given)

    @cached_property
    def _filled(self) -> set[int]:
        """The ids of the parameters that get such a mock from a decorator."""
        above = ((self.at.notes.parents.get(id(call)), call) for call in self.mocks)
        filled = ((each, self._parameter(each, call)) for each, call in above if isinstance(each, FunctionNode))
        return {id(arg) for function, name in filled for arg in parameters(function.args) if arg.arg == name}

    def _parameter(self, function: FunctionNode, call: ast.Call) -> str:
        """The parameter that a decorator of a function fills: the lowest fills the first."""
        taking = [d for d in reversed(function.decorator_list) if isinstance(d, ast.Call) and self._fills(d)]
        of_class = isinstance(self.at.notes.parents.get(id(function)), ast.ClassDef)
        names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)][of_class:]
        place = taking.index(call) if call in taking else len(names)
        return names[place] if place < len(names) else ""

    def _fills(self, call: ast.Call) -> bool:
        """Whether a decorator gives the function a mock."""
        parts = parts_of(call.func)
        objects = parts[-2:] == ("patch", "object")
        if not objects and parts[-1:] != ("patch",):
            return False
        return len(call.args) == (2 if objects else 1) and not any(k.arg == "new" for k in call.keywords)


def _replaced(call: ast.Call, scope: Scope) -> str:
    """The full name of what a call puts something in the place of."""
    callee = callee_of(call)
    if callee in ("patch", "setattr") and call.args and (text := text_value(call.args[0])):
        return text
    if callee in ("object", "setattr") and len(call.args) > 1 and (name := text_value(call.args[1])):
        of = target_of(parts_of(call.args[0]), scope)
        return f"{of}.{name}" if of else ""
    return ""


def _is_argument(name: str) -> bool:
    """Whether a key can name an argument: Python changes names outside ASCII, and those with `__`."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")


def _edits(
    module: Module, fields: Mapping[str, Mapping[str, str]], node: ast.Dict, shape: str, made: str
) -> list[Edit]:
    source = module.source
    names = [text_value(key) for key in node.keys if key]
    if len(set(names)) < len(names):
        return []
    start, end = source.start(node), source.end(node)
    edits = [Edit(start, start + 1, f"{made}("), Edit(end - 1, end, ")")]
    for key, value in zip(node.keys, node.values, strict=True):
        name = text_value(key) if key else None
        colon = _COLON.match(source.text, source.end(key)) if key else None
        if key is None or not name or not _is_argument(name) or colon is None:
            return []
        edits.append(Edit(source.start(key), colon.end(), f"{name}="))
        if inner := fields.get(shape, {}).get(name, "").strip("[]?~"):
            for item in _each(value):
                if isinstance(item, ast.Dict) and (more := _edits(module, fields, item, inner, made)):
                    edits += more
                elif not isinstance(item, ast.Constant):
                    return []
    return edits
