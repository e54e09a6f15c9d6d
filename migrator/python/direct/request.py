"""The arguments of one call, each at its destination: what the table says, resolved before the program runs."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from migrator.clients.ids import Ids
from migrator.clients.table import Argument, Destination, Function, Table
from migrator.python.direct.values import Values
from migrator.python.expressions import is_none, outcomes, text_value

_MOST_OMITTED = 2  # arguments of a call that may be None: with more of them it reads worse than the adapter's
_WHOLE = {"extra_headers", "headers", "extra_query", "extra_body"}  # the methods take None for them
_OF_STREAMS = {"stream", "stream_options"}
_PLAIN = re.compile(r"([!-~]([ -~]*[!-~])?)?")  # what a header can hold as it is


class NotKnownError(Exception):
    """Why a call cannot be written as one of the SDK: which argument, and what is in the way."""


@dataclass(frozen=True, slots=True)
class Given:
    """An argument as the call has it."""

    name: str
    value: ast.expr
    node: ast.expr | ast.keyword  # the value itself where it is positional


@dataclass(slots=True)
class Request:
    """What a call becomes. Every argument is in exactly one of the lists."""

    method: str
    kept: list[tuple[Given, str]] = field(default_factory=list)  # with its name from now on
    options: list[tuple[Given, str]] = field(default_factory=list)
    body: list[Given] = field(default_factory=list)  # `extra_body` among them, if there is one
    headers: list[Given] = field(default_factory=list)  # `extra_headers` or `headers`, at most one
    fixed: dict[str, str] = field(default_factory=dict)  # headers whose texts are known
    gone: list[Given] = field(default_factory=list)
    model: Given | None = None
    model_id: str = ""  # the model's id from now on, where it is a literal
    maps: bool = False  # whether the model is mapped at run time
    omits: list[tuple[ast.expr, str]] = field(default_factory=list)  # what may be None, and what stands for that then
    notes: list[str] = field(default_factory=list)
    differs: bool = False


def resolve(
    call: ast.Call, name: str, table: Table, ids: Ids, settles: Callable[[str], bool], values: Values
) -> Request:
    """What becomes of a call of the function `name`. Raises NotKnownError where only run time can tell.

    `settles` is whether an id, or the beginning of one, is replaced where it stands.
    """
    return _Resolver(call, name, table, ids, settles, values).request()


class _Resolver:
    def __init__(
        self, call: ast.Call, name: str, table: Table, ids: Ids, settles: Callable[[str], bool], values: Values
    ) -> None:
        self.name, self.table, self.ids, self.settles, self.values = name, table, ids, settles, values
        self.function: Function = table.functions[name]
        self.required = self.function.order_of(name)[:2]
        self.given = _given(call, self.function.order_of(name))
        self.made = Request(self.function.method)

    def request(self) -> Request:
        for name in self.required:
            if name not in self.given or is_none(self.given[name].value):
                raise NotKnownError(f"it gives no {name}")
        streams, known = self._streams(), set(self.function.keep)
        for name, argument in self.given.items():
            if is_none(argument.value) or (name in _OF_STREAMS & known and not streams):
                self.made.gone.append(argument)
            elif name == "model":
                self._model(argument)
            elif name == "response_format" and self.function.parse:
                self._format(argument, streams)
            else:
                self._sort(name, argument, self.table.argument(self.name, name))
        self._see_whole()
        return self.made

    def _streams(self) -> bool:
        stream = self.given.get("stream")
        if stream is None or is_none(stream.value) or "stream" not in self.function.keep:
            return False
        if isinstance(stream.value, ast.Constant) and isinstance(stream.value.value, bool):
            return stream.value.value
        raise NotKnownError("stream: only run time knows whether it is set")

    def _sort(self, name: str, argument: Given, row: Argument) -> None:
        made = self.made
        if row.to is Destination.KEYWORD and name not in self.required and name not in _WHOLE:
            self._see_omitted(argument, row.called or name)
        elif row.to not in (Destination.DROP, Destination.MANUAL) and name not in (*self.required, *_WHOLE):
            self._see_given(argument)
        match row.to:
            case _ if row.internal:
                raise NotKnownError(f"{name}: {row.note}")
            case Destination.KEYWORD if name in ("headers", "extra_headers"):
                if made.headers:
                    raise NotKnownError("headers and extra_headers: they would have to be joined")
                made.headers.append(argument)
            case Destination.KEYWORD if name == "extra_body":
                made.body.append(argument)
            case Destination.KEYWORD:
                self._keep(argument, row.called or name)
            case Destination.EXTRA_BODY:
                made.body.append(argument)
            case Destination.OPTION:
                if any(called == row.called for _, called in made.options):
                    raise NotKnownError(f"{name}: {row.called} is given by another name, too")
                made.options.append((argument, row.called))
            case Destination.HEADER:
                made.fixed.update(_headers(argument))
                made.gone.append(argument)
                made.notes.append(f"{name}: {row.note}")
            case Destination.MODEL:
                made.gone.append(argument)
            case Destination.DROP:
                made.gone.append(argument)
                made.notes.append(f"{name} goes: {row.note}")
                made.differs = True
            case _:
                raise NotKnownError(f"{name}: {row.note}" if row.note else name)

    def _see_given(self, argument: Given) -> None:
        if not self.values.is_given(argument.value):
            raise NotKnownError(f"{argument.name} may be None, which LiteLLM left out")

    def _see_whole(self) -> None:
        """Whether headers and bodies that are joined with others are there."""
        made = self.made
        for members, fixed in ((made.headers, made.fixed), (made.body, {})):
            for argument in members if len(members) > 1 or fixed else ():
                if argument.name in _WHOLE:
                    self._see_given(argument)

    def _see_omitted(self, argument: Given, called: str) -> None:
        """Note what has to be left out of an argument that may be None."""
        value = argument.value
        if self.values.is_given(value):
            return
        instead = None if self.table.package != "openai" else _left_out(value, self.values)
        if instead is None or len(self.made.omits) == _MOST_OMITTED:
            self._see_given(argument)
            return
        self.made.omits.append((instead, "not_given" if called == "timeout" else "omit"))

    def _keep(self, argument: Given, called: str) -> None:
        if any(called == other for _, other in self.made.kept):
            raise NotKnownError(f"{argument.name}: {called} is given by another name, too")
        self.made.kept.append((argument, called))

    def _format(self, argument: Given, streams: bool) -> None:
        if self.values.is_class(argument.value):
            if streams:
                raise NotKnownError("response_format: a class does not go with stream=True")
            self.made.method = self.function.parse
        elif not all(map(self.values.is_display, _some(argument.value))):
            raise NotKnownError("response_format: only run time knows whether it is a class")
        else:
            self._see_omitted(argument, "response_format")
        self._keep(argument, "response_format")

    def _model(self, argument: Given) -> None:
        text, provider = self.values.text(argument.value), self.given.get("custom_llm_provider")
        if provider and not is_none(provider.value):
            of = self.values.text(provider.value)
            if of is None or not isinstance(argument.value, ast.Constant) or text is None:
                raise NotKnownError("custom_llm_provider: only run time knows the id it is part of")
            text = text if "/" in text else f"{of}/{text}"
        self.made.model = argument
        if isinstance(argument.value, ast.Constant) and text is not None:
            self.made.model_id = self._served(text)
        elif any(not self._is_settled(outcome) for outcome in outcomes(argument.value)):
            self.made.maps = True
            self.made.notes.append("the model is mapped at run time")
            self.made.differs |= any(o is None or self.values.text(o) is None for o in outcomes(argument.value))

    def _served(self, text: str) -> str:
        new = self.ids.new(text)
        if new is None:
            raise NotKnownError(f"{text}: {self.table.models.unserved_note}")
        return new

    def _is_settled(self, node: ast.expr | None) -> bool:
        """Whether an expression is an id of the gateway's, or will be: literals become what they are there in place."""
        text = self.values.text(node) if node else None
        if text is not None:
            return self._served(text) == text or (isinstance(node, ast.Constant) and self.settles(text))
        start = _beginning(node)
        if self.ids.beginning(start) is None:
            raise NotKnownError(f"{start}…: {self.table.models.unserved_note}")
        ends = (*self.ids.unserved, *self.ids.models, *(f"{provider}/" for provider in self.ids.table.strip))
        depends = "/" not in start or any(end.startswith(start) or start.startswith(end) for end in ends)
        return not depends and (self.ids.beginning(start) == start or self.settles(start))


