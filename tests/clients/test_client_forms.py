"""Both forms of a call, as one of the SDK and as one of a generated function, put the same on the wire."""

from __future__ import annotations

import asyncio
import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wire import Wire

from migrator.clients.table import TARGETS, Destination, Table, load
from migrator.packs import load as packs
from migrator.packs.load import Pack
from migrator.plan import Options, build
from migrator.sites import Status
from migrator.tree.project import Project
from migrator.tree.settings import Settings

TABLES = {target: load(target) for target in TARGETS}
NAMES = (
    "completion",
    "acompletion",
    "embedding",
    "aembedding",
    "image_generation",
    "moderation",
    "speech",
    "responses",
)
HEADER = """\
import litellm
from litellm import acompletion, aembedding, completion, embedding, image_generation, moderation, responses, speech
from wire import City

MODEL = "gemini/gemini-2.5-pro"
NOTHING = None
LIMIT = 3
MESSAGES = [{"role": "user", "content": "hi"}]


"""
REQUIRED = {
    "model": ["'gpt-4o'", "'gemini/gemini-2.5-pro'", "'openrouter/openai/gpt-4o'", "MODEL", "MODEL[:6] + '/x'"],
    "messages": ["MESSAGES", "[{'role': 'user', 'content': f'{LIMIT}'}]"],
    "input": ["'hi'", "['hi']"],
    "prompt": ["'hi'"],
    "voice": ["'alloy'"],
}
SPECIAL = {
    "stream": ["True", "False", "None", "bool(LIMIT)"],
    "stream_options": ["{'include_usage': True}", "None"],
    "response_format": ["City", "{'type': 'json_object'}", "None", "NOTHING"],
    "timeout": ["5", "LIMIT", "None"],
    "request_timeout": ["7", "NOTHING"],
    "extra_body": ["{'x': 1}", "{}", "dict(x=LIMIT)", "None"],
    "extra_query": ["{'q': '1'}"],
    "extra_headers": ["{'x-a': '1'}", "None"],
    "headers": ["{'x-b': '1'}", "dict(a='2')"],
    "metadata": ["{'team name': 'a', 'run': {'id': 'é'}, 'n': 1}", "dict(a='1')", "NOTHING"],
    "litellm_metadata": ["{'a': '1'}"],
    "tags": ["['x']", "[str(LIMIT)]"],
    "num_retries": ["0", "1", "LIMIT", "None"],
    "max_retries": ["0", "1", "NOTHING"],
    "cache": ["{'no-cache': True}", "{'no-cache': False}", "None"],
    "caching": ["True", "False"],
    "fallbacks": ["[]", "['gpt-4o-mini']"],
    "custom_llm_provider": ["'gemini'", "str('groq')"],
    "top_k": ["5"],
    "unheard_of": ["{'a': [1]}", "NOTHING", "LIMIT + 1"],
}
ANY = ["'1'", "LIMIT", "0.5", "None", "NOTHING", "['a']", "{'a': None}", "LIMIT or None", "str(LIMIT)"]
LEFT_OUT = {"_litellm_*", "text_format", "stream_response"}  # no names, or refused by the SDK as both forms would be


@pytest.fixture(scope="module")
def pack(target: str) -> Pack:
    folders = packs.available()
    return packs.load(folders[f"litellm-to-{target}"], folders)


def _names(table: Table, called: str) -> list[str]:
    function = table.functions[called]
    rows = (name for row in table.arguments if not row.of or function.name in row.of for name in row.names)
    refused = (name for row in table.arguments if row.to is Destination.MANUAL for name in row.names)
    found = {*function.keep, *function.takes, *rows, *SPECIAL} - {*LEFT_OUT, *refused, *REQUIRED}
    return sorted(name for name in found if name.isidentifier())


@st.composite
def a_call(draw: st.DrawFn, table: Table) -> str:
    """A call, as a program may have it: its first arguments by position or not, others in any order."""
    name = draw(st.sampled_from(NAMES))
    function = table.functions[name]
    order = function.order_of(name)
    by_position = order[: draw(st.integers(0, 5))]
    wanted = [*order[:2], *(["voice"] if function.name == "speech" else [])]
    others = draw(st.lists(st.sampled_from(_names(table, name)), max_size=5, unique=True))
    keywords = [n for n in dict.fromkeys([*wanted, *others]) if n not in by_position]
    value = {n: draw(st.sampled_from(REQUIRED.get(n) or SPECIAL.get(n) or ANY)) for n in {*by_position, *keywords}}
    through = draw(st.sampled_from(["", "litellm."]))
    keywords = draw(st.permutations(keywords))
    apart = draw(st.integers(0, len(keywords))) if draw(st.booleans()) else 0
    lines = draw(dicts({n: value[n] for n in keywords[:apart]})) if apart else []
    arguments = [*(value[n] for n in by_position), *(f"{n}={value[n]}" for n in keywords[apart:])]
    called = f"{through}{name}({', '.join([*arguments, *(['**given'] if apart else [])])})"
    lines.append(f"return {'await ' if name == function.asynchronous else ''}{called}")
    return "\n    ".join(lines)


