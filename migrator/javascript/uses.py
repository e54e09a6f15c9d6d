"""Where a script uses a name that it declares or imports."""

from __future__ import annotations

from ast_grep_py import SgNode

from migrator.javascript.source import Script, span

_USES = ("identifier", "type_identifier", "shorthand_property_identifier")
_DECLARING = frozenset({"import_specifier", "import_clause", "namespace_import"})


def uses(script: Script, name: SgNode) -> list[SgNode]:
    """The places where a declared name is used, in order."""
    binding = script.scopes.resolve(name)
    found = []
    for node in script.all(*_USES):
        if node.text() != name.text() or span(node) == span(name):
            continue
        resolved = script.scopes.resolve(node)
        if resolved and binding and resolved.key == binding.key and not _is_key(node):
            found.append(node)
    return found


def _is_key(node: SgNode) -> bool:
    """Whether a name is that of a specifier, which its import statement has."""
    parent = node.parent()
    return parent is not None and parent.kind() in _DECLARING
