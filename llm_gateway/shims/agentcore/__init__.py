"""Importing this makes `agentcore.llm_gateway` another name of `llm_gateway`, for this process.

For code that was migrated to AgentCore's names and runs without AgentCore:

    import llm_gateway.shims.agentcore

or, without a change to the program, `python -m llm_gateway.shims.agentcore -m PROGRAM …`. Modules and classes are the
same objects under both names. Where AgentCore is installed only `agentcore.llm_gateway` is added; where AgentCore has
that itself, the import is refused with an ImportError.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_PACKAGE = "agentcore"
_ALIAS = "agentcore.llm_gateway"
_REAL = "llm_gateway"


class _Same(Loader):
    """Puts the real module in the place of one that was asked for by its other name."""

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        sys.modules[name] = import_module(_REAL + name.removeprefix(_ALIAS))


class _Empty(Loader):
    """A package with nothing in it."""

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        pass


class _Finder(MetaPathFinder):
    """Finds the two names and what is below the second; all else is left to the others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == _PACKAGE:
            return _found_by_others(fullname, path) or ModuleSpec(fullname, _Empty(), is_package=True)
        if fullname != _ALIAS and not fullname.startswith(_ALIAS + "."):
            return None
        real = _found_by_others(_REAL + fullname.removeprefix(_ALIAS), _path_of(fullname))
        return real and ModuleSpec(
            fullname, _Same(), origin=real.origin, is_package=bool(real.submodule_search_locations)
        )


def _path_of(alias: str) -> Sequence[str] | None:
    """Where to look for the real module: in the package that it is in."""
    parent, _, _ = (_REAL + alias.removeprefix(_ALIAS)).rpartition(".")
    return import_module(parent).__path__ if parent else None


def _found_by_others(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        if not isinstance(finder, _Finder) and (spec := finder.find_spec(name, path)) is not None:
            return spec
    return None


def _install() -> None:
    """Raises ImportError where AgentCore has a gateway of its own."""
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    package = sys.modules.get(_PACKAGE)
    spec = package.__spec__ if package else _found_by_others(_PACKAGE, None)
    where = spec.submodule_search_locations if spec else None
    own = sys.modules.get(_ALIAS) or (where and _found_by_others(_ALIAS, where))
    if own:
        raise ImportError(f"AgentCore has its own {_ALIAS} here; do without the shim, or uninstall agentcore")
    sys.meta_path.insert(0, _Finder())


_install()
