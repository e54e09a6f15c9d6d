"""What scripts of a project hand on to one another of a client SDK that is left, and how imports name scripts."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Literal

_SUFFIX = re.compile(r"\.(?:d\.)?[cm]?[jt]sx?$")
_ALIAS = re.compile(r"(?:[@~#]/|src/)")


@dataclass(frozen=True, slots=True)
class Handed:
    """An export: a class of the SDK (`name`), a client (`instance`), a function that gives one (`maker`), an `address`.

    A `class` is the project's own upon one of the SDK, whose options it says itself. An `address` is the old one where
    it stays, by `of` = `manual`, and else the new one; the name of one in an object is dotted. It is `kept` where one
    that stays is called as the SDK has it.

    `module` is the path of the script as `stem` writes it, `of` the class by the SDK's name for it, `prefix` how ids of
    models begin for the client where that is known.
    """

    module: str
    name: str  # "default" where it has none
    kind: Literal["name", "instance", "maker", "class", "address"]
    of: str
    prefix: str = ""
    kept: bool = False


def stem(path: str) -> str:
    """The path of a script without what imports leave out.

    >>> stem("src/llm/index.ts"), stem("src/llm.mjs"), stem("index.ts")
    ('src/llm', 'src/llm', '.')
    """
    short = _SUFFIX.sub("", path)
    return "." if short == "index" else short.removesuffix("/index")


def names(module: str, source: str, path: str) -> bool:
    """Whether the script at `path` means a module by `source`; an alias such as `@/` stands for any folder.

    >>> names("src/llm", "../llm.js", "src/app/page.tsx"), names("src/llm", "@/llm", "app.ts")
    (True, True)
    """
    if source.startswith("."):
        return module == stem(posixpath.normpath(posixpath.join(posixpath.dirname(path), source)))
    alias = _ALIAS.match(source)
    end = stem(source[alias.end() :]) if alias else ""
    return bool(end) and f"/{module}".endswith(f"/{end}")
