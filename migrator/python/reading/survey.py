"""Takes down the facts of one module: what the others need to know of it, from its outline and its text."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping

from migrator.line_ends import line_starts
from migrator.patterns import under
from migrator.placing import SUPPRESSION, listed
from migrator.python.library.built import Made, key_of
from migrator.python.reading import addresses, replaced
from migrator.python.reading.calling import called, read_off, taken
from migrator.python.reading.expressions import (
    BY_NAME,
    IMPORTING_CALLS,
    attribute_asked,
    imported_later,
    is_loaded,
    parts_of,
    text_value,
)
from migrator.python.reading.facts import Class, Facts
from migrator.python.reading.outline import Outline
from migrator.python.reading.scopes import Binding, Scope, origin_of, target_of
from migrator.python.sdk.spread import spread_of
from migrator.tree.aside import is_collected

_CAPTURES = (ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping)
_INDIRECT = re.compile(r"\b(?:globals|locals|vars|eval|exec)\s*\(")  # a use of any name could hide in these


def facts_of(
    path: str, names: tuple[str, ...], found: Outline, text: str, told: Mapping[str, str], *, frozen: bool = False
) -> Facts:
    """The facts of one module, from its outline and the comments in its text; `told` as in `outline`."""
    suppressed = _suppressed(text)
    exports: dict[str, str] = {}
    for name in found.scope.bindings:
        target = next((t for b in found.scope.told(name) if (t := origin_of(b, found.scope))), None)
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
        classes=_classes(found),
        fixtures={node.name: fixture_name(node) for node, _, _ in found.functions if is_fixture(node)},
        constants=frozenset(v for v in literals if v.isidentifier() and v.isupper()),
        mentioned=frozenset((*_imported(found), *(p for v in literals for p in _prefixes(v)), *found.scope.stars)),
        unused=frozenset(_unused(found, text, path)),
        suppressed=suppressed,
        reached=_reached(found),
        made=tuple(_made(found)),
        inherited=frozenset(".".join(parts_of(base)) for node, _ in found.classes for base in node.bases),
        kept=_kept(found, suppressed),
        assigned=frozenset(filter(None, replaced.assigned(found))),
        spelled=frozenset(replaced.spelled(found)),
        frozen=frozen,
        words=frozenset(re.findall(r"\w+", text) if found.scope.stars else ()),
        requested=frozenset(_requested(found)),
        aliases=frozenset(
            n for n, bindings in found.scope.bindings.items() if any(b.kind == "alias" for b in bindings)
        ),
        variables=frozenset(name for name in found.scope.bindings if found.scope.varies(name)),
        urls=addresses.urls(found) if "://" in text else {},
        asked=frozenset(addresses.asked(found)),
        gives={each.name: each.module for each in found.getters if not each.read},
        called=frozenset(called(found)),
        taken=taken(found),
        told=told,
        read_off=frozenset(read_off(found)) if told else frozenset(),
    )


_IMPORTERS = re.compile(r"(?i)(?:^|_)(?:import|require|lazy|optional)")


def is_importer(callee: str) -> bool:
    """Whether a function of the project's own is one that gives a module by its name, as `require("litellm")` does."""
    return callee not in IMPORTING_CALLS and _IMPORTERS.search(callee) is not None


def _requested(found: Outline) -> Iterator[str]:
    """The texts that functions of the project's own which import modules are given first."""
    for call, _ in found.calls:
        value = text_value(call.args[0]) if call.args else None
        if value and is_importer("".join(parts_of(call.func)[-1:])) and not imported_later(call):
            yield value


