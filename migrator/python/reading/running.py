"""What runs of code: what it imports, wherever that stands, and all of it but its docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from textwrap import dedent

from migrator.patterns import under
from migrator.python.reading.expressions import named_module

_MAGIC = re.compile(r"^([ \t]*)[%!].*$", re.MULTILINE)  # of notebooks


def imports(code: bytes, module: str) -> bool:
    """Whether code imports a module: by a statement, by its name, or in code that a text of it holds.

    In what is no Python by itself the lines tell that begin like an import.
    """
    return module.encode() in code and _imports(code.decode("utf-8-sig", "replace"), module)


def _imports(code: str, module: str) -> bool:
    tree = _parsed(code) or _parsed(_MAGIC.sub(r"\1pass", code))
    if tree is None:
        return re.search(rf"^[ \t]*(?:import|from)[ \t]+{module}\b", code, re.MULTILINE) is not None
    nodes = list(ast.walk(tree))
    if any(under(name, module) for name in _imported(nodes)):
        return True
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    constants = (n.value for n in nodes if isinstance(n, ast.Constant) and id(n) not in prose)
    texts = (dedent(value) for value in constants if isinstance(value, str) and module in value)
    return any(_imports(text if _parsed(text) else text.partition("\n")[2], module) for text in texts)


def _imported(nodes: list[ast.AST]) -> Iterator[str]:
    """The modules that statements and importing calls name."""
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    importers = {a.asname: a.name for node in froms if node.module == "importlib" for a in node.names if a.asname}
    yield from (node.module or "" for node in froms if not node.level)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Call):
            yield named_module(node, "", importers)


def run(code: bytes) -> bytes:
    """Code without its docstrings, the examples in which do nothing; as it is where it is no Python."""
    tree = _parsed(code) if b'"""' in code or b"'''" in code else None
    lines = code.splitlines(keepends=True)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
            rest = lines[last][node.end_col_offset :]
            lines[first : last + 1] = [lines[first][: node.col_offset] + rest, *[b""] * (last - first)]
    return b"".join(lines)


def _parsed(code: str | bytes) -> ast.Module | None:
    """The tree of code; None for what is no Python, or nested too deeply."""
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return None
