"""What statements that go leave behind: the imports that only they used, and what was only there around them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from migrator.python import statements
from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of
from migrator.python.reading.outline import ImportStatement
from migrator.python.reading.source import Source
from migrator.sites import Edit, Finding, Status

Block = list[ast.stmt]
# Comments that are more than a word on the next line: rulers, what tools are told, what is to be done, code.
_TOLD = r"[\w-]+:|fmt|noqa|pragma|region|endregion|TODO|FIXME|XXX"
_CODE = r"[\w.]+(?:[ \t]*=|\()|(?:from[ \t]+\S+[ \t]+)?import[ \t]"
_OWN = re.compile(rf"#(?:!|[ \t]*(?:%%|[-=#*~_\u2500-\u257f]{{3}}|(?:{_TOLD})(?!\w)|{_CODE}))")


class Emptied(NamedTuple):
    """A statement all of whose own statements go, with its block."""

    node: ast.stmt
    block: Block


def held(statement: ast.stmt) -> Block | None:
    """The statements that a choice is made of, or whose errors something only hides; None for anything else."""
    match statement:
        case ast.If():
            return [*statement.body, *statement.orelse]
        case ast.Try(orelse=[], finalbody=[]) if all(map(_hides, statement.handlers)):
            return statement.body
        case ast.With(items=[ast.withitem(context_expr=ast.Call() as call, optional_vars=None)]):
            return statement.body if callee_of(call) == "suppress" else None
    return None


def _hides(handler: ast.ExceptHandler) -> bool:
    return all(isinstance(each, ast.Pass | ast.Continue) for each in handler.body)


def emptied(source: Source, goes: Callable[[ast.stmt], bool]) -> list[Emptied]:
    """The outermost ones of a module, without those that are an `elif` or hold a comment on something else."""
    found: list[Emptied] = []
    inside: set[int] = set()
    for parent in source.nodes:
        blocks = [getattr(parent, name, None) for name in ("body", "orelse", "finalbody")]
        for block in (block for block in blocks if isinstance(block, list)):
            for node in block:
                if held(node) is not None and id(node) not in inside and goes(node):
                    inside |= {id(each) for each in ast.walk(node)}
                    found += [Emptied(node, block)] if _is_alone(source, node) else []
    return found


def _is_alone(source: Source, node: ast.stmt) -> bool:
    start, end = source.start(node), source.line_end(source.end(node))
    if source.text.startswith("elif", start):
        return False
    lines = [each for each in ast.walk(node) if isinstance(each, ast.stmt) and not hasattr(each, "body")]
    rest, at = "", start
    for each in sorted(lines, key=source.start):  # a comment on the line of what goes, or above it, is about that
        rest, at = rest + source.text[at : commented(source, each)], source.line_end(source.end(each))
    return "#" not in rest + source.text[at:end]


def commented(source: Source, statement: ast.stmt) -> int:
    """Where the comment directly above a statement begins, without its indentation; the statement itself for none."""
    start, indent = source.start(statement), source.indent(statement)
    first, line = start, source.line_start(start)
    if source.text[line:start].strip():
        return start
    while line:
        above = source.text[source.line_start(line - 1) : line].removeprefix("\ufeff")
        if not above.startswith(f"{indent}#"):
            return first
        if _OWN.match(above, len(indent)):
            return start
        line = source.line_start(line - 1)
        first = line + len(indent)
    return start  # what opens a file is about that


def top(source: Source, statement: ast.stmt, block: Block, goes: Callable[[ast.stmt], bool]) -> int:
    """Where what goes with a statement begins: at the comment above it, unless that is about what follows as well."""
    at = block.index(statement)
    for following in block[at + 1 :]:
        end = source.line_end(source.end(block[at]))
        if not source.text[end : source.line_end(end)].strip() or source.text[end:].lstrip().startswith("#"):
            break
        if not goes(following):
            return source.start(statement)
        at += 1
    return commented(source, statement)


def blank(lines: Iterable[str]) -> int:
    """How many lines, from the first, are blank."""
    return sum(1 for _ in takewhile(lambda line: not line.strip(), lines))


def blank_above(source: Source, at: int) -> int:
    """How many characters of blank lines end at the beginning of a line."""
    above = source.text[:at].splitlines(keepends=True)
    return sum(map(len, above[len(above) - blank(reversed(above)) :]))


def otherwise(source: Source, statement: ast.stmt, block: Block) -> Edit | None:
    """The edit that takes an `else` out with the one statement in it; None where something else is on their lines."""
    choice = source.parents.get(id(statement))
    if not isinstance(choice, ast.If) or block is not choice.orelse or len(block) > 1:
        return None
    first, last = source.line_end(source.end(choice.body[-1])), source.line_end(source.end(statement))
    before, after = source.text[first : commented(source, statement)], source.text[source.end(statement) : last]
    if before.strip() != "else:" or after.strip():
        return None
    above = source.text[:first]
    return Edit(first if source.text[:last].endswith("\n") else len(above.rstrip("\r\n")), last, "")


def shared_out(edit: Edit, ends: Sequence[int]) -> list[Edit]:
    """An edit that takes something out in pieces, one up to each end but the last, which goes as far as the edit."""
    starts = [edit.start, *ends[:-1]]
    stops = [*ends[:-1], edit.end]
    texts = [edit.text, *("" for _ in ends[1:])]
    return [Edit(*piece) for piece in zip(starts, stops, texts, strict=True)]


def imports(
    module: Module, names: Collection[str], cut: Callable[[ast.stmt, Block, None], None]
) -> Iterator[tuple[set[str], Finding | None]]:
    """The names that the imports of a module are without, and the finding that says so; `cut` takes whole statements.

    Of `names`, which nothing uses any more, those stay that others may have from here, that a `try` probes for, that
    a `noqa` keeps, and those of a statement that gives something of the library.
    """
    for statement in module.found.imports:
        node = statement.node
        locals_ = {alias.asname or alias.name.partition(".")[0]: alias for alias in node.names}
        gone = {name for name in names if name in locals_ and _is_only(module, name)}
        gone = {name for name in gone if _may_go(module, statement) and not _is_taken(module, name)}
        if not gone:
            continue
        start, end = module.source.start(node), module.source.end(node)
        rest = [alias for name, alias in locals_.items() if name not in gone]
        if not rest:
            cut(node, statement.block, None)
            yield gone, None
            continue
        if isinstance(node, ast.ImportFrom):
            taken = {locals_[name].name for name in gone}
            edit = Edit(start, end, statements.without_names(module.source.segment(node), taken)[0])
        else:
            edit = Edit(start, end, "import " + ", ".join(map(module.source.segment, rest)))
        said = f"{', '.join(sorted(gone))} → nothing: only what goes used it"
        yield gone, Finding(start, module.names.library_rule, Status.MIGRATED, said, (edit,))


def _is_taken(module: Module, name: str) -> bool:
    index, facts = module.index, module.facts
    return index.is_taken(facts, name) or index.processes().take(facts.path, name)


def _is_only(module: Module, name: str) -> bool:
    """Whether a name is bound once in its module."""
    bound = [b for scope in module.found.scopes for b in scope.bindings.get(name, ())]
    return len(bound) == 1


def _may_go(module: Module, statement: ImportStatement) -> bool:
    source, node = module.source, statement.node
    lines = source.text[source.line_start(source.start(node)) : source.line_end(source.end(node))]
    bound = (target for a in node.names for target in module.facts.bound.get(a.asname or a.name.partition(".")[0], ()))
    if "noqa" in lines or any(alias.name == "*" for alias in node.names):
        return False
    probes = any(statement.block is t.body for t in module.found.tries)
    return not probes and not any(map(module.index.names.fate, map(module.index.canonical, filter(None, bound))))
