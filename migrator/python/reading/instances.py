"""What the class of an object is written as: by the annotation of its name, or by the call that makes it."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from migrator.python.reading.expressions import Parts, alternatives, is_none, outcomes, parts_of
from migrator.python.reading.scopes import Binding, FunctionNode, Scope
from migrator.python.reading.source import Source

Written = tuple[Parts, Scope]


def class_of(source: Source, value: ast.expr | None, scope: Scope) -> Written:
    """What the class of an expression is written as, and the scope that this is looked up in; () where nothing tells.

    Of several values it can be, those that tell have to say the same.
    """
    return _class_of(source, value, scope, frozenset())


def _class_of(source: Source, value: ast.expr | None, scope: Scope, seen: frozenset[int]) -> Written:
    return _same([_of_outcome(source, each, scope, seen) for each in outcomes(value)], scope)


def _same(said: Iterable[Written], scope: Scope) -> Written:
    told = {parts: where for parts, where in said if parts}
    return next(iter(told.items())) if len(told) == 1 else ((), scope)


def _of_outcome(source: Source, value: ast.expr | None, scope: Scope, seen: frozenset[int]) -> Written:
    if isinstance(value, ast.Call):
        return parts_of(value.func), scope
    holder = scope.lookup(value.id) if isinstance(value, ast.Name) else None
    if not isinstance(value, ast.Name) or holder is None:
        return (), scope
    bindings = [b for b in holder.told(value.id) if id(b.node) not in seen]
    seen |= {id(b.node) for b in bindings}
    return _same([_of_binding(source, b, holder, seen) for b in bindings], holder)


def _of_binding(source: Source, binding: Binding, holder: Scope, seen: frozenset[int]) -> Written:
    node = binding.node
    if isinstance(node, ast.arg):
        around = holder.parent or holder
        return (() if _is_of_many(node, holder) else _annotated(node.annotation)), around
    match source.parents.get(id(node)):
        case ast.AnnAssign(annotation=annotation, value=value):
            written = _annotated(annotation)
            return (written, holder) if written else _class_of(source, value, holder, seen)
        case ast.Assign(value=value) | ast.NamedExpr(value=value) | ast.withitem(context_expr=value):
            return _class_of(source, value, holder, seen)
    return (), holder


def _is_of_many(node: ast.arg, holder: Scope) -> bool:
    """Whether a parameter takes what is left over: `*rows: Row` and `**rows: Row` are no rows."""
    arguments = holder.node.args if isinstance(holder.node, FunctionNode | ast.Lambda) else None
    return arguments is not None and (node is arguments.vararg or node is arguments.kwarg)


def _annotated(node: ast.expr | None) -> Parts:
    """The one class that an annotation speaks of, whether it allows None or not."""
    said = [parts_of(each) for each in alternatives(node) if not is_none(each)]
    return said[0] if len(said) == 1 else ()
