"""The mock's other endpoints: embeddings, images, moderations, rerank, speech, transcription, the list of models."""

from __future__ import annotations

import base64
import io
import math
import re
import struct
import wave
import zlib
from array import array
from functools import lru_cache
from hashlib import blake2b, shake_256
from typing import Any

from llm_gateway.core.types import JSON
from llm_gateway.providers.mock_answer import CREATED, Refused, positive, tokens
from llm_gateway.providers.mock_chat import count_prompt, read_prompts
from llm_gateway.providers.mock_script import MockReply, without_scripts

MODELS = (
    "claude-sonnet-4-5",
    "dall-e-3",
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-image-1",
    "mock-1",
    "omni-moderation-latest",
    "rerank-v3.5",
    "text-embedding-3-large",
    "text-embedding-3-small",
    "tts-1",
    "whisper-1",
)
_DIMENSIONS = {"text-embedding-3-large": 3072}
_USUAL_DIMENSIONS = 1536
_MOST_DIMENSIONS = 8192
_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
_MOST_IMAGES = 10
_RATE = 8000  # samples a second of the spoken answer
_WORD = re.compile(r"\w+")


def embeddings(body: JSON, reply: MockReply, seed: str) -> JSON:
    """A unit vector for each text: the same for equal texts, next to orthogonal for others. Raises Refused."""
    texts = _inputs(body)
    size = positive(body, "dimensions") or _DIMENSIONS.get(body["model"], _USUAL_DIMENSIONS)
    if size > _MOST_DIMENSIONS:
        raise Refused(f"dimensions must be at most {_MOST_DIMENSIONS}", "dimensions")
    form = body.get("encoding_format") or "float"
    if form not in ("float", "base64"):
        raise Refused("encoding_format must be float or base64", "encoding_format")
    vectors = [vector(text, size) for text in texts]
    data = [
        {"object": "embedding", "index": index, "embedding": each.tolist() if form == "float" else _base64(each)}
        for index, each in enumerate(vectors)
    ]
    usage = {"prompt_tokens": reply.usage[0], "total_tokens": reply.usage[0]} if reply.usage else count_prompt(texts)
    whole = {"object": "list", "data": data, "model": body["model"]}
    return whole if reply.usage == () else whole | {"usage": usage}


@lru_cache(1024)
def vector(text: str, size: int) -> array[float]:
    """The unit vector of a text, as 32-bit floats. Shorter ones point as the beginning of longer ones does."""
    numbers = struct.unpack(f"<{size}h", shake_256(text.encode("utf-8", "surrogatepass")).digest(2 * size))
    length = math.sqrt(sum(number * number for number in numbers)) or 1.0
    return array("f", [number / length for number in numbers])


def images(body: JSON, reply: MockReply, seed: str) -> JSON:
    """Pictures of one pixel, whose colour the prompt decides. Raises Refused."""
    prompt = _text(body, "prompt")
    many = positive(body, "n") or 1
    if many > _MOST_IMAGES:
        raise Refused(f"n must be at most {_MOST_IMAGES}", "n")
    modern = str(body.get("model", "")).startswith("gpt-image")
    data: list[JSON] = []
    for index in range(many):
        if modern or body.get("response_format") == "b64_json":
            data.append({"b64_json": base64.b64encode(_picture(f"{prompt}{index}")).decode()})
        else:
            data.append({"url": f"https://mock.invalid/{seed}/{index}.png", "revised_prompt": prompt})
    if not modern:
        return {"created": CREATED, "data": data}
    given, made = reply.usage or (tokens(prompt), 100 * many)
    details = {"text_tokens": given, "image_tokens": 0}
    counts = {"input_tokens": given, "output_tokens": made, "total_tokens": given + made}
    return {"created": CREATED, "data": data, "usage": counts | {"input_tokens_details": details}}


def moderations(body: JSON, reply: MockReply, seed: str) -> JSON:
    """Nothing found, but violence where the script says `flag`. Raises Refused."""
    given = body.get("input")
    parts = isinstance(given, list) and bool(given) and all(isinstance(each, dict) for each in given)
    results = [_moderation(reply.flag) for _ in ([None] if parts else _inputs(body))]
    return {"id": f"modr-{seed}", "model": body.get("model") or "omni-moderation-latest", "results": results}


