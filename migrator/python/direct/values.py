"""What a module tells of a value before it runs: that it is never None, which text it is, that it is a class."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from migrator.python.direct.given import Given, assigned, is_promised
from migrator.python.direct.promises import Promises
from migrator.python.module import Module
from migrator.python.reading.expressions import ENVIRONMENT, GETTERS, is_none, parts_of, text_value
from migrator.python.reading.outline import Variable
from migrator.python.reading.scopes import FunctionNode, defaults

_GIVING = {
    "bool", "bytes", "dict", "enumerate", "float", "format", "frozenset", "int", "len", "list", "range", "repr",
    "round", "set", "sorted", "str", "sum", "tuple",
}  # fmt: skip
_TEXT_METHODS = {
    "casefold", "decode", "encode", "format", "join", "lower", "lstrip", "removeprefix", "removesuffix", "rstrip",
    "split", "splitlines", "strip", "title", "upper",
}  # fmt: skip
_ALWAYS = (
    ast.JoinedStr, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
    ast.Lambda, ast.BinOp, ast.UnaryOp, ast.Compare,
)  # fmt: skip
_ANY_DICT = re.compile(r"(typing\.)?[Dd]ict(\[str, (typing\.)?Any\])?")
_PLAIN = re.compile(r"\b(dict|Dict|Mapping|object)\b")


class Values:
    """The values of one module's expressions, as far as they are laid out in it or promised by annotations."""

    def __init__(self, module: Module) -> None:
        self.module, self._promises = module, Promises(module)
        self._classes = {id(s.node): s for s in module.found.scopes if isinstance(s.node, ast.ClassDef)}
        self._given = dict(assigned(module.source.nodes))
        arguments = [n for n in module.source.nodes if isinstance(n, ast.arguments)]
        self._defaults = {id(arg): default for args in arguments for arg, default in defaults(args)}
        self._collected = {id(arg) for args in arguments for arg in (args.vararg, args.kwarg)}
        self._stores: dict[Variable, list[ast.expr]] = {}  # the names that are assigned to
        self._attributes: dict[Variable, list[ast.expr]] = {}  # those of `self`
        for node in (reference.nodes[-1] for reference in module.found.references):
            if isinstance(getattr(node, "ctx", None), ast.Store) and (variable := module.found.variable(node)):
                stores = self._stores if isinstance(node, ast.Name) else self._attributes
                stores.setdefault(variable, []).append(node)
        self._sure: dict[int, bool] = {}

    # -------------------------------------------------------------------------------------------------- never None

    def is_given(self, node: ast.expr) -> bool:
        """Whether a value can be shown never to be None."""
        if id(node) not in self._sure:
            self._sure[id(node)] = False  # what a circle of names comes back to
            self._sure[id(node)] = self._is_given(node)
        return self._sure[id(node)]

    def _is_given(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant():
                return node.value is not None
            case ast.BoolOp(op=ast.Or()):
                return self.is_given(node.values[-1])
            case ast.BoolOp():
                return all(map(self.is_given, node.values))
            case ast.IfExp():
                return self.is_given_where(node.test, node.body) and self.is_given(node.orelse)
            case ast.NamedExpr():
                return self.is_given(node.value)
            case ast.Call():
                return self._is_giving(node)
            case ast.Subscript():
                return parts_of(node.value) in ENVIRONMENT
            case ast.Name():
                return self._is_bound(node)
            case ast.Attribute():
                scope = self.module.found.scope_of(node)
                return self._is_attribute(node) or (scope is not None and self._promises.is_given(node, scope))
        return isinstance(node, _ALWAYS)

    def is_given_where(self, test: ast.expr, node: ast.expr) -> bool:
        """Whether a value can be shown never to be None where a condition holds."""
        return any(ast.dump(asked) == ast.dump(node) for asked in _asked(test)) or self.is_given(node)

    def is_given_at(self, node: ast.expr, at: ast.AST) -> bool:
        """Whether a value can be shown never to be None where `at` stands: right below an `if` that asks, too.

        So it is in a choice that asks: `{"a": a} if a else {}`.
        """
        if self.is_given(node):
            return True
        parents = self.module.source.parents
        while not isinstance(at, ast.stmt):
            above = parents[id(at)]
            if isinstance(above, ast.IfExp) and above.body is at and self.is_given_where(above.test, node):
                return True
            if isinstance(above, ast.IfExp) and above.orelse is at and _is_denied(above.test, node):
                return True
            at = above
        around = parents[id(at)]
        if not isinstance(around, ast.If) or at not in around.body:
            return False
        before = around.body[: around.body.index(at)]
        changed = {
            n.id for s in before for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        return "".join(parts_of(node)[:1]) not in changed and self.is_given_where(around.test, node)

    def _is_giving(self, call: ast.Call) -> bool:
        """Whether a call never gives None: of a built-in, a method of texts, a class, a function that says so."""
        parts, func = parts_of(call.func), call.func
        if parts in GETTERS:
            return len(call.args) == 2 and self.is_given(call.args[1])
        if isinstance(func, ast.Attribute) and func.attr in _TEXT_METHODS:
            return True
        scope = self.module.found.scope_of(func) if parts else None
        if scope is None:
            return False
        holder = scope.lookup(parts[0]) if len(parts) == 1 else scope.owner(parts[0]) if len(parts) == 2 else None
        if holder is None:
            return len(parts) == 1 and parts[0] in _GIVING and not scope.module.stars
        nodes = [b.node for b in holder.bindings.get(parts[-1], ())]
        return bool(nodes) and all(
            isinstance(n, ast.ClassDef) or (isinstance(n, ast.FunctionDef) and is_promised(n.returns)) for n in nodes
        )

    def _is_bound(self, name: ast.Name) -> bool:
        variable = self.module.found.variable(name)
        return variable is not None and (self._all_given(variable) or self._is_given_elsewhere(name))

    def imported(self, node: ast.expr) -> str:
        """The full name of what an expression takes from another module; "" where it takes nothing from one."""
        parts = parts_of(node)
        scope = self.module.found.scope_of(node) if parts else None
        meanings = self.module.meanings(parts, scope) if scope else ()
        return self.module.meaning(parts, scope) or "" if scope and len(meanings) == 1 else ""

    def _is_given_elsewhere(self, node: ast.expr) -> bool:
        """Whether an expression is a constant of another module of the project, and not None."""
        where, _, name = self.module.index.canonical(self.imported(node)).rpartition(".")
        facts = self.module.index.by_name.get(where)
        parsed = self.module.index.parsed(facts.path) if facts else None
        if parsed is None:
            return False
        bound = {id(binding.node) for binding in parsed[1].scope.bindings.get(name, ())}
        given = (s for s in parsed[0].tree.body if isinstance(s, ast.Assign | ast.AnnAssign))
        values = [s.value for s in given for t in _targets(s) if id(t) in bound]
        sure = (isinstance(v, _ALWAYS) or (isinstance(v, ast.Constant) and v.value is not None) for v in values)
        return len(values) == len(bound) > 0 and all(sure)

    def _all_given(self, variable: Variable) -> bool:
        """Whether nothing that a scope has for a name is None."""
        stores = self._stores.get(variable, [])
        others = [b.node for b in variable.holder.bindings[variable.name] if not isinstance(b.node, ast.Name)]
        return all(map(self._is_stored, stores)) and all(map(self._is_defined, others)) and bool(stores or others)

    def _is_stored(self, target: ast.expr) -> bool:
        """Whether what is assigned to a target is never None."""
        given = self._given.get(id(target))
        return given is not None and (given.sure or (given.value is not None and self.is_given(given.value)))

    def _is_defined(self, node: ast.AST) -> bool:
        """Whether what binds a name without assigning to it never gives None."""
        if isinstance(node, ast.arg):
            default = self._defaults.get(id(node))
            promised = is_promised(node.annotation) and (default is None or self.is_given(default))
            return promised or id(node) in self._collected
        return isinstance(node, ast.ClassDef | FunctionNode | ast.ExceptHandler)

    def _is_attribute(self, node: ast.Attribute) -> bool:
        """Whether an attribute of `self`, or of a class of the module, is given something wherever it is assigned."""
        parts = parts_of(node)
        scope = self.module.found.scope_of(node) if len(parts) == 2 else None
        if scope is None:
            return False
        owner = scope.owner(parts[0])
        holder = scope.lookup(parts[0]) if owner is None else None
        for binding in holder.bindings[parts[0]] if holder else ():
            owner = self._classes.get(id(binding.node))
        if owner is None:
            return self._is_given_elsewhere(node)
        inside = parts[1] in owner.bindings
        stores = self._attributes.get(Variable(owner, parts[1]), [])
        sure = all(map(self._is_stored, stores)) and (not inside or self._all_given(Variable(owner, parts[1])))
        return sure and bool(inside or stores)

    # -------------------------------------------------------------------------------------------------- what it is

    def text(self, node: ast.expr) -> str | None:
        """The text that an expression is: a literal, or a name that only ever holds that one."""
        if isinstance(node, ast.Name):
            texts = {text_value(g.value) if g and not g.sure else None for g in self._assigned(node)}
            return texts.pop() if len(texts) == 1 else None
        return text_value(node)

    def is_display(self, node: ast.expr) -> bool:
        """Whether an expression is a dict that is laid out, or a name that only ever holds such."""
        if isinstance(node, ast.Name):
            given = self._assigned(node)
            return bool(given) and all(g is not None and isinstance(g.value, ast.Dict) for g in given)
        return isinstance(node, ast.Dict)

    def _assigned(self, name: ast.Name) -> list[Given | None]:
        """What a name is given, where that is all by assignments; None for what is not laid out."""
        if not all(isinstance(b.node, ast.Name) for b in self.module.found.bindings(name)):
            return []
        return [self._given.get(id(target)) for target in self._targets(name)]

    def _targets(self, node: ast.expr) -> list[ast.expr]:
        """Where a name is assigned to."""
        variable = self.module.found.variable(node) if isinstance(node, ast.Name) else None
        return self._stores.get(variable, []) if variable else []

    def is_plain(self, node: ast.expr) -> bool:
        """Whether a type checker takes a name for plain lists and dicts, where the SDK has types of its own."""
        if isinstance(node, ast.BinOp):
            return isinstance(node.left, ast.List) or self.is_plain(node.left)
        given = (self._given.get(id(target)) for target in self._targets(node))
        notes = (b.node.annotation for b in self.module.found.bindings(node) if isinstance(b.node, ast.arg))
        laid_out = any(g and isinstance(g.value, ast.List | ast.Dict | ast.ListComp | ast.BinOp) for g in given)
        return laid_out or any(note and _PLAIN.search(ast.unparse(note)) for note in notes)

    def may_be_left_out(self, node: ast.expr | None) -> bool:
        """Whether a value is a parameter as its function is given it, which is None where a caller says nothing."""
        bound = self.module.found.bindings(node)
        return len(bound) == 1 and is_none(self._defaults.get(id(bound[0].node)))

    def is_any_dict(self, node: ast.expr) -> bool:
        """Whether a name is annotated as a dict of anything, so that a type checker takes its values as they are."""
        parents = (self.module.source.parents[id(target)] for target in self._targets(node))
        notes = (parent.annotation for parent in parents if isinstance(parent, ast.AnnAssign))
        return any(map(is_any_dict, notes))

    def is_class(self, node: ast.expr) -> bool:
        """Whether an expression is a class of this module or of another one of the project."""
        parts = parts_of(node)
        scope = self.module.found.scope_of(node) if parts else None
        if scope is None:
            return False
        holder = scope.lookup(parts[0])
        if holder and len(parts) == 1 and all(isinstance(b.node, ast.ClassDef) for b in holder.bindings[parts[0]]):
            return True
        dotted = self.module.index.canonical(self.module.meaning(parts, scope) or "")
        where, _, name = dotted.rpartition(".")
        facts = self.module.index.by_name.get(where)
        return facts is not None and name in facts.classes and len(self.module.meanings(parts, scope)) == 1


def is_any_dict(annotation: ast.expr | None) -> bool:
    """Whether an annotation means a dict of anything."""
    return annotation is not None and _ANY_DICT.fullmatch(ast.unparse(annotation)) is not None


def _asked(test: ast.expr) -> Iterator[ast.expr]:
    """What a condition asks to be there: `a`, `a` of `a is not None`, both of `a and b`."""
    match test:
        case ast.BoolOp(op=ast.And()):
            for each in test.values:
                yield from _asked(each)
        case ast.Compare(ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            yield test.left
        case ast.Name() | ast.Attribute():
            yield test


def _is_denied(test: ast.expr, node: ast.expr) -> bool:
    """Whether a condition is that something is not there: `a is None`, `not a`."""
    match test:
        case ast.Compare(left=asked, ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return ast.dump(asked) == ast.dump(node)
        case ast.UnaryOp(op=ast.Not(), operand=asked):
            return ast.dump(asked) == ast.dump(node)
    return False


def _targets(statement: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return statement.targets if isinstance(statement, ast.Assign) else [statement.target]
