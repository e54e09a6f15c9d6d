"""The HTTP face: routes, bodies that are no JSON, pages, faces of errors."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from serving import CHAT, Upstream, ask, gateway, served

from llm_gateway.core.errors import GatewayError
from llm_gateway.server.multipart import fields

HASH = "sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # of "secret"
FORM = "multipart/form-data; boundary=x"
AS_FAKE = {"x-portkey-provider": "fake", "authorization": "Bearer ok"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[tuple[str, Upstream]]:
    played = Upstream()
    with served(played) as url:
        yield url, played


@pytest.fixture(scope="module")
def base(upstream: tuple[str, Upstream]) -> Iterator[str]:
    with gateway({"providers": {"fake": {"base_url": f"{upstream[0]}/v1"}}}) as (url, _):
        yield url


def form(*parts: tuple[str, bytes], end: bytes = b"--x--\r\n") -> bytes:
    """A body of `FORM`."""
    return b"".join(b"--x\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n" for head, content in parts) + end


NAMED = 'content-disposition: form-data; name="model"'
FILE = 'Content-Disposition: form-data; filename="model.wav"; name="file"\r\nContent-Type: audio/wav'


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (form((NAMED, b"whisper")), {"model": "whisper"}),
        (form((NAMED, b"whisper"), (FILE, b"\r\n\r\n--y\x00\xff")), {"model": "whisper"}),
        (form((FILE, b"name"), (NAMED, "größe".encode())), {"model": "größe"}),
        (form(("Content-Disposition: form-data; name=model", b"bare")), {"model": "bare"}),
        (form((NAMED, b"x" * 70_000)), {}),
        (form(("content-disposition: form-data; filename*=utf-8''m; name=\"model\"", b"x")), {}),
        (form(("content-type: text/plain", b"nameless")), {}),
        (b"preamble\r\n" + form((NAMED, b"m")), {"model": "m"}),
        (form((NAMED, b"cut"), end=b""), {"model": "cut"}),
        (b"--x--", {}),
        (b"--x\r\n" + NAMED.encode(), {"model": ""}),
    ],
)
def test_the_fields_of_a_form(raw: bytes, found: dict[str, str]) -> None:
    assert fields(raw, FORM) == found


@pytest.mark.parametrize(
    "kind", [FORM, 'multipart/form-data; Boundary="x"', "multipart/form-data;a=b; boundary=x; c=d"]
)
def test_a_boundary_may_be_quoted(kind: str) -> None:
    assert fields(form((NAMED, b"m")), kind) == {"model": "m"}


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", FORM),
        (form((NAMED, b"m")), "multipart/form-data"),
        (form((NAMED, b"m")), "multipart/form-data; boundary="),
        (form((NAMED, b"m")), "multipart/form-data; boundary=other"),
        (form(*[(NAMED, b"m")] * 1_000), FORM),
    ],
)
def test_what_is_no_form_is_refused(raw: bytes, kind: str) -> None:
    with pytest.raises(GatewayError):
        fields(raw, kind)


def test_forms_within_forms_are_not_opened(base: str) -> None:
    nested = b"".join(
        b"--b%d\r\ncontent-type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(3_000)
    )
    kind = {"content-type": "multipart/form-data; boundary=b0"}
    assert ask(base, nested, {**AS_FAKE, **kind}, "/v1/audio/transcriptions").status == 200


def test_an_upload_goes_through_as_it_is(base: str, upstream: tuple[str, Upstream]) -> None:
    raw = form((NAMED, b"whisper"), (FILE, bytes(range(256)) * 40_000))  # ten megabytes
    answer = ask(base, raw, {**AS_FAKE, "content-type": FORM}, "/v1/audio/transcriptions")
    assert answer.status == 200
    hit = upstream[1].hits[-1]
    assert (hit.headers["content-type"], hit.body) == (FORM, raw)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/api/v1/chat/completions"])
def test_each_family_of_clients_reads_errors_in_its_own_shape(base: str, path: str) -> None:
    for body, headers, status in ((b"{", {}, 400), ({**CHAT, "max_tokens": 9}, {"authorization": "Bearer s429"}, 429)):
        answer = ask(base, body, {**AS_FAKE, **headers}, path)
        assert answer.status == status
        error = answer.json["error"]
        assert error["message"]
        if "messages" in path:
            assert (answer.json["type"], "type" in error) == ("error", True)
        elif path.startswith("/api"):
            assert error["code"] == status
        else:
            assert set(error) == {"message", "type", "param", "code"}


def test_pages_of_a_gateway_with_keys_are_for_those_who_hold_one() -> None:
    with gateway({"mock": True, "keys": {"ci": {"hash": HASH}}}) as (url, _):
        for path in ("/", "/metrics"):
            refused = ask(url, path=path, method="GET")
            assert refused.status == 401
            assert refused.headers["www-authenticate"].startswith("Basic ")
            for shown in ("Bearer secret", "Basic " + b64encode(b"me:secret").decode()):
                assert ask(url, path=path, method="GET", headers={"authorization": shown}).status == 200
            for shown in ("Basic ", "Basic !", "Basic " + b64encode(b"secret:me").decode(), "Basic \xff"):
                assert ask(url, path=path, method="GET", headers={"authorization": shown}).status == 401


@pytest.mark.parametrize("path", ["/", "/health", "/metrics"])
def test_pages_may_be_asked_for_their_headers_alone(base: str, path: str) -> None:
    whole, head = ask(base, path=path, method="GET"), ask(base, path=path, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert ask(base, path=path).status == 404  # nothing is posted there


def test_a_connection_serves_many_requests(base: str) -> None:
    import http.client
    from urllib.parse import urlsplit

    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    for body, status in ((CHAT, 200), ([], 400), ({**CHAT, "stream": True}, 200), (CHAT, 200)):
        headers = {"content-type": "application/json", **AS_FAKE}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        reply = connection.getresponse()
        assert (reply.status, bool(reply.read())) == (status, True)
        assert not reply.will_close
    connection.close()


@pytest.mark.parametrize("name", ["x-request-id", "x-portkey-trace-id"])
def test_every_reply_to_a_call_can_be_told_from_others(base: str, name: str) -> None:
    replies: list[Any] = [ask(base, headers=AS_FAKE, config=config) for config in (None, "{", "pc-none")]
    assert len({reply.headers[name] for reply in replies}) == 3
