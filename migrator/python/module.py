"""One module under rewriting: its text, its outline, and what its names stand for before and after."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from migrator.names import Names, Renamed
from migrator.python.facts import Facts, Index, import_lines, origin_of
from migrator.python.outline import Binding, Outline, Reference, Scope
from migrator.python.source import Source
from migrator.sites import Finding


@dataclass(slots=True)
class Module:
    """What every rewriter of a module takes."""

    source: Source
    found: Outline
    facts: Facts
    index: Index
    edit_prose: bool = False
    _seen_in_f_string: Counter[tuple[int, str]] = field(default_factory=Counter)

    @property
    def names(self) -> Names:
        return self.index.names

    def rename(self, dotted: str) -> Renamed | None:
        return self.index.rename(dotted)

    def new_name(self) -> str:
        """The dotted name of this module after the run."""
        renamed = self.names.rename(self.facts.name)
        return renamed.new if renamed else self.facts.name

    def binding_of(self, name: str, scope: Scope) -> tuple[Binding, Scope] | None:
        """What a use of `name` in `scope` means: the binding that leads to a dotted name if there is one."""
        holder = scope.lookup(name)
        if holder is None:
            return None
        bindings = holder.bindings[name]
        return next((b for b in bindings if b.target or b.kind == "alias"), bindings[0]), holder

    def dotted(self, parts: tuple[str, ...], scope: Scope) -> str | None:
        """The fully qualified name that a chain means; None where that is no import or definition, or is left alone."""
        bound = self.binding_of(parts[0], scope) if parts else None
        return None if bound and self.left_alone(bound[0]) else self.meaning(parts, scope)

    def meaning(self, parts: tuple[str, ...], scope: Scope) -> str | None:
        """`dotted` of a chain whose import a comment may suppress."""
        if not parts:
            return None
        bound = self.binding_of(parts[0], scope)
        base = self.from_star(parts[0]) if bound is None else origin_of(*bound)
        return ".".join((base, *parts[1:])) if base else None

    def from_star(self, name: str) -> str | None:
        """The dotted name of a name that only an `import *` can have bound."""
        stars = self.found.scope.stars
        return next((f"{star}.{name}" for star in reversed(stars) if self.index.offers(star, name)), None)

    def local_name(self, binding: Binding, holder: Scope) -> str:
        """What the local name of a binding is afterwards; a plain `import a.b` is used by its full new name."""
        target = binding.target if binding.kind != "alias" or holder.kind == "class" else origin_of(binding, holder)
        if not target:
            return binding.name
        if binding.kind == "import":
            renamed = self.rename(target)
            return renamed.new if renamed and self.is_free(renamed.new.partition(".")[0]) else binding.name
        return self.index.local_name(self.facts, binding.name, target)

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
