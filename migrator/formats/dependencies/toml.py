"""Dependencies in TOML: the lists and tables of pyproject.toml, Pipfile, hatch.toml and pixi.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from migrator.fates.names import Names
from migrator.formats.dependencies.arrays import Array, Item
from migrator.formats.dependencies.stated import Edits, Manner, Stated, cut, line_after, line_around, read, settle
from migrator.formats.toml_layout import Layout, Node, Path, Piece
from migrator.patterns import canonical
from migrator.primitives.project import Dependency
from migrator.sites import Edit, Finding, Status

# Where lists of requirements stand, and whether what they state is installed; `*` is any one key.
_LISTS: Mapping[str, bool] = {
    "dependencies": True,  # of a script
    "project.dependencies": True,
    "project.optional-dependencies.*": True,
    "dependency-groups.*": True,
    "tool.uv.dev-dependencies": True,
    "tool.uv.constraint-dependencies": False,
    "tool.uv.override-dependencies": False,
    "tool.pdm.dev-dependencies.*": True,
    "tool.rye.dev-dependencies": True,
    "tool.flit.metadata.requires": True,
    "tool.flit.metadata.requires-extra.*": True,
    "tool.hatch.envs.*.dependencies": True,
    "tool.hatch.envs.*.extra-dependencies": True,
    "envs.*.dependencies": True,
    "envs.*.extra-dependencies": True,
    "tool.tox.env_run_base.deps": True,
    "tool.tox.env.*.deps": True,
    "tool.poetry.extras.*": True,
}
_TABLES = (
    "tool.poetry.dependencies",
    "tool.poetry.dev-dependencies",
    "tool.poetry.group.*.dependencies",
    "tool.pixi.pypi-dependencies",
    "tool.pixi.dependencies",
    "tool.pixi.feature.*.pypi-dependencies",
    "tool.pixi.feature.*.dependencies",
    "pypi-dependencies",
    "feature.*.pypi-dependencies",
    "feature.*.dependencies",
)
SCRIPT = "script.toml"
"""What the metadata of a script goes by."""
_SOURCES = ("tool.uv.sources",)
_NO_PACKAGES = frozenset({"source", "requires", "scripts", "pipenv", "tool", "project"})  # of the tables of a Pipfile
_CONDITIONS = ("optional", "markers", "python", "platform", "python_version", "sys_platform", "os_name")
_ORIGINS = ("git", "path", "url", "file", "hg", "svn")
_STRING = re.compile(r"""(?P<quote>["'])(?P<said>[^"'\r\n]*)(?P=quote)""")
_BY_HAND = "is a table of its own: put the new one in its place by hand"


def find(text: str, names: Names, kept: frozenset[str], path: str) -> Iterator[Finding]:
    """What becomes of the old distributions of a TOML text, which the last part of `path` says more about."""
    try:
        tomllib.loads(text)
        layout = Layout(text)
    except ValueError:
        yield from _unreadable(text, names)
        return
    name = PurePosixPath(path).name
    for rule in names.rules.dependencies:
        manner = Manner(rule.id in kept)
        for where, array in _arrays(layout, text, name):
            adds = _LISTS[where[0]]
            yield from settle(array, rule, replace(manner, adds=adds, group=where[1]))
        for table in _tables(layout, text, name):
            yield from settle(table, rule, manner)
        if not (manner.kept or rule.extra):
            yield from _sources(layout, text, rule)


def _unreadable(text: str, names: Names) -> Iterator[Finding]:
    """What a template of a TOML file, or one with a fault, states in strings: for a person to change."""
    for match in _STRING.finditer(text):
        one = read(match["said"], match.start("said"))
        for rule in names.rules.dependencies:
            if one and canonical(one.name) == canonical(rule.old) and (one.version or one.extras):
                said = f"{one.name} is to go, but this is no TOML that can be read: change it by hand"
                yield Finding(one.begin, rule.id, Status.MANUAL, said)


def _fits(path: Path, patterns: Mapping[str, bool] | Sequence[str]) -> str:
    """The pattern that a path is an instance of, or nothing."""
    for pattern in patterns:
        parts = pattern.split(".")
        if len(parts) == len(path) and all(part in ("*", key) for part, key in zip(parts, path, strict=True)):
            return pattern
    return ""


# ------------------------------------------------------------------------------------------------------------ lists


def _arrays(layout: Layout, text: str, name: str) -> Iterator[tuple[tuple[str, str], Array]]:
    """Each list of requirements, with the pattern of its path and the name of its group."""
    pieces: dict[Path, list[Piece]] = {}
    for piece in layout.strings:
        pieces.setdefault(piece.path, []).append(piece)
    for path, strings in pieces.items():
        where = _fits(path, _LISTS)
        if where and (name == SCRIPT or where != "dependencies"):
            items = [item for piece in strings if (item := _item(text, piece))]
            named = path[-1] if where.endswith(".*") else ""
            yield (where, named), Array(text, items, bare=where == "tool.poetry.extras.*")


def _item(text: str, piece: Piece) -> Item | None:
    """A string in a list; None where it is a bare key."""
    quotes = text[piece.start - 1] == text[piece.end : piece.end + 1] and text[piece.start - 1] in "\"'"
    triple = text[piece.start - 3 : piece.start] in ('"""', "'''")
    if not quotes:
        return None
    one = read(piece.text, piece.start)
    if one and triple:
        one = replace(one, locked=f"{one.name} stands in a string of an unusual form: change it by hand")
    return Item(piece.start - 1, piece.end + 1, one)


# ----------------------------------------------------------------------------------------------------------- tables


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of name = version, where a version may be a table or a list of them."""

    text: str
    nodes: Mapping[int, Node]  # by where the key starts
    stated: Sequence[Stated]

    def instead(self, one: Stated, new: Stated) -> Edits:
        node = self.nodes[one.at]
        value = _value(self.text, node, new)
        return Edit(node.keys[0].start, node.keys[0].end, new.name), Edit(node.value, node.end, value)

    def beside(self, one: Stated, *new: Stated) -> Edits:
        node = self.nodes[one.at]
        start, end = line_around(self.text, node.start, node.end)
        gap = self.text[node.keys[0].end : node.value]
        indent = self.text[start : node.start]
        lines = (f"{indent}{each.name}{gap}{_value(self.text, node, each)}" for each in new)
        return (line_after(self.text, (start, end), *lines),)

    def without(self, gone: Sequence[Stated]) -> Sequence[Edits]:
        nodes = [self.nodes[one.at] for one in gone]
        return cut(self.text, [line_around(self.text, node.start, node.end) for node in nodes])


def _tables(layout: Layout, text: str, name: str) -> Iterator[_Table]:
    found: dict[Path, list[Node]] = {}
    for node in layout.nodes:
        path = node.full[:-1]
        split = next((n for n in range(len(node.path), len(node.full)) if _is_table(node.full[:n], name)), None)
        if node.kind == "=" and split is not None:
            found.setdefault(node.full[:split], []).append(node)
        elif node.kind != "=" and _is_table(path, name):
            found.setdefault(path, []).append(node)
    for path, nodes in found.items():
        stated = [one for node in nodes if (one := _entry(text, node, len(path)))]
        yield _Table(text, {node.start: node for node in nodes}, stated)


def _is_table(path: Path, name: str) -> bool:
    if name == "Pipfile":
        return len(path) == 1 and path[0] not in _NO_PACKAGES
    return bool(_fits(path, _TABLES)) or (name == "pixi.toml" and path == ("dependencies",))


def _entry(text: str, node: Node, depth: int) -> Stated | None:
    """What a statement, or a header, of a table of dependencies states."""
    name = node.full[depth]
    if node.kind != "=" or node.path != node.full[:depth] or len(node.keys) != 1 or not _is_line(text, node):
        at = node.keys[min(depth - len(node.path), len(node.keys) - 1)].start
        return Stated(name, at, at, locked=f"{name} {_BY_HAND}")
    value = tomllib.loads(f"x = {text[node.value : node.end]}")["x"]
    data = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value
    if isinstance(data, str):
        return Stated(name, node.start, node.end, _version(data))
    if not isinstance(data, dict):
        return None
    several = isinstance(value, list) and len(value) > 1
    marker = "" if several else " ".join(str(data[key]) for key in _CONDITIONS[1:] if key in data)
    origin = next((f"{key} {data[key]}" for key in _ORIGINS if key in data), "")
    extras = tuple(map(str, data.get("extras", ())))
    version = _version(str(data.get("version", "*")))
    note = "it had several entries, which one takes the place of" if several else ""
    return Stated(name, node.start, node.end, version, extras, marker, origin, note=note)


def _is_line(text: str, node: Node) -> bool:
    """Whether a statement has its lines for itself."""
    start, end = line_around(text, node.start, node.end)
    rest = text[node.end : end].strip()
    return not text[start : node.start].strip() and (not rest or rest.startswith("#"))


def _version(said: str) -> str:
    """What Poetry, Pipenv and pixi ask for, in the notation of PEP 440; as it is where it has no such form."""
    caret = re.fullmatch(r"\^\s*((\d+)[\d.]*)", said)
    if caret and caret[2] != "0":
        return f">={caret[1]},<{int(caret[2]) + 1}"
    return "" if said == "*" else f"=={said}" if re.fullmatch(r"\d[\w.]*", said) else said


def _value(text: str, node: Node, new: Stated) -> str:
    """The version of the new distribution, under the conditions that the old one had."""
    raw = text[node.value : node.end]
    quote = "'" if raw.startswith("'") else '"'
    version = f"{quote}{new.version or '*'}{quote}"
    conditions = [text[i.start : i.end] for i in node.items or () if i.keys[0].text in _CONDITIONS]
    extras = [f"extras = [{', '.join(f'{quote}{extra}{quote}' for extra in new.extras)}]"] if new.extras else []
    if not extras and not conditions:
        return version
    return f"{{{_pad(raw)}{', '.join([f'version = {version}', *extras, *conditions])}{_pad(raw)}}}"


def _pad(raw: str) -> str:
    return " " if raw.startswith("{ ") else ""


def _sources(layout: Layout, text: str, rule: Dependency) -> Iterator[Finding]:
    """Where the old distribution was taken from: that goes with it."""
    for node in layout.nodes:
        if not _fits(node.full[:-1], _SOURCES) or canonical(node.full[-1]) != canonical(rule.old):
            continue
        if node.kind == "=" and len(node.keys) == 1 and _is_line(text, node):
            said = f"the source of {node.full[-1]} goes: see what was different there"
            [edits] = cut(text, [line_around(text, node.start, node.end)])
            yield Finding(node.start, rule.id, Status.REVIEW, said, edits)
        else:
            yield Finding(node.keys[-1].start, rule.id, Status.MANUAL, f"take the source of {node.full[-1]} out", ())
