"""What scripts spell of the SDK that is left, in strings and comments: its addresses, names of its headers."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from urllib.parse import urlsplit

from ast_grep_py import SgNode

from migrator.fates.endpoints import Asked, asked, open_ended
from migrator.fates.names import Names
from migrator.formats import http
from migrator.javascript.asking import asks, makes_request
from migrator.javascript.options import Options
from migrator.javascript.source import Script, string_of
from migrator.javascript.specifiers import package
from migrator.primitives.client import Client
from migrator.sites import Edit, Finding, Status

_URL = re.compile(r"(?:\$\{[^}]*\}|[^\s\"'`<>\\\\,)\]}|])*")
_GIVEN = re.compile(r"`\$\{[^}]*(?:url|base|host|endpoint|gateway)[^}]*\}(?:/v1)?/?\$\{", re.IGNORECASE)
_PATH = re.compile(r"\$\{[^}]*\}(?:/v1)?(?P<path>/[\w-]+)")


def addresses(script: Script, options: Options, told: Container[int] = ()) -> Iterator[Finding]:
    """The old address in strings, as a whole or as how one begins, and its host.

    `told` is where paths stand that are told, which hold no address.
    """
    client = options.client
    new = options.names.rules.options.get("base-url", "") or client.url
    pattern, hosts, beside = _address(client), client.hosts, _beside(script, options, told)
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
            differs = differs or (beside if whole.rstrip("/") == old else None)
            if differs and differs.status is Status.MANUAL:
                yield Finding(start, differs.rule, Status.MANUAL, f"{whole}: {differs.message}")
                continue
            note = differs.message if differs else "" if whole.rstrip("/") != old else given
            rule, status = differs.rule if differs else client.id, Status.REVIEW if note else Status.MIGRATED
            said = f"{old} → {instead}" + (f": {note}" if note else "")
            yield Finding(start, rule, status, said, (Edit(start, start + len(old), instead),))


def _beside(script: Script, options: Options, told: Container[int]) -> Asked | None:
    """What the script asks for behind an address that is put together, where the new place has nothing like it."""
    client, methods = options.client, options.names.rules.methods
    for node in script.all("template_string"):
        holds = script.start(node) + 1 not in told and is_requested(script, node, client)
        for match in _PATH.finditer(node.text()) if holds else ():
            found = asked(f"{max(client.addresses, key=len)}{match['path']}", client, methods)
            if found and found.status is Status.MANUAL and found.rule != client.id:
                return found
    return None


def is_requested(script: Script, node: SgNode, client: Client) -> bool:
    """Whether a text is what a request is made to: by its function's name, headers beside it, or what that does."""
    arguments = node.parent()
    call = arguments.parent() if arguments and arguments.kind() == "arguments" else None
    function = call.field("function") if call else None
    if arguments is None or function is None:
        return False
    own = script.scopes.resolve(function) if function.kind() == "identifier" else None
    return makes_request(function) or client.prefix in arguments.text().lower() or (own is not None and asks(own.node))


def _address(client: Client) -> re.Pattern[str]:
    old = sorted([*client.addresses, *client.hosts], key=len, reverse=True)
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, old))})(?![\w-]|\.\w)")


def headers(script: Script, options: Options, told: Iterable[Finding]) -> Iterator[Finding]:
    """A finding for each text with names of headers that none of those told is about."""
    client = options.client
    pattern = re.compile(rf"(?<![\w-]){re.escape(client.prefix)}[\w-]*\w", re.IGNORECASE)
    spans = sorted({(e.start, e.end) for f in told for e in f.edits} | {(f.start, f.start + 1) for f in told})
    for node in script.all("string", "template_string", "jsx_text"):
        named = [m for m in pattern.finditer(node.text()) if not _within(spans, script.start(node), m.start())]
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


def _within(spans: list[tuple[int, int]], node: int, at: int) -> bool:
    """Whether a name is in what is told: itself, or the node that it stands in."""
    return any(start <= node < end or start <= node + at < end for start, end in spans)
