"""What an old name becomes: dotted names, and names inside free text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from migrator.fates import sought
from migrator.fates.holding import held
from migrator.fates.imported import Imported
from migrator.fates.library import Caller, Fate, fate_of
from migrator.packs.ruleset import Rules
from migrator.patterns import expand, glob_regex, under
from migrator.primitives.leaving import EnvGone
from migrator.primitives.library import Variable
from migrator.primitives.project import Env, Flag
from migrator.sites import Edit, Finding, Status

_LONGEST_PREFIX = 200  # characters of a path looked at before a name in it
_PATH_START = re.compile(r"[^\s\"'`=:,;(\[<>|]*$")
_TO_ROOT = re.compile(r"/?(?:\.{1,2}/|src/|lib/|\*+/|\$\w+/|\S*[)}]/)*")
_COMPANY = r"(?!,?(?: AI)?,? (?:Inc|Ltd|LLC)\b)"  # nothing takes the place of the company in what is said of it
_FILE = r"(?!\.(?:mdx?|rst|txt|html|pdf)\b)"  # a page about it, by its name
_COPYRIGHT = re.compile(r"\bcopyright\b|©", re.IGNORECASE)
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Renamed:
    """A new dotted name, and the rule that says so; `local` is what a module that imports it calls it, if told."""

    new: str
    rule: str
    local: str = ""


class Names:
    """Maps fully qualified old names to new ones.

    `exported` adds the project's own names that follow, such as `app.llm.PortkeyClient` -> `app.llm.LLMGatewayClient`
    where `app/llm.py` re-exports the class. `objects` are names of the project's own that are no modules,
    so that what follows them is an attribute. `caller` is what the project has of a library that calls
    one that is left by itself.
    """

    def __init__(
        self,
        rules: Rules,
        exported: Mapping[str, str] = _NOTHING,
        objects: Collection[str] = frozenset(),
        caller: Caller | None = None,
    ) -> None:
        self.rules = rules
        self.caller = caller
        self.exported = exported
        self._objects = objects
        self._modules = sorted(rules.modules, key=lambda m: -len(m.old))
        self._renamed: dict[str, Renamed | None] = {}
        self._fates: dict[str, Fate | None] = {}

    def rename(self, dotted: str) -> Renamed | None:
        """The new name of `dotted`, of the module it lives in or of the class it is an attribute of; else None."""
        if dotted not in self._renamed:
            self._renamed[dotted] = self._rename(dotted)
        return self._renamed[dotted]

    def _rename(self, dotted: str) -> Renamed | None:
        head, rest = dotted, ""
        while head and self.exported:
            if head in self.exported:
                return Renamed(self.exported[head] + rest, self.symbol_rule(head))
            head, _, last = head.rpartition(".")
            rest = f".{last}{rest}"
        moved = next((m for m in self._modules if under(dotted, m.old)), None)
        symbol = self._symbol(dotted)
        new, rule = symbol or (dotted, moved.id if moved else "")
        if moved:
            new = moved.new + new[len(moved.old) :]
        if new != dotted:
            return Renamed(new, rule)
        fate = self.fate(dotted)
        if fate is None or fate.kind != "moved":
            return None
        return Renamed(".".join((fate.new, *dotted.split(".")[fate.count :])), fate.rule)

    def fate(self, dotted: str) -> Fate | None:
        """What becomes of a name of a library that is left, or of the library or a module of it; None for any other."""
        if dotted not in self._fates:
            self._fates[dotted] = fate_of(self.rules, dotted, self.caller)
        return self._fates[dotted]

    def speaking_of(self, client: str) -> Names:
        """The same names where the client module is `client`."""
        return self._under(replace(self.rules, client=client))

    def holding(self, why: str) -> Names:
        """The same names, of which those of libraries stay what they are."""
        return self._under(held(self.rules, frozenset(library.module for library in self.rules.libraries), why))

    def needing(self, requirements: Sequence[str]) -> Names:
        """The same names, with requirements that come beside those of the rules."""
        also = tuple(replace(rule, also=[*rule.also, *requirements]) for rule in self.rules.dependencies)
        return self._under(replace(self.rules, dependencies=also))

    def asking(self, imported: Imported) -> Names:
        """The same names, where distributions that stay ask for a new one only if code imports that."""
        moves = self.rules.clients or self.rules.libraries
        idle = imported.old - imported.new if moves else frozenset()
        idle -= {rule.id for rule in self.rules.dependencies if rule.extra}  # what comes beside the rest of the old one
        said = {id_: f"{self.caller.name} calls it by itself" if self.caller else "" for id_ in idle}
        said |= {rule.id: rule.unused for rule in self.rules.dependencies if rule.unused and rule.id in imported.unused}
        if said.keys().isdisjoint(rule.id for rule in self.rules.dependencies):
            return self
        left = (replace(r, new="", also=[], message=said[r.id]) if r.id in said else r for r in self.rules.dependencies)
        return self._under(replace(self.rules, dependencies=tuple(left)))

    def _under(self, rules: Rules) -> Names:
        return Names(rules, self.exported, self._objects, self.caller)

    @property
    def client(self) -> str:
        """The dotted name of the client module."""
        return self.rules.client

    @property
    def keeps_library(self) -> bool:
        """Whether the project goes on using the library that the rules speak of."""
        return any(each.stays for each in self.rules.libraries)

    @property
    def library_rule(self) -> str:
        """The rule that says a library is left."""
        return next((each.id for each in self.rules.libraries), "")

    def is_module(self, dotted: str) -> bool:
        """Whether a name is that of a library that is left, or of a module of it."""
        fate = self.fate(dotted)
        return fate is not None and fate.kind == "module"

    def address(self, dotted: str) -> str:
        """The address that a client which is left calls by a name; "" for any other name."""
        owner, _, name = dotted.rpartition(".")
        called = (max(c.addresses, key=len) for c in self.rules.moving_clients if name in c.address)
        return next(called, "") if self.is_module(owner) else ""

    def _symbol(self, dotted: str) -> tuple[str, str] | None:
        """The dotted name with its first renamed part replaced, the module part as it was."""
        for rule in self.rules.symbols:
            if not dotted.startswith(rule.module + "."):
                continue
            parts = dotted[len(rule.module) + 1 :].split(".")
            for index, part in enumerate(parts):
                if ".".join((rule.module, *parts[:index])) in self._objects:
                    break
                new = expand_any(rule.names, part)
                if new is not None:
                    parts[index] = new
                    return f"{rule.module}.{'.'.join(parts)}", rule.id
                if part != part.lower():
                    break  # a class or a constant: what follows is an attribute of it, no name of a module
        return None

    def symbol_rule(self, dotted: str) -> str:
        """The rule a project's own name follows: the one that renames its last part."""
        leaf = dotted.rpartition(".")[2]
        rules = self.rules.symbols
        return next((r.id for r in rules if expand_any(r.names, leaf)), rules[0].id if rules else self.library_rule)

    def tracked(self, dotted: str) -> bool:
        """Whether `dotted` belongs to the old layer, renamed or not."""
        left = (*(s.module for s in self.rules.symbols), *(each.module for each in self.rules.libraries))
        return self.rename(dotted) is not None or any(under(dotted, module) for module in left)

    def flag(self, dotted: str) -> Flag | None:
        """The flag that `dotted` falls under."""
        return next((f for f in self.rules.flags if under(dotted, f.module)), None)

    def setting(self, key: str) -> Renamed | None:
        """The new dotted key of a configuration section, or of a key below it."""
        for rule in self.rules.settings:
            if under(key, rule.old):
                return Renamed(rule.new + key[len(rule.old) :], rule.id)
        return None

    def env(self, name: str) -> tuple[str, Env] | None:
        """The new name of an environment variable, and its rule; an exact rule goes before a pattern."""
        for rule in self.rules.envs:
            new = expand(rule.old, rule.new, name)
            if new is not None:
                return new, rule
        return None

    def env_gone(self, name: str) -> EnvGone | None:
        """The rule of a variable that nothing takes the place of."""
        return next((r for r in self.rules.env_gone if any(expand(p, p, name) is not None for p in r.names)), None)

    @cached_property
    def gone_pattern(self) -> re.Pattern[str] | None:
        """Finds these variables in any text."""
        return _any_of((glob_regex(p) for r in self.rules.env_gone for p in r.names), r"(?<![\w-])(?:", r")(?!\w)")

    def may_go(self, text: str) -> bool:
        """Whether a text may hold a variable that goes."""
        yielding = any(rule.yields for rule in self.rules.envs) and any(True for _ in self.envs_in(text))
        return yielding or (self.gone_pattern is not None and self.gone_pattern.search(text) is not None)

    def variable(self, name: str) -> Variable | None:
        """The rule of a variable that a library read by itself."""
        if self.variable_pattern is None or not self.variable_pattern.fullmatch(name) or self.env_gone(name):
            return None
        return next((r for r in self.rules.variables if any(expand(p, p, name) is not None for p in r.names)), None)

    @property
    def left(self) -> Status:
        """The status of such a variable: by hand where it stays with the requests of the code."""
        return Status.MANUAL if self.rules.staying else Status.REVIEW

    @cached_property
    def variable_pattern(self) -> re.Pattern[str] | None:
        """Finds these variables in any text."""
        return _any_of(
            (glob_regex(p) for r in self.rules.variables for p in r.names), r"(?<![\w-])(?:", rf")(?!\w){_FILE}"
        )

    # ----------------------------------------------------------------------------------------------- in free text

    @cached_property
    def _dotted_pattern(self) -> re.Pattern[str] | None:
        old = [m.old for m in self.rules.modules] + [s.module for s in self.rules.symbols] + list(self.exported)
        old += [each.module for each in self.rules.libraries]
        return _any_of((re.escape(o) for o in old), r"(?<![\w./-])(?:", r")(?![\w])(?:\.\w+)*(?::[A-Za-z_]\w*)?")

    @cached_property
    def _path_pattern(self) -> re.Pattern[str] | None:
        old = (re.escape(m.old.replace(".", "/")) for m in self.rules.modules if "." in m.old)
        return _any_of(old, r"(?<![\w.-])(?:", r")(?![\w-])")

    @cached_property
    def _env_pattern(self) -> re.Pattern[str] | None:
        return _any_of((glob_regex(e.old) for e in self.rules.envs), r"(?<![\w.])(?:", r")(?!\w)")

    @cached_property
    def _symbol_pattern(self) -> re.Pattern[str] | None:
        old = (glob_regex(o) for s in self.rules.symbols for o in s.names if o[:1].isupper())
        return _any_of(old, r"(?<![\w.])(?:", r")(?!\w)")

    @cached_property
    def _word_pattern(self) -> re.Pattern[str] | None:
        return _any_of(
            (re.escape(w) for m in self.rules.mentions for w in m.words), r"(?<![\w.@/-])(?:", rf")(?![\w]){_COMPANY}"
        )

    def in_config(self, text: str, offset: int = 0) -> Iterator[Finding]:
        """Dotted names, module paths and environment variables in a text that is not prose, each with its edit."""
        yield from self.dotted_in(text, offset)
        yield from self.envs_in(text, offset)

    def dotted_in(self, text: str, offset: int = 0) -> Iterator[Finding]:
        """Old dotted names (`a.b.C`) and module paths (`a/b`) in any text; `offset` is where the text stands."""
        for match in _matches(self._dotted_pattern, text):
            module, colon, attribute = match[0].partition(":")  # `module:attribute`, as entry points write it
            renamed = self.rename(f"{module}.{attribute}" if colon else module)
            if renamed:
                new = ":".join(renamed.new.rsplit(".", 1)) if colon else renamed.new
                yield _found(match, offset, new, renamed.rule, f"{match[0]} → {new}")
        for match in _matches(self._path_pattern, text):
            if not _leads_to_root(text[max(0, match.start() - _LONGEST_PREFIX) : match.start()]):
                continue
            rule = next(m for m in self._modules if m.old.replace(".", "/") == match[0])
            yield _found(
                match, offset, rule.new.replace(".", "/"), rule.id, f"{match[0]} → {rule.new.replace('.', '/')}"
            )

    def envs_in(self, text: str, offset: int = 0) -> Iterator[Finding]:
        """Old environment variables in any text."""
        for match in _matches(self._env_pattern, text):
            renamed = self.env(match[0])
            if renamed:
                new, rule = renamed
                yield _found(match, offset, new, rule.id, say_env(match[0], new, rule), Status(rule.status))

    def prose_in(self, text: str, offset: int, *, edit: bool) -> Iterator[Finding]:
        """Everything old that prose names, as `review`: replaced only where `edit` (`--text`) asks for it."""
        for finding in sorted(self._named_in(text, offset), key=lambda f: f.start):
            said = f"prose: {finding.message}" if edit else f"prose: {finding.message}; edited only with --text"
            yield Finding(finding.start, finding.rule, Status.REVIEW, said, finding.edits if edit else (), prose=True)

    def _named_in(self, text: str, offset: int) -> Iterator[Finding]:
        mentions = self.rules.mentions
        for finding in self.in_config(text, offset):
            yield replace(finding, rule=mentions[0].id) if mentions else finding
        for match in _matches(self._symbol_pattern, text):
            new = self.symbol(match[0])
            if new:
                rule = mentions[0].id if mentions else self.symbol_rule(match[0])
                yield _found(match, offset, new, rule, f"{match[0]} → {new}")
        for match in _matches(self._word_pattern, text):
            if _COPYRIGHT.search(text, max(0, text.rfind("\n", 0, match.start())), match.start()):
                continue
            mention = next(m for m in mentions if match[0] in m.words)
            yield _found(match, offset, mention.words[match[0]], mention.id, f"{match[0]} → {mention.words[match[0]]}")

    def symbol(self, name: str) -> str | None:
        """The new spelling of a bare class name, whichever module it comes from."""
        return next((n for s in self.rules.symbols if (n := expand_any(s.names, name))), None)

    def is_unknown(self, dotted: str) -> bool:
        """Whether a name of a module that moved holds a word of the old layer, but is known to no rule."""
        moved = next((m for m in self._modules if m.detect and under(dotted, m.old)), None)
        *above, name = dotted[len(moved.old) + 1 :].split(".") if moved else ("",)
        if moved is None or self._symbol(dotted) or any(part != part.lower() for part in above):
            return False
        words = [moved.old.rpartition(".")[2], *(w for m in self.rules.mentions for w in m.words)]
        return any(word.lower() in name.lower() for word in words)

    @cached_property
    def needles(self) -> tuple[bytes, ...]:
        """Bytes of which a file must hold at least one to refer to the old layer."""
        return sought.needles(self.rules)

    def may_be_in(self, text: str) -> bool:
        """Whether a text holds one of the needles; without, there is nothing to find in it."""
        return any(needle.decode() in text for needle in self.needles)


