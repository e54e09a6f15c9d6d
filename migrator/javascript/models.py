"""Ids of models that scripts write: with a provider of the old SDK's, and without one where every id has to have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ast_grep_py import SgNode

from migrator.fates.providers import (
    SLUGGED,
    WITH_CLIENTS,
    Said,
    is_built_id,
    is_id,
    slugged,
    taken_apart,
    vendor_unseen,
    vendor_untold,
)
from migrator.javascript.clients import Built, Clients
from migrator.javascript.imports import imports
from migrator.javascript.meant import is_among_models, is_model, is_of_another, is_specifier
from migrator.javascript.objects import properties
from migrator.javascript.source import Script, span, string_of
from migrator.javascript.standing import inner
from migrator.sites import Finding, Status

_BEGUN = re.compile(r"`@(?P<slug>[\w-]+|\$\{[^}`]*\})/")
_JOINED = re.compile(r"""["'`/]\^?@(?:[\w.-]+\\?/(?:["'`/]|\$\{)|\$\{[^}`]*\}/)""")
_ALONE = re.compile(r"""["'`]@[\w.-]+["'`]""")
_COMPUTED = re.compile(r"\$\{[^}`]*\}")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_JOINING = "it is put together to a model id with a slug of Portkey's: write provider/model"
_SLUG = re.compile(SLUGGED)
_EACH = re.compile(rf"(?<![\w@./-]){SLUGGED}")
_OF_PACKAGES = re.compile(r"require|import|[mM]ock|resolve")
_FIELDS = frozenset({"model", "modelName"})
_MADE = "the model id names who made the model"
_PARTS = {"ternary_expression": ("consequence", "alternative"), "binary_expression": ("left", "right")}
_OTHERS = re.compile(r"@anthropic-ai/|@google/|@ai-sdk/(?!openai)|groq-sdk|@mistralai/|cohere-ai|ollama")


def slugs(script: Script, clients: Clients) -> Iterator[Finding]:
    """Ids of models that name a provider as `@slug/model`, where a script means a model; else what reads as one.

    What is a model's id in one place of the script is one in all of them.
    """
    texts = [node for node in script.all("string", "template_string", "regex") if not is_specifier(node)]
    rules = clients.options.names.rules
    known = {said for node in texts if (said := string_of(node)) and _SLUG.fullmatch(said) and is_model(node)}
    for node in texts:
        said = string_of(node)
        match = _SLUG.fullmatch(said) if said else None
        slug, _, model = said[1:].partition("/") if match and said else ("", "", "")
        if match and (said in known or is_model(node)):
            yield _named(clients, node, slug, f"/{model}")
        elif match and _reads_as_id(clients, node, match[0]):
            yield _named(clients, node, slug, f"/{model}", "")
        elif said is None and (begun := _BEGUN.match(node.text())) and is_model(node):
            yield _named(clients, node, begun["slug"], node.text()[begun.end() - 1 : -1])
        elif said == "@" and is_model(node) and not is_of_another(node):
            if rules.staying or not (known or _has_client(clients)):
                continue
            yield Finding(script.start(node), _rule(clients), Status.MANUAL, taken_apart(clients.options.client))
        elif _is_joined(clients, node):
            yield Finding(script.start(node), _rule(clients), Status.MANUAL, f"{node.text()[1:-1]}: {_JOINING}")
        elif told := next((m for m in _EACH.finditer(node.text()) if not match and m[0] in known), None):
            said = f"{told[0]} in a text: it is a model id with a slug of Portkey's, say what it is now"
            yield Finding(script.start(node) + told.start(), _rule(clients), Status.MANUAL, said)


def _reads_as_id(clients: Clients, node: SgNode, said: str) -> bool:
    among = is_among_models(node)
    return not _is_package(node) and is_id(said, "model" if among else "", clients.options.client)


def _named(clients: Clients, node: SgNode, slug: str, rest: str, said: Said = "model") -> Finding:
    """An id that begins with a slug, or with what gives one, and goes on with `rest`; `said` is as the names around."""
    script, quote = clients.script, node.text()[0]
    if slug.startswith("$"):
        message = f"{node.text()[1:-1]}: it begins with a slug of Portkey's: write provider/model"
        return Finding(script.start(node), _rule(clients), Status.MANUAL, message)
    rules = clients.options.names.rules
    slugs, models = rules.options.get("slugs", {}), rules.options.get("models", {})
    held = WITH_CLIENTS if rules.staying else ""
    new = slugged(f"@{slug}{rest}", said, clients.options.client, slugs, models, held)
    edits = () if new.status is Status.MANUAL else (script.edit(node, f"{quote}{new.text}{quote}"),)
    return Finding(script.start(node), _rule(clients), new.status, new.message, edits)


def _is_joined(clients: Clients, node: SgNode) -> bool:
    """Whether a text or a pattern begins with a slug the id of a model that goes on elsewhere, beside a client."""
    text = node.text()
    begun = _JOINED.match(text)
    if begun is None and not (_ALONE.fullmatch(text) and _is_joined_list(node)):
        return False
    if _is_package(node) or not _has_client(clients):
        return False
    names = _NAME.findall(" ".join(_COMPUTED.findall(text)))
    said = _COMPUTED.sub(" ", text[1:-1].lstrip("^").replace("\\/", "/"))
    slugs = clients.options.names.rules.options.get("slugs", {})
    return is_model(node) or is_built_id(said, names, clients.options.client, slugs)


def _has_client(clients: Clients) -> bool:
    """Whether a script builds a client of the SDK."""
    return next(clients.built(), None) is not None


def _is_joined_list(node: SgNode) -> bool:
    """Whether a text is in a list that is joined with slashes: `["@openai", model].join("/")`."""
    items = node.parent()
    joined = items.parent() if items and items.kind() == "array" else None
    call = joined.parent() if joined and joined.text().endswith(".join") else None
    arguments = call.field("arguments") if call else None
    return arguments is not None and arguments.text()[1:-1].strip("\"'`") == "/"


def _is_package(node: SgNode) -> bool:
    """Whether a text is asked for as a package."""
    above = node.parent()
    above = above.parent() if above and above.kind() == "binary_expression" else above
    call = above.parent() if above and above.kind() == "arguments" else None
    function = call.field("function") if call else None
    return function is not None and _OF_PACKAGES.search(function.text()) is not None


def _changed(clients: Clients, node: SgNode, new: str, why: str, status: Status = Status.REVIEW) -> Finding:
    script, quote = clients.script, node.text()[0]
    if clients.options.names.rules.staying:
        return Finding(script.start(node), _rule(clients), Status.MANUAL, f"{node.text()[1:-1]}: {WITH_CLIENTS}")
    edits = (script.edit(node, f"{quote}{new}{quote}"),) if status is not Status.MANUAL else ()
    said = f"{node.text()[1:-1]} → {new}" + (f": {why}" if why else "")
    return Finding(script.start(node), _rule(clients), status, said, edits)


def _rule(clients: Clients) -> str:
    rule = clients.options.rule("provider")
    return rule.id if rule else clients.options.client.id


def chosen(clients: Clients, built: Iterable[Built]) -> Iterator[Finding]:
    """Ids that are given to what a factory made: `openai("gpt-4o")`, `portkey.chatModel("gpt-4o")`."""
    script, client = clients.script, clients.options.client
    made = {key: each.settled.provider for each in built if (key := _variable(script, each.node))}
    for node in script.all("call_expression") if made else ():
        function, arguments = node.field("function"), node.field("arguments")
        owner = function.field("object") if function and function.kind() == "member_expression" else function
        parts = arguments.named_children() if arguments else []
        text = string_of(parts[0]) if parts else None
        binding = script.scopes.resolve(owner) if text and owner and owner.kind() == "identifier" else None
        if text is None or binding is None or binding.key not in made or "/" in text:
            continue
        prefix = made[binding.key] or client.vendor(text)
        if prefix:
            yield _changed(clients, parts[0], f"{prefix}/{text}", "the model id names the provider")


def _variable(script: Script, node: SgNode) -> tuple[int, int] | None:
    """The variable that holds what is built with a node."""
    holder = next((each for each in node.ancestors() if each.kind() == "variable_declarator"), None)
    name = holder.field("name") if holder else None
    binding = script.scopes.resolve(name) if name and name.kind() == "identifier" else None
    return binding.key if binding else None


def names_vendor(clients: Clients, model: SgNode) -> bool:
    """Whether every id that an expression may be is written down, and names who made the model, or comes to do so."""
    for node in _leaves(clients, model):
        said = _COMPUTED.sub("", node.text()[1:-1]) if node.kind() in ("string", "template_string") else ""
        if "/" not in said and not _vendor(clients, node.parent() if said else None):
            return False
    return True


def _leaves(clients: Clients, *nodes: SgNode) -> Iterator[SgNode]:
    """What an expression may come to, as far as the script says so: what stands for nothing else."""
    waiting, seen = [*nodes], set[tuple[int, int, str]]()
    while waiting:
        node = inner(waiting.pop())
        if span(node) in seen:
            continue
        seen.add(span(node))
        parts = [node.field(name) for name in _PARTS.get(node.kind(), ())]
        values = [each for each in parts if each] or clients.script.standing.values(node)
        if not values:
            yield node
        waiting += values


def requested(clients: Clients, entries: Iterable[SgNode]) -> Iterator[Finding]:
    """Ids in the entries that name a model for a request, where the new place wants to know who made it."""
    script, client = clients.script, clients.options.client
    for entry in entries if client.vendors else ():
        value = entry.field("value") or entry
        text, start = string_of(value), script.start(value)
        if text is None:
            if not names_vendor(clients, value):
                yield Finding(start, _rule(clients), Status.REVIEW, vendor_unseen(client))
        elif text and "/" not in text:
            vendor = client.vendor(text)
            if vendor:
                yield _changed(clients, value, f"{vendor}/{text}", _MADE)
            else:
                yield Finding(start, _rule(clients), Status.MANUAL, vendor_untold(text, client))


def unnamed(clients: Clients) -> Iterator[Finding]:
    """Ids without a vendor in what a script sends, or gives to other SDKs, where the new place wants one."""
    for node in clients.script.all("pair") if clients.options.client.vendors else ():
        value = _model_in(node)
        if value and (vendor := _vendor(clients, node)):
            yield _changed(clients, value, f"{vendor}/{string_of(value)}", _MADE)


def _model_in(entry: SgNode) -> SgNode | None:
    """The text in an entry of an object that names a model."""
    key, value = entry.field("key"), entry.field("value")
    while value and value.kind() == "binary_expression":
        value = value.field("right")
    return value if key and key.text().strip("\"'") in _FIELDS and string_of(value) else None


def _vendor(clients: Clients, entry: SgNode | None) -> str:
    """Who made the model that an entry of an object names without that; "" where it is not known, or not meant.

    With another provider's SDK in the script, or a client that goes straight to one, nobody knows whose ids are meant.
    """
    text = string_of(_model_in(entry)) if entry and entry.kind() == "pair" else None
    vendor = clients.options.client.vendor(text) if text and "/" not in text else ""
    if not vendor or any(_OTHERS.match(each.package) for each in imports(clients.script)) or _has_another(clients):
        return ""
    return vendor


def _has_another(clients: Clients) -> bool:
    """Whether a script builds a client of the new SDK that has nothing to do with the old one."""
    return any(_is_another(clients, node) for node in clients.script.all("new_expression"))


def _is_another(clients: Clients, node: SgNode) -> bool:
    client = clients.options.client
    words = (client.prefix, *client.addresses, *client.headers, *client.address, client.url_variable)
    meaning, said = clients.meanings.of(node.field("constructor")), clients.options.said(node)
    return meaning is not None and meaning.package == client.instead and not any(word in said for word in words)


def is_straight(clients: Clients, root: SgNode) -> bool:
    """Whether what is asked for a model may be a client as well that goes straight to a provider."""
    made = (each for each in _leaves(clients, root) if each.kind() == "new_expression" and _is_another(clients, each))
    for each in made:
        arguments = each.field("arguments")
        options = [entry for part in arguments.named_children()[:1] for entry in properties(part)] if arguments else []
        base = (string_of(entry.value) for entry in options if entry.name == "baseURL")
        if all(entry.is_known for entry in options) and all(base):
            return True
    return False
