"""The client module of a migrated project: where it goes, which functions it needs, and the change that makes it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType
from typing import TYPE_CHECKING

from migrator.errors import MigrateError
from migrator.fates.names import Names
from migrator.packs.ruleset import Rules
from migrator.patterns import under
from migrator.planning.candidates import Candidates
from migrator.planning.clients.home import home
from migrator.planning.distributions import Distributions, folder_of
from migrator.python.reading import attributes
from migrator.python.reading.around import around
from migrator.python.reading.expressions import text_value
from migrator.python.reading.facts import Facts
from migrator.python.reading.index import Index
from migrator.sites import Change, Site, Status
from migrator.tree.textio import decode

if TYPE_CHECKING:
    from migrator.clients.module import Settings

# How a client module begins.
_MARK = re.compile(r'"""(The client of (the LLM gateway|Portkey)\b|Counterparts of LiteLLM)')
_MARK_OF_CALLS = re.compile(r'\ufeff?"""LiteLLM\'s functions, called through (the LLM gateway|Portkey)\b')
_OF_TEXT = frozenset({*dir(str), *dir(bytes)})  # what is read off anything: `encode` says nothing of a client module
_NAMES = ("llm_client", "llm_gateway_client", "llm_gateway_functions")
_SHADOWED = {"httpx", "litellm", "openai", "portkey_ai", "pydantic"}  # what a client module imports, or leaves


@dataclass(frozen=True, slots=True)
class Place:
    """The client module's dotted name, and its path from the root."""

    dotted: str
    path: str


def placed(rules: Rules, candidates: Candidates, parts: Distributions) -> dict[str, Place]:
    """Where the client module of each distribution goes, by its folder; nothing where no rule wants one.

    That is where the setting says, or the package that uses the library most. Raises MigrateError for a setting that
    is no dotted name or hides another module, and for a base-url that is no address.
    """
    if not rules.served:
        return {}
    url = str(rules.options.get("base-url", ""))
    if url and not re.fullmatch(r"https?://[^/\s]+\S*", url):
        raise MigrateError(f"pyproject.toml: base-url: {url!r} is no address such as https://gateway.example/v1")
    dotted = str(rules.options.get("client-module", ""))
    if dotted:
        if not all(part.isidentifier() for part in dotted.split(".")):
            raise MigrateError(f"pyproject.toml: client-module: {dotted!r} is not a dotted name such as app.llm_client")
        if dotted in _SHADOWED or dotted in sys.stdlib_module_names:
            raise MigrateError(
                f"pyproject.toml: client-module: {dotted!r} would hide the module of that name, take another"
            )
        return dict.fromkeys(parts.folders, Place(dotted, _path_of(dotted, candidates)))
    weights: dict[str, dict[str, int]] = {folder: {} for folder in parts.folders}
    copied = tuple(library.module for library in rules.libraries)
    for facts in candidates.facts.values():
        is_copy = any(under(name, library) for name in facts.names for library in copied)  # which stays as it is
        if not is_copy and (weight := _weight(rules, facts)):
            weights[parts.of(facts.path)][facts.path] = weight
    mark = _MARK_OF_CALLS if any(library.stays for library in rules.libraries) else _MARK
    return {folder: _placed(folder, weights[folder], candidates, mark) for folder in parts.folders}


def _placed(distribution: str, weights: dict[str, int], candidates: Candidates, mark: re.Pattern[str]) -> Place:
    if weights:
        folder, package = home(distribution, weights, candidates)
    else:
        notebooks = {folder_of(path) for path in candidates.by_path if path.endswith(".ipynb")}
        inside = {n for n in notebooks if not distribution or f"{n}/".startswith(f"{distribution}/")}
        folder, package = (inside.pop() if len(inside) == 1 else distribution), ""
    base = f"{folder}/" if folder else ""
    own = (n for n in _NAMES if _is_ours(f"{base}{n}.py", mark, candidates))
    there = (n for n in _NAMES if f"{base}{n}.py" not in candidates.files and f"{base}{n}/" not in candidates.files)
    says = candidates.python_text(f"{base}__init__.py") or ""  # `from app.client import llm_client`
    free = (n for n in there if not re.search(rf"\b{n}\b", says))
    name = next(own, None) or next(free, _NAMES[-1])
    return Place(f"{package}.{name}" if package else name, f"{base}{name}.py")


