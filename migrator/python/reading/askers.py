"""Functions of a project's own that are given the name of a package: to ask whether it is there, or to import it."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from migrator.python.reading.expressions import IMPORTING_CALLS, SPECS, callee_of, module_argument, outcomes, parts_of
from migrator.python.reading.getters import is_common
from migrator.python.reading.scopes import FunctionNode

Having = Callable[[str], Iterable[tuple[Sequence[str], str]]]  # the modules with a text in them: names, and the whole

_OF_METADATA = {"version", "distribution", "get_distribution"}
_LAZY = {"module_from_spec", "LazyLoader"}
_HOPS = 3  # from one function to the next with the name of the package


class Asker(NamedTuple):
    """What a function does with the name that it is given first; one that `gives` the module need not only ask."""

    gives: bool
    packages: frozenset[str]  # those it is in


class _Function(NamedTuple):
    node: FunctionNode
    is_method: bool
    packages: frozenset[str]


def _nothing(_text: str) -> Iterable[tuple[Sequence[str], str]]:
    """Nothing is known of other modules."""
    return ()


class Askers:
    """The functions of a project by their names, each looked for when it is asked for."""

    def __init__(self, having: Having = _nothing) -> None:
        self._having = having
        self._functions: dict[str, list[_Function]] = {}

    def named(self, name: str, *, is_method: bool) -> Asker | None:
        """What the functions of a name do that ask for a package, or import it; None where none does.

        A plain name is never that of a method; what looks like one may be a function of a module.
        """
        functions = [each for each in self._of(name) if is_method or not each.is_method]
        found = [(each, gives) for each in functions if (gives := self.gives(each.node)) is not None]
        packages = frozenset(package for each, _ in found for package in each.packages)
        return Asker(any(gives for _, gives in found), packages) if found else None

    def gives(self, node: FunctionNode, hops: int = _HOPS) -> bool | None:
        """Whether a function gives the module whose name it is given first; None where it does not ask for it, either.

        The name of the package goes through so many functions at most.
        """
        asked = [self._told(call, hops) and is_used for call, is_used in _given_on(node)]
        told = [each for each in asked if each is not None]
        return ((any(told) or _has_modules(node)) and _gives_anything(node)) if told else None

    def _told(self, call: ast.Call, hops: int) -> bool | None:
        """`gives` of what is called."""
        name, parts = callee_of(call), parts_of(call.func)
        if name in IMPORTING_CALLS | SPECS:
            return name in IMPORTING_CALLS
        if name in _OF_METADATA and (len(parts) == 1 or parts[-2].endswith(("metadata", "pkg_resources"))):
            return False
        told = [self.gives(each.node, hops - 1) for each in self._of(name)] if hops > 1 else []
        known = [each for each in told if each is not None]
        return any(known) if known else None

    def _of(self, name: str) -> list[_Function]:
        if name not in self._functions:
            skipped = not name or is_common(name) or hasattr(builtins, name)
            self._functions[name] = [] if skipped else list(self._defined(name))
        return self._functions[name]

    def _defined(self, name: str) -> Iterator[_Function]:
        for modules, text in self._having(f"def {name}"):
            try:
                tree = ast.parse(text)
            except (SyntaxError, ValueError, RecursionError):
                continue  # told of elsewhere, where it is to be edited
            nodes = list(ast.walk(tree))
            methods = {id(each) for node in nodes if isinstance(node, ast.ClassDef) for each in node.body}
            packages = frozenset(module.partition(".")[0] for module in modules)
            for node in nodes:
                if isinstance(node, FunctionNode) and node.name == name:
                    yield _Function(node, id(node) in methods, packages)


def _given_on(function: FunctionNode) -> Iterator[tuple[ast.Call, bool]]:
    """The calls that a function gives its first argument, and whether anything is done with what each gives."""
    args = function.args
    taken = [each for each in (*args.posonlyargs, *args.args) if each.arg not in ("self", "cls")]
    names = {each.arg for each in (*taken[:1], *([args.vararg] if args.vararg and not taken else []))}
    within = list(ast.walk(function))
    for each in within:
        if isinstance(each, ast.Assign) and _comes_to(each.value, names):
            names |= {target.id for target in each.targets if isinstance(target, ast.Name)}
        elif isinstance(each, ast.For | ast.comprehension) and _comes_to(each.iter, names):
            names |= {each.target.id} if isinstance(each.target, ast.Name) else set()
    thrown = {id(each.value) for each in within if isinstance(each, ast.Expr)}
    for each in within:
        given = module_argument(each) if isinstance(each, ast.Call) else None
        if isinstance(each, ast.Call) and given and _comes_to(given, names):
            yield each, id(each) not in thrown


def _comes_to(node: ast.expr, names: set[str]) -> bool:
    """Whether an expression is one of some names, or a part of it: `name.split(".")[0]`, `NAMES.get(name, name)`."""
    for each in outcomes(node):
        match each:
            case ast.Name(id=name) if name in names:
                return True
            case ast.Subscript(value=of) | ast.Call(func=ast.Attribute(value=of)) if _comes_to(of, names):
                return True
            case ast.Call(func=ast.Attribute(attr="get"), args=[_, instead]) if _comes_to(instead, names):
                return True
    return False


def _has_modules(function: FunctionNode) -> bool:
    """Whether a function has modules without importing them itself: loaded ones, or lazy ones."""
    for node in ast.walk(function):
        if isinstance(node, ast.Subscript) and parts_of(node.value) == ("sys", "modules"):
            return True
        if isinstance(node, ast.Call) and callee_of(node) in _LAZY:
            return True
    return False


def _gives_anything(function: FunctionNode) -> bool:
    """Whether a function gives more than that something is so."""
    given = (each.value for each in ast.walk(function) if isinstance(each, ast.Return | ast.Yield))
    return any(value and not isinstance(value, ast.Constant | ast.Compare | ast.UnaryOp) for value in given)
