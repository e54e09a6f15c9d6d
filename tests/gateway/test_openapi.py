"""Requests made up from an OpenAPI document: nothing that is sent makes a server error or a reply of another shape.

A small document of our own is always used; LLM_GATEWAY_OPENAPI may name a larger one, such as OpenAI's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fetching import installed
from serving import gateway

LARGER = os.environ.get("LLM_GATEWAY_OPENAPI", "")
CHECKS = "not_a_server_error,content_type_conformance"
if not LARGER:  # OpenAI's own document knows neither embeddings in base64 nor the events of a stream
    CHECKS += ",response_schema_conformance"

TEXT, COUNT, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}


def several(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def made_of(*required: str, **properties: dict[str, Any]) -> dict[str, Any]:
    """An object with these properties, of which some are required."""
    return {"type": "object", "properties": properties, "required": list(required)}


MESSAGES = several(made_of("role", "content", role={"enum": ["system", "user", "assistant"]}, content=TEXT), minItems=1)
USAGE = made_of("prompt_tokens", "total_tokens", prompt_tokens=COUNT, total_tokens=COUNT)
ERROR = made_of("error", error=made_of("message", "type", message=TEXT, type={"type": ["string", "null"]}))
ANTHROPIC_ERROR = made_of("type", "error", type={"const": "error"}, error=made_of("type", "message", type=TEXT))
CHOICE = made_of("message", "finish_reason", message=made_of("role", role={"const": "assistant"}), finish_reason=TEXT)
SAMPLING = {
    "temperature": {"type": "number", "minimum": 0, "maximum": 2},
    "n": {"type": "integer", "minimum": 1, "maximum": 3},
    "stop": {"anyOf": [TEXT, several(TEXT), {"type": "null"}]},
    "user": TEXT,
}
VECTORS = several(made_of("embedding", "index", embedding={"type": ["array", "string"]}, index=COUNT))
# Route below /v1: what is sent, what comes back.
ROUTES = {
    "chat/completions": (
        made_of("model", "messages", model=TEXT, messages=MESSAGES, max_tokens=COUNT, tools=several({}), **SAMPLING),
        made_of("id", "choices", "usage", id=TEXT, choices=several(CHOICE, minItems=1), usage=USAGE),
    ),
    "completions": (
        made_of("model", "prompt", model=TEXT, prompt={"anyOf": [TEXT, several(TEXT)]}, echo=FLAG, **SAMPLING),
        made_of("choices", choices=several(made_of("text", text=TEXT), minItems=1)),
    ),
    "embeddings": (
        made_of("model", "input", model=TEXT, input={"anyOf": [TEXT, several(TEXT)]}, dimensions=COUNT),
        made_of("data", "usage", data=VECTORS, usage=USAGE),
    ),
    "images/generations": (
        made_of("prompt", prompt=TEXT, model=TEXT, n=COUNT, size=TEXT),
        made_of("created", "data", created=COUNT, data=several({"type": "object"}, minItems=1)),
    ),
    "messages": (
        made_of("model", "messages", "max_tokens", model=TEXT, messages=MESSAGES, max_tokens=COUNT, system=TEXT),
        made_of("type", "content", type={"const": "message"}, content=several({"type": "object"})),
    ),
    "moderations": (
        made_of("input", input={"anyOf": [TEXT, several(TEXT)]}, model=TEXT),
        made_of("results", results=several(made_of("flagged", flagged=FLAG))),
    ),
    "responses": (
        made_of("model", "input", model=TEXT, input=TEXT, instructions=TEXT),
        made_of("id", "output", id=TEXT, output=several({"type": "object"})),
    ),
}
CONFIG = {"name": "x-portkey-config", "in": "header", "schema": TEXT}


def document() -> dict[str, Any]:
    """The OpenAPI document of the routes above."""

    def content(schema: dict[str, Any]) -> dict[str, Any]:
        return {"description": "JSON", "content": {"application/json": {"schema": schema}}}

    paths: dict[str, Any] = {}
    for route, (sent, returned) in ROUTES.items():
        failed = content(ANTHROPIC_ERROR if route == "messages" else ERROR)
        body = {"required": True, "content": {"application/json": {"schema": sent}}}
        responses = {"200": content(returned), "default": failed}
        paths[f"/{route}"] = {"post": {"requestBody": body, "responses": responses, "parameters": [CONFIG]}}
    listed = content(made_of("object", "data", object={"const": "list"}, data=several({"type": "object"})))
    paths["/models"] = {"get": {"responses": {"200": listed, "default": content(ERROR)}}}
    return {"openapi": "3.1.0", "info": {"title": "gateway", "version": "1"}, "paths": paths}


@pytest.mark.slow
def test_made_up_requests(tmp_path: Path) -> None:
    where = tmp_path / "openapi.json"
    where.write_text(Path(LARGER).read_text(encoding="utf-8") if LARGER else json.dumps(document()), encoding="utf-8")
    site = installed(tmp_path / "site", "schemathesis>=4.32,<5")
    options = ["--checks", CHECKS, "--max-examples", "15", "--seed", "1", "--request-timeout", "10", "--no-color"]
    phases = ["--phases", "fuzzing"]
    with gateway({"mock": True}) as (url, _):
        command = [sys.executable, str(site / "bin/schemathesis"), "run", str(where), "--url", f"{url}/v1"]
        environment = {**os.environ, "PYTHONPATH": str(site)}
        done = subprocess.run(
            [*command, *options, *phases], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Tested: {len(document()['paths'])}" in done.stdout or LARGER
