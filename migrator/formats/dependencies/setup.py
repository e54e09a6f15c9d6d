"""Dependencies of setuptools: the options of setup.cfg and tox.ini, the lists that setup.py hands to `setup()`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from migrator.fates.names import Names
from migrator.formats.dependencies.arrays import Array, Item
from migrator.formats.dependencies.lines import within
from migrator.formats.dependencies.stated import Edits, Manner, Stated, read, settle, spelt
from migrator.formats.ini import SECTION
from migrator.formats.search import lines
from migrator.line_ends import line_starts
from migrator.patterns import canonical
from migrator.python.reading.expressions import callee_of
from migrator.sites import Edit, Finding

_ARGUMENTS = ("install_requires", "extras_require", "tests_require")
_OPTION = re.compile(r"([\w.-]+)[ \t]*[=:]([^\r\n]*)")
_PLAIN = re.compile(r"[rRuU]?(['\"])([^'\"\\\r\n]*)\1")
_PART = re.compile(r"[^;\r\n]+")


# ------------------------------------------------------------------------------------------------------ setup.cfg


def in_options(text: str, names: Names, kept: frozenset[str]) -> Iterator[Finding]:
    """What becomes of the old distributions in an ini file."""
    for section, option, start, end in _values(text):
        group = option if section == "options.extras_require" else ""
        listed = section == "options" and option in _ARGUMENTS
        if not (listed or group or (section.startswith("testenv") and option == "deps")):
            continue
        first = text.find("\n", start, end) + 1
        for rule in names.rules.dependencies:
            manner = Manner(rule.id in kept, group=group)
            if first:
                yield from settle(within(text, first, end), rule, manner)
            yield from settle(_InLine(_in_line(text, start, first or end)), rule, manner)


def _values(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Section, option, and where its value starts and ends: with the indented lines that follow."""
    section, option, start = "", "", 0
    end = 0
    for at, line in lines(text):
        header, assigned = SECTION.match(line), _OPTION.match(line)
        if line[:1] in " \t" or not line.strip() or line.lstrip().startswith(("#", ";")):
            end = at + len(line) if line[:1] in " \t" and line.strip() else end
            continue
        if option:
            yield section, option, start, end
            option = ""
        if header:
            section = header[1]
        elif assigned:
            option, start, end = assigned[1], at + assigned.start(2), at + len(line)
    if option:
        yield section, option, start, end


def _in_line(text: str, start: int, end: int) -> list[Stated]:
    """Requirements on the line of the option itself, apart by `;`, which may mean a marker as well."""
    value = text[start:end]
    if any(word in value for word in ("python_version", "sys_platform", "platform_")):
        parts = [(0, value.rstrip("\r\n"))]
    else:
        parts = [(match.start(), match[0]) for match in _PART.finditer(value)]
    return [one for at, part in parts if part.strip() and (one := read(part.rstrip(), start + at))]


@dataclass(frozen=True, slots=True)
class _InLine:
    """`install_requires = a; b`."""

    stated: Sequence[Stated]

    def instead(self, one: Stated, new: Stated) -> Edits:
        return (Edit(one.begin, one.end, spelt(new)),)

    def beside(self, one: Stated, *new: Stated) -> Edits:
        return (Edit(one.end, one.end, "".join(f"; {spelt(each)}" for each in new)),)

    def without(self, gone: Sequence[Stated]) -> Sequence[Edits]:
        return [()] * len(gone)


# ------------------------------------------------------------------------------------------------------- setup.py


def in_setup(text: str, names: Names, kept: frozenset[str]) -> Iterator[Finding]:
    """What becomes of the old distributions in the lists of a setup.py. Raises SyntaxError where it is no Python."""
    tree = ast.parse(text)
    starts = [*line_starts(text), len(text)]

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(text[starts[line - 1] : starts[line]].encode()[:column].decode())

    for group, node in _lists(tree):
        items = []
        for element in node.elts:
            begin = offset(element.lineno, element.col_offset)
            end = offset(element.end_lineno or 0, element.end_col_offset or 0)
            items.append(Item(begin, end, _constant(text, begin, end, element)))
        array = Array(text, items)
        for rule in names.rules.dependencies:
            place = _locked(array, canonical(rule.old)) if isinstance(node, ast.Tuple) and len(items) < 3 else array
            yield from settle(place, rule, Manner(rule.id in kept, group=group))


def _constant(text: str, begin: int, end: int, element: ast.expr) -> Stated | None:
    """The requirement of a string; one that is spelt in another way than plainly is not edited."""
    if not isinstance(element, ast.Constant) or not isinstance(element.value, str):
        return None
    plain = _PLAIN.fullmatch(text, begin, end)
    if plain:
        return read(plain[2], plain.start(2))
    one = read(element.value)
    if one is None:
        return None
    locked = f"{one.name} stands in a string of an unusual form: change it by hand"
    return replace(one, begin=begin, end=end, locked=locked)


def _locked(array: Array, old: str) -> Array:
    """A tuple so short that a change could leave none."""
    items = [
        replace(i, stated=replace(i.stated, locked=f"{i.stated.name} stands in a tuple: change it by hand"))
        if i.stated and canonical(i.stated.name) == old
        else i
        for i in array.items
    ]
    return replace(array, items=items)


def _lists(tree: ast.Module) -> Iterator[tuple[str, ast.List | ast.Tuple | ast.Set]]:
    """The lists that reach the requirements of `setup()`, by name as well, with the extra that each belongs to."""
    bound: dict[str, list[tuple[str, ast.expr]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value:
            for to in node.targets if isinstance(node, ast.Assign) else [node.target]:
                key = _text(to.slice) if isinstance(to, ast.Subscript) else ""
                to = to.value if isinstance(to, ast.Subscript) else to
                if isinstance(to, ast.Name):
                    bound.setdefault(to.id, []).append((key, node.value))
    reached: set[str] = set()
    seen: set[int] = set()
    todo = [
        ("", k.value)
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and _is_setup(n)
        for k in n.keywords
        if k.arg in _ARGUMENTS
    ]
    while todo:
        group, value = todo.pop()
        if isinstance(value, ast.Name) and value.id not in reached:
            reached.add(value.id)
            todo += [(key or group, inner) for key, inner in bound.get(value.id, ())]
        elif isinstance(value, ast.List | ast.Tuple | ast.Set) and id(value) not in seen:
            seen.add(id(value))
            yield group, value
            todo += [(group, e.value) for e in value.elts if isinstance(e, ast.Starred)]
        elif isinstance(value, ast.Dict):
            todo += [(_text(k) or group, v) for k, v in zip(value.keys, value.values, strict=True)]
        elif isinstance(value, ast.BinOp):
            todo += [(group, value.left), (group, value.right)]
        elif isinstance(value, ast.IfExp):
            todo += [(group, value.body), (group, value.orelse)]
        elif isinstance(value, ast.Call):
            todo += [(group, argument) for argument in value.args]


def _is_setup(call: ast.Call) -> bool:
    name = callee_of(call)
    return name == "setup"


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
