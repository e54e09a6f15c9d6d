"""Stores by URL: what is wrong with one is said in a line that holds no password."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from postgres import Postgres, postgres, server  # noqa: F401  (fixtures)
from servers import RedisServer, free_port, redis_server  # noqa: F401  (fixture)

from llm_gateway.core.types import Limit, Usage
from llm_gateway.state.tables import State, open_state
from llm_gateway.state.urls import StateError, masked, sqlite_path, without_passwords


def refusal(**urls: str) -> str:
    with pytest.raises(StateError) as caught:
        asyncio.run(open_state(**urls))
    message = str(caught.value)
    assert "\n" not in message
    assert "s3cr" not in message
    return message


@pytest.mark.parametrize("store", ["cache", "limits", "usage"])
@pytest.mark.parametrize("url", ["", "memory", "redis", "mysql://u:s3cret@h/d", "/tmp/file.db", "http://u:s3cret@h"])
def test_url_of_no_store_is_refused_with_those_there_are(store: str, url: str) -> None:
    message = refusal(**{f"{store}_url": url})
    assert f"the {store} cannot be kept there; write one of memory:" in message


def test_stores_that_cannot_keep_this_are_refused() -> None:
    assert "the limits cannot be kept there" in refusal(limits_url="sqlite:///limits.db")
    assert "the usage cannot be kept there" in refusal(usage_url="redis://:s3cret@127.0.0.1")
    assert "the cache cannot be kept there" in refusal(cache_url="postgresql://u:s3cret@h/d")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://host/file.db", "sqlite:///a.db?mode=ro"])
def test_sqlite_url_without_a_file_is_refused(url: str) -> None:
    assert "sqlite:///file.db" in refusal(usage_url=url)


def test_sqlite_paths() -> None:
    assert sqlite_path("sqlite:///a/b%20c.db") == "a/b c.db"
    assert sqlite_path("sqlite:////a/b.db") == "/a/b.db"


def test_servers_that_do_not_answer_are_said_at_the_start() -> None:
    port = free_port()
    assert "no answer from Redis" in refusal(cache_url=f"redis://u:s3cret@127.0.0.1:{port}/0")
    assert "no answer from Redis" in refusal(limits_url=f"redis://u:s3cret@127.0.0.1:{port}/0")
    assert "start the server or mend" in refusal(usage_url=f"postgresql://u:s3cret@127.0.0.1:{port}/d")


@pytest.mark.parametrize(
    "url",
    [
        "redis://u:s3cret@127.0.0.1:port/0",
        "redis://u:s3cret@127.0.0.1:6379/0?socket_timeout=soon",
        "postgresql://u:s3cret@h:port/d",
        "postgresql://u:s3cret@h/d?nonsense=1",
        "postgresql://u@h/d?password=s3cret&nonsense=1",
        "postgresql://u:s3cr%zzet@h/d",
    ],
)
def test_url_that_makes_no_sense_is_refused(url: str) -> None:
    refusal(**({"usage_url": url} if url.startswith("postgresql") else {"cache_url": url}))


def test_wrong_password_is_refused(redis_server: RedisServer) -> None:  # noqa: F811
    assert "no answer from Redis" in refusal(cache_url=redis_server.url.replace("//", "//u:s3cret@"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("memory:", "memory:"),
        ("redis://h:1/0", "redis://h:1/0"),
        ("redis://:s3@cret@h:1/0", "redis://:***@h:1/0"),
        ("postgresql://u:p%40ss@h/d?sslmode=require", "postgresql://u:***@h/d?sslmode=require"),
        ("postgresql://postgres:postgres@h/d", "postgresql://postgres:***@h/d"),
        ("redis://:se?cr/et@h:1/0", "redis://:***@h:1/0"),
        ("redis:u:s3cret@h", "redis:***@h"),
        ("redis://u:a://b@h", "redis://u:***@h"),
        ("postgresql:///d?user=u&password=s3cret&x=1", "postgresql:///d?user=u&password=***&x=1"),
    ],
)
def test_passwords_are_masked(url: str, expected: str) -> None:
    assert masked(url) == expected


def test_passwords_are_masked_as_they_are_meant_too() -> None:
    assert without_passwords('user "u" with p@ss or p%40ss\nfailed', "redis://u:p%40ss@h") == (
        'user "u" with *** or *** failed'
    )


@pytest.mark.parametrize(("url", "package"), [("redis://127.0.0.1", "redis"), ("postgresql://h/d", "psycopg")])
def test_missing_package_is_named(url: str, package: str) -> None:
    program = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "import asyncio\n"
        "from llm_gateway.state.tables import open_state\n"
        "from llm_gateway.state.urls import StateError\n"
        f"try: asyncio.run(open_state(**{{{'limits_url' if package == 'redis' else 'usage_url'!r}: {url!r}}}))\n"
        "except StateError as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"{url}: the package {package} is missing; pip install")


def test_memory_needs_no_optional_package() -> None:
    program = (
        "import sys, asyncio\n"
        "from llm_gateway.state.tables import open_state\n"
        "asyncio.run(open_state())\n"
        "print(sorted({'redis', 'psycopg', 'numpy', 'migrator'} & set(sys.modules)))\n"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"


async def use(state: State) -> None:
    await state.cache.set("k", b"v", 60)
    assert await state.cache.get("k") == b"v"
    assert (await state.limiter.take("n", Limit("requests", 1, 60))).allowed
    state.usage.add(Usage(1.0, "r", "t", "k", "p", "e", "o", "m", 200))
    assert await asyncio.to_thread(state.usage.flush)
    assert state.usage.costs()[0].requests == 1
    assert state.degraded() == []
    assert await state.aclose()


def test_everything_in_memory() -> None:
    async def scenario() -> None:
        await use(await open_state())

    asyncio.run(scenario())


def test_everything_in_files(tmp_path: Path) -> None:
    async def scenario() -> None:
        await use(await open_state(f"sqlite:///{tmp_path}/cache.db", usage_url=f"sqlite:///{tmp_path}/usage.db"))

    asyncio.run(scenario())
    assert {"cache.db", "usage.db"} <= {path.name for path in tmp_path.iterdir()}


def test_everything_on_servers_and_one_link_for_one_redis(
    redis_server: RedisServer,  # noqa: F811
    postgres: Postgres,  # noqa: F811
) -> None:
    async def scenario() -> None:
        state = await open_state(redis_server.url, redis_server.url, postgres.url)
        assert len(state.links) == 1
        await use(state)
        state = await open_state(redis_server.url, redis_server.url, postgres.url)
        await asyncio.to_thread(redis_server.kill)
        await state.cache.get("k")
        assert len(state.degraded()) == 1 and "Redis is gone" in state.degraded()[0]
        await state.aclose()

    asyncio.run(scenario())
