"""The file kinds besides Python: which one a path is, and the one signature they all have."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import PurePosixPath

from migrator.fates.imported import Imported
from migrator.fates.names import Names
from migrator.sites import Finding, Status


@dataclass(frozen=True, slots=True)
class Context:
    """Where a text stands and what may be done to it.

    `edit_prose` is `--text`; `python` finds the references of a Python snippet and raises SyntaxError where it is none.
    """

    path: str
    edit_prose: bool
    python: Callable[[str], list[Finding]]
    imported: Imported = field(default_factory=Imported)


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file; its module is imported when it is first used."""

    name: str
    module: str
    suffix: str = ""  # of a script, whose language it says

    def find(self, text: str, names: Names, context: Context) -> list[Finding]:
        """Every reference to the old layer in `text`, with edits that do not overlap; `text` has its own line ends."""
        found: list[Finding] = import_module(f"migrator.formats.{self.module}").find(text, names, context)
        told, spoken = text, list[Finding]()
        if names.rules.clients and self.name in _SPEAKING:
            from migrator.formats import http, search

            spoken = http.find(text, self.name, names, context.path)
            found, told = search.beside(spoken, found), search.without(text, spoken)
        if names.rules.clients and self.name in _SPEAKING | {"env"}:
            from migrator.formats import http, search, slugs, together

            kind = http.kind_of(context.path, self.name)
            moving = [f.start for f in spoken if any("Bearer " in edit.text for edit in f.edits)]
            ids = [*slugs.find(told, names, context.path, together.stand_with(text, kind, moving))]
            left = [f.start for f in spoken if f.status is Status.MANUAL and not f.alone]
            ids = together.beside(text, kind, left, ids)
            found = search.beside(found, ids)
        if names.rules.servers and self.name not in _IN_PARTS:
            from migrator.formats import search, servers

            found = search.beside(found, servers.find(text, names))
        if names.rules.variables or names.rules.ids:
            from migrator.formats import model_ids, search, variables

            others = variables.find(told, self.name, names, context.path)
            found = search.beside(found, model_ids.find(told, self.name, names, context.path), others)
        if names.rules.env_gone or any(rule.yields for rule in names.rules.envs):
            from migrator.formats import gone, search

            if self.name in _IN_PARTS | {"script"}:  # whose calls are edited as wholes, names of variables and all
                found = search.beside(found, gone.find(search.without(told, found), self.name, names))
            else:
                found = search.beside(gone.find(told, self.name, names), found)
        if not names.rules.dependencies:
            return found
        from migrator.formats import dependencies

        return dependencies.joined(dependencies.find(text, self.name, names, context), found, names)

    def validate(self, text: str) -> None:
        """Raise ValueError, with one line, when `text` does not parse as what it is."""
        from migrator.formats.syntax import validate

        validate(self.name, text, self.suffix)


_LOCKS = "uv.lock poetry.lock Pipfile.lock pdm.lock package-lock.json pnpm-lock.yaml yarn.lock pixi.lock"
_CONFIG_NAMES = (
    "Makefile GNUmakefile Justfile justfile Procfile Jenkinsfile Dockerfile Containerfile Vagrantfile "
    "CODEOWNERS curlrc .curlrc MANIFEST.in CMakeLists.txt .gitignore .dockerignore .gitattributes"
)
_CONFIG_SUFFIXES = (
    "sh bash zsh fish ps1 bat cmd mk tf tfvars hcl service curlrc xml dockerfile containerfile makefile j2 tpl http "
    "rest bru"
)
_SCRIPTS = "js jsx mjs cjs ts tsx mts cts vue svelte"

_IN_PARTS = frozenset({"markdown", "rst", "text", "notebook", "lock"})  # or that nobody writes
_SPEAKING = frozenset({"config", "yaml", "json", "toml", "ini", "commands"})  # where requests are written down

_BY_NAME = {
    **{name: Format("lock", "lock") for name in _LOCKS.split()},
    **{name: Format("config", "config") for name in _CONFIG_NAMES.split()},
    **{name: Format("ini", "ini") for name in (".coveragerc", ".flake8", ".pylintrc")},
    "Pipfile": Format("toml", "toml"),
}
_BY_SUFFIX = {
    **{suffix: Format("config", "config") for suffix in _CONFIG_SUFFIXES.split()},
    **{suffix: Format("script", "script", suffix) for suffix in _SCRIPTS.split()},
    **{suffix: Format("ini", "ini") for suffix in ("ini", "cfg", "conf", "properties")},
    **{suffix: Format("markdown", "markdown") for suffix in ("md", "markdown", "mdx")},
    **{suffix: Format("yaml", "config") for suffix in ("yml", "yaml")},
    "toml": Format("toml", "toml"),
    "rst": Format("rst", "markdown"),
    "json": Format("json", "config"),
    "jsonc": Format("config", "config"),
    "sql": Format("sql", "sql"),
    "ipynb": Format("notebook", "notebook"),
}
_TEXT = Format("text", "markdown")
_PYTHON = frozenset({"py", "pyi", "pyw"})
_TEMPLATE = "example|sample|template|dist|local"
_ENV = re.compile(
    rf"\.env([._-].+|{_TEMPLATE})?|.+\.env(\..+)?|env[._-]({_TEMPLATE})|\.envrc|\.flaskenv|\.dev\.vars(\..+)?"
)
_REQUIREMENTS = re.compile(r"(^|/)([\w.-]*(requirements|constraints)[\w.-]*|(requirements|constraints)/.+)\.(txt|in)$")
_DOCKER = re.compile(r"(Dockerfile|Containerfile)[.-].+")


def format_of(path: str, head: str = "") -> Format | None:
    """The kind of the file at `path`, by its name alone; None for Python, which has its own package.

    `head` is how the text begins: it tells a script from prose where the name has no suffix.
    """
    name = PurePosixPath(path).name
    suffix = PurePosixPath(name).suffix[1:].lower()
    if suffix in _PYTHON:
        return None
    if name in _BY_NAME:
        return _BY_NAME[name]
    if _REQUIREMENTS.search(path):
        return Format("requirements", "config")
    if _DOCKER.fullmatch(name):
        return Format("config", "config")
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if _ENV.fullmatch(name):
        return Format("env", "env")
    if not suffix and head.startswith("#!"):
        return None if "python" in head.partition("\n")[0] else Format("config", "config")
    return _TEXT
