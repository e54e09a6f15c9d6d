"""Packages that go into a bundle of a program: `--collect-all litellm`, `collect_data_files("litellm")`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.fates.names import Names
from migrator.sites import Finding, Status

_OPTIONS = r"--(?:collect-[a-z]+|(?:recursive-)?copy-metadata|hidden-?import|include-(?:package|module)(?:-data)?)"
_FUNCTIONS = r"\b(?:collect_(?:all|data_files|submodules|dynamic_libs)|(?:recursive_)?copy_metadata)"
_TOLD = rf"(?:{_OPTIONS}(?:=|[ \t]+|['\"],\s*)|{_FUNCTIONS}\(\s*)['\"]?"


def find(text: str, names: Names, kept: frozenset[str]) -> Iterator[Finding]:
    """Where a distribution that goes is first put into a bundle; `kept` are the rules of those that do not go."""
    for rule in names.rules.dependencies:
        if rule.stays or rule.id in kept:
            continue
        module = re.sub(r"[-_.]+", "[-_.]", rule.old)
        match = re.search(rf"{_TOLD}({module})(?![\w-])", text)
        if match:
            said = f"{match[1]} is packed into a bundle: take it out, or name what takes its place"
            yield Finding(match.start(1), rule.id, Status.MANUAL, said)
