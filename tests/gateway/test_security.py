"""What the gateway refuses, and what it keeps to itself."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest
from portkey_ai import Portkey
from serving import CHAT, Upstream, ask, connected, gateway, raw_upstream, served

from llm_gateway.core.errors import HostRefused
from llm_gateway.core.settings import SettingsError, parse
from llm_gateway.core.types import Outgoing
from llm_gateway.core.upstream import HttpTransport
from llm_gateway.server.live import Live
from llm_gateway.server.run import serve

HASH = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # of "secret"
KEY = "secret"
PROVIDER_KEY = "sk-provider-key-that-nobody-may-see"
OTHER_KEY = "sk-key-of-the-other-provider"
AS_FAKE = {"x-portkey-provider": "fake", "authorization": "Bearer ok"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[tuple[str, Upstream]]:
    played = Upstream()
    with served(played) as url:
        yield url, played


@pytest.fixture(scope="module")
def open_gateway(upstream: tuple[str, Upstream]) -> Iterator[str]:
    with gateway({"providers": {"fake": {"base_url": f"{upstream[0]}/v1"}}}) as (url, _):
        yield url


@pytest.fixture
def keyed(upstream: tuple[str, Upstream], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Settings with a gateway key and two providers, each with a key of its own."""
    url, played = upstream
    played.hits.clear()
    monkeypatch.setenv("FAKE_KEY", PROVIDER_KEY)
    monkeypatch.setenv("OTHER_KEY", OTHER_KEY)
    return {
        "providers": {
            "fake": {"base_url": f"{url}/v1", "key_env": "FAKE_KEY"},
            "other": {"base_url": f"{url}/v1", "key_env": "OTHER_KEY"},
        },
        "keys": {"ci": {"hash": HASH}},
    }


