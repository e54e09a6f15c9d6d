"""What scripts spell of the SDK that is left, in strings and comments: its addresses, names of its headers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from ast_grep_py import SgNode

from migrator.fates.endpoints import Asked, asked, open_ended
from migrator.fates.names import Names
from migrator.formats import http
from migrator.javascript.objects import properties
from migrator.javascript.options import Options
from migrator.javascript.source import Script, string_of, within
from migrator.javascript.specifiers import package
from migrator.primitives.client import Client
from migrator.sites import Edit, Finding, Span, Status

_URL = re.compile(r"(?:\$\{[^}]*\}|[^\s\"'`<>\\\\,)\]}|])*")
_GIVEN = re.compile(r"`\$\{[^}]*(?:url|base|host|endpoint|gateway)[^}]*\}(?:/v1)?/?\$\{", re.IGNORECASE)


def addresses(
    script: Script, options: Options, beside: Asked | None = None, moving: Sequence[Span] = ()
) -> Iterator[Finding]:
    """The old address in strings, as a whole or as how one begins, and its host.

    `beside` is what is asked for behind something that may be the address, which stays then, but where it is `moving`.
    """
    client = options.client
    new = options.names.rules.options.get("base-url", "") or client.url
    pattern, hosts = _address(client), client.hosts
    given = open_ended(client) if any(_GIVEN.match(node.text()) for node in script.all("template_string")) else ""
    for node in script.all("string", "template_string", "jsx_text"):
        for match in pattern.finditer(node.text()):
            start, old = script.start(node) + match.start(), match[0]
            instead = new if old.endswith("/v1") else new.removesuffix("/v1")
            if old in hosts:
                instead = urlsplit(new).netloc
            if match.start() != 1 or old in hosts or node.kind() == "jsx_text":
                said = f"{old} in a text: {instead} from now on"
                yield Finding(start, client.id, Status.MANUAL, said)
                continue
            url = _URL.match(node.text(), match.start())
            whole = url[0] if url else old
            differs = asked(whole, client, options.names.rules.methods)
            stays = whole.rstrip("/") == old and not within(start, moving)
            differs = differs or (beside if stays else None)
            if differs and differs.status is Status.MANUAL:
                yield Finding(start, differs.rule, Status.MANUAL, f"{whole}: {differs.message}")
                continue
            note = differs.message if differs else "" if whole.rstrip("/") != old else given
            note = note or _called(node, client)
            rule, status = differs.rule if differs else client.id, Status.REVIEW if note else Status.MIGRATED
            said = f"{old} → {instead}" + (f": {note}" if note else "")
            yield Finding(start, rule, status, said, (Edit(start, start + len(old), instead),))


def _called(node: SgNode, client: Client) -> str:
    """What to see to where an address stands in a table of several by the name of the gateway that is left."""
    entry = node.parent()
    while entry and not (
        entry.kind() == "pair" and (key := entry.field("key")) and key.text().strip("\"'") == client.name
    ):
        entry = entry.parent() if entry.kind() in ("pair", "object") else None
    table = entry.parent() if entry else None
    others = [each for each in properties(table) if "://" in each.node.text()] if table else []
    return f"{client.name} stands for another address here, among others: call it anew" if len(others) > 1 else ""


def _address(client: Client) -> re.Pattern[str]:
    old = sorted([*client.addresses, *client.hosts], key=len, reverse=True)
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, old))})(?![\w-]|\.\w)")


def headers(script: Script, options: Options, told: Iterable[Finding]) -> Iterator[Finding]:
    """A finding for each text with names of headers that none of those told is about."""
    client = options.client
    pattern = re.compile(rf"(?<![\w-]){re.escape(client.prefix)}[\w-]*\w", re.IGNORECASE)
    spans = sorted({(e.start, e.end) for f in told for e in f.edits} | {(f.start, f.start + 1) for f in told})
    for node in script.all("string", "template_string", "jsx_text"):
        named = [m for m in pattern.finditer(node.text()) if not _is_told(spans, script.start(node), m.start())]
        if not named:
            continue
        start = script.start(node) + (named[0].start() if named[0].start() > 1 else 0)
        said = f"{', '.join(dict.fromkeys(m[0] for m in named))}: {client.called} has no such header"
        yield Finding(start, client.id, Status.MANUAL, f"{said}: see what this is for")


def packages(script: Script, options: Options, told: Iterable[Finding]) -> Iterator[Finding]:
    """A finding for each text that is the package's name, where nothing told is about it."""
    client, starts = options.client, {finding.start for finding in told}
    for node in script.all("string"):
        start = script.start(node)
        if package(string_of(node) or "") == client.package and not starts & {start, start + 1}:
            said = f"{client.package} is named here: name {client.instead} where the package is meant"
            yield Finding(start, client.id, Status.MANUAL, said)


def comments(script: Script, names: Names, *, edit: bool) -> Iterator[Finding]:
    """What comments say of addresses and headers, which is prose."""
    for node in script.all("comment"):
        yield from http.prose(node.text(), names, script.start(node), edit=edit)


def _is_told(spans: list[tuple[int, int]], node: int, at: int) -> bool:
    """Whether a name is in what is told: itself, or the node that it stands in."""
    return within(node, spans) or within(node + at, spans)
