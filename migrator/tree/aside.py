"""What stands in a tree beside its application, told by paths alone."""

from __future__ import annotations

import re

# Names of folders whose modules no package of the application is made of.
FOLDERS_ASIDE = frozenset(
    {
        "test", "tests", "testing", "example", "examples", "demo", "demos", "sample", "samples", "notebook",
        "notebooks", "benchmark", "benchmarks", "docs", "script", "scripts", "bin",
    }
)  # fmt: skip
_TEST = re.compile(
    r"(?:^|/)(?:(?:tests?|testing|__tests__|spec)/|test_|conftest\.|tests\.py$)"
    r"|_test\.pyw?$|\.(?:test|spec)\.[cm]?[jt]sx?$"
)
_COLLECTED = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|tests)\.py$")


def is_test(path: str) -> bool:
    """Whether a file is one of tests: by its name, or by a folder that it is in."""
    return bool(_TEST.search(path))


def is_collected(path: str) -> bool:
    """Whether a test runner takes a module for tests by its name, so that nobody imports it."""
    return bool(_COLLECTED.search(path))
