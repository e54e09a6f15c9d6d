"""One module as the tracing of answers sees it: its notes, and where its functions, classes and assignments are."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from migrator.python.answers.notes import Notes, note
from migrator.python.module import Module
from migrator.python.reading.expressions import attribute_asked, parts_of
from migrator.python.reading.scopes import FunctionNode, Scope


@dataclass(slots=True)
class View:
    """A module with its notes. `scopes` are by the id of a name, or of a function."""

    module: Module
    notes: Notes
    scopes: dict[int, Scope] = field(default_factory=dict)
    stores: dict[tuple[int, str], list[ast.expr]] = field(default_factory=dict)  # id of a scope, name -> assigned there
    functions: dict[str, tuple[FunctionNode, Scope]] = field(default_factory=dict)  # `name`, `Class.name` -> its scope
    names: dict[int, str] = field(default_factory=dict)  # those of the functions, by id
    members: dict[tuple[str, str], list[ast.expr]] = field(default_factory=dict)  # class, attribute -> assigned there
    by_text: dict[int, str] = field(default_factory=dict)  # id of `import_module("a").b` -> what it means

    @property
    def path(self) -> str:
        return self.module.facts.path

    def holder(self, node: ast.Name) -> Scope | None:
        """The scope that a name is bound in."""
        scope = self.scopes.get(id(node))
        return scope.lookup(node.id) if scope else None

    def handler(self, node: ast.Name) -> ast.ExceptHandler | None:
        """The handler whose error a name is."""
        for each in self.notes.above(node) if node.id in self.notes.caught else ():
            if isinstance(each, ast.ExceptHandler) and each.name == node.id:
                return each
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
                return None
        return None


def view(module: Module) -> View:
    """Look at a module; what was noted of a tree once is kept with its outline, whatever index it is seen with."""
    if not isinstance(module.found.view, View):
        module.found.view = _view(module)
    return replace(module.found.view, module=module)


def _view(module: Module) -> View:
    made, found = View(module, note(module.source.tree)), module.found
    for reference in found.references:
        name = reference.nodes[0]
        made.scopes[id(name)] = reference.scope
        is_store = isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store) and len(reference.nodes) == 1
        if isinstance(name, ast.Name) and is_store and not made.notes.is_added_to(name):
            holder = reference.scope.lookup(name.id)
            made.stores.setdefault((id(holder), name.id), []).append(name)
            if holder and isinstance(holder.node, ast.ClassDef):
                made.members.setdefault((holder.node.name, name.id), []).append(name)
    for node, where, own in found.functions:
        called = f"{node.name}@{node.lineno}"  # inside another one, or in a class there
        if where is found.scope:
            called = node.name
        elif isinstance(where.node, ast.ClassDef) and where.parent is found.scope:
            called = f"{where.node.name}.{node.name}"
        made.functions[called] = node, own
        made.scopes[id(node)], made.names[id(node)] = own, called
    for parts, binding, scope in found.attributes:
        owner = scope.owner(parts[0])
        is_store = isinstance(binding.node, ast.Attribute) and not made.notes.is_added_to(binding.node)
        if owner and isinstance(owner.node, ast.ClassDef) and isinstance(binding.node, ast.Attribute) and is_store:
            of = made.members.setdefault((owner.node.name, parts[1]), [])
            of += [] if binding.node in of else [binding.node]
    for nodes, owner_ in found.members:
        made.by_text.update({id(nodes[0]): f"{owner_}.{nodes[0].attr}"} if nodes else {})
    return made


def decorators(node: FunctionNode) -> list[str]:
    """The last names of what decorates a function."""
    each = (d.func if isinstance(d, ast.Call) else d for d in node.decorator_list)
    return ["".join(parts_of(d)[-1:]) for d in each]


def is_looked_for(at: View, node: ast.Attribute) -> bool:
    """Whether a test around an attribute asks first whether it is there."""
    of = ast.dump(node.value)
    for above in at.notes.above(node):
        tests = [above.test] if isinstance(above, ast.If | ast.IfExp | ast.While) else []
        tests += above.values if isinstance(above, ast.BoolOp) else []
        asked = filter(None, (attribute_asked(each) for test in tests for each in ast.walk(test)))
        if any(name == node.attr and ast.dump(held) == of for held, name in asked):
            return True
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            return False
    return False
