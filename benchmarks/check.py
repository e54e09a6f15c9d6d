"""Times finding nothing in a clean git tree: git grep against our own discovery, filter and `migrate check`."""

from __future__ import annotations

import argparse
import os
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
NEEDLES = ("portkey", "litellm")
SUFFIXES = (".py", ".py", ".py", ".md", ".yaml", ".toml", ".json", ".txt")
WORDS = (
    "account",
    "batch",
    "client",
    "config",
    "event",
    "handler",
    "index",
    "limit",
    "message",
    "model",
    "order",
    "parser",
    "queue",
    "record",
    "report",
)
FILTER = """
import sys
from migrator.tree.project import files, matching, open_project
project = open_project(".")
found, unread = matching(project.root, files(project), [n.encode() for n in sys.argv[1:]])
sys.exit(bool(found or unread))
"""


def build(root: Path, count: int, lines: int) -> None:
    """A committed git tree of `count` files of `lines` lines, twenty to a folder, none holding a needle."""
    dice = random.Random(0)
    stock = [
        f"    {dice.choice(WORDS)}_{n} = {dice.choice(WORDS)}({dice.choice(WORDS)}, {n})  # {dice.choice(WORDS)}\n"
        for n in range(2000)
    ]
    for number in range(count):
        folder = root / f"area_{number // 400}" / f"part_{number // 20}"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{dice.choice(WORDS)}_{number}{SUFFIXES[number % len(SUFFIXES)]}"
        (folder / name).write_text("".join(dice.choices(stock, k=lines)), encoding="utf-8")
    git = ["git", "-C", str(root), "-c", "user.name=bench", "-c", "user.email=bench@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "bench"]):
        subprocess.run([*git, *command], check=True)


def contenders(migrate: list[str] | None) -> dict[str, tuple[list[str], set[int]]]:
    """Each command by its name, with the exit codes that mean it found nothing."""
    patterns = [part for needle in NEEDLES for part in ("-e", needle)]
    commands = {
        "git grep -l": (["git", "grep", "-l", *patterns], {1}),
        "python start": ([sys.executable, "-c", "pass"], {0}),
        "click start": ([sys.executable, "-c", "import click"], {0}),
        "git ls-files": (["git", "ls-files"], {0}),
        "discovery and filter": ([sys.executable, "-c", FILTER, *NEEDLES], {0}),
    }
    if migrate:
        commands["migrate check"] = ([*migrate, "check"], {0})
    return commands


def seconds(command: list[str], expected: set[int], root: Path) -> float:
    """Wall time of one run at `root`; raises RuntimeError when the command does not end as a clean tree should."""
    environment = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONPYCACHEPREFIX": f"{root}-pycache"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed command is compiled once, not in every run
    start = time.perf_counter()
    ended = subprocess.run(command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    elapsed = time.perf_counter() - start
    if ended.returncode not in expected:
        raise RuntimeError(f"{shlex.join(command)} ended with {ended.returncode}: {ended.stderr.decode()}")
    return elapsed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000, help="files in the tree (default 5000)")
    parser.add_argument("--lines", type=int, default=200, help="lines in each file (default 200)")
    parser.add_argument("--runs", type=int, default=9, help="runs of each command, alternating (default 9)")
    parser.add_argument("--migrate", type=shlex.split, metavar="CMD", help="the migrate command, if not on PATH")
    options = parser.parse_args()
    migrate = options.migrate or ([found] if (found := shutil.which("migrate")) else None)
    with tempfile.TemporaryDirectory(prefix="migrate-bench-") as folder:
        root = Path(folder) / "tree"
        build(root, options.files, options.lines)
        commands = contenders(migrate)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(options.runs + 1):
            for name, (command, expected) in commands.items():
                elapsed = seconds(command, expected, root)
                if turn:  # the first turn only warms the caches
                    times[name].append(elapsed)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    base = medians["git grep -l"] + medians["python start"]
    print(f"{options.files:,} files of {options.lines} lines, medians of {options.runs} runs")
    for name, median in medians.items():
        print(f"{name:<22}{median * 1000:>8.1f} ms{median / base:>8.2f} x (git grep + python start)")


if __name__ == "__main__":
    main()
