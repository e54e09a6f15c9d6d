"""What an id of a model is called where the old SDK's virtual keys and slugs are gone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from migrator.primitives.client import Client
from migrator.sites import Status

Said = Literal["model", "about", ""]
"""What the names around a text say: that it is a model, that it is about one, or neither."""

LOST = "?"
SLUGGED = r"@(?!(?:cf|hf)/)[A-Za-z0-9][\w.-]*/[A-Za-z0-9](?:[\w.:/@-]*\w)?"
"""Matches the id of a model that begins with a slug: `@openai-prod/gpt-4o`."""
WITH_CLIENTS = "left with the clients and requests of the code, which are to be moved by hand"
UNTOLD = "nothing tells the provider of its slug: say it with the setting slugs, or write the id by hand"
LIKELY = "only the text itself says that it is a model's id"
BESIDE_ANOTHERS = frozenset({"provider", "virtual_key", "config", "custom_host", "forward_headers"})
"""Options beside which a bearer token may be the key of a provider, where the old gateway's own is not sent."""
_SHORTEST = 20  # characters of a key
_KEY = re.compile(r"(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])(?!.*(?i:your|example|placeholder|xxx))[\w+/=-]+", re.ASCII)
_NO_KEY = re.compile(
    r"(?i)(?:none|no|not|un|dummy|fake|empty|anything|ignored)(?:$|[-_ ]?(?:key|needed|required|used|necessary)\b.*)"
)
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_PACKAGE = re.compile(
    r"(?:pkg|package|npm|plugin|lib|module|repo|path|dir|folder)s?|(?:librar|repositor|director)(?:y|ies)"
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", re.ASCII)
IDLE = frozenset({"default", "id", "ids", "key", "name", "names", "slug", "value"})
"""Last words, and keys, that leave it to the one before what a thing is."""
_VERSIONED = re.compile(r"@\d+\.\d+\.\d")  # ends the name of a package, and of no model
_OF_IDS = ("model", "provider", "slug", "virtual_key", "virtualkey")  # words in the names of parts of ids
_HOSTED = ("@cf/", "@hf/")  # ids of Workers AI, which begin with no slug
_NOISE = {"portkey", "vk", "virtual", "key", "keys", "id", "slug", "provider", "prod", "dev", "test", "self", "api"}


class NewId(NamedTuple):
    """The id of a model from now on, and what is to be said of it."""

    text: str
    status: Status
    message: str


def stays(called: str) -> str:
    """What is said of the key of a provider that is left where it is, as `called` is not surely what is meant there."""
    return f"Authorization: the key of a provider stays here: see that {called} is sent its own"


def doubled(name: str) -> str:
    """What is said of the key of a provider that would be sent beside the gateway's, by a name that differs in case."""
    return f"{name}: the key of a provider is put together with the gateway's: take it out by hand"


def meant(slug: str, client: Client, slugs: Mapping[str, str]) -> str:
    """The provider that a slug or a virtual key stands for, which may be a guess; "" where nothing tells it."""
    return slugs.get(slug) or (slug if slug in client.providers else named(slug, client))


def named(name: str, client: Client) -> str:
    """The provider that a name such as `PORTKEY_VK_OPENAI` holds; "" for none."""
    words = [w for w in re.split(r"[^a-z0-9]+", name.lower()) if w and w not in _NOISE and not w.isdigit()]
    if not words:
        return ""
    whole = "-".join(words)
    if whole in client.providers:
        return whole
    joined = next((p for p, prefix in client.providers.items() if prefix and p.replace("-", "") == whole), "")
    if joined:
        return joined
    begun = [p for p in client.providers if p.startswith(f"{whole}-") and len(whole) > 3]
    return begun[0] if len(begun) == 1 else ""


def of_provider(key: str, literal: str | None, client: Client) -> bool:
    """Whether a key is that of a provider: not the old gateway's, by its name, and no text that only fills the place.

    `key` is the expression, `literal` its value where it is a text.
    """
    fills = literal is not None and (len(literal) < _SHORTEST or " " in literal)
    return not fills and client.name not in key.lower()


def key_to_change(
    read: Iterable[Iterable[str]], texts: Iterable[str], named: Callable[[str], bool], client: Client
) -> str:
    """What to see to about a key that stays: that of the old gateway has to become the new one's.

    `read` are the texts that each call or key in it is given, of which the first that can be a variable's name is what
    it reads: one behind that only fills its place. Those of variables that are `named` anew are among them. `texts` may
    be the key itself, or only fill its place.
    """
    read, texts = [[*given] for given in read], [*texts]
    for given in read:
        name = next(filter(VARIABLE.fullmatch, given), "")
        if name and not named(name) and name != client.key_variable:
            return f"{name} has to hold the key of {client.called} from now on"
    if not read and any(map(_NO_KEY.fullmatch, texts)):
        return f"what is written here is no key, and {client.called} wants one: read it from {client.key_variable}"
    if any(len(text) >= _SHORTEST and _KEY.fullmatch(text) for text in texts):
        return f"a key is written here: put that of {client.called} into {client.key_variable} instead"
    return ""


def says_model(name: str) -> bool:
    """Whether something that is called so is a model, or is about models, and no package or place for them."""
    parts = [part for part in re.split(r"[^\w-]+", name) if "model" in part.lower()]
    return not says_package(name) and not all(map(says_package, parts))


def says_package(name: str) -> bool:
    """Whether something that is called so is a package, or a place: the last word of a name tells what a thing is."""
    words = [word for each in _WORD.findall(name) if (word := each.lower()) not in IDLE]
    return bool(words) and _PACKAGE.fullmatch(words[-1].rpartition("model")[2].removeprefix("s")) is not None


def is_id(slugged: str, said: Said, client: Client) -> bool:
    """Whether `@slug/name` is the id of a model, by what is said around it: that it is one, is about one, or nothing.

    Where nothing is, its name has to read as that of a model, and of no package, team or person: it has a digit, which
    names of packages hardly have, and a word of it begins as those of a known family do.
    """
    name = slugged.partition("/")[2]
    if said != "model" and _VERSIONED.search(name):
        return False
    digit = re.search(r"\d", name) is not None
    return said == "model" or (digit and (said == "about" or _is_of_family(name, client)))


def _is_of_family(name: str, client: Client) -> bool:
    """Whether a word of a name begins as the names of a known family of models do."""
    families = "|".join(map(re.escape, client.families))
    return bool(families) and re.search(rf"(?<![a-z0-9])(?:{families})", name.lower()) is not None


def is_built_id(text: str, names: Iterable[str], client: Client, slugs: Mapping[str, str]) -> bool:
    """Whether a text that is put together is the id of a model: by its slug, its name, or what is put into it.

    `text` has anything that no name has for what is computed, `names` are those of that.
    """
    slug, _, name = text.removeprefix("@").partition("/")
    told = re.fullmatch(r"[\w.-]+", slug) is not None and meant(slug, client, slugs) != ""
    named = any(word in each.lower() for each in names for word in _OF_IDS)
    return told or named or is_id(f"@/{name}", "", client)


def new_id(model: str, provider: str, client: Client, slugs: Mapping[str, str], models: Mapping[str, str]) -> NewId:
    """What a model that is asked for is called at the gateway, where `provider` is the client's."""
    if model in models:
        return NewId(models[model], Status.MIGRATED, "")
    if model.startswith("@") and "/" in model and not model.startswith(_HOSTED):
        slug, _, root = model[1:].partition("/")
        known = meant(slug, client, slugs)
        if not known:
            by_name = _by_vendor(root, client)
            if by_name.message:
                return by_name
            if not _is_of_family(root, client):
                return NewId(model, Status.MANUAL, UNTOLD)
            said = f"nothing tells the provider of the slug {slug}, so {client.called} chooses"
            return NewId(root, Status.REVIEW, f"{said}: say it with the setting slugs")
        sure = slug in slugs
        said = "" if sure else f"the slug {slug} is taken for the provider {known}: say another with the setting slugs"
        return _with_prefix(root, known, client, Status.MIGRATED if sure else Status.REVIEW, said)
    if "/" in model or provider == client.itself:
        return NewId(model, Status.MIGRATED, "")
    if provider in ("", LOST):  # a provider that is lost is said where the client is made
        return _by_vendor(model, client)
    return _with_prefix(model, provider, client, Status.MIGRATED, "")


def slugged(
    old: str, said: Said, client: Client, slugs: Mapping[str, str], models: Mapping[str, str], held: str = ""
) -> NewId:
    """What becomes of `@slug/name`, the id of a model where `is_id` says so: one policy for code and configuration.

    It stays, as `manual`, where `held` says why, and where neither the settings nor its slug tell the provider, nor
    does its name where something is `said` to be a model. The message names it.
    """
    new = new_id(old, "", client, slugs, models)
    known = old in models or meant(old[1:].partition("/")[0], client, slugs) != ""
    told = known or said == "model"
    if stays := held or ("" if told else UNTOLD) or (new.message if new.status is Status.MANUAL else ""):
        return NewId(old, Status.MANUAL, f"{old}: {stays}")
    why = "; ".join(filter(None, [new.message, "" if said else LIKELY]))
    message = f"{old} → {new.text}" + (f": {why}" if why else "")
    return NewId(new.text, new.status if said else Status.REVIEW, message)


def _by_vendor(model: str, client: Client) -> NewId:
    """The id where nothing but the model's name says who made it."""
    if not client.vendors:
        return NewId(model, Status.MIGRATED, "")
    vendor = client.vendor(model)
    if not vendor:
        return NewId(model, Status.MANUAL, vendor_untold(model, client))
    return NewId(f"{vendor}/{model}", Status.REVIEW, client.ids)


def asked_twice(model: str, new: str, client: Client) -> tuple[Status, str]:
    """What an id is, and is said of, that a client which goes straight to the provider is asked for as well."""
    straight = "a client that goes straight to the provider is asked for it as well"
    if client.vendors:
        return Status.MANUAL, f"{model} → {new}: {straight}: give each its own id"
    return Status.REVIEW, f"{model} stays, for {straight}: {client.called} chooses who serves it"


def vendor_unseen(client: Client) -> str:
    """What to do about an id that is not in sight, where every id has to name who made the model."""
    return f"model: ids at {client.called} begin with who made the model: see that this one does"


def vendor_untold(model: str, client: Client) -> str:
    """What to do about an id where nothing tells who made the model."""
    return f"ids at {client.called} begin with who made the model: write vendor/{model}"


def begins(provider: str, client: Client) -> str:
    """What to do about ids of models that are not in sight."""
    prefix = client.providers.get(provider, provider)
    if not prefix:
        return unserved(client, provider)
    return f"the provider was {provider}: begin ids of models with {prefix}/ to stay there"


def _with_prefix(root: str, provider: str, client: Client, status: Status, said: str) -> NewId:
    prefix = client.providers.get(provider, provider)
    if not prefix:
        return NewId(root, Status.MANUAL, unserved(client, provider))
    return NewId(
        f"{prefix}/{root}", Status.REVIEW if client.ids else status, "; ".join(filter(None, [said, client.ids]))
    )


def taken_apart(client: Client) -> str:
    """What to see to where ids of models are looked at for the sign that begins a slug."""
    whose = "who made the model" if client.vendors else "the provider"
    return f"@: if ids of models are looked at here, they begin with {whose} and without it from now on"


def unserved(client: Client, provider: str) -> str:
    """What to say where no model id can name a provider."""
    return (
        f"{provider}: {client.unserved}"
        if client.unserved
        else f"ids of {provider}'s models are none of {client.called}'s: choose one that it has"
    )
