"""The tables of arguments: what is refused on reading, and that they agree with LiteLLM as it is."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from migrator.clients import parts
from migrator.clients.functions import known
from migrator.clients.table import TARGETS, Destination, load, read
from migrator.errors import MigrateError
from migrator.packs.load import builtin_folder

VALID = """
target = "portkey"
package = "portkey_ai"
key-variable = "KEY"
url-variable = "URL"
url = "http://gateway/v1"
unknown = "extra_body"

[models]
unserved = []
unserved-note = "why"

[models.providers]
openai = "openai"

[[function]]
name = "completion"
async = "acompletion"
method = "chat.completions.create"
order = ["model", "messages"]
keep = ["model", "messages"]
takes = ["timeout"]

[[argument]]
names = ["timeout", "api_*"]
to = "drop"

[[argument]]
names = ["timeout"]
of = ["completion"]
to = "manual"
note = "why"

[manual]
rerank = "why"
"""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('target = "portkey"', 'target = "nowhere"', "target: 'nowhere' is not one of llm-gateway, portkey"),
        ('package = "portkey_ai"', "", "key `package` is missing"),
        ('unknown = "extra_body"', 'unknown = "away"', "unknown: 'away' is not one of keyword"),
        ('url = "http', 'port = 1\nurl = "http', "unknown key `port`; it has target"),
        ("unserved = []", 'unserved = "x"', "[models] unserved: 'x' is not a list of text"),
        ('name = "completion"', "name = 1", "[[function]] 1: name: 1 is not a Python name"),
        ('async = "acompletion"', 'async = "completion"', "function 'completion' is given twice"),
        ('to = "drop"', 'to = "option"', "[[argument]] 1: key `as` is missing"),
        ('to = "drop"', 'to = "manual"', "[[argument]] 1: key `note` is missing"),
        ('to = "drop"', 'to = "drop"\nof = ["chat"]', "[[argument]] 1: of: no function is called 'chat'"),
        ('"api_*"]', '"timeout"]', "[[argument]] 1: 'timeout' is given twice"),
        ("rerank", "acompletion", "[manual] acompletion: it is a function, too"),
        ("[manual]", "[manual", "not valid TOML"),
    ],
)
def test_a_table_that_is_not_valid(tmp_path: Path, old: str, new: str, fault: str) -> None:
    path = tmp_path / "litellm.toml"
    path.write_text(VALID.replace(old, new), encoding="utf-8")
    with pytest.raises(MigrateError) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert fault in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MigrateError, match="cannot be read"):
        read(tmp_path / "litellm.toml")
    with pytest.raises(MigrateError, match="targets are: llm-gateway, portkey"):
        load("openrouter")


def test_the_order_in_which_an_argument_is_looked_up(tmp_path: Path) -> None:
    path = tmp_path / "litellm.toml"
    path.write_text(VALID, encoding="utf-8")
    table = read(path)
    destinations = {name: table.argument("acompletion", name).to for name in ("timeout", "model", "api_key", "top_k")}
    assert destinations == {
        "timeout": Destination.MANUAL,
        "model": Destination.KEYWORD,
        "api_key": Destination.DROP,
        "top_k": Destination.EXTRA_BODY,
    }
    assert table.reason("rerank") == "why"
    assert table.reason("completion") is None
    with pytest.raises(KeyError):
        table.argument("rerank", "query")


@pytest.mark.parametrize("target", TARGETS)
def test_positional_orders_are_those_of_litellm(target: str) -> None:
    litellm = pytest.importorskip("litellm")
    for name, function in load(target).functions.items():
        parameters = inspect.signature(getattr(litellm, name)).parameters.values()
        order = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert function.order_of(name) == (order or function.order), name  # some take *args and hand them on


@pytest.mark.parametrize("target", TARGETS)
def test_every_argument_of_litellm_itself_is_decided(target: str) -> None:
    """LiteLLM keeps these from the provider; one without a row would be sent to the gateway."""
    types = pytest.importorskip("litellm.types.utils")
    table = load(target)
    undecided = [n for n in types.all_litellm_params if not any(row.covers(n) for row in table.arguments)]
    assert undecided == []


def test_both_tables_speak_of_the_same_callables() -> None:
    gateway, portkey = (load(target) for target in TARGETS)
    every = [{*t.functions, *t.manual, *parts.provided(t.target)} for t in (gateway, portkey)]
    of_parts = parts.provided("llm-gateway") | parts.provided("portkey")
    assert every[0] - of_parts == every[1] - of_parts


def test_a_table_is_beside_each_pack() -> None:
    assert all((builtin_folder() / f"litellm-to-{target}" / "litellm.toml").is_file() for target in TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_keywords_of_the_sdk_are_those_of_the_table_where_litellm_means_something_else(target: str) -> None:
    """A client module asks the SDK what its methods take; that must be no argument that goes elsewhere."""
    table = load(target)
    imports, constants = known(table, table.functions, {"bare"})
    taken: dict[str, set[str]] = {}
    exec(f"from inspect import signature\n{imports}\n{constants}", taken)
    for function in table.functions.values():
        keywords = {*taken["_CHAT" if function.parse else f"_{function.name.upper()}"]} - {"self"}
        assert {*function.keep, *function.takes} <= keywords, function.name
        beside = keywords - {*function.keep, *function.takes}
        assert {table.argument(function.name, name).to for name in beside} <= {Destination.EXTRA_BODY}, function.name
