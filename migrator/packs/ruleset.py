"""Everything the chosen packs say, composed into the one `Rules` that a plan is built with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from migrator.fates.packages import Packages
from migrator.packs.load import Pack
from migrator.packs.settings import fill, overridden
from migrator.patterns import expand
from migrator.primitives.client import Client, Factory, Method, Parameter, Server
from migrator.primitives.code import Call, Fixture, Literal_, Module, Promote, Symbol
from migrator.primitives.gateway import Note, Routing
from migrator.primitives.leaving import EnvGone, Lingering, Obsolete, Router
from migrator.primitives.library import Answer, Gone, Library, ModelId, Moved, Needless, Variable
from migrator.primitives.project import Column, Dependency, Env, EnvAdd, Flag, Mention, Setting
from migrator.primitives.tables import TABLES

if TYPE_CHECKING:
    from migrator.clients.in_use import InUse
    from migrator.fates.handed import Handed


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything the chosen packs say, settings filled in: what the rewriters take."""

    packs: tuple[str, ...] = ()
    modules: tuple[Module, ...] = ()
    symbols: tuple[Symbol, ...] = ()
    fixtures: tuple[Fixture, ...] = ()
    calls: tuple[Call, ...] = ()
    promotes: tuple[Promote, ...] = ()
    literals: tuple[Literal_, ...] = ()
    settings: tuple[Setting, ...] = ()
    envs: tuple[Env, ...] = ()
    env_adds: tuple[EnvAdd, ...] = ()
    env_gone: tuple[EnvGone, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    flags: tuple[Flag, ...] = ()
    mentions: tuple[Mention, ...] = ()
    columns: tuple[Column, ...] = ()
    libraries: tuple[Library, ...] = ()
    moved: tuple[Moved, ...] = ()
    needless: tuple[Needless, ...] = ()
    gone: tuple[Gone, ...] = ()
    answers: tuple[Answer, ...] = ()
    model_ids: tuple[ModelId, ...] = ()
    variables: tuple[Variable, ...] = ()
    clients: tuple[Client, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    methods: tuple[Method, ...] = ()
    factories: tuple[Factory, ...] = ()
    servers: tuple[Server, ...] = ()
    routings: tuple[Routing, ...] = ()
    carried: tuple[Note, ...] = ()
    routers: tuple[Router, ...] = ()
    obsolete: tuple[Obsolete, ...] = ()
    lingering: tuple[Lingering, ...] = ()
    ids: InUse | None = None  # what the ids of a project that uses the library become
    read: frozenset[str] = frozenset()  # the variables that the project's own code reads
    handed: tuple[Handed, ...] = ()  # what scripts hand on to others of a client SDK that is left
    packages: Packages = field(default_factory=Packages)  # what scripts mean by names of packages
    options: Mapping[str, Any] = field(default_factory=dict)  # the settings of all packs
    line_length: int = 0  # of the project's code; 0 where it says nothing of it
    staying: bool = False  # every client and request of the code stays, so what belongs to them does
    wary: bool = False  # what would be for review stays as it is
    client: str = ""  # the dotted name of the client module that is made for the project
    docs: Mapping[str, str] = field(default_factory=dict)  # rule id -> where it is documented

    @property
    def served(self) -> str:
        """The target that a client module is made for; "" where none is."""
        return next((each.client for each in self.libraries if each.client), "")

    @property
    def moving_clients(self) -> tuple[Client, ...]:
        """The clients that Python code leaves; one that would behave otherwise stays where nothing is to be seen to."""
        return tuple(client for client in self.clients if not (self.wary and client.differs))

    def parameter(self, name: str) -> Parameter | None:
        """The row of a client's option by its name; exact names go before patterns."""
        for exact in (True, False):
            for row in self.parameters:
                if any(p == name if exact else "*" in p and expand(p, p, name) is not None for p in row.names):
                    return row
        return None

    @property
    def notes(self) -> frozenset[str]:
        """Ids of the rules that inform without failing `migrate check`."""
        silent = (rule.id for rules in (self.flags, self.variables) for rule in rules if not rule.check)
        return frozenset([*(m.id for m in self.mentions), *silent])


def compose(packs: Sequence[Pack], overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Rules:
    """One `Rules` of several packs, each with its settings as the user overrides them in pyproject.toml.

    Raises MigrateError for an override that the pack does not have or that is of another type.
    """
    by_type: dict[type, list[Any]] = {primitive: [] for primitive in TABLES.values()}
    docs: dict[str, str] = {}
    options: dict[str, Any] = {}
    for pack in packs:
        settings = overridden(pack.name, pack.settings, (overrides or {}).get(pack.name, {}))
        options |= settings
        for rule in pack.rules:
            by_type[type(rule)].append(fill(rule, settings))
            docs[rule.id] = f"docs/packs/{pack.name}.md#{rule.id.replace('.', '')}"
    return Rules(
        packs=tuple(p.name for p in packs),
        modules=tuple(by_type[Module]),
        symbols=tuple(by_type[Symbol]),
        fixtures=tuple(by_type[Fixture]),
        calls=tuple(by_type[Call]),
        promotes=tuple(by_type[Promote]),
        literals=tuple(by_type[Literal_]),
        settings=tuple(by_type[Setting]),
        envs=tuple(sorted(by_type[Env], key=lambda e: ("*" in e.old, -len(e.old), e.old))),
        env_adds=tuple(by_type[EnvAdd]),
        env_gone=tuple(by_type[EnvGone]),
        dependencies=tuple(by_type[Dependency]),
        flags=tuple(by_type[Flag]),
        mentions=tuple(by_type[Mention]),
        columns=tuple(by_type[Column]),
        libraries=tuple(by_type[Library]),
        moved=tuple(by_type[Moved]),
        needless=tuple(by_type[Needless]),
        gone=tuple(by_type[Gone]),
        answers=tuple(by_type[Answer]),
        model_ids=tuple(by_type[ModelId]),
        variables=tuple(by_type[Variable]),
        clients=tuple(by_type[Client]),
        parameters=tuple(by_type[Parameter]),
        methods=tuple(by_type[Method]),
        factories=tuple(by_type[Factory]),
        servers=tuple(by_type[Server]),
        routings=tuple(by_type[Routing]),
        carried=tuple(by_type[Note]),
        routers=tuple(by_type[Router]),
        obsolete=tuple(by_type[Obsolete]),
        lingering=tuple(by_type[Lingering]),
        options=options,
        docs=docs,
    )
