"""The client that one file has to itself, at work: imported without a key, shared, replaced."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import openai
import pytest
from importing import import_file
from wire import Wire

from migrator.packs import load as packs
from migrator.plan import Options, build
from migrator.tree.project import open_project

PROGRAM = """\
import asyncio
from litellm import embedding


def embed(text, **more):
    return embedding(model="openai/small", input=text, num_retries=0).data[0]["embedding"]


def twice(text):
    async def ask():
        return await asyncio.to_thread(embed, text)

    return asyncio.run(ask()), asyncio.run(ask())
"""


@pytest.fixture
def embed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program after it was migrated, imported anew where nothing reaches the network or has a key."""
    path = tmp_path / "embed.py"
    path.write_text(PROGRAM, encoding="utf-8")
    plan = build(open_project(tmp_path), [packs.load(packs.available()["litellm-to-llm-gateway"])], Options())
    ((after,),) = [[change.after for change in plan.changes if change.new_path == "embed.py"]]
    assert after and [change.new_path for change in plan.changes] == ["embed.py"]
    path.write_bytes(after)
    with monkeypatch.context() as patch:
        patch.delenv("LLM_GATEWAY_API_KEY")
        patch.setattr(socket.socket, "connect", _refused)
        return import_file(path)


def _refused(*_: object) -> None:
    raise AssertionError("the network is reached")


def test_a_missing_key_is_an_error_of_the_sdk(embed: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    for value in ("", None):
        monkeypatch.delenv("LLM_GATEWAY_API_KEY", raising=False)
        if value is not None:
            monkeypatch.setenv("LLM_GATEWAY_API_KEY", value)
        with pytest.raises(openai.OpenAIError, match="LLM_GATEWAY_API_KEY is not set"):
            embed.embed("hi")
    monkeypatch.setenv("LLM_GATEWAY_API_KEY", "key")
    assert embed.embed("hi") == [0.5, 0.25]


def test_threads_and_event_loops_share_it(embed: ModuleType, wire: Wire) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(embed.embed, "abcdefgh")) == [[0.5, 0.25]] * 8
    assert embed.twice("i") == ([0.5, 0.25], [0.5, 0.25])
    assert sorted(request.body["input"] for request in wire.take()) == list("abcdefghii")
    assert embed.client().api_key == "gateway-key"


def test_it_can_be_replaced(embed: ModuleType, monkeypatch: pytest.MonkeyPatch, wire: Wire) -> None:
    asked: list[dict[str, Any]] = []

    class Fake:
        def __init__(self, **options: Any) -> None:
            self.embeddings = self

        def create(self, **request: Any) -> Any:
            asked.append(request)
            return openai.types.CreateEmbeddingResponse.construct(
                data=[openai.types.Embedding.construct(embedding=[1.0])]
            )

    monkeypatch.setattr(embed, "client", Fake)
    assert embed.embed("hi") == [1.0]
    assert asked == [{"model": "openai/small", "input": "hi"}]
    assert not wire.take()
