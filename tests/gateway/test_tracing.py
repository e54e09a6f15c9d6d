"""Spans of finished requests: from the real SDK, and over HTTP as a collector gets them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, use_span

from llm_gateway.core.types import Usage
from llm_gateway.server.tracing import observer


def usage(**fields: Any) -> Usage:
    given: dict[str, Any] = {
        "at": 1_000_010.5,
        "request_id": "request",
        "trace_id": "trace",
        "key": "alice",
        "project": "desk",
        "endpoint": "chat/completions",
        "provider": "openai",
        "model": "gpt-4o-mini",
        "status": 200,
        "seconds": 1.5,
        **fields,
    }
    return Usage(**given)


def span(**fields: Any) -> tuple[ReadableSpan, Mapping[str, Any]]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    observe = observer(provider)
    assert observe is not None
    with use_span(provider.get_tracer("another").start_span("around it")):  # must not become the parent
        observe(usage(**fields))
    (made,) = exporter.get_finished_spans()
    provider.shutdown()
    assert made.attributes is not None
    return made, made.attributes


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program in a process with no settings of OpenTelemetry but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=kept | environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    return ended


# No spans


def test_without_settings_there_is_no_observer() -> None:
    ended = run("from llm_gateway.server.tracing import observer; print(observer())")
    assert ended.stdout == "None\n" and ended.stderr == ""


@pytest.mark.parametrize("missing", ["opentelemetry", "opentelemetry.exporter.otlp.proto.http.trace_exporter"])
def test_a_missing_package_is_told_where_spans_are_asked_for(missing: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None\nfrom llm_gateway.server.tracing import observer\n"
    program += "print(observer())"
    ended = run(program, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert ended.stdout == "None\n"
    assert ended.stderr.startswith(
        "OTEL_EXPORTER_OTLP_ENDPOINT is set, but no spans are sent: the package opentelemetry-"
    )
    assert ended.stderr.count("\n") == 1
    silent = run(program)
    assert silent.stdout == "None\n" and silent.stderr == ""


# Spans


def test_a_request_is_a_root_span_of_its_own_time() -> None:
    made, attributes = span(prompt_tokens=10, completion_tokens=4, cost=0.25, first_token=0.2, metadata='{"a":1}')
    assert made.name == "chat gpt-4o-mini" and made.kind is SpanKind.CLIENT and made.parent is None
    assert made.start_time == 1_000_009_000_000_000 and made.end_time == 1_000_010_500_000_000
    assert made.status.status_code is StatusCode.UNSET
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.request.stream": True,
        "gen_ai.response.time_to_first_chunk": 0.2,
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 4,
        "http.response.status_code": 200,
        "llm_gateway.attempts": 1,
        "llm_gateway.cache": "DISABLED",
        "llm_gateway.cost_usd": 0.25,
        "llm_gateway.estimated": False,
        "llm_gateway.key": "alice",
        "llm_gateway.metadata": '{"a":1}',
        "llm_gateway.project": "desk",
        "llm_gateway.request_id": "request",
        "llm_gateway.trace_id": "trace",
    }


def test_an_error() -> None:
    made, attributes = span(status=429, error="Slow down", provider="", model="")
    assert made.name == "chat" and made.status.status_code is StatusCode.ERROR
    assert made.status.description == "Slow down"
    assert attributes["error.type"] == "429" and attributes["http.response.status_code"] == 429
    assert not {"gen_ai.provider.name", "gen_ai.request.model", "gen_ai.usage.input_tokens"} & set(attributes)


def test_a_stream_that_broke_is_an_error_although_its_status_was_200() -> None:
    made, attributes = span(error="the client went away", first_token=0.1)
    assert made.status.status_code is StatusCode.ERROR and attributes["error.type"] == "stream"


@pytest.mark.parametrize(
    ("endpoint", "provider", "operation", "known"),
    [
        ("messages", "anthropic", "chat", "anthropic"),
        ("completions", "mistral-ai", "text_completion", "mistral_ai"),
        ("embeddings", "google", "embeddings", "gcp.gemini"),
        ("images/generations", "mine", "images/generations", "mine"),
    ],
)
def test_names_of_the_conventions(endpoint: str, provider: str, operation: str, known: str) -> None:
    _, attributes = span(endpoint=endpoint, provider=provider)
    assert (attributes["gen_ai.operation.name"], attributes["gen_ai.provider.name"]) == (operation, known)


GLOBAL = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from llm_gateway.core.types import Usage
from llm_gateway.server.tracing import observer
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
observer()(Usage(1e6, "r", "t", "k", "p", "embeddings", "openai", "m", 200))
print([span.name for span in exporter.get_finished_spans()])
"""


def test_the_global_provider_is_used() -> None:
    assert run(GLOBAL).stdout == "['embeddings m']\n"


SENDING = """
from llm_gateway.core.types import Usage
from llm_gateway.server.tracing import observer
observer()(Usage(1e6, "r", "t", "k", "p", "chat/completions", "openai", "m", 200))
"""


@pytest.mark.parametrize("service", ["llm-gateway", "mine"])
def test_a_collector_gets_the_spans_when_the_process_ends(service: str) -> None:
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        given = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}"}
        given |= {"OTEL_EXPORTER_OTLP_COMPRESSION": "none", "no_proxy": "127.0.0.1"}
        run(SENDING, **given, **({"OTEL_SERVICE_NAME": service} if service == "mine" else {}))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    ((path, body),) = received
    (sent,) = ExportTraceServiceRequest.FromString(body).resource_spans
    assert path == "/v1/traces"
    assert {"service.name": service}.items() <= {a.key: a.value.string_value for a in sent.resource.attributes}.items()
    assert [made.name for made in sent.scope_spans[0].spans] == ["chat m"]
