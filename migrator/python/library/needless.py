"""Statements that go: those that only set what nothing reads any more, and the imports that nothing needs then."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from migrator.fates.library import Fate
from migrator.python.library import call_state, unneeded
from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, parts_of, text_value
from migrator.python.reading.outline import Reference
from migrator.sites import Edit, Finding, Status

if TYPE_CHECKING:
    from migrator.python.library.references import Use


# Calls that only give a value, as those of anything called `get_…` do.
_IDLE = {
    "bool", "dict", "float", "getattr", "hasattr", "int", "isinstance", "len", "list", "set", "str", "tuple",
    "os.environ.get", "os.getenv", "environ.get", "getenv", "httpx.Timeout", "Path", "pathlib.Path",
}  # fmt: skip
_IDLE_METHODS = {
    "casefold", "endswith", "format", "get", "join", "lower", "removesuffix", "removeprefix", "replace", "rstrip",
    "split", "startswith", "strip", "upper",
}  # fmt: skip


class _Cut(NamedTuple):
    """A statement that is to go, with its block, the rule that says so, and the value that stays for what it does."""

    statement: ast.stmt
    block: list[ast.stmt]
    fate: Fate | None = None
    kept: ast.expr | None = None


def _note(found: dict[int, tuple[ast.stmt, list[ast.stmt]]], statement: ast.stmt, block: list[ast.stmt]) -> None:
    for target in _targets(statement):
        found[id(target)] = statement, block
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        found[id(statement.value)] = found[id(statement.value.func)] = statement, block
    for operand in _operands(statement.test) if isinstance(statement, ast.If) else ():
        found[id(operand)] = statement, block


def _operands(test: ast.expr) -> list[ast.expr]:
    """What has to hold, one by one: `a and b`."""
    return test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]


class Cuts:
    """The statements of a module that are to go, each with its block: the last one of a block leaves a `pass`."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._going: dict[int, _Cut] = {}
        self._emptied: set[int] = set()  # ids of the conditions of which nothing is left
        self._guards: list[ast.If] = []  # conditions that ask for what they set alone

    @cached_property
    def _of(self) -> dict[int, tuple[ast.stmt, list[ast.stmt]]]:
        """Id of a target or a call -> its statement, and the block of that."""
        found: dict[int, tuple[ast.stmt, list[ast.stmt]]] = {}
        for node in self.module.source.nodes:
            for block in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
                if isinstance(block, list):
                    for statement in block:
                        _note(found, statement, block)
        return found

    def takes(self, use: Use) -> bool:
        """Whether a use is a target, or the function called, of a statement that can go; it goes then."""
        statement = self._without(use)
        if statement is None:
            return False
        fates = (self._fate(target) for target in _targets(statement))
        worst = next((fate for fate in fates if fate and fate.status is Status.REVIEW), use.fate)
        value = getattr(statement, "value", None) if not isinstance(statement, ast.Expr) else None
        self._take(self._of[id(use.reference.nodes[-1])], worst, value)
        return True

    def can_take(self, use: Use) -> bool:
        """Whether `takes` would have a statement go."""
        return self._without(use) is not None

    def _without(self, use: Use) -> ast.stmt | None:
        """The statement that can go, a target of which, or the function called, a use is."""
        found = self._of.get(id(use.reference.nodes[-1]))
        if found is None or use.own != len(use.reference.parts):
            return None
        statement = found[0]
        fates = [self._fate(target) for target in _targets(statement)]
        if not all(fate is not None and fate.kind == "needless" for fate in fates):
            return None
        if isinstance(statement, ast.Expr):
            call = statement.value
            assert isinstance(call, ast.Call)
            if not all(self.is_plain(value) for value in (*call.args, *(k.value for k in call.keywords))):
                return None
        return statement

    def _take(self, found: tuple[ast.stmt, list[ast.stmt]], fate: Fate, value: ast.expr | None) -> None:
        if id(found[0]) not in self._going:
            kept = value if value is not None and not self.is_plain(value) else None
            self._going[id(found[0])] = _Cut(*found, fate, kept)

    def takes_texts(self, use: Use) -> bool:
        """Whether a use is a list in a statement that only puts texts into it, or empties one nothing fills."""
        fate, parts = use.fate, use.reference.parts
        if parts[-1] in ("append", "extend") and use.own == len(parts) - 1:
            found = self._of.get(id(use.reference.nodes[-1]))
            if found and isinstance(found[0], ast.Expr) and isinstance(found[0].value, ast.Call):
                return self._cut_texts(found, fate, *found[0].value.args)
        found = self._of.get(id(use.reference.nodes[-1]))
        value = getattr(found[0], "value", None) if found else None
        only = found is not None and len(_targets(found[0])) == 1 and isinstance(value, ast.List)
        return found is not None and only and use.own == len(parts) and self._cut_texts(found, fate, value)

    def _cut_texts(self, found: tuple[ast.stmt, list[ast.stmt]], fate: Fate, *values: ast.expr | None) -> bool:
        items = [i for v in values for i in (v.elts if isinstance(v, ast.List | ast.Tuple) else [v])]
        if any(text_value(item) is None for item in items):
            return False
        if not items and call_state.are_filled(self.module.index):
            return False
        named = replace(fate, status=Status.REVIEW, message=fate.texts)
        if not items:
            named = replace(fate, status=Status.MIGRATED, message="no callback is ever in it")
        self._going.setdefault(id(found[0]), _Cut(*found, named))
        return True

    def takes_call(self, call: ast.Call, fate: Fate) -> bool:
        """The same for `setattr(litellm, "drop_params", True)`, and `delattr`."""
        found = self._of.get(id(call))
        if found is None or parts_of(call.func) not in {("setattr",), ("delattr",)}:
            return False
        self._take(found, fate, call.args[2] if len(call.args) > 2 else None)
        return True

    def takes_guard(self, call: ast.Call) -> bool:
        """Whether `if hasattr(litellm, "set_verbose")` has only what goes; it goes then, with what else it asks."""
        guard, _ = self._of.get(id(call), (None, []))
        if not isinstance(guard, ast.If) or guard.orelse or parts_of(call.func) != ("hasattr",):
            return False
        if not self.is_plain(guard.test) or not all(map(self._goes_whole, guard.body)):
            return False
        self._guards.append(guard)
        return True

    def cut(self, statement: ast.stmt, block: list[ast.stmt], fate: Fate | None) -> None:
        """Have a statement go whose finding is made elsewhere."""
        self._going[id(statement)] = _Cut(statement, block, fate)

    def goes(self, statement: ast.stmt) -> bool:
        return id(statement) in self._going

    def covers(self, use: Use) -> bool:
        """Whether a use stands in what goes."""
        return self.covers_place(self.module.source.start(use.reference.nodes[0]))

    def covers_place(self, start: int) -> bool:
        tests = [(self.module.source.start(g.test), self.module.source.end(g.test)) for g in self._guards]
        lost = (place for cut in self._going.values() for place in self._lost(cut))
        return any(first <= start < last for first, last in (*tests, *lost))

    def _lost(self, cut: _Cut) -> list[tuple[int, int]]:
        """Where what goes of a statement stands."""
        source = self.module.source
        start, end = source.start(cut.statement), source.end(cut.statement)
        if cut.kept is None:
            return [(start, end)]
        first, last = source.start(cut.kept), source.end(cut.kept)
        if isinstance(cut.statement, ast.Expr):
            return [(start, first), (last, end)]
        equals = source.text.rindex("=", start, first) + 1
        return [(start, equals + len(source.text[equals:]) - len(source.text[equals:].lstrip(" \t")))]

    @cached_property
    def _references(self) -> dict[int, Reference]:
        return {id(reference.nodes[-1]): reference for reference in self.module.found.references}

    @cached_property
    def _spelled(self) -> Counter[str]:
        return _names_in(self.module.source.tree)

    def _fate(self, node: ast.expr) -> Fate | None:
        reference = self._references.get(id(node))
        dotted = self.module.meaning(reference.parts, reference.scope) if reference else None
        return self.module.names.fate(self.module.index.canonical(dotted)) if dotted else None

    def is_plain(self, value: ast.expr) -> bool:
        """Whether nothing happens when an expression goes."""
        for node in ast.walk(value):
            if isinstance(node, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
                return False
            if isinstance(node, ast.Call) and not self._is_idle(node):
                return False
        return True

    def _is_idle(self, call: ast.Call) -> bool:
        """Whether a call only gives a value."""
        parts = parts_of(call.func)
        if isinstance(call.func, ast.Attribute) and call.func.attr in _IDLE_METHODS:
            return True
        if (len(parts) == 1 and parts[0] in _IDLE) or ".".join(parts) in _IDLE or callee_of(call).startswith("get_"):
            return True
        fate = self._fate(call.func)
        return fate is not None and fate.kind == "needless"

    def _lone(self, roots: Iterable[ast.stmt]) -> set[str]:
        """The imported names that nothing but these statements uses, which go."""
        module = self.module
        lost = sum(map(_names_in, roots), Counter[str]())
        imported = {a.asname or a.name.partition(".")[0] for s in module.found.imports for a in s.node.names}
        lone = {n for n in lost if n in imported and self._spelled[n] == lost[n]}
        return {n for n in lone if not any(map(module.names.fate, module.facts.bound.get(n, ())))}

    def _goes_whole(self, statement: ast.stmt) -> bool:
        """Whether nothing of a statement stays: it goes, or was only there for what goes."""
        cut, held = self._going.get(id(statement)), unneeded.held(statement)
        if cut is not None or held is None:
            return cut is not None and cut.kept is None
        if isinstance(statement, ast.If) and statement not in self._guards:
            told = any(self._fate(e) for e in ast.walk(statement.test) if isinstance(e, ast.Name | ast.Attribute))
            if told or not self.is_plain(statement.test):
                return False
        return all(map(self._goes_whole, held))

    def _removed(self, statement: ast.stmt, block: list[ast.stmt]) -> Edit:
        """The edit that takes a statement out of its block, which must not end up without any."""
        if statement is block[0] and self._is_whole(block):
            source, end = self.module.source, self.module.source.end(statement)
            line = source.text[end : source.line_end(end)]
            rest = len(line.rstrip()) if line.lstrip().startswith("#") else 0
            stand_in = Edit(self._top(statement, block), end + rest, "pass")
            return unneeded.otherwise(source, statement, block) or stand_in
        return self._gone(statement, block)

    def edits(self) -> tuple[Edit, ...]:
        """The edits of all findings together."""
        return tuple(edit for finding in self.findings() for edit in finding.edits)

    def findings(self) -> Iterator[Finding]:
        """A finding for every statement that goes, and for every import that nothing needs then."""
        if not self._going:
            return
        source = self.module.source
        whole = unneeded.emptied(source, self._goes_whole)
        inner = {id(n): node for node, _ in whole for n in ast.walk(node) if id(n) in self._going}
        roots: list[ast.stmt] = [node for node, _ in whole]
        roots += [c.statement for each, c in self._going.items() if each not in inner and c.kept is None]
        lone = self._lone(roots)
        found = list(unneeded.imports(self.module, lone, self.cut))
        lone = lone.difference(*(names for names, _ in found))
        self._emptied = {id(node) for node, _ in whole}
        pieces: dict[int, Edit] = {}
        for node, block in whole:
            going = sorted((self._going[i].statement for i in inner if inner[i] is node), key=source.start)
            edits = unneeded.shared_out(self._removed(node, block), [source.end(each) for each in going])
            pieces.update(zip(map(id, going), edits, strict=True))
        for each, (statement, block, fate, kept) in list(self._going.items()):
            idle = "" if kept else ", ".join(sorted(lone & {*_names_in(statement)}))
            places: tuple[Edit, ...]
            if kept is not None:
                places = tuple(Edit(*place, "") for place in self._lost(self._going[each]))
            else:
                places = (pieces.get(each) or self._removed(statement, block),)
            rule = fate.rule if fate else self.module.names.library_rule
            status = Status.REVIEW if kept or idle else fate.status if fate else Status.MIGRATED
            said = f"{_first_line(statement)} → {_first_line(kept) if kept else 'nothing'}"
            said += f": {fate.message}" if fate else ""
            said += f"; {idle} is imported for nothing now" if idle else ""
            yield Finding(source.start(statement), rule, status, said, places)
        yield from (finding for _, finding in found if finding)

    def _is_whole(self, block: list[ast.stmt]) -> bool:
        """Whether nothing of a block stays, which then needs a `pass`."""
        return block is not self.module.source.tree.body and all(map(self._leaves_nothing, block))

    def _leaves_nothing(self, statement: ast.stmt) -> bool:
        cut = self._going.get(id(statement))
        return id(statement) in self._emptied or (cut is not None and cut.kept is None)

    def _ends(self, statement: ast.stmt, block: list[ast.stmt]) -> bool:
        """Whether a block, of which something stays, has nothing left from a statement on."""
        rest = block[block.index(statement) :]
        source = self.module.source
        if block is source.tree.body and source.text[source.end(block[-1]) :].strip():
            return False
        return len(rest) < len(block) and all(map(self._leaves_nothing, rest)) and not self._is_whole(block)

    def _top(self, statement: ast.stmt, block: list[ast.stmt]) -> int:
        return unneeded.top(self.module.source, statement, block, self._leaves_nothing)

    def _blank_after(self, statement: ast.stmt, block: list[ast.stmt], end: int) -> int:
        """How much of the blank lines after a statement goes: around a run of them, the most stay.

        None stay at the top of a module or of an indented block.
        """
        source, index = self.module.source, block.index(statement)
        first = index
        top = self._top(statement, block)
        while first and self._leaves_nothing(block[first - 1]):
            if source.text[source.line_end(source.end(block[first - 1])) : top].strip():
                break  # a comment that stays
            first -= 1
            top = self._top(block[first], block)
        above = source.text[: source.line_start(top)].splitlines(keepends=True)
        after = source.text[end:].splitlines(keepends=True)
        before = "".join(above).strip("\ufeff \t\r\n")
        opens = not first and block is not source.tree.body and before.endswith(":")
        if not before or (opens and not self._is_whole(block)):
            return sum(map(len, after[: unneeded.blank(after)]))
        there = [unneeded.blank(reversed(above))]
        there += [
            unneeded.blank(source.text[source.line_end(source.end(s)) :].splitlines()) for s in block[first:index]
        ]
        return sum(map(len, after[: min(max(there), unneeded.blank(after))]))

    def _gone(self, statement: ast.stmt, block: list[ast.stmt]) -> Edit:
        """The edit that takes a statement out with its line, or out of a line that it shares."""
        source = self.module.source
        start, end = source.start(statement), source.end(statement)
        first, last = source.line_start(start), source.line_end(end)
        after = source.text[end:last].strip()
        if not source.text[first:start].strip() and (not after or after.startswith("#")):
            first = source.line_start(self._top(statement, block))
            if self._ends(statement, block):
                return Edit(first - unneeded.blank_above(source, first), last, "")
            return Edit(first, last + self._blank_after(statement, block, last), "")
        if after.startswith(";"):
            semicolon = source.text.index(";", end)
            rest = source.text[semicolon + 1 : last]
            return Edit(start, semicolon + 1 + len(rest) - len(rest.lstrip(" \t")), "")
        before = source.text[first:start].rstrip()
        if before.endswith(";"):
            return Edit(first + len(before) - 1, end, "")
        return Edit(start, end, "pass")


def _targets(statement: ast.stmt) -> list[ast.expr]:
    """What a statement sets or deletes, one by one."""
    if isinstance(statement, ast.Assign | ast.Delete):
        return [t for target in statement.targets for t in _flat(target)]
    return [statement.target] if isinstance(statement, ast.AugAssign | ast.AnnAssign) else []


def _flat(target: ast.expr) -> list[ast.expr]:
    return [t for e in target.elts for t in _flat(e)] if isinstance(target, ast.Tuple | ast.List) else [target]


def _names_in(node: ast.AST) -> Counter[str]:
    return Counter(n.id for n in ast.walk(node) if isinstance(n, ast.Name))


def _first_line(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]
