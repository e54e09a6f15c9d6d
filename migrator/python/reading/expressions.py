"""What one expression says by itself: a dotted chain, a text, the module that it imports by its text."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

Parts = tuple[str, ...]

ENVIRONMENT = {("os", "environ"), ("environ",)}
GETTERS = {("os", "environ", "get"), ("environ", "get"), ("os", "getenv"), ("getenv",)}  # of the environment
_STANDS_IN = re.compile(r"(?i)placeholder$")  # the name of a class
BY_NAME = ("getattr", "hasattr", "setattr", "delattr", "object")  # the last is that of patch and of monkeypatch
IMPORTING_CALLS = {"import_module", "importorskip", "__import__"}  # what these give can be followed
SPECS = {"find_spec", "find_loader"}
RAISING = {"raises", "assertRaises", "assertRaisesRegex"}  # calls in whose blocks an error is expected
_TAKEN_APART = {"Annotated", "ClassVar", "Final", "NotRequired", "Optional", "Required", "Union"}  # in annotations
_NOTHING: Mapping[str, str] = MappingProxyType({})


def absolute(package: str, level: int, name: str | None) -> str:
    """The module that `from {level dots}{name} import …` means inside `package`; leading dots where it leaves it."""
    if level == 0:
        return name or ""
    parts = package.split(".") if package else []
    if level - 1 > len(parts) or (level - 1 == len(parts) and not name):
        return "." * level + (name or "")
    base = parts[: len(parts) - level + 1]
    return ".".join([*base, *([name] if name else [])])


def parts_of(node: ast.AST) -> Parts:
    """The parts of a plain chain `a.b.c`; empty for anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()


def root_of(node: ast.AST) -> ast.AST:
    """What a chain of attributes starts at."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node


def callee_of(call: ast.Call) -> str:
    """The last part of the name of what is called; "" where it has none."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else "".join(parts_of(call.func))


def is_bare(call: ast.Call) -> bool:
    """Whether it is a method that is called, and given nothing."""
    return isinstance(call.func, ast.Attribute) and not call.args and not call.keywords


