"""Commands that install packages of scripts: `npm install`, `pnpm add` and their like, wherever a text holds one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.fates.imported import Imported
from migrator.fates.names import Names
from migrator.formats.search import in_comment
from migrator.patterns import canonical
from migrator.primitives.client import Client, Factory
from migrator.sites import Edit, Finding, Status

_COMMAND = re.compile(
    r"(?<![\w./-])(?:npm|pnpm|yarn|bun|deno)(?:[ ]+--?[a-z][\w-]*(?:=\S+)?)*[ ]+(?:i|install|add)(?=[ \t\\])"
    r"(?P<words>(?:[^\S\r\n]|\\\r?\n|[^\s;&|)`\"'<>#\\])*)"
)
_WORD = re.compile(r"(?:npm:)?(?P<name>@?[\w./-]+)(?:@[^\s@]+)?")


def find(text: str, names: Names, imported: Imported, *, prose: bool = False, edit: bool = True) -> Iterator[Finding]:
    """What becomes of the packages that clients come from in the commands of a text, as `review`."""
    rules = names.rules
    packages: list[Client | Factory] = [*rules.clients, *rules.factories]
    asked = {canonical(client.package) for client in rules.clients}
    rule = next((each.id for each in rules.dependencies if canonical(each.old) in asked), "")
    for match in _COMMAND.finditer(text) if rule else ():
        words = list(_WORD.finditer(text, *match.span("words")))
        for word, each in ((w, p) for w in words for p in packages if w["name"] == p.package):
            said = prose or in_comment(text, word.start())
            yield _found(word, words, each, rule, imported, prose=said, edit=edit or not said)


def _found(
    word: re.Match[str],
    words: list[re.Match[str]],
    each: Client | Factory,
    rule: str,
    imported: Imported,
    *,
    prose: bool,
    edit: bool,
) -> Finding:
    start, end = word.span()
    there = any(other["name"] == each.instead for other in words)
    if each.id in imported.old and not prose:
        return Finding(start, rule, Status.MANUAL, f"{each.package} stays as long as a script imports it")
    said = f"{each.package} goes: {each.instead} is there" if there else f"{each.package} → {each.instead}"
    said = f"prose: {said}" if prose else said
    if not edit:
        return Finding(start, rule, Status.REVIEW, f"{said}; edited only with --text", prose=True)
    change = Edit(start - 1, end, "") if there else Edit(*word.span("name"), each.instead)
    edits = (change,) if there or word.end() == word.end("name") else (Edit(word.start("name"), end, each.instead),)
    return Finding(start, rule, Status.REVIEW, said, edits, prose=prose)
