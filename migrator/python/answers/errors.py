"""What is read off errors of a library, which those of the new layer have not, and what is written to them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property

from migrator.python.answers.places import Places
from migrator.python.answers.trace import Trace
from migrator.python.answers.values import NOTHING, Error
from migrator.python.answers.view import View, is_looked_for
from migrator.python.module import Module
from migrator.python.reading.expressions import attribute_asked, callee_of, parts_of, text_value
from migrator.python.reading.scopes import FunctionNode
from migrator.sites import Edit, Finding, Status


def find(module: Module, trace: Trace) -> Iterator[Finding]:
    """Findings for `e.llm_provider` and its like, wherever the project has the error from."""
    names = {*trace.rule.lost, *(each.rpartition(".")[2] for each in trace.rule.lacking)}
    printed = trace.rule.printed
    if trace.views.concerns(module) and any(name in module.source.text for name in names | {printed}):
        read = _Reader(module, trace)
        for node in module.source.nodes:
            if isinstance(node, ast.Attribute) and node.attr in names and isinstance(node.ctx, ast.Load):
                yield from read.attribute(node)
            elif isinstance(node, ast.Call) and (asked := attribute_asked(node)) and asked[1] in names:
                yield from read.call(node, *asked)
            elif isinstance(node, ast.Call) and len({k.arg for k in node.keywords} & {*trace.rule.lost}) > 1:
                yield from read.built(node)
            elif isinstance(node, ast.Attribute) and node.attr == printed and isinstance(node.ctx, ast.Store):
                yield from read.written(node)
            elif isinstance(node, ast.Call) and (of := _set(node, printed)):
                yield from read.written_by_name(node, of)


def _set(node: ast.Call, name: str) -> ast.expr | None:
    """What `setattr(x, "name", value)` or `object.__setattr__(x, "name", value)` sets the attribute of."""
    match node:
        case ast.Call(func=ast.Name(id="setattr") | ast.Attribute(attr="__setattr__"), args=[of, key, _]):
            return of if text_value(key) == name else None
    return None


class _Reader:
    def __init__(self, module: Module, trace: Trace) -> None:
        self.trace, self.rule = trace, trace.rule
        self.at: View = trace.see(module)
        self.places = Places(self.at)
        self.source = module.source

    def attribute(self, node: ast.Attribute) -> Iterator[Finding]:
        """What becomes of `error.name`."""
        errors, name = self._errors(node.value), node.attr
        if not errors or is_looked_for(self.at, node):
            return
        place = self.places.span(node)
        start = place[1] - len(name) if place else self.source.start(node)
        if name in self.rule.lost:
            yield Finding(start, errors[0].rule, Status.MANUAL, f"{name} is gone: {self.rule.lost[name]}")
            return
        lacking = [e for e in errors if f"{e.name}.{name}" in self.rule.lacking]
        inner = self.places.span(node.value)
        if not lacking:
            return
        said = f"{name}: the SDK's error may have none"
        defaults = {self.rule.lacking[f"{e.name}.{name}"] for e in lacking}
        if len(defaults) > 1 or place is None or inner is None:
            what = " or ".join(sorted(defaults))
            message = f'{said}: write getattr(…, "{name}", …) by hand, LiteLLM\'s had {what}'
            yield Finding(start, lacking[0].rule, Status.MANUAL, message)
            return
        default = defaults.pop().replace("{error}", self.source.segment(node.value))
        quote = self.places.quote(node)
        dot = self.source.text.rfind(".", inner[1], place[1])
        edits = (Edit(place[0], place[0], "getattr("), Edit(dot, place[1], f", {quote}{name}{quote}, {default})"))
        message = f"{name} → getattr(…): the SDK's error may have none, then it is {default}"
        yield Finding(place[0], lacking[0].rule, Status.REVIEW, message, edits)

    def call(self, node: ast.Call, of: ast.expr, name: str) -> Iterator[Finding]:
        """What becomes of a look for an attribute that is gone."""
        errors = self._errors(of)
        if errors and name in self.rule.lost:
            place = self.places.span(node)
            start = place[0] if place else self.source.start(node)
            said = self.rule.lost[name]
            fails = len(node.args) == 2 and callee_of(node) == "getattr"
            status = Status.MANUAL if fails else Status.REVIEW
            message = f"{name} is gone: {said}" if fails else f"{name} is never there from now on: {said}"
            yield Finding(start, errors[0].rule, status, message)

    def built(self, node: ast.Call) -> Iterator[Finding]:
        """An error of a class that a variable holds, built with what only the library's errors are built with."""
        called = node.func
        scope = self.at.holder(called) if isinstance(called, ast.Name) else None
        if not isinstance(called, ast.Name) or not scope or not isinstance(scope.node, FunctionNode | ast.Lambda):
            return
        if all(binding.kind == "other" for binding in scope.bindings[called.id]):
            given = ", ".join(k.arg for k in node.keywords if k.arg and k.arg in self.rule.lost)
            said = f"{given}: no error of the SDK takes them: build each class that {called.id} can be as it wants"
            yield Finding(self.source.start(node), self.rule.id, Status.MANUAL, said)

    def written(self, to: ast.Attribute) -> Iterator[Finding]:
        """What goes with `error.message = …`, where errors are printed from their arguments from now on."""
        errors, chain = self._moved(to.value), ".".join(parts_of(to.value))
        node = next(self.at.notes.above(to))
        if not errors or (isinstance(node, ast.AnnAssign) and not node.value):
            return
        is_alone = isinstance(node, ast.AugAssign) or (isinstance(node, ast.Assign) and node.targets == [to])
        arguments = self._arguments_after(node, to) if is_alone else None
        if arguments and ast.dump(arguments) in _as_arguments(node, to):
            return
        if not chain or not is_alone or arguments or not self._is_sure(to.value):
            yield self._by_hand(to, errors[0])
            return
        end = self.source.end(node)
        before = self.source.text[self.source.line_start(self.source.start(node)) : self.source.start(node)]
        after = self.source.text[end : self.source.line_end(end)]
        alone = not before.strip() and (not after.strip() or after.lstrip().startswith("#"))
        at = end + len(after.rstrip("\r\n")) if alone else end
        text = f"{chain}.args = ({chain}.{to.attr},)"
        edit = Edit(at, at, f"{self.source.newline}{before}{text}" if alone else f"; {text}")
        message = f"{to.attr}: the SDK's errors are printed from `args`, which take it as well"
        yield Finding(self.source.start(node), errors[0].rule, Status.MIGRATED, message, (edit,))

    def written_by_name(self, node: ast.Call, of: ast.expr) -> Iterator[Finding]:
        """What goes with `setattr(error, "message", …)`."""
        if errors := self._moved(of):
            yield self._by_hand(node, errors[0])

    def _by_hand(self, node: ast.expr, error: Error) -> Finding:
        message = f"{self.rule.printed}: the SDK's errors are printed from `args`, write these as well where it is one"
        return Finding(self.source.start(node), error.rule, Status.MANUAL, message)

    def _arguments_after(self, node: ast.AST, to: ast.Attribute) -> ast.expr | None:
        """What the next statement gives the arguments of the same error."""
        after = self.at.notes.following(node)
        targets = after.targets if isinstance(after, ast.Assign) else ()
        chains = [parts_of(t.value) for t in targets if isinstance(t, ast.Attribute) and t.attr == "args"]
        return after.value if isinstance(after, ast.Assign) and parts_of(to.value) in chains else None

    def _moved(self, node: ast.expr) -> list[Error]:
        """The errors that an expression can be whose classes are the SDK's from now on."""
        handler = self.at.handler(node) if isinstance(node, ast.Name) else None
        types = handler.type.elts if handler and isinstance(handler.type, ast.Tuple) else [handler and handler.type]
        if all(id(each) in self.at.module.staying for each in types):
            return []
        return [e for e in self._errors(node) if self._is_moved(e) and e.name not in self._kept]

    def _is_moved(self, error: Error) -> bool:
        fate = self.trace.index.names.fate(f"{self.rule.of}.{error.name}")
        return fate is not None and fate.kind == "moved"

    def _is_sure(self, node: ast.expr) -> bool:
        """Whether an expression is an error that moves, whatever it is."""
        values = self.trace.value(self.at, node) - NOTHING
        return all(isinstance(v, Error) and self._is_moved(v) for v in values)

    @cached_property
    def _kept(self) -> frozenset[str]:
        """The names of the library's classes that stay here, as a class of the module inherits from them."""
        facts, index = self.at.module.facts, self.trace.index
        bases = (base.partition(".") for base in facts.inherited)
        names = (index.canonical(f"{t}{dot}{rest}") for first, dot, rest in bases for t in facts.bound.get(first, ()))
        return frozenset(n.rpartition(".")[2] for n in names if (fate := index.names.fate(n)) and fate.built)

    def _errors(self, node: ast.expr) -> list[Error]:
        values = self.trace.value(self.at, node)
        return sorted((v for v in values if isinstance(v, Error)), key=lambda e: (e.rule, e.name))


def _as_arguments(node: ast.AST, to: ast.Attribute) -> list[str]:
    """The arguments, dumped, that are what a statement writes to an attribute."""
    read = ast.Attribute(to.value, to.attr, ast.Load())
    given = [node.value] if isinstance(node, ast.Assign) else []
    return [ast.dump(ast.Tuple([each], ast.Load())) for each in (read, *given)]
