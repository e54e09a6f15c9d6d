"""What other modules need to know of a module, and the index that follows a name through the project.

Facts are small and kept for every candidate file; syntax trees are not.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from migrator.names import Names, Renamed, expand_any
from migrator.packs import Rules
from migrator.placing import SUPPRESSION, line_starts, listed
from migrator.primitives import under
from migrator.python.outline import Binding, Outline, Scope, parts_of, text_value

_CAPTURES = (ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping)
_INDIRECT = re.compile(r"\b(?:globals|locals|vars|eval|exec)\s*\(")  # a use of any name could hide in these
_MOST_HOPS = 20  # of re-exports followed from one name; more is a circle


@dataclass(frozen=True, slots=True)
class Facts:
    """One module seen from outside. `names` are its dotted names, the most likely one first."""

    path: str
    names: tuple[str, ...]
    is_package: bool
    exports: Mapping[str, str]  # name at module level -> the dotted name it stands for
    bound: Mapping[str, frozenset[str]]  # every name bound in any scope -> what it stands for ("" for anything else)
    stars: tuple[str, ...]  # modules it imports * from
    fixtures: Mapping[str, str]  # function that is a pytest fixture -> the name tests ask for it by
    constants: frozenset[str]  # string literals that could name an environment variable
    mentioned: frozenset[str]  # full names it imports, or spells in a string literal, up to every dot
    unused: frozenset[str]  # names bound by `from` imports that nothing in the module uses
    suppressed: Mapping[int, frozenset[str]]  # line -> the rules a comment there suppresses; empty for all of them
    kept: Mapping[str, frozenset[str]]  # name that stays what it is here -> the rules that hold for; empty for all
    frozen: bool = False  # nothing in it may be edited

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


def facts_of(path: str, names: tuple[str, ...], found: Outline, text: str, *, frozen: bool = False) -> Facts:
    """The facts of one module, from its outline and the comments in its text."""
    suppressed = _suppressed(text)
    exports: dict[str, str] = {}
    for name, bindings in found.scope.bindings.items():
        target = next((t for b in bindings if (t := origin_of(b, found.scope))), None)
        if target:
            exports[name] = target
    literals = {v for t in found.texts if (v := text_value(t.node))}
    bound: dict[str, set[str]] = {}
    for scope in found.scopes:
        for name, bindings in scope.bindings.items():
            bound.setdefault(name, set()).update(b.target or "" for b in bindings)
    return Facts(
        path=path,
        names=names,
        is_package=path.endswith("__init__.py"),
        exports=exports,
        bound={name: frozenset(targets) for name, targets in bound.items()},
        stars=tuple(found.scope.stars),
        fixtures={node.name: fixture_name(node) for node, _, _ in found.functions if is_fixture(node)},
        constants=frozenset(v for v in literals if v.isidentifier() and v.isupper()),
        mentioned=frozenset((*_imported(found), *(p for v in literals for p in _prefixes(v)), *found.scope.stars)),
        unused=frozenset(_unused(found, text)),
        suppressed=suppressed,
        kept=_kept(found, suppressed),
        frozen=frozen,
    )


def _suppressed(text: str) -> dict[int, frozenset[str]]:
    if "migrate:" not in text:
        return {}
    starts = line_starts(text)
    matches = SUPPRESSION.finditer(text)
    return {bisect_right(starts, m.start()): frozenset(listed(m) if m["rules"] is not None else ()) for m in matches}


def _kept(found: Outline, suppressed: Mapping[int, frozenset[str]]) -> dict[str, frozenset[str]]:
    """The names that cannot change, since one of the places that spell them must not."""
    bound = ((scope, name, bindings) for scope in found.scopes for name, bindings in scope.bindings.items())
    kept = {name: frozenset[str]() for scope, name, bindings in bound if _is_fixed(scope, bindings)}
    for name, line in _spelled(found) if suppressed else ():
        if line in suppressed:
            before, rules = kept.get(name), suppressed[line]
            kept[name] = rules if before is None else before | rules if before and rules else frozenset()
    return kept


def _is_fixed(scope: Scope, bindings: list[Binding]) -> bool:
    """Whether a name is an attribute of a class, or captured by a clause that has no node for it."""
    if scope.kind == "class":
        return any(b.kind in ("from", "import-as") for b in bindings)
    return any(isinstance(b.node, _CAPTURES) for b in bindings) and any(b.target or b.value for b in bindings)


def _spelled(found: Outline) -> Iterator[tuple[str, int]]:
    """Every name of the module's own with a line it is spelled on, those of one import on all of its lines."""
    yield from ((reference.parts[0], reference.nodes[0].lineno) for reference in found.references)
    yield from ((node.name, node.lineno) for node, *_ in found.classes)
    yield from ((node.name, node.lineno) for node, *_ in found.functions)
    yield from ((name, node.lineno) for node, _ in found.globals for name in node.names)
    yield from ((text_value(t.node) or "", t.node.lineno) for t in found.texts if t.role == "all")
    for statement in found.imports:
        names = [alias.asname or alias.name.partition(".")[0] for alias in statement.node.names]
        yield from ((name, line) for line in import_lines(statement.node) for name in names)


