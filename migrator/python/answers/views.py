"""The modules of a project that can come across answers, seen when something leads there."""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import cached_property

from migrator.python.answers.view import View, view
from migrator.python.module import Module
from migrator.python.reading.facts import Facts
from migrator.python.reading.index import Index


class Views:
    """Views of the modules of a project, each made once."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._views: dict[str, View | None] = {}

    def apart(self) -> Views:
        """The same views, to which others can be added that these do not see."""
        made = Views(self.index)
        made._views, made.near, made._givers = dict(self._views), self.near, self._givers
        return made

    def see(self, module: Module) -> View:
        """The view of a module that is being rewritten."""
        known = self._views.get(module.facts.path)
        if known is None or known.module.source is not module.source:
            known = view(module)
            self._views[module.facts.path] = known
        return known

    def look(self, path: str) -> View | None:
        """The view of another module of the project."""
        if path not in self._views:
            parsed = self.index.parsed(path) if path in self.near else None
            self._views[path] = view(Module(*parsed, self.index.by_path[path], self.index)) if parsed else None
        return self._views[path]

    @cached_property
    def callers(self) -> Mapping[str, list[str]]:
        """The near modules that mention a full name, or call a method by its own, `.name`; by path in order."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.near):
            for name in _named(self.index.by_path[path]):
                found.setdefault(name, []).append(path)
        return found

    @cached_property
    def near(self) -> frozenset[str]:
        """The modules that can come across answers, by path: those that use the library, and what goes with them.

        A module may have answers from one that it imports from, or be given them by one that imports from it.
        """
        beside: dict[str, set[str]] = {}
        for facts in self.index.by_path.values():
            for module in {self.index.module_of(target) for target in _targets(facts)} - {""}:
                other = self.index.by_name[module].path
                beside.setdefault(facts.path, set()).add(other)
                beside.setdefault(other, set()).add(facts.path)
        waiting = [facts.path for facts in self.index.by_path.values() if self.index.uses_old(facts)]
        found = {*waiting}
        while waiting:
            more = beside.get(waiting.pop(), set()) - found
            found |= more
            waiting += more
        return frozenset(found)

    def handed_to(self) -> frozenset[str]:
        """What the modules that use the library have from elsewhere, and those that have something from such a one."""
        left, names = [*self.index.by_path.values()], set[str]()
        more = [facts for facts in left if self.index.uses_old(facts)]
        found = set[str]()
        while more:
            names.update(name for facts in more for name in facts.names)
            found.update(target for facts in more for target in _targets(facts))
            taken = {facts.path for facts in more}
            left = [facts for facts in left if facts.path not in taken]
            more = [facts for facts in left if any(_has_from(target, names) for target in _targets(facts))]
        return frozenset(found)

    @cached_property
    def _givers(self) -> frozenset[str]:
        """The names of the modules that can come across answers."""
        return frozenset(name for path in self.near for name in self.index.by_path[path].names)

    def concerns(self, module: Module) -> bool:
        """Whether a module can come across answers."""
        ours = module.facts is self.index.by_path.get(module.facts.path)
        if ours:
            return module.facts.path in self.near
        has = any(_has_from(target, self._givers) for target in _targets(module.facts))
        return has or self.index.uses_old(module.facts)


def _named(facts: Facts) -> set[str]:
    """The full names that a module imports, spells in a text, or reads off what it imports, and `.name` of methods."""
    pairs = ((of, name) for local, names in facts.reached.items() for of in facts.bound[local] for name in names)
    read = (f"{of}.{name.partition('.')[0]}" for of, name in pairs if of and name)
    methods = (f".{spelled.rpartition('.')[2]}" for spelled in facts.called if "." in spelled)
    return {*facts.mentioned, *read, *methods}


def _targets(facts: Facts) -> set[str]:
    return {target for targets in facts.bound.values() for target in targets if target} | {*facts.stars}


def _has_from(target: str, modules: Set[str]) -> bool:
    """Whether an import leads into one of the modules."""
    return target in modules or target.rpartition(".")[0] in modules
