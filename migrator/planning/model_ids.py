"""A second look at a project that uses a library: files that hold model ids or variables of it, though not its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from migrator.fates.sought import about_models
from migrator.formats.deployment import is_deployment
from migrator.packs.ruleset import Rules
from migrator.patterns import expand, under
from migrator.primitives.library import Variable
from migrator.tree import project as tree
from migrator.tree.needles import shortest

if TYPE_CHECKING:
    from migrator.clients.in_use import InUse
    from migrator.planning.candidates import Candidates, Look

_SUFFIXES = {".py", ".pyi", ".yaml", ".yml", ".toml", ".json", ".ini", ".cfg", ".md", ".rst", ".sh", ".env"}
_PROSE = {".md", ".rst"}


def prepared(rules: Rules, candidates: Candidates) -> Rules:
    """The rules with what becomes of model ids, where the tree uses the library they are of; reads the files for it.

    Without a use of it, ids and the variables of others mean nothing, and templates get new ones only for those gone.
    """
    if not rules.libraries:
        return rules
    if not is_used(rules, candidates):
        named = (rule for rule in rules.variables if _is_told_by_name(rule, rules))
        own = tuple(replace(rule, message=rule.unused or rule.message) for rule in named)
        gone = {name for rule in rules.env_gone for name in rule.names}
        return replace(rules, env_adds=tuple(e for e in rules.env_adds if gone & {*e.after}), variables=own)
    using = _in_use(rules)
    if not using:
        _read(rules, using, candidates, None)
        return _with_read(rules, candidates)
    from migrator.python.models.looks import Looks

    looks = Looks(using[0], rules)
    for path in candidates.facts:
        looks.see(*candidates.tree(path))
    _read(rules, using, candidates, looks.see)
    return replace(_with_read(rules, candidates), ids=replace(using[0], looked_at=frozenset(looks.seen)))


def _in_use(rules: Rules) -> list[InUse]:
    """What becomes of the ids of each library."""
    if not rules.model_ids:
        return []
    from migrator.clients.in_use import InUse

    clients = {library.module: library.client for library in rules.libraries}
    return [InUse.told_by(rule, clients[rule.of], rules.options) for rule in rules.model_ids]


def _is_told_by_name(rule: Variable, rules: Rules) -> bool:
    """Whether variables can be nothing but the library's; a gateway's name begins those of other things, too."""
    whole = "." not in rule.of and all(rule.brand in name for name in rule.names)
    return whole and (rule.check or not rules.clients)


def _with_read(rules: Rules, candidates: Candidates) -> Rules:
    """The rules with the variables that some module spells out."""
    spelled = (name for facts in candidates.facts.values() for name in facts.constants)
    patterns = [pattern for rule in rules.variables for pattern in rule.names]
    read = frozenset(n for n in spelled if any(expand(p, p, n) is not None for p in patterns))
    return replace(rules, read=read)


def is_used(rules: Rules, candidates: Candidates) -> bool:
    """Whether the tree imports a library that is left, or calls its gateway without it."""
    if rules.clients and any(speaks(path, each.text.text, rules) for path, each in candidates.by_path.items()):
        return True
    libraries = [library.module for library in rules.libraries]
    targets = {t for f in candidates.facts.values() for ts in (*f.bound.values(), f.stars) for t in ts}
    return any(under(target, library) for target in targets for library in libraries)


def speaks(path: str, text: str, rules: Rules) -> bool:
    """Whether a file has the client SDK of a script, or calls its gateway without one."""
    from migrator.formats import http, script

    return script.speaks(text, rules) if script.is_script(path) else http.speaks(path, text, rules)


def _read(rules: Rules, using: list[InUse], candidates: Candidates, look: Look | None) -> None:
    """Read the files that hold an id or a variable."""
    texts = [path for path in candidates.unread() if PurePosixPath(path).suffix in _SUFFIXES or _is_env(path)]
    wanted = [needle for each in using for needle in each.needles]
    found = set(tree.matching(candidates.project.root, texts, wanted)[0]) if wanted else set[str]()
    names = [n for r in rules.variables for n in r.names] + [o for e in rules.env_adds for o in e.after]
    words = shortest([piece for name in names for piece in name.split("*") if len(piece) > 4])
    named = [p for p in texts if p.endswith(".py") or _is_env(p) or is_deployment(p)]
    found |= set(tree.matching(candidates.project.root, named, words)[0]) if words else set()
    if rules.clients:
        found |= _with_slugs(rules, candidates, texts)
    candidates.read(sorted(found), look, named=False)


def _with_slugs(rules: Rules, candidates: Candidates, texts: list[str]) -> set[str]:
    """Those of `texts` that may hold the id of a model with a slug of the gateway that is left."""
    root, written = candidates.project.root, [path for path in texts if PurePosixPath(path).suffix not in _PROSE]
    found = tree.matching(root, written, [b'"@', b"'@", b"=@", b":-@"])[0]
    return {*tree.matching(root, found, about_models(rules))[0]}


def _is_env(path: str) -> bool:
    return ".env" in PurePosixPath(path).name or PurePosixPath(path).name.startswith("env.")
