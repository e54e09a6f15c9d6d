"""What the expressions of a script mean of a package: its classes, clients of them, functions that give these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ast_grep_py import SgNode

from migrator.fates.handed import Handed, stem
from migrator.fates.handed import names as is_named
from migrator.javascript import classes
from migrator.javascript.imports import THROUGH, Import, called
from migrator.javascript.objects import properties
from migrator.javascript.scopes import Binding
from migrator.javascript.source import Script, string_of
from migrator.packs.ruleset import Rules

_CHOICES = frozenset(
    {"binary_expression", "ternary_expression", "assignment_expression", "augmented_assignment_expression"}
)
_DEEP = 12  # steps from an expression to what it means


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an expression is: a `module`, a `name` of one, an `instance` of a class of one, or a `maker` that gives one.

    A `class` is the project's own upon one of a package, whose options it says itself. `made` is where the expression
    stands that builds the instance, if this script has it, `prefix` how ids of models begin for an instance that
    another script hands on.
    """

    kind: Literal["module", "name", "instance", "maker", "class"]
    package: str
    name: str = ""
    made: tuple[int, int] | None = None
    prefix: str = ""


class Meanings:
    """Which expressions of a program mean something of a package; all but plain data flow is followed in one file.

    The rules have what other scripts hand on of `package`, by imports as the script at `path` writes them.
    """

    def __init__(self, script: Script, all_imports: list[Import], path: str, package: str, rules: Rules) -> None:
        self._script, self._path, self._package, self._rules = script, path, package, rules
        self._attributes: dict[str, Meaning] | None = None
        self._bound: dict[tuple[tuple[int, int], int], Meaning | None] = {}
        self._imported = {_key(name.local): (each, name) for each in all_imports for name in each.names}

    def of(self, node: SgNode | None, depth: int = 0) -> Meaning | None:
        """What an expression or a type means; None where nothing is known of it."""
        if node is None or depth > _DEEP:
            return None
        kind = node.kind()
        if kind in THROUGH:
            inner = node.named_children()
            return self.of(inner[0], depth + 1) if inner else None
        if kind in {"identifier", "type_identifier", "shorthand_property_identifier"}:
            binding = self._script.scopes.resolve(node)
            return self._of_declared(binding, depth) if binding else None
        if kind in {"member_expression", "nested_type_identifier", "nested_identifier"}:
            return self._of_member(node, depth)
        if kind == "subscript_expression":
            return self._of_member(node, depth)
        if kind == "this":
            return _built(self._of_class(classes.around(node), depth))
        if classes.is_class(node):
            return self._of_class(node, depth)
        if kind == "new_expression":
            made = self.of(node.field("constructor"), depth + 1)
            if made and made.kind == "class":
                return _built(made)
            return Meaning("instance", made.package, made.name, _key(node)) if made else None
        if kind == "call_expression":
            return self._of_call(node, depth)
        if kind in _CHOICES:
            parts = [node.field(f) for f in ("left", "right", "consequence", "alternative")]
            return next((m for part in parts if (m := self.of(part, depth + 1))), None)
        return None

    def exported(self, source: str, name: str) -> Meaning | None:
        """What a module has under a name: one of the package, or what another script hands on."""
        if source == self._package:
            return Meaning("name", source, name)
        for each in self.all_of(source):
            if each.name == name and each.kind != "address" and each.kind != "headers":
                return Meaning(each.kind, self._package, each.of, prefix=each.prefix)
        return None

    def all_of(self, source: str) -> list[Handed]:
        """What the script hands on that an import means by `source`."""
        handed, packages = self._rules.handed, self._rules.packages
        return [each for each in handed if is_named(each.module, source, self._path, packages)]

    @property
    def own(self) -> list[Handed]:
        """What the script itself hands on."""
        return [each for each in self._rules.handed if each.module == stem(self._path)]

    def given_by(self, node: SgNode) -> Meaning | None:
        """What a function gives: one that is named, or stands there."""
        if node.kind() in {"arrow_function", "function_expression"}:
            return self._of_body(node.field("body"), node.field("return_type"), 0)
        binding = self._script.scopes.resolve(node) if node.kind() == "identifier" else None
        return self._of_function(binding, 0) if binding else None

    def _of_name(self, package: str, name: str) -> Meaning:
        return self.exported(package, name) or Meaning("name", package, name)

    def _of_member(self, node: SgNode, depth: int) -> Meaning | None:
        name = node.field("property") or node.field("name") or node.field("index")
        above = node.field("object") or node.field("module")
        if name is None or above is None:
            return None
        if above.kind() == "this":
            return self._attribute(name.text())
        held = self._held(above, name)
        if held:
            return next((m for each in held if (m := self.of(each, depth + 1))), None)
        whole = self.of(above, depth + 1)
        if whole and whole.kind == "module":
            return self._of_name(whole.package, name.text())
        if whole and whole.kind == "name" and whole.name in {"default", "*"}:  # of a CommonJS module
            return Meaning("name", whole.package, name.text())
        return None

    def _held(self, owner: SgNode, name: SgNode) -> list[SgNode]:
        """What a constant object has under a name; all that it has where the name is worked out."""
        binding = self._script.scopes.resolve(owner) if owner.kind() == "identifier" else None
        value = binding.node.field("value") if binding and binding.kind == "variable" else None
        while value and value.kind() in THROUGH and value.named_children():
            value = value.named_children()[0]
        entries = properties(value) if value and value.kind() == "object" else []
        said = name.text() if name.kind() == "property_identifier" else string_of(name)
        return [each.value for each in entries if each.value and (said is None or each.name == said)]

    def _of_class(self, declared: SgNode | None, depth: int) -> Meaning | None:
        """What a class is that the script declares: one of the package's with another name, or one upon it."""
        base = self.of(classes.extended(declared), depth + 1) if declared else None
        if declared is None or base is None or base.kind not in {"name", "module", "class"}:
            return None
        own = classes.constructor(declared)
        building = classes.building(declared)
        if own is None or base.kind == "class":
            return base
        return Meaning("class", base.package, base.name, _key(building[0]) if len(building) == 1 else None)

    def _of_declared(self, binding: Binding, depth: int) -> Meaning | None:
        """What a declared name means, worked out once: it may be assigned to itself many times."""
        place = binding.key, depth
        if place not in self._bound:
            self._bound[place] = self._of_binding(binding, depth)
        return self._bound[place]

    def _of_binding(self, binding: Binding, depth: int) -> Meaning | None:
        known = self._imported.get(_key(binding.name))
        if known:
            each, name = known
            if name.imported != "*":
                return self._of_name(each.package, name.imported)
            whole = self.exported(each.package, "*") if each.package != self._package else None
            return whole or Meaning("module", each.package)
        node = binding.node
        if binding.kind == "class":
            return self._of_class(node, depth)
        if binding.kind == "parameter":
            return self._of_type(node.field("type"), depth)
        if binding.kind != "variable":
            return None
        pattern, value = node.field("name"), node.field("value")
        if pattern is None or pattern.kind() != "identifier":
            whole = self.of(value, depth + 1)
            taken = (
                next((p.name for p in properties(pattern) if p.value and _key(p.value) == binding.key), "")
                if pattern
                else ""
            )
            return self._of_name(whole.package, taken) if whole and whole.kind == "module" and taken else None
        found = self.of(value, depth + 1) or self._of_type(node.field("type"), depth)
        return found or next(
            (m for v in self._script.standing.assigned.get(binding.key, ()) if (m := self.of(v, depth + 1))), None
        )

    def _of_type(self, annotation: SgNode | None, depth: int) -> Meaning | None:
        """What a value of a type is: an instance of the first class of it that is known."""
        if annotation is None:
            return None
        asked = annotation.find(kind="type_query")
        if asked:
            return self._of_query(asked, annotation, depth)
        for kind in ("type_identifier", "nested_type_identifier"):
            for each in annotation.find_all(kind=kind):
                made = self.of(each, depth + 1)
                if made:
                    return _built(made)
        return None

    def _of_query(self, asked: SgNode, annotation: SgNode, depth: int) -> Meaning | None:
        """What a value of the type `typeof …` is, or of one that is taken from that."""
        operand = asked.named_children()[0]
        around = {
            name.text()
            for each in annotation.find_all(kind="generic_type")
            if (name := each.field("name")) and asked.text() in each.text()
        }
        if "ReturnType" in around:
            return self.given_by(operand)
        return _built(self.of(operand, depth + 1)) if "InstanceType" in around else self.of(operand, depth + 1)

    def _of_call(self, node: SgNode, depth: int) -> Meaning | None:
        own = called(node)
        if own:
            return Meaning("module", own.package)
        function = node.field("function")
        if function is None:
            return None
        owner, name = function.field("object"), function.field("property")
        if owner and name and owner.kind() == "this":
            return self._attribute(name.text())
        maker = self.of(function, depth + 1)
        if maker and maker.kind == "maker":
            return Meaning("instance", maker.package, maker.name, prefix=maker.prefix)
        binding = self._script.scopes.resolve(function) if function.kind() == "identifier" else None
        return self._of_function(binding, depth) if binding else None

    def _of_function(self, binding: Binding, depth: int) -> Meaning | None:
        """What a declared function gives."""
        value = binding.node.field("value") if binding.kind == "variable" else None
        function = binding.node if binding.kind == "function" else value
        return self._of_body(_body(binding), function.field("return_type") if function else None, depth)

    def _of_body(self, body: SgNode | None, annotation: SgNode | None, depth: int) -> Meaning | None:
        """What the function with a body gives: what it returns, else what its type says."""
        if body is not None and body.kind() != "statement_block":
            return self.of(body, depth + 1) or self._of_type(annotation, depth)
        for returned in body.find_all(kind="return_statement") if body else ():
            given = returned.named_children()
            meaning = self.of(given[0], depth + 1) if given else None
            if meaning:
                return meaning
        return self._of_type(annotation, depth)

    def _attribute(self, name: str) -> Meaning | None:
        """What an attribute of `this` is, or gives where it is a method, in whichever class of the program."""
        if self._attributes is None:
            self._attributes = {}  # there before it is filled: one attribute may be known by another
            for each, value, annotation in (*self._given(), *self._returned()):
                meaning = (self.of(value, 1) if value else None) or self._of_type(annotation, 1)
                if meaning:
                    self._attributes.setdefault(each.lstrip("#"), meaning)
        return self._attributes.get(name.lstrip("#"))

    def _given(self) -> Iterator[tuple[str, SgNode | None, SgNode | None]]:
        """The attributes of classes: name, value and type as they are written."""
        for node in self._script.all("assignment_expression", "augmented_assignment_expression"):
            left = node.field("left")
            owner = left.field("object") if left and left.kind() == "member_expression" else None
            name = left.field("property") if left else None
            if owner and owner.kind() == "this" and name:
                yield name.text(), node.field("right"), None
        for node in self._script.all("public_field_definition", "field_definition"):
            name = node.field("name") or node.field("property")
            if name:
                yield name.text(), node.field("value"), node.field("type")
        for node in self._script.all("required_parameter"):
            pattern = node.field("pattern")
            if pattern and any(c.kind() in {"accessibility_modifier", "readonly"} for c in node.children()):
                yield pattern.text(), None, node.field("type")

    def _returned(self) -> Iterator[tuple[str, SgNode | None, SgNode | None]]:
        """The methods and getters of classes: name, what is returned, and the type of that."""
        for node in self._script.all("method_definition"):
            name, body = node.field("name"), node.field("body")
            for returned in body.find_all(kind="return_statement") if name and body else ():
                yield (
                    name.text() if name else "",
                    next(iter(returned.named_children()), None),
                    node.field("return_type"),
                )


def _built(made: Meaning | None) -> Meaning | None:
    """An instance of what is a class; one of another script may say how ids of models begin."""
    if made is None or made.kind not in {"name", "module", "class"}:
        return made
    return Meaning("instance", made.package, made.name, made.made, made.prefix)


def _body(binding: Binding) -> SgNode | None:
    """The body of a function that a name is bound to."""
    if binding.kind == "function":
        return binding.node.field("body")
    value = binding.node.field("value") if binding.kind == "variable" else None
    return value.field("body") if value and value.kind() in {"arrow_function", "function_expression"} else None


def _key(node: SgNode) -> tuple[int, int]:
    place = node.range()
    return place.start.index, place.end.index