def text_value(node: ast.AST | None) -> str | None:
    """The value of a string literal."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def is_none(node: ast.AST | None) -> bool:
    """Whether an expression is the literal None."""
    return isinstance(node, ast.Constant) and node.value is None


def is_absent(node: ast.AST | None) -> bool:
    """Whether an expression is None or False, which something has a name given that is not there."""
    return is_none(node) or (isinstance(node, ast.Constant) and node.value is False)


def is_stand_in(node: ast.AST | None) -> bool:
    """Whether an expression says that something is not there, or is an object such as `Mock()` in the place of it."""
    if isinstance(node, ast.Call):
        made = callee_of(node)
        return (made in ("Mock", "MagicMock", "object") or bool(_STANDS_IN.search(made))) and not (
            node.args or node.keywords
        )
    return is_absent(node)


def attribute_asked(node: ast.AST, by: Collection[str] = ("getattr", "hasattr")) -> tuple[ast.expr, str] | None:
    """The object and the attribute of a call such as `getattr(x, "name")`, of one `by` name; None for anything else."""
    match node:
        case ast.Call(args=[of, ast.Constant(value=str(name)), *_]) if name and callee_of(node) in by:
            return of, name
    return None


def item_asked(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    """What an item is read of, and the key: `x[key]`, `x.get(key)`; None for anything else."""
    match node:
        case ast.Subscript(value=of, slice=key) | ast.Call(func=ast.Attribute(value=of, attr="get"), args=[key, *_]):
            return of, key
    return None


def is_loaded(node: ast.AST) -> bool:
    """Whether an expression is a name that is read."""
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


def is_logger(node: ast.expr) -> bool:
    """Whether an object is called what loggers are called."""
    return "".join(parts_of(node)[-1:]).strip("_").lower() in ("log", "logger", "logging")


def some(node: ast.expr) -> list[ast.expr]:
    """What an expression may be but None: `a if x else None`."""
    branches = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    return [branch for branch in branches if not is_none(branch)]


def outcomes(node: ast.expr | None) -> Iterator[ast.expr | None]:
    """What an expression can come to, as far as it is laid out: `a if x else b`, `a or b`, `(c := a)`."""
    if isinstance(node, ast.IfExp):
        yield from (*outcomes(node.body), *outcomes(node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from (o for value in node.values for o in outcomes(value))
    elif isinstance(node, ast.NamedExpr):
        yield from outcomes(node.value)
    else:
        yield node


def alternatives(annotation: ast.expr | None) -> Iterator[ast.expr]:
    """What an annotation allows, None included: `A` and `B` of `A | B`, `"Union[A, B]"`, `Annotated[A | B, …]`."""
    match annotation:
        case ast.Constant(value=str(text)):
            try:
                yield from alternatives(ast.parse(text.strip(), mode="eval").body)
            except SyntaxError:
                yield annotation
        case ast.BinOp(op=ast.BitOr()):
            yield from (*alternatives(annotation.left), *alternatives(annotation.right))
        case ast.Subscript(slice=given) if (head := "".join(parts_of(annotation.value)[-1:])) in _TAKEN_APART:
            items = given.elts if isinstance(given, ast.Tuple) else [given]
            yield from (each for item in (items if head == "Union" else items[:1]) for each in alternatives(item))
            yield from [ast.Constant(None)] if head == "Optional" else []
        case ast.expr():
            yield annotation


def imported_later(call: ast.Call) -> ast.Call | None:
    """The importing call that another call is given for later, as `lambda: __import__("a")`."""
    bodies = (given.body for given in call.args if isinstance(given, ast.Lambda))
    return next((b for b in bodies if isinstance(b, ast.Call) and _importing(b, _NOTHING)), None)


def named_module(node: ast.expr, package: str, importers: Mapping[str, str] = _NOTHING) -> str:
    """The module that an expression such as `import_module("a.b")` or `sys.modules["a.b"]` gives; "" for any other.

    `package` is the one the expression stands in, which `__package__` and `__name__` mean; `importers` are other names
    that the module has for the importing calls.
    """
    if isinstance(node, ast.Subscript) and parts_of(node.value)[-2:] == ("sys", "modules"):
        return text_value(node.slice) or ""
    given = given_by(node, importers) if isinstance(node, ast.Call) else ""
    if given:
        return given
    callee = _importing(node, importers) if isinstance(node, ast.Call) else ""
    if not isinstance(node, ast.Call) or not callee:
        later = imported_later(node) if isinstance(node, ast.Call) else None
        return named_module(later, package, importers) if later else ""
    name = text_value(module_argument(node)) or ""
    if callee == "__import__" and all(k.arg != "fromlist" for k in node.keywords):
        return name.partition(".")[0]
    if not name.startswith("."):
        return name
    within, bare = anchor(node, package), name.lstrip(".")
    return absolute(within, len(name) - len(bare), bare) if within else ""


def given_by(call: ast.Call, importers: Mapping[str, str]) -> str:
    """The module that a function is known to give, a method of whatever object where it takes nothing; "" for none."""
    given = importers.get(".".join(parts_of(call.func)), "")
    given = given or (importers.get(f".{callee_of(call)}", "") if is_bare(call) else "")
    return "" if given in IMPORTING_CALLS else given


def _importing(call: ast.Call, importers: Mapping[str, str]) -> str:
    """Which of the importing calls a call is; "" for none."""
    parts = parts_of(call.func)
    callee = importers.get(parts[0], parts[0]) if len(parts) == 1 else "".join(parts[-1:])
    return callee if callee in IMPORTING_CALLS else ""


def module_argument(call: ast.Call) -> ast.expr | None:
    """The argument of an importing call that names the module."""
    return next(iter([*call.args[:1], *(k.value for k in call.keywords if k.arg == "name")]), None)


def anchor(call: ast.Call, package: str) -> str:
    """The package that a relative `import_module(".name", …)` starts from; "" where that is not written down."""
    given = [*call.args[1:2], *(k.value for k in call.keywords if k.arg == "package")]
    if not given:
        return ""
    here = parts_of(given[0]) in {("__package__",), ("__name__",)}  # the latter can only be that of a package
    return package if here else text_value(given[0]) or ""


def tested(node: ast.AST) -> Iterator[ast.expr]:
    """What an expression or a statement only asks for whether it is there: `not a`, `a is None`, `b if a else c`."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield from _conditions(node.operand)
    elif isinstance(node, ast.IfExp | ast.If | ast.While | ast.Assert):
        yield from _conditions(node.test)
    elif isinstance(node, ast.Call) and parts_of(node.func) == ("bool",):
        yield from (each for given in node.args for each in _conditions(given))
    elif isinstance(node, ast.BoolOp):
        yield from node.values[:-1] if isinstance(node.op, ast.And) else ()
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Is | ast.IsNot):
        to = node.comparators[0]
        yield from [node.left] if is_absent(to) else ()


def _conditions(node: ast.expr) -> Iterator[ast.expr]:
    """A condition, or those that `and` and `or` make it of."""
    yield from (
        (each for value in node.values for each in _conditions(value)) if isinstance(node, ast.BoolOp) else [node]
    )
