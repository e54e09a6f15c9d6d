"""What a pack file holds: its head, and a table for each primitive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migrator.primitives.checks import PACK_NAME, TABLE, TEXT, TEXTS
from migrator.primitives.client import Client, Factory, Method, Parameter, Server
from migrator.primitives.code import Call, Fixture, Literal_, Module, Promote, Symbol
from migrator.primitives.gateway import Note, Routing
from migrator.primitives.keys import key
from migrator.primitives.leaving import EnvGone, Lingering, Obsolete, Router
from migrator.primitives.library import Answer, Gone, Library, ModelId, Moved, Needless, Variable
from migrator.primitives.project import Column, Dependency, Env, EnvAdd, Flag, Mention, Setting
from migrator.primitives.rule import Rule


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


# Table name in a pack file -> primitive. The order is that of the published schema.
TABLES: Mapping[str, type[Rule]] = {
    "module": Module,
    "symbol": Symbol,
    "fixture": Fixture,
    "call": Call,
    "promote": Promote,
    "literal": Literal_,
    "setting": Setting,
    "env": Env,
    "env-add": EnvAdd,
    "env-gone": EnvGone,
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
    "server": Server,
    "routing": Routing,
    "note": Note,
    "router": Router,
    "obsolete": Obsolete,
    "lingering": Lingering,
}
