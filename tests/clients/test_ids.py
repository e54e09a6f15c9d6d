"""Model ids as they are mapped in files, against what the generated client module makes of them at run time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.clients.ids import Ids
from migrator.clients.in_use import InUse
from migrator.clients.module import Settings, render
from migrator.clients.table import TARGETS, load
from migrator.primitives.library import ModelId

PLAIN = Settings()
OWN = Settings(providers={"gemini": "our-google", "ollama": "our-ollama"}, models={"gpt-4o": "@own/fast", "a/b": "c"})
ASKED = pytest.mark.parametrize("settings", [PLAIN, OWN], ids=["plain", "own"])


def ids_of(target: str, settings: Settings) -> Ids:
    return Ids(load(target).models, settings.providers, settings.models)


@cache
def run_time(target: str, own: bool) -> Callable[[str], str]:
    """`model_id` of the client module."""
    module = ModuleType("llm_client")
    exec(render(target, frozenset({"completion"}), OWN if own else PLAIN), module.__dict__)
    found: Callable[[str], str] = module.model_id
    return found


def models() -> st.SearchStrategy[str]:
    table = [load(target).models for target in TARGETS]
    words = {w for t in table for w in (*t.providers, *t.providers.values(), *t.strip, *t.unserved, *t.bare)}
    known = st.sampled_from(sorted({*words, "gpt-4o", "a/b", "claude-3", "x", "@openai", ""}))
    part = st.one_of(known, st.text("abz019.-:@/", max_size=6))
    return st.lists(part, min_size=1, max_size=4).map("/".join)


@ASKED
@pytest.mark.parametrize("target", TARGETS)
@given(model=models())
def test_an_id_becomes_what_the_client_module_makes_of_it(target: str, settings: Settings, model: str) -> None:
    new = ids_of(target, settings).new(model)
    if new is None:
        with pytest.raises(ValueError, match="MODELS"):
            run_time(target, settings is OWN)(model)
    else:
        assert run_time(target, settings is OWN)(model) == new


@ASKED
@pytest.mark.parametrize("target", TARGETS)
@given(model=models())
def test_an_edited_id_is_sent_as_it_would_have_been(target: str, settings: Settings, model: str) -> None:
    ids = ids_of(target, settings)
    settled = ids.settled(model)
    if settled is not None:
        assert ids.new(settled) == ids.new(model)
        assert ids.settled(settled) == settled


@ASKED
@pytest.mark.parametrize("target", TARGETS)
@given(model=models(), rest=st.text("abz019.-/", min_size=1, max_size=6))
def test_a_beginning_becomes_what_every_id_with_it_does(target: str, settings: Settings, model: str, rest: str) -> None:
    ids = ids_of(target, settings)
    beginning = ids.beginning(f"{model}/")
    if beginning is None:
        assert ids.new(f"{model}/{rest}") is None
    else:
        assert ids.new(f"{beginning}{rest}") == ids.new(f"{model}/{rest}")


@pytest.mark.parametrize(
    ("target", "old", "new"),
    [
        ("llm-gateway", "gemini/gemini-1.5-pro", "google-ai-studio/gemini-1.5-pro"),
        ("llm-gateway", "openrouter/gemini/x", "google-ai-studio/x"),
        ("llm-gateway", "openrouter/openai/x", "openai/x"),
        ("llm-gateway", "gpt-4o", "gpt-4o"),
        ("llm-gateway", "gemini", "gemini"),
        ("llm-gateway", "ollama/llama3", None),
        ("portkey", "gpt-4o", "@openai/gpt-4o"),
        ("portkey", "gemini/x", "@google/x"),
        ("portkey", "@google/x", "@google/x"),
        ("portkey", "hosted_vllm/x", None),
    ],
)
def test_ids(target: str, old: str, new: str | None) -> None:
    assert ids_of(target, PLAIN).new(old) == new


@pytest.mark.parametrize(
    "text",
    [
        "gemini/readme.md",
        "gemini/",
        "gemini/ and more",
        "gemini/a/b.py",
        "meta-llama/Llama-3",
        "image/png",
        "application/json",
        "https://example.org/gemini/x",
        "./gemini/x",
        "/gemini/x",
        "openai/clip-vit-base-patch32",
        "openai/gpt-4o",
        "Gemini/x",
        "gpt-4o",
        "gemini/{name}",
        "gemini/" + "x" * 200,
    ],
)
def test_what_is_no_id_that_changes(text: str) -> None:
    rule = ModelId("mine.model", "litellm", ["model"], "see", others=["openai/clip-"])
    assert not InUse(rule, ids_of("llm-gateway", PLAIN)).is_id(text)
