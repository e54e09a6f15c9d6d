"""Keys of a mapping that objects of a framework carry, such as `ctx.metadata["portkey"]`, and what is read below."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.patterns import under
from migrator.primitives.gateway import Note
from migrator.python.calls import inner_edit, is_of
from migrator.python.library.construction import builds
from migrator.python.module import Module
from migrator.python.reading.expressions import parts_of, text_value
from migrator.python.reading.scopes import FunctionNode, Scope
from migrator.sites import Finding, Status

_READS = ("get", "pop", "setdefault")


def find(module: Module) -> Iterator[Finding]:
    """Findings for a module that uses the framework."""
    for rule in module.names.rules.carried:
        tops = {of.partition(".")[0] for of in (*rule.of, *rule.decorators, *rule.bases)}
        if any(under(target, top) for targets in module.facts.bound.values() for target in targets for top in tops):
            yield from _Reader(module, rule).findings()


@dataclass(frozen=True, slots=True)
class _Read:
    """A key that is read of an expression: the whole of it, and the literal that names the key."""

    whole: ast.expr
    key: ast.expr
    of: ast.expr


class _Reader:
    """What one rule makes of a module."""

    def __init__(self, module: Module, rule: Note) -> None:
        self.module, self.rule = module, rule
        self.known: dict[int, set[str]] = {}  # id of a function -> its parameters that are such objects
        for node, where, own in module.found.functions:
            self.known[id(node)] = set(self._given(node, where, own))

    def findings(self) -> Iterator[Finding]:
        for node in self.module.source.nodes:
            if isinstance(node, ast.Attribute) and node.attr == self.rule.attribute:
                for read in self._reads(node):
                    yield from self._of_read(read, certain=self._is_known(node.value))

    # ------------------------------------------------------------------------------------------------ what is an object

    def _given(self, node: FunctionNode, where: Scope, own: Scope) -> Iterator[str]:
        """The parameters of a function that are objects of the classes."""
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        yield from (a.arg for a in arguments if a.annotation and self._means(a.annotation, own, self.rule.of))
        decorators = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
        if arguments and any(self._means(d, where, self.rule.decorators) for d in decorators):
            yield arguments[0].arg
        bases = where.node.bases if isinstance(where.node, ast.ClassDef) else []
        if len(arguments) > 1 and any(self._means(base, where, self.rule.bases) for base in bases):
            yield arguments[1].arg

    def _means(self, node: ast.expr, scope: Scope, names: list[str]) -> bool:
        """Whether a decorator, a base or an annotation means one of the names, alone or among others."""
        match node:
            case ast.Constant(value=str(text)):
                return any(self._means(each, scope, names) for each in _expressions(text))
            case ast.BinOp():
                return self._means(node.left, scope, names) or self._means(node.right, scope, names)
            case ast.Subscript():
                return self._means(node.slice, scope, names)
        dotted = self.module.dotted(parts_of(node), scope)
        return dotted is not None and is_of(self.module.index.canonical(dotted), names)

    def _is_known(self, node: ast.expr) -> bool:
        functions = (self.known.get(id(each), ()) for each in self.module.source.above(node))
        return isinstance(node, ast.Name) and any(node.id in known for known in functions)

    # ----------------------------------------------------------------------------------------------------- what is read

    def _reads(self, node: ast.expr) -> Iterator[_Read]:
        """The keys that are read of an expression, or of the variable that it alone is kept in."""
        above = self.module.source.parents.get(id(node))
        match above:
            case ast.Subscript() if above.value is node:
                yield _Read(above, above.slice, node)
            case ast.Compare(ops=[ast.In() | ast.NotIn()]) if above.comparators[0] is node:
                yield _Read(above, above.left, node)
            case ast.Attribute() if above.attr in _READS:
                call = self.module.source.parents.get(id(above))
                if isinstance(call, ast.Call) and call.func is above and call.args:
                    yield _Read(call, call.args[0], node)
            case ast.Assign(targets=[ast.Name() as name]) | ast.NamedExpr(target=ast.Name() as name):
                around = self.module.source.function(node) or self.module.source.tree
                names = [n for n in ast.walk(around) if isinstance(n, ast.Name) and n.id == name.id]
                if sum(isinstance(n.ctx, ast.Store) for n in names) == 1:
                    yield from (read for n in names if isinstance(n.ctx, ast.Load) for read in self._reads(n))

    def _of_read(self, read: _Read, *, certain: bool) -> Iterator[Finding]:
        key = text_value(read.key)
        if key is None or key not in self.rule.names:
            return
        new, start = self.rule.names[key], self.module.source.start(read.key)
        what = f"{self.rule.attribute}[{key!r}]"
        if new and (staying := self._staying()):
            said = f"{what}: left alone, what puts it there stays in {staying}: {self.rule.message}"
            yield Finding(start, self.rule.id, Status.MANUAL, said)
        elif not certain:
            said = f"{what}: nothing here says what it is read of: {self.rule.message}"
            yield Finding(start, self.rule.id, Status.MANUAL, said)
        elif not new:
            yield Finding(start, self.rule.id, Status.MANUAL, f"{what}: {self.rule.message}")
        else:
            edit = inner_edit(self.module, read.key, key, new)
            yield Finding(start, self.rule.id, Status.MIGRATED, f"{key} → {new}", (edit,))
            yield from self._below(read)

    def _staying(self) -> str:
        """The module, by path, in which an object of a library stays what it was; "" for none."""
        index = self.module.index
        made = (facts for facts in index.by_path.values() if facts.made)
        return next((f.path for f in made if any(plan.reason for plan in builds(index, f).plans.values())), "")

    def _below(self, read: _Read) -> Iterator[Finding]:
        """What is read of the value of a key, and is not there from now on."""
        for inner in self._reads(read.whole) if self.rule.keys else ():
            name = text_value(inner.key)
            if name is not None and name not in self.rule.keys:
                start = self.module.source.start(inner.key)
                yield Finding(start, self.rule.id, Status.MANUAL, f"{name}: {self.rule.message}")


def _expressions(text: str) -> list[ast.expr]:
    try:
        return [ast.parse(text, mode="eval").body]
    except SyntaxError:
        return []