def _made(found: Outline) -> Iterator[Made]:
    """The calls of classes that an import gives, told by their upper-case names."""
    values: dict[Scope, dict[str, list[ast.expr | None]]] = {}
    for call, scope in found.calls:
        parts = parts_of(call.func)
        holder = scope.lookup(parts[0]) if parts else None
        bindings = holder.told(parts[0]) if holder else []
        targets = frozenset(origin_of(b, holder) or "" for b in bindings) if holder else frozenset[str]()
        is_of_star = bool(parts) and holder is None and bool(found.scope.stars)
        named = {*filter(None, targets)} or (parts[:1] if is_of_star else ())
        names = named if len(parts) == 1 else parts[-1:] if named else ()
        if any(name.rpartition(".")[2][:1].isupper() for name in names):
            given = _variables(call, scope, values)
            yield Made(parts, call, targets, id(call) in found.inside, given, spread_of(call, scope))


def _variables(
    call: ast.Call, scope: Scope, values: dict[Scope, dict[str, list[ast.expr | None]]]
) -> dict[str, tuple[int, int]]:
    """The variables among what a call is given that hold the result of one other call, with what tells that one."""
    variables = {}
    for node in ast.walk(call):
        holder = scope.lookup(node.id) if isinstance(node, ast.Name) else None
        if isinstance(node, ast.Name) and holder and all(isinstance(b.node, ast.Name) for b in holder.told(node.id)):
            if holder not in values:
                values[holder] = _values(holder.node)
            given = values[holder].get(node.id, [])
            if len(given) == 1 and isinstance(given[0], ast.Call):
                variables[node.id] = key_of(given[0].func)
    return variables


