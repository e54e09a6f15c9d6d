"""Error bodies by who reads them: OpenAI's and Portkey's clients, Anthropic's, OpenRouter's."""

from __future__ import annotations

import orjson

from llm_gateway.providers.anthropic import messages_error


def error_body(face: str, status: int, body: bytes) -> bytes:
    """The body of an error reply for `face`: openai, anthropic or openrouter."""
    if face == "openai":
        return body
    if face == "anthropic":
        return orjson.dumps(messages_error(status, body))
    data = orjson.loads(body)
    error = data.get("error") or {}
    metadata = {name: error[name] for name in ("type", "param", "code") if error.get(name) is not None}
    if provider := data.get("provider"):
        metadata["provider_name"] = provider
    return orjson.dumps({"error": {"code": status, "message": error.get("message", ""), "metadata": metadata}})
