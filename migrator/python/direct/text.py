"""The edits that write one call anew: the layout, the comments and every argument that stays are left alone."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator

from migrator.python import statements
from migrator.python.direct.request import Given, NotKnownError, Request
from migrator.python.reading.source import Source
from migrator.sites import Edit


def edits(source: Source, call: ast.Call, request: Request) -> list[Edit]:
    """What changes between the parentheses, but for a `model_id(…)` around the model.

    Raises NotKnownError where a comment would be lost.
    """
    return _Writer(source, call, request).edits()


def options(source: Source, request: Request) -> str:
    """What the client is called with: `max_retries=3`."""
    options = [(called, _moved(source, given)) for given, called in request.options]
    return ", ".join(f"{called}={value}" for called, value in [*options, *request.moved])


def _moved(source: Source, given: Given) -> str:
    """The text of a value that goes to another place."""
    text = source.segment(given.value)
    if "#" in text and "\n" in text:
        raise NotKnownError(f"{given.name}: a comment stands in it")
    return text


class _Writer:
    def __init__(self, source: Source, call: ast.Call, request: Request) -> None:
        self.source, self.call, self.request = source, call, request
        self.segment, self.base = source.segment(call), source.start(call)
        self.arguments: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
        self.arguments.sort(key=lambda a: (a.lineno, a.col_offset))
        text = source.text
        self.quote = "'" if text.count("'") > text.count('"') else '"'

    def edits(self) -> list[Edit]:
        request, placed = self.request, list[Edit]()
        gone = [*request.gone, *(given for given, _ in request.options)]
        for given, called in [*request.kept, *([(request.model, "model")] if request.model else [])]:
            placed += self._named(given, called)
        if request.model and request.model_id:
            placed += self._model(request.model, request.model_id)
        for name, members, entries in (
            ("extra_headers", request.headers, self._fixed()),
            ("extra_body", request.body, []),
        ):
            whole = [g for g in members if g.name in (name, "headers")]
            if members == whole and not entries:
                placed += [edit for given in members for edit in self._named(given, name)]
                continue
            anchor = (whole or members or [self._spare(gone)])[0]
            placed.append(Edit(*self._span(anchor), f"{name}={self._display(members, whole, entries)}"))
            gone = [g for g in (*gone, *members) if g is not anchor]
        return [*placed, *self._added(gone), *self._cuts(gone)]

    def _spare(self, gone: list[Given]) -> Given:
        """The argument whose place the known headers take: the first of those that become them."""
        return next(g for g in gone if g.name in _HEADERS)

    # ------------------------------------------------------------------------------------------------ one argument

    def _span(self, given: Given) -> tuple[int, int]:
        """Where an argument stands, with the parentheses around it."""
        if isinstance(given.node, ast.keyword):
            start = self.source.start(given.node)
            end = self.source.end(given.node)
            return start, end
        item = self._layout().items[self.arguments.index(given.node)]
        return self.base + item.start, self.base + item.end

    def _layout(self) -> statements.Layout:
        return statements.call_layout(self.segment)

    def _named(self, given: Given, called: str) -> Iterator[Edit]:
        if isinstance(given.node, ast.keyword):
            if given.name != called:
                start = self.source.start(given.node)
                yield Edit(start, start + len(given.name), called)
        else:
            start = self._span(given)[0]
            yield Edit(start, start, f"{called}=")

    def _model(self, given: Given, new: str) -> Iterator[Edit]:
        old = given.value.value if isinstance(given.value, ast.Constant) else new
        if old != new:
            place = self.source.inside(given.value, str(old))
            if place is None:
                yield Edit(self.source.start(given.value), self.source.end(given.value), self._quoted(new))
            else:
                yield Edit(*place, new)

    def _quoted(self, text: str) -> str:
        quoted = json.dumps(text, ensure_ascii=False)
        return f"'{text}'" if self.quote == "'" and quoted[1:-1] == text and "'" not in text else quoted

    # ---------------------------------------------------------------------------------------- extra_body and headers

    def _fixed(self) -> list[str]:
        return [f"{self._quoted(name)}: {self._quoted(text)}" for name, text in self.request.fixed.items()]

    def _display(self, members: list[Given], whole: list[Given], entries: list[str]) -> str:
        """A dict of everything that goes to one place, in the order of the call."""
        items, seen = list[str](), set[str](self.request.fixed)
        for given in members:
            text = _moved(self.source, given)
            if given not in whole:
                items.append(f"{self._quoted(given.name)}: {text}")
                names = {given.name}
            elif isinstance(given.value, ast.Dict):
                inner = text[1:-1].strip().removesuffix(",")
                items += [inner] if inner else []
                names = {str(getattr(k, "value", None)) for k in given.value.keys}
            else:
                items.append(f"**{text}")
                names = set()
            if twice := sorted(names & seen):
                raise NotKnownError(f"{given.name}: {twice[0]} is given twice")
            seen |= names
        return "{" + ", ".join([*items, *entries]) + "}"

    def _added(self, gone: list[Given]) -> Iterator[Edit]:
        """What the call says from now on, after its last argument or in the place of one that goes."""
        texts = [f"{name}={text}" for name, text in self.request.added]
        last = next((given for given in gone if given.node is self.arguments[-1]), None)
        layout = self._layout() if texts else None
        if layout and last:
            gone.remove(last)
            yield Edit(*self._span(last), layout.separator.join(texts))
        elif layout:
            for start, end, text in statements.appended(self.segment, layout.items[-1], texts, ", "):
                yield Edit(self.base + start, self.base + end, text)

    # ---------------------------------------------------------------------------------------------------- what goes

    def _cuts(self, gone: list[Given]) -> Iterator[Edit]:
        if not gone:
            return
        indexes = sorted(self.arguments.index(given.node) for given in gone)
        for start, end in statements.cuts(self.segment, self._layout().items, indexes):
            if "#" in self.segment[start:end]:
                raise NotKnownError("a comment stands at an argument that goes")
            yield Edit(self.base + start, self.base + end, "")


_HEADERS = {"metadata", "litellm_metadata", "tags", "cache", "caching"}