def import_lines(node: ast.Import | ast.ImportFrom) -> set[int]:
    """The lines on which a comment can suppress an import: its first one and those of its names."""
    return {node.lineno, *(alias.lineno for alias in node.names)}


def _imported(found: Outline) -> Iterator[str]:
    """The full names in import statements, those of `import a.b` as well, and of what is reached through them."""
    for scope in found.scopes:
        for bindings in scope.bindings.values():
            yield from (b.target for b in bindings if b.target and b.statement)
    for statement in found.imports:
        if isinstance(statement.node, ast.Import):
            yield from (alias.name for alias in statement.node.names)
    for reference in found.references:
        holder = reference.scope.lookup(reference.parts[0]) if len(reference.parts) > 2 else None
        for binding in holder.bindings[reference.parts[0]] if holder else ():
            yield from _prefixes(".".join((binding.target, *reference.parts[1:]))) if binding.target else ()


def _prefixes(text: str) -> Iterator[str]:
    """`a.b.C` and `a.b` of a text `a.b.C`; nothing of any other text."""
    while "." in text and all(part.isidentifier() for part in text.split(".")):
        yield text
        text = text.rpartition(".")[0]


def _unused(found: Outline, text: str) -> set[str]:
    """Names of `from` imports that the text spells once, where they are imported, besides prose in docstrings.

    A module of nothing but imports has them for others, whoever they are.
    """
    assert isinstance(found.scope.node, ast.Module)
    others = [s for s in found.scope.node.body if not isinstance(s, ast.Import | ast.ImportFrom)]
    if all(isinstance(s, ast.Expr) and text_value(s.value) is not None for s in others):
        return set()
    imported = {
        alias.asname or alias.name
        for statement in found.imports
        if isinstance(statement.node, ast.ImportFrom) and statement.scope.kind != "class"
        for alias in statement.node.names
        if alias.asname != alias.name
    }
    if not imported or _INDIRECT.search(text):
        return set()
    prose = (text_value(t.node) or "" for t in found.texts if t.role == "docstring")
    spelled = Counter(word for word in re.findall(r"\w+", text) if word in imported)
    for docstring in prose:
        if ">>>" not in docstring:  # an example would run with what the module imports
            spelled.subtract(word for word in re.findall(r"\w+", docstring) if word in imported)
    return {name for name in imported if spelled[name] == 1}


def origin_of(binding: Binding, scope: Scope) -> str | None:
    """The dotted name a binding stands for, through `a = b.c` aliases of its own scope."""
    seen: set[int] = set()
    rest: tuple[str, ...] = ()
    while binding.kind == "alias":
        seen.add(id(binding))
        holder = scope.lookup(binding.value[0])
        if holder is None:
            return None
        rest = (*binding.value[1:], *rest)
        following = next((b for b in holder.bindings[binding.value[0]] if b.target or b.kind == "alias"), None)
        if following is None or id(following) in seen:
            return None
        binding, scope = following, holder
    return ".".join((binding.target, *rest)) if binding.target else None


