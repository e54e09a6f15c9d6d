"""Values that rest on each other: found out once, whichever of them is asked for first, and always to an end."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from migrator.python.answers.solving import Solving
from migrator.python.answers.values import NONE, Is, Many, Values, union

ANSWER = Is("answer")


class Graph:
    """Each name comes to what it has itself, and to all that those come to that it rests on."""

    def __init__(self, own: dict[str, Values], on: dict[str, list[str]]) -> None:
        self.own, self.on, self.solving, self.found = own, on, Solving(), Counter[str]()

    def value(self, name: str) -> Values:
        return self.solving.value(name, lambda: self._find(name))

    def _find(self, name: str) -> Values:
        self.found[name] += 1
        return union([self.own.get(name, NONE), *(self.value(other) for other in self.on.get(name, ()))])


def test_nothing_is_found_out_twice_without_a_circle() -> None:
    graph = Graph({"d": frozenset({ANSWER})}, {"a": ["b", "c"], "b": ["d"], "c": ["d"]})
    assert [graph.value(name) for name in "abcd"] == [{ANSWER}] * 4
    assert set(graph.found.values()) == {1}


def test_a_circle_with_nothing_in_it_is_nothing() -> None:
    assert Graph({}, {"a": ["b"], "b": ["a"]}).value("a") == NONE


@pytest.mark.parametrize("first", "abcd")
def test_it_does_not_matter_where_circles_are_entered(first: str) -> None:
    graph = Graph({"d": frozenset({ANSWER})}, {"a": ["b"], "b": ["c", "a"], "c": ["a", "d"], "d": ["b"]})
    graph.value(first)
    assert {graph.value(name) for name in "abcd"} == {frozenset({ANSWER})}


def test_a_long_way_is_gone_to_its_end() -> None:
    names = [str(number) for number in range(5000)]
    graph = Graph({names[-1]: frozenset({ANSWER})}, {a: [b] for a, b in pairwise(names)})
    assert graph.value("0") == {ANSWER}


def test_what_rests_on_many_far_down_is_found_out_once_for_all_of_them() -> None:
    way, many = [f"way {number}" for number in range(39)], [f"one {number}" for number in range(500)]
    on = {a: [b] for a, b in pairwise([*way, "all"])} | {"all": many}
    graph = Graph({one: frozenset({Is(one)}) for one in many}, on)
    assert graph.value("way 0") == {Is(one) for one in many}
    assert graph.found["all"] <= 3


def test_what_is_some_of_a_few_things_changes_as_often_as_it_has_to() -> None:
    solving = Solving()

    def find() -> frozenset[int]:
        there = solving.value("numbers", find, finite=True)
        return there | {len(there)} if len(there) < 50 else there

    assert solving.value("numbers", find, finite=True) == {*range(50)}


def test_a_list_that_is_put_into_itself_has_an_end() -> None:
    solving = Solving()

    def find() -> Values:
        return frozenset({ANSWER, Many(solving.value("list", find))})

    assert ANSWER in solving.value("list", find)
