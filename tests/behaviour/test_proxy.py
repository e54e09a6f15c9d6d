"""The programs of `fixtures/litellm`, which keep LiteLLM and have it call a gateway."""

from __future__ import annotations

from pathlib import Path

import pytest
from migrating import check
from programs import Program, programs
from stage import Stage

from migrator.clients.table import TARGETS


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("program", programs(), ids=lambda program: program.name)
def test_it_behaves_the_same(program: Program, target: str, stage: Stage, tmp_path: Path) -> None:
    check(program, target, stage, tmp_path, "proxy")
