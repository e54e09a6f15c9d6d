"""The caches, on a real file and a real Redis, and the keys of what they hold."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import RedisServer, redis_server, small_disk  # noqa: F401  (fixtures)

from llm_gateway.state.cache import MemoryCache, RedisCache
from llm_gateway.state.cache_key import key, partition, question
from llm_gateway.state.cache_sqlite import SqliteCache
from llm_gateway.state.redis_link import RedisLink
from llm_gateway.state.urls import StateError


class Clock:
    """Time as the test tells it."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


# In memory


def test_memory_forgets_what_expired_what_is_too_large_and_what_was_used_longest_ago() -> None:
    clock = Clock()
    cache = MemoryCache(max_bytes=1000, clock=clock)

    async def scenario() -> None:
        await cache.set("huge", b"x" * 1001, 60)
        await cache.set("past", b"x", 0)
        assert [await cache.get(name) for name in ("unknown", "huge", "past")] == [None] * 3
        await cache.set("a", b"x" * 100, 60)
        await cache.set("b", b"x" * 100, 61)
        await cache.set("c", b"x" * 100, 62)
        assert await cache.get("a") is not None
        await cache.set("d", b"x" * 100, 63)
        assert [await cache.get(name) is not None for name in "abcd"] == [True, False, True, True]
        clock.now += 60
        assert [await cache.get(name) is not None for name in "acd"] == [False, True, True]
        await cache.delete("c")
        await cache.delete("c")
        await cache.delete("d")
        assert cache.size == 0

    asyncio.run(scenario())


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 400), st.integers(-1, 30))))
def test_memory_never_exceeds_its_bytes_and_never_answers_wrongly(steps: list[tuple[str, int, int]]) -> None:
    clock = Clock()
    cache = MemoryCache(max_bytes=1000, clock=clock)
    stored: dict[str, tuple[float, bytes]] = {}
    for number, (name, size, ttl) in enumerate(steps):
        value = bytes([number % 256]) * size
        cache.put(name, value, ttl)
        stored[name] = (clock.now + ttl, value)
        assert 0 <= cache.size <= 1000
        for other, (expires, expected) in stored.items():
            found = cache.peek(other)
            assert found is None or (found == expected and expires > clock.now)
        clock.now += 1


# In a file


def test_file_that_is_no_database_or_of_another_format_is_refused(tmp_path: Path) -> None:
    text, newer = tmp_path / "text.db", tmp_path / "newer.db"
    text.write_text("this is not a database, it only looks like a file\n" * 30)
    with sqlite3.connect(newer) as database:
        database.execute("PRAGMA user_version=7")
    database.close()
    for path in (text, newer, tmp_path / "absent" / "cache.db"):
        with pytest.raises(StateError, match=r"cache\.db|text\.db|newer\.db") as caught:
            SqliteCache(path)
        assert "\n" not in str(caught.value)


def test_file_survives_a_restart_and_keeps_the_end_of_life(tmp_path: Path) -> None:
    clock = Clock()

    async def fill() -> None:
        cache = SqliteCache(tmp_path / "cache.db", clock=clock)
        await cache.set("a", b"first", 60)
        await cache.set("a", b"second", 60)
        await cache.set("short", b"x", 5)
        await cache.set("gone", b"x", 60)
        await cache.delete("gone")
        await cache.aclose()

    async def read() -> list[bytes | None]:
        cache = SqliteCache(tmp_path / "cache.db", clock=clock)
        found = [await cache.get(name) for name in ("a", "short", "gone")]
        clock.now += 55
        found.append(await cache.get("a"))
        await cache.aclose()
        return found

    asyncio.run(fill())
    clock.now += 5
    assert asyncio.run(read()) == [b"second", None, None, None]


def test_file_answers_what_memory_has_no_room_for_and_drops_the_oldest(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        cache = SqliteCache(tmp_path / "cache.db", max_bytes=5000, memory=MemoryCache(0))
        for number in range(50):
            await cache.set(str(number), bytes(1000), 60)
        kept = [str(number) for number in range(50) if await cache.get(str(number)) == bytes(1000)]
        assert cache.degraded is None
        await cache.aclose()
        return kept

    kept = asyncio.run(scenario())
    assert 1 <= len(kept) <= 5
    assert kept == [str(number) for number in range(50 - len(kept), 50)]


def test_full_disk_costs_the_file_not_the_answer(small_disk: Path) -> None:  # noqa: F811
    async def scenario() -> None:
        cache = SqliteCache(small_disk / "cache.db", memory=MemoryCache(700_000))
        await cache.set("old", b"outdated", 600)
        assert await cache.get("what waits until it is written") is None
        (small_disk / "ballast").write_bytes(bytes(1_700_000))
        await cache.set("old", b"x" * 600_000, 600)
        assert await cache.get("old") == b"x" * 600_000
        await cache.set("pushes it out of memory", b"y" * 650_000, 600)
        assert await cache.get("old") is None  # and not the outdated one
        assert cache.degraded is not None and "full" in cache.degraded
        (small_disk / "ballast").unlink()
        await cache.set("new", b"z", 600)
        assert await cache.get("unknown") is None
        assert cache.degraded is None
        await cache.aclose()
        again = SqliteCache(small_disk / "cache.db")
        assert [await again.get(name) for name in ("old", "new")] == [None, b"z"]
        await again.aclose()

    asyncio.run(scenario())


# In Redis


def test_redis_shares_expires_deletes_and_outlives_its_server(redis_server: RedisServer) -> None:  # noqa: F811
    clock = Clock()

    async def scenario() -> None:
        link, other_link = RedisLink(redis_server.url, clock=clock), RedisLink(redis_server.url, clock=clock)
        cache, other = RedisCache(link), RedisCache(other_link)
        await cache.set("a", b"\x00\xff", 60)
        await cache.set("b", b"x", 60)
        await cache.set("b", b"x", 0)
        assert [await other.get(name) for name in ("a", "b", "c")] == [b"\x00\xff", None, None]
        await other.delete("a")
        assert await cache.get("a") is None
        await cache.set("outdated", b"old", 60)

        await asyncio.to_thread(redis_server.kill)
        assert await cache.get("a") is None
        assert cache.degraded is not None and "Redis is gone" in cache.degraded
        await cache.set("a", b"kept here", 60)
        assert [await cache.get("a"), await other.get("a")] == [b"kept here", None]

        await asyncio.to_thread(redis_server.start)
        assert await cache.get("a") == b"kept here"  # it is too early to look again
        clock.now += 2
        assert await cache.get("a") is None
        assert cache.degraded is None
        await cache.set("a", b"shared", 60)
        clock.now += 2
        assert await other.get("a") == b"shared"
        await link.aclose()
        await other_link.aclose()

    asyncio.run(scenario())


def test_redis_never_brings_back_what_was_replaced_while_it_was_out_of_reach(
    redis_server: RedisServer,  # noqa: F811
) -> None:
    clock = Clock()

    async def scenario() -> None:
        link = RedisLink(redis_server.url, clock=clock)
        cache = RedisCache(link)
        await cache.set("replaced", b"old", 60)
        await cache.set("deleted", b"old", 60)
        with redis_server.frozen():
            await cache.set("replaced", b"new", 60)
            await cache.delete("deleted")
            assert await cache.get("replaced") == b"new"
            assert cache.degraded is not None
        clock.now += 2
        assert [await cache.get(name) for name in ("replaced", "deleted")] == [None, None]
        await link.aclose()

    asyncio.run(scenario())


# Keys

BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 1}


