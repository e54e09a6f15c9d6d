"""Packages that a test needs in an environment of its own: fetched when it runs, beside the installed ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def installed(folder: Path, *requirements: str) -> Path:
    """The folder that holds the packages, for PYTHONPATH. Where they cannot be had: fails in CI, else skips."""
    pip("install", "--target", str(folder), *requirements)
    return folder


def source(folder: Path, pin: str) -> Path:
    """The source distribution of `name==version`, as an archive in `folder`. Fails or skips as `installed` does."""
    pip("download", "--no-deps", "--no-binary", ":all:", "--dest", str(folder), pin)
    (archive,) = folder.glob("*.tar.gz")
    return archive


def pip(command: str, *arguments: str) -> None:
    """Runs pip; what it cannot do fails the test in CI and skips it elsewhere."""
    call = [sys.executable, "-m", "pip", command, "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(call, capture_output=True, text=True, timeout=300)
    if done.returncode:
        said = f"NOT TESTED: {' '.join(arguments[-2:])} cannot be fetched: {done.stderr.strip()[-500:]}"
        pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)
