"""The programs of `fixtures/litellm`, and what each says may differ once it has been migrated."""

from __future__ import annotations

import re
import shutil
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parents[2] / "fixtures/litellm"
_OF_THE_PROGRAM = {"command", "provider", "unordered", "environment", "needs"}  # what holds whatever it becomes
_HEADER = re.compile(r"(?m)^# /// expect\n((?:#.*\n)*?)# ///\n\n?")


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was.

    `at` is `stdout` or what `facts` calls it, with the number of the request before it (`0.body.user`, or `*.` for
    each). `before` and `after` are lines of the output, or values; None is one that is not there. `said` is part of
    the message of the site that tells the user.
    """

    at: str
    why: str
    before: Any = None
    after: Any = None
    said: str = ""


@dataclass(frozen=True)
class Expected:
    """What a program says about itself for one target; README.md beside the programs describes it."""

    command: tuple[str, ...]
    provider: str = "openai"
    unordered: bool = False
    keeps: bool = False
    needs: tuple[str, ...] = ()
    pending: str = ""
    fault: str = ""
    manual: tuple[str, ...] = ()
    review: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    differs: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Program:
    """A file, or a folder with a project."""

    source: Path

    @property
    def name(self) -> str:
        """As tests are called."""
        return self.source.stem

    def place(self, folder: Path) -> Path:
        """A copy to work on, in a new folder, without what is written for us."""
        if self.source.is_dir():
            return shutil.copytree(self.source, folder, ignore=shutil.ignore_patterns("expect.toml", "__pycache__"))
        folder.mkdir()
        text = _HEADER.sub("", self.source.read_text(encoding="utf-8"))
        (folder / self.source.name).write_text(text, encoding="utf-8")
        return folder

    def expected(self, target: str, mode: str = "") -> Expected:
        """What may differ at this target; in a mode of its own nothing but what is said of the mode."""
        if self.source.is_dir():
            said = tomllib.loads((self.source / "expect.toml").read_text(encoding="utf-8"))
        else:
            header = _HEADER.search(self.source.read_text(encoding="utf-8"))
            said = tomllib.loads(re.sub(r"(?m)^# ?", "", header[1])) if header else {}
        its = {name: said.pop(name, {}) for name in ("llm-gateway", "portkey", "proxy")}[mode or target]
        if mode:
            its |= {name: its.pop(name, {}) for name in ("llm-gateway", "portkey")}[target]
            alike, own = its.pop("alike", False), {each["at"] for each in its.get("differs", ())}
            differs = [each for each in said.pop("differs", ()) if alike and each["at"] not in own]
            said = {name: value for name, value in said.items() if name in _OF_THE_PROGRAM} | {"differs": differs}
        differs = [Difference(**each) for each in (*said.pop("differs", ()), *its.pop("differs", ()))]
        merged = {"command": [self.source.name], **said, **its}
        lists = {name: tuple(merged.pop(name)) for name in ("command", "manual", "needs", "review") if name in merged}
        return Expected(**lists, **merged, differs=tuple(differs))


def programs() -> list[Program]:
    """All of them, by name."""
    found = [*(PROGRAMS / "programs").glob("*.py"), *(path for path in (PROGRAMS / "projects").glob("*/"))]
    return [Program(path) for path in sorted(found, key=lambda path: path.name)]
