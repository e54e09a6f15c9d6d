"""The parts a client module is put together from: which a set of names needs, and their imports as one block.

What there is stands in `templates/parts.toml`, beside the text of each part. To add one, write its text, a table in
that file, and the names it provides into a pack's `[[moved]]` rule with `to = "{client}"`.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
_IMPORT = re.compile(r"(?:import (?P<plain>[\w.]+)|from (?P<module>[\w.]+) import (?P<names>[\w, ]+))")


@dataclass(frozen=True, slots=True)
class Part:
    """One part, as `templates/parts.toml` describes it."""

    name: str
    provides: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)  # none are all
    dependency: str = ""
    around: bool = False


@cache
def _every() -> tuple[Part, ...]:
    data = tomllib.loads((TEMPLATES / "parts.toml").read_text(encoding="utf-8"))
    return tuple(Part(name, **row) for name, row in data["part"].items())


@cache
def of(target: str) -> tuple[Part, ...]:
    """The parts that there are for a target, in the order in which they stand in a module."""
    return tuple(part for part in _every() if not part.targets or target in part.targets)


@cache
def around(target: str) -> frozenset[str]:
    """The public names of parts that the functions of the module work with."""
    return frozenset(name for part in of(target) if part.around for name in part.provides)


@cache
def provided(target: str) -> frozenset[str]:
    """The public names that parts provide."""
    return frozenset(name for part in of(target) for name in part.provides)


def needed(target: str, names: Iterable[str], of_functions: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The names, and the parts and functions that these need in turn.

    `of_functions` says what each function needs. Names that nothing provides are left as they are.
    """
    found, open_ = set[str](), list(names)
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += of_functions.get(name, ())
            open_ += [part.name for part in of(target) if name in part.provides]
            open_ += [need for part in of(target) if part.name == name for need in part.needs]
    return frozenset(found)


def dependencies(target: str, names: Iterable[str]) -> tuple[str, ...]:
    """The requirements that the parts which provide these names add, sorted."""
    wanted = needed(target, names, {})
    return tuple(sorted({part.dependency for part in of(target) if part.dependency and part.name in wanted}))


# ---------------------------------------------------------------------------------------------------------- imports


def joined(texts: Iterable[str], width: int, own: str = "") -> str:
    """The texts, with the imports that each begins with before them all: those that are used, as isort sorts them.

    `own` is an import of the project's own, which comes last.
    """
    bodies, statements = list[str](), list[str]()
    for text in texts:
        imports, body = _parted(text)
        statements += imports
        bodies.append(body)
    joined_ = "\n\n\n".join(bodies)
    block = "\n\n".join(filter(None, (_imports(statements, joined_, width), own)))
    if not block:
        return joined_
    return block + ("\n\n\n" if joined_.startswith(("def ", "async def ", "class ", "@")) else "\n\n") + joined_


def _parted(text: str) -> tuple[list[str], str]:
    lines = text.strip("\n").split("\n")
    count = next((n for n, line in enumerate(lines) if line and not _IMPORT.fullmatch(line)), len(lines))
    return [line for line in lines[:count] if line], "\n".join(lines[count:]).strip("\n")


def _imports(statements: Iterable[str], body: str, width: int) -> str:
    """The statements as one block: the standard library first, whole modules before names, nothing twice or unused."""
    used = set(re.findall(r"(?<![\w.])\w+", body))
    plain, names = set[str](), dict[str, set[str]]()
    for statement in statements:
        match = _IMPORT.fullmatch(statement)
        assert match is not None
        if match["plain"]:
            plain |= {match["plain"]} if match["plain"].partition(".")[0] in used else set()
        else:
            wanted = {name for name in match["names"].split(", ") if name.rpartition(" ")[2] in used}
            names.setdefault(match["module"], set()).update(wanted)
    groups = []
    for standard in (True, False):
        lines = [f"import {m}" for m in sorted(plain) if _is_standard(m) is standard]
        modules = sorted(m for m in names if names[m] and _is_standard(m) is standard)
        groups.append("\n".join([*lines, *(_import(m, names[m], width) for m in modules)]))
    return "\n\n".join(filter(None, groups))


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _import(module: str, names: Iterable[str], width: int) -> str:
    ordered = list(_by_kind(names))
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= width:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"


def _by_kind(names: Iterable[str]) -> Iterator[str]:
    """Constants, then classes, then the others."""
    return iter(sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name.lower())))