def rerank(body: JSON, reply: MockReply, seed: str) -> JSON:
    """Cohere's and Jina's shape; the relevance is the share of the words that query and document have in common."""
    query, documents = _text(body, "query"), body.get("documents")
    if not isinstance(documents, list) or not documents:
        raise Refused("documents must be a list of at least one document", "documents")
    given = [each.get("text") if isinstance(each, dict) else each for each in documents]
    texts = [text for text in given if isinstance(text, str)]
    if len(texts) < len(given):
        raise Refused("each of documents must be a string or have a text", "documents")
    asked = _words(query)
    scores = [
        (len(asked & _words(text)) / (len(asked | _words(text)) or 1), -place) for place, text in enumerate(texts)
    ]
    ranked = [(-place, score) for score, place in sorted(scores, reverse=True)][: positive(body, "top_n") or None]
    results = [
        {"index": place, "relevance_score": round(score, 6)}
        | ({"document": {"text": texts[place]}} if body.get("return_documents") else {})
        for place, score in ranked
    ]
    total = sum(map(tokens, [query, *texts]))
    meta = {"billed_units": {"search_units": 1}}
    usage = {"prompt_tokens": total, "total_tokens": total}
    return {"id": f"rerank-{seed}", "model": body["model"], "results": results, "meta": meta, "usage": usage}


def speech(body: JSON, reply: MockReply, seed: str) -> bytes:
    """A tone as a WAV file, a twentieth of a second for each word, whatever format is asked for. Raises Refused."""
    words = len(_text(body, "input").split())
    wave_ = [
        int(9000 * math.sin(2 * math.pi * 440 * at / _RATE)) for at in range(_RATE // 20 * max(1, min(words, 200)))
    ]
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(_RATE)
        audio.writeframes(struct.pack(f"<{len(wave_)}h", *wave_))
    return file.getvalue()


def transcription(fields: JSON, file: bytes, reply: MockReply, *, translated: bool) -> JSON | str:
    """What was said in a file, which its hash decides. Raises Refused."""
    if not file:
        raise Refused("file is required", "file")
    named = "translation" if translated else "transcription"
    text = reply.text if reply.text is not None else f"Mock {named} {blake2b(file, digest_size=4).hexdigest()}"
    form = fields.get("response_format") or "json"
    end = "00:00:01"
    match form:
        case "json":
            return {"text": text, "usage": {"type": "duration", "seconds": 1}}
        case "text":
            return text + "\n"
        case "srt":
            return f"1\n00:00:00,000 --> {end},000\n{text}\n\n"
        case "vtt":
            return f"WEBVTT\n\n00:00:00.000 --> {end}.000\n{text}\n\n"
        case "verbose_json":
            whole = {"task": "translate" if translated else "transcribe", "language": "english", "duration": 1.0}
            return whole | {"text": text, "segments": [], "usage": {"type": "duration", "seconds": 1}}
    raise Refused("response_format must be json, text, srt, verbose_json or vtt", "response_format")


def models() -> JSON:
    """The list of models. Any other name works as well."""
    return {"object": "list", "data": [model(name) for name in MODELS]}


def model(name: str) -> JSON:
    """One model, whatever its name."""
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "mock"}


def form_fields(raw: bytes, content_type: str) -> tuple[JSON, bytes]:
    """The text fields of a multipart form, and its `file`. Raises Refused."""
    found = re.search(r'boundary="?([^";]+)', content_type)
    if not found:
        raise Refused("the request must be multipart/form-data")
    fields: JSON = {}
    file = b""
    for part in (b"\r\n" + raw).split(b"\r\n--" + found[1].encode("latin-1", "replace"))[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if name and name[1] == b"file":
            file = value
        elif name:
            fields[name[1].decode("utf-8", "replace")] = value.decode("utf-8", "replace")
    return fields, file


def _inputs(body: JSON) -> list[str]:
    try:
        return read_prompts(body.get("input"))
    except Refused:
        raise Refused("input must be a string, or a list of strings or of token numbers", "input") from None


def _text(body: JSON, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(f"{name} must be a string that is not empty", name)
    return value


def _base64(numbers: array[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def _picture(text: str) -> bytes:
    """A PNG file of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    colour = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=3).digest()
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" + colour))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def _moderation(flagged: bool) -> JSON:
    found: dict[str, Any] = {name: flagged and name == "violence" for name in _CATEGORIES}
    return {
        "flagged": flagged,
        "categories": found,
        "category_scores": {name: 0.98 if hit else 0.0001 for name, hit in found.items()},
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }


def _words(text: str) -> set[str]:
    return set(_WORD.findall(without_scripts(text).casefold()))