def is_fixture(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is decorated as a pytest fixture."""
    called = (d.func if isinstance(d, ast.Call) else d for d in node.decorator_list)
    return any(parts_of(d)[-1:] == ("fixture",) for d in called)


def fixture_name(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The name tests ask for it by: that of `@pytest.fixture(name=…)` or of the function."""
    calls = (d for d in node.decorator_list if isinstance(d, ast.Call) and parts_of(d.func)[-1:] == ("fixture",))
    named = (text_value(k.value) for d in calls for k in d.keywords if k.arg == "name")
    return next((n for n in named if n), node.name)


@dataclass(slots=True)
class Index:
    """All facts of a project, and the names of its own that follow a rename (`names.exported`)."""

    names: Names
    by_path: dict[str, Facts] = field(default_factory=dict)
    by_name: dict[str, Facts] = field(default_factory=dict)
    _renamed: dict[str, Renamed | None] = field(default_factory=dict)
    _mentioned: set[str] = field(default_factory=set)

    @classmethod
    def build(cls, rules: Rules, modules: Iterable[Facts]) -> Index:
        """Index the modules and follow re-exports until nothing new is renamed."""
        index = cls(Names(rules))
        for facts in modules:
            index.by_path[facts.path] = facts
            index._mentioned |= facts.mentioned
            for name in reversed(facts.names):
                index.by_name[name] = facts
        exported: dict[str, str] = {}
        while True:
            index.names, index._renamed = Names(rules, exported), {}
            more = {k: v for f in index.by_path.values() for k, v in index._exported_by(f) if exported.get(k) != v}
            if not more:
                return index
            exported = {**exported, **more}

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
        return any(under(dotted, s.module) and expand_any(s.names, leaf) for s in self.names.rules.symbols)

    def rename(self, dotted: str) -> Renamed | None:
        """`Names.rename`, which also sees what a project module has from elsewhere, by name or by `import *`."""
        if dotted not in self._renamed:
            direct = self.names.rename(dotted) or self._from_root(dotted)
            self._renamed[dotted] = direct  # what a circle of re-exports comes back to
            self._renamed[dotted] = self._handed_on(dotted) or direct
        return self._renamed[dotted]

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
        own, exported = f"{module}.{first}", facts.exports.get(first)
        origin = exported or self._through_star(facts, first)
        fixed = exported or facts.frozen or first in facts.kept
        if origin is None or origin.rpartition(".")[0] in facts.names or (fixed and not rest):
            return None
        renamed = self.rename(".".join([origin, *rest]))
        if renamed is None:
            return None
        if not rest:
            return Renamed(f"{self.new_name(module)}.{renamed.new.rpartition('.')[2]}", renamed.rule)
        if not under(renamed.new, self.new_name(origin)):
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
        others = facts.bound.get(name, frozenset()) - own - {""}
        if not all(o.rpartition(".")[2] == name and self.new_name(o).rpartition(".")[2] == leaf for o in others):
            return name
        return leaf if all(self.new_name(other) == renamed.new for other in facts.bound.get(leaf, ())) else name

    def _is_kept(self, facts: Facts, name: str, target: str) -> bool:
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
        """Where a name is really defined, as far as the project's own modules tell."""
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

    def _through_star(self, facts: Facts, name: str) -> str | None:
        return next((f"{star}.{name}" for star in reversed(facts.stars) if self.offers(star, name)), None)

    def offers(self, module: str, name: str, _seen: tuple[str, ...] = ()) -> bool:
        """Whether `from module import *` gives `name`: as the module's facts say, or a rule for a module not here."""
        facts = self.by_name.get(module)
        if facts is None:
            return self._by_rule(f"{module}.{name}")
        if name in facts.exports:
            return True
        return any(self.offers(star, name, (*_seen, module)) for star in facts.stars if star not in (*_seen, module))

    def droppable(self, facts: Facts, name: str) -> bool:
        """Whether nothing would miss an imported name: neither its module nor any other one of the project.

        An `__init__.py` and a `conftest.py` import for others to find, a snippet in a document for its reader.
        """
        ours = facts.path in self.by_path and not facts.path.endswith(("__init__.py", "conftest.py"))
        if not ours or name not in facts.unused:
            return False
        return not any(m in self._mentioned or f"{m}.{name}" in self._mentioned for m in facts.names)

    def defines(self, dotted: str) -> bool:
        """Whether the project itself holds the definition of `dotted`."""
        module, _, name = dotted.rpartition(".")
        facts = self.by_name.get(module)
        return facts is not None and facts.exports.get(name) in {f"{n}.{name}" for n in facts.names}

    def uses_old(self, facts: Facts) -> bool:
        """Whether a module imports, re-exports or is itself part of the old layer."""
        targets = {t for ts in facts.bound.values() for t in ts if t}
        return any(self.tracked(t) for t in (*targets, *facts.names, *facts.stars))

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
