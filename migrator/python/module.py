"""One module under rewriting: its text, its outline, and what its names stand for before and after."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from migrator.fates.names import Names, Renamed
from migrator.patterns import under
from migrator.python.library import construction
from migrator.python.library.built import Builds
from migrator.python.reading import attributes, instances
from migrator.python.reading.expressions import Parts, named_module, parts_of
from migrator.python.reading.facts import Facts
from migrator.python.reading.index import Index
from migrator.python.reading.laid_out import LaidOut
from migrator.python.reading.outline import Outline, Reference
from migrator.python.reading.scopes import Binding, Scope, origin_of
from migrator.python.reading.source import Source
from migrator.python.reading.survey import import_lines
from migrator.python.reading.values import Values
from migrator.python.reading.variables import Variables
from migrator.sites import Finding, Status


@dataclass
class Module:
    """What every rewriter of a module takes.

    `through` are the references to a library that is left which go through a module of it, by id; `handled` the import
    statements, and `placed` the imported names, by id, whose new form follows from these; `beside` is what else is
    imported where a statement stands, by its id; `replaced` the expressions, by id, that others take the place of;
    `staying` the expressions, by id, that go on meaning the library; `kept` those that stay and are told of already.
    """

    source: Source
    found: Outline
    facts: Facts
    index: Index
    edit_prose: bool = False
    through: Collection[int] = frozenset()
    handled: Collection[int] = frozenset()
    placed: Mapping[int, Renamed] = field(default_factory=dict)
    beside: Mapping[int, tuple[Renamed, ...]] = field(default_factory=dict)
    replaced: set[int] = field(default_factory=set)
    staying: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    _seen_in_f_string: Counter[tuple[int, str]] = field(default_factory=Counter)
    _calls: dict[int, ast.Call] = field(default_factory=dict)  # id of the first argument -> the call

    @property
    def names(self) -> Names:
        return self.index.names

    @property
    def builds(self) -> Builds:
        return construction.builds(self.index, self.facts)

    @cached_property
    def laid_out(self) -> LaidOut:
        return LaidOut(self.source, self.found)

    @cached_property
    def variables(self) -> Variables:
        return Variables(self.source, self.found)

    @cached_property
    def values(self) -> Values:
        return Values(self.source, self.found, self.variables)

    def rename(self, dotted: str) -> Renamed | None:
        return self.index.rename(dotted)

    def doubt(self, dotted: str, renamed: Renamed | None) -> str:
        """What to say of a name that moves with its module and sounds old, but that no rule renames; "" for others."""
        known = self.index.canonical(dotted)
        fate = self.names.fate(known)
        if fate and fate.kind == "moved":
            return fate.message if fate.status is Status.REVIEW else ""
        if renamed is None or not self.names.is_unknown(known):
            return ""
        if self.index.defines(known) or self.index.module_of(known) == known:
            return ""
        name = known.rpartition(".")[2]
        return f"this pack does not know {name}: see that {renamed.new.rpartition('.')[0]} has it by this name"

    def new_name(self) -> str:
        """The dotted name of this module after the run."""
        renamed = self.names.rename(self.facts.name)
        return renamed.new if renamed else self.facts.name

    def binding_of(self, name: str, scope: Scope) -> tuple[Binding, Scope] | None:
        """What a use of `name` in `scope` means: the binding that leads to a dotted name if there is one."""
        holder = scope.lookup(name)
        if holder is None:
            return None
        bindings = holder.told(name)
        leading = [b for b in bindings if b.target or b.kind == "alias"] or bindings
        return next((b for b in leading if origin_of(b, holder)), leading[0]), holder

    def dotted(self, parts: Parts, scope: Scope) -> str | None:
        """The fully qualified name that a chain means; None where that is no import or definition, or is left alone."""
        bound = self.binding_of(parts[0], scope) if parts else None
        return None if bound and self.left_alone(bound[0]) else self.meaning(parts, scope)

    def meaning(self, parts: Parts, scope: Scope) -> str | None:
        """`dotted` of a chain whose import a comment may suppress."""
        base = self.base(parts, scope)
        return ".".join((base, *parts[1:])) if base else None

    def base(self, parts: Parts, scope: Scope) -> str | None:
        """The dotted name that the first part of a chain stands for."""
        if not parts:
            return None
        return self._of_object(parts, scope) or self._bound(parts[0], scope) or self._of_instance(parts, scope)

    def _bound(self, name: str, scope: Scope) -> str | None:
        """The dotted name that a name is bound to."""
        bound = self.binding_of(name, scope)
        return self.from_star(name) if bound is None else self._origin(*bound)

    def class_of(self, value: ast.expr, scope: Scope) -> str:
        """The full name of the class that an object is said to be of: as `self`, by its annotation, where it is made.

        It is "" where nothing tells, and may be that of a function that gives the object.
        """
        if isinstance(value, ast.Name) and scope.owner(value.id):
            return self._class_around(value.id, scope)
        written, where = instances.class_of(self.source, value, scope)
        base = self._bound(written[0], where) if written else None
        return self.index.canonical(".".join((base, *written[1:]))) if base else ""

    def _origin(self, binding: Binding, holder: Scope) -> str | None:
        """The dotted name that a binding stands for; None for a variable that is given the address of a client."""
        origin = origin_of(binding, holder)
        variable = origin and self.names.address(self.index.canonical(origin)) and self.varies(binding.name, holder)
        return None if variable else origin

    def varies(self, name: str, holder: Scope) -> bool:
        """Whether a name of a scope is a variable, also where it is other modules that assign to it."""
        return holder.varies(name) or (holder is self.found.scope and self.index.varies(self.facts, name))

    def _class_around(self, name: str, scope: Scope) -> str:
        """The class at the top of the module that `self` or `cls` is of; "" for any other name."""
        owner = scope.owner(name)
        if owner is None or owner.parent is not self.found.scope or not isinstance(owner.node, ast.ClassDef):
            return ""
        return f"{self.facts.name}.{owner.node.name}"

    def _of_instance(self, parts: Parts, scope: Scope) -> str | None:
        """The class that `self` or `cls` is of, where the project tells what its attribute `parts[1]` stands for."""
        name = self._class_around(parts[0], scope) if len(parts) > 1 else ""
        return name if name and self.index.member(name, parts[1]) else None

    def _of_object(self, parts: Parts, scope: Scope) -> str:
        """The class that a variable is an object of, where its attribute `parts[1]` stands for a library."""
        classes = attributes.having(self.index).get(parts[1], ()) if len(parts) > 1 else ()
        full = self.class_of(ast.Name(parts[0]), scope) if classes else ""
        return full if full in classes else ""

    def of_library(self, parts: Parts, scope: Scope) -> int:
        """How many parts of a chain, from the first, stand for a module of a library that is left; 0 for none."""
        for count in range(len(parts), 0, -1) if self.names.rules.libraries else ():
            owner = self.meaning(parts[:count], scope)
            if owner and self.names.is_module(self.index.canonical(owner)):
                return count
        return 0

    def holds_address(self, parts: Parts, scope: Scope) -> bool:
        """Whether a chain is a variable of the project's own that is given what a client calls its address."""
        bound = self.binding_of(parts[0], scope) if parts else None
        origin = origin_of(*bound) if bound and len(parts) == 1 else None
        if bound and self.varies(parts[0], bound[1]) and self.names.address(self.index.canonical(origin or "")):
            return True
        return bool(self.index.held_address(self.dotted(parts, scope) or ""))

    def meanings(self, parts: Parts, scope: Scope) -> set[str | None]:
        """What a chain can mean by any of the bindings of its first part, `None` for what is not told."""
        holder = scope.lookup(parts[0]) if parts else None
        if holder is None:
            return {self.dotted(parts, scope)}
        bindings = holder.told(parts[0])
        if len(bindings) < 2:
            return {self.dotted(parts, scope)}
        bases = (None if self.left_alone(b) else self._origin(b, holder) for b in bindings)
        return {".".join((base, *parts[1:])) if base else None for base in bases}

    def value_of(self, node: ast.expr, scope: Scope) -> set[str | None]:
        """`meanings` of an expression: a chain, one that starts at an import by text, `(name := value)`."""
        parts = parts_of(node)
        if parts:
            return self.meanings(parts, scope)
        if isinstance(node, ast.NamedExpr):
            return self.value_of(node.value, scope)
        rest: list[str] = []
        while isinstance(node, ast.Attribute):
            rest.append(node.attr)
            node = node.value
        module = self.imported(node)
        return {".".join((module, *reversed(rest))) if module else None}

    def imported(self, node: ast.expr) -> str:
        """The module that an expression imports by its text; "" for any other."""
        return named_module(node, self.facts.package, self.found.importers)

    def call_given(self, node: ast.expr) -> ast.Call | None:
        """The call that has an expression for its first argument."""
        if not self._calls:
            self._calls.update((id(call.args[0]), call) for call, _ in self.found.calls if call.args)
        return self._calls.get(id(node))

    def from_star(self, name: str) -> str | None:
        """The dotted name of a name that only an `import *` can have bound."""
        stars = self.found.scope.stars
        return next((f"{star}.{name}" for star in reversed(stars) if self.index.offers(star, name)), None)

    def local_name(self, binding: Binding, holder: Scope) -> str:
        """What the local name of a binding is afterwards; a plain `import a.b` is used by its full new name."""
        own = isinstance(binding.node, ast.arg) or (binding.kind == "alias" and holder.kind == "class")
        target = None if own else origin_of(binding, holder)
        if not target:
            return binding.name
        if binding.kind == "import":
            renamed = self.rename(target)
            return renamed.new if renamed and self.is_free(renamed.new.partition(".")[0]) else binding.name
        return self.index.local_name(self.facts, binding.name, target)

    def written(self, parts: Parts, base: str, bound: tuple[Binding, Scope] | None) -> Parts | None:
        """How a chain is written afterwards whose first part stands for `base` by `bound`, or by `import *`.

        None where its new name is not below what the first part is bound to by then.
        """
        new, base_new = self.index.new_name(".".join((base, *parts[1:]))), self.index.new_name(base)
        if not under(new, base_new) or (bound is None and not self._in_star(parts[0], base_new)):
            return None
        local = self.local_name(*bound) if bound else base_new.rpartition(".")[2]
        return tuple((local + new[len(base_new) :]).split("."))

    def _in_star(self, name: str, new: str) -> bool:
        """Whether the `import *` that gives a name gives its new one as well."""
        star = next((s for s in reversed(self.found.scope.stars) if self.index.offers(s, name)), "")
        return under(new, self.index.new_name(star))

    def suppresses(self, finding: Finding) -> bool:
        """Whether a comment on the line of a finding suppresses it."""
        rules = self.facts.suppressed.get(self.source.line_of(finding.start))
        return rules is not None and (not rules or finding.rule in rules)

    def left_alone(self, binding: Binding) -> bool:
        """Whether a comment suppresses the import that binds a name, so that it goes on giving the old thing."""
        node = binding.statement
        if not self.facts.suppressed or not isinstance(node, ast.Import | ast.ImportFrom):
            return False
        target = binding.node.name if binding.kind == "import" and isinstance(binding.node, ast.alias) else ""
        rules = self.index.rules_of(target or binding.target or "")
        comments = [self.facts.suppressed[n] for n in import_lines(node) if n in self.facts.suppressed]
        return bool(rules) and any(not listed or not listed.isdisjoint(rules) for listed in comments)

    def is_free(self, top: str) -> bool:
        """Whether nothing but the package `top` bears its name, in any scope of the module."""
        return all(t == top or self.index.new_name(t) == top for t in self.facts.bound.get(top, ()))

    def local_renames(self) -> Iterator[tuple[str, str]]:
        """Old local name -> new one, for every name that is renamed anywhere in the module."""
        for scope in self.found.scopes:
            for name, bindings in scope.bindings.items():
                for binding in bindings:
                    new = self.local_name(binding, scope)
                    if new != name and binding.kind != "import":
                        yield name, new

    def place(self, reference: Reference, count: int) -> tuple[int, int] | None:
        """Where the first `count` parts of a reference stand; None where they cannot be replaced as one piece."""
        node, expected = reference.nodes[count - 1], ".".join(reference.parts[:count])
        start, end = self.source.start(node), self.source.end(node)
        if "".join(self.source.text[start:end].split()) == expected:
            return start, end
        if reference.inside is None:
            return None
        return self._place_in_f_string(reference.inside, expected)

    def _place_in_f_string(self, joined: ast.JoinedStr, expected: str) -> tuple[int, int] | None:
        """CPython 3.11 misplaces nodes inside f-strings, so they are taken in the order they stand in."""
        start = self.source.start(joined)
        matches = list(re.finditer(rf"(?<![\w.]){re.escape(expected)}(?!\w)", self.source.segment(joined)))
        nth = self._seen_in_f_string[id(joined), expected]
        self._seen_in_f_string[id(joined), expected] += 1
        return (start + matches[nth].start(), start + matches[nth].end()) if nth < len(matches) else None
