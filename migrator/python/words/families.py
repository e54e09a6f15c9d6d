"""Classes of settings with those that they inherit from, and with those that inherit from them.

What these are configured with, and what the project's code gives them, tells which variables their fields read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from migrator.patterns import under
from migrator.python.module import Module
from migrator.python.reading.expressions import parts_of, text_value
from migrator.python.reading.facts import Facts
from migrator.python.reading.scopes import Scope

Configured = tuple[str, ast.expr | None]  # what is set and its value; "" for what is set out of sight

_MAKERS = {"SettingsConfigDict", "ConfigDict", "dict"}
_UNSEEN: Configured = "", None
_NAMING = {"alias_generator", "prepare_field"}  # these give fields other names
_PLAIN = {"env_prefix", "case_sensitive", "populate_by_name", "validate_by_name"}  # the value of these tells something


def bases(module: Module, node: ast.ClassDef, scope: Scope, ends: Sequence[str]) -> list[ast.ClassDef] | None:
    """The classes of the project that one inherits from; None where one is not in sight, or several hold settings."""
    meant = [module.meanings(parts_of(base), scope) if parts_of(base) else {None} for base in node.bases]
    found = list[ast.ClassDef]()
    for origin in dict.fromkeys(o for each in meant for name in each if name for o in module.index.lineage(name)):
        if any(under(origin, end) for end in ends) and origin.endswith("BaseSettings"):
            continue
        base = _class_of(module, origin)
        if base is None:
            return None
        found.append(base)
    several = any(len(each.bases) > 1 for each in (node, *found)) and len(found) > 0
    return None if several or any(None in each for each in meant) else found


def heirs(module: Module, cls: str) -> dict[str, ast.ClassDef | None]:
    """The classes of the project that inherit from one, by full name; None for one that is not in sight."""
    named = [(facts, name) for facts in module.index.by_path.values() for name in facts.classes]
    full = (f"{facts.name}.{name}" for facts, name in named if facts.classes[name].bases)
    return {each: _class_of(module, each) for each in full if each != cls and cls in module.index.lineage(each)}


def configured(node: ast.ClassDef) -> Iterator[Configured]:
    """What the keywords of a class, its `model_config` or its inner `class Config` set."""
    for statement in node.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="model_config")], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id="model_config"), value=ast.expr() as value)
            ):
                yield from _seen(_items(value))
            case ast.ClassDef(name="Config", bases=[], keywords=[], body=body):
                yield from _seen(each for inner in body for each in _set(inner))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                pass
            case _ if any(_names_config(each) for each in ast.walk(statement)):
                yield _UNSEEN
    yield from _seen((k.arg or "", k.value) for k in node.keywords)  # these go over the rest


def _seen(items: Iterator[Configured]) -> Iterator[Configured]:
    for name, value in items:
        is_plain = name not in _PLAIN or isinstance(value, ast.Constant)
        yield (name, value) if is_plain and name not in _NAMING else _UNSEEN


def _items(value: ast.expr) -> Iterator[Configured]:
    match value:
        case ast.Dict(keys=keys, values=values):
            yield from ((text_value(key) or "", each) for key, each in zip(keys, values, strict=True))
        case ast.Call(args=[], keywords=keywords) if parts_of(value.func)[-1:] and parts_of(value.func)[-1] in _MAKERS:
            yield from ((k.arg or "", k.value) for k in keywords)
        case _:
            yield _UNSEEN


def _set(statement: ast.stmt) -> Iterator[Configured]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.FunctionDef(name=name):
            yield name, None
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.AnnAssign():
            pass
        case _:
            yield _UNSEEN


def _names_config(node: ast.AST) -> bool:
    named = isinstance(node, ast.Name) and node.id in ("model_config", "Config")
    return named or (isinstance(node, ast.ClassDef) and node.name == "Config")


def _class_of(module: Module, dotted: str) -> ast.ClassDef | None:
    """The class at the top of a module of the project; None where there is none, or it has bases that are not told."""
    known, facts = module.index.class_named(dotted), module.index.by_name.get(dotted.rpartition(".")[0])
    tree = _tree(module, facts) if known and facts else None
    found = [n for n in tree.body if isinstance(n, ast.ClassDef) and dotted.endswith(f".{n.name}")] if tree else []
    told = len(found) == 1 and known is not None and len(known.bases) == len(found[0].bases)
    return found[0] if told else None


def _tree(module: Module, facts: Facts) -> ast.Module | None:
    if facts.path == module.facts.path:
        return module.source.tree
    parsed = module.index.parsed(facts.path)
    return parsed[0].tree if parsed else None


def given(module: Module, classes: Sequence[str]) -> set[str | None]:
    """The keywords that the project's code gives classes of these full names; None for what is not in sight."""
    found = set[str | None]()
    called = {each.rpartition(".")[2] for each in classes}
    for facts in module.index.by_path.values():
        spelled = {name for name, of in facts.bound.items() if any(t.rpartition(".")[2] in called for t in of)}
        names = {name for name in called | spelled if not _is_another(module, facts, name, classes)}
        if names & {*facts.bound, *facts.words}.union(*facts.reached.values()):
            tree = _tree(module, facts)
            found |= _Mentions(names).of(tree) if tree else {None}
    return found


