"""What the tests of generated client modules share: a wire, and modules made and imported as a project would."""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from importing import import_file
from wire import Wire, serve

from migrator.clients.module import Settings, provided, render
from migrator.clients.table import TARGETS, load

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # LiteLLM would fetch it while it is imported
# LiteLLM comes with the tables of tokens that tiktoken would fetch.
_litellm = importlib.util.find_spec("litellm")
if _litellm and _litellm.origin:
    os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(_litellm.origin).parent / "litellm_core_utils" / "tokenizers")

Make = Callable[..., ModuleType]


@pytest.fixture(scope="session")
def wire() -> Iterator[Wire]:
    with serve() as server:
        yield server


@pytest.fixture(autouse=True)
def quiet(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every generated module is pointed at the wire, and nothing on it is from another test."""
    for table in map(load, TARGETS):
        monkeypatch.setenv(table.key_variable, "gateway-key")
        monkeypatch.setenv(table.url_variable, wire.url)
    wire.take()
    wire.failures.clear()


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open() -> Iterator[None]:
    """LiteLLM leaves connections open. They are forgotten here, where no test is blamed for them."""
    yield
    if litellm := sys.modules.get("litellm"):
        litellm.in_memory_llm_clients_cache.flush_cache()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gc.collect()


@pytest.fixture(scope="session", params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def llm(make: Make, target: str) -> ModuleType:
    """The module of a target with every function and part."""
    return make(target, provided(target))


@pytest.fixture(scope="session")
def make(wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A module of a target, by default with every function, imported anew."""

    def made(target: str, functions: frozenset[str] | None = None, settings: Settings | None = None) -> ModuleType:
        path = tmp_path_factory.mktemp("client") / "client.py"
        names = functions or frozenset(load(target).functions)
        path.write_text(render(target, names, settings or Settings()), encoding="utf-8")
        return import_file(path)

    return made
