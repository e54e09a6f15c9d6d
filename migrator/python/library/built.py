"""Objects that are built of a library's classes: what the call of the class in its place is given instead."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from migrator.fates.library import Fate
from migrator.fates.names import Names
from migrator.python.library.refused import refusal
from migrator.python.library.shown import as_json, is_nothing, is_plain, is_sure, is_text, is_text_alone
from migrator.python.reading.expressions import Parts, parts_of, text_value
from migrator.python.sdk.spread import Spread
from migrator.sites import Status
from migrator.tree.aside import is_test

Key = tuple[int, int]  # where what is called ends, by line and column: no two calls share it
Node = ast.Call | ast.Dict


class Made(NamedTuple):
    """A call of an imported name, or of one reached through it; in an f-string CPython 3.11 misplaces what it holds."""

    parts: Parts
    call: ast.Call
    targets: frozenset[str] = frozenset()  # what its first part is there, by full names; "" for what is not told
    in_f_string: bool = False
    variables: Mapping[str, Key] = {}  # those it is given, of which one call is all that they stand for
    spread: Spread | None = None  # the dict that it is given with `**`, where that is in sight


class Recipe(NamedTuple):
    """How an object of one class is built from now on: the table `built` of a `[[moved]]` rule."""

    message: str
    order: Sequence[str] = ()
    first: str = ""
    given: Mapping[str, str] = {}
    invented: Mapping[str, str] = {}
    needs: Sequence[str] = ()
    drop: Sequence[str] = ()
    by_hand: Sequence[str] = ()
    nested: Mapping[str, str] = {}
    allowed: Mapping[str, str] = {}
    values: Mapping[str, str] = {}
    within: Mapping[str, str] = {}
    imports: Sequence[str] = ()
    takes: Sequence[str] = ()
    fields: Sequence[str] = ()
    named: Mapping[str, str] = {}
    configs: Sequence[str] = ()
    as_json: Sequence[str] = ()
    validates: bool = False
    differs: str = ""

    def filled(self, name: str, old: str, position: int = 0) -> str:
        """The text of a field that LiteLLM filled in, for the class by its old name; "" for a field it did not."""
        text = self.given.get(name) or self.invented.get(name) or ""
        return text.replace("{value}", self.values.get(old, "")).replace("{position}", str(position))


@dataclass(slots=True)
class Added:
    """Fields that are put into a call or a dict, `name -> text`, and arguments of the call that go."""

    node: Node
    fields: dict[str, str]
    dropped: list[int] = field(default_factory=list)  # by their place among the arguments
    named: dict[int, str] = field(default_factory=dict)  # positional argument -> its name from now on
    as_dict: bool = False  # `Class.model_validate({…})`, which takes what only run time knows
    opened: list[ast.Dict] = field(default_factory=list)  # those after `**` whose keys become arguments


@dataclass(slots=True)
class Plan:
    """What becomes of one call of the class `old`, however it is spelled there; with a `reason` nothing does."""

    made: Made
    old: str
    fate: Fate
    recipe: Recipe
    added: list[Added] = field(default_factory=list)
    replaced: list[tuple[ast.expr, str]] = field(default_factory=list)
    dumped: list[ast.expr] = field(default_factory=list)  # what `json.dumps` makes a text of
    doubts: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # the arguments that go
    renamed: list[tuple[ast.keyword, str]] = field(default_factory=list)
    inner: list[Key] = field(default_factory=list)  # the calls of the library among what it is given
    reason: str = ""

    @property
    def imports(self) -> tuple[str, ...]:
        """The modules that the call is written with afterwards."""
        texts = [text for added in self.added for text in added.fields.values()]
        named = (module for module in self.recipe.imports if any(f"{module}." in text for text in texts))
        return (*named, *(["json"] if self.dumped else []))

    @property
    def status(self) -> Status:
        return Status.MANUAL if self.reason else Status.REVIEW if self.doubts else Status.MIGRATED

    @property
    def message(self) -> str:
        """What differs; of a call that stays, why and what to do."""
        if self.reason:
            return f"{self.reason}: {self.recipe.message}"
        told = [n for added in self.added for n in added.fields]
        gone = [n for n in self.gone if n not in told]
        said = [f"with {', '.join(dict.fromkeys(told))}"] if told else []
        said += [f"without {', '.join(gone)}"] if gone else []
        return "; ".join((*said, *dict.fromkeys(self.doubts)))


def key_of(func: ast.expr) -> Key:
    """What tells the call of `func` from all others of its module."""
    return func.end_lineno or 0, func.end_col_offset or 0


def recipe_of(fate: Fate | None, old: str) -> Recipe | None:
    """How a class is built, by its old name; None where nothing is known of that."""
    table: Mapping[str, Any] | None = fate.built.get(old) or fate.built.get("*") if fate else None
    if table is None:
        return None
    return Recipe(**{name.replace("-", "_"): value for name, value in table.items()})


class Builds:
    """The plans for all objects that a module builds of a library's classes.

    Objects that stand in each other are built of one library: where one has to stay, those around and in it do. So do
    all that are built by a name that is imported by itself, since the import gives but one class.
    """

    def __init__(
        self,
        names: Names,
        made: tuple[Made, ...],
        meanings: Callable[[Made], set[str]],
        held: Callable[[Plan], str],
        path: str,
    ) -> None:
        self.plans: dict[Key, Plan] = {}
        self._made = {key_of(each.call.func): each for each in made}
        self._names, self._meanings, self._in_tests = names, meanings, is_test(path)
        for each in made:
            meant, others = self._meant(each)
            fate = self._fate(each)
            old = _old_name(fate, meant)
            recipe = recipe_of(fate, old)
            if fate and recipe and fate.count == meant.count(".") + 1:
                plan = self.plans[key_of(each.call.func)] = Plan(each, old, fate, recipe)
                self._plan(plan)
                plan.doubts += [f"it is {', '.join(others)} as well, which has to take this"] if others else []
        for plan in self.plans.values():
            plan.reason = held(plan) or plan.reason
            if plan.doubts and names.rules.wary and not plan.reason:
                plan.reason = f"{plan.message}; left alone: --safe-only"
        self._spread()
        self.staying = {p.made.parts[0] for p in self.plans.values() if p.reason and len(p.made.parts) == 1}

    def at(self, func: ast.expr) -> Plan | None:
        """The plan for the call of `func`."""
        return self.plans.get(key_of(func))

    def _meant(self, made: Made) -> tuple[str, list[str]]:
        """The library's name of what is called, "" where several differ; and what else may be called there."""
        meanings = sorted(self._meanings(made))
        fates = {dotted: fate for dotted in meanings if (fate := self._names.fate(dotted))}
        alike = {(fate.new, _old_name(fate, dotted)) for dotted, fate in fates.items()}
        others = [dotted or "something else" for dotted in meanings if dotted not in fates]
        return next(iter(fates)) if len(alike) == 1 else "", others

    def _fate(self, made: Made) -> Fate | None:
        dotted, _ = self._meant(made)
        fate = self._names.fate(dotted) if dotted else None
        return fate if fate and fate.kind == "moved" else None

    def _spread(self) -> None:
        """Let those stay that stand together with one that does."""
        changed = True
        while changed:
            changed = False
            staying = {p.made.parts[0] for p in self.plans.values() if p.reason and len(p.made.parts) == 1}
            for plan in self.plans.values():
                inner = [self.plans[k] for k in plan.inner if k in self.plans]
                by_name = len(plan.made.parts) == 1 and plan.made.parts[0] in staying
                for each in (plan, *inner):
                    if not each.reason and ((by_name and each is plan) or any(p.reason for p in (plan, *inner))):
                        each.reason = "others it is built with, or by its name, stay"
                        changed = True

    # ------------------------------------------------------------------------------------------------------ one object

    def _plan(self, plan: Plan) -> None:
        call, recipe = plan.made.call, plan.recipe
        if plan.made.in_f_string:
            plan.reason = "it stands in an f-string"
        elif not call.keywords and [ast.unparse(a) for a in call.args] == ["..."]:  # as in docs
            plan.doubts += [recipe.differs] if recipe.differs else []
        elif len(call.args) > len(recipe.order) or any(isinstance(a, ast.Starred) for a in call.args):
            plan.reason = "its positional arguments are not known"
        else:
            self._arguments(plan, Added(call, {}))

    def _arguments(self, plan: Plan, added: Added) -> None:
        call, recipe = plan.made.call, plan.recipe
        given = [(recipe.order[i], value) for i, value in enumerate(call.args)]
        if recipe.first and given and given[0][0] != recipe.first and is_text_alone(call):
            plan.doubts.append(
                f"{given[0][0]} came first, so this raised a TypeError: its text is the {recipe.first} now"
            )
            given = [(recipe.first, call.args[0])]
        given += [(k.arg or "", k.value) for k in call.keywords]
        kept, unknown = list[str](), False
        plan.renamed = [(k, recipe.named[k.arg]) for k in call.keywords if k.arg and k.arg in recipe.named]
        for index, (name, value) in enumerate(given):
            if not name:
                unknown |= self._unpacked(plan, value, kept)
                added.opened += [value] if isinstance(value, ast.Dict) and is_plain(value) else []
            elif name in recipe.drop or (name in recipe.by_hand and is_nothing(value)):
                added.dropped.append(index)
                plan.gone.append(name)
                continue
            elif index < len(call.args) and (kept or name != recipe.first):
                added.named[index] = name
            if name:
                kept.append(name)
                added.as_dict |= bool(recipe.fields) and recipe.named.get(name, name) not in recipe.fields
                self._field(plan, recipe, plan.old, name, value, added)
        self._complete(plan, recipe, plan.old, kept, added, unknown=unknown)
        added.as_dict |= unknown or any(t.startswith(("{", "[{")) for t in added.fields.values())
        if unknown and not recipe.validates:
            plan.reason = plan.reason or "what `**` gives is not known"
        if added.dropped or added.fields or added.named or added.as_dict or added.opened:
            plan.added.append(added)

    def _unpacked(self, plan: Plan, value: ast.expr, kept: list[str]) -> bool:
        """Whether `**value` gives fields that are not known; those that are go to `kept`."""
        names = [text_value(k) for k in value.keys] if isinstance(value, ast.Dict) else [None]
        if not isinstance(value, ast.Dict) or None in names:
            plan.doubts.append("what `**` gives has to fit the new class")
            return True
        for name, item in zip(names, value.values, strict=True):
            kept.append(name or "")
            self._field(plan, plan.recipe, plan.old, name or "", item, None)
        return False

    def _complete(
        self, plan: Plan, recipe: Recipe, old: str, kept: list[str], added: Added, position: int = 0, *, unknown: bool
    ) -> None:
        """Add the fields that LiteLLM filled in; those it made up are no longer new ones each time."""
        lacking = [n for n in recipe.needs if n not in kept]
        if lacking and not unknown:
            plan.reason = plan.reason or f"{', '.join(lacking)} is missing"
        names = [n for n in (*recipe.invented, *recipe.given) if n not in kept]
        added.fields = {**{n: recipe.filled(n, old, position) for n in names}, **added.fields}
        invented = [n for n in names if n in recipe.invented]
        if invented and not self._in_tests:
            plan.doubts.append(f"{', '.join(invented)} as LiteLLM made up is not made up any more")
        if recipe.differs:
            plan.doubts.append(recipe.differs)

    def _field(
        self, plan: Plan, recipe: Recipe, old: str, name: str, value: ast.expr, added: Added | None, position: int = 0
    ) -> None:
        """Look at one argument, or one item of a dict that becomes an object."""
        filled = recipe.filled(name, old, position)
        if name in recipe.by_hand or (recipe.takes and name not in recipe.takes):
            plan.reason = plan.reason or f"it is given {name}"
        elif name in recipe.configs and (refused := refusal(value)):
            plan.reason = plan.reason or refused
        elif isinstance(value, ast.Constant) and value.value is None:
            if filled:
                plan.replaced.append((value, filled))
            elif name in recipe.needs:
                plan.reason = plan.reason or f"{name} is None"
        elif name in recipe.within:
            self._within(plan, name, value, *recipe.within[name].split("=", 1))
        elif name in recipe.nested:
            self._nested(plan, recipe.nested[name], name, value, added)
        elif name in recipe.allowed:
            known = recipe.allowed[name].split()
            if not isinstance(value, ast.Constant):
                plan.doubts.append(f"{name} has to be one of {', '.join(known)}")
            elif value.value not in known:
                plan.reason = plan.reason or f"{name} can only be {', '.join(known)}"
        elif name in recipe.as_json and isinstance(value, ast.Dict):
            text = as_json(value)
            plan.replaced += [(value, text)] if text else []
            plan.dumped += [] if text else [value]
        else:
            if name in recipe.as_json and not is_text(value):
                plan.doubts.append(f"{name} must be a text: LiteLLM wrote a dict as JSON")
            elif (filled or name in recipe.needs) and not is_sure(value):
                plan.doubts.append(f"{name} must not be None")

    def _within(self, plan: Plan, name: str, value: ast.expr, wanted: str, text: str) -> None:
        """An argument that has to be built with the keyword `wanted`, as an `httpx.Response` with its request."""
        last = parts_of(value.func)[-1:] if isinstance(value, ast.Call) else ()
        if not isinstance(value, ast.Call) or last != (name.capitalize(),):
            if not any("Mock" in part for part in last):
                plan.doubts.append(f"{name} has to have a {wanted}")
        elif all(keyword.arg not in (wanted, None) for keyword in value.keywords):
            plan.added.append(Added(value, {wanted: text}))

    def _nested(self, plan: Plan, cls: str, name: str, value: ast.expr, added: Added | None, position: int = 0) -> None:
        """What stands where an object of the class `cls` belongs, or a list of such."""
        match value:
            case ast.List() | ast.Tuple():
                for index, item in enumerate(value.elts):
                    self._nested(plan, cls, name, item, added, index)
            case ast.ListComp() | ast.GeneratorExp():
                self._nested(plan, cls, name, value.elt, added)
            case ast.IfExp():
                self._nested(plan, cls, name, value.body, added, position)
                self._nested(plan, cls, name, value.orelse, added, position)
            case ast.Dict():
                if added:
                    added.as_dict = True
                self._dict(plan, cls, value, position)
            case ast.Constant(value=None):
                pass
            case ast.Call() | ast.Name() if (fate := self._fate_of_made(plan, value)) and fate.built:
                plan.inner.append(self._key(plan, value))
                wanted = self._names.fate(f"{plan.fate.library}.{cls}")
                if wanted is None or wanted.new != fate.new:
                    plan.reason = plan.reason or f"{name} is built of a class that does not go there"
            case _:
                plan.doubts.append(f"{name} has to be of the new classes, or dicts with all of their fields")

    def _key(self, plan: Plan, value: ast.Call | ast.Name) -> Key:
        """The call that gives an argument: itself, or the one whose result a variable holds."""
        return key_of(value.func) if isinstance(value, ast.Call) else plan.made.variables.get(value.id, (0, 0))

    def _fate_of_made(self, plan: Plan, value: ast.Call | ast.Name) -> Fate | None:
        made = self._made.get(self._key(plan, value))
        return self._fate(made) if made else None

    def _dict(self, plan: Plan, cls: str, value: ast.Dict, position: int) -> None:
        """A dict that LiteLLM made an object of: the new class does so too, if all fields are there."""
        recipe = recipe_of(self._names.fate(f"{plan.fate.library}.{cls}"), cls)
        if recipe is None:
            return
        kept, added = list[str](), Added(value, {})
        for key, item in zip(value.keys, value.values, strict=True):
            name = text_value(key)
            if name is None:
                plan.doubts.append("what `**` gives has to fit the new class")
            else:
                kept.append(name)
                self._field(plan, recipe, cls, name, item, None, position)
        self._complete(plan, recipe, cls, kept, added, position, unknown=len(kept) < len(value.keys))
        if added.fields:
            plan.added.append(added)


def _old_name(fate: Fate | None, dotted: str) -> str:
    return dotted.split(".")[fate.count - 1] if fate else ""
