"""Calls of the standard library, and of others as well known, that hand on what they are given."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from migrator.python.answers import passing
from migrator.python.answers.contents import EMPTY, FIELDS, SPACES, is_container
from migrator.python.answers.values import (
    LOGGER,
    NONE,
    NOTHING,
    OTHER,
    UNKNOWN,
    Caught,
    Is,
    Many,
    Row,
    Space,
    Table,
    Tuples,
    Value,
    Values,
    matters,
    raised,
    tables_of,
    union,
)
from migrator.python.answers.view import View
from migrator.python.reading.expressions import RAISING, callee_of, text_value

if TYPE_CHECKING:
    from migrator.python.answers.trace import Trace

# Decorators whose functions give what they gave without.
TRANSPARENT = frozenset(
    {
        "abstractmethod", "alru_cache", "asynccontextmanager", "backoff", "cache", "cached", "cached_property",
        "classmethod", "contextmanager", "final", "fixture", "lru_cache", "observe", "on_exception", "overload",
        "override", "property", "retry", "staticmethod", "traceable", "wraps",
    }
)  # fmt: skip
_FIRST = {"wait_for", "shield", "create_task", "ensure_future", "run", "run_until_complete"}
RAISED = {"value", "exception"}  # the attributes of what these give that have the error
LOGGERS = {"logging", "loguru.logger"}  # names of what logs by itself
LOGGER_CLASSES = frozenset(
    {
        "logging.Logger",
        "logging.LoggerAdapter",
        "loguru.Logger",
        "structlog.BoundLogger",
        "structlog.stdlib.BoundLogger",
    }
)
_LISTS = {"list", "tuple", "sorted", "reversed", "iter", "aiter", "set", "as_completed"}
_READING = {"copy", "get", "get_nowait", "items", "pop", "popleft", "setdefault", "values"}
_SLICES = {"islice", "cycle"}
_SIFTS = {"filter", "filterfalse", "takewhile", "dropwhile", "nlargest", "nsmallest"}  # what go through the second


def call(trace: Trace, at: View, node: ast.Call) -> Values | None:
    """What a call gives of what it is given; None where it is no such call."""
    if isinstance(node.func, ast.Name) and _is_own(trace, at, node):
        return None
    args = node.args
    first = trace.value(at, args[0]) if args and not isinstance(args[0], ast.Starred) else None
    found = _handing_on(trace, at, node, first)
    return found if found is not None else _of_items(trace, at, node, first)


def _handing_on(trace: Trace, at: View, node: ast.Call, first: Values | None) -> Values | None:
    """What a call gives that runs a function, hands a value on or makes one; `first` is what it is given first."""
    name, args, plain = callee_of(node), node.args, isinstance(node.func, ast.Name)
    match name:
        case "cast" if len(args) == 2:
            said = trace.annotations.read(at, args[0], trace.scope_of(at, node))
            return said if _answers_or_lists(said) else trace.value(at, args[1])
        case "to_thread" | "submit" | "call_soon" if first is not None:
            return _results(trace, first)
        case "run_in_executor" if len(args) > 1:
            return _results(trace, trace.value(at, args[1]))
        case "Depends" | "Security" if plain and first is not None:  # of FastAPI, which enters what yields
            return trace.shapes.step(_results(trace, first), "enter")
        case "partial" if first is not None:
            return first
        case "result" if not args and isinstance(node.func, ast.Attribute):
            return trace.value(at, node.func.value)
        case "copy" | "deepcopy" if first is not None and matters(first):
            return first
        case "fromkeys" if len(args) == 2 and first is not None and matters(given := trace.value(at, args[1])):
            return frozenset({Table(trace.shapes.items(first), given)})
        case _ if name in _READING and isinstance(node.func, ast.Attribute):
            return _of_container(trace, at, node, node.func)
        case "getattr" if plain and len(args) > 1 and first is not None:
            key = text_value(args[1])
            default = trace.value(at, args[2]) if len(args) > 2 and trace.shapes.may_lack(first, key or "") else NONE
            return trace.of_attribute(first, key) | default if key else OTHER
        case _ if (name in SPACES or name == "local") and not args:
            return frozenset({Space(at.path, node)})
        case "vars" if plain and first is not None and any(isinstance(v, Space) for v in first):
            return trace.of_attribute(first, "__dict__")
        case "namedtuple" if len(args) == 2:
            return frozenset({Tuples(_names(args[1]))})
        case "super" if plain and not args:
            return trace.members.above(at, node)
        case "getLogger" | "get_logger" if not _is_own(trace, at, node):
            return LOGGER
        case "bind" | "opt" | "getChild" if isinstance(node.func, ast.Attribute):
            return LOGGER if trace.value(at, node.func.value) >= LOGGER else None
        case _ if name in FIELDS:
            return _default(trace, at, node)
        case _ if name in RAISING and first is not None:
            return frozenset({Caught(raised(first))})
        case _ if name in _FIRST and first is not None and _answers_or_lists(first) and not _is_own(trace, at, node):
            return first
    return None


def _of_items(trace: Trace, at: View, node: ast.Call, first: Values | None) -> Values | None:
    """What a call gives that makes a container, or goes through one; `first` is what it is given first."""
    name, args, plain, items = callee_of(node), node.args, isinstance(node.func, ast.Name), trace.shapes.items
    match name:
        case "gather":
            each = (items(v) if isinstance(a, ast.Starred) else v for a in args for v in [trace.value(at, a)])
            return frozenset({Many(union(each))})
        case "map" if first is not None:
            return frozenset({Many(_results(trace, first))})
        case "dict" | "OrderedDict" if (args or node.keywords) and is_container(node):
            return _dictionary(trace, at, node)
        case "deque" if first is not None:
            return frozenset({Many(items(first))})
        case _ if is_container(node) and (not args or name not in _LISTS) and not _is_own(trace, at, node):
            return NOTHING
        case "zip" if plain and args:
            return frozenset({Many(frozenset({Row(tuple(items(trace.value(at, a)) for a in args))}))})
        case "enumerate" if plain and first is not None:
            return frozenset({Many(frozenset({Row((OTHER, items(first)))}))})
        case "wait" if first is not None and any(isinstance(v, Many | Table) for v in first):
            done = frozenset[Value]({Many(items(first))})
            return frozenset({Row((done, done))})
        case "next" | "anext" if plain and first is not None:
            return items(first) | union(trace.value(at, default) for default in args[1:])
        case "tqdm" | "sample" | "choices" if first is not None and matters(first):
            return frozenset({Many(items(first))})
        case "choice" | "heappop" if first is not None and matters(first):
            return items(first)
        case "min" | "max" if plain and first is not None and len(args) == 1:
            return items(first) | union(trace.value(at, k.value) for k in node.keywords if k.arg == "default")
        case _ if name in _LISTS and first is not None and (plain or name == "as_completed"):
            return frozenset({Many(items(first))})
        case _ if name in _SIFTS and len(args) > 1:
            return frozenset({Many(items(trace.value(at, args[1])))})
        case _ if name in _SLICES and first is not None:
            return frozenset({Many(items(first))})
        case "tee" if first is not None:
            return frozenset({Many(frozenset({Many(items(first))}))})
        case "chain" if first is not None:
            return frozenset({Many(union(items(trace.value(at, a)) for a in args))})
        case "from_iterable" if first is not None:
            return frozenset({Many(items(items(first)))})
    return None


def _of_container(trace: Trace, at: View, node: ast.Call, func: ast.Attribute) -> Values | None:
    """What a method of a list, a dictionary, a queue or an answer gives; None for one of anything else."""
    of, args = trace.value(at, func.value), node.args
    tables = frozenset[Value](tables_of(of))
    key = text_value(args[0]) if args else None
    default = trace.value(at, args[1]) if len(args) > 1 else NONE if func.attr == "pop" else NOTHING
    match func.attr:
        case "get" | "pop" | "setdefault" if tables and args:
            lacking = NONE if trace.shapes.is_under(tables, key) else default
            return (trace.shapes.held(tables, key) or OTHER) | lacking | (of - tables - NOTHING and OTHER)
        case "get" if key is not None and _answers_or_lists(of):
            return trace.shapes.read(of, key) | (default if trace.shapes.may_lack(of, key) else NONE)
        case "values" if tables:
            return frozenset({Many(trace.shapes.held(tables, None))})
        case "items" if tables:
            return frozenset({Many(frozenset({Row((trace.shapes.items(tables), trace.shapes.held(tables, None)))}))})
        case "get" | "get_nowait" | "pop" | "popleft" if any(isinstance(v, Many) for v in of):
            return trace.shapes.items(of)
        case "copy" if any(isinstance(v, Table | Many) for v in of):
            return of
    return None


def _dictionary(trace: Trace, at: View, node: ast.Call) -> Values | None:
    """What `dict(…)` makes of pairs, of another dictionary or of keywords; None where that is no matter."""
    named = [(ast.Constant(k.arg) if k.arg else None, k.value) for k in node.keywords]
    if named:
        made = trace.contents.table(at, [*((None, arg) for arg in node.args), *named])
        return frozenset({made}) if matters(frozenset({made})) else None
    given = trace.value(at, node.args[0])
    rows = (r for v in given if isinstance(v, Many) for r in v.items if isinstance(r, Row) and len(r.items) == 2)
    pairs = {*tables_of(given), *(Table(row.items[0], row.items[1]) for row in rows)}
    return frozenset(pairs) or None


def named_row(trace: Trace, at: View, node: ast.Call, names: tuple[str, ...]) -> Values:
    """What a call gives whose arguments are attributes, of these names in this order."""
    given = {**dict(zip(names, node.args, strict=False)), **{k.arg: k.value for k in node.keywords if k.arg}}
    return frozenset({Row(tuple(trace.value(at, given[n]) if n in given else OTHER for n in names), names)})


def _names(node: ast.expr) -> tuple[str, ...]:
    """Names as they are written in a text or a list."""
    if isinstance(node, ast.List | ast.Tuple):
        return tuple(text_value(each) or "" for each in node.elts)
    return tuple((text_value(node) or "").replace(",", " ").split())


def _default(trace: Trace, at: View, node: ast.Call) -> Values:
    """What a field of a class is by default."""
    first = [("default", arg) for arg in node.args[:1] if not (isinstance(arg, ast.Constant) and arg.value is ...)]
    given = dict([*first, *((keyword.arg or "", keyword.value) for keyword in node.keywords)])
    if factory := given.get("default_factory"):
        empty = isinstance(factory, ast.Name) and factory.id in EMPTY and at.holder(factory) is None
        return NOTHING if empty else _results(trace, trace.value(at, factory))
    return trace.value(at, given["default"]) if "default" in given else NONE


def applied_to(trace: Trace, at: View, function: ast.expr, place: int = 0) -> Values:
    """What a function that stands in a call is given there, or where that hands it on, at a place."""
    seen = ((view, each.args[place]) for view, each in passing.in_place(trace, at, function) if place < len(each.args))
    return union(trace.of_given(view, given) for view, some in seen for given in some) or UNKNOWN


def _is_own(trace: Trace, at: View, node: ast.Call) -> bool:
    """Whether what is called is told by the project itself."""
    return not trace.value(at, node.func) <= OTHER


def _answers_or_lists(values: Values) -> bool:
    """Whether there is an answer or a list, of whatever, among values themselves."""
    return any(isinstance(v, Is | Many) for v in values)


def _results(trace: Trace, callees: Values) -> Values:
    return union(trace.called(callee) for callee in callees)
