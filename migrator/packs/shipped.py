"""What the shipped packs look for, written down so that a clean tree is told without reading a pack.

A test compares it with the packs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NEEDLES = (b"LITELLM_", b"LiteLLM", b"PORTKEY_", b"USE_PORTKEY", b"litellm", b"ortkey")
FOLDERS = ("agentcore/integration/portkey", "tests/integration/portkey")


def holds_folder(files: Sequence[str], folders: Iterable[str]) -> bool:
    """Whether one of the folders, such as a/b, is in the tree, on top or anywhere below."""
    paths = "\0/".join(["", *files])
    return any(f"/{folder}/" in paths for folder in folders)


def nothing_found(files_seen: int) -> str:
    """The last line of a check that fails on nothing."""
    files = "1 file" if files_seen == 1 else f"{files_seen} files"
    return f"no reference to the old layer fails the check ({files} seen)\n"
