"""What scripts of a project hand on to one another of a client SDK that is left, and how imports name scripts."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Literal

from migrator.fates.packages import Packages

_SUFFIX = re.compile(r"\.(?:d\.)?[cm]?[jt]sx?$")
_ALIAS = re.compile(r"(?:[@~#]/|src/|[@~#$](?=[\w-]+/))")
_PACKAGE = re.compile(r"@[\w.-]+/([\w.-]+)")


@dataclass(frozen=True, slots=True)
class Handed:
    """An export: a class of the SDK (`name`), a client (`instance`), a function that gives one (`maker`), an `address`.

    A `class` is the project's own upon one of the SDK, whose options it says itself. An `address` is the old one where
    it stays, by `of` = `manual`, and else the new one; the name of one in an object is dotted. It is `kept` where one
    that stays is called as the SDK has it. `headers` are what is sent to the old address: by `of` they
    stay (`manual`), have the `key` of the old gateway, or something else beside which a bearer token is `anothers`.

    `module` is the path of the script as `stem` writes it, `of` the class by the SDK's name for it, `prefix` how ids of
    models begin for the client where that is known.
    """

    module: str
    name: str  # "default" where it has none
    kind: Literal["name", "instance", "maker", "class", "address", "headers"]
    of: str
    prefix: str = ""
    kept: bool = False
    origin: tuple[str, str] = ("", "")  # of an address: the module that has it itself, and its name there


def stem(path: str) -> str:
    """The path of a script without what imports leave out.

    >>> stem("src/llm/index.ts"), stem("src/llm.mjs"), stem("index.ts")
    ('src/llm', 'src/llm', '.')
    """
    short = _SUFFIX.sub("", path)
    return "." if short == "index" else short.removesuffix("/index")


def names(module: str, source: str, path: str, packages: Packages) -> bool:
    """Whether the script at `path` means a module by `source`.

    A package of the project's own is its folder, and may hand on what any script in it has; one of others is none.
    Where nothing tells the packages, a name with a scope is the folder that is called so. An alias such as `@/` stands
    for any folder, and so does nothing before a path.

    >>> names("src/llm", "../llm.js", "src/app/page.tsx", Packages()), names("src/llm", "@/llm", "app.ts", Packages())
    (True, True)
    >>> names("src/lib/llm", "$lib/llm", "app.ts", Packages()), names("conf/llm", "conf/llm", "app.ts", Packages())
    (True, True)
    >>> names("packages/core/src/llm", "@acme/core", "app.ts", Packages())
    True
    >>> names("src/openai", "@ai-sdk/openai", "app.ts", Packages(others=frozenset({"@ai-sdk/openai"})))
    False
    """
    if source.startswith("."):
        return module == stem(posixpath.normpath(posixpath.join(posixpath.dirname(path), source)))
    if module in map(stem, packages.paths(source)):
        return True
    if own := packages.folder(source):
        inside = f"{module}/".startswith(f"{own[0]}/".lstrip("/"))
        return inside and (not own[1] or f"/{module}".endswith(f"/{stem(own[1])}"))
    if packages.is_anothers(source):
        return False
    alias = _ALIAS.match(source)
    end = stem(source[alias.end() if alias else 0 :])
    package = _PACKAGE.fullmatch(source) if not packages.own else None
    if package and f"/{package[1]}/" in f"/{module}/":
        return True
    whole = alias is not None and alias[0].endswith("/")
    return bool(end) and (whole or "/" in end) and f"/{module}".endswith(f"/{end}")
