"""The references of a module that go through a module of a library that is left, and what each of them means."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from migrator.fates.library import Fate
from migrator.python.module import Module
from migrator.python.reading import attributes
from migrator.python.reading.calling import asked
from migrator.python.reading.expressions import given_by, module_argument, parts_of, text_value
from migrator.python.reading.outline import Reference
from migrator.python.reading.scopes import Scope
from migrator.python.words.texts import CHAINS


class Use(NamedTuple):
    """A reference that goes through a module of the library, `depth` parts of which are that module."""

    reference: Reference
    depth: int
    dotted: str  # what all of it means
    fate: Fate
    start: int = 0  # where it stands, inside a text
    likely: bool = False  # nothing tells what the object is of that it is read off

    @property
    def text(self) -> str:
        return ".".join(self.reference.parts) if self.reference.parts[0] else f"….{'.'.join(self.reference.parts[1:])}"

    @property
    def own(self) -> int:
        """How many parts name what the rule speaks of; attributes of that follow."""
        return len(self.reference.parts) - (self.dotted.count(".") + 1 - self.fate.count)

    def place(self, module: Module, count: int) -> tuple[int, int] | None:
        """Where its first parts stand."""
        if self.start:
            return self.start, self.start + len(".".join(self.reference.parts[:count]))
        return module.place(self.reference, count)


def direct(module: Module) -> Iterator[Use]:
    """Those in code: `litellm.completion`, `self.llm.completion`."""
    uses = (_use(module, reference, 0) for reference in module.found.references)
    yield from (use for use in uses if use)


def _use(module: Module, reference: Reference, start: int) -> Use | None:
    count = module.of_library(reference.parts, reference.scope)
    dotted = module.index.canonical(module.meaning(reference.parts, reference.scope) or "")
    fate = module.names.fate(dotted)
    return Use(reference, count, dotted, fate, start) if count and fate else None


def given(module: Module) -> Iterator[Use]:
    """Uses of what a function of the module's own gives: `_backend().completion`."""
    for nodes, owner in module.found.members:
        if not isinstance(_module_argument(nodes[0].value), ast.Constant):
            yield from _given(module, owner, [node.attr for node in nodes], (nodes[0].value, *nodes))
    for of, call, name in asked(module.found):
        yield from _given(module, given_by(of, module.found.importers), [name], (of, call))


def _given(module: Module, owner: str, names: list[str], nodes: tuple[ast.expr, ...]) -> Iterator[Use]:
    dotted = ".".join((owner, *names))
    fate = module.names.fate(dotted) if module.names.is_module(owner) else None
    if fate:
        yield Use(Reference(("", *names), nodes, module.found.scope, None), 1, dotted, fate)


def of_objects(module: Module) -> Iterator[Use]:
    """Uses of an attribute that stands for a library, read off an object where it is made: `Backend().lib.cache`.

    Where nothing tells what the object is of, those of what the client module has not.
    """
    having, seen = attributes.having(module.index), attributes.seen_by(module.index, module.facts)
    for nodes, scope, joined in _read_off_objects(module) if having else ():
        owner, names = nodes[0], [each.attr for each in nodes[1:] if isinstance(each, ast.Attribute)]
        full = module.class_of(owner, scope)
        is_told = full in having[names[0]]
        library = seen.get(names[0], "") if not is_told and _may_be(module, owner, full, names[0], scope) else ""
        dotted = module.index.canonical(".".join((full, *names))) if is_told else ".".join((library, *names[1:]))
        fate = module.names.fate(dotted) if is_told or library else None
        if fate and (is_told or (_is_missing(module, fate, names[1]) and _is_used(nodes[-1], names[-1], module))):
            yield Use(Reference(("", *names), nodes, scope, joined), 2, dotted, fate, likely=not is_told)


def _read_off_objects(module: Module) -> Iterator[tuple[tuple[ast.expr, ...], Scope, ast.JoinedStr | None]]:
    """What such attributes are read off, the attribute, what is read off that, and where."""
    having, parents = attributes.having(module.index), module.source.parents
    scopes = {id(call): scope for call, scope in module.found.calls}
    for reference in module.found.references:
        first = next((n for n, part in enumerate(reference.parts[1:-1]) if part in having), None)
        if first is not None and not module.of_library(reference.parts, reference.scope):
            yield reference.nodes[first:], reference.scope, reference.inside
    for node, joined in module.found.loose:
        above = parents.get(id(node)) if node.attr in having else None
        nodes: list[ast.expr] = [node.value, node]
        while isinstance(above, ast.Attribute):
            nodes.append(above)
            above = parents.get(id(above))
        if node.attr in having and len(nodes) > 2:
            yield tuple(nodes), scopes.get(id(node.value), module.found.scope), joined


def _may_be(module: Module, owner: ast.expr, full: str, attribute: str, scope: Scope) -> bool:
    """Whether what an attribute is read off may be an object of a class that has it for a library.

    `full` is what the class of the object is called, or the function that gives it.
    """
    index = module.index
    if known := index.class_named(full):
        above = (index.lineage(each) for each in attributes.having(index)[attribute])
        return any(full in each for each in above) or "Protocol" in {base.rpartition(".")[2] for base in known.bases}
    leaf = full.rpartition(".")[2]
    if full and not index.module_of(full) and leaf[:1].isupper() and leaf != "Any":
        return False
    meant = index.canonical(module.meaning(parts_of(owner), scope) or "")
    where = index.module_of(meant)
    return not meant or (meant != where != "" and not index.class_named(meant))


def _is_missing(module: Module, fate: Fate, name: str) -> bool:
    """Whether a library has a name that the client module has not."""
    its = fate.kind == "moved" and (fate.to, fate.name) == (module.names.client, name)
    return not its and fate.kind in ("moved", "needless", "gone") and not hasattr(str, name)


def _is_used(node: ast.expr, name: str, module: Module) -> bool:
    """Whether a name is used as a library's is: a class, or called, looked up in, set; settings of others are read."""
    above = module.source.parents.get(id(node))
    asks = (isinstance(above, ast.Call) and above.func is node) or isinstance(above, ast.Subscript)
    return asks or name[:1].isupper() or not is_read(node)


def _module_argument(node: ast.expr) -> ast.expr | None:
    return module_argument(node) if isinstance(node, ast.Call) else None


def annotated(module: Module) -> Iterator[Use]:
    """Uses in annotations that are written as text."""
    for text in module.found.texts:
        if text.role == "annotation" and text_value(text.node):
            for match in CHAINS.finditer(module.source.segment(text.node)):
                parts = tuple(match[0].split("."))
                reference = Reference(parts, (text.node,) * len(parts), text.scope, None)
                use = _use(module, reference, module.source.start(text.node) + match.start())
                if use:
                    yield use


def is_read(node: ast.expr) -> bool:
    """Whether a name is neither assigned to nor deleted."""
    return not isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
