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
from migrator.python.words.texts import CHAINS


class Use(NamedTuple):
    """A reference that goes through a module of the library, `depth` parts of which are that module."""

    reference: Reference
    depth: int
    dotted: str  # what all of it means
    fate: Fate
    start: int = 0  # where it stands, inside a text

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


def made(module: Module) -> Iterator[Use]:
    """Uses of an attribute that stands for a library, read off an object where it is made: `Backend().lib.cache`."""
    having = attributes.having(module.index)
    scopes = {id(call): scope for call, scope in module.found.calls} if having else {}
    for node, joined in module.found.loose:
        call = node.value
        if node.attr in having and isinstance(call, ast.Call) and parts_of(call.func):
            scope = scopes.get(id(call), module.found.scope)
            full = module.index.canonical(module.meaning(parts_of(call.func), scope) or "")
            nodes, above = [node], module.source.parents.get(id(node))
            while isinstance(above, ast.Attribute):
                nodes.append(above)
                above = module.source.parents.get(id(above))
            names = [each.attr for each in nodes]
            dotted = module.index.canonical(".".join((full, *names)))
            fate = module.names.fate(dotted)
            if full in having[node.attr] and fate:
                yield Use(Reference(("", *names), (call, *nodes), scope, joined), 2, dotted, fate)


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
