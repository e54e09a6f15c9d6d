"""A gateway that is called over HTTP, without its SDK: commands, maps of headers and addresses in any text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from migrator.fates.endpoints import asked
from migrator.fates.names import Names
from migrator.formats import header_maps, quoted_commands, requests, shared_address, together
from migrator.formats.curl import Curl
from migrator.formats.headers import Headers
from migrator.formats.search import apart, in_comment, merged, overlaps, spans_of
from migrator.packs.ruleset import Rules
from migrator.primitives.client import Client
from migrator.sites import Edit, Finding, Span, Status

_CHARACTERS = r"[^\s\"'`<>\\,)\]}|]*"
_URL = re.compile(_CHARACTERS)
_URL_ON_LINES = re.compile(rf"{_CHARACTERS}(?:\r?\n[ \t]+[/?&]{_CHARACTERS})*")
_MAKE = re.compile(r"(^|/)(GNU)?[Mm]akefile$|\.mk$")
_SHELLS_OF_WINDOWS = (".ps1", ".bat", ".cmd")
_REQUESTS = (".http", ".rest", ".bru")
_CURLRC = re.compile(r"\.?curlrc|.+\.curlrc")
_MAPS = frozenset({"yaml", "json", "toml", "ini", "config", "http"})
_SENTENCE_END = ".,;:!?"


def find(text: str, kind: str, names: Names, path: str) -> list[Finding]:
    """What a text that is no prose has of the HTTP interface of clients that are left."""
    return apart(*(_of_client(text, kind, Headers(names, client), path) for client in names.rules.clients))


def calls(text: str, client: Client) -> bool:
    """Whether a text that is no prose calls the old address, or sends the key of the client that is left."""
    return any(address in text for address in client.addresses) or f"{client.prefix}api-key" in text.lower()


def speaks(path: str, text: str, rules: Rules) -> bool:
    """Whether a file of configuration or a module calls a client's address over HTTP."""
    prose = PurePosixPath(path).suffix.lower() in {".md", ".mdx", ".markdown", ".rst", ".txt", ".html", ".ipynb", ""}
    return not prose and any(calls(text, client) for client in rules.clients)


def kind_of(path: str, kind: str) -> str:
    """How maps of headers are read in a file whose format is called `kind`."""
    name = PurePosixPath(path)
    return "http" if name.suffix.lower() in _REQUESTS or _CURLRC.fullmatch(name.name) else kind


def _of_client(text: str, kind: str, headers: Headers, path: str) -> list[Finding]:
    client = headers.client
    if client.prefix not in text.lower() and not any(host in text for host in client.hosts):
        return []
    suffix, kind = PurePosixPath(path).suffix.lower(), kind_of(path, kind)
    curl = Curl(text, headers, "$$" if _MAKE.search(path) else "$")
    in_shell = kind not in ("json", "toml") and suffix not in _SHELLS_OF_WINDOWS
    commands = [f for f in curl.findings() if not in_comment(text, f.start)] if in_shell else []
    maps = header_maps.find(text, headers, kind) if kind in _MAPS else ()
    quoted = quoted_commands.spans(text, headers) if kind == "json" else []
    staying = merged([*curl.held, *quoted])
    mapped = [(f, span) for f, span in maps if not in_comment(text, f.start) and not _inside(f.start, staying)]
    parts = requests.parts(text, path)
    said = merged([*parts.headers, *parts.carried])
    addresses = [f for f in _addresses(text, kind, headers) if not _inside(f.start, staying)]
    addresses = [replace(f, alone=_inside(f.start, said)) for f in addresses]
    shared = shared_address.find(text, addresses, headers, said) if suffix in _REQUESTS else []
    made = [request for each in shared for request in each.requests]
    plain = [f for f in addresses if all(f is not each.address for each in shared)]
    asking = [f for f in plain if not f.alone]
    gone = {f.start for f in asking if f.status is Status.MANUAL} | {each.start for each in made if each.is_gone}
    kept = together.staying(text, kind, mapped, [*(f.start for f in asking), *(each.start for each in made)], gone)
    mapped = [(together.held(f, kept), span) for f, span in mapped]
    plain = [together.held(f, kept) for f in plain]
    held = [*curl.held, *quoted, *(span for f, span in mapped if not f.edits)]
    settled = apart(commands, (f for f, _ in mapped), [*plain, *shared_address.findings(shared, kept, client.id)])
    others = [replace(f, alone=_inside(f.start, parts.carried)) for f in _others(text, headers, settled, held)]
    left = (f.start for f in others if f.status is Status.MANUAL and not f.alone)
    sent = [at for at in left if headers.is_sent(text, at)]
    return apart(together.beside(text, kind, sent, settled), others, quoted_commands.find(text, quoted, headers))


