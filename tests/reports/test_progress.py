"""On a real terminal there is a bar once work takes a while; everywhere else there is nothing."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

WORK = """
import sys, time
from migrator.progress import progress
with progress("reading", 4, {enabled}) as advance:
    for _ in range(4):
        time.sleep({pause})
        advance(1)
print("click" in sys.modules)
"""


def on_a_terminal(pause: float, enabled: bool = True) -> tuple[str, str]:
    """What the work writes to stdout, and to the terminal its stderr is."""
    terminal, end = pty.openpty()
    code = WORK.format(pause=pause, enabled=enabled)
    try:
        out = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=end, text=True, check=True)
        os.write(end, b".")  # so that there is something to read
        return out.stdout, os.read(terminal, 65536).decode().removesuffix(".")
    finally:
        os.close(end)
        os.close(terminal)


def test_long_work_has_a_bar_that_ends_full() -> None:
    out, drawn = on_a_terminal(0.3)
    assert out == "True\n"
    assert "reading" in drawn
    assert "100%" in drawn
    assert drawn.endswith("\n") or "\x1b[?25h" in drawn


@pytest.mark.parametrize(("pause", "enabled"), [(0.0, True), (0.2, False)])
def test_short_work_and_unwanted_bars_draw_nothing(pause: float, enabled: bool) -> None:
    assert on_a_terminal(pause, enabled) == ("False\n", "")


def test_without_a_terminal_there_is_no_bar() -> None:
    code = WORK.format(pause=0.2, enabled=True)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
