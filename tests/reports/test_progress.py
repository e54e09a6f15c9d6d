"""On a real terminal there is a bar once work takes a while; everywhere else there is nothing."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

WORK = """
import sys, time
from migrator.commands.progress import progress
with progress("reading", 4, {enabled}) as advance:
    for _ in range(4):
        time.sleep({pause})
        advance(1)
print("click" in sys.modules)
"""


def on_a_terminal(code: str) -> tuple[str, str]:
    """What the code writes to stdout, and to the terminal its stderr is."""
    terminal, end = pty.openpty()
    try:
        out = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=end, text=True, check=True)
        os.write(end, b".")  # so that there is something to read
        return out.stdout, os.read(terminal, 65536).decode().removesuffix(".")
    finally:
        os.close(end)
        os.close(terminal)


def test_long_work_has_a_bar_that_ends_full() -> None:
    out, drawn = on_a_terminal(WORK.format(pause=0.3, enabled=True))
    assert out == "True\n"
    assert "reading" in drawn
    assert "100%" in drawn.splitlines()[-1]


@pytest.mark.parametrize(("pause", "enabled"), [(0.0, True), (0.2, False)])
def test_short_work_and_unwanted_bars_draw_nothing(pause: float, enabled: bool) -> None:
    assert on_a_terminal(WORK.format(pause=pause, enabled=enabled)) == ("False\n", "")


def test_without_a_terminal_there_is_no_bar() -> None:
    code = WORK.format(pause=0.2, enabled=True)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_each_stage_of_long_work_has_its_own_bar() -> None:
    code = """
import time
from migrator.commands.progress import stages
with stages(enabled=True) as show:
    for stage in ("reading", "writing"):
        for done in range(1, 4):
            time.sleep(0.3)
            show(stage, done, 3)
"""
    drawn = on_a_terminal(code)[1]
    assert drawn.index("reading") < drawn.index("100%") < drawn.index("writing") < drawn.rindex("100%")