def _values(body: ast.AST) -> dict[str, list[ast.expr | None]]:
    """What each variable is given anywhere in a body; None for what is no plain assignment."""
    plain: dict[int, ast.expr | None] = {}
    names: list[ast.Name] = []
    for node in ast.walk(body):
        if isinstance(node, ast.Assign):
            plain.update((id(target), node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign):
            plain[id(node.target)] = node.value
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.append(node)
    given: dict[str, list[ast.expr | None]] = {}
    for name in names:
        given.setdefault(name.id, []).append(plain.get(id(name)))
    return given


def _reached(found: Outline) -> dict[str, frozenset[str]]:
    """What is read off the names that are imported at module level."""
    imports = ("import", "import-as", "from")
    names = {n for n, bindings in found.scope.bindings.items() if any(b.kind in imports for b in bindings)}
    reached: dict[str, set[str]] = {name: set() for name in names}
    asked = asked_of(found)
    for reference in found.references:
        name, node = reference.parts[0], reference.nodes[0]
        if name in names and reference.scope.lookup(name) is found.scope:
            if len(reference.parts) > 1:
                reached[name].add(".".join(reference.parts[1:]))
            elif id(node) in asked:
                reached[name].add(asked[id(node)][1])
            elif is_loaded(node) and id(node) not in found.tested:
                reached[name].add("")
    return {name: frozenset(attributes) for name, attributes in reached.items()}


def asked_of(found: Outline) -> dict[int, tuple[ast.Call, str]]:
    """Id of a name that a call such as `getattr(name, "attribute")` asks -> that call and the attribute."""
    asked = ((call, attribute_asked(call, BY_NAME)) for call, _ in found.calls)
    return {id(each[0]): (call, each[1]) for call, each in asked if each and isinstance(each[0], ast.Name)}


def _classes(found: Outline) -> dict[str, Class]:
    classes = {}
    for scope in found.scopes:
        if isinstance(scope.node, ast.ClassDef) and scope.parent is found.scope:
            bound = [(name, b, scope) for name, bindings in scope.bindings.items() for b in bindings]
            bound += [(p[1], b, s) for p, b, s in found.attributes if _owner(p[0], s) is scope.node]
            members: dict[str, list[tuple[Binding, Scope]]] = {}
            for name, binding, where in bound:
                if not binding.empty:
                    members.setdefault(name, []).append((binding, where))
            only = {name: _stood_for(bindings) for name, bindings in members.items()}
            own = (each for each in found.getters if each.read and under(each.name, scope.node.name))
            only |= {each.name.rpartition(".")[2]: each.module for each in own}
            bases = (target_of(parts_of(base), found.scope) for base in scope.node.bases)
            classes[scope.node.name] = Class(tuple(b for b in bases if b), only)
    return classes


def _owner(name: str, scope: Scope) -> ast.AST | None:
    """The class whose attributes those of a name are: it is that class, or the first parameter of a method of it."""
    owner, holder = scope.owner(name), scope.lookup(name)
    named = next((b.node for b in holder.bindings[name]), None) if holder else None
    return owner.node if owner else named


def _stood_for(given: list[tuple[Binding, Scope]]) -> str:
    """What an attribute is given, "" where that is not told, or several.

    A parameter beside a name, as in `self.client = client or library`, is in the place of what that stands for.
    """
    named = [b.node for b, where in given if b.kind == "alias" and origin_of(b, where)]
    origins = {origin_of(b, where) or "" for b, where in given if b.node not in named or not _is_parameter(b, where)}
    return origins.pop() if len(origins) == 1 else ""


def _is_parameter(binding: Binding, scope: Scope) -> bool:
    """Whether a name is given nothing but what a parameter is."""
    holder = scope.lookup(binding.value[0]) if len(binding.value) == 1 else None
    bindings = holder.bindings[binding.value[0]] if holder else []
    return bool(bindings) and all(isinstance(b.node, ast.arg) and not b.value for b in bindings)


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
    inner = {name for s in found.scopes if s.kind == "function" for name, bs in s.bindings.items() if bs[0].statement}
    for reference in found.references:
        count = len(reference.parts)
        whole = count > 2 or (count == 2 and reference.parts[0] in inner)
        holder = reference.scope.lookup(reference.parts[0]) if whole else None
        for binding in holder.bindings[reference.parts[0]] if holder else ():
            yield from _prefixes(".".join((binding.target, *reference.parts[1:]))) if binding.target else ()


def _prefixes(text: str) -> Iterator[str]:
    """`a.b.C` and `a.b` of a text `a.b.C`; nothing of any other text."""
    while "." in text and all(part.isidentifier() for part in text.split(".")):
        yield text
        text = text.rpartition(".")[0]


_TYPED = re.compile(r"#[ \t]*type:([^\r\n]*)")


def _unused(found: Outline, text: str, path: str) -> set[str]:
    """Names of `from` imports that no code has, whatever comments and prose in docstrings say.

    A module of nothing but imports has them for others, whoever they are; nobody imports from one that pytest runs.
    One that is called `tests` gathers them for a runner.
    """
    assert isinstance(found.scope.node, ast.Module)
    others = [s for s in found.scope.node.body if not isinstance(s, ast.Import | ast.ImportFrom)]
    for_others = not is_collected(path) or path.rpartition("/")[2] == "tests.py"
    if for_others and all(isinstance(s, ast.Expr) and text_value(s.value) is not None for s in others):
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
    named = {reference.parts[0] for reference in found.references} | set(_named_in_texts(found))
    named |= {name for node, _ in found.globals for name in node.names}
    named |= {word for comment in _TYPED.findall(text) for word in re.findall(r"\w+", comment)}
    return {name for name in imported if spelled[name] == 1 or name not in named}


def _named_in_texts(found: Outline) -> Iterator[str]:
    """The words of annotations and examples, and the texts that are one word."""
    for text in found.texts:
        value = text_value(text.node) or ""
        if text.role in ("annotation", "all") or ">>>" in value:
            yield from re.findall(r"\w+", value)
        else:
            yield value


def is_fixture(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is decorated as a pytest fixture."""
    called = (d.func if isinstance(d, ast.Call) else d for d in node.decorator_list)
    return any(parts_of(d)[-1:] == ("fixture",) for d in called)


def fixture_name(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The name tests ask for it by: that of `@pytest.fixture(name=…)` or of the function."""
    calls = (d for d in node.decorator_list if isinstance(d, ast.Call) and parts_of(d.func)[-1:] == ("fixture",))
    named = (text_value(k.value) for d in calls for k in d.keywords if k.arg == "name")
    return next((n for n in named if n), node.name)
