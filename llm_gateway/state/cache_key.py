"""Which requests are the same: the key of an answer, and the partition in which similar questions are compared."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha256

import orjson

from llm_gateway.core.types import JSON

_MAX_MESSAGES = 4
_MAX_CHARACTERS = 4 * 8191  # tokens that OpenAI's embedding models take, at four characters each


def key(endpoint: str, body: JSON, metadata: str | None, namespace: str | None, scope: str) -> str:
    """The SHA-256, in hexadecimal, of all that an answer depends on; the order of keys in objects does not count.

    `metadata` is the JSON text that came with the request. A `namespace` takes its place. `scope` is the project:
    two projects never share an answer.
    """
    group = ["metadata", _sorted(metadata or "")] if namespace is None else ["namespace", namespace]
    return sha256(_canonical([scope, endpoint, group, body])).hexdigest()


def _canonical(value: object) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # lone surrogates, integers beyond 64 bits, and what is no JSON at all
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=repr).encode()


@lru_cache(maxsize=1024)
def _sorted(metadata: str) -> str:
    try:
        return _canonical(json.loads(metadata)).decode()
    except (ValueError, RecursionError):
        return metadata


def question(body: JSON) -> str | None:
    """What a chat request asks: the text of its user messages. None if it is not one to compare by meaning.

    That takes one to four messages besides the system prompt, one of them with text from the user, and a text that
    embedding models accept.
    """
    messages = _conversation(body)
    if messages is None or len(messages) > _MAX_MESSAGES:
        return None
    texts = [text for message in messages if message["role"] == "user" for text in _texts(message.get("content"))]
    text = "\n".join(texts)
    return text if text.strip() and len(text) <= _MAX_CHARACTERS else None


def partition(endpoint: str, body: JSON, metadata: str | None, namespace: str | None, scope: str) -> str:
    """As `key`, for all requests that differ in nothing but their questions and system prompts.

    Images, tool results and what the assistant has said are compared exactly.
    """
    exact = [_without_question(message) for message in _conversation(body) or ()]
    return key(endpoint, {**body, "messages": exact}, metadata, namespace, scope)


def _conversation(body: JSON) -> list[JSON] | None:
    """The messages without system prompts; None if these are no messages."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return None
    if not all(isinstance(message, dict) and isinstance(message.get("role"), str) for message in messages):
        return None
    return [message for message in messages if message["role"] not in ("system", "developer")]


def _without_question(message: JSON) -> JSON:
    if message["role"] != "user":
        return message
    content = message.get("content")
    parts = [part for part in content if not _is_text(part)] if isinstance(content, list) else []
    return {**message, "content": parts}


def _texts(content: object) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content if _is_text(part)] if isinstance(content, list) else []


def _is_text(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)
