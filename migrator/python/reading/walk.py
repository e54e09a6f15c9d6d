"""One walk over a syntax tree that notes scopes, what each name is bound to, and every place a name is used."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from migrator.python.reading.assignments import in_pairs
from migrator.python.reading.expressions import (
    IMPORTING_CALLS,
    Parts,
    absolute,
    callee_of,
    is_absent,
    is_bare,
    is_stand_in,
    named_module,
    outcomes,
    parts_of,
    tested,
    text_value,
)
from migrator.python.reading.getters import NOTHING_TOLD, getters
from migrator.python.reading.outline import ImportStatement, Outline, Reference, Text
from migrator.python.reading.scopes import Binding, FunctionNode, Scope, defaults, parameters

_STRING_TYPED_CALLS = {"cast", "TypeVar", "NewType", "ForwardRef"}


def outline(tree: ast.Module, module: str, package: str, told: Mapping[str, str] = NOTHING_TOLD) -> Outline:
    """Walk a module. `module` is its dotted name, `package` the one its relative imports start from.

    `told` is what functions of other modules give, by what they are called here.

    With `ast` only: about ten times cheaper than a walk with LibCST, and enough to resolve names by meaning.
    """
    walker = _Walker(tree, module, package)
    walker.found.importers.update(told)
    for getter in getters(tree, package, told):
        walker.found.getters.append(getter)
        walker.found.importers.update((name, getter.module) for name in getter.spelled if not getter.read)
        walker.found.stored.update(dict.fromkeys(map(id, getter.returned)))
    walker.body(tree.body, walker.found.scope)
    return walker.found


class _Walker:
    def __init__(self, tree: ast.Module, module: str, package: str) -> None:
        self.module, self.package = module, package
        self.found = Outline(Scope("module", None, tree))
        self.found.scopes.append(self.found.scope)
        self.joined: ast.JoinedStr | None = None
        self.role: Literal["plain", "annotation", "all"] = "plain"

    def _inner(self, kind: Literal["class", "function"], parent: Scope, node: ast.AST) -> Scope:
        scope = Scope(kind, parent, node)
        self.found.scopes.append(scope)
        return scope

    # ------------------------------------------------------------------------------------------------- statements

    def body(self, statements: list[ast.stmt], scope: Scope, *, documented: bool = True) -> None:
        for index, statement in enumerate(statements):
            literal = statement.value if isinstance(statement, ast.Expr) else None
            if index == 0 and documented and isinstance(literal, ast.Constant) and isinstance(literal.value, str):
                self.found.texts.append(Text(literal, scope, "docstring"))
            else:
                self.statement(statement, scope, statements)

    def statement(self, node: ast.stmt, scope: Scope, block: list[ast.stmt]) -> None:
        match node:
            case ast.Import() | ast.ImportFrom():
                self.found.imports.append(ImportStatement(node, scope, block))
                self._bind_imports(node, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node, scope)
            case ast.ClassDef():
                self._class(node, scope)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                self._assignment(node, scope)
            case ast.Global() | ast.Nonlocal():
                self.found.globals.append((node, scope))
                (scope.globals if isinstance(node, ast.Global) else scope.nonlocals).update(node.names)
            case _:
                if isinstance(node, ast.Try):
                    self.found.tries.append(node)
                    self.found.handlers += [(node, scope)] if len(node.handlers) > 1 else []
                if isinstance(node, ast.With | ast.AsyncWith):
                    self.found.withs.append(node)
                self.found.tested.update(map(id, tested(node)))
                self._children(node, scope)

    def _children(self, node: ast.AST, scope: Scope) -> None:
        """Visit the fields of a node that makes no scope of its own."""
        if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            scope.bind(Binding(node.name, node, "other"))
        if isinstance(node, ast.MatchMapping) and node.rest:
            scope.bind(Binding(node.rest, node, "other"))
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                if value and isinstance(value[0], ast.stmt):
                    self.body(value, scope, documented=False)
                else:
                    self._each(value, scope)
            elif isinstance(value, ast.expr):
                self.expression(value, scope)
            elif isinstance(value, ast.AST):
                self._children(value, scope)

    def _each(self, nodes: Iterable[object], scope: Scope) -> None:
        for node in nodes:
            if isinstance(node, ast.expr):
                self.expression(node, scope)
            elif isinstance(node, ast.AST):
                self._children(node, scope)

    def _bind_imports(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    scope.bind(Binding(alias.asname, alias, "import-as", alias.name, statement=node))
                else:
                    top = alias.name.partition(".")[0]
                    scope.bind(Binding(top, alias, "import", top, statement=node))
            return
        base = absolute(self.package, node.level, node.module)
        for alias in node.names:
            if alias.name == "*":
                scope.stars.append(base)
            else:
                name = alias.asname or alias.name
                if alias.asname and alias.name in IMPORTING_CALLS:
                    self.found.importers[name] = alias.name
                scope.bind(Binding(name, alias, "from", f"{base}.{alias.name}", statement=node))

    def _definition(self, name: str, node: ast.AST, scope: Scope) -> Binding:
        at_top = scope.kind == "module"
        return Binding(name, node, "definition" if at_top else "other", f"{self.module}.{name}" if at_top else None)

    def _function(self, node: FunctionNode, scope: Scope) -> None:
        self._each(node.decorator_list, scope)
        inner = self._inner("function", scope, node)
        self._parameters(node.args, scope, inner)
        if node.returns is not None:
            self._annotation(node.returns, scope)
        scope.bind(self._definition(node.name, node, scope))
        self._type_parameters(node, scope, inner)
        self.found.functions.append((node, scope, inner))
        self.body(node.body, inner)

    def _type_parameters(self, node: FunctionNode | ast.ClassDef, outer: Scope, inner: Scope) -> None:
        """`[T: Bound = Default]`, which Python 3.11 has not."""
        for parameter in getattr(node, "type_params", ()):
            self._children(parameter, outer)
            inner.bind(Binding(parameter.name, parameter, "other"))

    def _parameters(self, args: ast.arguments, outer: Scope, inner: Scope) -> None:
        self._each([*args.defaults, *(d for d in args.kw_defaults if d is not None)], outer)
        given = {id(arg): default for arg, default in defaults(args)}
        for arg in parameters(args):
            inner.bind(Binding(arg.arg, arg, "other"))
            alias = parts_of(given[id(arg)]) if id(arg) in given else ()
            if alias:
                inner.bind(Binding(arg.arg, arg, "alias", value=alias, where=outer))
                self.found.stored[id(given[id(arg)])] = None
            if arg.annotation is not None:
                self._annotation(arg.annotation, outer)

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        self._each([*node.decorator_list, *node.bases], scope)
        self._each(node.keywords, scope)
        scope.bind(self._definition(node.name, node, scope))
        self.found.classes.append((node, scope))
        inner = self._inner("class", scope, node)
        self._type_parameters(node, scope, inner)
        self.body(node.body, inner)

    def _assignment(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, scope: Scope) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if isinstance(node, ast.AnnAssign):
            self._annotation(node.annotation, scope)
        to_all = any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets)
        if node.value is not None:
            self._in_role("all" if to_all else "plain", node.value, scope)
        value = node.value if not isinstance(node, ast.AugAssign) else None
        for target in targets:
            self._store(target, value, node, scope)

    def _store(self, target: ast.expr, value: ast.expr | None, statement: ast.stmt, scope: Scope) -> None:
        """Bind what `target = value` does, item by item where both sides are laid out."""
        if isinstance(target, ast.Name):
            for binding in self._values(target.id, target, value, statement, scope):
                scope.bind(binding)
            self._reference((target.id,), (target,), scope)
        elif items := in_pairs(target, value):
            for each, item in items:
                self._store(each, item, statement, scope)
        else:
            parts = parts_of(target)
            if len(parts) == 2:
                given = self._values(".".join(parts), target, value, statement, scope)
                self.found.attributes += [(parts, binding, scope) for binding in given]
            self.expression(target, scope)

    def _values(
        self, name: str, node: ast.AST, value: ast.expr | None, statement: ast.stmt | None, scope: Scope
    ) -> Iterator[Binding]:
        """A binding of a name for everything that the value may come to."""
        for outcome in outcomes(value):
            binding = self._definition(name, node, scope)
            alias = parts_of(outcome) if outcome else ()
            module = named_module(outcome, self.package, self.found.importers) if outcome else ""
            if outcome and (alias or module):
                self.found.stored[id(outcome)] = tuple(name.split(".")), scope
            if alias and (alias != (name,) or scope.kind == "class"):
                binding.kind, binding.value, binding.target = "alias", alias, None
                binding.where = scope.parent if alias == (name,) else scope
            elif module:
                binding.kind, binding.target, binding.statement = "import-as", module, statement
            if isinstance(outcome, ast.Call) and is_bare(outcome):
                self.found.results.append((tuple(name.split(".")), scope, outcome))
            if alias[-1:] and alias[-1] in IMPORTING_CALLS:
                self.found.importers[name] = alias[-1]
            binding.empty = is_stand_in(outcome) if scope.kind == "module" else is_absent(outcome)
            yield binding

    # ------------------------------------------------------------------------------------------------ expressions

    def _annotation(self, node: ast.expr, scope: Scope) -> None:
        self._in_role("annotation", node, scope)

    def _in_role(self, role: Literal["plain", "annotation", "all"], node: ast.expr, scope: Scope) -> None:
        before, self.role = self.role, role
        self.expression(node, scope)
        self.role = before

    def expression(self, node: ast.expr, scope: Scope) -> None:
        match node:
            case ast.Name() | ast.Attribute():
                self._chain(node, scope)
            case ast.Constant():
                if isinstance(node.value, str | bytes) and self.joined is None:
                    self.found.texts.append(Text(node, scope, self.role))
            case ast.JoinedStr():
                self._joined(node, scope)
            case ast.Call():
                self._call(node, scope)
            case ast.Lambda():
                inner = self._inner("function", scope, node)
                self._parameters(node.args, scope, inner)
                self.expression(node.body, inner)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self._comprehension(node, scope)
            case ast.NamedExpr():
                self.expression(node.value, scope)
                holder = scope
                while isinstance(holder.node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
                    holder = holder.parent or holder
                for binding in self._values(node.target.id, node.target, node.value, None, holder):
                    holder.bind(binding)
                self._reference((node.target.id,), (node.target,), holder)
            case ast.BinOp():
                self._operands(node, scope)
            case _:
                self.found.tested.update(map(id, tested(node)))
                if isinstance(node, ast.Subscript):
                    self._subscript(node, scope)
                else:
                    self._children(node, scope)

    def _subscript(self, node: ast.Subscript, scope: Scope) -> None:
        if text_value(node.slice) is not None:
            self.found.lookups.append((node, scope))
        self.expression(node.value, scope)
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        spoken = {"Literal": 0, "Annotated": 1}.get("".join(parts_of(node.value)[-1:]), len(items))
        self._each(items[:spoken], scope)
        for item in items[spoken:]:  # values, which are no names whatever they spell
            self._in_role("plain", item, scope)

    def _operands(self, node: ast.expr, scope: Scope) -> None:
        """Walk `a + b + c + …` without recursion: generated code chains thousands of them."""
        rights: list[ast.expr] = []
        while isinstance(node, ast.BinOp):
            rights.append(node.right)
            node = node.left
        self.expression(node, scope)
        self._each(reversed(rights), scope)

    def _chain(self, node: ast.Name | ast.Attribute, scope: Scope) -> None:
        nodes: list[ast.expr] = []
        at: ast.expr = node
        while isinstance(at, ast.Attribute):
            nodes.append(at)
            at = at.value
        if not isinstance(at, ast.Name):
            module = named_module(at, self.package, self.found.importers)
            attributes = [n for n in reversed(nodes) if isinstance(n, ast.Attribute)]
            if module:
                self.found.members.append((attributes, module))
            else:
                self.found.loose += [(attribute, self.joined) for attribute in attributes]
            self.expression(at, scope)
            return
        nodes.append(at)
        if len(nodes) == 1 and isinstance(at.ctx, ast.Store):
            scope.bind(self._definition(at.id, at, scope))
        self._reference(parts_of(node), tuple(reversed(nodes)), scope)

    def _reference(self, parts: Parts, nodes: tuple[ast.expr, ...], scope: Scope) -> None:
        while scope.kind == "class" and scope.parent and parts[0] not in (*scope.bindings, *scope.globals):
            scope = scope.parent  # a class body runs in order: what it has not bound yet comes from outside
        self.found.references.append(Reference(parts, nodes, scope, self.joined))

    def _joined(self, node: ast.JoinedStr, scope: Scope) -> None:
        outermost = self.joined is None
        if outermost:
            self.found.texts.append(Text(node, scope, self.role))
            self.joined = node
        self._each(node.values, scope)
        if outermost:
            self.joined = None

    def _call(self, node: ast.Call, scope: Scope) -> None:
        self.found.calls.append((node, scope))
        self.found.tested.update(map(id, tested(node)))
        if self.joined is not None:
            self.found.inside[id(node)] = self.joined
        callee = callee_of(node)
        is_lookup = isinstance(node.func, ast.Attribute) and callee == "get"
        if is_lookup and node.args and text_value(node.args[0]) is not None:
            self.found.lookups.append((node, scope))
        self.expression(node.func, scope)
        typed = callee in _STRING_TYPED_CALLS
        lists_all = parts_of(node.func)[:1] == ("__all__",)
        role: Literal["plain", "annotation", "all"] = "annotation" if typed else "all" if lists_all else self.role
        for argument in (*node.args, *(k.value for k in node.keywords)):
            self._in_role(role if typed or lists_all else "plain", argument, scope)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: Scope) -> None:
        inner = self._inner("function", scope, node)
        for index, generator in enumerate(node.generators):
            self.expression(generator.iter, scope if index == 0 else inner)
            self.expression(generator.target, inner)
            self._each(generator.ifs, inner)
        if isinstance(node, ast.DictComp):
            self._each([node.key, node.value], inner)
        else:
            self.expression(node.elt, inner)
