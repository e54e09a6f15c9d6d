"""The tests of a client module that is made: where the project keeps its own, and in the style of these."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from pathlib import PurePosixPath

from migrator.fates.names import Names
from migrator.planning.candidates import Candidates
from migrator.planning.clients.in_project import Place, settings_of
from migrator.planning.distributions import Distributions, folder_of
from migrator.sites import Change
from migrator.tree.aside import is_collected

SETTING = "client-tests"
_SLOW = re.compile(r"e2e|integ|functional|benchmark|example")  # in the name of a folder
_FOLDER = re.compile(r"(?:^|[/_-])tests?(?:$|[/_-])")
_PYTEST = re.compile(r"^\s*(?:import pytest|from pytest\b)", re.MULTILINE)
_UNITTEST = re.compile(r"^\s*(?:import unittest|from unittest import.*TestCase)", re.MULTILINE)


def made(
    names: Names, place: Place, used: Collection[str], parts: Distributions, candidates: Candidates
) -> Change | None:
    """The change that makes the tests of the client module; None where the project has none that import it likewise,
    where a setting says so, or where nothing was made that reaches the gateway.
    """
    if not names.rules.options.get(SETTING) or names.keeps_library:
        return None
    texts = _tests(place, parts, candidates)
    folder = _folder(texts, folder_of(place.path), candidates.files)
    if folder is None:
        return None
    from migrator.clients.tests import render

    style = "unittest" if _is_unittest(texts, candidates) else "pytest"
    text = render(names.rules.served, frozenset(used), settings_of(names.rules), place.dotted, style)
    taken = {PurePosixPath(path).name for path in candidates.files}
    stem = f"test_{place.dotted.rpartition('.')[2]}"
    name = next((n for n in (f"{stem}.py", f"{stem}_calls.py") if n not in taken), None)
    if "def test_" not in text or name is None:
        return None
    path = f"{folder}/{name}" if folder else name
    return Change(path, path, "create", "python", 0, None, text.encode(), 0o644)


def _tests(place: Place, parts: Distributions, candidates: Candidates) -> dict[str, str]:
    """The tests that import modules from where the client module is imported from, by path."""
    depth = place.dotted.count(".") + 1
    base = "/".join(place.path.split("/")[:-depth])
    inside = [path.removeprefix(f"{base}/") for path in candidates.files if not base or path.startswith(f"{base}/")]
    beside = {path.partition("/")[0].removesuffix(".py") for path in inside if path.endswith(".py")}
    own = "|".join(sorted(re.escape(name) for name in beside if name.isidentifier() and not name.startswith("test")))
    imports = re.compile(rf"^\s*(?:from|import)\s+(?:{own})\b", re.MULTILINE)
    tests = [p for p in candidates.files if is_collected(p) and parts.of(p) == parts.of(place.path)]
    texts = {path: _read(path, candidates) for path in tests} if own else {}
    return {path: text for path, text in texts.items() if imports.search(text)}


def _read(path: str, candidates: Candidates) -> str:
    try:
        return (candidates.project.root / path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _folder(tests: Collection[str], home: str, files: Collection[str]) -> str | None:
    """The folder that most of the tests are in, if it can be one of quick ones; None where none is for tests.

    One is by its name, or by several tests in it; so is the root, and `home`, where the client module is. Where tests
    lie as what they test does, it is the one of `home`: not of what is in a folder there, as `tests/ingest`.
    """
    counts = Counter(folder_of(path) for path in tests)
    kept = [f for f, count in counts.items() if f in ("", home) or count > 1 or _FOLDER.search(f)]
    own = PurePosixPath(home).name
    found = max(
        kept,
        key=lambda f: (not _SLOW.search(f), bool(own) and f.endswith(f"/{own}"), counts[f], -f.count("/"), f),
        default=None,
    )
    inner = PurePosixPath(home, PurePosixPath(found).name) if found and found != home else None
    is_inner = inner and any(path.startswith(f"{inner}/") for path in files)
    above = folder_of(found) if found else ""
    return above if is_inner and _FOLDER.search(above) else found


def _is_unittest(texts: dict[str, str], candidates: Candidates) -> bool:
    if any(PurePosixPath(path).name == "conftest.py" for path in candidates.files):
        return False
    return any(map(_UNITTEST.search, texts.values())) and not any(map(_PYTEST.search, texts.values()))
