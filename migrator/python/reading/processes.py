"""Which files of a project can run in one process, told from what they import; in doubt they can."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from migrator.python.reading.roots import BUILDING
from migrator.tree.aside import is_collected

_IMPORT = re.compile(r"\bfrom\s+(\.*[\w.]*)\s*\bimport\b\s*(\([^)]*\)|[^\n]*)|\bimport\s+([^\n;#]+)")
_COMMENT = re.compile(r"#[^\n\"'#]*$", re.MULTILINE)  # but one that may stand in a text
_TEXT = re.compile(r"""["']([A-Za-z_]\w*(?:\.\w+)+)(?=["':])|\b(?:import_module|__import__)\(\s*["'](\w+)["']""")
# What brings in modules whose names are put together at run time, or stand in settings.
_ANY = re.compile(
    r"""(?<!import )\b(?:import_module|__import__)\b(?!\s*\(\s*["'][A-Za-z_])"""
    r"""|\b(?:runpy|spec_from_file_location|SourceFileLoader|pkgutil|entry_points|INSTALLED_APPS)\b|(?<![.\w])exec\("""
)
_WORDS = (  # one of which `_ANY` finds: a search for these alone is many times faster
    "import_module", "__import__", "runpy", "spec_from_file_location", "SourceFileLoader", "pkgutil", "entry_points",
    "INSTALLED_APPS", "exec(",
)  # fmt: skip
_PAGES = "pages"  # the folder whose scripts Streamlit runs beside those of the folder above
_TOGETHER = "/"  # stands for what imports several files by itself: a test runner, who installs a package


@dataclass(slots=True)
class Processes:
    """The files of a project by what imports them; of a file that is none of them, nothing is known."""

    _importers: dict[str, set[str]] = field(default_factory=dict)
    spelled: dict[str, set[str]] = field(default_factory=dict)  # what each file imports, or spells: see `_named`
    _above: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def build(cls, texts: Iterable[tuple[str, str]], others: Iterable[str] = ()) -> Processes:
        """Of the path and the text of every file with Python in it; `others` are the paths of all other files."""
        imported, all_of_them = dict[str, set[str]](), set[str]()
        installed = {str(PurePosixPath(o).parent) for o in others if PurePosixPath(o).name in BUILDING}
        for path, text in texts:
            imported[path] = set(_named(PurePosixPath(path), text))
            if any(word in text for word in _WORDS) and _ANY.search(text):
                all_of_them.add(path)
        files = _Files(imported)
        found = cls({path: {path} for path in imported}, imported)
        for path, names in imported.items():
            reached = imported if path in all_of_them else {f for n in names for f in files.of(n)}
            for each in (*reached, *files.beside(path)):
                found._importers[each].add(path)
            if _is_loaded(path):
                found._importers[path].add(_TOGETHER)
        packages = {path: package for path in imported if (package := files.package(path))}
        run = {package for path, package in packages.items() if found._is_run(path, package)}
        for path, package in packages.items():
            if package not in run or any(_is_below(package, folder) for folder in installed):
                found._importers[path].add(f"{_TOGETHER}{package}")
        return found

    def _is_run(self, path: str, package: str) -> bool:
        """Whether something of the project, besides tests, imports a module of a package from outside of it."""
        others = (each for each in self._importers[path] if not each.startswith(_TOGETHER))
        return any(not _is_below(each, package) and not _is_loaded(each) for each in others)

    def are_one(self, path: str, other: str) -> bool:
        """Whether two files can be in one process: something imports both, directly or not."""
        if path not in self._importers or other not in self._importers:
            return True
        return not self._importing(path).isdisjoint(self._importing(other))

    def take(self, path: str, name: str) -> bool:
        """Whether some file may have a name from the module at `path`: it imports that name, or all of the module."""
        leaf = _parts(path)[-1:]
        for each in self._importers.get(path, {""}) - {path}:
            names = [tuple(re.split(r"[./]", spelled)) for spelled in self.spelled.get(each, ())]
            below = [parts for parts in names if parts[-2:-1] == leaf]
            whole = any(parts[-1:] == leaf for parts in names) and not below
            if not each or whole or any(parts[-1] == name for parts in below):
                return True
        return False

    def seen_with(self, path: str, users: Iterable[str]) -> str:
        """A file; "", of which nothing is known, for a test that gets to none of the users in a way that is seen."""
        if not _is_loaded(path) or any(self.are_one(path, u) for u in users if not _is_loaded(u)):
            return path
        return ""

    def _importing(self, path: str) -> frozenset[str]:
        if path not in self._above:
            seen, waiting = {path}, [path]
            while waiting:
                more = self._importers.get(waiting.pop(), set()) - seen
                seen |= more
                waiting += more
            self._above[path] = frozenset(seen)
        return self._above[path]


