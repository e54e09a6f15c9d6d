"""Which target a request goes to: draws, stickiness, conditions, and where a fallback ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_gateway.core.errors import GatewayError
from llm_gateway.core.types import Condition, Sticky, Target
from llm_gateway.routing.choose import pick, stops

RANDOM = Random(7)


def balanced(*weights: float, sticky: Sticky | None = None) -> Target:
    targets = (Target(path=f"config.targets[{i}]", name=str(i), weight=weight) for i, weight in enumerate(weights))
    return Target(mode="loadbalance", targets=tuple(targets), sticky=sticky)


def chosen(node: Target, draw: Callable[[], float] = RANDOM.random, key: str = "", **request: Any) -> str | None:
    request = {"params": {}, "metadata": {}, "path": "/v1/chat/completions"} | request
    return pick(node, caller_key=key, draw=draw, **request).name


# ----------------------------------------------------------------------------------------------------------- fallback


@pytest.mark.parametrize(
    ("codes", "status", "exception", "end"),
    [
        (None, 200, False, True),
        (None, 204, False, True),
        (None, 301, False, False),
        (None, 401, False, False),
        (None, 408, False, False),
        (None, 500, False, False),
        (None, 500, True, True),
        ({429}, 500, False, True),
        ({429}, 429, False, False),
        ({429}, 429, True, True),
        ({200}, 200, False, False),
        (set(), 500, False, True),
    ],
)
def test_where_a_fallback_ends(codes: set[int] | None, status: int, exception: bool, end: bool) -> None:
    node = Target(mode="fallback", on_status_codes=None if codes is None else frozenset(codes))
    assert stops(node, status, exception) is end


# -------------------------------------------------------------------------------------------------------- loadbalance


@pytest.mark.parametrize("sticky", [None, Sticky()])
@pytest.mark.parametrize("weights", [(), (0,), (0, 0)])
def test_nothing_to_choose_is_an_error(weights: tuple[float, ...], sticky: Sticky | None) -> None:
    with pytest.raises(GatewayError, match="No target of the loadbalance at config has a weight above 0"):
        chosen(balanced(*weights, sticky=sticky), key="k")


@pytest.mark.parametrize(("share", "name"), [(0.0, "1"), (0.24, "1"), (0.25, "2"), (0.999, "2")])
def test_the_draw_is_by_weight(share: float, name: str) -> None:
    assert chosen(balanced(0, 1, 3, 0), draw=lambda: share) == name


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=8).filter(any), st.floats(0, 1, exclude_max=True))
def test_weight_zero_is_never_chosen(weights: list[float], share: float) -> None:
    for sticky in (None, Sticky()):
        name = chosen(balanced(*weights, sticky=sticky), draw=lambda: share, key="k")
        assert weights[int(name or "")] > 0


# ------------------------------------------------------------------------------------------------------------- sticky


def test_callers_stay_and_are_spread_by_weight() -> None:
    node = balanced(1, 3, sticky=Sticky())
    first = [chosen(node, key=f"key-{i}") for i in range(4000)]
    assert [chosen(node, key=f"key-{i}") for i in range(4000)] == first
    assert 2850 <= Counter(first)["1"] <= 3150  # 3000, give or take five standard deviations


def test_without_an_identity_the_draw_decides() -> None:
    node = balanced(1, 1, sticky=Sticky(("metadata.user",)))
    assert chosen(node, draw=lambda: 0.1) == "0"
    assert chosen(node, draw=lambda: 0.9) == "1"


def test_hash_fields_tell_users_of_one_key_apart() -> None:
    node = balanced(*[1] * 8, sticky=Sticky(("metadata.user", "params.session.id")))
    users = [chosen(node, key="k", metadata={"user": f"u{i}"}) for i in range(50)]
    sessions = [chosen(node, key="k", params={"session": {"id": i}}) for i in range(50)]
    assert len(set(users)) == len(set(sessions)) == 8
    assert len({chosen(node, key="k", metadata={"other": i}) for i in range(50)}) == 1


def test_odd_hash_fields_do_no_harm() -> None:
    node = balanced(1, 1, sticky=Sticky(("params.a.b", "headers.x", "", ".")))
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    for value in (None, "text", 3, {"b": deep}, {"b": "\ud800"}, {"b": 10**5000}):
        assert chosen(node, key="k", params={"a": value}) in ("0", "1")


def test_when_a_target_is_out_only_its_own_callers_move() -> None:
    node = balanced(1, 1, 1, sticky=Sticky())
    smaller = replace(node, targets=node.targets[:2])
    for i in range(300):
        before = chosen(node, key=f"key-{i}")
        assert before == "2" or chosen(smaller, key=f"key-{i}") == before


# -------------------------------------------------------------------------------------------------------- conditional


def routed(*conditions: tuple[dict[str, Any], str], default: str | None = None) -> Target:
    return Target(
        mode="conditional",
        conditions=tuple(Condition(query, then) for query, then in conditions),
        default=default,
        targets=(Target(name="a", path="first"), Target(name="b"), Target(name="a", path="second"), Target()),
    )


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (routed(({"params.model": "zzz"}, "a")), "Query router did not resolve to any valid target"),
        (routed(default=""), "Query router did not resolve to any valid target"),
        (routed(({}, "nope"), default="a"), "Invalid target name found in the query router: nope"),
        (routed(default="nope"), "Invalid target name found in the query router: nope"),
        (routed(({"params.model": {"$is": 1}}, "a")), "Unsupported operator used in the query router: $is"),
    ],
)
def test_routes_that_lead_nowhere(node: Target, message: str) -> None:
    with pytest.raises(GatewayError) as refused:
        chosen(node, params={"model": "gpt-x"})
    assert (refused.value.message, refused.value.status) == (message, 400)


def test_the_first_condition_that_is_met_decides() -> None:
    node = routed(({"params.model": "m"}, "b"), ({"params.model": {"$regex": "."}}, "a"), default="b")
    assert chosen(node, params={"model": "m"}) == "b"
    assert chosen(node, params={"model": "other"}) == "a"
    assert chosen(node, params={"model": ""}) == "b"


def test_of_targets_with_one_name_the_first_is_taken() -> None:
    assert pick(routed(default="a"), params=None, metadata=None, path="", caller_key="", draw=lambda: 0).path == "first"


def test_a_single_node_has_one_choice() -> None:
    assert chosen(Target(targets=(Target(name="a"), Target(name="b")))) == "a"
