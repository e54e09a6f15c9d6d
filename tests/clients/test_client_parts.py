"""The parts of client modules: what they are put together from."""

from __future__ import annotations

import pytest

from migrator.clients import parts
from migrator.clients.table import TARGETS, load


@pytest.mark.parametrize("target", TARGETS)
def test_every_part_has_its_text_and_needs_what_there_is(target: str) -> None:
    there = [part.name for part in parts.of(target)]
    assert len({*there, *load(target).functions}) == len(there) + len(load(target).functions)
    for part in parts.of(target):
        assert (parts.TEMPLATES / f"{part.name}.txt").is_file()
        assert {*part.needs} <= {*there, *load(target).functions}
        assert {*part.targets} <= {*TARGETS}


@pytest.mark.parametrize("target", TARGETS)
def test_no_name_is_provided_twice(target: str) -> None:
    provided = [name for part in parts.of(target) for name in part.provides]
    assert len({*provided, *load(target).functions}) == len(provided) + len(load(target).functions)


def test_a_name_needs_its_part_and_what_that_needs() -> None:
    wanted = parts.needed("portkey", ["completion"], {"completion": ["client"]})
    assert wanted == {"completion", "client", "connection"}
    assert parts.needed("portkey", ["model_id"], {}) == {"model_id", "words"}


def test_imports_come_first_once_and_only_where_they_are_used() -> None:
    texts = [
        "import re\nfrom a.b import One, two, UNUSED\n\nx = re.compile(two)\n",
        "import os.path\nimport json\n"
        "from a.b import THREE, One\nfrom abc import ABC\n\n\nclass B(One, ABC):\n    y = THREE\n",
    ]
    assert parts.joined(texts, 88) == (
        "import re\nfrom abc import ABC\n\nfrom a.b import THREE, One, two\n\n"
        "x = re.compile(two)\n\n\nclass B(One, ABC):\n    y = THREE"
    )
    assert parts.joined(["from a import b, c\n\n\ndef d(): b, c"], 12).startswith(
        "from a import (\n    b,\n    c,\n)\n\n\ndef"
    )