def test_key_differs_in_everything_an_answer_depends_on() -> None:
    keys = [
        key("chat/completions", BODY, None, None, "p"),
        key("completions", BODY, None, None, "p"),
        key("chat/completions", {**BODY, "stream": True}, None, None, "p"),
        key("chat/completions", {**BODY, "temperature": 1.5}, None, None, "p"),
        key("chat/completions", BODY, '{"user": "a"}', None, "p"),
        key("chat/completions", BODY, '{"user": "b"}', None, "p"),
        key("chat/completions", BODY, "a", None, "p"),
        key("chat/completions", BODY, None, "a", "p"),
        key("chat/completions", BODY, None, "", "p"),
        key("chat/completions", BODY, None, None, "another project"),
    ]
    assert len(set(keys)) == len(keys)


def test_namespace_takes_the_place_of_metadata_but_not_of_the_project() -> None:
    assert key("e", BODY, '{"user": "a"}', "n", "p") == key("e", BODY, '{"user": "b"}', "n", "p")
    assert key("e", BODY, None, "n", "p") != key("e", BODY, None, "n", "q")


def test_key_does_not_see_the_order_of_names() -> None:
    turned = dict(reversed(BODY.items())) | {"messages": [{"content": "hi", "role": "user"}]}
    assert key("e", BODY, '{"a": 1, "b": 2}', None, "p") == key("e", turned, '{"b":2,"a":1}', None, "p")


@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters()),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        ),
    )
)
def test_key_is_made_of_any_body(body: dict[str, object]) -> None:
    assert len(key("e", body, None, None, "p")) == 64
    assert key("e", body, None, None, "p") == key("e", dict(reversed(body.items())), None, None, "p")


def test_key_takes_lone_surrogates_and_huge_integers() -> None:
    assert len({key("e", {"a": value}, None, None, "p") for value in ("\ud800", "\ud801", 2**70, 2**70 + 1)}) == 4


# What is compared by meaning


@pytest.mark.parametrize(
    "messages",
    [
        None,
        [],
        "text",
        [{"role": "system", "content": "only a system prompt"}],
        [{"role": "assistant", "content": "no user"}],
        [{"role": "user", "content": "  "}],
        [{"role": "user"}],
        [{"content": "no role"}],
        [{"role": "user", "content": "x" * 40_000}],
        [{"role": "user", "content": "five"}] * 5,
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}],
    ],
)
def test_these_are_not_questions(messages: object) -> None:
    assert question({"model": "m", "messages": messages}) is None


def test_question_is_what_users_say_and_a_first_message_counts() -> None:
    assert question(BODY) == "hi"
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
        {"role": "assistant", "content": "yes?"},
        {"role": "user", "content": "three"},
    ]
    assert question({"messages": messages}) == "one\ntwo\nthree"


def test_partition_sees_all_but_the_question_and_the_system_prompt() -> None:
    def of(body: dict[str, object], metadata: str | None = None, scope: str = "p") -> str:
        return partition("chat/completions", {**BODY, **body}, metadata, None, scope)

    def user(text: str, *parts: object) -> dict[str, object]:
        return {"role": "user", "content": [{"type": "text", "text": text}, *parts]}

    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    tool = {"role": "tool", "tool_call_id": "1", "content": "42"}
    asked = of({})
    same = [
        of({"messages": [{"role": "user", "content": "another"}]}),
        of({"messages": [user("in parts")]}),
        of({"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "another"}]}),
    ]
    others = [
        of({"model": "n"}),
        of({"temperature": 0}),
        of({}, '{"user": "a"}'),
        of({}, scope="q"),
        of({"messages": [user("hi", image)]}),
        of({"messages": [user("hi"), tool]}),
        of({"messages": [user("hi"), {**tool, "content": "43"}]}),
        of({"messages": [user("hi"), user("hi")]}),
    ]
    assert set(same) == {asked}
    assert len({asked, *others}) == len(others) + 1
