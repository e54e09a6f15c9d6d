"""The programs of `fixtures/litellm`, moved to Portkey's SDK."""

from __future__ import annotations

from pathlib import Path

import pytest
from migrating import check
from programs import Program, programs
from stage import Stage


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.name)
def test_it_behaves_the_same(program: Program, stage: Stage, tmp_path: Path) -> None:
    check(program, "portkey", stage, tmp_path)
