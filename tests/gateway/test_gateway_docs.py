"""What docs/gateway.md shows can be used."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from llm_gateway.core.settings import parse
from llm_gateway.core.setup import prepare

_PAGE = (Path(__file__).parents[2] / "docs/gateway.md").read_text()


def test_the_settings_it_shows_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"^```toml settings\n(.*?)^```", _PAGE, re.DOTALL | re.MULTILINE)
    monkeypatch.setenv("OPENAI_PROD_KEY", "sk-one")
    setup = prepare(parse(tomllib.loads(example), "docs/gateway.md"))
    assert setup.integrations["openai-prod"].key == "sk-one"
    assert setup.configs["pc-chat"].warnings == ()
    assert not setup.is_open


def test_it_names_every_header_of_a_reply() -> None:
    source = (Path(__file__).parents[2] / "llm_gateway/core/gateway.py").read_text()
    headers = set(re.findall(r'"(x-[a-z-]+)"', source)) - {
        "x-portkey-metadata",
        "x-portkey-config",
        "x-portkey-provider",
    }
    assert {header for header in headers if f"`{header}`" not in _PAGE} == set()
