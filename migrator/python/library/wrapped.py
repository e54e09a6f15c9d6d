"""Functions of a library that an application puts another one in the place of, by assigning to the library's name."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from migrator.fates.library import Fate
from migrator.python.direct.plan import WRAPPED
from migrator.python.library.references import Use, is_read
from migrator.python.library.written import is_read_off
from migrator.python.module import Module
from migrator.tree.aside import is_test


def assigned(module: Module, uses: Iterable[Use]) -> frozenset[str]:
    """Functions of the library that a module assigns to, which stays; those of a test are fakes, and none of these."""
    if is_test(module.facts.path):
        return frozenset()
    set_here = (use for use in uses if not is_read(use.reference.nodes[-1]) and not use.fate.variable)
    return frozenset(u.dotted for u in set_here if u.fate.kind == "moved" and u.fate.to == module.names.client)


def reason(module: Module, use: Use, beside: Iterable[Use], wrapped: frozenset[str]) -> str:
    """Why a use stays, as its name is assigned to here; "" for one that does not, or does by itself.

    `beside` are the uses by the same name for the library, `wrapped` is what `assigned` gives.
    """
    if use.dotted in wrapped and _is_taken(module, use):
        return said(use.text, use.fate)
    if module.names.keeps_library and any(u.dotted == use.dotted and not is_read_off(u) for u in beside):
        return f"{use.text} is replaced here: what is called by its name goes past {use.fate.new}, write it by hand"
    return ""


def _is_taken(module: Module, use: Use) -> bool:
    """Whether a function is taken for another name, to be wrapped or put back, and neither called nor assigned to."""
    node = use.reference.nodes[-1]
    above = module.source.parents.get(id(node))
    return is_read(node) and not (isinstance(above, ast.Call) and above.func is node)


def said(text: str, fate: Fate) -> str:
    """What is said of a function that is read where its name is assigned to."""
    return f"{text}: {WRAPPED.format(fate.new)}"