def _inside(at: int, spans: Sequence[Span]) -> bool:
    return overlaps(spans, at, at + 1)


def _pattern(client: Client) -> re.Pattern[str]:
    """Finds the old addresses, and their hosts where no other address is around these."""
    addresses, hosts = (
        "|".join(map(re.escape, sorted(each, key=len, reverse=True))) for each in (client.addresses, client.hosts)
    )
    return re.compile(rf"(?:(?<!\w)(?:{addresses})|(?<![\w.@/-])(?:{hosts}))(?![\w-]|\.\w)")


def _addresses(text: str, kind: str, headers: Headers) -> Iterator[Finding]:
    """The old address, wherever it begins a URL."""
    client = headers.client
    for match in _pattern(client).finditer(text):
        start, old = match.start(), match[0]
        written = (_URL_ON_LINES if kind == "http" else _URL).match(text, start)
        url = "".join(written[0].split()) if written else old
        differs = asked(url.rstrip(_SENTENCE_END), client, headers.names.rules.methods)
        instead, said = replaced(old, headers)
        if in_comment(text, start) and kind != "env":
            yield Finding(start, client.id, Status.REVIEW, f"in a comment: {said}", prose=True)
        elif differs and differs.status is Status.MANUAL:
            yield Finding(start, differs.rule, Status.MANUAL, f"{url}: {differs.message}")
        elif not instead:
            yield Finding(start, client.id, Status.MANUAL, said)
        elif kind == "json" and text[start - 1] != '"':
            yield Finding(start, client.id, Status.REVIEW, f"in a text: {said}", prose=True)
        else:
            status, rule = (differs.status, differs.rule) if differs else (Status.MIGRATED, client.id)
            said = f"{said}: {differs.message}" if differs else said
            yield Finding(start, rule, status, said, (Edit(start, match.end(), instead),))


def replaced(old: str, headers: Headers) -> tuple[str, str]:
    """The address that takes the place of one, "" for a bare host, and what to say."""
    new = headers.address
    if "://" not in old:
        return "", f"{old}: the host is {urlsplit(new).netloc} from now on"
    instead = new if urlsplit(old).path else new.removesuffix("/v1")
    return instead, f"{old} → {instead}"


def _others(text: str, headers: Headers, settled: list[Finding], held: list[tuple[int, int]]) -> Iterator[Finding]:
    """Headers that nothing above has dealt with: named in answers, put together, in comments."""
    client = headers.client
    done = merged([*held, *(span for f in settled for span in spans_of(f))])
    for match in re.finditer(rf"(?<![\w-]){re.escape(client.prefix)}[\w-]*\w", text, re.IGNORECASE):
        if _inside(match.start(), done):
            continue
        name = match[0].lower()
        new, rule = client.answered.get(name, ""), headers.rule(name)
        where = rule.id if rule and name not in client.answered else client.id
        if in_comment(text, match.start()):
            yield Finding(match.start(), where, Status.REVIEW, f"in a comment: {told(name, headers)}", prose=True)
        elif new:
            said = f"{name} → {new}: see that its values are those that are looked for"
            yield Finding(match.start(), client.id, Status.REVIEW, said, (Edit(*match.span(), new),))
        else:
            yield Finding(match.start(), where, Status.MANUAL, told(name, headers))


def told(name: str, headers: Headers) -> str:
    """What to do by hand about a header."""
    rule, client = headers.rule(name), headers.client
    if rule and rule.to == "key":
        return f"{name}: {client.called} takes `Authorization: Bearer` with the key"
    if name in client.answered and (rule is None or "*" in rule.names):
        return f"{name}: answers of {client.called} have no such header: take out what reads it"
    return f"{name}: {rule.message}" if rule and rule.message else f"{name}: take it out"


def prose(text: str, names: Names, offset: int, *, edit: bool) -> Iterator[Finding]:
    """The addresses and headers that prose names; only addresses are edited, and with `--text` alone."""
    for client in names.rules.clients:
        headers = Headers(names, client)
        for match in _pattern(client).finditer(text):
            instead, said = replaced(match[0], headers)
            start = match.start() + offset
            edits = (Edit(start, match.end() + offset, instead),) if edit and instead else ()
            said = f"prose: {said}" if edit else f"prose: {said}; edited only with --text"
            yield Finding(start, client.id, Status.REVIEW, said, edits, prose=True)
        for match in re.finditer(rf"(?<![\w-]){re.escape(client.prefix)}[\w-]*\w", text, re.IGNORECASE):
            said = f"prose: {told(match[0].lower(), headers)}"
            yield Finding(match.start() + offset, client.id, Status.REVIEW, said, prose=True)
