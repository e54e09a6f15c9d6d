"""What scripts of a tree mean by names of packages: its own, by their folders, those of others, and short names."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

SAYING = re.compile(r"(?:.*/)?(?:package|[tj]sconfig(?:\.[\w-]+)*)\.json")
"""Matches the paths of files that say what names of packages mean."""
_ASKED = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
_OWN = ("workspace:", "file:", "link:", "portal:")  # how versions begin that are a folder of the project
_NAME = re.compile(r"(?:@[\w.-]+/)?[\w.-]+")
_UNSAID = re.compile(r'("(?:\\.|[^"\\])*")|//[^\r\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages that are named in a tree.

    `own` has the folder of each package of the project's own, `others` are asked for from elsewhere. `aliases` are
    names by which scripts call paths, each with the path; `*` stands for the same in both.
    """

    own: Mapping[str, str] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    aliases: tuple[tuple[str, str], ...] = ()

    def paths(self, source: str) -> Iterator[str]:
        """The paths that a short name may stand for.

        >>> list(Packages(aliases=(("@/*", "web/src/*"), ("~llm", "llm.ts"))).paths("@/llm"))
        ['web/src/llm']
        """
        for name, path in self.aliases:
            before, star, after = name.partition("*")
            if source == name or (star and source.startswith(before) and source.endswith(after)):
                yield path.replace("*", source[len(before) : len(source) - len(after)])

    def folder(self, source: str) -> tuple[str, str] | None:
        """The folder of the project's own package that is named, and the path inside it that is; None for another."""
        name = _NAME.match(source)
        if name is None or name[0] not in self.own:
            return None
        return self.own[name[0]], source[name.end() :].strip("/")

    def is_anothers(self, source: str) -> bool:
        """Whether a package is named that is none of the project's."""
        name = _NAME.match(source)
        return name is not None and name[0] in self.others


def packages(texts: Mapping[str, str]) -> Packages:
    """The packages that files of a tree name, by their paths; one that cannot be read says nothing."""
    own, others, aliases = dict[str, str](), set[str](), list[tuple[str, str]]()
    for path, text in sorted(texts.items()):
        folder, said = posixpath.dirname(path), _read(text)
        if PurePosixPath(path).name == "package.json":
            if isinstance(name := said.get("name"), str):
                own[name] = folder
            asked = [(name, version) for each in _ASKED for name, version in _table(said, each).items()]
            others |= {name for name, version in asked if not str(version).startswith(_OWN)}
            aliases += [(name, posixpath.normpath(posixpath.join(folder, to))) for name, to in _imports(said)]
        else:
            options = _table(said, "compilerOptions")
            base = posixpath.join(folder, str(options.get("baseUrl", ".")))
            for name, targets in _table(options, "paths").items():
                found = (to for to in targets if isinstance(to, str)) if isinstance(targets, list) else ()
                aliases += [(name, posixpath.normpath(posixpath.join(base, to))) for to in found]
    return Packages(own, frozenset(others - own.keys()), tuple(aliases))


def _imports(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The short names that a package has for paths of its own: `"imports": { "#llm": "./src/llm.ts" }`."""
    for name, to in _table(said, "imports").items():
        waiting = [to]
        while waiting:
            each = waiting.pop()
            waiting += each.values() if isinstance(each, dict) else []
            if isinstance(each, str) and each.startswith("."):
                yield name, each


def _read(text: str) -> Mapping[str, Any]:
    """The table of a JSON file, which may have comments."""
    try:
        said = json.loads(_UNSAID.sub(lambda match: match[1] or "", text))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _table(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}
