"""Primitives about the client SDK of a gateway that is left: its classes, options and methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from migrator.primitives.checks import (
    DESTINATION,
    DISTRIBUTION,
    DOTTED,
    DOTTED_LIST,
    GLOBS,
    NAME,
    NAME_MAP,
    NAMES,
    STANDING,
    TEXT,
    TEXT_MAP,
    TEXTS,
)
from migrator.primitives.keys import key
from migrator.primitives.rule import Rule
from migrator.sites import Status


@dataclass(frozen=True, eq=False, repr=False)
class OfClient(Rule):
    """A rule about the client of an SDK."""

    of: str = key(DOTTED, "the Python module of the client")


@dataclass(frozen=True, eq=False, repr=False)
class Client(Rule):
    """The client SDK of a gateway that is left, in every language: its classes, and where clients go from now on."""

    of: str = key(DOTTED, "its Python module")
    classes: Mapping[str, str] = key(NAME_MAP, "class = class of the new SDK")
    to: str = key(DOTTED, "the Python module that has these")
    package: str = key(DISTRIBUTION, "its package for scripts")
    instead: str = key(DISTRIBUTION, "the package for scripts that takes its place")
    versions: str = key(TEXT, "the range of it that a package.json asks for")
    prefix: str = key(TEXT, "what its headers begin with, in lower case")
    headers: list[str] = key(NAMES, "its functions that make headers of arguments")
    address: list[str] = key(NAMES, "its constants that hold the address")
    addresses: list[str] = key(TEXTS, "the addresses so far, none with a slash at the end")
    url: str = key(TEXT, "the address from now on; the setting `base-url` goes before it")
    url_variable: str = key(NAME, "the environment variable of the address from now on", toml="url-variable")
    key_variable: str = key(NAME, "that of the key from now on", toml="key-variable")
    old_key_variable: str = key(NAME, "the one that the old SDK read by itself", toml="old-key-variable")
    labels: str = key(TEXT, "what the headers of metadata begin with; a key of the metadata follows", "")
    providers: Mapping[str, str] = key(TEXT_MAP, "id of a provider so far = how a model id begins; empty for none", {})
    models: Mapping[str, str] = key(
        TEXT_MAP, "Python module of another client = what it takes off model ids itself; `-`: it knows ids by name", {}
    )
    patches: list[str] = key(DOTTED_LIST, "functions that give the client they are given, with other arguments", [])
    answered: Mapping[str, str] = key(TEXT_MAP, "header of answers so far = its new name; empty for none", {})
    differs: str = key(TEXT, "how long the new clients wait and how often they try, where they are not told", "")
    called: str = key(TEXT, "what messages call the new place", "the gateway")
    itself: str = key(TEXT, "the provider that the new place is itself: ids of its models stay", "")
    ids: str = key(TEXT, "what to see to in an id that was given a provider; left out: nothing", "")
    served: list[str] = key(TEXTS, "how paths begin that the new place is known to serve; left out: any", [])
    unserved: str = key(TEXT, "what to do about a provider that no model id can name", "")
    fallback: str = key(TEXT, "what the body of a request names further models by, for where the first one fails", "")
    families: list[str] = key(TEXTS, "how names of models begin: they tell an id from the name of a package", [])
    vendors: Mapping[str, str] = key(
        TEXT_MAP, "beginning of a model's name = how its id begins, where every id has to name who made it", {}
    )

    @property
    def name(self) -> str:
        """What the gateway that is left is called, in lower case."""
        return self.of.partition("_")[0]

    @property
    def hosts(self) -> set[str]:
        """The hosts of the old addresses."""
        return {urlsplit(address).netloc for address in self.addresses}

    def vendor(self, model: str) -> str:
        """How the id of a model begins that says no more than the model's name; "" where that is not known."""
        return next((vendor for start, vendor in self.vendors.items() if model.startswith(start)), "")


@dataclass(frozen=True, eq=False, repr=False)
class Parameter(OfClient):
    """Options of a client that is left: given to its class, to its headers, for one call, or as a header of their own.

    A name is written with `_`; scripts write it in camel case, and as a header it has `-` and the client's prefix.
    Where it goes: the `key`, the `url`, the `provider` before the ids of models, a `config` whose parts are options of
    their own, `labels` (metadata, one header for each key), a `timeout` (milliseconds become seconds), `retries`, a
    `header` or a `keyword` of the new client; `drop` takes it out, `manual` leaves it where it is.
    """

    names: list[str] = key(GLOBS, "the options")
    to: str = key(DESTINATION, "where they go")
    called: str = key(TEXT, "what they are called there; the same name by default", "", "as")
    value: str = key(TEXT, "the value of the header there, where the option is true", "")
    status: str = key(STANDING, "what an option is that went there", Status.MIGRATED.value)
    message: str = key(TEXT, "what differs, and what to do about it", "")


@dataclass(frozen=True, eq=False, repr=False)
class Method(OfClient):
    """What can be called on a client that is left and is different from now on, or is not there."""

    names: list[str] = key(DOTTED_LIST, "attributes of the client, written with `_`; what is below them goes with them")
    message: str = key(TEXT, "what to do about them")
    status: str = key(STANDING, "what a call is: `manual`, or `review` where the new SDK has it by that name", "manual")


@dataclass(frozen=True, eq=False, repr=False)
class Server(OfClient):
    """The server of the gateway that is left, where a project runs it itself: reported, and left alone."""

    names: list[str] = key(TEXTS, "its images without tag and host, and its packages; what they go on with is theirs")
    message: str = key(TEXT, "what to do about it")


@dataclass(frozen=True, eq=False, repr=False)
class Factory(OfClient):
    """A function of another package for scripts that makes a client, and takes the options of the one that is left."""

    package: str = key(TEXT, "the package for scripts that has it, with its scope")
    name: str = key(NAME, "the function")
    instead: str = key(TEXT, "the package that takes its place")
    versions: str = key(TEXT, "the range of it that a package.json asks for")
    new: str = key(NAME, "the function of that package")
    headers: str = key(NAME, "the option that holds headers")
    adds: Mapping[str, str] = key(TEXT_MAP, "option = text that it is given besides", {})
