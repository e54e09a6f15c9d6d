"""What Linux counts for a process and all below it: CPU time and memory."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def tree(pid: int) -> list[int]:
    """The process and its descendants."""
    children: dict[int, list[int]] = {}
    for status in _PROC.glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            continue
        children.setdefault(parent, []).append(int(status.parent.name))
    found = [pid]
    for process in found:
        found += children.get(process, [])
    return found


def cpu(pid: int) -> float:
    """Seconds of CPU time that the living threads of the tree have used, to the nanosecond."""
    tasks = (task for process in tree(pid) for task in (_PROC / str(process) / "task").iterdir())
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def rss(pid: int) -> float:
    """MiB of memory that the tree holds."""
    pages = sum(int((_PROC / str(process) / "statm").read_text().split()[1]) for process in tree(pid))
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
