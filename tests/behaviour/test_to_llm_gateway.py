"""The programs of `fixtures/litellm`, moved to the OpenAI SDK at an LLM gateway."""

from __future__ import annotations

from pathlib import Path

import pytest
from migrating import check
from programs import Program, programs
from stage import Stage

TARGET = "llm-gateway"


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.name)
def test_it_behaves_the_same(program: Program, stage: Stage, tmp_path: Path) -> None:
    if program.expected(TARGET).fault:
        with pytest.raises(AssertionError):  # one that is mended has to say so
            check(program, TARGET, stage, tmp_path)
    else:
        check(program, TARGET, stage, tmp_path)
