"""What other modules need to know of a module, and the index that follows a name through the project.

Facts are small and kept for every candidate file; syntax trees are not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from migrator.names import Names, Renamed, expand_any
from migrator.patterns import under
from migrator.python.built import Builds, Made, Plan
from migrator.python.expressions import Parts
from migrator.python.sdk.options import is_plain
from migrator.ruleset import Rules

if TYPE_CHECKING:
    from migrator.python.outline import Outline
    from migrator.python.source import Source

_MOST_HOPS = 20  # of re-exports followed from one name; more is a circle


@dataclass(frozen=True, slots=True)
class Class:
    """A class at module level: its bases, and what its attributes stand for ("" for anything else), as full names."""

    bases: tuple[str, ...]
    members: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """One module seen from outside. `names` are its dotted names, the most likely one first."""

    path: str
    names: tuple[str, ...]
    is_package: bool
    exports: Mapping[str, str]  # name at module level -> the dotted name it stands for
    bound: Mapping[str, frozenset[str]]  # every name bound in any scope -> what it stands for ("" for anything else)
    stars: tuple[str, ...]  # modules it imports * from
    classes: Mapping[str, Class]  # by name, those at module level
    fixtures: Mapping[str, str]  # function that is a pytest fixture -> the name tests ask for it by
    constants: frozenset[str]  # string literals that could name an environment variable
    mentioned: frozenset[str]  # full names it imports, or spells in a string literal, up to every dot
    unused: frozenset[str]  # names bound by `from` imports that nothing in the module uses
    suppressed: Mapping[int, frozenset[str]]  # line -> the rules a comment there suppresses; empty for all of them
    reached: Mapping[str, frozenset[str]]  # imported name -> what is read off it; "" for the thing itself, handed on
    made: tuple[Made, ...]  # the calls of imported classes
    inherited: frozenset[str]  # what classes anywhere in it inherit from, as it is written
    kept: Mapping[str, frozenset[str]]  # name that stays what it is here -> the rules that hold for; empty for all
    assigned: frozenset[str]  # full names in other modules that it puts something else in the place of
    spelled: frozenset[str]  # full names that its texts spell, or the last part of such: `.name`
    frozen: bool = False  # nothing in it may be edited
    requested: frozenset[str] = frozenset()  # modules that functions of the project's own import by name for it

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def package(self) -> str:
        return package_of(self.name, self.is_package)


def package_of(module: str, is_package: bool) -> str:
    """The package that a module's relative imports start from."""
    return module if is_package else module.rpartition(".")[0]


def module_names(path: str, roots: Collection[str]) -> tuple[str, ...]:
    """The dotted names a file can be imported by, seen from each of `roots` ("" is the project), nearest root first.

    >>> module_names("src/app/llm.py", ["", "src"])
    ('app.llm', 'src.app.llm')
    """
    parts = PurePosixPath(path).with_suffix("").parts
    names = []
    for depth in range(len(parts) - 1, -1, -1):
        below = parts[depth:-1] if parts[-1] == "__init__" else parts[depth:]
        if "/".join(parts[:depth]) in roots and below and all(p.isidentifier() for p in below):
            names.append(".".join(below))
    return tuple(names) or (PurePosixPath(path).stem,)


def import_roots(files: Collection[str]) -> frozenset[str]:
    """Folders that packages are imported from: the project, `src`-like folders, and parents of top-level packages."""
    packages = {str(PurePosixPath(f).parent) for f in files if f.endswith("/__init__.py")}
    above = {str(PurePosixPath(p).parent) for p in packages} - packages
    roots = {"", *("" if a == "." else a for a in above)}
    roots |= {f.partition("/")[0] for f in files if f.startswith(("src/", "lib/")) and f.endswith(".py")}
    return frozenset(roots)


_NO_CLASS = Class((), {})
Parsed = Callable[[str], "tuple[Source, Outline] | None"]  # the tree of a module by its path, where there is one


def _nothing_parsed(_path: str) -> None:
    """No trees, only facts."""


