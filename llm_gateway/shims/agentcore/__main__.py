"""Runs a program with `agentcore.llm_gateway` at hand: `python -m llm_gateway.shims.agentcore (-m MODULE | FILE) …`."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path


def main(arguments: list[str]) -> None:
    """Runs what the arguments name, as Python itself would."""
    if arguments[:1] == ["-m"] and len(arguments) > 1:
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif arguments and not arguments[0].startswith("-"):
        sys.argv = arguments
        sys.path[0] = str(Path(arguments[0]).resolve().parent)
        runpy.run_path(arguments[0], run_name="__main__")
    else:
        sys.exit("usage: python -m llm_gateway.shims.agentcore (-m MODULE | FILE) [ARGUMENT …]")


main(sys.argv[1:])
