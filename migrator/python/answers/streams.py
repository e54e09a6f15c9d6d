"""Streams that may end in a chunk of nothing but usage.

What reads a choice of each chunk is guarded; what reads the usage behind such a guard is reported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.answers.notes import LOOPS, leaves
from migrator.python.answers.places import Places
from migrator.python.answers.trace import Trace
from migrator.python.answers.values import Is
from migrator.python.answers.view import View
from migrator.python.module import Module
from migrator.python.reading.expressions import attribute_asked, text_value
from migrator.python.reading.scopes import FunctionNode
from migrator.sites import Edit, Finding, Status

_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {  # `0 < a` is `a > 0`
    ast.Eq: ast.Eq, ast.NotEq: ast.NotEq, ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE,
}  # fmt: skip
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp)


def find(module: Module, trace: Trace) -> Iterator[Finding]:
    """A finding for each loop over a stream that reads a choice of each chunk without a look whether there is one."""
    last = trace.rule.last
    if last and last in module.source.text and trace.views.concerns(module):
        guards = _Guards(module, trace)
        for node in module.source.nodes:
            if isinstance(node, ast.Subscript) and text_value(node.slice) is None and _names(node.value, last):
                yield from guards.read(node)
        yield from guards.missed()


def _names(node: ast.expr, name: str) -> bool:
    """Whether an expression is `x.name` or `x["name"]`."""
    if isinstance(node, ast.Attribute):
        return node.attr == name
    return isinstance(node, ast.Subscript) and text_value(node.slice) == name


class _Guards:
    def __init__(self, module: Module, trace: Trace) -> None:
        self.module, self.trace = module, trace
        self.at: View = trace.see(module)
        self.places = Places(self.at)
        self.done: set[int] = set()  # ids of the loops that are seen to

    def read(self, node: ast.Subscript) -> Iterator[Finding]:
        """What becomes of the reading of one choice."""
        assert isinstance(node.value, ast.Attribute | ast.Subscript)
        chunk, rule = node.value.value, self.trace.rule
        if not self._may_be_last(chunk):
            return
        loop = self._loop(chunk)
        if loop is not None and id(loop) in self.done:
            return
        if self._is_guarded(node, chunk):
            return
        if loop is not None and isinstance(chunk, ast.Name):
            self.done.add(id(loop))
            chunk = self._first(loop, chunk)
        edits = self._edits(loop, chunk) if loop is not None and isinstance(chunk, ast.Name) else ()
        said = f"the last chunk has no {rule.last} where the stream is asked for usage"
        place = self.places.span(chunk)
        start = place[0] if place else self.module.source.start(chunk)
        if edits:
            yield Finding(start, rule.id, Status.REVIEW, f"{said}: it is passed over", edits)
        else:
            message = f"{said}: look whether there is one before it is read"
            yield Finding(start, rule.id, Status.MANUAL, message)

    def missed(self) -> Iterator[Finding]:
        """What reads usage of chunks only where one of nothing but usage does not get to; a finding for each loop."""
        reads: dict[tuple[int, str], list[tuple[ast.AST, ast.expr]]] = {}
        for node in self.module.source.nodes:
            of = self._counted_of(node)
            if of is not None and self._may_be_last(of):
                functions = (a for a in self.at.notes.above(node) if isinstance(a, FunctionNode))
                home = self._loop(of) or next(functions, None)
                reads.setdefault((id(home), ast.dump(of)), []).append((node, of))
        for found in reads.values():
            if all(self._is_guarded(node, of, caught=False) for node, of in found):
                of, rule = found[0][1], self.trace.rule
                said = f"{rule.counted}: the chunk that has it has no {rule.last} and does not get here"
                message = f"{said}: read it before the look whether there are any"
                place = self.places.span(of)
                start = place[0] if place else self.module.source.start(of)
                yield Finding(start, rule.id, Status.MANUAL, message)

    def _counted_of(self, node: ast.AST) -> ast.expr | None:
        """What usage is read of, by attribute, by `getattr` or by key."""
        name = self.trace.rule.counted
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Load) and _names(node, name):
            return node.value
        asked = attribute_asked(node, ("getattr",))
        return asked[0] if asked and asked[1] == name else None

    def _may_be_last(self, chunk: ast.expr) -> bool:
        """Whether an expression may be a chunk of nothing but usage."""
        chunks = {*self.trace.rule.each.values()}
        values = self.trace.value(self.at, chunk)
        return any(isinstance(v, Is) and v.usage and v.shape in chunks for v in values)

    def _loop(self, chunk: ast.expr) -> ast.AST | None:
        """The loop, or the comprehension, that a chunk is the variable of."""
        if not isinstance(chunk, ast.Name):
            return None
        for above in self.at.notes.above(chunk):
            targets = [above.target] if isinstance(above, LOOPS) else []
            targets += [g.target for g in above.generators] if isinstance(above, _COMPREHENSIONS) else []
            if any(isinstance(t, ast.Name) and t.id == chunk.id for t in targets):
                return above
            if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                return None
        return None

    def _is_guarded(self, node: ast.AST, chunk: ast.expr, *, caught: bool = True) -> bool:
        """Whether something around, or before in the blocks around, asks whether the chunk has choices.

        `caught` is whether a handler of what is raised without them counts.
        """
        below: ast.AST = node
        for above in self.at.notes.above(node):
            if any(self._tells(test, chunk, holds=holds) for test, holds in _before(above, below)):
                return True
            for block in (getattr(above, "body", None), getattr(above, "orelse", None)):
                for before in block[: block.index(below)] if isinstance(block, list) and below in block else ():
                    if self._passes(before, chunk):
                        return True
            if caught and isinstance(above, ast.Try) and below in above.body and _catches(above):
                return True
            if isinstance(above, (*LOOPS, ast.FunctionDef, ast.AsyncFunctionDef)):
                return False
            below = above
        return False

    def _passes(self, statement: ast.stmt, chunk: ast.expr) -> bool:
        """Whether a statement lets nothing by but chunks with choices."""
        if isinstance(statement, ast.Assert):
            return self._tells(statement.test, chunk, holds=True)
        return isinstance(statement, ast.If) and (
            (leaves(statement.body) and self._tells(statement.test, chunk, holds=False))
            or (leaves(statement.orelse) and self._tells(statement.test, chunk, holds=True))
        )

    def _tells(self, test: ast.expr, chunk: ast.expr, *, holds: bool) -> bool:
        """Whether a chunk has choices where a test holds, or does not."""
        match test:
            case ast.UnaryOp(op=ast.Not()):
                return self._tells(test.operand, chunk, holds=not holds)
            case ast.BoolOp():
                parts = [self._tells(each, chunk, holds=holds) for each in test.values]
                return any(parts) if isinstance(test.op, ast.And) == holds else all(parts)
            case ast.Name():
                return holds and self._has_one(test, chunk)
            case ast.Compare(ast.Name() as name, [ast.Is() | ast.IsNot() as op], [ast.Constant(value=None)]):
                return isinstance(op, ast.IsNot) == holds and self._has_one(name, chunk)
            case ast.Compare(ops=[ast.Is() | ast.IsNot()]) | ast.Compare(comparators=[ast.Constant(value=None)]):
                return False  # an empty list is not None either
            case ast.Compare(left=ast.Constant() as left, ops=[op], comparators=[right]) if type(op) in _TURNED:
                turned = ast.Compare(right, [_TURNED[type(op)]()], [left])
                return self._tells(turned, chunk, holds=holds)
            case ast.Compare(ops=[op], comparators=[ast.Constant() | ast.List() as other]):
                empty = not (other.value if isinstance(other, ast.Constant) else other.elts)
                denies = isinstance(op, (ast.Lt, ast.LtE, ast.Eq if empty else ast.NotEq))
                return denies != holds and self._asks(test, chunk)
        return holds and self._asks(test, chunk)

    def _has_one(self, name: ast.Name, chunk: ast.expr) -> bool:
        """Whether a variable is None unless its chunk has choices, as in `a = c.choices[0] if c.choices else None`."""
        loop = self._loop(chunk)
        stored = [n for n in ast.walk(loop) if isinstance(n, ast.Name) and n.id == name.id] if loop else []
        above = [self.at.notes.parents.get(id(n)) for n in stored if isinstance(n.ctx, ast.Store)]
        match above:
            case [ast.Assign(targets=[_], value=ast.IfExp(orelse=ast.Constant(value=None)) as value)]:
                return self._tells(value.test, chunk, holds=True)
        return False

    def _asks(self, test: ast.expr, chunk: ast.expr) -> bool:
        """Whether a test looks at the choices of a chunk as a whole, or through a variable that has them."""
        last, dump = self.trace.rule.last, ast.dump(chunk)
        for each in ast.walk(test):
            asked = attribute_asked(each, ("getattr",))
            if asked and asked[1] == last and ast.dump(asked[0]) == dump:
                return True
            if isinstance(each, ast.Attribute | ast.Subscript) and _names(each, last) and ast.dump(each.value) == dump:
                outer = self.at.notes.parents.get(id(each))
                if not (isinstance(outer, ast.Subscript) and outer.value is each):
                    return True
        return False

    def _edits(self, loop: ast.AST, chunk: ast.Name) -> tuple[Edit, ...]:
        edit = self._edit(loop, chunk)
        if edit is not None:
            return (edit,)
        return tuple(self._each(loop, chunk)) if isinstance(loop, LOOPS) else ()

    def _each(self, loop: ast.For | ast.AsyncFor, chunk: ast.Name) -> list[Edit]:
        """A test before each statement that reads a choice; none where one of them does more than add to something."""
        source, edits = self.module.source, list[Edit]()
        for statement in loop.body:
            if not any(self._reads(statement, chunk)):
                continue
            start, indent = source.start(statement), source.indent(statement)
            alone = statement.lineno == statement.end_lineno and statement.lineno != loop.lineno
            alone = alone and not source.text[source.line_start(start) : start].strip()
            adds = isinstance(statement, ast.AugAssign | ast.Expr) and self._is_harmless(statement, chunk)
            if not (alone and adds):
                return []
            step = _step(source.indent(loop), indent)
            test = f"if {chunk.id}.{self.trace.rule.last}:{source.newline}{indent}{step}"
            edits.append(Edit(start, start, test))
        return edits

    def _first(self, loop: ast.AST, chunk: ast.Name) -> ast.Name:
        """The chunk of the first reading of a choice in a loop that nothing guards."""
        reads = [each for each in self._reads(loop, chunk) if not self._is_guarded(each, chunk)]
        chunks = [each for read in reads for each in ast.walk(read.value) if isinstance(each, ast.Name)]
        return min((chunk, *chunks), key=lambda each: (each.lineno, each.col_offset))

    def _reads(self, statement: ast.AST, chunk: ast.Name) -> Iterator[ast.Subscript]:
        """Where a statement reads one choice of a chunk."""
        for each in ast.walk(statement):
            if isinstance(each, ast.Subscript) and _names(each.value, self.trace.rule.last):
                of = each.value.value  # type: ignore[attr-defined]
                yield from [each] if isinstance(of, ast.Name) and of.id == chunk.id else []

    def _is_open(self, statement: ast.stmt, chunk: ast.Name) -> bool:
        """Whether a statement reads a choice of a chunk that may have none."""
        return any(not self._is_guarded(each, chunk) for each in self._reads(statement, chunk))

    def _edit(self, loop: ast.AST, chunk: ast.Name) -> Edit | None:
        source, last = self.module.source, self.trace.rule.last
        if isinstance(loop, _COMPREHENSIONS):
            generator = next(g for g in loop.generators if isinstance(g.target, ast.Name) and g.target.id == chunk.id)
            place = self.places.span(generator.iter)
            return Edit(place[1], place[1], f" if {chunk.id}.{last}") if place else None
        assert isinstance(loop, LOOPS)
        rest = loop.body[next(i for i, s in enumerate(loop.body) if self._is_open(s, chunk)) :]
        statement = rest[0]
        if statement.lineno == loop.lineno or not all(self._is_harmless(each, chunk) for each in rest):
            return None
        start = source.start(statement)
        decorated = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        indent = source.indent(statement)
        if decorated or source.text[source.line_start(start) : start].strip():
            return None
        step = _step(source.indent(loop), indent)
        line = source.newline
        return Edit(start, start, f"if not {chunk.id}.{last}:{line}{indent}{step}continue{line}{indent}")

    def _is_harmless(self, statement: ast.stmt, chunk: ast.Name) -> bool:
        """Whether a statement can be passed over for the last chunk: it takes nothing of it but choices and names."""
        plain = {
            n for s in self.trace.rule.each.values() for n, f in self.trace.rule.fields.get(s, {}).items() if not f
        }
        for each in ast.walk(statement):
            if isinstance(each, ast.Name) and each.id == chunk.id and isinstance(each.ctx, ast.Load):
                outer = self.at.notes.parents.get(id(each))
                if isinstance(outer, ast.Compare):
                    continue
                key = outer.attr if isinstance(outer, ast.Attribute) else ""
                key = text_value(outer.slice) or "" if isinstance(outer, ast.Subscript) else key
                if key != self.trace.rule.last and key not in plain:
                    return False
        return True


def _before(above: ast.AST, below: ast.AST) -> Iterator[tuple[ast.expr, bool]]:
    """The tests that are made before what stands below comes about, each with whether it held."""
    match above:
        case ast.If() | ast.While():
            yield from [(above.test, below in above.body)] if below is not above.test else []
        case ast.IfExp():
            yield from [(above.test, below is above.body)] if below is not above.test else []
        case ast.BoolOp():
            before = above.values[: above.values.index(below)] if below in above.values else []
            yield from ((test, isinstance(above.op, ast.And)) for test in before)
        case ast.comprehension():
            before = above.ifs[: above.ifs.index(below)] if below in above.ifs else []
            yield from ((test, True) for test in before)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            generators = above.generators
            for generator in generators[: generators.index(below)] if below in generators else generators:
                yield from ((test, True) for test in generator.ifs)


def _catches(node: ast.Try) -> bool:
    """Whether a handler takes what a missing item raises."""
    names = {n.id for h in node.handlers if h.type for n in ast.walk(h.type) if isinstance(n, ast.Name)}
    return bool(names & {"IndexError", "LookupError"})


def _step(outer: str, inner: str) -> str:
    """One more level of indentation, as the loop itself has it."""
    return inner[len(outer) :] if inner.startswith(outer) and len(inner) > len(outer) else "    "
