"""Which of LiteLLM's arguments a project can give: those that some file of it spells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from pathlib import PurePosixPath

from migrator import project as tree
from migrator.candidates import Candidates

_SUFFIXES = {
    ".cfg", ".conf", ".env", ".example", ".ini", ".ipynb", ".j2", ".js", ".json", ".jsonl", ".md", ".py", ".pyi",
    ".rst", ".sample", ".sql", ".template", ".tmpl", ".toml", ".ts", ".tsx", ".txt", ".yaml", ".yml",
}  # fmt: skip
_LOCKS = re.compile(r"(?:^|/)(?:package-lock\.json|pnpm-lock\.yaml)$")


def spelled(candidates: Candidates, names: Mapping[str, Set[str]]) -> frozenset[str]:
    """The keys of which some name is an argument in a file, or a key, or set; `*` stands for any letters."""
    missing = {key: _given(words) for key, words in names.items()}
    found = set[str]()
    for path in candidates.files:
        if PurePosixPath(path).suffix not in _SUFFIXES or _LOCKS.search(path):
            continue
        try:
            data = tree.read(candidates.project.root, path)
        except OSError:
            continue
        here = {key for key, pattern in missing.items() if pattern.search(data)}
        found |= here
        missing = {key: pattern for key, pattern in missing.items() if key not in here}
        if not missing:
            break
    return frozenset(found)


def _given(words: Set[str]) -> re.Pattern[bytes]:
    any_of = "|".join(re.escape(word).replace(r"\*", r"\w*") for word in sorted(words))
    return re.compile(rb"\b(?:%b)\b\\?[\"']?\s*[:=,)\]}]" % any_of.encode())
