"""The files of a model router: which there are, and the text of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from migrator.clients.filling import fill, literal, template

TEMPLATES = Path(__file__).parent / "templates"
CLIENTS = ("chat_client", "openrouter_client", "aimlapi_client")
LEGACY = "legacy_portkey_client"


@dataclass(frozen=True, slots=True)
class Home:
    """Where a router goes: `root` is where its package is imported from, `package` is dotted; both may be empty."""

    root: str
    package: str

    def path(self, name: str) -> str:
        """The path of a file that is named from the root, such as `config/models.yaml`."""
        return f"{self.root}/{name}" if self.root else name

    def inside(self, name: str) -> str:
        """The path of a file in the package."""
        return self.path(f"{self.package.replace('.', '/')}/{name}" if self.package else name)

    def module(self, name: str) -> str:
        """The dotted name of a module of the package."""
        return f"{self.package}.{name}" if self.package else name


def files(home: Home, *, title: str = "", referer: str = "", legacy: bool = False) -> Mapping[str, str]:
    """Path -> text of the router, its clients, its configuration and its tests.

    `title` and `referer` say to OpenRouter which application asks; with `legacy` there is a way back to Portkey.
    The Python text is formatted for lines of 100 characters.
    """
    values = {
        "clients": home.module("llm_client"),
        "router": home.module("model_router"),
        "depth": str(home.package.count(".") + 1 if home.package else 0),
        "title": _quoted(title),
        "referer": _quoted(referer),
    }
    flags = {"legacy"} if legacy else set[str]()
    names = [*CLIENTS, *([LEGACY] if legacy else [])]
    paths = {
        home.inside("model_router.py"): "model_router",
        **{home.inside(f"llm_client/{name}.py"): name for name in names},
        home.path("config/models.yaml"): "models",
        home.path("tests/test_model_router.py"): "tests",
    }
    return {path: fill(template(name, TEMPLATES), flags, values) for path, name in paths.items()}


def _quoted(text: str) -> str:
    """A text as a formatter of Python writes it: in double quotes, unless there are some in it."""
    return literal(text) if '"' not in text or "'" in text else f"'{literal(text)[1:-1]}'".replace('\\"', '"')
