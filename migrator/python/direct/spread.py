"""The keys of the dicts that a call is given with `**`: the dict stays, and its keys are right for the SDK."""

from __future__ import annotations

import ast
from collections.abc import Collection
from itertools import takewhile

from migrator.clients.table import Argument, Destination, Table
from migrator.python.direct.keys import Key, Reader, UnseenError
from migrator.python.direct.models import Models
from migrator.python.direct.omitting import leave_out, leave_out_unless
from migrator.python.direct.options import option
from migrator.python.direct.request import WHOLE, Change, NotKnownError, Request, see_streams
from migrator.python.reading.expressions import is_none, outcomes, some, text_value
from migrator.python.reading.scopes import FunctionNode

_CONDITIONS = (ast.If, ast.IfExp, ast.BoolOp, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match)


class Spread:
    """What one call is given with `**`, beside the arguments `given`."""

    def __init__(
        self, name: str, table: Table, models: Models, reader: Reader, dicts: list[ast.expr], given: Collection[str]
    ) -> None:
        """Raises NotKnownError where the keys are not all in sight."""
        self.name, self.table, self.models, self.values = name, table, models, models.values
        self.function, self.parse = table.functions[name], table.functions[name].parse
        self.keys: dict[str, list[Key]] = {}
        self.alone = True
        self.traced = set[int]()  # ids of models, by the id of their node, that are replaced where they stand
        for node in dicts:
            try:
                read = reader.keys(node)
            except UnseenError as error:
                raise NotKnownError(f"arguments from `**`: {error}") from None
            self.alone &= read.alone
            self.traced |= {id(o) for e in reader.laid_out.items(node) if e.name == "model" for o in outcomes(e.value)}
            names = {key.name for key in read.given}
            if twice := sorted(names & {*given, *self.keys}):
                raise NotKnownError(f"{twice[0]} is given twice")
            for key in read.given:
                self.keys.setdefault(key.name, []).append(key)

    @property
    def names(self) -> Collection[str]:
        return self.keys.keys()

    def resolve(self, made: Request, *, streams: ast.expr | bool) -> None:
        """Complete what a call becomes. Raises NotKnownError for a key that cannot go where it has to."""
        if made.method == self.parse and self.keys.keys() & {"stream", "response_format"}:
            raise NotKnownError("response_format: a class does not go with stream=True")
        before = len(made.omits), len(made.mapped)
        joined = {called for members, called in ((made.headers, "extra_headers"), (made.fixed, "extra_headers"),
                                                 (made.body, "extra_body")) if members}  # fmt: skip
        taken = {called for _, called in made.kept} | joined
        for name, keys in self.keys.items():
            for key in keys:
                called = self._resolve(made, key, streams=streams)
                if called in taken:
                    raise NotKnownError(f"{name}: {called} is given by another name, too")
            taken |= {called} - {""}
        if not self.alone and (made.changes or made.moved or before != (len(made.omits), len(made.mapped))):
            raise NotKnownError("arguments from `**`: the dict would have to change, and is used otherwise, too")

    def _resolve(self, made: Request, key: Key, *, streams: ast.expr | bool) -> str:
        """Place one key; what it is called from now on, "" where the call is not given it any more."""
        name, value = key.name, key.value
        row = self.table.argument(self.name, name)
        see_streams(self.function, name)
        is_off = is_none(value) or (name == "stream" and isinstance(value, ast.Constant) and not value.value)
        if is_off and len(self.keys[name]) > 1:
            raise NotKnownError(f"{name}: it takes back what it was before")
        if is_none(value):
            made.changes.append(Change(key))
            return ""
        if name == "model":
            self._model(made, value)
        elif name == "stream":
            return self._stream(made, key)
        elif name == "stream_options" and streams is not True:
            self._see_streams(made, key)
        elif name == "response_format" and self.parse:
            if value is None or not all(map(self.values.is_display, some(value))):
                raise NotKnownError("response_format: only run time knows whether it is a class")
            self._see_given(made, key, name)
        else:
            return self._sort(made, key, row)
        return name

    def _sort(self, made: Request, key: Key, row: Argument) -> str:
        name, called = key.name, row.called or key.name
        if row.internal:
            raise NotKnownError(f"{name}: {row.note}")
        match row.to:
            case Destination.KEYWORD:
                if called not in (
                    *(WHOLE if self.table.package == "openai" else ()),
                    *self.function.order_of(self.name)[:2],
                ):
                    self._see_given(made, key, called)
                if called != name:
                    made.changes.append(Change(key, called))
                return called
            case Destination.EXTRA_BODY if "extra_body" not in self.function.takes and name not in WHOLE:
                self._see_given(made, key, name)  # the method puts what it does not know into the body
                return name
            case Destination.EXTRA_BODY:
                self._see_given(made, key, "")
                made.changes.append(Change(key, "extra_body", name))
                return "extra_body"
            case Destination.OPTION if isinstance(key.within, ast.Dict) and isinstance(key.value, ast.Constant):
                if len(self.keys[name]) > 1 or made.options or made.moved:
                    raise NotKnownError(f"{name}: {row.called} is given by another name, too")
                if self._is_conditional(key.within):
                    raise NotKnownError(f"{name}: only run time knows whether it is given")
                made.see(row)
                text = option(name, row.called, key.value)
                made.moved += [(row.called, ast.unparse(key.value) if text is None else text)] if text != "" else []
                made.changes.append(Change(key))
                return ""
            case Destination.DROP:
                made.changes.append(Change(key))
                made.drop(name, row)
                return ""
        raise NotKnownError(f"{name}: {row.note}" if row.note else name)

    def _is_conditional(self, node: ast.AST) -> bool:
        """Whether a dict may not count, within the function that it stands in."""
        above = self.values.module.source.above(node)
        within = takewhile(lambda each: not isinstance(each, FunctionNode), above)
        return any(isinstance(each, _CONDITIONS) for each in within)

    def _model(self, made: Request, value: ast.expr | None) -> None:
        if value is None:
            raise NotKnownError("model: only run time knows it")
        if any(not self._is_traced(outcome) for outcome in outcomes(value)):
            raise NotKnownError("model: only the client module knows that it is one")
        if not self.models.are_settled(value):
            made.map(value, told=self.models.are_told(value))

    def _is_traced(self, node: ast.expr | None) -> bool:
        """Whether an id that is spelled out is replaced where it stands, if it has to be."""
        text = text_value(node)
        same = text is not None and self.models.served(text) == text
        return same or id(node) in self.traced or not isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp)

    def _stream(self, made: Request, key: Key) -> str:
        if not isinstance(key.value, ast.Constant) or not isinstance(key.value.value, bool):
            if key.value is None or self.table.package != "openai":
                raise NotKnownError("stream: only run time knows whether it is set")
            leave_out_unless(made, key.value)
            return "stream"
        if not key.value.value:
            made.changes.append(Change(key))
        return "stream" if key.value.value else ""

    def _see_streams(self, made: Request, key: Key) -> None:
        """Whether a stream is asked for wherever there are options for it."""
        given = [k.value for k in self.keys.get("stream", ())]
        if len(given) == 1 and not isinstance(given[0], ast.Constant) and given[0] and key.value:
            leave_out_unless(made, given[0], key.value)
            return
        streams = (k for k in self.keys.get("stream", ()) if isinstance(k.value, ast.Constant) and k.value.value)
        parents = self.values.module.source.parents
        beside = {id(key.within), *([id(parents[id(key.at)])] if isinstance(key.at, ast.Assign) else [])}
        if not any({id(each.within), id(parents[id(each.at)])} & beside for each in streams):
            raise NotKnownError("stream_options: only run time knows whether it goes with stream=True")

    def _see_given(self, made: Request, key: Key, called: str) -> None:
        """Whether a key is never None, or is left out then."""
        if key.value is None or (key.sieved and called) or self.values.is_given_at(key.value, key.at):
            return
        if self.table.package != "openai" or not called or not leave_out(made, key.value, called, self.values):
            raise NotKnownError(f"{key.name} may be None, which LiteLLM left out")
