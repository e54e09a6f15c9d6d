"""Which of LiteLLM's arguments a project can give: those that some file of it spells."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from migrator import project as tree
from migrator.candidates import Candidates
from migrator.clients.module import ARGUMENTS, SDK_ARGUMENTS

_SUFFIXES = {
    ".cfg", ".conf", ".env", ".example", ".ini", ".ipynb", ".j2", ".js", ".json", ".jsonl", ".md", ".py", ".pyi",
    ".rst", ".sample", ".sql", ".template", ".tmpl", ".toml", ".ts", ".tsx", ".txt", ".yaml", ".yml",
}  # fmt: skip
_LOCKS = re.compile(r"(?:^|/)(?:package-lock\.json|pnpm-lock\.yaml)$")


def features(candidates: Candidates) -> frozenset[str]:
    """The features of which an argument is given by its name, as a key, or set in a settings file."""
    missing = {
        name: re.compile(rb"\b(?:%b)\b\\?[\"']?\s*[:=,)\]}]" % "|".join(map(re.escape, sorted(words))).encode())
        for name, words in {**ARGUMENTS, **SDK_ARGUMENTS}.items()
    }
    found = set[str]()
    for path in candidates.files:
        if PurePosixPath(path).suffix not in _SUFFIXES or _LOCKS.search(path):
            continue
        try:
            data = tree.read(candidates.project.root, path)
        except OSError:
            continue
        spelled = {name for name, pattern in missing.items() if pattern.search(data)}
        found |= spelled
        missing = {name: pattern for name, pattern in missing.items() if name not in spelled}
        if not missing:
            break
    return frozenset(found)