def _path_of(dotted: str, candidates: Candidates) -> str:
    """The path of a module that need not be there yet: below the root that has its package."""
    path, package = dotted.replace(".", "/") + ".py", dotted.rpartition(".")[0].replace(".", "/")
    for root in sorted(candidates.roots):
        base = f"{root}/" if root else ""
        if f"{base}{path}" in candidates.files or (
            package and any(f.startswith(f"{base}{package}/") for f in candidates.files)
        ):
            return base + path
    return path


def _weight(rules: Rules, facts: Facts) -> int:
    """How much of the library a module uses."""
    libraries = [library.module for library in rules.libraries]
    imported = [n for n, ts in facts.bound.items() if any(under(t, library) for t in ts for library in libraries)]
    return sum(len(facts.reached.get(name, ())) or 1 for name in imported)


def _is_ours(path: str, mark: re.Pattern[str], candidates: Candidates) -> bool:
    """Whether a module is the client module that an earlier run made."""
    return path in candidates.files and mark.match(_head(path, candidates)) is not None


def calls_library(text: str) -> bool:
    """Whether a module is a client module that calls the library for the others."""
    return _MARK_OF_CALLS.match(text) is not None


def _head(path: str, candidates: Candidates) -> str:
    try:
        with (candidates.project.root / path).open(encoding="utf-8", errors="replace") as file:
            return file.read(600)
    except OSError:
        return ""


def needed(index: Index, changes: Collection[Change]) -> frozenset[str]:
    """The names of the client module that migrated files use: by import, as an attribute or in a text.

    What functions of these give to modules that stay as they are is used there.
    """
    names = index.names
    moved = {n for rule in names.rules.moved if rule.to == "{client}" for n in (*rule.names, *rule.renames.values())}
    provided: frozenset[str] = _maker(names).provided(names.rules.served)
    used = {name for change in changes for name in _used(names.client, change, moved)}
    giving = [index.by_path[change.path] for change in changes if _gives(index, change)]
    for group in {around(index, facts) for facts in giving}:
        used |= _handed(moved, (name for path in group for name in index.by_path[path].read_off))
        used |= _handed(moved, attributes.read_off(index, group))
    return (provided | moved) & used


def _gives(index: Index, change: Change) -> bool:
    """Whether what a file has gives a library to others, and it names the client module after a change."""
    facts, leaf = index.by_path.get(change.path), index.names.client.rpartition(".")[2].encode()
    has = facts is not None and (facts.gives or around(index, facts))
    return bool(has and change.after and change.after != change.before and leaf in change.after)


def _handed(moved: Set[str], read: Iterable[str]) -> set[str]:
    """Which of the attributes that are read may be those of a library that is handed on, and not of texts."""
    return ({*read} & moved) - _OF_TEXT


def _used(client: str, change: Change, moved: Set[str]) -> set[str]:
    """What a file reads off the client module after a change; `moved` are the names that a library has as well."""
    if change.after is None or change.after == change.before:
        return set()
    from migrator.formats import notebook

    text = decode(change.after, change.path).text
    program = notebook.program_in(text, change.language)
    return _named_in(client, text) if program is None else _used_by(client, program, moved)


def _used_by(client: str, program: str, moved: Set[str]) -> set[str]:
    """What a program reads off the client module, and the programs that it holds as texts."""
    from migrator.formats import embedded
    from migrator.python import rewrite
    from migrator.python.reading.survey import asked_of

    source, outline, facts = rewrite.read(program, "snippet.py", ("snippet",))
    targets = {t for ts in facts.bound.values() for t in ts} | facts.mentioned | facts.assigned
    read, kept, leaf = {attribute.attr for attribute, _ in outline.loose}, False, client.rpartition(".")[2]
    read.update(attribute.attr for attributes, _ in outline.members for attribute in attributes)
    asked = {node: attribute for node, (_, attribute) in asked_of(outline).items()}
    for reference in outline.references:
        read.update(reference.parts[1:])
        theirs = [*pairwise(reference.parts[1:])]  # `llm.llm_client.completion`, of what another module calls it
        targets.update(f"{client}.{name}" for of, name in theirs if of == leaf)
        kept |= reference.parts[1:][-1:] == (leaf,) and id(reference.nodes[-1]) in outline.stored
        named = asked.get(id(reference.nodes[-1]))  # `getattr(llm_client, "completion")`
        parts = (*reference.parts[1:], named) if named else reference.parts[1:]
        holder = reference.scope.lookup(reference.parts[0])
        for binding in holder.told(reference.parts[0]) if holder else ():
            if binding.target:
                targets.add(".".join((binding.target, *parts)))
                node = reference.nodes[-1]
                passed = id(node) in outline.stored or isinstance(source.parents.get(id(node)), ast.Return)
                kept |= binding.target == client and passed
    found = _handed(moved, read) if kept else set()  # `self.llm = llm_client` is read from by another name
    for text in outline.texts:
        code = text_value(text.node) or ""
        if client in embedded.imported(code) and (code := embedded.program(code)):
            found |= _used_by(client, code, moved)
    return found | {t[len(client) + 1 :].partition(".")[0] for t in targets if t.startswith(f"{client}.")}


