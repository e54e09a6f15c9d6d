"""Imports modules once, then runs every program it is told of in a fork of itself.

`python forkserver.py IMPORTED… -- MISSING…`: what to import, then what must not be importable. Each line of standard
input is a program as `running.Preloaded` writes it; each line of standard output its exit code, negative for a signal.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any


def main() -> None:
    """Serves until standard input ends; in a fork, runs the program and returns with it."""
    split = sys.argv.index("--")
    for name in sys.argv[split + 1 :]:
        sys.modules[name] = None  # type: ignore[assignment]
    for name in sys.argv[1:split]:
        import_module(name)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    while line := sys.stdin.readline():
        pid = os.fork()
        if not pid:
            return start(json.loads(line))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def start(program: dict[str, Any]) -> None:
    """Becomes the program: its folder, environment, output, arguments and time limit."""
    signal.alarm(program["seconds"])
    for descriptor, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, program["stdout"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, program["stderr"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.clear()
    os.environ.update(program["environment"])
    os.chdir(program["folder"])
    sys.path[0] = program["folder"]
    name, *rest = program["command"]
    if name == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [name, *rest]
        as_script(Path(name))


def as_script(path: Path) -> None:
    """Runs a file as `python FILE` does."""
    module = ModuleType("__main__")
    module.__file__ = str(path)
    sys.modules["__main__"] = module
    exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)


if __name__ == "__main__":
    main()
