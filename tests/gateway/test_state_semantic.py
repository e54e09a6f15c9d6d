"""Answers by meaning, with vectors that the test knows: an angle for each question."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

import pytest

from llm_gateway.core.errors import UpstreamUnreachable
from llm_gateway.state import semantic
from llm_gateway.state.semantic import SemanticCache

ANGLES = {"a": 0.0, "near a": 0.2, "far": 0.5, "opposite": math.pi}  # cos 0.2 = 0.98, cos 0.5 = 0.88


class Embedder:
    """Unit vectors, times a length that must not matter; it fails while `broken`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken: Exception | None = None
        self.numbers = 3

    async def __call__(self, text: str) -> Sequence[float]:
        self.asked.append(text)
        if self.broken is not None:
            raise self.broken
        angle = ANGLES[text] if text in ANGLES else float(text)
        return [7 * math.cos(angle), 7 * math.sin(angle), *[0.0] * (self.numbers - 2)]


@pytest.fixture(params=["numpy", "pure"])
def embed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Embedder:
    if request.param == "pure":
        monkeypatch.setattr(semantic, "numpy", None)
    else:
        pytest.importorskip("numpy")
    return Embedder()


def body(text: str, *before: dict[str, str]) -> dict[str, object]:
    return {"model": "m", "messages": [*before, {"role": "user", "content": text}]}


def test_only_what_is_near_and_in_the_partition_is_found(embed: Embedder) -> None:
    async def scenario() -> None:
        cache = SemanticCache(embed)
        assert await cache.find(body("a"), "p") is None
        assert embed.asked == []  # nothing to compare with, nothing to pay for
        await cache.store(body("a"), "p", b"A", 60)
        await cache.store(body("opposite"), "p", b"O", 60)
        assert await cache.find(body("far"), "p") is None
        assert await cache.find(body("a"), "another") is None
        assert await cache.find(body("near a"), "p") == b"A"
        assert await cache.find(body("near a", {"role": "system", "content": "be brief"}), "p") == b"A"
        assert await cache.find(body("opposite"), "p") == b"O"
        assert await SemanticCache(embed, threshold=0.8).find(body("far"), "p") is None

    asyncio.run(scenario())


def test_threshold_is_a_setting_and_the_nearest_answer_wins(embed: Embedder) -> None:
    async def scenario() -> None:
        cache = SemanticCache(embed, threshold=0.8)
        for text in ("0.5", "0.1", "0.4"):
            await cache.store(body(text), "p", text.encode(), 60)
        assert await cache.find(body("0.2"), "p") == b"0.1"
        assert await cache.find(body("0.43"), "p") == b"0.4"

    asyncio.run(scenario())


def test_no_question_is_neither_looked_for_nor_stored(embed: Embedder) -> None:
    async def scenario() -> None:
        cache = SemanticCache(embed)
        await cache.store({"messages": [{"role": "system", "content": "a"}]}, "p", b"A", 60)
        await cache.store(body("a"), "p", b"A", 0)
        assert await cache.find({"messages": []}, "p") is None
        assert embed.asked == []

    asyncio.run(scenario())


def test_expired_answers_go_and_uncover_others(embed: Embedder) -> None:
    now = 100.0

    async def scenario() -> None:
        nonlocal now
        cache = SemanticCache(embed, clock=lambda: now)
        await cache.store(body("0.0"), "p", b"short", 10)
        await cache.store(body("0.1"), "p", b"long", 20)
        assert await cache.find(body("0.01"), "p") == b"short"
        now += 10
        assert await cache.find(body("0.01"), "p") == b"long"
        now += 10
        assert await cache.find(body("0.01"), "p") is None
        assert cache.size == 0

    asyncio.run(scenario())


def test_same_question_replaces_its_answer_and_asks_the_embedder_once(embed: Embedder) -> None:
    async def scenario() -> None:
        cache = SemanticCache(embed)
        await cache.store(body("a"), "p", b"old", 60)
        await cache.store(body("a"), "p", b"new", 60)
        assert await cache.find(body("a"), "p") == b"new"
        assert cache.size == 3 + 3 * 4
        assert embed.asked == ["a"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "failure",
    [UpstreamUnreachable("connection refused"), TimeoutError(), KeyError("data"), TypeError("null"), OSError("reset")],
)
def test_embedder_that_fails_is_said_and_left_alone_for_a_while(embed: Embedder, failure: Exception) -> None:
    now = 100.0

    async def scenario() -> None:
        nonlocal now
        cache = SemanticCache(embed, clock=lambda: now)
        await cache.store(body("a"), "p", b"A", 600)
        embed.broken = failure
        assert await cache.find(body("near a"), "p") is None
        await cache.store(body("far"), "p", b"F", 600)
        assert cache.degraded is not None and "\n" not in cache.degraded
        assert embed.asked == ["a", "near a"]
        embed.broken = None
        now += 6
        assert await cache.find(body("near a"), "p") == b"A"
        assert cache.degraded is None

    asyncio.run(scenario())


@pytest.mark.parametrize("text", ["nan", "inf"])
def test_vector_that_is_none_is_a_failure(embed: Embedder, text: str) -> None:
    async def scenario() -> None:
        cache = SemanticCache(embed)
        await cache.store(body("a"), "p", b"A", 60)
        assert await cache.find(body(text), "p") is None
        assert cache.degraded is not None

    asyncio.run(scenario())


def test_another_embedding_model_begins_anew(embed: Embedder) -> None:
    async def scenario() -> None:
        cache = SemanticCache(embed)
        await cache.store(body("a"), "p", b"A", 60)
        embed.numbers = 5
        assert await cache.find(body("near a"), "p") is None
        await cache.store(body("far"), "p", b"F", 60)
        assert await cache.find(body("far"), "p") == b"F"
        assert cache.size == 1 + 5 * 4

    asyncio.run(scenario())


def test_bytes_and_vectors_are_bounded(embed: Embedder) -> None:
    async def scenario() -> None:
        cache = SemanticCache(embed, max_bytes=16_000)
        for number in range(300):
            await cache.store(body(str(number / 50)), f"p{number % 3}", bytes(500), 60)
            assert cache.size <= 16_000
        assert await cache.find(body(str(299 / 50)), "p2") == bytes(500)
        await cache.store(body("a"), "huge", bytes(1001), 60)
        assert await cache.find(body("a"), "huge") is None

    asyncio.run(scenario())


def test_pure_python_holds_few_enough_vectors_to_compare() -> None:
    async def scenario(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(semantic, "numpy", None)
        cache = SemanticCache(Embedder(), threshold=0.9999999)
        for number in range(210):
            await cache.store(body(str(number / 100)), "p", b"x", 60 + number)
        assert cache.size == 200 * 13
        assert await cache.find(body("0.0"), "p") is None
        assert await cache.find(body("2.09"), "p") == b"x"

    with pytest.MonkeyPatch.context() as monkeypatch:
        asyncio.run(scenario(monkeypatch))
