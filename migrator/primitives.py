"""The small primitives every pack is made of. A table of a pack is one of these dataclasses; its fields are its keys.

The same declarations validate a pack on load (`packs.py`) and make the published JSON Schema (`schema.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal, NamedTuple

from migrator.sites import Status


class Check(NamedTuple):
    """What a key accepts: its JSON Schema, and how to say so in a sentence."""

    schema: Mapping[str, Any]
    says: str


_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_DOTTED = rf"{_NAME}(\.{_NAME})*"
_DISTRIBUTION = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
_EXTRAS = rf"(\[{_DISTRIBUTION}(,{_DISTRIBUTION})*\])?"
_CLAUSE = r"(===?|~=|!=|<=?|>=?)[A-Za-z0-9.*+!_-]+"
_GLOB = r"(?=.)[A-Za-z0-9_]*(\*[A-Za-z0-9_]*){0,3}"

TEXT = Check({"type": "string", "minLength": 1}, "text")
BOOL = Check({"type": "boolean"}, "true or false")
ID = Check({"type": "string", "pattern": r"^[a-z0-9]+([.-][a-z0-9]+)*$"}, "a rule id such as `agentcore.module`")
PACK_NAME = Check(
    {"type": "string", "minLength": 1, "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}, "lower-case words joined by `-`"
)
TEXTS = Check({"type": "array", "items": TEXT.schema}, "a list of text")
TABLE = Check({"type": "object"}, "a table")
NAME = Check({"type": "string", "pattern": rf"^{_NAME}$"}, "a Python name")
DOTTED = Check({"type": "string", "pattern": rf"^{_DOTTED}$"}, "a dotted name such as `package.module`")
DOTTED_LIST = Check({"type": "array", "items": DOTTED.schema, "minItems": 1}, "a list of dotted names")
GLOB = Check({"type": "string", "pattern": rf"^{_GLOB}$"}, "a name in which up to three `*` stand for any text")
NAME_MAP = Check(
    {
        "type": "object",
        "patternProperties": {rf"^{_GLOB}$": GLOB.schema},
        "additionalProperties": False,
        "minProperties": 1,
    },
    "a table of old name = new name, in which up to three `*` stand for any text",
)
NAMES = Check({"type": "array", "items": NAME.schema}, "a list of Python names")
TEXT_MAP = Check({"type": "object", "additionalProperties": {"type": "string"}}, "a table of text = text")
FIELDS = Check(
    {"type": "object", "additionalProperties": TEXT_MAP.schema, "minProperties": 1}, "a table of tables of text = text"
)
STATUS = Check({"enum": [s.value for s in (Status.MIGRATED, Status.REVIEW)]}, "`migrated` or `review`")
DISTRIBUTION = Check(
    {"type": "string", "pattern": rf"^{_DISTRIBUTION}$"}, "the name of a distribution, as a package index has it"
)
REQUIREMENT = Check(
    {"type": "string", "pattern": rf"^({_DISTRIBUTION}{_EXTRAS}({_CLAUSE}(,{_CLAUSE})*)?)?$"},
    "a requirement such as `openai>=2,<4`, with neither marker nor URL",
)
REQUIREMENTS = Check({"type": "array", "items": REQUIREMENT.schema}, "a list of requirements")
GLOBS = Check({"type": "array", "items": GLOB.schema, "minItems": 1}, "a list of names, where `*` stands for any text")
MATCH = Check({"enum": ["equals", "contains"]}, "`equals` or `contains`")
BUILT = Check(
    {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {
                "message": TEXT.schema,
                **{k: NAMES.schema for k in ("order", "needs", "drop", "by-hand", "imports")},
                **{k: TEXT_MAP.schema for k in ("given", "invented", "nested", "allowed", "values", "within")},
                "first": NAME.schema,
                "validates": BOOL.schema,
                "differs": TEXT.schema,
            },
            "required": ["message"],
            "additionalProperties": False,
        },
    },
    "a table of old name = how one is built, as docs/packs.md says",
)
DESTINATION = Check(
    {
        "enum": [
            *("key", "url", "provider", "config", "labels", "timeout", "retries", "header", "keyword", "drop"),
            "manual",
        ]
    },
    "`key`, `url`, `provider`, `config`, `labels`, `timeout`, `retries`, `header`, `keyword`, `drop` or `manual`",
)
STANDING = Check({"enum": [s.value for s in (Status.MIGRATED, Status.REVIEW, Status.MANUAL)]}, "a status")
FOR_EACH = Check(
    {
        "type": "object",
        "properties": {k: {"type": "string"} for k in ("setting", "name", "value")},
        "required": ["setting", "name", "value"],
        "additionalProperties": False,
    },
    "a table with `setting`, `name` and `value`",
)


def accepts(schema: Mapping[str, Any], value: object) -> bool:
    """Whether `value` fits the few words of JSON Schema that the primitives use."""
    if not schema:
        return True
    if "enum" in schema:
        return value in schema["enum"]
    kind = {"string": str, "boolean": bool, "array": list, "object": dict}[schema["type"]]
    if not isinstance(value, kind):
        return False
    if isinstance(value, str):
        fits = "pattern" not in schema or re.fullmatch(schema["pattern"], value)  # a `$` alone lets a newline follow
        return len(value) >= schema.get("minLength", 0) and bool(fits)
    if isinstance(value, list):
        return len(value) >= schema.get("minItems", 0) and all(accepts(schema["items"], item) for item in value)
    return not isinstance(value, dict) or _accepts_table(schema, value)


def _accepts_table(schema: Mapping[str, Any], value: Mapping[str, object]) -> bool:
    if len(value) < schema.get("minProperties", 0) or any(name not in value for name in schema.get("required", ())):
        return False
    named, patterns, others = (schema.get(k, {}) for k in ("properties", "patternProperties", "additionalProperties"))
    for name, item in value.items():
        fitting = named.get(name) or next((s for p, s in patterns.items() if re.fullmatch(p, name)), others)
        if fitting is False or not accepts(fitting, item):
            return False
    return True


def key(check: Check, doc: str, default: Any = MISSING, toml: str = "") -> Any:
    """A field that is a key of the pack file; without a default it must be given."""
    metadata = {"check": check, "doc": doc, "toml": toml}
    if default is MISSING:
        return field(metadata=metadata)
    if isinstance(default, dict | list):
        return field(metadata=metadata, default_factory=type(default))
    return field(metadata=metadata, default=default)


def toml_keys(table: type) -> dict[str, Any]:
    """Key as a pack spells it -> the dataclass field behind it."""
    return {f.metadata["toml"] or f.name: f for f in fields(table)}


def required(table: type) -> list[str]:
    """The keys that must be given."""
    return [name for name, f in toml_keys(table).items() if f.default is MISSING and f.default_factory is MISSING]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Head:
    """What a pack file says before its rules."""

    name: str = key(PACK_NAME, "the pack's name, its folder's name as well")
    title: str = key(TEXT, "what it does, in a line: Migrate to `new` from `old`")
    description: str = key(TEXT, "what is included, in full sentences", "")
    source: str = key(TEXT, "the layer it leaves, as --from names it")
    target: str = key(TEXT, "the layer it goes to, as --to names it")
    mode: str = key(TEXT, "the way it goes there, as --mode names it; without one the way without --mode", "")
    extends: list[str] = key(TEXTS, "packs whose rules and settings come first", [])
    disable: list[str] = key(TEXTS, "inherited rules, by id, to leave out", [])
    settings: Mapping[str, Any] = key(TABLE, "defaults of what [tool.migrate.packs.NAME] may override", {})


@dataclass(frozen=True, eq=False, repr=False)
class Module:
    """A module or package that moved, with everything below it, its folder included."""

    id: str = key(ID, "the rule's id")
    old: str = key(DOTTED, "its dotted name so far")
    new: str = key(DOTTED, "its dotted name from now on")
    detect: bool = key(BOOL, "whether a tree that uses it is one to migrate; false for a name others may have", True)


@dataclass(frozen=True, eq=False, repr=False)
class Symbol:
    """Public names that changed, in a module and all of its submodules."""

    id: str = key(ID, "the rule's id")
    module: str = key(DOTTED, "where they live, by its old name")
    names: Mapping[str, str] = key(NAME_MAP, "old name = new name; each `*` stands for the same text in both")


@dataclass(frozen=True, eq=False, repr=False)
class Fixture:
    """pytest fixtures to rename, in files that use the old layer, together with every test that asks for them."""

    id: str = key(ID, "the rule's id")
    names: Mapping[str, str] = key(NAME_MAP, "old name = new name; each `*` stands for the same text in both")


@dataclass(frozen=True, eq=False, repr=False)
class Call:
    """Keyword arguments taken from a call and others put in their place."""

    id: str = key(ID, "the rule's id")
    of: list[str] = key(DOTTED_LIST, "the callables, by old name; a module stands for its submodules too")
    remove: list[str] = key(NAMES, "arguments that go; the rule acts when one of them is there")
    message: str = key(TEXT, "what differs, and what to do about it")
    add: Mapping[str, str] = key(TEXT_MAP, "argument = Python expression put where the first removed one stood", {})
    add_for_each: Mapping[str, str] = key(FOR_EACH, "one argument for each item of a list setting", {}, "add-for-each")
    imports: list[str] = key(NAMES, "modules the added expressions use", [])
    status: str = key(STATUS, "what a migrated call is", Status.REVIEW.value)


@dataclass(frozen=True, eq=False, repr=False)
class Promote:
    """An argument that named the old layer takes the first item of a list argument, and the list moves up."""

    id: str = key(ID, "the rule's id")
    of: list[str] = key(DOTTED_LIST, "the callables, by old name; a module stands for its submodules too")
    argument: str = key(NAME, "the argument that names the old layer")
    value: str = key(TEXT, "the text that names it")
    list: str = key(NAME, "the list argument")
    message: str = key(TEXT, "what differs, and what to do about it")
    fill: str = key(TEXT, "a list the moved-up list is completed from", "")
    status: str = key(STATUS, "what a migrated call is", Status.REVIEW.value)


@dataclass(frozen=True, eq=False, repr=False)
class Literal_:
    """A literal value of a keyword argument, in any call of a module that uses the old layer."""

    id: str = key(ID, "the rule's id")
    argument: str = key(NAME, "the keyword")
    message: str = key(TEXT, "what differs, and what to do about it")
    values: Mapping[str, str] = key(TEXT_MAP, "old text = new text", {})
    setting: str = key(NAME, "or the table setting that holds them", "")
    status: str = key(STATUS, "what a migrated value is", Status.REVIEW.value)


@dataclass(frozen=True, eq=False, repr=False)
class Setting:
    """A section of configuration files (TOML, ini) that moved, and the keys that read it."""

    id: str = key(ID, "the rule's id")
    old: str = key(DOTTED, "its dotted key so far")
    new: str = key(DOTTED, "its dotted key from now on")


@dataclass(frozen=True, eq=False, repr=False)
class Env:
    """Environment variables to rename. An exact name goes before a pattern, a longer pattern before a shorter."""

    id: str = key(ID, "the rule's id")
    old: str = key(GLOB, "the variable, or a pattern with `*`")
    new: str = key(GLOB, "its new name; each `*` stands for the same text")
    status: str = key(STATUS, "what a renamed variable is", Status.MIGRATED.value)
    message: str = key(TEXT, "what differs, and what to do about it", "")


@dataclass(frozen=True, eq=False, repr=False)
class EnvAdd:
    """An environment variable to add to templates such as `.env.example`, after the last of those it belongs to."""

    id: str = key(ID, "the rule's id")
    name: str = key(NAME, "the variable")
    after: list[str] = key(GLOBS, "the variables it belongs to, by their old names; a template has one of them")
    value: str = key(TEXT, "what the template says it is", "")
    message: str = key(TEXT, "what it is for", "")


@dataclass(frozen=True, eq=False, repr=False)
class Dependency:
    """A distribution that another one replaces, wherever a project states what it needs."""

    id: str = key(ID, "the rule's id")
    old: str = key(DISTRIBUTION, "its name on the package index, in any spelling")
    new: str = key(REQUIREMENT, "the requirement that takes its place; left out: nothing does", "")
    message: str = key(TEXT, "what differs, and what to do about it", "")
    also: list[str] = key(REQUIREMENTS, "requirements that come with the new one", [])
    yanked: list[str] = key(TEXTS, "malicious releases of the old one: a pin of one is called out", [])
    stays: bool = key(BOOL, "whether the old one goes on being needed; only a pin that is yanked is reported", False)


@dataclass(frozen=True, eq=False, repr=False)
class Flag:
    """Something to report and leave alone: another library, with the reason and the next step."""

    id: str = key(ID, "the rule's id")
    module: str = key(DOTTED, "the module whose imports and uses are reported")
    message: str = key(TEXT, "what to do about it")
    distribution: str = key(TEXT, "the name of its package in dependency files", "")
    check: bool = key(BOOL, "whether `migrate check` fails on it", True)


@dataclass(frozen=True, eq=False, repr=False)
class Mention:
    """Words that name the old layer in prose: reported, and replaced only with `--text`."""

    id: str = key(ID, "the rule's id")
    words: Mapping[str, str] = key(TEXT_MAP, "word = what replaces it with `--text`")


@dataclass(frozen=True, eq=False, repr=False)
class Column:
    """A database column that holds an old name."""

    id: str = key(ID, "the rule's id")
    table: str = key(TEXT, "the table, with its schema if it has one")
    column: str = key(TEXT, "the column")
    match: Literal["equals", "contains"] = key(MATCH, "whether the value is the name or holds it")
    old: str = key(TEXT, "the old name")
    new: str = key(TEXT, "the new name")


@dataclass(frozen=True, eq=False, repr=False)
class Library:
    """A library that is left: its names move to a client module made for the project and to other libraries, or stay.

    Its import stays as long as something in the file still needs it.
    """

    id: str = key(ID, "the rule's id")
    module: str = key(DOTTED, "the library's top module")
    message: str = key(TEXT, "what to do about a name that no rule knows")
    instead: str = key(DOTTED, "the module to ask for where the library was asked for")
    client: str = key(TEXT, "the target that the client module is made for; left out: none is", "")
    modules: list[str] = key(NAMES, "its submodules that are imported as such", [])
    loggers: list[str] = key(TEXTS, "the names of its loggers", [])
    made: str = key(TEXT, "what to see to in the client module that is made", "")
    raised: str = key(TEXT, "a module with errors that catch the library's, and not those of what takes its place", "")
    stays: bool = key(
        BOOL, "whether what no rule speaks of stays on it, unsaid; the client module then calls it", False
    )


@dataclass(frozen=True, eq=False, repr=False)
class Moved:
    """Names of a library that another module has, wherever in the library they were."""

    id: str = key(ID, "the rule's id")
    of: str = key(DOTTED, "the library")
    to: str = key(TEXT, "the module that has them; `{client}` for the one made for the project, `.` if each is one")
    source: str = key(TEXT, "the module to import one by its name from, where `to` is only reached by dots", "", "from")
    names: list[str] = key(GLOBS, "those that keep their name", [])
    renames: Mapping[str, str] = key(NAME_MAP, "old name = new name", {})
    status: str = key(STATUS, "what a moved name is", Status.MIGRATED.value)
    message: str = key(TEXT, "what differs, and what to do about it", "")
    built: Mapping[str, Any] = key(BUILT, "class, by old name or `*` = how an object of it is built", {})
    above: list[str] = key(TEXTS, "errors, by new name, that they catch as well; `*` for all others of the rules", [])
    variable: bool = key(BOOL, "whether they are variables, which may be set from outside, too", False)
    texts: str = key(TEXT, "why a statement goes that only puts texts into such a variable, a list", "")


@dataclass(frozen=True, eq=False, repr=False)
class Needless:
    """Settings of a library that nothing takes the place of: statements that only set them go."""

    id: str = key(ID, "the rule's id")
    of: str = key(DOTTED, "the library")
    names: list[str] = key(GLOBS, "the settings")
    message: str = key(TEXT, "what differs, and what to do about it")
    status: str = key(STATUS, "what a statement that went is", Status.MIGRATED.value)


@dataclass(frozen=True, eq=False, repr=False)
class Gone:
    """Names of a library without a counterpart: reported and left alone, with the next step."""

    id: str = key(ID, "the rule's id")
    of: str = key(DOTTED, "the library")
    names: list[str] = key(GLOBS, "the names")
    message: str = key(TEXT, "what to do about it")


@dataclass(frozen=True, eq=False, repr=False)
class Answer:
    """What is read off the answers of the functions that moved to the client module, by key so far.

    A shape is an answer, or a part of one, with fields. What a field is: "" for a plain value, a shape, `[shape]` for a
    list of them; then `?` where the library has the field only if it was sent and the new layer has None otherwise, or
    `~` where both have it only if it was sent.
    """

    id: str = key(ID, "the rule's id")
    of: str = key(DOTTED, "the library")
    gives: Mapping[str, str] = key(TEXT_MAP, "function of the library = the shape it gives; type = the shape it is")
    fields: Mapping[str, Mapping[str, str]] = key(FIELDS, "shape = its fields, each with what it is")
    message: str = key(TEXT, "what to do about a key that is no field")
    each: Mapping[str, str] = key(TEXT_MAP, "shape = the shape that iterating it gives, chunk by chunk", {})
    keyed: list[str] = key(TEXTS, "shapes whose keys can still be read", [])
    listed: list[str] = key(TEXTS, "shapes that `in` never found a key in", [])
    methods: Mapping[str, str] = key(TEXT_MAP, "old method = new method", {})
    dumped: list[str] = key(TEXTS, "shapes whose methods these are", [])
    differs: str = key(TEXT, "what is different about the new methods", "")
    gone: Mapping[str, str] = key(TEXT_MAP, "attribute without a counterpart = what to do about it", {})
    instead: Mapping[str, str] = key(TEXT_MAP, "attribute and key of a gone one, with a dot = the path to read", {})
    telling: list[str] = key(NAMES, "keys that are reported on values of which nothing is known", [])
    usage: str = key(TEXT, "the argument that may ask for a last chunk without `last`", "")
    last: str = key(TEXT, "the field that is empty in such a chunk", "")
    raised: list[str] = key(GLOBS, "names of the library that are classes of errors", [])
    lost: Mapping[str, str] = key(TEXT_MAP, "attribute that no error has any more = what to do about it", {})
    lacking: Mapping[str, str] = key(
        TEXT_MAP,
        "error and attribute, with a dot, that it may lack from now on = Python expression for what it was",
        {},
    )


@dataclass(frozen=True, eq=False, repr=False)
class ModelId:
    """Ids of models as a library spells them, in a project that uses it: told by their use, or by their name."""

    id: str = key(ID, "the rule's id")
    of: str = key(DOTTED, "the library")
    names: list[str] = key(GLOBS, "what holds a model id, in lower case: variables, arguments, fields, keys")
    message: str = key(TEXT, "what to see to where only the name says that it is one")
    asked: list[str] = key(GLOBS, "names of the library that stay and take an id: then ids stay too", [])
    others: list[str] = key(TEXTS, "beginnings of texts that look like an id and are something else", [])


@dataclass(frozen=True, eq=False, repr=False)
class Variable:
    """Environment variables that a library read by itself: reported wherever a project names them, and left alone."""

    id: str = key(ID, "the rule's id")
    of: str = key(DOTTED, "the library")
    names: list[str] = key(GLOBS, "the variables; a name that several rules have is the first one's")
    message: str = key(TEXT, "what to do about them")
    templates: bool = key(BOOL, "whether only files such as .env.example are looked at, one report each", False)
    check: bool = key(BOOL, "whether `migrate check` fails on it", True)


@dataclass(frozen=True, eq=False, repr=False)
class Client:
    """The client SDK of a gateway that is left, in every language: its classes, and where clients go from now on."""

    id: str = key(ID, "the rule's id")
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
    answered: Mapping[str, str] = key(TEXT_MAP, "header of answers so far = its new name; empty for none", {})


@dataclass(frozen=True, eq=False, repr=False)
class Parameter:
    """Options of a client that is left: given to its class, to its headers, for one call, or as a header of their own.

    A name is written with `_`; scripts write it in camel case, and as a header it has `-` and the client's prefix.
    Where it goes: the `key`, the `url`, the `provider` before the ids of models, a `config` whose parts are options of
    their own, `labels` (metadata, one header for each key), a `timeout` (milliseconds become seconds), `retries`, a
    `header` or a `keyword` of the new client; `drop` takes it out, `manual` leaves it where it is.
    """

    id: str = key(ID, "the rule's id")
    of: str = key(DOTTED, "the Python module of the client")
    names: list[str] = key(GLOBS, "the options")
    to: str = key(DESTINATION, "where they go")
    called: str = key(TEXT, "what they are called there; the same name by default", "", "as")
    value: str = key(TEXT, "the value of the header there, where the option is true", "")
    status: str = key(STANDING, "what an option is that went there", Status.MIGRATED.value)
    message: str = key(TEXT, "what differs, and what to do about it", "")


@dataclass(frozen=True, eq=False, repr=False)
class Method:
    """What can be called on a client that is left and is different from now on, or is not there."""

    id: str = key(ID, "the rule's id")
    of: str = key(DOTTED, "the Python module of the client")
    names: list[str] = key(DOTTED_LIST, "attributes of the client, written with `_`; what is below them goes with them")
    message: str = key(TEXT, "what to do about them")
    status: str = key(STANDING, "what a call is: `manual`, or `review` where the new SDK has it by that name", "manual")


@dataclass(frozen=True, eq=False, repr=False)
class Factory:
    """A function of another package for scripts that makes a client, and takes the options of the one that is left."""

    id: str = key(ID, "the rule's id")
    of: str = key(DOTTED, "the Python module of the client")
    package: str = key(TEXT, "the package for scripts that has it, with its scope")
    name: str = key(NAME, "the function")
    instead: str = key(TEXT, "the package that takes its place")
    versions: str = key(TEXT, "the range of it that a package.json asks for")
    new: str = key(NAME, "the function of that package")
    headers: str = key(NAME, "the option that holds headers")
    adds: Mapping[str, str] = key(TEXT_MAP, "option = text that it is given besides", {})


# Table name in a pack file -> primitive. The order is that of the published schema.
TABLES: Mapping[str, type] = {
    "module": Module,
    "symbol": Symbol,
    "fixture": Fixture,
    "call": Call,
    "promote": Promote,
    "literal": Literal_,
    "setting": Setting,
    "env": Env,
    "env-add": EnvAdd,
    "dependency": Dependency,
    "flag": Flag,
    "mention": Mention,
    "column": Column,
    "library": Library,
    "moved": Moved,
    "needless": Needless,
    "gone": Gone,
    "answer": Answer,
    "model-id": ModelId,
    "variable": Variable,
    "client": Client,
    "parameter": Parameter,
    "method": Method,
    "factory": Factory,
}


def expand(old: str, new: str, name: str) -> str | None:
    """What `name` becomes under `old` -> `new`, where each `*` stands for the same text in both; None for no match.

    >>> expand("Portkey*Error", "LLMGateway*Error", "PortkeyTimeoutError")
    'LLMGatewayTimeoutError'
    """
    if "*" not in old:
        return new if name == old else None
    match = re.fullmatch(re.escape(old).replace(r"\*", r"(\w*)"), name)
    if match is None:
        return None
    texts = iter(match.groups())
    return re.sub(r"\*", lambda _: next(texts), new)


def under(dotted: str, prefix: str) -> bool:
    """Whether `dotted` is `prefix` or lies below it."""
    return dotted == prefix or dotted.startswith(prefix + ".")


def canonical(distribution: str) -> str:
    """The one spelling of a distribution's name (PEP 503).

    >>> canonical("Portkey_AI")
    'portkey-ai'
    """
    return re.sub(r"[-_.]+", "-", distribution).lower()


def glob_regex(pattern: str) -> str:
    """A regular expression for a name in which `*` stands for any text."""
    return re.escape(pattern).replace(r"\*", r"\w*")