@st.composite
def dicts(draw: st.DrawFn, values: dict[str, str]) -> list[str]:
    """The lines that lay out a dict `given`, of names and their values."""
    first = draw(st.integers(0, len(values)))
    pairs = list(values.items())
    made = draw(st.sampled_from(["{{{0}}}", "dict({1})", "{{**{{{0}}}}}", "dict() | {{{0}}}"]))
    displayed, named = (", ".join(map(form.format, *zip(*pairs[:first], strict=True))) if first else ""
                        for form in ("'{}': {}", "{}={}"))  # fmt: skip
    lines = [f"given = {made.format(displayed, named)}"]
    for name, value in pairs[first:]:
        put = [
            "given['{0}'] = {1}",
            "given.update({0}={1})",
            "given.update({{'{0}': {1}}})",
            "given.setdefault('{0}', {1})",
        ]
        put += ["given |= {{'{0}': {1}}}", "if LIMIT:\n        given['{0}'] = {1}"]
        lines.append(draw(st.sampled_from(put)).format(name, value))
    return [*lines, *draw(st.sampled_from([[], [], ["given = {k: v for k, v in given.items() if v is not None}"]]))]


def _program(calls: list[str]) -> str:
    functions = (f"{'async ' if 'await' in call else ''}def call_{n}():\n    {call}\n" for n, call in enumerate(calls))
    return HEADER + "\n\n".join(functions)


def _migrated(pack: Pack, folder: Path, program: str, form: str) -> str:
    """The program as it is afterwards, in a folder with its client module."""
    folder.mkdir()
    (folder / "program.py").write_text(program, encoding="utf-8")
    project = Project(folder, Settings(overrides={pack.name: {"form": form}}), folder / ".migration_backup")
    plan = build(project, [pack], Options())
    assert not plan.problems
    assert not [site for site in plan.sites if site.status is Status.MANUAL]
    for change in plan.changes:
        assert change.new_path and change.after is not None
        (folder / change.new_path).write_bytes(change.after)
    return (folder / "program.py").read_text(encoding="utf-8")


def _imported(folder: Path) -> ModuleType:
    for name in ("program", "llm_client"):
        sys.modules.pop(name, None)
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        return importlib.import_module("program")
    finally:
        sys.path.remove(str(folder))


def _sent(wire: Wire, call: Callable[[], Any]) -> Iterator[object]:
    """What a call puts on the wire, where the first two attempts fail; or the error that keeps it from doing so."""
    wire.take()
    wire.failures[:] = [500, 500]
    try:
        answer = call()
        if asyncio.iscoroutine(answer):
            asyncio.run(answer)
    except Exception as error:
        yield type(error).__name__
    for request in wire.take():
        headers: dict[str, object] = {
            k.lower(): v for k, v in request.headers.items() if not k.lower().startswith(("user-agent", "host"))
        }
        if "x-stainless-read-timeout" in headers:
            headers["x-stainless-read-timeout"] = float(headers["x-stainless-read-timeout"])
        yield request.path, headers, request.body


def test_some_calls_of_each_function_are_direct(pack: Pack, tmp_path: Path) -> None:
    program = _program([_plain(name) for name in NAMES])
    direct = _migrated(pack, tmp_path / "direct", program, "auto")
    assert len(re.findall(r"client\(\)\.", direct)) == len(NAMES)


def _plain(name: str) -> str:
    function = TABLES["llm-gateway"].functions[name]
    wanted = [*function.order_of(name)[:2], *(["voice"] if function.name == "speech" else [])]
    called = f"{name}({', '.join(f'{n}={REQUIRED[n][0]}' for n in wanted)})"
    return f"return {'await ' if name == function.asynchronous else ''}{called}"


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_both_forms_agree(
    target: str, pack: Pack, wire: Wire, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    calls = data.draw(st.lists(a_call(TABLES[target]), min_size=4, max_size=12))
    folder = tmp_path_factory.mktemp("forms")
    program = _program(calls)
    texts, sent = {}, {}
    for form in ("auto", "adapter"):
        texts[form] = _migrated(pack, folder / form, program, form)
        module = _imported(folder / form)
        sent[form] = [list(_sent(wire, getattr(module, f"call_{n}"))) for n in range(len(calls))]
    assert "client()" not in texts["adapter"]
    for n, call in enumerate(calls):
        assert sent["auto"][n] == sent["adapter"][n], f"{call}\n{texts['auto']}"
