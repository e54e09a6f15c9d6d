"""Finds values that rest on each other, in circles too: what changes is handed on until nothing does any more."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

_T = TypeVar("_T")
_Find = Callable[[], frozenset[Any]]
_DEEPEST = 40  # values that are found out inside one another; what is asked for further down waits
_REPLACED = 4  # times that a value is replaced by a new one; from then on it only grows
_CHANGED = 6  # times that it changes at all: a list that is put into itself has no end
_FINITE = sys.maxsize  # of a value that can only be some of a few things: there is an end


class Solving:
    """Values by key. One is found out when it is asked for, and again whenever one that it rests on has changed.

    It is nothing at all to begin with. Once the outermost question is answered, nothing that it led to changes any
    more, so it does not matter where a circle was entered.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, frozenset[Any]] = {}
        self._open: dict[Hashable, tuple[_Find, int]] = {}  # what may still change, how it is found out, how often
        self._resting: dict[Hashable, dict[Hashable, None]] = {}  # key -> the keys whose values rest on its own
        self._changes: dict[Hashable, int] = {}
        self._waiting: OrderedDict[Hashable, None] = OrderedDict()
        self._asking: list[Hashable] = []  # the keys that are being found out, the innermost last

    def value(self, key: Hashable, find: Callable[[], frozenset[_T]], *, finite: bool = False) -> frozenset[_T]:
        """The value of a key, as far as it is known where it is asked for in a circle."""
        if key not in self._known:
            self._known[key] = frozenset()
            self._open[key] = find, _FINITE if finite else _CHANGED
            if len(self._asking) < _DEEPEST:
                self._find(key)
            else:
                self._waiting[key] = None
            if not self._asking:
                self._settle()
        if self._asking and key in self._open:
            self._resting.setdefault(key, {})[self._asking[-1]] = None
        return self._known[key]

    def _find(self, key: Hashable) -> None:
        find, most = self._open[key]
        self._asking.append(key)
        found, before = find(), self._known[key]
        self._asking.pop()
        count = self._changes.get(key, 0)
        if count >= _REPLACED:
            found |= before
        if found != before and count < most:
            self._known[key], self._changes[key] = found, count + 1
            self._waiting.update(self._resting.pop(key, {}))

    def _settle(self) -> None:
        """Find out again what rests on what has changed, until nothing does.

        What waits the longest comes first: what rests on many others is then found out once for all that changed.
        """
        while self._waiting:
            self._find(self._waiting.popitem(last=False)[0])
        self._open.clear()
        self._resting.clear()
        self._changes.clear()
