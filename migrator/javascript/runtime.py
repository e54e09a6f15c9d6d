"""Where a script runs, as it reads the environment: what its clients read from there depends on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from ast_grep_py import SgNode

from migrator.javascript.source import Script, string_of

Runtime = Literal["node", "deno", "worker", "browser"]

_COMPONENTS = (".vue", ".svelte")  # run in browsers, where there is no `process`
_BROWSER = re.compile(r"""\bimport\.meta\.env\b|\bfrom\s*["']https://""")
_OF_WORKERS = "cloudflare:"  # begins the modules that only their runtime has
_LOADING = frozenset({"require", "import"})
_INSIDE = frozenset({"await_expression", "parenthesized_expression", "non_null_expression", "as_expression"})
_DEEP = 4  # names that lead to one another


def runtime(script: Script, text: str, path: str) -> Runtime:
    """Where a script of a file runs."""
    if "process.env" in text:
        return "node"
    if "Deno.env" in text:
        return "deno"
    if any(_is_handed(script, node) for node in _environments(script)):
        return "worker"
    return "browser" if _BROWSER.search(text) or path.endswith(_COMPONENTS) else "node"


def _environments(script: Script) -> Iterator[SgNode]:
    """What is called `env`, wherever a variable is read from it: `env.KEY`, `c.env["KEY"]`, `const { KEY } = env`."""
    for node in script.all("member_expression", "subscript_expression", "variable_declarator"):
        if node.kind() == "variable_declarator":
            owner, name = node.field("value"), node.field("name")
            said = name.text().strip("{ \n") if name and name.kind() == "object_pattern" else ""
        else:
            owner, index = node.field("object"), node.field("index")
            name = node.field("property")
            said = string_of(index) or "" if index else name.text() if name else ""
        if owner and said[:1].isupper() and owner.text().rpartition(".")[2] == "env":
            yield owner


def _is_handed(script: Script, node: SgNode, depth: int = 0) -> bool:
    """Whether an environment is handed over, as Cloudflare does it: for each request, or by its runtime."""
    kind = node.kind()
    if kind == "this":
        return True
    if kind == "member_expression":
        owner = node.field("object")
        return owner is not None and (_is_handed(script, owner, depth) or _is_asked_for(owner))
    if kind in _INSIDE:
        return any(_is_handed(script, each, depth) for each in node.named_children()[:1])
    binding = script.scopes.resolve(node) if kind == "identifier" else None
    if binding is None or depth == _DEEP:
        return False
    if binding.kind == "import":
        return (string_of(binding.node.field("source")) or "").startswith(_OF_WORKERS)
    value = binding.node.field("value") if binding.kind == "variable" else None
    taken = value is not None and binding.node.field("name") != binding.name and _is_asked_for(value)
    return binding.kind == "parameter" or taken or (value is not None and _is_handed(script, value, depth + 1))


def _is_asked_for(node: SgNode) -> bool:
    """Whether the context of a request is asked for there: a function is called, and none that loads a module."""
    while node.kind() in _INSIDE and node.named_children():
        node = node.named_children()[0]
    function = node.field("function") if node.kind() == "call_expression" else None
    return function is not None and function.text() not in _LOADING
