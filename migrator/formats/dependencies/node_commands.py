"""Commands that install packages of scripts: `npm install`, `pnpm add` and their like, wherever a text holds one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.fates.imported import Imported
from migrator.fates.names import Names
from migrator.formats.dependencies.words import behind, unlisted
from migrator.formats.search import in_comment
from migrator.formats.shell import Word
from migrator.patterns import canonical
from migrator.primitives.client import Client, Factory
from migrator.sites import Edit, Finding, Status

_COMMAND = re.compile(r"(?<![\w./$@-])(?:(?P<tool>npm|pnpm|yarn|bun|deno)|npx|bunx|pnpx)(?=[ \t\\])")
_INSTALLS = frozenset({"install", "i", "in", "add"})
_OWN = frozenset({"run", "run-script", "test", "start", "config"})  # what follows is the project's
_TAKES_VALUE = re.compile(r"-[FC]|--(?:filter|filter-prod|prefix|workspace|cwd|dir|registry|tag)|workspace")
_ASKED = re.compile(
    r"""(?:\\?["'])?(?:(?P<alias>@?[\w./-]+)@(?=npm:))?(?:npm:)?(?P<name>@?[\w-][\w./-]*?)(?P<version>@[^\s@"'\\]*?)?
        (?:\\?["'])?[.,:]*(?:</.*)?""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Package:
    """A package that a command names, as `asked` finds it in its word; `before` is where the word before ends."""

    word: Word
    asked: re.Match[str]
    before: int

    @property
    def span(self) -> tuple[int, int]:
        end = max(self.asked.end("name"), self.asked.end("version"))
        return self.word.start + self.asked.start("name"), self.word.start + end


def find(text: str, names: Names, imported: Imported, *, prose: bool = False, edit: bool = True) -> Iterator[Finding]:
    """What becomes of the packages that clients come from in the commands of a text: `review`, or `manual`."""
    rules = names.rules
    left: list[Client | Factory] = [*rules.factories, *rules.clients]
    packages = {each.package: each for each in left}
    asked = {canonical(client.package) for client in rules.clients}
    rule = next((each.id for each in rules.dependencies if canonical(each.old) in asked), "")
    if not rule or not any(package in text for package in packages):
        return
    text = unlisted(text)
    for command in _COMMAND.finditer(text):
        verb, named = _read(text, command)
        if verb in _OWN:
            continue
        there = {one.asked["name"] for one in named}
        for one in named:
            if (each := packages.get(one.asked["name"])) is None:
                continue
            said = prose or in_comment(text, command.start())
            if each.id in imported.old and not said:
                message = f"{each.package} stays as long as a script imports it"
                yield Finding(one.span[0], rule, Status.MANUAL, message)
            elif one.asked["alias"] or verb not in _INSTALLS:
                message = f"{each.package} goes: change this command by hand"
                yield Finding(one.span[0], rule, Status.MANUAL, message)
            else:
                yield _moved(one, each, rule, is_there=each.instead in there, prose=said, edit=edit or not said)


def _read(text: str, command: re.Match[str]) -> tuple[str, list[_Package]]:
    """What a command does, "" for one that runs a package, and the packages that it names."""
    verb, named = "", list[_Package]()
    skip, end = False, command.end()
    for word in behind(text, command.end()):
        before, end = end, word.end
        if skip or _TAKES_VALUE.fullmatch(word.text) or (word.text == "-w" and command["tool"] == "npm"):
            skip = not skip
        elif word.text.startswith("-") or (not verb and word.text == "global"):
            continue
        elif command["tool"] and not verb:
            verb = word.text
        elif asked := _ASKED.fullmatch(word.raw):
            named.append(_Package(word, asked, before))
    return verb, named


def _moved(one: _Package, each: Client | Factory, rule: str, *, is_there: bool, prose: bool, edit: bool) -> Finding:
    said = f"{each.package} goes: {each.instead} is there" if is_there else f"{each.package} → {each.instead}"
    said = f"prose: {said}" if prose else said
    start, end = one.span
    if not edit:
        return Finding(start, rule, Status.REVIEW, f"{said}; edited only with --text", prose=True)
    change = Edit(one.before, one.word.end, "") if is_there else Edit(start, end, each.instead)
    return Finding(start, rule, Status.REVIEW, said, (change,), prose=prose)
