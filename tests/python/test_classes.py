"""What attributes of the project's classes stand for, followed through bases in any number of modules."""

from __future__ import annotations

import pytest

from migrator.packs.load import builtin_folder, load
from migrator.packs.ruleset import compose
from migrator.python import rewrite
from migrator.python.reading.index import Index

RULES = compose([load(builtin_folder() / "agentcore-portkey-to-llm-gateway")], {})


def _index(**modules: str) -> Index:
    return Index.build(RULES, [rewrite.read(text, f"{name}.py", (name,))[2] for name, text in modules.items()])


@pytest.mark.parametrize(
    "body",
    [
        "x = None",
        "def x(self): ...",
        "x: Gateway",
        "def set(self, x):\n        self.x = x",
        "@staticmethod\n    def set(self):\n        self.x = Gateway",
        "def set(self):\n        other.x = Gateway",
        "x = Gateway\n    def set(self, x):\n        self.x = x",
    ],
)
def test_an_attribute_that_is_something_else_or_not_told_stands_for_nothing(body: str) -> None:
    index = _index(a=f"from elsewhere import Gateway, other\nclass A:\n    {body}\n")
    assert index.member("a.A", "x") == ""
    assert index.canonical("a.A.x.y") == "a.A.x.y"


@pytest.mark.parametrize(
    "body",
    [
        "x = Gateway",
        "from elsewhere import Gateway as x",
        "x: type = Gateway",
        "x = None\n    def set(self):\n        self.x = Gateway",
        "@classmethod\n    def set(cls):\n        cls.x = Gateway",
    ],
)
def test_an_attribute_stands_for_what_it_is_bound_to(body: str) -> None:
    index = _index(a=f"from elsewhere import Gateway\nclass A:\n    {body}\n")
    assert index.member("a.A", "x") == "elsewhere.Gateway"


def test_the_nearest_class_that_binds_an_attribute_counts() -> None:
    index = _index(
        a="import old, new\nclass A:\n    x = old.X\n    y = old.Y\nclass B(A):\n    x = new.X\n",
        b="from a import B as Base\nclass C(Base): ...\n",
    )
    assert index.lineage("b.C") == ["b.C", "a.B", "a.A"]
    assert (index.member("b.C", "x"), index.member("b.C", "y")) == ("new.X", "old.Y")


def test_classes_that_are_each_others_bases_and_attributes_come_to_an_end() -> None:
    index = _index(
        a="import b\nclass A(b.B):\n    x = b.B\n    z = b.B.y\n",
        b="import a\nclass B(a.A):\n    y = a.A.x\n    z = a.A.z\n",
    )
    assert set(index.lineage("a.A")) == {"a.A", "b.B"}
    assert index.canonical("a.A.z.z.z.y.x").startswith(("a.", "b."))