def _given(call: ast.Call, order: list[str]) -> dict[str, Given]:
    """The arguments of a call by their names."""
    found: dict[str, Given] = {}
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        raise NotKnownError("arguments from `*`")
    if any(keyword.arg is None for keyword in call.keywords):
        raise NotKnownError("arguments from `**`")
    if len(call.args) > len(order):
        raise NotKnownError(f"{len(call.args)} positional arguments, at most {len(order)}")
    every = [Given(name, value, value) for name, value in zip(order, call.args, strict=False)]
    every += [Given(keyword.arg or "", keyword.value, keyword) for keyword in call.keywords]
    for argument in every:
        if argument.name in found:
            raise NotKnownError(f"{argument.name} is given twice")
        if isinstance(argument.value, ast.NamedExpr | ast.Yield | ast.YieldFrom):
            raise NotKnownError(f"{argument.name}: it does more than give a value")
        found[argument.name] = argument
    return found


def _left_out(value: ast.expr, values: Values) -> ast.expr | None:
    """What of a value gives way where it is None: a name as a whole, the None of a choice; None where it cannot."""
    match value:
        case ast.Name() | ast.Attribute(value=ast.Name()):
            return None if values.imported(value) else value
        case ast.IfExp(body=given, orelse=ast.Constant(value=None) as none):
            return none if values.is_given_where(value.test, given) else None
        case ast.IfExp(body=ast.Constant(value=None) as none, orelse=given) if values.is_given(given):
            return none
        case ast.BoolOp(op=ast.Or(), values=[*_, ast.Constant(value=None) as none]):
            return none
    return None


def _some(value: ast.expr) -> list[ast.expr]:
    """What a value may be but None."""
    branches = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
    return [branch for branch in branches if not is_none(branch)]


def _beginning(node: ast.expr | None) -> str:
    """The text that an f-string or a sum begins with."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        node = node.left
    return text_value(node.values[0] if isinstance(node, ast.JoinedStr) and node.values else node) or ""


def _headers(argument: Given) -> dict[str, str]:
    """The headers that an argument becomes whose value is laid out."""
    try:
        value = ast.literal_eval(argument.value)
    except ValueError:
        raise NotKnownError(f"{argument.name}: only run time knows the headers it becomes") from None
    if argument.name in ("cache", "caching"):
        out = value is False or (value is not True and value.get("no-cache"))
        return {"x-no-cache": "true"} if out else {}
    labels: Mapping[str, Any] = value if argument.name != "tags" else {"tags": value}
    if not isinstance(labels, dict) or not all(isinstance(label, str) for label in labels):
        raise NotKnownError(f"{argument.name}: it is no dict of labels")
    return {"X-LLMGateway-" + re.sub(r"[^A-Za-z0-9]+", "-", name): _text(label) for name, label in labels.items()}


def _text(value: object) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, default=str)
