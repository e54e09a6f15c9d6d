"""Projects that have a package of a library's name themselves: what they import by it is theirs, and is left alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath

from migrator.planning.candidates import Candidates
from migrator.planning.distributions import Distributions, folder_of, is_list
from migrator.primitives.library import Library
from migrator.python.reading.facts import Facts
from migrator.python.reading.roots import BUILDING, inside, is_copy
from migrator.sites import Site, Status
from migrator.tree import project as tree


def set_aside(libraries: Collection[Library], candidates: Candidates) -> list[Site]:
    """Take the files of such projects from the candidates; a site for each module of theirs that imports it."""
    sites, files = [], {*candidates.files}
    building = {folder_of(path) for path in candidates.files if PurePosixPath(path).name in BUILDING}
    projects = Distributions(building)
    for library in libraries:
        for folder in sorted(building, key=len, reverse=True):
            own = _own(folder, library, files)
            if not own:
                continue
            theirs = [path for path in candidates.by_path if projects.of(path) == folder]
            facts = [candidates.facts[path] for path in theirs if path in candidates.facts]
            if _lists(theirs, library, candidates) or not _is_meant(own, library, facts, candidates):
                continue
            said = f"{library.module} is the project's own, {own}: left alone"
            sites += [_site(each, library, said, candidates) for each in facts if _taken(each, library.module)]
            candidates.aside.update(theirs)
            for path in theirs:
                candidates.by_path.pop(path)
                candidates.facts.pop(path, None)
    return sites


def _own(folder: str, library: Library, files: Collection[str]) -> str:
    """The path of a project's own package or module of a library's name; "" for none, and for a copy of the library."""
    base, name = f"{folder}/" if folder else "", library.module.replace(".", "/")
    starts = (f"{base}src/{name}", f"{base}{name}")
    if not any(path in files for start in starts for path in (f"{start}/__init__.py", f"{start}.py")):
        return ""
    for start in starts:
        if is_copy(start, library.modules, files):
            return ""
        if own := next((path for path in (f"{start}/__init__.py", f"{start}.py") if path in files), ""):
            return own
    return ""


def _lists(paths: Iterable[str], library: Library, candidates: Candidates) -> bool:
    """Whether a project says that it depends on the library."""
    name = re.escape(library.module.replace("_", "-"))
    line = rf"^\s*(?:-\s+)?['\"]?{name}\b['\"]?\s*(?:[\[<>=~!,;].*)?$|(?:requires?|dependencies)\b.*['\"]{name}\b"
    line += rf"|,\s*['\"]{name}\s*[\[<>=~!;@]"  # behind another one
    texts = (candidates.by_path[path].text.text for path in paths if is_list(path))
    return any(re.search(line, text.replace("_", "-"), re.MULTILINE) for text in texts)


def _is_meant(own: str, library: Library, modules: Iterable[Facts], candidates: Candidates) -> bool:
    """Whether a project's own package has all that its modules take from it."""
    taken = {name for facts in modules for name in _taken(facts, library.module)}
    try:
        parsed = ast.parse(tree.read(candidates.project.root, own))
    except (OSError, SyntaxError, ValueError):
        return False
    has = set(_defined(parsed))
    if own.endswith("/__init__.py"):
        has |= inside(folder_of(own), candidates.files)
    return bool(taken) and ("*" in has or taken - {""} <= has)


def _taken(facts: Facts, library: str) -> set[str]:
    """The names that a module takes from a library; "" for the library itself."""
    names = set[str]()
    for local, targets in facts.bound.items():
        for target in targets:
            if target == library:
                names |= {"", *facts.reached.get(local, ())}
            elif target.startswith(f"{library}."):
                names.add(target[len(library) + 1 :].partition(".")[0])
    return names


def _defined(module: ast.Module) -> Iterator[str]:
    """The names that a module gives; `*` where it has some from another one that are not written out."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)


def _site(facts: Facts, library: Library, said: str, candidates: Candidates) -> Site:
    """What is said at the first line of a module that imports the package."""
    lines = candidates.by_path[facts.path].text.text.splitlines()
    pattern = re.compile(rf"\s*(?:from|import)\s.*\b{re.escape(library.module)}\b")
    line = next((number for number, text in enumerate(lines, 1) if pattern.match(text)), 1)
    return Site(facts.path, line, 1, library.id, Status.IGNORED, said, facts.path, line)