def _held(facts: Facts, plan: Plan) -> str:
    """Why an object has to be built as it was; "" for no reason."""
    name, rules = plan.made.parts[0], {plan.fate.rule}
    comments = [facts.suppressed.get(plan.made.call.lineno), facts.kept.get(name) if facts.suppressed else None]
    if any(c is not None and (not c or c & rules) for c in comments):
        return "a comment keeps it"
    if name in facts.inherited:
        return "a class inherits from it"
    taken = [m for m in plan.recipe.imports if facts.bound.get(m, frozenset({m})) - {"", m}]
    return f"{taken[0]} is another thing here" if taken else ""


@dataclass(slots=True)
class Index:
    """All facts of a project, and the names of its own that follow a rename (`names.exported`)."""

    names: Names
    by_path: dict[str, Facts] = field(default_factory=dict)
    by_name: dict[str, Facts] = field(default_factory=dict)
    parsed: Parsed = _nothing_parsed
    shared: dict[str, object] = field(default_factory=dict)  # what a rewriter keeps from one module to the next
    _renamed: dict[str, Renamed | None] = field(default_factory=dict)
    _givers: dict[tuple[str, str], str] = field(default_factory=dict)
    _mentioned: set[str] = field(default_factory=set)
    held: object = None  # what the rewriting of calls keeps here
    _in_use: bool | None = None
    _canonical: dict[str, str] = field(default_factory=dict)
    _using: dict[str, bool] = field(default_factory=dict)  # path -> whether that module uses the old layer
    _builds: dict[str, Builds] = field(default_factory=dict)

    @classmethod
    def build(cls, rules: Rules, modules: Iterable[Facts], parsed: Parsed = _nothing_parsed) -> Index:
        """Index the modules and follow re-exports until nothing new is renamed."""
        index = cls(Names(rules), parsed=parsed)
        for facts in modules:
            index.by_path[facts.path] = facts
            index._mentioned |= facts.mentioned
            for name in reversed(facts.names):
                index.by_name[name] = facts
        exported: dict[str, str] = {}
        objects = set(index._objects())
        while True:
            index.names, index._renamed, index._using = Names(rules, exported, objects), {}, {}
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
        fresh = Index(self.names.holding(why), self.by_path, self.by_name, self.parsed)
        return replace(fresh, _givers=self._givers, _mentioned=self._mentioned)

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
        renamed_fixtures = self.fixtures_of(facts) if not facts.frozen else {}
        for name, target in facts.exports.items():
            new = renamed_fixtures.get(name) or self.local_name(facts, name, target)
            if new == name or facts.frozen:
                continue
            for module in facts.names:
                if name in renamed_fixtures or target != f"{module}.{name}":
                    moved = self.rename(module)
                    yield f"{module}.{name}", f"{moved.new if moved else module}.{new}"

    def _by_rule(self, dotted: str) -> bool:
        leaf = dotted.rpartition(".")[2]
        leads = any(under(m.old, dotted) for m in self.names.rules.modules)
        return leads or any(under(dotted, s.module) and expand_any(s.names, leaf) for s in self.names.rules.symbols)

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
        if facts is None or target is None or first in self.fixtures_of(facts):
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
        origin = exported or self._through_star(facts, first)
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

    def module_of(self, dotted: str) -> str:
        """The longest part of a dotted name that is a module of the project; "" for none."""
        while dotted and dotted not in self.by_name:
            dotted = dotted.rpartition(".")[0]
        return dotted

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

    def is_built(self, facts: Facts, name: str, target: str) -> bool:
        """Whether a module uses a class of a library in a way that the class in its place would not bear."""
        if self.client_stays(facts, (name,), target):
            return True
        if name in facts.inherited:
            fate = self.names.fate(self.canonical(target))
            return fate is not None and bool(fate.built)
        return bool(facts.made) and name in self.builds(facts).staying

    def client_stays(self, facts: Facts, parts: Parts, target: str = "") -> bool:
        """Whether a module makes objects of a client's class, by the chain `parts`, that only the old one makes."""
        fate = self.names.fate(self.canonical(target)) if target and self.names.rules.clients else None
        if not self.names.rules.clients or (target and (fate is None or fate.rule != self.names.rules.clients[0].id)):
            return False
        made = [each.call for each in facts.made if each.parts == parts]
        plain = all(not call.args and is_plain(self.names.rules, call.keywords) for call in made)
        return not plain or parts[-1] in facts.inherited

    def imports(self, library: str) -> bool:
        """Whether any module imports a library, or a name of it."""
        return any(under(m, library) for facts in self.by_path.values() for ts in facts.bound.values() for m in ts)

    def builds(self, facts: Facts) -> Builds:
        """What becomes of the objects that a module builds of a library's classes."""
        if facts.path not in self._builds:

            def meaning(parts: Parts) -> str:
                targets = facts.bound.get(parts[0], frozenset()) - {""}
                base = next(iter(targets), "") or (self._through_star(facts, parts[0]) or "")
                return self.canonical(".".join((base, *parts[1:]))) if base and len(targets) < 2 else ""

            self._builds[facts.path] = Builds(self.names, facts.made, meaning, partial(_held, facts), facts.path)
        return self._builds[facts.path]

    def _is_crowded(self, facts: Facts, target: str, leaf: str) -> bool:
        """Whether two names of a library that a module imports would both be called `leaf`."""
        others = {r.new for ts in facts.bound.values() for t in ts if t != target and (r := self.names.rename(t))}
        return bool(self.names.rules.libraries) and any(
            new.rpartition(".")[2] == leaf and new != self.new_name(target) for new in others
        )

    def _is_kept(self, facts: Facts, name: str, target: str) -> bool:
        if self.is_built(facts, name, target):
            return True
        rules = facts.kept.get(name)
        return rules is not None and (not rules or not rules.isdisjoint(self.rules_of(target)))

    def rules_of(self, target: str) -> set[str]:
        """The rules that speak of an imported name: that of its own rename and that of its module's."""
        return {r.rule for r in (self.rename(target), self.rename(target.rpartition(".")[0])) if r}

    def new_name(self, target: str) -> str:
        """`target` after all renames."""
        renamed = self.rename(target) if target else None
        return renamed.new if renamed else target

    def canonical(self, dotted: str) -> str:
        """Where a name is really defined, as far as the project's own modules and the members of its classes tell."""
        if dotted not in self._canonical:
            self._canonical[dotted] = self._followed(dotted)
        return self._canonical[dotted]

    def _followed(self, dotted: str) -> str:
        for _ in range(_MOST_HOPS):
            dotted = self._defined(dotted)
            module = self.module_of(dotted)
            first, *rest = dotted[len(module) + 1 :].split(".")
            member = self.member(f"{module}.{first}", rest[0]) if rest and module else ""
            if not member:
                break
            dotted = ".".join([member, *rest[1:]])
        return dotted

    def _defined(self, dotted: str) -> str:
        """Where a name is defined, through the re-exports of the project's modules."""
        for _ in range(_MOST_HOPS):
            module = self.module_of(dotted)
            rest = dotted[len(module) + 1 :].split(".") if module and module != dotted else []
            if not rest:
                return dotted
            target = self.by_name[module].exports.get(rest[0]) or self._through_star(self.by_name[module], rest[0])
            following = ".".join([target, *rest[1:]]) if target else dotted
            if following == dotted:
                return dotted
            dotted = following
        return dotted

    def member(self, cls: str, name: str) -> str:
        """What an attribute of a class of the project stands for, its own or an inherited one; "" where none tells."""
        return next((m[name] for c in self.lineage(cls) if name in (m := self._class(c).members)), "")

    def defines_member(self, cls: str, name: str) -> bool:
        """Whether a class of the project, or one of those it inherits from, binds an attribute."""
        return any(name in self._class(c).members for c in self.lineage(cls))

    def lineage(self, cls: str) -> list[str]:
        """A class and what it inherits from, nearest first, each by the name it is defined by."""
        found = [self._defined(cls)]
        for each in found:
            found += [b for base in self._class(each).bases if (b := self._defined(base)) not in found]
        return found

    def _class(self, dotted: str) -> Class:
        module, _, name = dotted.rpartition(".")
        facts = self.by_name.get(module)
        return facts.classes.get(name, _NO_CLASS) if facts else _NO_CLASS

    def _through_star(self, facts: Facts, name: str) -> str | None:
        givers = (self._giver(star, name) for star in reversed(facts.stars))
        return next((f"{giver}.{name}" for giver in givers if giver), None)

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

    def droppable(self, facts: Facts, name: str) -> bool:
        """Whether nothing would miss an imported name: neither its module nor any other one of the project.

        An `__init__.py` and a `conftest.py` import for others to find, a snippet in a document for its reader.
        """
        ours = facts.path in self.by_path and not facts.path.endswith(("__init__.py", "conftest.py"))
        if not ours or name not in facts.unused:
            return False
        return not any(m in self._mentioned or f"{m}.{name}" in self._mentioned for m in facts.names)

    def is_wanted(self, facts: Facts, name: str) -> bool:
        """Whether another module of the project takes a name from this one, or names it in a text."""
        return any(f"{m}.{name}" in self._mentioned for m in facts.names)

    def requester(self, dotted: str) -> str:
        """The first module that has a library imported by name, where nothing can follow it; "" for none.

        `dotted` is the library or a name of it.
        """
        library = next((each.module for each in self.names.rules.libraries if under(dotted, each.module)), "")
        return min((f.path for f in self.by_path.values() if library in f.requested), default="") if library else ""

    def given(self, facts: Facts, to: str, alias: str) -> tuple[str, str]:
        """How a module writes another one that it uses from now on, and the import that gives it."""
        client = to == self.names.client
        package, _, leaf = to.rpartition(".") if client else ("", "", to.partition(".")[0])
        free = (n for n in (leaf, *(("gateway",) if client else ()), f"{leaf}_sdk") if self._is_free(facts, n, to))
        local = alias if alias and client else next(free, f"{leaf}_")
        named = f"import {leaf}" if local == leaf else f"import {leaf} as {local}"
        return (local if client else local + to[len(leaf) :]), f"from {package} {named}" if package else named

    def _is_free(self, facts: Facts, name: str, target: str) -> bool:
        top = target.partition(".")[0]
        return all(self.new_name(t) in (target, top) for t in facts.bound.get(name, ()))

    @property
    def uses_moved(self) -> bool:
        """Whether any module of the project uses something of a library that is elsewhere now."""
        used = (
            name
            for facts in self.by_path.values()
            for local, targets in facts.bound.items()
            for target in filter(None, targets)
            for name in (target, *(f"{target}.{read}" for read in facts.reached.get(local, ()) if read))
        )
        return any(fate.kind == "moved" for name in used if (fate := self.names.fate(name)))

    def is_read_for_what_stays(self, dotted: str) -> bool:
        """Whether a project module's own name for a library gives it only what stays there."""
        module = self.module_of(dotted)
        facts = self.by_name.get(module)
        name = dotted[len(module) + 1 :]
        target = self.canonical(facts.exports.get(name, "")) if facts else ""
        fates = [self.names.fate(f"{target}.{read}") for read in facts.reached.get(name, ())] if facts else []
        return all(fate is not None and fate.kind == "stays" for fate in fates)

    def object_name(self, dotted: str) -> str:
        """What a project module's own name for a library is afterwards, where all that it reads there has moved."""
        module = self.module_of(dotted)
        name = dotted[len(module) + 1 :]
        facts = self.by_name.get(module) if self.names.rules.libraries else None
        if not facts or not self.names.is_module(self.canonical(facts.exports.get(name, ""))) or facts.frozen:
            return dotted
        target = self.canonical(facts.exports[name])
        fates = [self.names.fate(f"{target}.{read}") if read else None for read in facts.reached.get(name, ())]
        moved = {f.to or f.name for f in fates if f and f.kind == "moved"}
        if not moved or any(f is None or f.kind not in ("moved", "needless") for f in fates):
            return dotted
        library = self.names.rules.libraries[0].module
        alias = "" if library in name.lower() else name
        first = self.names.client if self.names.client in moved else min(moved)
        return f"{self.new_name(module)}.{self.given(facts, first, alias)[0]}"

    def defines(self, dotted: str) -> bool:
        """Whether the project itself holds the definition of `dotted`."""
        module, _, name = dotted.rpartition(".")
        facts = self.by_name.get(module)
        return facts is not None and facts.exports.get(name) in {f"{n}.{name}" for n in facts.names}

    def uses_old(self, facts: Facts) -> bool:
        """Whether a module imports, re-exports or is itself part of the old layer."""
        if self.by_path.get(facts.path) is not facts:
            return self._uses_old(facts)
        if facts.path not in self._using:
            self._using[facts.path] = self._uses_old(facts)
        return self._using[facts.path]

    def _uses_old(self, facts: Facts) -> bool:
        targets = {t for ts in facts.bound.values() for t in ts if t}
        return any(self.tracked(t) for t in (*targets, *facts.names, *facts.stars))

    @property
    def in_use(self) -> bool:
        """Whether any module of the project uses the old layer."""
        if self._in_use is None:
            self._in_use = any(self.uses_old(facts) for facts in self.by_path.values())
        return self._in_use

    def tracked(self, dotted: str) -> bool:
        """Whether a name belongs to the old layer, also by way of the project's re-exports."""
        return self.names.tracked(dotted) or self.names.tracked(self.canonical(dotted))

    def fixtures_of(self, facts: Facts) -> dict[str, str]:
        """The fixtures of a module that are renamed, functions and asked names alike."""
        found = {}
        if facts.fixtures and (self.uses_old(facts) or any(self.names.env(c) for c in facts.constants)):
            for rule in self.names.rules.fixtures:
                for name in {*facts.fixtures, *facts.fixtures.values()}:
                    new = expand_any(rule.names, name)
                    if new and new not in facts.bound:
                        found[name] = new
        return found

    def fixture_rule(self, dotted: str) -> str:
        """The rule that renames a fixture by its full name; "" for anything else."""
        where, _, name = self.canonical(dotted).rpartition(".")
        if where not in self.by_name or name not in self.fixtures_of(self.by_name[where]):
            return ""
        return next(rule.id for rule in self.names.rules.fixtures if expand_any(rule.names, name))

    def fixtures_for(self, path: str) -> dict[str, str]:
        """The renamed fixtures that a test file can ask for: its own, and those of the conftest.py above it."""
        found: dict[str, str] = {}
        above = (str(folder / "conftest.py") for folder in reversed(PurePosixPath(path).parents))
        for place in (*above, path):
            facts = self.by_path.get(place)
            if facts and self.names.rules.fixtures:
                found.update(self._offered(facts))  # the nearest one of a name counts, renamed or not
        return {name: new for name, new in found.items() if new != name}

    def _offered(self, facts: Facts) -> dict[str, str]:
        """Name now -> name afterwards of the fixtures a module has: defined, imported, or named as a plugin."""
        found: dict[str, str] = {}
        for module in (*(self.by_name[m] for m in sorted(facts.mentioned) if m in self.by_name), facts):
            renamed = self.fixtures_of(module)
            found.update((name, renamed.get(name, name)) for name in module.fixtures.values())
        for name, target in facts.exports.items():
            where, _, function = self.canonical(target).rpartition(".")
            asked = self.by_name[where].fixtures.get(function) if where in self.by_name else None
            if asked == function and self.by_name[where] is not facts:
                found[name] = self.local_name(facts, name, target)
            elif asked:
                found[asked] = self.fixtures_of(self.by_name[where]).get(asked, asked)
        return found