# --- the gateway's keys


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "secret"},
        {"authorization": "Bearer"},
        {"authorization": f"Bearer {HASH}"},
        {"x-portkey-api-key": "wrong", "authorization": "Bearer secret"},
        {"x-api-key": ""},
        {"x-portkey-api-key": "secr\xe9t"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/", "/metrics"])
def test_a_wrong_key_gets_nothing(
    keyed: dict[str, Any], upstream: tuple[str, Upstream], shown: dict[str, str], path: str
) -> None:
    with gateway(keyed) as (url, _):
        method = "POST" if path.endswith("completions") else "GET"
        answer = ask(url, headers={"x-portkey-provider": "fake", **shown}, path=path, method=method)
        assert answer.status == 401
        assert answer.json["error"]["type"] == "authentication_error"
        assert upstream[1].hits == []
        assert ask(url, path="/health", method="GET").status == 200


@pytest.mark.parametrize(
    "shown",
    [
        {"authorization": "Bearer secret"},
        {"authorization": "bearer secret"},
        {"x-portkey-api-key": "secret"},
        {"x-api-key": "secret"},
        {"api-key": "secret"},
    ],
)
def test_the_right_key_is_taken_and_stays_here(
    keyed: dict[str, Any], upstream: tuple[str, Upstream], shown: dict[str, str]
) -> None:
    forward = {"x-portkey-forward-headers": "authorization, x-api-key, x-portkey-api-key, cookie, x-mine"}
    with gateway(keyed) as (url, _):
        assert ask(url, headers={"x-portkey-provider": "fake", "x-mine": "1", **forward, **shown}).status == 200
        sent = upstream[1].hits[-1].headers
        assert sent["authorization"] == f"Bearer {PROVIDER_KEY}"
        assert sent["x-mine"] == "1"
        assert KEY not in sent.values() and f"Bearer {KEY}" not in sent.values()
        assert not [name for name in sent if name.startswith("x-portkey")]


def test_no_key_of_the_gateway_goes_upstream(keyed: dict[str, Any], upstream: tuple[str, Upstream]) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    keyed["keys"]["second"] = {"hash": f"sha256:{other}"}
    with gateway(keyed) as (url, _):
        for headers in (
            {"api-key": KEY, "x-portkey-forward-headers": "api-key"},
            {"x-portkey-api-key": KEY, "authorization": "Bearer other"},
            {
                "x-portkey-api-key": KEY,
                "proxy-authorization": "other",
                "x-portkey-forward-headers": "proxy-authorization",
            },
        ):
            assert ask(url, headers={"x-portkey-provider": "fake", **headers}).status == 200
            sent = upstream[1].hits[-1].headers
            assert sent["authorization"] == f"Bearer {PROVIDER_KEY}"
            assert not {"api-key", "proxy-authorization"} & set(sent)


def test_both_sdks_raise_their_own_class_for_a_wrong_key(keyed: dict[str, Any]) -> None:
    with gateway(keyed) as (url, _):
        with (
            openai.OpenAI(base_url=f"{url}/v1", api_key="wrong") as client,
            pytest.raises(openai.AuthenticationError),
        ):
            client.chat.completions.create(**CHAT)
        portkey = Portkey(base_url=f"{url}/v1", api_key="wrong", provider="fake")
        with pytest.raises(Exception, match="401") as raised:
            portkey.chat.completions.create(**CHAT)
        assert type(raised.value).__name__ == "AuthenticationError"


# --- the providers' keys


def test_the_placeholder_of_portkeys_sdk_is_no_key(keyed: dict[str, Any], upstream: tuple[str, Upstream]) -> None:
    for settings in (keyed, {**keyed, "keys": {}}):
        with gateway(settings) as (url, _):
            Portkey(base_url=f"{url}/v1", api_key=KEY, provider="fake").chat.completions.create(**CHAT)
            assert upstream[1].hits[-1].key == PROVIDER_KEY


def test_a_key_goes_to_its_own_provider_only(keyed: dict[str, Any], upstream: tuple[str, Upstream]) -> None:
    played = upstream[1]
    config = {"strategy": {"mode": "fallback"}, "targets": [{"provider": "fake"}, {"provider": "other"}]}
    config["strategy"]["on_status_codes"] = [200]
    with gateway(keyed) as (url, _):
        assert ask(url, headers={"authorization": f"Bearer {KEY}"}, config=config).status == 200
    assert [hit.key for hit in played.hits] == [PROVIDER_KEY, OTHER_KEY]


def test_no_key_of_ours_goes_to_a_host_that_a_request_names(
    keyed: dict[str, Any], upstream: tuple[str, Upstream]
) -> None:
    url, played = upstream
    keyed["server"] = {"allow_hosts": [urlsplit(url).netloc]}
    authorized = {"authorization": f"Bearer {KEY}"}
    with gateway(keyed) as (base, _):
        for headers, config in (
            ({"x-portkey-provider": "fake", "x-portkey-custom-host": f"{url}/v1"}, None),
            ({"x-portkey-custom-host": f"{url}/v1"}, {"provider": "fake"}),
            ({"x-portkey-custom-host": f"{url}/v1"}, {"virtual_key": "fake"}),
            ({}, {"provider": "fake", "custom_host": f"{url}/v1"}),
            ({}, {"override_params": {"model": "@fake/m"}, "custom_host": f"{url}/v1"}),
        ):
            played.hits.clear()
            assert ask(base, headers={**authorized, **headers}, config=config).status == 200
            assert [(hit.key, "authorization" in hit.headers) for hit in played.hits] == [("", False)]


def test_secrets_are_in_no_log_and_no_store(
    keyed: dict[str, Any], upstream: tuple[str, Upstream], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keyed["state"] = {"cache": f"sqlite:///{tmp_path}/cache.db", "usage": f"sqlite:///{tmp_path}/usage.db"}
    request_key = "sk-key-that-came-with-a-request"
    answers = []
    with gateway(keyed) as (url, live):
        for script in ("ok", "s500", "reset", "nojson"):
            live_key = {"x-portkey-api-key": KEY, "authorization": f"Bearer {request_key}{script}"}
            answers.append(ask(url, headers={**live_key, "x-portkey-provider": "fake"}))
        cached = {"provider": "fake", "cache": {"mode": "simple"}}
        for body in (CHAT, {**CHAT, "stream": True}):
            answers.append(ask(url, body, {"authorization": f"Bearer {KEY}"}, config=cached))
        answers.append(ask(url, headers={"authorization": f"Bearer {KEY}"}, config={"provider": "fake", "retry": 5}))
        answers += [
            ask(url, path=path, method="GET", headers={"authorization": f"Bearer {KEY}"})
            for path in ("/", "/metrics", "/health", "/v1/models")
        ]
        shown = repr(live.setup) + repr(live.setup.integrations) + repr(live.gateway)
    kept = "".join(answer.body.decode() + str(answer.headers) for answer in answers) + caplog.text + shown
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"hi from m" in stored
    for secret in (PROVIDER_KEY, OTHER_KEY, request_key):
        assert secret not in kept
        assert secret.encode() not in stored
    assert f"Bearer {KEY}" not in kept
    assert HASH.partition(":")[2] not in "".join(answer.body.decode() for answer in answers)


# --- who may reach it


def test_without_keys_it_listens_on_loopback_only() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.com", ""):
        live = Live(parse({"mock": True, "server": {"host": host, "port": 0}}, "test"))
        with pytest.raises(SettingsError, match="there are no keys; make one with `llm-gateway keys new`"):
            serve(live)


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_an_open_gateway_is_not_for_web_pages(open_gateway: str, headers: dict[str, str]) -> None:
    assert ask(open_gateway, headers={**AS_FAKE, **headers}).status == 403


# --- sizes


def test_a_body_beyond_the_limit_is_a_413(upstream: tuple[str, Upstream]) -> None:
    settings = {"providers": {"fake": {"base_url": f"{upstream[0]}/v1"}}, "server": {"max_body_mb": 0.01}}
    large = {**CHAT, "padding": "x" * 20_000}
    with gateway(settings) as (url, _):
        assert ask(url, headers=AS_FAKE).status == 200
        assert ask(url, large, AS_FAKE).status == 413
        with connected(url) as connection:
            pieces = (b"x" * 5_000 for _ in range(10))
            headers = {"content-type": "application/json", **AS_FAKE}
            connection.request("POST", "/v1/chat/completions", pieces, headers, encode_chunked=True)
            assert connection.getresponse().status == 413
        with connected(url) as connection:  # only announced
            connection.putrequest("POST", "/v1/chat/completions")
            connection.putheader("content-type", "application/json")
            connection.putheader("content-length", str(10**12))
            connection.endheaders()
            assert connection.getresponse().status == 413


def test_too_many_headers(open_gateway: str) -> None:
    answer = ask(open_gateway, headers={**AS_FAKE, **{f"x-{number}": "y" for number in range(10_000)}})
    assert answer.status == 431
    assert ask(open_gateway, headers={**AS_FAKE, **{f"x-{number}": "y" for number in range(100)}}).status == 200


def test_headers_without_end(open_gateway: str) -> None:
    parts = urlsplit(open_gateway)
    with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=30) as connection:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nx-long: ")
        sent = 0
        try:
            while sent < 64 << 20:
                sent += connection.send(b"x" * (1 << 16))
        except ConnectionError:
            pass
        assert sent < 16 << 20
    assert ask(open_gateway, headers=AS_FAKE).status == 200


@pytest.mark.parametrize("depth", [200, 253, 254, 255, 1023, 1025, 100_000])
def test_a_body_too_deep_to_be_written_again(open_gateway: str, depth: int) -> None:
    body = json.dumps(CHAT)[:-1].encode() + b', "metadata": ' + b"[" * depth + b"]" * depth + b"}"
    for config in (None, {"override_params": {"model": "other"}, "cache": {"mode": "simple"}}):
        answer = ask(open_gateway, body, AS_FAKE, config=config)
        assert answer.status == 400
        assert "depth" in answer.message or "nested" in answer.message


def test_a_body_just_deep_enough_goes_through(open_gateway: str) -> None:
    body = json.dumps(CHAT)[:-1].encode() + b', "metadata": ' + b"[" * 199 + b"]" * 199 + b"}"
    config = {"override_params": {"model": "other"}, "cache": {"mode": "simple"}}
    assert ask(open_gateway, body, AS_FAKE, config=config).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b'{"model": "m"',
        b'{"model": NaN}',
        b'{"model": Infinity}',
        b'{"temperature": 1e999}',
        b'{"model": "\\ud800"}',
        b'{"model": "\xff"}',
        b'\xef\xbb\xbf{"model": "m"}',
        b'{"model": "m",}',
    ],
)
def test_what_is_no_json_object_is_a_400(open_gateway: str, body: bytes) -> None:
    assert ask(open_gateway, body, AS_FAKE).status == 400


