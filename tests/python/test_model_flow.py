"""The way back from a call's model to what it is given: however long it is."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from migrator.clients.table import load as table
from migrator.packs.load import builtin_folder, load
from migrator.packs.ruleset import compose
from migrator.python import rewrite
from migrator.python.models.flow import Flow
from migrator.python.module import Module
from migrator.python.reading.index import Index


def _reached(text: str) -> set[str]:
    """The texts of a module that get to a model argument."""
    rules = replace(compose([load(builtin_folder() / "litellm-to-llm-gateway")]), client="llm_client")
    source, found, facts = rewrite.read(text, "main.py", ("main",))
    flow = Flow(Module(source, found, facts, Index.build(rules, [facts])), table("llm-gateway").functions)
    constants = (n for n in ast.walk(source.tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return {node.value for node in constants if id(node) in flow.reached}  # type: ignore[misc]


def test_what_gets_to_no_model_is_not_reached() -> None:
    assert _reached("import litellm\nname = 'a'\nlitellm.completion(model='b', messages=name)\nother(model='c')\n") == {
        "b"
    }


@pytest.mark.parametrize(
    "step", ["m{next} = m{this}", "m{next} = [m{this}]", "def f{next}(v=m{this}):\n    pass\nm{next} = m{this}"]
)
def test_a_way_of_any_length_is_followed(step: str) -> None:
    steps = "\n".join(step.format(this=i, next=i + 1) for i in range(1200))
    assert _reached(f"import litellm\nm0 = 'a'\n{steps}\nlitellm.completion(model=m1200, messages=[])\n") == {"a"}


def test_a_circle_ends() -> None:
    assert _reached("import litellm\na = b\nb = a\nb = 'm'\nlitellm.completion(model=a, messages=[])\n") == {"m"}
