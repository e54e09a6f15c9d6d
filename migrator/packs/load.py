"""Rule packs: found, and read with what they extend."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrator.errors import MigrateError
from migrator.packs.fit import check
from migrator.packs.tables import Fault, read_head, read_rules
from migrator.primitives.rule import Rule

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
    rules: tuple[Rule, ...]  # in the order of the file
    parents: tuple[Pack, ...] = ()  # those it extends

    @property
    def route(self) -> str:
        """Where it goes, and how: `llm-gateway`, `llm-gateway, mode proxy`."""
        return f"{self.target}, mode {self.mode}" if self.mode else self.target


def builtin_folder() -> Path:
    """The packs that ship: beside the package in a source tree, inside it in a wheel."""
    package = Path(__file__).parents[1]
    inside = package / "rules"
    return inside if inside.is_dir() else package.parent / "rules"


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
    fault = Fault(path, text)
    head = read_head(data, fault)
    parents = [_parent(p, folders or {}, (*_seen, folder.resolve()), fault) for p in head.extends]
    rules = {r.id: r for p in parents for r in p.rules}
    for rule_id in head.disable:
        if rules.pop(rule_id, None) is None:
            fault(f"disable: no rule {rule_id!r} is inherited", key="disable")
    rules |= {r.id: r for r in read_rules(data, rules, fault)}  # a changed one keeps its place
    settings: dict[str, Any] = {}
    for parent in parents:
        settings.update(parent.settings)
    settings.update(head.settings)
    check(rules.values(), settings, fault)
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


def _parent(name: str, folders: Mapping[str, Path], seen: tuple[Path, ...], fault: Fault) -> Pack:
    if name not in folders:
        fault(f"extends: no rule pack is called {name!r}; there are: {', '.join(sorted(folders))}", key="extends")
    if folders[name].resolve() in seen:
        circle = " -> ".join((*(folder.name for folder in seen), name))
        fault(f"extends: {circle} goes round in a circle", key="extends")
    return load(folders[name], folders, seen)