def _leads_to_root(before: str) -> bool:
    """Whether the part of a path before a name in it names no other folder: nothing, `src/`, `../`, a variable."""
    prefix = _PATH_START.search(before)
    return prefix is None or _TO_ROOT.fullmatch(prefix[0]) is not None


def say_env(old: str, new: str, rule: Env) -> str:
    """The message of a renamed environment variable."""
    return f"{old} → {new}: {rule.message}" if rule.message else f"{old} → {new}"


def expand_any(names: Mapping[str, str], name: str) -> str | None:
    """`name` under the first entry of `names` that matches, exact ones first."""
    if name in names:
        return names[name]
    return next((new for old, value in names.items() if "*" in old and (new := expand(old, value, name))), None)


def _any_of(alternatives: Iterable[str], before: str, after: str) -> re.Pattern[str] | None:
    ordered = sorted(set(alternatives), key=lambda a: (-len(a), a))
    return re.compile(before + "|".join(ordered) + after) if ordered else None


def _matches(pattern: re.Pattern[str] | None, text: str) -> Iterator[re.Match[str]]:
    return pattern.finditer(text) if pattern else iter(())


def _found(
    match: re.Match[str], offset: int, new: str, rule: str, message: str, status: Status = Status.MIGRATED
) -> Finding:
    start, end = match.start() + offset, match.end() + offset
    return Finding(start, rule, status, message, (Edit(start, end, new),))
