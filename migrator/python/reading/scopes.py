"""Scopes, what each name is bound to in them, and the full dotted name that a binding stands for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from migrator.python.reading.expressions import Parts, parts_of

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Definition = FunctionNode | ast.ClassDef


@dataclass(slots=True)
class Binding:
    """One thing that gives a name a value in a scope.

    `target` is the dotted name it stands for: of an import or of a definition at module level. `value` holds the parts
    of `name = a.b.c`. Neither is set for anything else (parameters, loops, other assignments).
    """

    name: str
    node: ast.AST
    kind: Literal["import", "import-as", "from", "definition", "alias", "other"]
    target: str | None = None
    value: Parts = ()
    statement: ast.stmt | None = None
    where: Scope | None = None  # the scope that `value` is looked up in
    empty: bool = False


@dataclass(eq=False, slots=True)
class Scope:
    """A module, class, function or comprehension with the names bound in it."""

    kind: Literal["module", "class", "function"]
    parent: Scope | None
    node: ast.AST
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    stars: list[str] = field(default_factory=list)
    _said: set[tuple[object, ...]] = field(default_factory=set)  # what the bindings of plain variables come to

    def bind(self, binding: Binding) -> None:
        """Note a binding here, or where `global` or `nonlocal` says that it belongs."""
        holder = self.module if binding.name in self.globals else self
        if binding.name in self.nonlocals:
            holder = self._around(binding.name)
        says = (binding.name, type(binding.node), binding.kind, binding.target, binding.value, binding.empty)
        key = (*says, id(binding.where), binding.statement)
        if not isinstance(binding.node, ast.Name) or key not in holder._said:
            holder._said.add(key)  # generated code gives one name the same thing thousands of times
            holder.bindings.setdefault(binding.name, []).append(binding)

    def _around(self, name: str) -> Scope:
        """The function around that binds a name, or will do so further down."""
        above = self.parent
        around: list[Scope] = []
        while above is not None:
            around += [above] if above.kind == "function" else []
            above = above.parent
        return next((scope for scope in around if name in scope.bindings), next(iter(around), self))

    def lookup(self, name: str) -> Scope | None:
        """The scope whose binding a use of `name` here means; class bodies are invisible to the functions in them."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.globals:
                return scope.module if name in scope.module.bindings else None
            if name in scope.bindings and (scope is self or scope.kind != "class"):
                return scope
            scope = scope.parent
        return None

    def told(self, name: str) -> list[Binding]:
        """The bindings of a name here, those to None only where there is no other."""
        return [b for b in self.bindings[name] if not b.empty] or self.bindings[name]

    def varies(self, name: str) -> bool:
        """Whether a name is a variable here: an attribute, or given more than what one import or definition gives."""
        fixed = (ast.alias, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        bindings = self.bindings[name]
        several = len({binding.target for binding in bindings}) > 1
        return self.kind == "class" or several or any(not isinstance(binding.node, fixed) for binding in bindings)

    def owner(self, name: str) -> Scope | None:
        """The class in whose method `name` is the instance or the class: its first parameter."""
        holder = self.lookup(name)
        if holder is None or not isinstance(holder.node, FunctionNode) or holder.parent is None:
            return None
        first = next(parameters(holder.node.args), None)
        static = any(parts_of(d) == ("staticmethod",) for d in holder.node.decorator_list)
        found = holder.parent.kind == "class" and first is not None and first.arg == name and not static
        return holder.parent if found else None

    @property
    def module(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope


def origin_of(binding: Binding, scope: Scope) -> str | None:
    """The dotted name a binding stands for, through `a = b.c` aliases of its own scope."""
    seen: set[int] = set()
    rest: tuple[str, ...] = ()
    while binding.kind == "alias":
        seen.add(id(binding))
        holder = (binding.where or scope).lookup(binding.value[0])
        if holder is None:
            return None
        rest = (*binding.value[1:], *rest)
        following = next((b for b in holder.told(binding.value[0]) if b.target or b.kind == "alias"), None)
        if following is None or id(following) in seen:
            return None
        binding, scope = following, holder
    return ".".join((binding.target, *rest)) if binding.target else None


def target_of(parts: tuple[str, ...], scope: Scope) -> str | None:
    """The dotted name that a chain stands for by the first binding of its first part that leads to one."""
    holder = scope.lookup(parts[0]) if parts else None
    origins = (origin_of(b, holder) for b in holder.told(parts[0])) if holder else ()
    base = next((origin for origin in origins if origin), None)
    return ".".join((base, *parts[1:])) if base else None


def parameters(args: ast.arguments) -> Iterator[ast.arg]:
    """Every parameter of a function, in order."""
    yield from (*args.posonlyargs, *args.args, *args.kwonlyargs)
    yield from (a for a in (args.vararg, args.kwarg) if a is not None)


def defaults(args: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr]]:
    """The parameters of a function that have a default, with it."""
    positional = [*args.posonlyargs, *args.args]
    yield from zip(positional[len(positional) - len(args.defaults) :], args.defaults, strict=True)
    yield from ((a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is not None)
