"""Which calls of a module are written as calls of the SDK, and why the others are not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from migrator.clients import table
from migrator.clients.ids import Ids
from migrator.errors import MigrateError
from migrator.fates.library import Fate
from migrator.packs.ruleset import Rules
from migrator.python.direct import dicts, refused, text
from migrator.python.direct.call import SDK, Direct, Omitted
from migrator.python.direct.keys import Reader
from migrator.python.direct.models import Models
from migrator.python.direct.request import NotKnownError, Omit
from migrator.python.direct.resolve import resolve
from migrator.python.direct.rows import longest, rows
from migrator.python.direct.values import Values
from migrator.python.direct.where import Held, held
from migrator.python.module import Module
from migrator.python.reading.outline import Reference
from migrator.python.reading.scopes import Binding, FunctionNode, Scope, parameters
from migrator.sites import Finding, Status

_SHAPED = {"messages", "tools", "tool_choice", "response_format", "functions", "function_call"}  # with types of the SDK
FORMS = ("auto", "direct", "adapter")
WRAPPED = (
    "what is assigned to it here wraps it, and stays with it: by hand, wrap what is called instead, {} if that is made"
)
DIRECT_ONLY = "--direct-only allows for no other form"


def form_of(rules: Rules) -> str:
    """The form that calls are to have. Raises MigrateError for a setting that is none of FORMS."""
    form = str(rules.options.get("form", "adapter"))
    if form not in FORMS:
        raise MigrateError(f"pyproject.toml: form: {form!r} is none of {', '.join(FORMS)}")
    return form


@dataclass(slots=True)
class Plan:
    """The calls of a module by the id of what they call: direct, or the reason why not."""

    strict: bool = False  # whether nothing else than a direct call will do
    calls: dict[int, Direct] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    kept: dict[int, str] = field(default_factory=dict)  # those that stay with the library in any form, and why
    differing: dict[int, str] = field(default_factory=dict)  # those that keep their form, and what they do otherwise
    findings: list[Finding] = field(default_factory=list)  # what is said of them where no edit is
    imported: dict[int, Imported] = field(default_factory=dict)  # by the id of an imported name

    def refusal(self, node: ast.expr) -> str:
        """Why a use of a function is left to a person; "" where it is not."""
        if id(node) in self.kept:
            return self.kept[id(node)]
        reason = self.reasons.get(id(node), "") if self.strict else ""
        return f"{reason}; {DIRECT_ONLY}" if reason else ""


@dataclass(slots=True)
class Imported:
    """A function that a module imports by its name, and its uses."""

    alias: ast.alias
    statement: ast.ImportFrom
    fate: Fate
    target: str
    local: str
    uses: list[Reference] = field(default_factory=list)


def plan(module: Module, wrapped: frozenset[str] = frozenset()) -> Plan:
    """What becomes of the calls of a module; nothing where all of them keep their form.

    `wrapped` are functions that the module assigns to: those of them that it imports by their names stay.
    """
    rules = module.names.rules
    form = form_of(rules)
    target = rules.served
    if target not in table.TARGETS or any(each.stays for each in rules.libraries):
        return Plan()
    known, writes = table.load(target), form != "adapter"
    if not writes and not wrapped and not any(name in module.source.text for name in refused.names(known)):
        return Plan()
    planner = _Planner(module, known, Plan(strict=writes and form == "direct"), writes=writes, wrapped=wrapped)
    planner.run()
    return planner.plan


class _Planner:
    def __init__(
        self, module: Module, known: table.Table, plan: Plan, *, writes: bool, wrapped: frozenset[str]
    ) -> None:
        options = module.names.rules.options
        self.wrapped = wrapped
        self.module, self.table, self.plan, self.writes = module, known, plan, writes
        self.looks = any(name in module.source.text for name in refused.names(known))
        self.safe = module.names.rules.wary
        self.ids = Ids(known.models, options.get("providers", {}), options.get("models", {}))
        self.called = {id(call.func): (call, scope) for call, scope in module.found.calls}
        self.laid_out = module.laid_out

    @cached_property
    def limit(self) -> int:
        return longest(self.module.source, self.module.names.rules.line_length)

    @cached_property
    def values(self) -> Values:
        return Values(self.module)

    @cached_property
    def models(self) -> Models:
        return Models(self.ids, self._settles, self.values)

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.module, self.values, self.laid_out, lambda name: self.held.is_known(self.module.facts, name))

    @property
    def held(self) -> Held:
        index = self.module.index
        if not isinstance(index.held, Held):
            index.held = held(index, self.table.functions)
        return index.held

    def _settles(self, text: str) -> bool:
        """Whether an id, or the beginning of one, is replaced where it stands: no code looks for it."""
        using = self.module.names.rules.ids
        return using is not None and not using.kept_for(text, direct=True)

    def run(self) -> None:
        groups: dict[tuple[int, str, str], list[tuple[Reference, int, Fate]]] = {}
        for reference in self.module.found.references:
            use = self._function(reference)
            holder = reference.scope.lookup(reference.parts[0])
            if use:
                groups.setdefault((id(holder), reference.parts[0], use[1].name), []).append((reference, *use))
        starts = [self.module.source.start(r.nodes[0]) for uses in groups.values() for r, _, _ in uses]
        for uses in groups.values():
            kept = self._wraps(uses) or (self.looks and self._look(uses))
            if self.writes or kept:
                self._write(uses, starts, kept)
            if not kept:  # a name that stays has no call that moves
                self.plan.findings += self._differing(uses)

    def _write(self, uses: list[tuple[Reference, int, Fate]], starts: list[int], kept: bool) -> None:
        """Write the calls of one function by the SDK's client; those of which one is kept stay by their name."""
        reason = self._stays(uses) if self.writes else "calls keep their form"
        for reference, count, fate in uses:
            node = reference.nodes[-1]
            try:
                if reason or id(node) in self.plan.kept:
                    raise NotKnownError(reason or self.plan.kept[id(node)])
                self.plan.calls[id(node)] = self._direct(reference, fate, starts)
            except NotKnownError as error:
                self.plan.reasons[id(node)] = str(error)
            if count == 0:
                self._import(reference, fate)
                if kept and id(node) not in self.plan.calls:
                    said = f"{reference.parts[0]} stays with LiteLLM for another call in this file"
                    self.plan.kept.setdefault(id(node), said)

    def _differing(self, uses: list[tuple[Reference, int, Fate]]) -> Iterator[Finding]:
        """What calls by an imported name do otherwise, where they keep their form."""
        for reference, count, fate in uses:
            said = self.plan.differing.get(id(reference.nodes[-1]))
            if said and count == 0 and id(reference.nodes[-1]) not in self.plan.calls:
                start = self.module.source.start(reference.nodes[0])
                yield Finding(start, fate.rule, Status.REVIEW, f"{reference.parts[0]}: {said}")

    def _wraps(self, uses: list[tuple[Reference, int, Fate]]) -> bool:
        """Note the uses of an imported function that the module assigns to by the library's name; whether it is one."""
        reference, count, fate = uses[0]
        dotted = self.module.index.canonical(self.module.meaning(reference.parts, reference.scope) or "")
        if count or dotted not in self.wrapped:
            return False
        self.plan.kept |= {id(each.nodes[-1]): WRAPPED.format(fate.new) for each, _, _ in uses}
        return True

    def _look(self, uses: list[tuple[Reference, int, Fate]]) -> bool:
        """Note the calls that the client module would refuse, or take otherwise; whether there are any of the first."""
        kept = False
        for reference, _, fate in uses:
            node = reference.nodes[-1]
            call, _ = self.called.get(id(node), (None, None))
            if call is None:
                continue
            if reason := refused.reason(call, fate.name, self.table, self.reader):
                kept = True
                self.plan.kept[id(node)] = reason
            elif said := refused.difference(call, fate.name, self.table, self.reader):
                self.plan.differing[id(node)] = said
        return kept

    def _function(self, reference: Reference) -> tuple[int, Fate] | None:
        """How many parts of a reference name the module, and what becomes of the function that the others name."""
        module = self.module
        dotted = module.meaning(reference.parts, reference.scope)
        fate = module.names.fate(module.index.canonical(dotted)) if dotted else None
        moved = fate is not None and fate.kind == "moved" and fate.to == module.names.client
        if fate is None or not moved or fate.name not in self.table.functions:
            return None
        return module.of_library(reference.parts, reference.scope), fate

    def _stays(self, uses: list[tuple[Reference, int, Fate]]) -> str:
        """Why a name stays, with all of its uses; "" where each call can be looked at by itself."""
        reference, count, fate = uses[0]
        local = reference.parts[0]
        holder = reference.scope.lookup(local)
        if holder is None:
            return f"{local} comes with `import *`"
        bindings = holder.bindings[local]
        if count == 0 and (len({b.target for b in bindings}) > 1 or not all(map(self._is_import, bindings))):
            return f"{local} is not imported from the library itself, or may be something else"
        for each, _, _ in uses:
            node = each.nodes[-1]
            if id(node) not in self.called or len(each.parts) != count + 1:
                return f"{'.'.join(each.parts)} is used otherwise than by calling it"
            if self.module.suppresses(Finding(self.module.source.start(each.nodes[0]), fate.rule, Status.MIGRATED, "")):
                return "a comment keeps a use of it"
        if any(self.module.left_alone(b) for b in bindings):
            return "a comment keeps its import"
        return self.held.reason(self.module.facts, local, fate.name)

    def _is_import(self, binding: Binding) -> bool:
        if binding.kind != "from" or not isinstance(binding.statement, ast.ImportFrom):
            return False
        return self.module.names.is_module((binding.target or "").rpartition(".")[0])

    def _direct(self, reference: Reference, fate: Fate, starts: list[int]) -> Direct:
        source = self.module.source
        call, scope = self.called[id(reference.nodes[-1])]
        if id(call) in self.module.found.inside:
            raise NotKnownError("it stands in an f-string")
        place = self.module.place(reference, len(reference.parts))
        if place is None:
            raise NotKnownError("a comment or a line break stands in its name")
        function = self.table.functions[fate.name]
        asynchronous = fate.name == function.asynchronous
        if asynchronous and not _is_asynchronous(scope):
            raise NotKnownError("it is called where no event loop runs")
        request = resolve(call, fate.name, self.table, self.models, self.reader)
        self._see_spread(call, scope)
        if _is_typed(scope) and not self.plan.strict and any(omit.asks for omit in request.omits):
            raise NotKnownError("stream: a type checker would see two kinds of answers")
        if self.table.package != SDK and "stream" in function.keep and _is_typed(scope) and not self.plan.strict:
            raise NotKnownError("a type checker would not know which of two answers the method gives")
        self._see_names(reference, [*request.mapped, *(omit.value for omit in request.omits)])
        misfit = next((called for given, called in request.kept if self._is_misfit(given.value, called, scope)), "")
        if misfit:
            raise NotKnownError(f"{misfit}: a type checker would ask for the SDK's own types")
        if self.safe and request.differs:
            raise NotKnownError(f"{'; '.join(request.told)}; left alone: --safe-only")
        edits = text.edits(source, call, request)
        for edit in edits:
            if any(edit.start <= start < edit.end for start in starts):
                raise NotKnownError("another call stands in an argument that moves")
        models = tuple((source.start(model), source.end(model)) for model in request.mapped)
        client = "async_client" if asynchronous else "client"
        old = ".".join(reference.parts)
        options, omits = text.options(source, request), tuple(map(self._omitted, request.omits))
        edits += dicts.edits(self.module, request.changes)
        laid_out = rows(source, call, self.limit)
        return Direct(place, old, fate.rule, request, client, options, tuple(edits), models, omits, laid_out)

    def _omitted(self, omit: Omit) -> Omitted:
        source, value = self.module.source, omit.value
        if any(target != f"{SDK}.{omit.instead}" for target in self.module.facts.bound.get(omit.instead, ())):
            raise NotKnownError(f"{omit.instead} is another thing here")
        text = source.segment(value)
        before, after = "", f" if {text} is None else {text}"
        if omit.asks:
            before, after = f"{text} or ", ""
        elif omit.test:
            before, after = f"{text} if {ast.unparse(omit.test)} else ", ""
        elif isinstance(value, ast.Constant):
            after = ""
        return Omitted(source.start(value), source.end(value), omit.instead, before, after)

    def _see_names(self, reference: Reference, written: list[ast.expr]) -> None:
        """Whether the names of the client module and the SDK are known wherever they are written."""
        source, holder = self.module.source, reference.scope.lookup(reference.parts[0])
        if holder is None or not written:
            return
        imports = [b.statement for b in holder.bindings[reference.parts[0]] if b.statement]
        first = min(map(source.start, imports), default=0)
        last = source.end(holder.node) if holder.parent else len(source.text)
        if not all(first < source.start(node) < last for node in written):
            raise NotKnownError("arguments from `**`: the dict is made where the import is not known")

    def _see_spread(self, call: ast.Call, scope: Scope) -> None:
        for keyword in call.keywords if _is_typed(scope) and not self.plan.strict else ():
            if keyword.arg is None and not self.reader.is_any(keyword.value):
                raise NotKnownError("arguments from `**`: a type checker would compare each of them with all keys")

    def _is_misfit(self, value: ast.expr, called: str, scope: Scope) -> bool:
        """Whether an argument of a call in a typed function has a type that the SDK's method does not take."""
        return called in _SHAPED and not self.plan.strict and _is_typed(scope) and self.values.is_plain(value)

    def _import(self, reference: Reference, fate: Fate) -> None:
        for binding in self._imports_of(reference):
            if isinstance(binding.node, ast.alias) and isinstance(binding.statement, ast.ImportFrom):
                name = Imported(binding.node, binding.statement, fate, binding.target or "", reference.parts[0])
                self.plan.imported.setdefault(id(binding.node), name).uses.append(reference)

    def _imports_of(self, reference: Reference) -> list[Binding]:
        """What gives a use its name: the last import above it in its blocks, or else every one."""
        local = reference.parts[0]
        holder = reference.scope.lookup(local)
        bindings = holder.bindings[local] if holder else []
        line = reference.nodes[0].lineno
        ends = {id(s.node): s.block[-1].end_lineno or 0 for s in self.module.found.imports}
        above = [b for b in bindings if b.statement and b.statement.lineno <= line <= ends.get(id(b.statement), 0)]
        return above[-1:] or bindings


def _is_typed(scope: Scope | None) -> bool:
    """Whether a function around a scope has annotations."""
    while scope is not None and not isinstance(scope.node, FunctionNode):
        scope = scope.parent
    if scope is None or not isinstance(scope.node, FunctionNode):
        return False
    return scope.node.returns is not None or any(a.annotation for a in parameters(scope.node.args))


def _is_asynchronous(scope: Scope | None) -> bool:
    """Whether a scope runs in an event loop: that of an asynchronous function, or of a comprehension in one."""
    while scope is not None and isinstance(scope.node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        scope = scope.parent
    return scope is not None and isinstance(scope.node, ast.AsyncFunctionDef)