class _Files:
    """Files by every ending of their dotted names: folders may be put on the path at run time."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = set(paths)
        self._endings: dict[str, set[str]] = {}
        self._in: dict[str, set[str]] = {}
        self._known: dict[str, set[str]] = {}  # names that were asked for, and their files
        for path in self._paths:
            parts = _parts(path)
            for start in range(len(parts)):
                self._endings.setdefault(".".join(parts[start:]), set()).add(path)
            self._in.setdefault(str(PurePosixPath(path).parent), set()).add(path)

    def of(self, name: str) -> set[str]:
        """The files that an import of a dotted name, or of one as `/path/from/the/root`, runs."""
        if name not in self._known:
            self._known[name] = {*self._run_by(name)}
        return self._known[name]

    def _run_by(self, name: str) -> Iterator[str]:
        whole = name.startswith("/")
        parts = name[1:].split("/") if whole else name.split(".")
        for count in range(len(parts), 0, -1):
            if whole:
                path = "/".join(parts[:count])
                yield from {f"{path}.py", f"{path}/__init__.py"} & self._paths
            elif count > 1 or parts[0] not in sys.stdlib_module_names:
                yield from self._endings.get(".".join(parts[:count]), ())

    def beside(self, path: str) -> Iterator[str]:
        """The files that run with one that is imported or run: those of its packages, of its tests, its pages."""
        for folder in map(str, PurePosixPath(path).parents):
            prefix = "" if folder == "." else f"{folder}/"
            yield from {f"{prefix}__init__.py", *([f"{prefix}conftest.py"] if _is_loaded(path) else [])} & self._paths
        parent = PurePosixPath(path).parent
        yield from self._in.get(str(parent / _PAGES), ())

    def package(self, path: str) -> str:
        """The folder of the outermost package that a file is in; "" for none."""
        above = [str(f) for f in PurePosixPath(path).parents if f"{f}/__init__.py" in self._paths]
        return above[-1] if above else ""


def _parts(path: str) -> tuple[str, ...]:
    parts = PurePosixPath(path).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def _is_loaded(path: str) -> bool:
    """Whether a test runner imports a file by itself."""
    return is_collected(path) or PurePosixPath(path).name == "conftest.py"


def _is_below(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")


def _named(path: PurePosixPath, text: str) -> Iterator[str]:
    """The names that a text with Python in it imports, or spells; those that are relative as `/path/from/the/root`."""
    text = _COMMENT.sub("", text.replace("\\\n", " "))
    for found in _IMPORT.finditer(text):
        module, names, plain = found.groups()
        if plain:
            yield from re.findall(r"[\w.]+", plain)
            continue
        base = module.lstrip(".")
        level = len(module) - len(base)
        if level:
            above = path.parents[min(level, len(path.parents)) - 1].parts
            base = "/".join(("", *above, *base.split("."))) if base else "/".join(("", *above))
        yield base
        yield from (f"{base}{'/' if level else '.'}{name}" for name in re.findall(r"\w+", names))
    yield from (dotted or word for dotted, word in _TEXT.findall(text))
