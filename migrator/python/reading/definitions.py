"""Follows a name through the modules of a project to where it is defined."""

from __future__ import annotations

from dataclasses import dataclass, field

from migrator.fates.names import Names, expand_any
from migrator.patterns import under
from migrator.python.library.built import Builds
from migrator.python.reading.facts import Class, Facts

_MOST_HOPS = 20  # of re-exports followed from one name; more is a circle
_NO_CLASS = Class((), {})


@dataclass(slots=True)
class Definitions:
    """All facts of a project, by path and by dotted name, and what the names in them stand for."""

    names: Names
    by_path: dict[str, Facts] = field(default_factory=dict)
    by_name: dict[str, Facts] = field(default_factory=dict)
    builds: dict[str, Builds] = field(default_factory=dict)  # by path, of the modules that were asked for
    _ends: dict[str, tuple[str, str]] = field(default_factory=dict)
    _givers: dict[tuple[str, str], str] = field(default_factory=dict)
    _using: dict[str, bool] = field(default_factory=dict)  # path -> whether that module uses the old layer
    _put: frozenset[str] | None = None  # what modules put something else in the place of
    _in_use: bool | None = None

    def module_of(self, dotted: str) -> str:
        """The longest part of a dotted name that is a module of the project; "" for none."""
        while dotted and dotted not in self.by_name:
            dotted = dotted.rpartition(".")[0]
        return dotted

    def canonical(self, dotted: str) -> str:
        """Where a name is really defined, as far as the project's own modules and the members of its classes tell.

        A variable that is given what a client calls its address is no other name for that.
        """
        end, variable = self._followed(dotted)
        return variable or end

    def held_address(self, dotted: str) -> str:
        """The address of a client that a variable of the project's own is given by name; "" for anything else."""
        end, variable = self._followed(dotted)
        return self.names.address(end) if variable else ""

    def _followed(self, dotted: str) -> tuple[str, str]:
        """What a name leads to in the end; and where that is the address of a client, the first variable before it."""
        if dotted not in self._ends:
            self._ends[dotted] = dotted, ""  # what a circle of names comes back to
            trail = [dotted]
            while len(trail) <= _MOST_HOPS and (following := self._given(trail[-1])) != trail[-1]:
                trail.append(following)
            address = self.names.address(trail[-1])
            self._ends[dotted] = trail[-1], next(filter(self._is_variable, trail), "") if address else ""
        return self._ends[dotted]

    def _given(self, dotted: str) -> str:
        """What a name stands for, as a module or a class says; the name itself where nothing tells."""
        exported = self._exported(dotted)
        module = self.module_of(dotted)
        first, *rest = dotted[len(module) + 1 :].split(".")
        if not (rest and module):
            return exported
        if self.names.rules.moving_clients and self.held_address(dotted.rpartition(".")[0]):
            return dotted  # a method of a text
        member = self.member(f"{module}.{first}", rest[0]) if exported == dotted else ""
        return ".".join([member, *rest[1:]]) if member else exported

    def _is_variable(self, dotted: str) -> bool:
        """Whether a name of a module that stands for another one, or of a class, is assigned to."""
        module = self.module_of(dotted)
        owner, _, name = dotted[len(module) + 1 :].rpartition(".")
        if owner:
            return bool(self.member(f"{module}.{owner}", name))
        return module in self.by_name and self.varies(self.by_name[module], name)

    def varies(self, facts: Facts, name: str) -> bool:
        """Whether a name at the top of a module of the project is assigned to, there or from another one.

        What a package imports is there for others: it is as good as assigned.
        """
        if self._put is None:
            self._put = frozenset(d for facts in self.by_path.values() for d in (*facts.assigned, *facts.spelled))
        return facts.is_package or name in facts.variables or any(f"{each}.{name}" in self._put for each in facts.names)

    def _defined(self, dotted: str) -> str:
        """Where a name is defined, through the re-exports of the project's modules."""
        for _ in range(_MOST_HOPS):
            following = self._exported(dotted)
            if following == dotted:
                break
            dotted = following
        return dotted

    def _exported(self, dotted: str) -> str:
        """What a name stands for in the module of the project that has it; the name itself where nothing tells."""
        module = self.module_of(dotted)
        rest = dotted[len(module) + 1 :].split(".") if module and module != dotted else []
        if not rest:
            return dotted
        target = self.by_name[module].exports.get(rest[0]) or self.through_star(self.by_name[module], rest[0])
        return ".".join([target, *rest[1:]]) if target else dotted

    def defines(self, dotted: str) -> bool:
        """Whether the project itself holds the definition of `dotted`."""
        module, _, name = dotted.rpartition(".")
        facts = self.by_name.get(module)
        return facts is not None and facts.exports.get(name) in {f"{n}.{name}" for n in facts.names}

    def is_assigned(self, dotted: str) -> bool:
        """Whether a name of a module is given there what another one stands for, also where others re-export it."""
        return self.assigner(dotted) is not None

    def assigner(self, dotted: str) -> Facts | None:
        """The module that gives a name what another one stands for, be it that name's own or one it comes from."""
        for _ in range(_MOST_HOPS):
            module = self.module_of(dotted)
            facts, name = self.by_name.get(module), dotted[len(module) + 1 :]
            if facts is None or name in facts.aliases:
                return facts
            dotted = facts.exports.get(name, "")
        return None

    def url(self, dotted: str) -> str:
        """The URL that a name at the top of one of the project's modules has; "" for none."""
        module, _, name = self.canonical(dotted).rpartition(".")
        facts = self.by_name.get(module)
        return facts.urls.get(name) or self.held_address(dotted) if facts else ""

    def member(self, cls: str, name: str) -> str:
        """What an attribute of a class of the project stands for, its own or an inherited one; "" where none tells."""
        return next((m[name] for c in self.lineage(cls) if name in (m := self._class(c).members)), "")

    def defines_member(self, cls: str, name: str) -> bool:
        """Whether a class of the project, or one of those it inherits from, binds an attribute."""
        return any(self.binds(c, name) for c in self.lineage(cls))

    def binds(self, cls: str, name: str) -> bool:
        """Whether a class of the project binds an attribute itself."""
        return name in self._class(cls).members

    def lineage(self, cls: str) -> list[str]:
        """A class and what it inherits from, nearest first, each by the name it is defined by."""
        found = [self._defined(cls)]
        for each in found:
            found += [b for base in self._class(each).bases if (b := self._defined(base)) not in found]
        return found

    def class_named(self, dotted: str) -> Class | None:
        """The class of the project that is defined by a full name."""
        module, _, name = dotted.rpartition(".")
        facts = self.by_name.get(module)
        return facts.classes.get(name) if facts else None

    def _class(self, dotted: str) -> Class:
        return self.class_named(dotted) or _NO_CLASS

    def through_star(self, facts: Facts, name: str) -> str | None:
        """The full name of what a module has from an `import *` of its own."""
        givers = (self._giver(star, name) for star in reversed(facts.stars))
        return next((f"{giver}.{name}" for giver in givers if giver), None)

    def offered(self, facts: Facts) -> dict[str, str]:
        """What all names at the top of a module stand for, also those by an `import *` of its own."""
        found, seen, waiting = dict[str, str](), {facts.path}, [facts]
        while waiting:
            each = waiting.pop()
            found = {**each.exports, **found}
            more = [f for star in each.stars if (f := self.by_name.get(star)) and f.path not in seen]
            seen.update(f.path for f in more)
            waiting += more
        return found

    def offers(self, module: str, name: str) -> bool:
        """Whether `from module import *` gives `name`: as the module's facts say, or a rule for a module not here."""
        return bool(self._giver(module, name))

    def _giver(self, module: str, name: str) -> str:
        """Where `from module import *` has a name from, or the first one on the way there that keeps it as it is."""
        if (module, name) not in self._givers:
            self._givers[module, name] = self._found_giver(module, name)
        return self._givers[module, name]

    def _found_giver(self, module: str, name: str) -> str:
        seen, waiting = {module}, [(module, "")]
        while waiting:
            each, fixed = waiting.pop()
            facts = self.by_name.get(each)
            if name in facts.exports if facts else self._by_rule(f"{each}.{name}"):
                return fixed or each
            stars = [star for star in facts.stars if star not in seen] if facts else []
            if facts and not fixed and (facts.frozen or name in facts.kept):
                fixed = each
            seen.update(stars)
            waiting += [(star, fixed) for star in stars]
        return ""

    def _by_rule(self, dotted: str) -> bool:
        leaf = dotted.rpartition(".")[2]
        leads = any(under(m.old, dotted) for m in self.names.rules.modules)
        return leads or any(under(dotted, s.module) and expand_any(s.names, leaf) for s in self.names.rules.symbols)

    def tracked(self, dotted: str) -> bool:
        """Whether a name belongs to the old layer, also by way of the project's re-exports."""
        return self.names.tracked(dotted) or self.names.tracked(self.canonical(dotted))

    def uses_old(self, facts: Facts) -> bool:
        """Whether a module imports, re-exports or is itself part of the old layer, or is given a module of it."""
        if self.by_path.get(facts.path) is not facts:
            return self._uses_old(facts)
        if facts.path not in self._using:
            self._using[facts.path] = self._uses_old(facts)
        return self._using[facts.path]

    def _uses_old(self, facts: Facts) -> bool:
        targets = {t for ts in facts.bound.values() for t in ts if t}
        return any(self.tracked(t) for t in (*targets, *facts.names, *facts.stars, *facts.told.values()))

    @property
    def in_use(self) -> bool:
        """Whether any module of the project uses the old layer."""
        if self._in_use is None:
            self._in_use = any(self.uses_old(facts) for facts in self.by_path.values())
        return self._in_use
