"""Programs run in forks of a process that has imported an SDK already, which takes seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

SECONDS = 20  # that a program may take
_SERVER = Path(__file__).with_name("forkserver.py")
# Read while it is imported, or from every process.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True)
class Ended:
    """What a program printed, and its exit code; that of a program that took too long is negative."""

    code: int
    stdout: str
    stderr: str


class Preloaded:
    """A process with these modules imported, and without the `missing` ones; it runs one program at a time."""

    def __init__(self, imported: Sequence[str], missing: Sequence[str] = ()) -> None:
        self._lock = Lock()
        self._process = subprocess.Popen(
            [sys.executable, str(_SERVER), *imported, "--", *missing],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_ENVIRONMENT,
            text=True,
        )

    def run(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], output: Path) -> Ended:
        """Runs `FILE …` or `-m MODULE …` in `folder`; what it prints goes through files in `output`."""
        stdout, stderr = output / "stdout", output / "stderr"
        program = {
            "command": list(command),
            "folder": str(folder),
            "environment": {**_ENVIRONMENT, "HOME": str(output), "LANG": "C.UTF-8", **environment},
            "stdout": str(stdout),
            "stderr": str(stderr),
            "seconds": SECONDS,
        }
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(program) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            while answer.strip() == "ready":
                answer = self._process.stdout.readline()
        assert answer, "the process with the SDK has ended"
        return Ended(int(answer), stdout.read_text(encoding="utf-8"), stderr.read_text(encoding="utf-8"))

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate(timeout=SECONDS)