def test_of_equal_keys_the_last_one_counts(open_gateway: str) -> None:
    answer = ask(open_gateway, b'{"model": "first", "model": "last", "messages": []}', AS_FAKE)
    assert answer.json["model"] == "last"


@pytest.mark.parametrize(
    "config",
    [
        "{",
        "[]",
        "7",
        '{"retry": NaN}',
        '{"override_params": {"a": "\\ud800"}}',
        '{"override_params": {"a": ' + "[" * 300 + "]" * 300 + "}}",
        '{"override_params": {"a": ' + "[" * 30_000 + "]" * 30_000 + "}}",
        '{"targets": ' + '[{"targets": ' * 5_000 + "[]" + "}]" * 5_000 + "}",
        json.dumps({"strategy": {"mode": "fallback"}, "targets": [{"provider": "fake"}] * 1_000}),
        json.dumps({"provider": "fake", "override_params": {f"p{n}": n for n in range(5_000)}}),
        json.dumps({"override_params": {"a": "x" * 300_000}}),
        "pc-" + "x" * 100_000,
    ],
)
def test_a_config_that_goes_too_far_is_a_400(open_gateway: str, config: str) -> None:
    assert ask(open_gateway, headers=AS_FAKE, config=config).status == 400


# --- headers


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity"])
def test_a_compressed_body_is_not_unpacked(open_gateway: str, encoding: str) -> None:
    bomb = zlib.compress(b"0" * (100 << 20))
    assert ask(open_gateway, bomb, {**AS_FAKE, "content-encoding": encoding}).status == 415


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
def test_other_kinds_of_body_are_refused(open_gateway: str, kind: str) -> None:
    assert ask(open_gateway, b"--x--", {**AS_FAKE, "content-type": kind}).status == 400


