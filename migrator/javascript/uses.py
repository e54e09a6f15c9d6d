"""Where a script uses a name that it declares or imports."""

from __future__ import annotations

from ast_grep_py import SgNode

from migrator.javascript.source import Script, span

_DECLARING = frozenset({"import_specifier", "import_clause", "namespace_import"})


def uses(script: Script, name: SgNode) -> list[SgNode]:
    """The places where a declared name is used, in order."""
    binding = script.scopes.resolve(name)
    nodes = script.bound[name.text()].get(binding.key, ()) if binding else ()
    return [node for node in nodes if span(node) != span(name) and not _is_key(node)]


def _is_key(node: SgNode) -> bool:
    """Whether a name is that of a specifier, which its import statement has."""
    parent = node.parent()
    return parent is not None and parent.kind() in _DECLARING
