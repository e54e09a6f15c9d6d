"""The parts of a message's content: OpenAI's text, images and files as Anthropic's blocks, and back again."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from llm_gateway.core.errors import GatewayError
from llm_gateway.core.types import JSON
from llm_gateway.providers.anthropic_shapes import a_name, a_string, an_object, objects

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})


def blocks(content: Any, where: str) -> list[JSON]:
    """Anthropic's blocks for OpenAI's `content`, a string or a list of parts. Blank text is left out: it is refused."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content.strip() else []
    if not isinstance(content, list):
        raise GatewayError(f"{where} must be a string or a list of parts")
    made = [_block(part, f"{where}[{i}]") for i, part in enumerate(objects(content, where))]
    return [block for block in made if block["type"] != "text" or block["text"].strip()]


def texts(content: Any, where: str) -> list[JSON]:
    """The blocks of `content` that may hold nothing but text."""
    made = blocks(content, where)
    if any(block["type"] != "text" for block in made):
        raise GatewayError(f"{where} may hold text only")
    return made


def parts(content: Any, where: str) -> list[JSON]:
    """OpenAI's parts for Anthropic's `content`, a string or a list of text, image and document blocks."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if not isinstance(content, list):
        raise GatewayError(f"{where} must be a string or a list of blocks")
    return [part for i, block in enumerate(objects(content, where)) for part in block_parts(block, f"{where}[{i}]")]


def block_parts(block: JSON, where: str) -> list[JSON]:
    """OpenAI's parts for one of Anthropic's text, image, document and search result blocks."""
    match block.get("type"):
        case "text":
            text = a_string(block.get("text"), f"{where}.text")
            return [{"type": "text", "text": text}] if text else []
        case "image":
            return [_image_part(an_object(block.get("source"), f"{where}.source"), f"{where}.source")]
        case "document":
            return _document_parts(block, an_object(block.get("source"), f"{where}.source"), f"{where}.source")
        case "search_result":
            title, source = (a_string(block.get(name), f"{where}.{name}") for name in ("title", "source"))
            heading = {"type": "text", "text": f"{title} ({source})"}
            return [heading, *_plain_parts(block.get("content"), f"{where}.content")]
    raise GatewayError(f"{where}.type {block.get('type')!r} has no equivalent in chat completions")


def _block(part: JSON, where: str) -> JSON:
    match part.get("type"):
        case "text":
            made: JSON = {"type": "text", "text": a_string(part.get("text"), f"{where}.text")}
        case "refusal":
            made = {"type": "text", "text": a_string(part.get("refusal"), f"{where}.refusal")}
        case "image_url":
            image = part.get("image_url")
            url = image if isinstance(image, str) else an_object(image, f"{where}.image_url").get("url")
            made = _from_url(a_name(url, f"{where}.image_url.url"), "image", f"{where}.image_url.url")
        case "file":
            made = _file(an_object(part.get("file"), f"{where}.file"), f"{where}.file")
        case _:
            raise GatewayError(f"{where}.type must be text, image_url or file: Anthropic has nothing for any other")
    return made if "cache_control" not in part else {**made, "cache_control": part["cache_control"]}


def _file(file: JSON, where: str) -> JSON:
    if file.get("file_id"):
        source = {"type": "file", "file_id": a_string(file["file_id"], f"{where}.file_id")}
        made: JSON = {"type": "document", "source": source}
    else:
        data = a_name(file.get("file_data"), f"{where}.file_data")
        if data.startswith("JVBERi0"):  # "%PDF-" in base64
            data = f"data:application/pdf;base64,{data}"
        made = _from_url(data, "document", f"{where}.file_data")
    if file.get("filename") and made["type"] == "document":
        made["title"] = a_string(file["filename"], f"{where}.filename")
    return made


def _from_url(url: str, kind: str, where: str) -> JSON:
    """An image or document block. What a data URL holds is told by its media type, not by `kind`."""
    if url.startswith(("https://", "http://")):
        return {"type": kind, "source": {"type": "url", "url": url}}
    head, comma, data = url.partition(",")
    media_type, *options = head.removeprefix("data:").lower().split(";")
    if not comma or not head.startswith("data:") or "base64" not in options:
        raise GatewayError(f"{where} must be an https URL or a data URL in base64")
    media_type = "image/jpeg" if media_type == "image/jpg" else media_type
    if media_type in _IMAGES:
        return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}
    if media_type == "application/pdf":
        return {"type": "document", "source": {"type": "base64", "media_type": media_type, "data": data}}
    if media_type.startswith("text/"):
        return {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": _text(data, where)}}
    raise GatewayError(f"{where} must hold a JPEG, PNG, GIF or WebP image, a PDF or text")


def _text(data: str, where: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        raise GatewayError(f"{where} must be UTF-8 text in base64") from None


def _plain_parts(content: Any, where: str) -> list[JSON]:
    """The parts inside a document or search result, which hold text and images, and no documents in turn."""
    inner = content if isinstance(content, list) else []
    if any(isinstance(block, dict) and block.get("type") not in ("text", "image") for block in inner):
        raise GatewayError(f"{where} may hold text and images only")
    return parts(content, where)


def _image_part(source: JSON, where: str) -> JSON:
    match source.get("type"):
        case "url":
            url = a_name(source.get("url"), f"{where}.url")
        case "base64":
            url = _data_url(source, where)
        case _:
            raise GatewayError(f"{where}.type must be url or base64: chat completions have no other images")
    return {"type": "image_url", "image_url": {"url": url}}


def _document_parts(block: JSON, source: JSON, where: str) -> list[JSON]:
    match source.get("type"):
        case "text":
            text = a_string(source.get("data"), f"{where}.data")
            return [{"type": "text", "text": text}] if text else []
        case "content":
            return _plain_parts(source.get("content"), f"{where}.content")
        case "base64":
            filename = a_string(block.get("title") or "document.pdf", "title")
            return [{"type": "file", "file": {"filename": filename, "file_data": _data_url(source, where)}}]
        case "file":
            return [{"type": "file", "file": {"file_id": a_name(source.get("file_id"), f"{where}.file_id")}}]
    raise GatewayError(f"{where}.type must be text, content, base64 or file: chat completions have no other documents")


def _data_url(source: JSON, where: str) -> str:
    media_type = a_name(source.get("media_type"), f"{where}.media_type")
    return f"data:{media_type};base64,{a_name(source.get('data'), f'{where}.data')}"
