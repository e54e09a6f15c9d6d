"""Work that is shared out: nothing of it is lost."""

from __future__ import annotations

import pytest

from migrator.tree.parallel import in_order


def test_what_the_work_raises_is_not_the_end_of_it() -> None:
    def work(item: str) -> str:
        return next(c for c in item if c.isdigit())

    assert list(in_order(work, ["a1", "2"], 1)) == ["1", "2"]
    with pytest.raises(RuntimeError, match="StopIteration"):
        list(in_order(work, ["a1", "b", "2"], 1))
