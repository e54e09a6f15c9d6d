"""Whether a project gets a model router, where it goes, and the changes that make it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath

from migrator.errors import MigrateError
from migrator.packs.ruleset import Rules
from migrator.patterns import glob_regex
from migrator.planning.candidates import PYTHON, Candidates
from migrator.planning.router.files import Home, files
from migrator.planning.work import Work
from migrator.primitives.leaving import Router
from migrator.sites import Change, Site, Status
from migrator.tree.aside import FOLDERS_ASIDE

_OURS = b'"""Chooses the model for an intent'
_WHEN = ("auto", "always", "never")


def with_router(rules: Rules, candidates: Candidates, work: Work) -> Work:
    """The work with a router, where the project wants one and has none yet.

    Raises MigrateError for a setting that makes no sense.
    """
    for rule in rules.routers:
        if _is_wanted(rule, rules.options, candidates):
            changes, sites = _made(rule, rules, candidates)
            work = Work([*work.changes, *changes], [*work.sites, *sites])
    return work


def _is_wanted(rule: Router, options: Mapping[str, object], candidates: Candidates) -> bool:
    when = options.get("router", "auto")
    if when not in _WHEN:
        raise MigrateError(f"pyproject.toml: router: {when!r} is none of {', '.join(_WHEN)}")
    if when != "auto":
        return when == "always"
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(map(glob_regex, rule.variables))})(?!\w)")
    code = (c.text.text for path, c in candidates.by_path.items() if PurePosixPath(path).suffix not in (".md", ".rst"))
    return len({match[0] for text in code for match in pattern.finditer(text)}) > 1


def _made(rule: Router, rules: Rules, candidates: Candidates) -> tuple[list[Change], list[Site]]:
    options, docs = rules.options, rules.docs.get(rule.id, "")
    home = _home(rule, str(options.get("router-package", "")), candidates)
    router = home.inside("model_router.py")
    if router in candidates.files:
        if (candidates.project.root / router).read_bytes().removeprefix(b"\xef\xbb\xbf").startswith(_OURS):
            return [], []
        said = f"{router} exists: name another package with the setting router-package"
        return [], [Site(router, 1, 1, rule.id, Status.MANUAL, said, router, 1, docs)]
    texts = files(
        home,
        title=str(options.get("app-title", "")),
        referer=str(options.get("app-url", "")),
        legacy=bool(options.get("legacy-portkey", False)),
    )
    there = sorted(path for path in texts if path in candidates.files)
    texts = {**_packages(home, candidates), **{path: text for path, text in texts.items() if path not in there}}
    changes = [Change(p, p, "create", _language(p), 0, None, text.encode(), 0o644) for p, text in texts.items()]
    said = rule.message + (f"; {', '.join(there)} is there already: see that it suits" if there else "")
    sites = [
        Site(p, 1, 1, rule.id, Status.REVIEW, said, p, 1, docs)
        if p == router
        else Site(p, 1, 1, rule.id, Status.MIGRATED, f"comes with {router}", p, 1, docs)
        for p in texts
    ]
    return changes, sites


def _packages(home: Home, candidates: Candidates) -> dict[str, str]:
    """The `__init__.py` of each folder of the package that is new."""
    folders = [home.inside("llm_client")]
    parts = home.package.split(".") if home.package else []
    folders += [home.path("/".join(parts[: n + 1])) for n in range(len(parts))]
    new = [folder for folder in folders if not any(path.startswith(f"{folder}/") for path in candidates.files)]
    return {f"{folder}/__init__.py": "" for folder in new}


def _home(rule: Router, setting: str, candidates: Candidates) -> Home:
    """Where it goes: as the setting says, to the package of the old client, or to the one most modules are in."""
    if setting:
        if not all(part.isidentifier() for part in setting.split(".")):
            raise MigrateError(f"pyproject.toml: router-package: {setting!r} is not a dotted name such as app.llm")
        inside = (root for root in sorted(candidates.roots) if _holds(root, setting.partition(".")[0], candidates))
        return Home(next(inside, ""), setting)
    modules = [p for p in candidates.by_path if p.endswith(PYTHON) and not FOLDERS_ASIDE & {*PurePosixPath(p).parts}]
    old = [path for path in modules if rule.beside in PurePosixPath(path).stem.lower()]
    packages = Counter(home for path in old or modules if (home := _top(path, candidates)))
    best = max(packages, key=lambda home: (packages[home], home), default=("", ""))
    return Home(*best)


def _top(path: str, candidates: Candidates) -> tuple[str, str] | None:
    """The root and the top package of a module; None for one that is in no package."""
    name = candidates.facts[path].names[0] if path in candidates.facts else ""
    top, dot, _ = name.partition(".")
    depth = name.count(".") + (1 if PurePosixPath(path).stem == "__init__" else 0)
    if not dot or depth >= len(PurePosixPath(path).parts) + 1:
        return None
    root = PurePosixPath(path).parents[depth] if depth < len(PurePosixPath(path).parents) else PurePosixPath()
    return ("" if str(root) == "." else str(root)), top


def _holds(root: str, package: str, candidates: Candidates) -> bool:
    folder = f"{root}/{package}/" if root else f"{package}/"
    return any(path.startswith(folder) for path in candidates.files)


def _language(path: str) -> str:
    return "python" if path.endswith(PYTHON) else "yaml"
