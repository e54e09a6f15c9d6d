"""Classes that scripts declare: what they extend, and where they build what they extend."""

from __future__ import annotations

from ast_grep_py import SgNode

_CLASSES = frozenset({"class_declaration", "abstract_class_declaration", "class"})


def is_class(node: SgNode) -> bool:
    """Whether a node is a class, declared or as an expression."""
    return node.kind() in _CLASSES and node.field("body") is not None


def around(node: SgNode) -> SgNode | None:
    """The nearest class around a node."""
    return next((each for each in node.ancestors() if is_class(each)), None)


def extended(declared: SgNode) -> SgNode | None:
    """The expression that a class extends."""
    heritage = next((each for each in declared.named_children() if each.kind() == "class_heritage"), None)
    parts = heritage.named_children() if heritage else []
    if parts and parts[0].kind() == "extends_clause":
        return parts[0].field("value")
    return parts[0] if parts and parts[0].kind() != "implements_clause" else None


def constructor(declared: SgNode) -> SgNode | None:
    """The constructor that a class has itself."""
    body = declared.field("body")
    methods = body.named_children() if body else []
    return next((m for m in methods if (name := m.field("name")) and name.text() == "constructor"), None)


def building(declared: SgNode) -> list[SgNode]:
    """The calls of `super` with which the constructor of a class builds what it extends, in order."""
    own = constructor(declared)
    calls = own.find_all(kind="call_expression") if own else []
    return [c for c in calls if (f := c.field("function")) and f.kind() == "super" and around(c) == declared]
