"""A second look at a project that uses a library: files that hold model ids or variables of it, though not its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from migrator.formats.deployment import is_deployment
from migrator.packs.ruleset import Rules
from migrator.patterns import expand, glob_regex, under
from migrator.planning.sought import shortest
from migrator.primitives.library import ModelId, Variable
from migrator.tree import project as tree

if TYPE_CHECKING:
    from migrator.clients.ids import Ids
    from migrator.clients.table import Function
    from migrator.tree.candidates import Candidates, Look

ASUNDER, ASKED, PROVIDER = "/", "?", "custom_llm_provider"
_SUFFIXES = {".py", ".pyi", ".yaml", ".yml", ".toml", ".json", ".ini", ".cfg", ".md", ".rst", ".sh", ".env"}
_PROSE = {".md", ".rst"}
_SPLITS = ('split("/"', "split('/'", 'partition("/"', "partition('/'")
_FILE_NAME = re.compile(r"\.(py|md|json|ya?ml|toml|txt|png|jpe?g|svg|gif|html?|sh|js|ts|csv|ipynb|git|whl|gz|zip)$")
_ID = re.compile(r"[A-Za-z][\w.-]*(?:/[A-Za-z0-9@~][\w.:@+-]*)*")


@dataclass(frozen=True)
class InUse:
    """The ids of a project that uses a library: what they become, and which of its code looks at.

    `looked_at` holds the texts that ids are compared with or searched for, such as `gemini/`; names of providers are
    among them, which matter where the code takes ids apart: then there is ASUNDER, ASKED where the library goes on
    being asked about ids, PROVIDER where a call names the provider of an id beside it.
    """

    rule: ModelId
    ids: Ids
    functions: Mapping[str, Function] = field(default_factory=dict)  # of the client module, by name
    looked_at: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()  # dotted names of variables that modules other than their own give to calls

    def names_model(self, name: str) -> bool:
        """Whether what holds a value says that it is a model id."""
        return bool(self._named.fullmatch(name.replace("-", "_").lower()))

    @cached_property
    def _named(self) -> re.Pattern[str]:
        return re.compile("|".join(map(glob_regex, self.rule.names)))

    def is_id(self, text: str) -> bool:
        """Whether a text, where a model is meant, is an id that changes or is not served."""
        if len(text) > 200 or not _ID.fullmatch(text) or _FILE_NAME.search(text):
            return False
        return not text.startswith(tuple(self.rule.others)) and self.ids.settled(text) != text

    def is_told(self, text: str) -> bool:
        """Whether the text alone says so: it begins with a provider."""
        return "/" in text and self.is_id(text)

    def kept_for(self, text: str, *, direct: bool = False) -> str:
        """Why an id, or the beginning of one, stays; "" where it need not. A `direct` one gets to a call only."""
        looked = self.looked_at
        provider = self.ids.provider(text) or text
        if text in looked or (not direct and f"{provider}/" in looked):
            return f"code looks for {text if text in looked else provider + '/'!r}"
        if PROVIDER in looked and "/" not in text and not direct:
            return "a call names the provider beside it"
        if ASUNDER in looked and provider in looked and not direct:
            return f"code takes ids apart and looks for {provider!r}"
        return "LiteLLM goes on being asked about ids" if ASKED in looked and not direct else ""

    @property
    def is_taken_apart(self) -> bool:
        """Whether code takes ids apart at the slash."""
        return ASUNDER in self.looked_at

    def say_unserved(self, texts: Iterable[str]) -> str:
        """The message of ids that the target does not serve."""
        note = self.ids.table.unserved_note
        return f"{told(texts)}: {note}; choose another model, or say what it is there with the setting `models`"

    @cached_property
    def needles(self) -> tuple[bytes, ...]:
        """Bytes of which a file holds one if it holds an id with a provider, or takes ids apart."""
        ids = self.ids
        changed = [p for p, new in ids.known.items() if ids.table.prefix or p != new]
        starts = (f"{p}/" for p in (*changed, *ids.table.strip))
        return shortest([*starts, *(u for u in ids.unserved if len(u) > 3), *_SPLITS])


def told(texts: Iterable[str]) -> str:
    """The distinct texts, of many only the first ones."""
    unique = sorted(set(texts))
    return ", ".join(unique[:3]) + (f" and {len(unique) - 3} more" if len(unique) > 3 else "")


def prepared(rules: Rules, candidates: Candidates) -> Rules:
    """The rules with what becomes of model ids, where the tree uses the library they are of; reads the files for it.

    Without a use of it, ids and the variables of others mean nothing, and templates get new ones only for those gone.
    """
    if not rules.libraries:
        return rules
    if not is_used(rules, candidates):
        own = tuple(rule for rule in rules.variables if _is_told_by_name(rule, rules))
        gone = {name for rule in rules.env_gone for name in rule.names}
        return replace(rules, env_adds=tuple(e for e in rules.env_adds if gone & {*e.after}), variables=own)
    options, using = rules.options, list[InUse]()
    for rule in rules.model_ids:
        from migrator.clients.ids import Ids
        from migrator.clients.table import load

        library = next(each for each in rules.libraries if each.module == rule.of)
        table = load(library.client)
        ids = Ids(table.models, options.get("providers", {}), options.get("models", {}))
        using.append(InUse(rule, ids, table.functions))
    if not using:
        _read(rules, using, candidates, None)
        return _with_read(rules, candidates)
    from migrator.python.models.looks import Looks

    looks = Looks(using[0], rules)
    for path in candidates.facts:
        looks.see(*candidates.tree(path))
    _read(rules, using, candidates, looks.see)
    return replace(_with_read(rules, candidates), ids=replace(using[0], looked_at=frozenset(looks.seen)))


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
    done = {*candidates.by_path, *(problem.path for problem in candidates.problems)}
    others = [path for path in candidates.files if path not in done]
    texts = [path for path in others if PurePosixPath(path).suffix in _SUFFIXES or _is_env(path)]
    wanted = [needle for each in using for needle in each.needles]
    found = set(tree.matching(candidates.project.root, texts, wanted)[0]) if wanted else set[str]()
    names = [n for r in rules.variables for n in r.names] + [o for e in rules.env_adds for o in e.after]
    words = shortest([piece for name in names for piece in name.split("*") if len(piece) > 4])
    named = [p for p in texts if p.endswith(".py") or _is_env(p) or is_deployment(p)]
    found |= set(tree.matching(candidates.project.root, named, words)[0]) if words else set()
    if rules.clients:
        found |= _with_slugs(candidates, texts)
    candidates.read(sorted(found), look, named=False)


def _with_slugs(candidates: Candidates, texts: list[str]) -> set[str]:
    """Those of `texts` that may hold the id of a model with a slug of the gateway that is left."""
    root, written = candidates.project.root, [path for path in texts if PurePosixPath(path).suffix not in _PROSE]
    return {*tree.matching(root, tree.matching(root, written, [b'"@', b"'@", b"=@"])[0], [b"odel", b"ODEL"])[0]}


def _is_env(path: str) -> bool:
    return ".env" in PurePosixPath(path).name or PurePosixPath(path).name.startswith("env.")
