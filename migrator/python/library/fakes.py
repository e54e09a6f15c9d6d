"""What tests put in the place of a library, by the name that another module of the project has for it."""

from __future__ import annotations

import ast

from migrator.python.library.references import is_read
from migrator.python.module import Module
from migrator.sites import Status

FUNCTIONS_ALONE = "stands for its functions alone, errors and types are the SDK's"


def said(module: Module, old: str, new: str) -> tuple[Status, str]:
    """The status and the message of a name of the library that is another one from now on, where it is replaced.

    It is for review where the module gives a fake errors or types, which the code has from the SDK by then.
    """
    differs = any(_is_elsewhere(module, name) for name in sorted(_given(module)))
    what = f"{old} → {new}"
    return (Status.REVIEW, f"{what}: {FUNCTIONS_ALONE}") if differs else (Status.MIGRATED, what)


def _given(module: Module) -> set[str]:
    """The names that a module gives something by, as keywords and as attributes."""
    named = {keyword.arg for call, _ in module.found.calls for keyword in call.keywords if keyword.arg}
    stored = (r for r in module.found.references if len(r.parts) > 1 and not is_read(r.nodes[-1]))
    loose = (node for node, _ in module.found.loose if isinstance(node.ctx, ast.Store))
    return named | {reference.parts[-1] for reference in stored} | {node.attr for node in loose}


def _is_elsewhere(module: Module, name: str) -> bool:
    """Whether a name of the library is in another module than the client module from now on."""
    fates = (module.names.fate(f"{library.module}.{name}") for library in module.names.rules.libraries)
    return any(fate and fate.kind == "moved" and fate.to not in ("", module.names.client) for fate in fates)
