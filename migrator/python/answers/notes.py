"""One walk over a module that notes what its variables are given, what its functions give, and what tests tell."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from migrator.python.answers.given import (
    PUTTING,
    Alias,
    Given,
    Put,
    aliases,
    assigned,
    called,
    merged,
    removed,
    set_by_names,
    targets,
)
from migrator.python.reading.expressions import Parts, callee_of, parts_of

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_SCOPES = (*_FUNCTIONS, ast.ClassDef, ast.Module)
LOOPS = (ast.For, ast.AsyncFor)


class Told(NamedTuple):
    """What `isinstance(chain, types)` tells of a chain wherever it holds, or does not.

    Without types, the chain has not all of some attributes, as `hasattr` tells.
    """

    chain: Parts
    types: ast.expr | None
    holds: bool
    lacks: tuple[str, ...] = ()


@dataclass(slots=True)
class Notes:
    """What was noted, by the id of a node where not said otherwise."""

    parents: dict[int, ast.AST] = field(default_factory=dict)
    given: dict[int, Given] = field(default_factory=dict)  # by target
    gives: dict[int, list[ast.expr]] = field(default_factory=dict)  # function -> what it returns
    yields: dict[int, list[Given]] = field(default_factory=dict)  # function -> what it yields
    told: dict[int, tuple[Told, ...]] = field(default_factory=dict)  # the tests that hold where a name is read
    calls: dict[str, list[ast.Call]] = field(default_factory=dict)  # last name of what is called -> the calls
    handed: dict[str, list[tuple[ast.Call, ast.expr]]] = field(
        default_factory=dict
    )  # last name of an argument -> calls
    puts: dict[str, list[Put]] = field(default_factory=dict)  # last name of a container -> what is put into it
    aliases: dict[str, list[Alias]] = field(default_factory=dict)  # name -> what else leads to it
    kept: dict[str, list[tuple[ast.expr, ast.Name]]] = field(
        default_factory=dict
    )  # attribute -> what has it, and a variable that is given it: `items = self.items`
    set_by_names: list[ast.expr] = field(default_factory=list)  # what gets attributes by names of a run
    caught: set[str] = field(default_factory=set)  # names of errors that are handled

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """What a node stands in, the nearest first."""
        at = self.parents.get(id(node))
        while at is not None:
            yield at
            at = self.parents.get(id(at))

    def is_added_to(self, target: ast.AST) -> bool:
        """Whether a target is that of `x += value`, which leaves the name what it is."""
        return isinstance(self.parents.get(id(target)), ast.AugAssign)

    def block(self, node: ast.AST) -> list[ast.stmt]:
        """The statements that a statement stands among; nothing for what is none."""
        above = self.parents.get(id(node))
        blocks = (b for _, b in ast.iter_fields(above) if isinstance(b, list)) if above else ()
        return next((b for b in blocks if node in b), []) if isinstance(node, ast.stmt) else []

    def following(self, node: ast.AST) -> ast.stmt | None:
        """The statement after another one in its block."""
        block = self.block(node)
        return next(iter(block[block.index(node) + 1 :]), None) if isinstance(node, ast.stmt) and block else None

    def is_within(self, node: ast.AST, outer: ast.AST) -> bool:
        return node is outer or any(each is outer for each in self.above(node))


def note(tree: ast.Module) -> Notes:
    """Walk a module, without recursion: generated code nests deeply."""
    notes = Notes()
    waiting: list[tuple[ast.AST, ast.AST | None, tuple[Told, ...]]] = [(tree, None, ())]
    while waiting:
        node, function, told = waiting.pop()
        _note(notes, node, function)
        if (of := set_by_names(node)) is not None:
            notes.set_by_names.append(of)
        if told and isinstance(node, ast.Name):
            notes.told[id(node)] = told
        inner = (node, ()) if isinstance(node, _FUNCTIONS) else (function, told)
        for child, holds in _children(node):
            notes.parents[id(child)] = node
            waiting.append((child, inner[0], (*inner[1], *holds)))
    return notes


def _note(notes: Notes, node: ast.AST, function: ast.AST | None) -> None:
    match node:
        case ast.Assign():
            for target in node.targets:
                _bind(notes, target, Given(node.value))
        case ast.AugAssign():
            _put(notes, merged(node))
        case ast.AnnAssign() if node.value:
            _bind(notes, node.target, Given(node.value, (), node.annotation))
        case ast.AnnAssign():
            notes.given[id(node.target)] = Given(None, (), node.annotation)
        case ast.NamedExpr():
            _bind(notes, node.target, Given(node.value))
        case ast.Delete():
            _put(notes, removed(node))
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            _bind(notes, node.target, Given(node.iter, ("item",)))
        case ast.withitem() if node.optional_vars:
            _bind(notes, node.optional_vars, Given(node.context_expr, ("enter",)))
        case ast.ExceptHandler() if node.name:
            notes.caught.add(node.name)
        case ast.Return() if node.value and function:
            notes.gives.setdefault(id(function), []).append(node.value)
        case ast.Yield() if node.value and function:
            notes.yields.setdefault(id(function), []).append(Given(node.value))
        case ast.YieldFrom() if function:
            notes.yields.setdefault(id(function), []).append(Given(node.value, ("item",)))
        case ast.Call():
            callee = callee_of(node)
            notes.calls.setdefault(callee, []).append(node)
            for each in _arguments(node):
                notes.handed.setdefault(each.attr if isinstance(each, ast.Attribute) else each.id, []).append(
                    (node, each)
                )
            if callee in PUTTING:
                _put(notes, puts := [*called(node)])
                for put in puts:
                    if put.anew and put.given:  # `setattr` is an assignment to what is written nowhere
                        notes.given[id(put.of)], notes.parents[id(put.of)] = put.given, node


def _bind(notes: Notes, whole: ast.expr, value: Given) -> None:
    """Note what a value gives each part of a target."""
    for target, given in targets(whole, value):
        notes.given[id(target)] = given
        _put(notes, assigned(target, given))
        for alias in aliases(target, given):
            notes.aliases.setdefault(alias.name.id, []).append(alias)
        if isinstance(given.value, ast.Attribute) and isinstance(target, ast.Name) and not given.steps:
            notes.kept.setdefault(given.value.attr, []).append((given.value.value, target))


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _arguments(call: ast.Call) -> Iterator[ast.Name | ast.Attribute]:
    """The names and attributes that a call is given, be it in a tuple."""
    for each in (*call.args, *(keyword.value for keyword in call.keywords)):
        for item in each.elts if isinstance(each, ast.Tuple) else (each,):
            if isinstance(item, ast.Name | ast.Attribute):
                yield item


def _put(notes: Notes, puts: Iterable[Put]) -> None:
    for put in puts:
        notes.puts.setdefault(_last(put.of), []).append(put)


# ------------------------------------------------------------------------------------------------------ what tests tell


def _children(node: ast.AST) -> Iterator[tuple[ast.AST, tuple[Told, ...]]]:
    """The children of a node, each with what is told of names there and not around it."""
    match node:
        case ast.If() | ast.While() | ast.IfExp():
            yield node.test, ()
            yield from _all(node.body, (*tells(node.test, True),))
            yield from _all(node.orelse, (*tells(node.test, False),))
        case ast.BoolOp():
            told: tuple[Told, ...] = ()
            for value in node.values:
                yield value, told
                told = (*told, *tells(value, isinstance(node.op, ast.And)))
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            yield from ((generator, ()) for generator in node.generators)
            yield node.elt, tuple(t for g in node.generators for test in g.ifs for t in tells(test, True))
        case _:
            for name in node._fields:
                inner: object = getattr(node, name, None)
                if isinstance(inner, list):
                    yield from _all(inner, ())
                elif isinstance(inner, ast.AST) and not isinstance(inner, ast.expr_context):
                    yield inner, ()


def _all(value: object, told: tuple[Told, ...]) -> Iterator[tuple[ast.AST, tuple[Told, ...]]]:
    if isinstance(value, ast.AST):
        yield value, told
    elif isinstance(value, list):
        for each in value:
            if isinstance(each, ast.AST):
                yield each, told
                told = (*told, *_left(each))


def _left(statement: ast.AST) -> Iterator[Told]:
    """What a statement tells of all that follow it in its block."""
    if isinstance(statement, ast.Assert):
        yield from tells(statement.test, True)
    elif isinstance(statement, ast.If) and not statement.orelse and leaves(statement.body):
        yield from tells(statement.test, False)


def tells(test: ast.expr, holds: bool) -> Iterator[Told]:
    """What a test tells where it holds, or does not."""
    match test:
        case ast.UnaryOp(op=ast.Not()):
            yield from tells(test.operand, not holds)
        case ast.BoolOp() if isinstance(test.op, ast.And) == holds:
            for value in test.values:
                yield from tells(value, holds)
        case ast.Call(func=ast.Name(id="isinstance"), args=[of, types]) if parts_of(of):
            yield Told(parts_of(of), types, holds)
        case _ if not holds:
            asked = [_attribute_asked(value) for value in (test.values if isinstance(test, ast.BoolOp) else [test])]
            if asked[0][0] and all(each[0] == asked[0][0] for each in asked):
                yield Told(asked[0][0], None, False, tuple(name for _, name in asked))


def _attribute_asked(test: ast.expr) -> tuple[Parts, str]:
    """The chain and the attribute of `hasattr(chain, "attribute")`; an empty chain for anything else."""
    match test:
        case ast.Call(func=ast.Name(id="hasattr"), args=[of, ast.Constant(value=str(name))]):
            return parts_of(of), name
    return (), ""


# --------------------------------------------------------------------------------------------- which assignments count


def leaves(block: list[ast.stmt]) -> bool:
    """Whether nothing after a block is reached through it."""
    return bool(block) and isinstance(block[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


def reaching(notes: Notes, use: ast.AST, stores: list[ast.expr]) -> tuple[list[ast.expr], bool]:
    """Those of the assignments to a variable that a use in the same scope can see; whether one surely came first."""
    seen = [s for s in stores if _is_beside(notes, s, use)]
    node = use
    for parent in notes.above(use):
        block = notes.block(node)
        for before in reversed(block[: block.index(node)] if isinstance(node, ast.stmt) else []):
            inside = [s for s in stores if notes.is_within(s, before)]
            seen += inside
            if inside and _is_sure(notes, before, inside):
                return seen, True
        in_body = isinstance(node, ast.stmt) and block is getattr(parent, "body", None)
        own = [s for s in stores if any(notes.is_within(s, t) for t in _heads(parent))] if in_body else []
        seen += own
        if own:
            return seen, True
        if isinstance(parent, (*LOOPS, ast.While)) and in_body:
            seen += [s for s in stores if notes.is_within(s, parent)]
        if isinstance(parent, ast.Try) and not in_body:
            seen += [s for s in stores if any(notes.is_within(s, each) for each in parent.body)]
        if isinstance(parent, _SCOPES) and not isinstance(node, ast.arguments):  # defaults are of the scope around
            break
        node = parent
    return seen, False


def is_given_in(notes: Notes, block: list[ast.stmt], stores: list[ast.expr]) -> bool:
    """Whether whatever goes on after a block came by one of the assignments in it."""
    return leaves(block) or any(_is_sure(notes, each, stores) for each in block)


def _is_beside(notes: Notes, store: ast.expr, use: ast.AST) -> bool:
    """Whether `(name := value)` stands in the expression that a use is part of, and before that."""
    if not isinstance(notes.parents.get(id(store)), ast.NamedExpr) or not isinstance(use, ast.expr):
        return False
    whole = next((each for each in notes.above(use) if not isinstance(notes.parents.get(id(each)), ast.expr)), use)
    return notes.is_within(store, whole) and (store.lineno, store.col_offset) < (use.lineno, use.col_offset)


def _heads(parent: ast.AST) -> Iterable[ast.AST]:
    """What binds names each time before the body of a statement runs."""
    if isinstance(parent, LOOPS):
        return [parent.target]
    if isinstance(parent, ast.With | ast.AsyncWith):
        return [item.optional_vars for item in parent.items if item.optional_vars]
    return [parent.test] if isinstance(parent, ast.If | ast.While) else []


def _is_sure(notes: Notes, statement: ast.AST, stores: list[ast.expr]) -> bool:
    """Whether a statement, wherever it is gone through to its end, makes one of the assignments."""
    if not any(notes.is_within(s, statement) for s in stores):
        return False

    def sure(block: list[ast.stmt]) -> bool:
        return is_given_in(notes, block, stores)

    match statement:
        case ast.If():
            return sure(statement.body) and sure(statement.orelse)
        case ast.Try():
            return sure(statement.finalbody) or (
                sure([*statement.body, *statement.orelse]) and all(sure(h.body) for h in statement.handlers)
            )
        case ast.With() | ast.AsyncWith():
            return any(notes.is_within(s, head) for s in stores for head in _heads(statement)) or sure(statement.body)
        case ast.For() | ast.AsyncFor() | ast.While() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return False
    return True