def _named_in(client: str, text: str) -> set[str]:
    """What a text that is no program, but may hold some, imports from a module or reads off it."""
    module, leaf = re.escape(client), re.escape(client.rpartition(".")[2])
    imports = re.findall(rf"\bfrom\s+{module}\s+import\s*(\([^()]*\)|[\w ,]+)", text)
    return {*re.findall(r"\w+", " ".join(imports)), *re.findall(rf"\b{leaf}\.(\w+)", text)}


def requirements(names: Names, used: Collection[str]) -> tuple[str, ...]:
    """What the client module needs beside the SDK for these names of it."""
    if not used or names.keeps_library:
        return ()
    from migrator.clients import parts

    return parts.dependencies(names.rules.served, used)


def _maker(names: Names) -> ModuleType:
    """What writes client modules: ones that call the SDK, or ones that call the library."""
    from migrator.clients import module, proxy

    return proxy if names.keeps_library else module


def settings_of(rules: Rules) -> Settings:
    """What the project's settings say about a client."""
    from migrator.clients.module import Settings

    return Settings(
        providers=rules.options.get("providers", {}),
        models=rules.options.get("models", {}),
        base_url=rules.options.get("base-url", ""),
        config=rules.options.get("config", {}),
    )


def made(
    names: Names, place: Place, used: Collection[str], changes: Iterable[Change], candidates: Candidates
) -> tuple[Change, Site] | None:
    """The change that makes the client module for these changes, and its site; None where it is there already.

    Raises MigrateError where another file is in its place.
    """
    if not used:
        return None
    library = next(each for each in names.rules.libraries if each.client)
    if place.path in candidates.files:
        missing = sorted(set(used) - _defined(place, candidates))
        if missing:
            raise MigrateError(
                f"{place.path}: exists and has no {', '.join(missing)}: add it, or set client-module in "
                f"[tool.migrate.packs.{names.rules.packs[0]}] to another name such as app.llm_gateway_client"
            )
        return None
    settings = settings_of(names.rules)
    if _takes_arguments_alone(names, used):
        from migrator.planning.clients.given import given

        settings = given(settings, names, changes, candidates.facts.values())
    text = _maker(names).render(library.client, frozenset(used), settings)
    message = f"made for {', '.join(sorted(used))}: read it, and set the variables it names"
    message += f"; {library.made}" if library.made else ""
    if refused := sorted(_refusable() - settings.features):
        message += (
            f"; it refuses {', '.join(refused)}, which no call gives: see `_REFUSED` and `_split` to give one later"
        )
    docs = names.rules.docs.get(library.id, "")
    site = Site(place.path, 1, 1, library.id, Status.REVIEW, message, place.path, 1, docs)
    return Change(place.path, place.path, "create", "python", 0, None, text.encode(), 0o644), site


def _refusable() -> Set[str]:
    from migrator.clients.module import ARGUMENTS

    return ARGUMENTS.keys()


def _takes_arguments_alone(names: Names, used: Collection[str]) -> bool:
    """Whether LiteLLM's arguments come to a client module from calls of its functions, and from nowhere else."""
    from migrator.clients.table import load

    calls = load(names.rules.served).functions.keys() & {*used}
    return bool(calls) and not names.keeps_library and not {"Router", "batch_completion"} & {*used}


def _defined(place: Place, candidates: Candidates) -> set[str]:
    """The functions, classes and constants of a module that is there."""
    try:
        tree = ast.parse((candidates.project.root / place.path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return set()
    body = [s for node in tree.body for s in (node, *(node.body if isinstance(node, ast.If) else ()))]
    found = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    targets = [t for node in body if isinstance(node, ast.Assign) for t in node.targets]
    targets += [node.target for node in body if isinstance(node, ast.AnnAssign)]
    return found | {target.id for target in targets if isinstance(target, ast.Name)}
