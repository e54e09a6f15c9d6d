"""Keys and methods of answers, rewritten where every value is one, reported where only some may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.answers import known
from migrator.python.answers.given import named_by
from migrator.python.answers.joining import joined
from migrator.python.answers.places import Places
from migrator.python.answers.shapes import Field
from migrator.python.answers.trace import Trace
from migrator.python.answers.values import Else, Is, Values
from migrator.python.answers.view import View, is_looked_for
from migrator.python.module import Module
from migrator.python.reading.expressions import attribute_asked, callee_of, is_none, item_asked, text_value
from migrator.sites import Edit, Finding, Status

_OF_KEYS = {"get", "items", "keys", "values", "__getitem__"}  # what tells that something has keys
_BARE = (ast.Assign, ast.AnnAssign, ast.Return, ast.keyword, ast.NamedExpr)


def find(module: Module, trace: Trace) -> Iterator[Finding]:
    """Findings for what is read off answers in a module."""
    if not trace.views.concerns(module):
        return
    read = _Reader(module, trace)
    for node in module.source.nodes:
        read.node(node)
    yield from joined(read.found)


class _Reader:
    def __init__(self, module: Module, trace: Trace) -> None:
        self.module, self.trace, self.rule = module, trace, trace.rule
        self.at: View = trace.see(module)
        self.places = Places(self.at)
        self.uses_library = module.index.uses_old(module.facts)
        self.done: set[int] = set()  # ids of the nodes that another finding takes care of
        self.found: list[Finding] = []

    def node(self, node: ast.AST) -> None:
        if id(node) in self.done:
            return
        if one_level := _one_level(node):
            self._dict(*one_level)
        elif isinstance(node, ast.Subscript):
            key = text_value(node.slice)
            if key is not None:
                self._subscript(node, key)
            elif isinstance(node.slice, ast.Name | ast.Attribute | ast.JoinedStr):
                self._by_variable(node)
        elif isinstance(node, ast.Attribute) and node.attr in self.rule.gone:
            self._gone(node, node.value, node.attr)
        elif isinstance(node, ast.Attribute) and self.rule.closed:
            self._closed(node)
        elif isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
            key = text_value(node.left)
            if key is not None:
                self._contains(node, key)

    # --------------------------------------------------------------------------------------------------------- findings

    def _shapes(self, node: ast.expr) -> tuple[list[str], Values]:
        values = self.trace.value(self.at, node)
        return sorted({v.shape for v in values if isinstance(v, Is)}), values

    def _say(self, node: ast.expr, status: Status, message: str, edits: tuple[Edit, ...] = (), start: int = -1) -> None:
        at = start if start >= 0 else edits[0].start if edits else self._start(node)
        self.found.append(Finding(at, self.rule.id, status, message, edits))

    def _start(self, node: ast.expr) -> int:
        place = self.places.span(node)
        return place[0] if place else self.module.source.start(node)

    def _end(self, node: ast.expr) -> int:
        place = self.places.span(node)
        return place[1] if place else self.module.source.end(node)

    def _after(self, node: ast.expr, sign: str, before: int) -> int:
        """Where the sign stands that follows an expression, and the parentheses around that."""
        return self.module.source.text.rfind(sign, self._end(node), before)

    def _certain(self, values: Values) -> bool:
        return all(isinstance(v, Is) or v is Else.NOTHING for v in values)

    def _mixed(self, node: ast.expr, what: str, values: Values) -> None:
        """A key that is read of what may be an answer, or may be something else; the first one of a chain says it."""
        if self._is_further(node):
            return
        said = f"{what}: this can be an answer or something else: {self.rule.message}"
        if values - {Else.NOTHING, Else.UNKNOWN} == frozenset():
            said = f"{what}: this may be an answer, nothing here says: {self.rule.message}"
        self._say(node, Status.MANUAL, said, start=self._end(node))

    def _is_further(self, node: ast.expr) -> bool:
        """Whether a key that was read before in the same chain is reported for the same reason."""
        while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
            inner = node.func if isinstance(node, ast.Call) else node.value
            of, index = item_asked(node) or (inner, None)
            if (key := text_value(index)) is not None and self._is_doubtful(key, *self._shapes(of)):
                return True
            node = inner
        return False

    def _is_doubtful(self, key: str, shapes: list[str], values: Values) -> bool:
        """Whether a key is one of an answer's, of what is not known well enough to be one."""
        if not shapes:
            return Else.UNKNOWN in values and key in self.rule.telling and self.uses_library
        has = any(self.trace.shapes.field(shape, key) for shape in shapes)
        return has and not self._certain(values) and not self._keeps(shapes)

    def _unless_known(self, node: ast.expr, key: str, what: str, shapes: list[str], values: Values) -> bool:
        """Report what is not known well enough to be rewritten; whether that is so."""
        if self._is_doubtful(key, shapes, values):
            self._mixed(node, what, values)
        return not shapes or not self._certain(values)

    def _keeps(self, shapes: list[str]) -> bool:
        return all(shape in self.rule.keyed for shape in shapes)

    def _field(self, shapes: list[str], key: str) -> Field | None:
        """The field of a key, where each of the shapes has it; the more careful one of several."""
        fields = [self.trace.shapes.field(shape, key) for shape in shapes]
        known = [field for field in fields if field]
        return max(known, key=lambda f: (f.sent, f.none)) if known and len(known) == len(fields) else None

    # ------------------------------------------------------------------------------------------------------------- keys

    def _subscript(self, node: ast.Subscript, key: str) -> None:
        shapes, values = self._shapes(node.value)
        what = f"[{key!r}]"
        if self._unless_known(node.value, key, what, shapes, values):
            return
        reads = isinstance(node.ctx, ast.Load)
        if reads and self._keeps(shapes):
            return
        place, field = self.places.span(node), any(self.trace.shapes.field(s, key) for s in shapes)
        if place is None or not field or isinstance(node.ctx, ast.Del) or not key.isidentifier():
            why = self.rule.message if place else "write the attribute by hand, an f-string stands around it"
            self._say(node, Status.MANUAL, f"{what}: {why}", start=self._end(node.value))
            return
        edit = Edit(self._after(node.value, "[", self._start(node.slice)), place[1], f".{key}")
        self._say(node, Status.MIGRATED, f"{what} → .{key}", (edit,))

    def _by_variable(self, node: ast.Subscript) -> None:
        """A key that only run time knows, of what has no items."""
        shapes, values = self._shapes(node.value)
        if shapes and self._certain(values) and not self._keeps(shapes):
            said = f"[{ast.unparse(node.slice)}]: `getattr` reads an attribute by its name: {self.rule.message}"
            self._say(node, Status.MANUAL, said, start=self._end(node.value))

    def _contains(self, node: ast.Compare, key: str) -> None:
        of, negated = node.comparators[0], isinstance(node.ops[0], ast.NotIn)
        shapes, values = self._shapes(of)
        what = f"{key!r} in"
        if self._unless_known(of, key, what, shapes, values) or all(s in self.rule.listed for s in shapes):
            return
        field, place, inner = self._field(shapes, key), self.places.span(node), self.places.span(of)
        simple = isinstance(of, ast.Name | ast.Attribute | ast.Subscript | ast.Call)
        known = field is not None or any(key in fields for fields in self.rule.fields.values())
        if place is None or inner is None or not known or not simple or place[1] != inner[1]:
            self._say(node, Status.MANUAL, f"{what}: {self.rule.message}")
            return
        if field and field.none and Else.NOTHING not in values:
            before, after = "", f".{key} is {'' if negated else 'not '}None"
        else:
            before, after = f"{'not ' if negated else ''}hasattr(", f', "{key}")'
        edits = (Edit(place[0], inner[0], before), Edit(inner[1], inner[1], after))
        self._say(node, Status.MIGRATED, f"{what} → {'hasattr' if before else after.strip()}", edits)

    # -------------------------------------------------------------------------------------------------- methods, calls

    def _call(self, node: ast.Call) -> None:
        plain = node.func.id if isinstance(node.func, ast.Name) else ""
        if (asked := attribute_asked(node)) and asked[1] in self.rule.gone:
            self._gone(node, *asked)
        elif plain == "hasattr" and asked and asked[1] in _OF_KEYS:
            self._asked(node, asked[1])
        elif callee_of(node) == "itemgetter" and node.args and text_value(node.args[0]):
            self._getter(node)
        elif isinstance(node.func, ast.Attribute):
            name = node.func.attr
            if name in {*self.rule.methods, "model_dump"} and not node.args:
                self._method(node, node.func, self.rule.methods.get(name, name))
            elif name == "get" and 1 <= len(node.args) <= 2 and not node.keywords:
                self._get(node, node.func)

    def _asked(self, node: ast.Call, name: str) -> None:
        """`hasattr(answer, "get")`, which is true of what has keys alone."""
        shapes, _ = self._shapes(node.args[0])
        if shapes and not any(s in self.rule.keyed for s in shapes):
            self._say(node, Status.REVIEW, f"{name} is never there from now on: {self.rule.message}")

    def _dict(self, node: ast.expr, of: ast.expr, what: str) -> None:
        """`dict(answer)` and the like, whose values are what the fields are."""
        shapes, _ = self._shapes(of)
        if not shapes or self._keeps(shapes):
            return
        fields = {name: said for shape in shapes for name, said in self.rule.fields.get(shape, {}).items()}
        if not fields or any(said.strip("[]?~") for said in fields.values()):
            if not all(shape in self.rule.flat for shape in shapes):
                said = f"{what} goes one level deep, what is in it has no keys: `model_dump()`"
                self._say(node, Status.MANUAL, said)
        elif not all(shape in self.rule.flat for shape in shapes):
            left = ", ".join(name for name, said in fields.items() if not said)
            self._say(node, Status.REVIEW, f"{what} has {left} and nothing else now")

    def _getter(self, node: ast.Call) -> None:
        """`itemgetter("key")`, of what it is called with."""
        values = known.applied_to(self.trace, self.at, node)
        shapes = [v.shape for v in values if isinstance(v, Is)]
        if shapes and not self._keeps(shapes):
            self._say(node, Status.MANUAL, f"itemgetter: {self.rule.message}; `attrgetter` does")

    def _method(self, node: ast.Call, func: ast.Attribute, new: str) -> None:
        shapes, values = self._shapes(func.value)
        shapes = [s for s in shapes if s in self.rule.dumped]
        place, certain = self.places.span(func), self._certain(values)
        plain = certain and place is not None and not node.keywords and all(s in self.rule.sent for s in shapes)
        if not shapes or (new == func.attr and not plain):
            return
        if not certain or place is None:
            self._mixed(func.value, f"{func.attr}()", values)
            return
        given = self.rule.sent[shapes[0]] if plain else ""
        said = f"{func.attr}() → {new}({given})"
        edits = [Edit(place[1] - len(func.attr), place[1], new)] if new != func.attr else []
        if given:
            end = self._end(node) - 1
            self._say(func, Status.MIGRATED, said, (*edits, Edit(end, end, given)))
        else:
            status = Status.REVIEW if self.rule.differs else Status.MIGRATED
            self._say(func, status, f"{said}: {self.rule.differs}" if self.rule.differs else said, tuple(edits))

    def _get(self, node: ast.Call, func: ast.Attribute) -> None:
        key = text_value(node.args[0])
        shapes, values = self._shapes(func.value)
        what = f"get({key!r})" if key is not None else "get(…)"
        if self._unless_known(func.value, key or "", what, shapes, values) or self._keeps(shapes):
            return
        places = [self.places.span(n) for n in (func.value, node, *node.args)]
        if any(place is None for place in places):
            self._say(node, Status.MANUAL, f"{what}: write getattr(…) by hand, an f-string stands around it")
            return
        field = self._field(shapes, key) if key is not None else None
        default = node.args[1] if len(node.args) > 1 else None
        maybe = Else.NOTHING in values
        if field is None or (field.sent and not field.none) or (maybe and not (field.none and default is not None)):
            lacking = self._lacking(shapes, key or "") if default is None else []
            self._getattr(node, func, default, what, self.rule.closed[lacking[0]] if lacking else "")
        elif field.none and default is not None and not is_none(default):
            self._or(node, func, key or "", default, maybe=maybe)
        else:
            edit = Edit(self._after(func.value, ".", self._end(func)), self._end(node), f".{key}")
            self._say(node, Status.MIGRATED, f"{what} → .{key}", (edit,))

    def _getattr(self, node: ast.Call, func: ast.Attribute, default: ast.expr | None, what: str, why: str) -> None:
        first = self._start(node.args[0])
        inside = self.module.source.text[self._end(func) : first].partition("(")[2]
        opening = f"getattr({inside}" if inside.isspace() and "\n" in inside else "getattr("
        edits = [Edit(self._start(node), self._start(node), opening)]
        edits.append(Edit(self._after(func.value, ".", self._end(func)), first, ", "))
        if default is None:
            end = self._end(node.args[0])
            edits.append(Edit(end, end, ", None"))
        status, said = (
            (Status.REVIEW, f"{what} → getattr(…): {why}") if why else (Status.MIGRATED, f"{what} → getattr(…)")
        )
        self._say(node, status, said, tuple(edits), start=self._end(func.value))

    def _or(self, node: ast.Call, func: ast.Attribute, key: str, default: ast.expr, *, maybe: bool) -> None:
        """`x.get(key, default)` of a field that is None where it was not there at all: `x.key or default`."""
        bare = isinstance(self.at.notes.parents.get(id(node)), _BARE)
        start, end = self._start(node), self._end(node)
        opening = ("" if bare else "(") + ("getattr(" if maybe else "")
        read = f', "{key}", None) or ' if maybe else f".{key} or "
        edits = [Edit(start, start, opening)] if opening else []
        edits.append(Edit(self._after(func.value, ".", self._end(func)), self._start(default), read))
        edits += [Edit(self._end(default), end, "" if bare else ")")]
        said = f"get({key!r}, …) → .{key} or …"
        self._say(node, Status.MIGRATED, said, tuple(edits), start=self._end(func.value))

    # ------------------------------------------------------------------------------------------------------------- gone

    def _closed(self, node: ast.Attribute) -> None:
        """An attribute that something of the library's had, and what it becomes has not."""
        told = {"get", "model_dump", *self.rule.methods}  # elsewhere
        for shape in self._lacking(self._shapes(node.value)[0], node.attr) if node.attr not in told else ():
            if not is_looked_for(self.at, node):
                self._say(node, Status.MANUAL, f"{node.attr}: {self.rule.closed[shape]}", start=self._end(node.value))

    def _lacking(self, shapes: list[str], name: str) -> list[str]:
        """Those of the shapes that have nothing but their fields, and no such one."""
        return [s for s in shapes if s in self.rule.closed and name not in self.rule.fields[s]]

    def _gone(self, node: ast.expr, of: ast.expr, name: str) -> None:
        """An attribute without a counterpart, or with one for what is read of it here."""
        shapes, values = self._shapes(of)
        unknown = Else.UNKNOWN in values and name.startswith("_") and self.uses_library
        if not shapes and not unknown:
            return
        outer = self.at.notes.parents.get(id(node))
        if isinstance(outer, ast.Attribute) and outer.attr == "get":
            outer = self.at.notes.parents.get(id(outer))
        key = None
        if isinstance(outer, ast.Subscript) and outer.value is node and isinstance(outer.ctx, ast.Load):
            key = text_value(outer.slice)
        elif isinstance(outer, ast.Call) and isinstance(outer.func, ast.Attribute) and outer.func.value is node:
            key = text_value(outer.args[0]) if outer.args else None
        path = self.rule.instead.get(f"{name}.{key}") if key else None
        if path and isinstance(outer, ast.expr) and isinstance(node, ast.Attribute) and self._certain(values):
            place, inner = self.places.span(outer), self.places.span(of)
            if place and inner:
                *parts, last = path.split(".")
                default = outer.args[1] if isinstance(outer, ast.Call) and len(outer.args) > 1 else None
                counted = isinstance(self.at.notes.parents.get(id(outer)), ast.AugAssign | ast.BinOp)
                missing = "0.0" if counted else "None"
                said = self.module.source.segment(default) if default is not None else missing
                new = f'{"".join(f".{p}" for p in parts)}, "{last}", {said})'
                dot = self._after(of, ".", self._end(node))
                edits = (Edit(place[0], place[0], "getattr("), Edit(dot, place[1], new))
                message = f"{name}[{key!r}] → {path}: {said} where the answer has no such field; {self.rule.gone[name]}"
                self._say(node, Status.REVIEW, message, edits, start=inner[1])
                return
        place = self.places.span(node)
        start = place[1] - len(name) if place and isinstance(node, ast.Attribute) else self._start(node)
        message, status = f"{name}: {self.rule.gone[name]}", Status.MANUAL
        if isinstance(node, ast.Call) and (
            len(node.args) > 2 or (len(node.args) == 2 and getattr(node.func, "id", "") == "hasattr")
        ):
            message, status = f"{name} is never there from now on: {self.rule.gone[name]}", Status.REVIEW
        self._say(node, status, message, start=start)


def _one_level(node: ast.AST) -> tuple[ast.expr, ast.expr, str] | None:
    """What makes a dictionary of an object's own fields, the object, and what to call it; None for anything else."""
    match node:
        case ast.Call(func=ast.Name(id="dict"), args=[of], keywords=[]):
            return node, of, "dict(…)"
        case ast.Call(func=ast.Name(id="vars"), args=[of]):
            return node, of, "vars(…)"
        case ast.Call() | ast.Attribute(ctx=ast.Load()):
            named = named_by(node)
            return (node, named, "__dict__") if named else None
    return None
