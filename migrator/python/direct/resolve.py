"""The arguments of one call, each at its destination: what the table says, resolved before the program runs."""

from __future__ import annotations

import ast
import re

from migrator.clients.table import Argument, Destination, Function, Table
from migrator.python.direct.defaults import complete
from migrator.python.direct.keys import Reader
from migrator.python.direct.models import Models
from migrator.python.direct.omitting import leave_out, leave_out_unless
from migrator.python.direct.options import labels, laid_out, option, opts_out
from migrator.python.direct.request import OF_STREAMS, WHOLE, Given, NotKnownError, Request, see_streams
from migrator.python.direct.spread import Spread
from migrator.python.reading.expressions import is_none, some

_WHOLE = WHOLE | {"headers"}
_TIMEOUTS = {"timeout", "request_timeout"}


def resolve(call: ast.Call, name: str, table: Table, models: Models, reader: Reader) -> Request:
    """What becomes of a call of the function `name`. Raises NotKnownError where only run time can tell."""
    return _Resolver(call, name, table, models, reader).request()


class _Resolver:
    def __init__(self, call: ast.Call, name: str, table: Table, models: Models, reader: Reader) -> None:
        self.name, self.table, self.models, self.values = name, table, models, models.values
        self.function: Function = table.functions[name]
        self.required = self.function.order_of(name)[:2]
        self.given = _given(call, self.function.order_of(name))
        self.made = Request(self.function.method)
        spread = [keyword.value for keyword in call.keywords if keyword.arg is None]
        self.spread = Spread(name, table, models, reader, spread, self.given.keys())

    def request(self) -> Request:
        if not self.function.alone:
            raise NotKnownError("the client module tells the client more than the call does")
        for name in self.required:
            if not (name in self.spread.names if name not in self.given else not is_none(self.given[name].value)):
                raise NotKnownError(f"it gives no {name}")
        if "custom_llm_provider" in self.given and "model" in self.spread.names:
            raise NotKnownError("custom_llm_provider: the id that it is part of stands in a dict")
        streams = self._streams()
        for name, argument in self.given.items():
            see_streams(self.function, name)
            if is_none(argument.value) or (name in OF_STREAMS and not streams):
                self.made.gone.append(argument)
            elif name in OF_STREAMS and isinstance(streams, ast.expr):
                leave_out_unless(self.made, streams, argument.value if argument.value is not streams else None)
                self._keep(argument, name)
            elif name == "model":
                self._model(argument)
            elif name == "response_format" and self.function.parse:
                self._format(argument, streams)
            else:
                self._sort(name, argument, self.table.argument(self.name, name))
        self._see_whole()
        self.spread.resolve(self.made, streams=streams)
        complete(self.made, self.table, self.function, self.models, self.spread.keys)
        return self.made

    def _streams(self) -> ast.expr | bool:
        """Whether a stream is asked for; what decides that at run time."""
        stream = self.given.get("stream")
        if stream is None or is_none(stream.value) or "stream" not in self.function.keep:
            return False
        if isinstance(stream.value, ast.Constant) and isinstance(stream.value.value, bool):
            return stream.value.value
        if self.table.package != "openai":
            raise NotKnownError("stream: only run time knows whether it is set")
        return stream.value

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
            case Destination.EXTRA_BODY if "extra_body" in self.function.takes:
                made.body.append(argument)
            case Destination.EXTRA_BODY if name not in _WHOLE:  # the method puts what it does not know into the body
                self._keep(argument, name)
            case Destination.OPTION:
                self._option(argument, row.called)
                made.see(row)
            case Destination.HEADER:
                made.fixed.update(_headers(argument))
                made.gone.append(argument)
                made.notes.append(f"{name}: {row.note}")
            case Destination.MODEL:
                made.gone.append(argument)
            case Destination.DROP:
                made.gone.append(argument)
                made.drop(name, row)
            case _:
                raise NotKnownError(f"{name}: {row.note}" if row.note else name)

    def _option(self, argument: Given, called: str) -> None:
        made, text = self.made, option(argument.name, called, argument.value)
        if called in {*(each for _, each in made.options), *(each for each, _ in made.moved)}:
            raise NotKnownError(f"{argument.name}: {called} is given by another name, too")
        if text is None:
            made.options.append((argument, called))
            return
        made.gone.append(argument)
        if text:
            made.moved.append((called, text))

    def _see_given(self, argument: Given) -> None:
        if not self.values.is_given(argument.value):
            raise NotKnownError(f"{argument.name} may be None, which LiteLLM left out")

    def _see_whole(self) -> None:
        """Whether headers and bodies that are joined with others are there."""
        made = self.made
        for members, fixed in ((made.headers, made.fixed), (made.body, {})):
            for argument in members if len(members) > 1 or fixed or self.table.package != "openai" else ():
                if argument.name in _WHOLE:
                    self._see_given(argument)

    def _see_omitted(self, argument: Given, called: str) -> None:
        """Note what has to be left out of an argument that may be None."""
        if self.table.package != "openai" or not leave_out(self.made, argument.value, called, self.values):
            self._see_given(argument)

    def _keep(self, argument: Given, called: str) -> None:
        if any(called == other for _, other in self.made.kept):
            raise NotKnownError(f"{argument.name}: {called} is given by another name, too")
        self.made.kept.append((argument, called))

    def _format(self, argument: Given, streams: ast.expr | bool) -> None:
        if self.values.is_class(argument.value):
            if streams:
                raise NotKnownError("response_format: a class does not go with stream=True")
            if self.table.package != "openai" and self.given.keys() & _TIMEOUTS:
                raise NotKnownError("response_format: the method that takes a class takes no timeout")
            self.made.method = self.function.parse
        elif not all(map(self.values.is_display, some(argument.value))):
            raise NotKnownError("response_format: only run time knows whether it is a class")
        else:
            self._see_omitted(argument, "response_format")
        self._keep(argument, "response_format")

    def _model(self, argument: Given) -> None:
        text, provider = self.models.text(argument.value), self.given.get("custom_llm_provider")
        if provider and not is_none(provider.value):
            of = self.values.text(provider.value)
            if of is None or not isinstance(argument.value, ast.Constant) or text is None:
                raise NotKnownError("custom_llm_provider: only run time knows the id it is part of")
            text = text if "/" in text else f"{of}/{text}"
        self.made.model = argument
        if isinstance(argument.value, ast.Constant) and text is not None:
            self.made.model_id = self.models.served(text)
        elif not self.models.are_settled(argument.value):
            self.made.map(argument.value, told=self.models.are_told(argument.value))


def _given(call: ast.Call, order: list[str]) -> dict[str, Given]:
    """The arguments of a call by their names."""
    found: dict[str, Given] = {}
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        raise NotKnownError("arguments from `*`")
    if len(call.args) > len(order):
        raise NotKnownError(f"{len(call.args)} positional arguments, at most {len(order)}")
    every = [Given(name, value, value) for name, value in zip(order, call.args, strict=False)]
    every += [Given(keyword.arg, keyword.value, keyword) for keyword in call.keywords if keyword.arg]
    for argument in every:
        if argument.name in found:
            raise NotKnownError(f"{argument.name} is given twice")
        if isinstance(argument.value, ast.NamedExpr | ast.Yield | ast.YieldFrom):
            raise NotKnownError(f"{argument.name}: it does more than give a value")
        found[argument.name] = argument
    return found


def _headers(argument: Given) -> dict[str, str]:
    """The headers that an argument becomes whose value is laid out."""
    value = laid_out(argument.name, argument.value)
    if argument.name in ("cache", "caching"):
        return {"x-no-cache": "true"} if opts_out(value) else {}
    given = labels(argument.name, value).items()
    return {"X-LLMGateway-" + re.sub(r"[^A-Za-z0-9]+", "-", name): label for name, label in given}
