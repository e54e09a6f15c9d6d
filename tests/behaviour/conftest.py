"""What the behaviour tests share: the gateway with a record of what reaches it, and the processes of the SDKs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from recording import Recorder
from serving import served
from stage import Stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    recorder = Recorder()
    with served(recorder) as url:
        made = Stage(url, recorder)
        yield made
        made.close()
