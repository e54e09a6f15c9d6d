"""The programs of `fixtures/portkey`, moved to the OpenAI SDK at an LLM gateway."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import comparing
import pytest
from migrating import migrate
from programs import Program
from recording import Request
from stage import Stage

PROGRAMS = sorted(Path(__file__).parents[2].glob("fixtures/portkey/programs/*.py"))


@pytest.mark.parametrize("source", PROGRAMS, ids=lambda source: source.stem)
def test_it_behaves_the_same(source: Path, stage: Stage, tmp_path: Path) -> None:
    program = Program(source)
    expected = program.expected("llm-gateway")
    absent = [name for name in expected.needs if find_spec(name.partition(".")[0]) is None]
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)}")
    for side in ("before", "after"):
        (tmp_path / side).mkdir()
    old = program.place(tmp_path / "before" / f"{program.name}-portkey")
    new = program.place(tmp_path / "after" / f"{program.name}-gateway")
    before = stage.with_portkey(old, expected)
    assert before.code == 0, before.stderr
    assert before.stdout, "a program says what it found"
    sites = migrate(new, "llm-gateway", source="portkey")
    told = [site["message"] for site in sites if site["status"] == "review"]
    assert [site["message"] for site in sites if site["status"] == "manual"] == []
    said = [*expected.review, *(each.said for each in expected.differs)]
    assert [part for part in said if part and not any(part in message for message in told)] == [], told
    after = stage.after(new, expected, "llm-gateway", missing=("portkey_ai",))
    assert after.code == 0, after.stderr
    comparing.requests(_without_portkey(stage.requests(old)), stage.requests(new), expected, "llm-gateway")
    comparing.output(before.stdout, after.stdout, expected)
    comparing.keys(stage.requests(new))


def _without_portkey(requests: list[Request]) -> list[Request]:
    """The requests without Portkey's headers, and without what they say of no header at all."""
    return [
        replace(each, headers={n: v for n, v in each.headers.items() if not n.startswith("x-portkey-")})
        for each in requests
    ]
