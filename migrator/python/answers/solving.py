"""Finds values that rest on each other, in circles too: what changes is handed on until nothing does any more."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from migrator.python.answers.values import NONE, Values

Find = Callable[[], Values]
_DEEPEST = 40  # values that are found out inside one another; what is asked for further down waits
_REPLACED = 6  # times that a value is replaced by a new one; from then on it only grows, so that there is an end
_GROWN = 12


class Solving:
    """Values by key, each found out once and again whenever one that it rests on has changed.

    A value that is being found out is nothing at all, to begin with. Nothing changes once the first question is
    answered, so it does not matter which one that was.
    """

    def __init__(self) -> None:
        self.known: dict[Hashable, Values] = {}
        self._open: dict[Hashable, Find] = {}  # what may still change
        self._resting: dict[Hashable, dict[Hashable, None]] = {}  # key -> the keys whose values rest on its value
        self._waiting: dict[Hashable, None] = {}
        self._rounds: dict[Hashable, int] = {}
        self._asking: list[Hashable] = []

    def value(self, key: Hashable, find: Find) -> Values:
        """The value of a key, as far as it is known."""
        if key not in self.known:
            self.known[key] = NONE
            self._open[key] = find
            if len(self._asking) < _DEEPEST:
                self._find(key)
            else:
                self._waiting[key] = None
            if not self._asking:
                self._settle()
        if self._asking and key in self._open:
            self._resting.setdefault(key, {})[self._asking[-1]] = None
        return self.known[key]

    def _find(self, key: Hashable) -> None:
        self._asking.append(key)
        found = self._open[key]()
        self._asking.pop()
        before = self.known[key]
        if found != before:
            count = self._rounds[key] = self._rounds.get(key, 0) + 1
            if count > _REPLACED:
                found |= before
            if count > _GROWN:
                return
            self.known[key] = found
            if found != before:
                self._waiting.update(self._resting.pop(key, {}))

    def _settle(self) -> None:
        while self._waiting:
            self._find(self._waiting.popitem()[0])
        self._open.clear()
        self._resting.clear()
        self._rounds.clear()
