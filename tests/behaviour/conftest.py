"""What the behaviour tests share: the gateway with a record of what reaches it, and the processes of the SDKs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from recording import Recorder
from serving import served
from stage import Stage

from llm_gateway.core.settings import parse
from llm_gateway.server.app import App
from llm_gateway.server.live import Live


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    live = Live(parse({"mock": True}, "test"))
    recorder = Recorder(App(live))
    with served(recorder, live) as url:
        made = Stage(url, recorder)
        yield made
        made.close()
