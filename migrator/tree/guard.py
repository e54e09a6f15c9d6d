"""How git is asked, so that no repository runs a program of its own through us or points us at another tree."""

from __future__ import annotations

import os

# A repository's own configuration may name programs. These are the ones that listing, searching or telling the state
# of files could start: file monitors, hooks and the transports of a lazy fetch. Clean filters are for who needs files
# compared to disarm.
_OPTIONS = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
# Set inside hooks; they would point us at the repository that runs the hook instead of the one that holds the tree.
INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")


def work_tree(root: str) -> str | None:
    """The work tree that the absolute path `root` lies in; None where there is none."""
    folder, below = root, ""
    while folder != below:
        if os.path.exists(os.path.join(folder, ".git")):
            return folder
        folder, below = os.path.dirname(folder), folder
    return None


def command(top: str, *arguments: str | bytes) -> list[str | bytes]:
    """A git command for the work tree at `top`; a `core.worktree` that points elsewhere has no say."""
    return ["git", *_OPTIONS, f"--work-tree={top}", *arguments]
