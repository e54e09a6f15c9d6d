"""What the directives of a text, `%s` and `{}`, make of the values that they are given."""

from __future__ import annotations

import re
import string
from typing import Literal

Made = Literal["str", "repr", "part", "other"]  # `part` reads something off the value, and makes a text of that
Fields = dict[int | str, set[Made]]  # by the number of an argument, or by its name

_PERCENT = re.compile(r"%(?:\((?P<name>[^)]*)\))?[#0 +-]*(?P<width>[\d.*]*)[hlL]?(?P<kind>[a-zA-Z%])")
_KINDS: dict[str, Made] = {"s": "str", "r": "repr", "a": "repr"}


def of_percent(text: str) -> Fields:
    """What `text % (…)` makes of each value; nothing where that depends on a width among them."""
    made: Fields = {}
    for number, found in enumerate(m for m in _PERCENT.finditer(text) if m["kind"] != "%"):
        if "*" in found["width"]:
            return {}
        name = number if found["name"] is None else found["name"]
        made.setdefault(name, set()).add(_KINDS.get(found["kind"], "other"))
    return made


def of_format(text: str) -> Fields:
    """What `text.format(…)` makes of each value; nothing where the text is none for that."""
    made: Fields = {}
    try:
        fields = [field for field in string.Formatter().parse(text) if field[1] is not None]
    except ValueError:
        return {}
    numbered = 0
    for _, name, form, sign in fields:
        first = re.split(r"[.\[]", name or "", maxsplit=1)[0]
        place = int(first) if first.isdecimal() else first or numbered
        numbered += not first
        made.setdefault(place, set()).add(_made(first != name, form or "", sign or ""))
        for _, inner, *_ in string.Formatter().parse(form or ""):
            made.setdefault(inner or numbered, set()).update(() if inner is None else {"other"})
            numbered += inner == ""
    return made


def _made(is_part: bool, form: str, sign: str) -> Made:
    if is_part:
        return "part"
    if sign in ("r", "a"):
        return "repr"
    return "str" if sign == "s" or not form else "other"