@pytest.mark.parametrize("key", ["provider", "virtual_key", "api_key", "custom_host", "forward_headers"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x00"])
def test_no_header_is_smuggled_in_by_a_config(
    open_gateway: str, upstream: tuple[str, Upstream], key: str, end: str
) -> None:
    upstream[1].hits.clear()
    value: Any = f"fake{end}x-evil: 1"
    config = {"provider": "fake", "api_key": "ok", key: [value] if key == "forward_headers" else value}
    assert ask(open_gateway, config=config).status == 400
    assert upstream[1].hits == []


def test_what_comes_back_in_headers_is_printable(open_gateway: str) -> None:
    headers = {**AS_FAKE, "x-portkey-trace-id": "a\xe9\tb" + "c" * 5_000}
    weird = {"ключ\r\nx-evil: 1": 1, "retry": {"attempts": 9}}
    answer = ask(open_gateway, headers=headers, config=weird)
    assert answer.status == 200
    assert answer.headers["x-portkey-trace-id"].startswith("abc")
    assert len(answer.headers["x-portkey-trace-id"]) <= 1_000
    assert "x-evil" not in answer.headers
    assert answer.headers["x-llm-gateway-warning"].isprintable()


@pytest.mark.parametrize("between", [b"\r\n ", b"\r", b"\n", b"\x00"])
def test_an_upstream_cannot_write_into_the_replys_headers(between: bytes) -> None:
    header = b"retry-after: 1" + between + b"x-evil: 1\r\n"
    reply = b"HTTP/1.1 429 x\r\ncontent-type: application/json\r\n" + header + b"content-length: 2\r\n\r\n{}"
    with raw_upstream(reply) as raw, gateway({"providers": {"fake": {"base_url": raw}}}) as (url, _):
        answer = ask(url, headers=AS_FAKE)
        assert answer.status in (429, 500)
        assert "x-evil" not in answer.headers


@pytest.mark.parametrize("path", ["..", "../files", "x/../../files", "x%3Fy", "x%23y", "x%0d%0ay", ".", "x y"])
def test_a_model_in_the_path_leads_nowhere_else(open_gateway: str, upstream: tuple[str, Upstream], path: str) -> None:
    upstream[1].hits.clear()
    escaped = path.replace("..", "%2e%2e").replace(" ", "%20")
    answer = ask(open_gateway, path=f"/v1/models/{escaped}", method="GET", headers=AS_FAKE)
    assert answer.status == 404
    assert upstream[1].hits == []


@pytest.mark.parametrize(
    "path", ["/v1/files", "/v1/chat/completions/x", "/v1//chat/completions", "/v2/x", "/v1/", "/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_routes_are_not_there(open_gateway: str, path: str, method: str) -> None:
    assert ask(open_gateway, path=path, method=method, headers=AS_FAKE).status == 404


# --- custom_host


def _hosts(port: int) -> list[str]:
    return [
        f"http://127.0.0.1:{port}",
        f"http://localhost:{port}",
        f"http://LOCALHOST:{port}",
        f"http://localhost.:{port}",
        f"http://{socket.gethostname()}:{port}",
        f"http://2130706433:{port}",
        f"http://0x7f000001:{port}",
        f"http://0x7f.1:{port}",
        f"http://0177.0.0.1:{port}",
        f"http://127.1:{port}",
        f"http://0:{port}",
        f"http://0.0.0.0:{port}",
        f"http://[::1]:{port}",
        f"http://[::]:{port}",
        f"http://[::ffff:127.0.0.1]:{port}",
        f"http://[::ffff:7f00:1]:{port}",
        f"http://[::127.0.0.1]:{port}",
        f"http://[64:ff9b::7f00:1]:{port}",
        f"http://[2002:7f00:1::]:{port}",
        f"http://[fe80::1]:{port}",
        f"http://[fe80::1%25lo]:{port}",
        f"http://[fd00::1]:{port}",
        f"http://10.0.0.1:{port}",
        f"http://172.16.0.1:{port}",
        f"http://192.168.0.1:{port}",
        f"http://100.64.0.1:{port}",
        f"http://169.254.169.254:{port}/latest/meta-data",
        f"http://224.0.0.1:{port}",
        f"http://①②⑦.0.0.1:{port}",
        f"http://127。0。0。1:{port}",
        f"http://%31%32%37.0.0.1:{port}",
        f"http://user:password@127.0.0.1:{port}",
        f"http://example.com\\@127.0.0.1:{port}",
        f"http://127.0.0.1:{port}#@example.com",
        f"HTTP://127.0.0.1:{port}",
        f"//127.0.0.1:{port}",
        f"127.0.0.1:{port}",
        "file:///etc/passwd",
        "gopher://127.0.0.1",
        "http://",
        "http://[",
        "http://a..b",
        "http://" + "a" * 300 + ".example",
        "http://example.com:99999",
    ]


@pytest.mark.parametrize("index", range(len(_hosts(0))))
def test_a_custom_host_does_not_lead_inside(open_gateway: str, upstream: tuple[str, Upstream], index: int) -> None:
    url, played = upstream
    host = _hosts(urlsplit(url).port or 0)[index]
    played.hits.clear()
    answer = ask(open_gateway, config={"provider": "fake", "api_key": "ok", "custom_host": host})
    assert played.hits == []
    # A name that is not known here is the provider's failure; everything else is the client's.
    assert answer.status == 400 or "Name or service not known" in answer.message
    assert "127.0.0.1" not in answer.message


def test_a_name_is_judged_by_the_address_that_is_connected_to(
    upstream: tuple[str, Upstream], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, played = upstream
    real = socket.getaddrinfo

    def rebound(host: Any, *arguments: Any, **options: Any) -> Any:
        return real("127.0.0.1" if host == "rebound.example" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)

    async def send(public_only: bool) -> int:
        transport = HttpTransport()
        address = f"http://rebound.example:{urlsplit(url).port}/v1/chat/completions"
        request = Outgoing("POST", address, {"authorization": "Bearer ok"}, b"{}", public_only=public_only)
        try:
            incoming = await transport.send(request)
            incoming.close()
            return incoming.status
        finally:
            await transport.close()

    played.hits.clear()
    with pytest.raises(HostRefused):
        asyncio.run(send(public_only=True))
    assert played.hits == []
    assert asyncio.run(send(public_only=False)) == 200  # so the name does lead there


def test_an_allowed_host_may_be_private(upstream: tuple[str, Upstream]) -> None:
    url = upstream[0]
    port = urlsplit(url).port
    with gateway({"server": {"allow_hosts": [f"127.0.0.1:{port}"]}}) as (base, _):
        config = {"provider": "openai", "api_key": "ok"}
        assert ask(base, config={**config, "custom_host": f"{url}/v1"}).status == 200
        assert ask(base, config={**config, "custom_host": f"http://localhost:{port}/v1"}).status == 400
        assert ask(base, config={**config, "custom_host": "http://127.0.0.1:1/v1"}).status == 400


def test_a_redirect_is_not_followed(open_gateway: str, upstream: tuple[str, Upstream]) -> None:
    upstream[1].hits.clear()
    answer = ask(open_gateway, config={"provider": "fake", "api_key": "redirect"})
    assert (answer.status, len(upstream[1].hits)) == (502, 1)
    assert "location" not in answer.headers


# --- what an upstream may do to us


def test_a_reply_that_unpacks_to_gigabytes_is_cut_off() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b"a" * (1 << 20)) for _ in range(1024)) + packer.flush()
    for kind in (b"application/json", b"text/event-stream"):
        head = b"HTTP/1.1 200 OK\r\ncontent-type: " + kind + b"\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n"
        with raw_upstream(head + bomb) as raw, gateway({"providers": {"fake": {"base_url": raw}}}) as (url, _):
            before = _resident()
            assert ask(url, headers=AS_FAKE).status == 502
            assert _resident() - before < 200 << 20
            assert ask(url, path="/health", method="GET").status == 200


DEEP = b"[" * 300 + b"]" * 300
REPLY = b"HTTP/1.1 200 x\r\ncontent-type: application/json\r\n\r\n"


def test_a_usage_too_deep_to_be_written_again_is_left_alone() -> None:
    events = b'data: {"usage": {"prompt_tokens": 1, "x": ' + DEEP + b"}}\n\ndata: [DONE]\n\n"
    stream = REPLY.replace(b"application/json", b"text/event-stream") + events
    prices = {"fake/m": {"input": 1}}
    with raw_upstream(stream) as raw, gateway({"providers": {"fake": {"base_url": raw}}, "prices": prices}) as (url, _):
        answer = ask(url, {**CHAT, "stream": True}, AS_FAKE)
        assert (answer.status, answer.events[-1]) == (200, "[DONE]")


def _resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 999 x\r\ncontent-type: application/json\r\n\r\n{}",
        b"HTTP/1.1 204 x\r\n\r\n",
        b"HTTP/1.1 200 x\r\ncontent-type: application/json\r\n\r\n" + b"[" * 100_000,
        b'HTTP/1.1 200 x\r\ncontent-type: application/json\r\n\r\n{"choices": [], "model": "\\ud800"}',
        b"HTTP/1.1 200 x\r\ncontent-type: application/json\r\nx-long: " + b"a" * 100_000 + b"\r\n\r\n{}",
        b"nonsense\r\n\r\n",
        REPLY + b'{"choices": [], "usage": {"prompt_tokens": 1, "x": ' + DEEP + b"}}",
        REPLY.replace(b"200", b"500") + b'{"error": {"message": "m", "code": ' + DEEP + b"}}",
    ],
)
def test_nonsense_from_an_upstream_is_the_upstreams_error(reply: bytes) -> None:
    prices = {"fake/m": {"input": 1}}
    with raw_upstream(reply) as raw, gateway({"providers": {"fake": {"base_url": raw}}, "prices": prices}) as (url, _):
        answer = ask(url, headers=AS_FAKE)
        assert answer.status in (500, 502)
        assert answer.json["error"]["message"]
