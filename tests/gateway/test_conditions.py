"""Conditional queries: what the published router was seen to do with each, and that no pattern can hold up the rest."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_gateway.core.errors import GatewayError
from llm_gateway.routing import patterns
from llm_gateway.routing.conditions import matches
from llm_gateway.routing.patterns import Patience

REQUEST: dict[str, Any] = {
    "params": {
        "model": "gpt-x",
        "temperature": 0.9,
        "n": 1,
        "stream": True,
        "user": None,
        "size": "12px",
        "stop": ["a", "b"],
        "tool": {"a": 1},
        "text": "line\n",
    },
    "metadata": {"plan": "paid"},
    "path": "/v1/chat/completions",
}


def met(query: dict[str, Any], **request: Any) -> bool:
    return matches(query, **(REQUEST | request))


@pytest.mark.parametrize(
    "query",
    [
        {"model": "gpt-x"},  # no root
        {"params": {}, "params.model": "zzz"},
        {"user.model": "gpt-x"},
        {"params.model": "gpt"},
        {"params.model": "gpt-x", "metadata.plan": "free"},
        {"params.stream": 1},  # true is not 1
        {"params.n": True},
        {"params.n": "1"},
        {"params.stop": {"$eq": ["a", "b"]}},  # no two lists are the same
        {"params.stop": {"$in": [["a", "b"]]}},
        {"params.missing": None},  # undefined is not null
        {"metadata.missing": {"$eq": "x"}},
        {"metadata.missing": {"$in": ["x"]}},
        {"metadata.missing": {"$gt": 0}},
        {"params.model": {"$gt": 0}},  # no number at its start
        {"params.stream": {"$gt": 0}},
        {"params.temperature": {"$gt": 0.9}},
        {"params.temperature": {"$gte": 0.5, "$lt": 0.9}},
        {"params.model": {"$in": "gpt-x"}},  # no list
        {"params.model": {"$nin": "gpt-x"}},
        {"params.model": {"$nin": ["gpt-x"]}},
        {"params.model": {"$ne": "gpt-x"}},
        {"params.model": {"$regex": "("}},
        {"params.model": {"$regex": "^x"}},
        {"params.model": {"$regex": "(?i)GPT"}},  # no such flag in JavaScript
        {"params.model": {"$regex": "(?P<a>g)"}},
        {"params.model": {"$regex": "g++"}},
        {"params.model": {"$regex": "[]"}},
        {"params.text": {"$regex": "^line$"}},  # $ is the very end
        {"$or": []},
        {"$or": [{"params.model": "zzz"}, 5, None, "x"]},
        {"$and": [{"params.model": "gpt-x"}, {"metadata.plan": "free"}]},
        {"$or": [{"params.model": "zzz"}], "params.model": "gpt-x"},  # $or alone decides
        {"$or": 5},
    ],
)
def test_not_met(query: dict[str, Any]) -> None:
    assert met(query) is False


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"params.model": "gpt-x"},
        {"params.model": {"$eq": "gpt-x"}},
        {"params.model.more": "gpt-x"},  # two segments are read
        {"params.n": 1.0},
        {"params.user": None},
        {"params.stream": True},
        {"metadata.plan": {"$in": ["free", "paid"]}},
        {"metadata.missing": {"$ne": "x"}},
        {"metadata.missing": {"$nin": ["x"]}},
        {"params.temperature": {"$gt": 0.5}},
        {"params.temperature": {"$gt": "0.5", "$lte": "0.9 and more"}},
        {"params.size": {"$gte": 12, "$lt": 12.5}},
        {"params.n": {"$lt": "Infinity"}},
        {"params.stop": {"$ne": ["a", "b"]}},
        {"params.tool": {}},
        {"params.model": []},
        {"params.model": {"$regex": "^gpt"}},
        {"params.model": {"$regex": "^(?!claude)"}},
        {"params.model": {"$regex": r"(?<first>g)pt-x(?!\k<first>)"}},
        {"params.model": {"$regex": "gpt.x$"}},
        {"params.model": {"$regex": "^gpt", "$eq": "no", "$exists": True}},  # nothing after $regex is read
        {"params.stop": {"$regex": "^a,b$"}},
        {"params.tool": {"$regex": "object"}},
        {"params.stream": {"$regex": "^true$"}},
        {"params.n": {"$regex": "^1$"}},
        {"metadata.missing": {"$regex": "^undefined$"}},
        {"url.pathname": {"$regex": "/chat/"}},
        {"$or": [{"params.model": "zzz"}, {"metadata.plan": "paid"}]},
        {"$and": []},
        {"$and": [{"$or": [{"params.n": 1}]}], "params.model": "zzz"},  # $and alone decides
    ],
)
def test_met(query: dict[str, Any]) -> None:
    assert met(query) is True


@pytest.mark.parametrize(
    ("query", "operator"),
    [
        ({"params.model": {"$exists": True}}, "$exists"),
        ({"params.model": {"eq": "gpt-x"}}, "eq"),
        ({"params.model": ["gpt-x"]}, "0"),
        ({"$or": {"params.model": "gpt-x"}}, "params.model"),
        ({"params.n": {"$and": []}}, "$and"),
    ],
)
def test_operators_that_do_not_exist(query: dict[str, Any], operator: str) -> None:
    with pytest.raises(GatewayError) as refused:
        met(query)
    assert refused.value.message == f"Unsupported operator used in the query router: {operator}"
    assert refused.value.status == 400


def test_an_unknown_operator_behind_one_that_fails_is_never_reached() -> None:
    assert met({"params.model": {"$eq": "zzz", "$exists": True}}) is False


@pytest.mark.parametrize("nothing", [None, "text", [], 3])
def test_a_request_without_a_body_or_metadata_meets_nothing(nothing: object) -> None:
    assert met({"params.model": "gpt-x"}, params=nothing) is False
    assert met({"metadata.plan": {"$ne": "x"}}, metadata=nothing) is True


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^(\w+\s?)*$", "word " * 2000 + "!"),
        (r"(a|aa)+$", "a" * 5000 + "b"),
        (r"\w+" * 300, "a" * 8000),
        (r"(.*)\1(.*)\2(.*)\3x", "ab" * 4000),
        ("((a{1000}){1000}){1000}", "a" * 1000),
        ("(" * 500, "a"),
        ("a" * 100_000, "a" * 100_000),
    ],
)
def test_runaway_patterns_are_given_up(pattern: str, text: str) -> None:
    patience = Patience(0.05)
    start = perf_counter()
    assert patterns.search(pattern, text, patience) is False
    assert perf_counter() - start < 2  # not a measure: without a limit these take minutes, or all memory


def test_patterns_of_one_decision_share_their_time() -> None:
    patience = Patience(0.01)
    slow = {"params.text": {"$regex": "(a|aa)+$"}}
    assert met(slow, params={"text": "a" * 200 + "b"}, patience=patience) is False
    assert patience.left <= 0
    assert met({"params.text": {"$regex": "word"}}, params={"text": "word"}, patience=patience) is False


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"\Agpt", "Agpt", True),  # letters that mean nothing to JavaScript stand for themselves
        ("a{e<=2}", "b", False),
        ("a{e<=2}", "a{e<=2}", True),
        ("a{,3}", "a{,3}", True),
        ("x{2,3}", "xxx", True),
        ("[[:alpha:]]", "q", False),
        ("[^]", "\n", True),
        (r"[\]$]", "$", True),
        (r"\$", "$", True),
        ("^*", "", False),  # an assertion cannot be repeated
        (r"\b+", "a", False),
        (r"\\b+", r"\b", True),
        ("[$^*]", "*", True),
        (r"\d", "٣", False),
        (r"\u0061", "a", True),
        ("(?:a|b)c", "bc", True),
        ("(?<=a)b", "ab", True),
        ("a|b", "b", True),
    ],
)
def test_patterns_are_read_as_javascript_reads_them(pattern: str, text: str, found: bool) -> None:
    assert patterns.search(pattern, text, Patience(1)) is found


@given(
    st.text(max_size=40) | st.from_regex(r"[a\\()\[\]{}0-9,?*+$^|.:<>=!-]{0,30}", fullmatch=True), st.text(max_size=30)
)
def test_any_pattern_has_an_answer(pattern: str, text: str) -> None:
    found = patterns.search(pattern, text, Patience())
    assert not (found and patterns.fault(pattern))


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.lists(st.text(max_size=3), max_size=2)
)


@given(VALUES, VALUES)
def test_opposites_are_opposite(value: object, wanted: object) -> None:
    def holds(operator: str, operand: object) -> bool:
        return met({"params.x": {operator: operand}}, params={"x": value})

    assert holds("$eq", wanted) is not holds("$ne", wanted)
    assert holds("$in", [wanted]) is holds("$eq", wanted) is not holds("$nin", [wanted])
    assert not (holds("$gt", wanted) and holds("$lte", wanted))
    assert not (holds("$lt", wanted) and not holds("$lte", wanted))