def _is_another(module: Module, facts: Facts, name: str, classes: Sequence[str]) -> bool:
    """Whether a name in a module is that of other classes of the project alone."""
    meant = {module.index.canonical(each) if each else "" for each in facts.bound.get(name, ())}
    if any(name in read for read in facts.reached.values()):
        return False
    if meant == {""} and name in facts.classes:
        meant = {f"{facts.name}.{name}"}
    return bool(meant) and all(module.index.class_named(each) and each not in classes for each in meant)


class _Mentions(ast.NodeVisitor):
    """What the code of a module gives classes that it calls; and None where it does anything else with them.

    Annotations are nothing else, but for those of fields of a class that may be filled from a dict.
    """

    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.local = {*names}
        self.found = set[str | None]()

    def of(self, tree: ast.Module) -> set[str | None]:
        self.visit(tree)
        return self.found

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        before = self.local
        self.local = {*self.names, "cls"} if node.name in self.names else {*self.names}
        fields = (each.annotation for each in node.body if isinstance(each, ast.AnnAssign) and node.bases)
        if any(self._means(each) for annotation in fields for each in ast.walk(annotation)):
            self.found.add(None)
        for each in (*node.decorator_list, *(k.value for k in node.keywords), *node.body):
            self.visit(each)
        self.local = before

    def visit_Call(self, node: ast.Call) -> None:
        if self._means(node.func):
            self.found.update(keyword.arg for keyword in node.keywords)
        else:
            self.visit(node.func)
        for each in (*node.args, *(k.value for k in node.keywords)):
            self.visit(each)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for each in inside:
            if not self._means(each):  # `Annotated[Settings, …]`
                self.visit(each)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation)
        self.visit(node.target)
        if node.value:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        if node.annotation:
            self._annotation(node.annotation)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        returns, node.returns = node.returns, None
        self.generic_visit(node)
        node.returns = returns
        if returns:
            self._annotation(returns)

    visit_AsyncFunctionDef = visit_FunctionDef

    def _annotation(self, node: ast.expr) -> None:
        for each in ast.walk(node):
            if isinstance(each, ast.Call):
                self.visit(each)

    def visit_Name(self, node: ast.Name) -> None:
        self._mention(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._mention(node)
        self.visit(node.value)

    def _mention(self, node: ast.Name | ast.Attribute) -> None:
        is_own = isinstance(node, ast.Attribute) and node.attr == "__class__" and "cls" in self.local
        if is_own or (self._means(node) and isinstance(node.ctx, ast.Load)):
            self.found.add(None)

    def _means(self, node: ast.AST) -> bool:
        return (isinstance(node, ast.Name) and node.id in self.local) or (
            isinstance(node, ast.Attribute) and node.attr in self.names
        )
