"""What `import *` gives, followed through as many modules as there are, and names bound again and again."""

from __future__ import annotations

import pytest

from migrator.packs.load import builtin_folder, load
from migrator.packs.ruleset import compose
from migrator.python import rewrite
from migrator.python.reading.index import Index

RULES = compose([load(builtin_folder() / "agentcore-portkey-to-llm-gateway")], {})
OLD = "from agentcore.integration.portkey import PortkeyClient\n"


def _index(modules: dict[str, str], frozen: str = "") -> Index:
    read = (rewrite.read(text, f"{n}.py", (n,), frozen=n == frozen)[2] for n, text in modules.items())
    return Index.build(RULES, read)


def test_a_star_gives_no_name_that_no_module_behind_it_has() -> None:
    index = _index({"a": "from b import *\n", "b": f"from a import *\n{OLD}"})
    assert not index.offers("a", "PortkeyError")


def test_a_name_through_a_module_that_must_not_be_edited_stays() -> None:
    star = "from agentcore.integration.portkey import *\n"
    index = _index({"a": "from b import *\n", "b": "from c import *\n", "c": star}, frozen="c")
    assert index.rename("a.PortkeyClient") is None


@pytest.mark.parametrize("last", ["", "from m0 import *\n"])
def test_a_star_is_followed_through_more_modules_than_python_can_recurse(last: str) -> None:
    count = 1500
    modules = {f"m{i}": f"from m{i + 1} import *\n" for i in range(count)}
    renamed = _index({**modules, f"m{count}": last + OLD}).rename("m0.PortkeyClient")
    assert renamed is not None
    assert renamed.new == "m0.LLMGatewayClient"


def test_modules_that_all_import_from_one_another_are_looked_at_once_each() -> None:
    names = [f"m{i}" for i in range(40)]
    modules = {n: "".join(f"from {other} import *\n" for other in names if other != n) for n in names}
    index = _index({**modules, "m0": OLD + modules["m0"]})
    assert all(index.offers(n, "PortkeyClient") and not index.offers(n, "Other") for n in names)


def test_a_variable_given_the_same_thing_again_is_noted_once_and_a_class_each_time() -> None:
    _, found, _ = rewrite.read(f"{OLD}{'x = PortkeyClient' + chr(10)}" * 50 + "class A: ...\n" * 2, "m.py", ("m",))
    assert [len(found.scope.bindings[name]) for name in ("x", "A")] == [1, 2]
