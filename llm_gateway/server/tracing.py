"""OpenTelemetry spans of finished requests, where the optional package opentelemetry is installed and set up."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from llm_gateway.core.types import Usage

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

log = logging.getLogger("llm_gateway")

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_OPERATIONS = {
    "chat/completions": "chat",
    "messages": "chat",
    "responses": "chat",
    "completions": "text_completion",
    "embeddings": "embeddings",
}
# The names that the semantic conventions have for providers, where they differ from ours.
_PROVIDERS = {
    "azure-openai": "azure.ai.openai",
    "google": "gcp.gemini",
    "mistral-ai": "mistral_ai",
    "perplexity-ai": "perplexity",
    "x-ai": "x_ai",
}


def observer(provider: TracerProvider | None = None) -> Callable[[Usage], None] | None:
    """What makes a span of each finished request; None where spans are not asked for.

    They go to `provider`, else to the global tracer provider if the process has set one, else over OTLP and HTTP to
    where OTEL_EXPORTER_OTLP_ENDPOINT says; what OpenTelemetry reads of the environment besides holds too.
    """
    try:
        from opentelemetry import trace
        from opentelemetry.context import Context
    except ModuleNotFoundError:
        if _asked_for():
            _missing("opentelemetry-sdk")
        return None
    if provider is None:
        found = trace.get_tracer_provider()
        provider = _exporting() if isinstance(found, trace.ProxyTracerProvider) else found
    if provider is None:
        return None
    tracer = provider.get_tracer("llm_gateway")

    def observe(usage: Usage) -> None:
        end = int(usage.at * 1e9)
        operation = _OPERATIONS.get(usage.endpoint, usage.endpoint)
        span = tracer.start_span(
            f"{operation} {usage.model}".rstrip(),
            context=Context(),  # a root: nothing that runs by chance is its parent
            kind=trace.SpanKind.CLIENT,
            attributes=_attributes(usage, operation),
            start_time=end - int(usage.seconds * 1e9),
        )
        if usage.status >= 400 or usage.error:
            span.set_status(trace.StatusCode.ERROR, usage.error)
        span.end(end)

    return observe


def _attributes(usage: Usage, operation: str) -> dict[str, str | int | float | bool]:
    """Those of the semantic conventions for generative AI, and the gateway's own."""
    found: dict[str, str | int | float | bool] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": _PROVIDERS.get(usage.provider, usage.provider),
        "gen_ai.request.model": usage.model,
        "gen_ai.request.stream": usage.first_token is not None,
        "http.response.status_code": usage.status,
        "llm_gateway.attempts": usage.attempts,
        "llm_gateway.cache": usage.cache,
        "llm_gateway.estimated": usage.estimated,
        "llm_gateway.key": usage.key,
        "llm_gateway.project": usage.project,
        "llm_gateway.request_id": usage.request_id,
        "llm_gateway.metadata": usage.metadata,
        "llm_gateway.trace_id": usage.trace_id,
    }
    found = {name: value for name, value in found.items() if value != ""}
    if usage.prompt_tokens or usage.completion_tokens:
        found["gen_ai.usage.input_tokens"] = usage.prompt_tokens
        found["gen_ai.usage.output_tokens"] = usage.completion_tokens
    if usage.first_token is not None:
        found["gen_ai.response.time_to_first_chunk"] = usage.first_token
    if usage.cost is not None:
        found["llm_gateway.cost_usd"] = usage.cost
    if usage.status >= 400 or usage.error:
        found["error.type"] = str(usage.status) if usage.status >= 400 else "stream"
    return found


def _exporting() -> TracerProvider | None:
    """A provider that sends to where the environment says, in batches and in a thread of its own."""
    if not _asked_for():
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        _missing("opentelemetry-exporter-otlp-proto-http")
        return None
    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    resource = Resource.create({} if named else {"service.name": "llm-gateway"})
    provider = TracerProvider(resource=resource)  # flushed when the process ends
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def _asked_for() -> bool:
    return any(os.environ.get(name) for name in _ENDPOINTS)


def _missing(package: str) -> None:
    name = next(name for name in _ENDPOINTS if os.environ.get(name))
    log.warning("%s is set, but no spans are sent: the package %s is missing; install the extra [otel]", name, package)
