"""Rule packs: found, read, validated and composed into the one `Rules` object that a plan is built with."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from migrator.errors import MigrateError
from migrator.primitives import (
    TABLES,
    Answer,
    Call,
    Client,
    Column,
    Dependency,
    Env,
    EnvAdd,
    Factory,
    Fixture,
    Flag,
    Gone,
    Head,
    Library,
    Literal_,
    Mention,
    Method,
    ModelId,
    Module,
    Moved,
    Needless,
    Parameter,
    Promote,
    Setting,
    Symbol,
    Variable,
    accepts,
    canonical,
    expand,
    required,
    toml_keys,
    under,
)

if TYPE_CHECKING:
    from migrator.model_ids import InUse

PACK_FILE = "pack.toml"


@dataclass(frozen=True, slots=True)
class Pack:
    """One migration as its `pack.toml` states it, its `extends` already merged in."""

    name: str
    title: str
    description: str
    source: str
    target: str
    mode: str
    folder: Path
    settings: Mapping[str, Any]
    rules: tuple[Any, ...]  # instances of the primitives, in the order of the file
    parents: tuple[Pack, ...] = ()  # those it extends

    @property
    def route(self) -> str:
        """Where it goes, and how: `llm-gateway`, `llm-gateway, mode proxy`."""
        return f"{self.target}, mode {self.mode}" if self.mode else self.target


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
    ids: InUse | None = None  # what the ids of a project that uses the library become
    read: frozenset[str] = frozenset()  # the variables that the project's own code reads
    options: Mapping[str, Any] = field(default_factory=dict)  # the settings of all packs
    wary: bool = False  # what would be for review stays as it is
    client: str = ""  # the dotted name of the client module that is made for the project
    docs: Mapping[str, str] = field(default_factory=dict)  # rule id -> where it is documented

    @property
    def served(self) -> str:
        """The target that a client module is made for; "" where none is."""
        return next((each.client for each in self.libraries if each.client), "")

    @property
    def notes(self) -> frozenset[str]:
        """Ids of the rules that inform without failing `migrate check`."""
        silent = (rule.id for rules in (self.flags, self.variables) for rule in rules if not rule.check)
        return frozenset([*(m.id for m in self.mentions), *silent])


# ---------------------------------------------------------------------------------------------------- finding packs


def builtin_folder() -> Path:
    """The packs that ship: beside the package in a source tree, inside it in a wheel."""
    inside = Path(__file__).parent / "rules"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "rules"


def available(extra: Iterable[Path] = ()) -> dict[str, Path]:
    """Pack name -> folder, the project's own packs (`extra`) after the shipped ones and over them."""
    found: dict[str, Path] = {}
    for root in (builtin_folder(), *extra):
        if root.is_dir():
            found.update({p.name: p for p in sorted(root.iterdir()) if (p / PACK_FILE).is_file()})
    return found


def load_named(names: Iterable[str], folders: Mapping[str, Path]) -> list[Pack]:
    """The packs of these names (or paths of pack folders), in that order; MigrateError where there is none."""
    return [load(_folder_of(name, folders), folders) for name in names]


def _folder_of(name: str, folders: Mapping[str, Path]) -> Path:
    if name in folders:
        return folders[name]
    if (Path(name) / PACK_FILE).is_file():
        return Path(name)
    raise MigrateError(f"no rule pack is called {name!r}; there are: {', '.join(sorted(folders))}")


# ---------------------------------------------------------------------------------------------------------- loading


def load(folder: Path, folders: Mapping[str, Path] | None = None, _seen: tuple[Path, ...] = ()) -> Pack:
    """Read and validate one pack.

    Raises MigrateError with file, line and key in one sentence: an unknown or missing key, a value of the wrong form,
    a rule id given twice or inherited in another table, an `extends` that is unknown or goes round in a circle.
    """
    path = folder / PACK_FILE
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise MigrateError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MigrateError(f"{path}: not valid TOML: {error}") from error
    fault = _Fault(path, text)
    head = _read_head(data, fault)
    parents = [_parent(p, folders or {}, (*_seen, folder.resolve()), fault) for p in head.extends]
    rules = {r.id: r for p in parents for r in p.rules}
    for rule_id in head.disable:
        if rules.pop(rule_id, None) is None:
            fault(f"disable: no rule {rule_id!r} is inherited", key="disable")
    rules |= {r.id: r for r in _read_rules(data, rules, fault)}  # a changed one keeps its place
    settings: dict[str, Any] = {}
    for parent in parents:
        settings.update(parent.settings)
    settings.update(head.settings)
    _check_stars_and_settings(rules.values(), settings, fault)
    return Pack(
        name=head.name,
        title=head.title,
        description=head.description.strip(),
        source=head.source,
        target=head.target,
        mode=head.mode,
        folder=folder,
        settings=settings,
        rules=tuple(rules.values()),
        parents=tuple(parents),
    )


