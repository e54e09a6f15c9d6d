"""What names of a project become: its own follow those of the old layer that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migrator.fates.names import Names, Renamed
from migrator.packs.ruleset import Rules
from migrator.patterns import under
from migrator.python.library import construction
from migrator.python.reading import fixture_names
from migrator.python.reading.askers import Askers
from migrator.python.reading.callers import caller, callers
from migrator.python.reading.definitions import Definitions
from migrator.python.reading.facts import Facts
from migrator.python.reading.processes import Processes

if TYPE_CHECKING:
    from migrator.python.reading.outline import Outline
    from migrator.python.reading.source import Source

Parsed = Callable[[str], "tuple[Source, Outline] | None"]  # the tree of a module by its path, where there is one


def _no_client(_path: str) -> str:
    """No client module is known yet."""
    return ""


def _nothing_parsed(_path: str) -> None:
    """No trees, only facts."""


@dataclass(slots=True)
class Index(Definitions):
    """All facts of a project, and the names of its own that follow a rename (`names.exported`)."""

    parsed: Parsed = _nothing_parsed
    callers: Mapping[str, str] = field(default_factory=dict)  # path -> what it has that calls a library that is left
    shared: dict[object, object] = field(default_factory=dict)  # what a rewriter keeps from one module to the next
    processes: Callable[[], Processes] = Processes
    askers: Askers = field(default_factory=Askers)
    client_of: Callable[[str], str] = _no_client  # path -> the client module of its distribution
    held: object = None  # what the rewriting of calls keeps here
    _renamed: dict[str, Renamed | None] = field(default_factory=dict)
    _mentioned: set[str] = field(default_factory=set)

    @classmethod
    def build(
        cls,
        rules: Rules,
        modules: Iterable[Facts],
        parsed: Parsed = _nothing_parsed,
        processes: Callable[[], Processes] = Processes,
        askers: Askers | None = None,
    ) -> Index:
        """Index the modules and follow re-exports until nothing new is renamed."""
        index = cls(Names(rules), parsed=parsed, processes=processes, askers=askers or Askers())
        for facts in modules:
            index.by_path[facts.path] = facts
            index._mentioned |= facts.mentioned
            for name in reversed(facts.names):
                index.by_name[name] = facts
        index.callers = callers(index)
        calling = caller(index)
        exported: dict[str, str] = {}
        objects = set(index._objects())
        while True:
            index.names, index._renamed, index._using = Names(rules, exported, objects, calling), {}, {}
            more = {k: v for f in index.by_path.values() for k, v in index._exported_by(f) if exported.get(k) != v}
            if not more:
                return index
            exported = {**exported, **more}

    def speaking_of(self, client: str) -> Index:
        """The same index for modules whose client module is `client`."""
        if client == self.names.client:
            return self
        return replace(self, names=self.names.speaking_of(client), _renamed={})

    def holding(self, why: str) -> Index:
        """The same index for modules in which everything of a library stays."""
        fresh = Index(self.names.holding(why), self.by_path, self.by_name, parsed=self.parsed, askers=self.askers)
        return replace(fresh, processes=self.processes, _givers=self._givers, _mentioned=self._mentioned)

    def needing(self, requirements: Sequence[str]) -> Index:
        """The same index, with requirements that come beside those of the rules."""
        return replace(self, names=self.names.needing(requirements)) if requirements else self

    def _objects(self) -> Iterator[str]:
        """What the modules define that lie where a rule renames names."""
        for rule in self.names.rules.symbols:
            for module, facts in self.by_name.items():
                if under(module, rule.module):
                    own = (f"{module}.{name}" for name in facts.exports)
                    yield from (o for o in own if self.defines(o) and o not in self.by_name)

    def _exported_by(self, facts: Facts) -> Iterable[tuple[str, str]]:
        renamed_fixtures = fixture_names.renamed(self, facts) if not facts.frozen else {}
        for name, target in facts.exports.items():
            new = renamed_fixtures.get(name) or self.local_name(facts, name, target)
            if new == name or facts.frozen:
                continue
            for module in facts.names:
                if name in renamed_fixtures or target != f"{module}.{name}":
                    moved = self.rename(module)
                    yield f"{module}.{name}", f"{moved.new if moved else module}.{new}"

    def rename(self, dotted: str) -> Renamed | None:
        """`Names.rename`, which also sees what a project module has from elsewhere, by name or by `import *`."""
        if dotted not in self._renamed:
            direct = self.names.rename(dotted) or self._from_root(dotted)
            self._renamed[dotted] = direct  # what a circle of re-exports comes back to
            self._renamed[dotted] = self._handed_on(dotted) or (self._held(dotted, direct) if direct else None)
        return self._renamed[dotted]

    def _held(self, dotted: str, renamed: Renamed) -> Renamed | None:
        """What a rule makes of a name, unless the module of the project that has it keeps the name."""
        module = self.module_of(dotted)
        first, *rest = dotted[len(module) + 1 :].split(".")
        facts = self.by_name.get(module)
        target = facts.exports.get(first) if facts else None
        if facts is None or target is None or first in fixture_names.renamed(self, facts):
            return renamed
        own = target in {f"{name}.{first}" for name in facts.names}
        if not own and self.new_name(target) in (target, renamed.new):  # from elsewhere, or there by both names
            return renamed
        if not facts.frozen and self.local_name(facts, first, target) != first:
            return renamed
        new = ".".join((self.new_name(module), first, *rest))
        return Renamed(new, renamed.rule) if new != dotted else None

    def _from_root(self, dotted: str) -> Renamed | None:
        """The new name of something in a module that is imported by more than its name, as `src.` + that."""
        module = self.module_of(dotted)
        name = self.by_name[module].name if module else ""
        if not name or not module.endswith(f".{name}"):
            return None
        renamed = self.names.rename(name + dotted[len(module) :])
        return Renamed(module.removesuffix(name) + renamed.new, renamed.rule) if renamed else None

    def _handed_on(self, dotted: str) -> Renamed | None:
        """The new name of something reached through a project module that has it from another one."""
        module = self.module_of(dotted)
        if not module or module == dotted:
            return None
        facts = self.by_name[module]
        first, *rest = dotted[len(module) + 1 :].split(".")
        member = self.member(f"{module}.{first}", rest[0]) if len(rest) > 1 and first in facts.classes else ""
        if member:
            return self._moved_with(f"{module}.{first}.{rest[0]}", member, rest[1:])
        own, exported = f"{module}.{first}", facts.exports.get(first)
        origin = exported or self.through_star(facts, first)
        fixed = exported or facts.frozen or first in facts.kept
        if origin is None or origin.rpartition(".")[0] in facts.names or (fixed and not rest):
            return None
        if under(origin, own):  # `from .a import a` hides a module that is not known
            return None
        if rest:
            return self._moved_with(own, origin, rest)
        renamed = self.rename(origin)
        return Renamed(f"{self.new_name(module)}.{renamed.new.rpartition('.')[2]}", renamed.rule) if renamed else None

    def _moved_with(self, own: str, origin: str, rest: list[str]) -> Renamed | None:
        """The new name of `rest`, reached through the name `own` that stands for `origin`."""
        renamed = self.rename(".".join([origin, *rest]))
        if renamed is None or not under(renamed.new, self.new_name(origin)):
            return renamed
        return Renamed(self.new_name(own) + renamed.new[len(self.new_name(origin)) :], renamed.rule)

    def local_name(self, facts: Facts, name: str, target: str) -> str:
        """What a module's own binding `name` of `target` is called afterwards.

        It follows the rename only where it bears the name of its target, where no import gives that name to anything
        else, and where the new name is free.
        """
        renamed = self.rename(target)
        if renamed is None or target.rpartition(".")[2] != name or self._is_kept(facts, name, target):
            return name
        leaf = renamed.new.rpartition(".")[2]
        own = {f"{module}.{name}" for module in facts.names}
        if target in own and facts.exports.get(leaf) in {f"{module}.{leaf}" for module in facts.names}:
            return name
        others = facts.bound.get(name, frozenset()) - own - {""}
        if not all(o.rpartition(".")[2] == name and self.new_name(o).rpartition(".")[2] == leaf for o in others):
            return name
        if self._is_crowded(facts, target, leaf):
            return name
        return leaf if all(self.new_name(other) == renamed.new for other in facts.bound.get(leaf, ())) else name

    def _is_crowded(self, facts: Facts, target: str, leaf: str) -> bool:
        """Whether two names of a library that a module imports would both be called `leaf`."""
        others = {r.new for ts in facts.bound.values() for t in ts if t != target and (r := self.names.rename(t))}
        return bool(self.names.rules.libraries) and any(
            new.rpartition(".")[2] == leaf and new != self.new_name(target) for new in others
        )

    def _is_kept(self, facts: Facts, name: str, target: str) -> bool:
        if construction.is_built(self, facts, name, target):
            return True
        rules = facts.kept.get(name)
        return rules is not None and (not rules or not rules.isdisjoint(self.rules_of(target)))

    def let_go(self, dotted: str) -> Renamed | None:
        """What becomes of what a module of the project hands on, by a name that stays while it is another thing."""
        module = self.module_of(dotted)
        facts, name = self.by_name.get(module), dotted[len(module) + 1 :]
        target = facts.exports.get(name) if facts else None
        if facts is None or target is None or target == dotted or facts.frozen or self._is_kept(facts, name, target):
            return None
        return self.names.rename(target) or self.let_go(target)

    def rules_of(self, target: str) -> set[str]:
        """The rules that speak of an imported name: that of its own rename and that of its module's."""
        return {r.rule for r in (self.rename(target), self.rename(target.rpartition(".")[0])) if r}

    def new_name(self, target: str) -> str:
        """`target` after all renames."""
        renamed = self.rename(target) if target else None
        return renamed.new if renamed else target

    def droppable(self, facts: Facts, name: str) -> bool:
        """Whether nothing would miss an imported name: neither its module nor any other one of the project.

        An `__init__.py` and a `conftest.py` import for others to find, a snippet in a document for its reader.
        """
        return name in facts.unused and not self.is_taken(facts, name)

    def is_taken(self, facts: Facts, name: str, seen: Sequence[str] = ()) -> bool:
        """Whether others may have a name from a module, also by an `import *` of it and that of such a module."""
        if facts.path not in self.by_path or facts.path.endswith(("__init__.py", "conftest.py")):
            return True
        if any(f"{m}.{name}" in self._mentioned for m in facts.names):
            return True
        own = self._mentioned.intersection(facts.names)
        others = [f for f in self.by_path.values() if own & f.mentioned] if own else []
        if any(_reads(f, own, name) for f in others):
            return True
        seen = [*seen, facts.path]
        return any(self.is_taken(f, name, seen) for f in others if f.path not in seen)

    def is_wanted(self, facts: Facts, name: str) -> bool:
        """Whether another module of the project takes a name from this one, or names it in a text."""
        return any(f"{m}.{name}" in self._mentioned for m in facts.names)


def _reads(facts: Facts, modules: set[str], name: str) -> bool:
    """Whether a module that mentions others may have a name from them; all reads of an import are seen."""
    if not modules.isdisjoint(facts.stars) and name in facts.words:
        return True
    if (modules & facts.mentioned).issubset(facts.stars):
        return False
    imported = [local for local, targets in facts.bound.items() if targets & modules]
    read = {each.partition(".")[0] for local in imported for each in facts.reached.get(local, ("",))}
    return not read.isdisjoint({"", name}) if imported else _may_have(facts, modules, name)


def _may_have(facts: Facts, modules: set[str], name: str) -> bool:
    """Whether a module may have a name from others that it does not import: not where texts spell other names of them.

    Such texts are what tests put something in the place of.
    """
    if not facts.spelled.isdisjoint({*modules, f".{name}"}):
        return True
    targets = {target for targets in facts.bound.values() for target in targets if target}
    return any(under(module, target) for module in modules & facts.mentioned for target in targets)