class _Fault:
    """Raises MigrateError at the line of a key: tomllib keeps no positions, so the text is searched for it."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.lines = path, text.splitlines()

    def __call__(self, what: str, *, table: str = "", index: int = 0, key: str = "") -> NoReturn:
        raise MigrateError(f"{self.path}:{self._line(table, index, key)}: {what}")

    def _line(self, table: str, index: int, key: str) -> int:
        start = 0
        if table:
            headers = [n for n, line in enumerate(self.lines) if re.match(rf"\s*\[\[?\s*{table}\s*\]", line)]
            start = headers[index] if index < len(headers) else 0
        for number in range(start, len(self.lines)):
            if number > start and self.lines[number].startswith("["):
                break
            if key and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[.=]""", self.lines[number]):
                return number + 1
        return start + 1


def _read_head(data: Mapping[str, Any], fault: _Fault) -> Head:
    keys = (*toml_keys(Head), *TABLES)
    for name in data:
        if name not in keys:
            fault(f"unknown key `{name}`; a pack has {', '.join(keys)}", table=name, key=name)
    head: Head = _read_table(Head, {name: value for name, value in data.items() if name not in TABLES}, fault)
    return head


def _read_rules(data: Mapping[str, Any], inherited: Mapping[str, Any], fault: _Fault) -> Iterator[Any]:
    """The pack's own rules; one that is inherited as well needs only the keys in which it differs."""
    seen: set[str] = set()
    for table, primitive in TABLES.items():
        rows = data.get(table, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            fault(f"`{table}` must be written [[{table}]]", table=table, key=table)
        for index, row in enumerate(rows):
            base = inherited.get(str(row.get("id")))
            if base is not None and type(base) is not primitive:
                what = next(name for name, each in TABLES.items() if type(base) is each)
                fault(
                    f"rule {base.id!r} is inherited as [[{what}]]: disable that one", table=table, index=index, key="id"
                )
            rule = _read_table(primitive, row, fault, table, index, base)
            if rule.id in seen:
                fault(f"rule id {rule.id!r} is given twice", table=table, index=index, key="id")
            seen.add(rule.id)
            yield rule


def _read_table(
    primitive: type, row: Mapping[str, Any], fault: _Fault, table: str = "", index: int = 0, base: Any = None
) -> Any:
    """An instance of `primitive`: of the head of a pack, or of the row `index` of `table`, over its `base`."""
    keys, where = toml_keys(primitive), f"[[{table}]]: " if table else ""
    values = {}
    for name, value in row.items():
        if name not in keys:
            fault(f"{where}unknown key `{name}`; it has {', '.join(keys)}", table=table, index=index, key=name)
        check = keys[name].metadata["check"]
        if not accepts(check.schema, value):
            fault(f"{where}{name}: {value!r} is not {check.says}", table=table, index=index, key=name)
        values[keys[name].name] = value
    if base is not None:
        return replace(base, **values)
    for name in required(primitive):
        if name not in row:
            fault(f"{where}key `{name}` is missing", table=table, index=index)
    return primitive(**values)


def _check_stars_and_settings(rules: Iterable[Any], settings: Mapping[str, Any], fault: _Fault) -> None:
    """What one key alone cannot tell: both sides of a pattern have the same stars, every setting named is there."""
    for rule in rules:
        pairs = [(rule.old, rule.new)] if isinstance(rule, Env) else _renames(rule)
        for old, new in pairs:
            if old.count("*") != new.count("*"):
                fault(f"{rule.id}: `{old}` and `{new}` must have the same number of `*`")
            if expand(old, new, new.replace("*", "")) is not None:
                fault(f"{rule.id}: `{new}` would be renamed again by a second run")
        if isinstance(rule, Module | Setting) and under(rule.new, rule.old):
            fault(f"{rule.id}: `{rule.new}` lies in `{rule.old}`, so a second run would move it again")
        if isinstance(rule, Dependency) and canonical(rule.old) == canonical(re.split(r"[\[<>=!~]", rule.new)[0]):
            fault(f"{rule.id}: `{rule.new}` is `{rule.old}` itself, so a second run would replace it again")
        try:
            _fill(rule, settings)
        except (KeyError, IndexError, TypeError) as error:
            fault(f"{rule.id}: no setting {error} to fill in; [settings] has: {', '.join(settings) or 'none'}")


def _renames(rule: Any) -> list[tuple[str, str]]:
    """Old name and new name of everything that a rule renames within a module."""
    names = getattr(rule, "names", {})
    return list(names.items()) if isinstance(names, Mapping) else []


def _parent(name: str, folders: Mapping[str, Path], seen: tuple[Path, ...], fault: _Fault) -> Pack:
    if name not in folders:
        fault(f"extends: no rule pack is called {name!r}; there are: {', '.join(sorted(folders))}", key="extends")
    if folders[name].resolve() in seen:
        circle = " -> ".join((*(folder.name for folder in seen), name))
        fault(f"extends: {circle} goes round in a circle", key="extends")
    return load(folders[name], folders, seen)


# -------------------------------------------------------------------------------------------------------- composing


def compose(packs: Sequence[Pack], overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Rules:
    """One `Rules` of several packs, each with its settings as the user overrides them in pyproject.toml.

    Raises MigrateError for an override that the pack does not have or that is of another type.
    """
    by_type: dict[type, list[Any]] = {primitive: [] for primitive in TABLES.values()}
    docs: dict[str, str] = {}
    options: dict[str, Any] = {}
    for pack in packs:
        settings = _settings_of(pack, (overrides or {}).get(pack.name, {}))
        options |= settings
        for rule in pack.rules:
            by_type[type(rule)].append(_fill(rule, settings))
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
        options=options,
        docs=docs,
    )


def _settings_of(pack: Pack, overrides: Mapping[str, Any]) -> dict[str, Any]:
    settings = dict(pack.settings)
    for name, value in overrides.items():
        where = f"pyproject.toml: [tool.migrate.packs.{pack.name}] {name}"
        if name not in settings:
            raise MigrateError(
                f"{where}: the pack has no such setting; it has: {', '.join(sorted(settings)) or 'none'}"
            )
        default = settings[name]
        if type(value) is not type(default):
            raise MigrateError(f"{where}: must be {_TYPE_NAMES[type(default)]}, as in the pack")
        if isinstance(value, list) and (not value or not all(isinstance(v, str) for v in value)):
            raise MigrateError(f"{where}: must be a list with at least one text")
        if isinstance(value, dict) and not all(isinstance(v, str) for v in value.values()):
            raise MigrateError(f"{where}: must be a table of text = text")
        settings[name] = value
    return settings


_TYPE_NAMES = {list: "a list", dict: "a table", str: "text", bool: "true or false", int: "a number", float: "a number"}
_PLACEHOLDER = re.compile(r"\{(\w+)(?:\[(\d+)\])?\}")


def _fill(rule: Any, settings: Mapping[str, Any]) -> Any:
    """The rule with its `{setting}` placeholders and `for each` tables resolved."""
    if isinstance(rule, Call):
        add = {name: _text(value, settings) for name, value in rule.add.items()}
        if rule.add_for_each:
            name, value = rule.add_for_each["name"], rule.add_for_each["value"]
            for item in settings[rule.add_for_each["setting"]]:
                add[_each(name, re.sub(r"\W", "_", item))] = _each(value, item)
        return replace(rule, add=add, add_for_each={})
    if isinstance(rule, Promote):
        return replace(rule, fill=_text(rule.fill, settings))
    if isinstance(rule, Literal_):
        values = {k: _text(v, settings) for k, v in rule.values.items()}
        return replace(rule, values={**values, **(settings[rule.setting] if rule.setting else {})})
    return rule


def _each(template: str, item: str) -> str:
    return template.replace("{item}", item).replace("{ITEM}", re.sub(r"\W", "_", item).upper())


def _text(template: str, settings: Mapping[str, Any]) -> str:
    """`{name}` becomes the setting, a list or table as a Python literal; `{name[0]}` one item, as bare text."""

    def value(match: re.Match[str]) -> str:
        setting = settings[match[1]]
        if match[2] is not None:
            return str(setting[int(match[2])])
        return setting if isinstance(setting, str) else json.dumps(setting, ensure_ascii=False)

    return _PLACEHOLDER.sub(value, template)
