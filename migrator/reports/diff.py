"""Changes as a unified diff with git's headers, which `git apply` and `patch -p1` take when it is raw."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby, pairwise
from typing import Literal, NamedTuple

from migrator.reports.masking import mask as mask_secrets
from migrator.reports.masking import visible_lines
from migrator.sites import Change

Kind = Literal["file", "hunk", "add", "delete", "keep"]
Line = tuple[Kind, str]  # the text ends with its newline
STYLES: dict[Kind, dict[str, str | bool]] = {
    "file": {"bold": True},
    "hunk": {"fg": "cyan"},
    "add": {"fg": "green"},
    "delete": {"fg": "red"},
    "keep": {},
}
_CONTEXT = 3
_MATCHER_CELLS = 250_000  # lines times lines: what searching a region without unique lines may cost


class Region(NamedTuple):
    """`old[i:k]` is replaced by `new[j:m]`, in lines from 0."""

    i: int
    k: int
    j: int
    m: int


def unified(changes: Iterable[Change], *, mask: bool = True, colour: bool = False) -> str:
    """The diff of all changes, in their order.

    Masked it is for reading: no secrets, no control characters. Raw (`mask=False`) it holds every byte: encode it as
    UTF-8 with `surrogateescape`.
    """
    lines = (line for change in changes for line in (shown(change) if mask else diff_lines(change)))
    return "".join(_coloured(*line) if colour else line[1] for line in lines)


def shown(change: Change) -> Iterator[Line]:
    """The lines of one change's diff as a reader may see them."""
    return ((kind, visible_lines(text)) for kind, text in diff_lines(change, mask=True))


def diff_lines(change: Change, *, mask: bool = False) -> Iterator[Line]:
    """The lines of one change's diff, if asked without secrets; bytes that are no UTF-8 are surrogates."""
    before, after = ((data or b"").decode("utf-8", "surrogateescape") for data in (change.before, change.after))
    old, new = _split(before), _split(after)
    regions = list(_changed(old, new))
    old_path, new_path = change.path, change.new_path or change.path
    yield "file", f"diff --git {_quoted('a/' + old_path)} {_quoted('b/' + new_path)}\n"
    mode = 0o755 if change.mode & 0o100 else 0o644
    if change.kind == "create":
        yield "file", f"new file mode 100{mode:o}\n"
    elif change.kind == "delete":
        yield "file", f"deleted file mode 100{mode:o}\n"
    elif change.kind == "rename":
        yield "file", f"similarity index {_similarity(old, new, regions)}%\n"
        yield "file", f"rename from {_quoted(old_path)}\n"
        yield "file", f"rename to {_quoted(new_path)}\n"
    if regions:
        yield "file", f"--- {_name('a/', old_path, change.before)}\n"
        yield "file", f"+++ {_name('b/', new_path, change.after)}\n"
    if mask and regions:  # each side as a whole: what names a secret may stand outside the hunk
        old, new = _split(mask_secrets(before)), _split(mask_secrets(after))
    for hunk in _hunks(regions):
        yield from _hunk_lines(old, new, hunk)


def _coloured(kind: Kind, text: str) -> str:
    from click import style

    body = text.rstrip("\r\n")
    return style(body, **STYLES[kind]) + text[len(body) :] if STYLES[kind] else text  # type: ignore[arg-type]


def _split(text: str) -> list[str]:
    """The lines with their newlines; only `\\n` ends one, as git has it."""
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


def _quoted(path: str) -> str:
    """The path as git writes it in headers: in quotes, with octal bytes, if it has characters that would confuse."""
    if path.isprintable() and '"' not in path and "\\" not in path:
        return path
    plain = {ord('"'): '\\"', ord("\\"): "\\\\", ord("\n"): "\\n", ord("\t"): "\\t"}
    data = path.encode("utf-8", "surrogateescape")
    return '"' + "".join(plain.get(b) or (chr(b) if 32 <= b < 127 else f"\\{b:03o}") for b in data) + '"'


def _name(side: str, path: str, content: bytes | None) -> str:
    """The path of a `---` or `+++` line; a tab ends one with spaces, or `patch` would cut it short."""
    if content is None:
        return "/dev/null"
    quoted = _quoted(side + path)
    return quoted + "\t" if " " in quoted else quoted


def _similarity(old: Sequence[str], new: Sequence[str], regions: Sequence[Region]) -> int:
    """How much of the larger text stayed, in per cent of its characters; below 100 if anything changed."""
    if not regions:
        return 100
    gone = sum(len(line) for r in regions for line in old[r.i : r.k])
    size = sum(map(len, old))
    return 100 * (size - gone) // max(size, sum(map(len, new)))


# --------------------------------------------------------------------------------------------------------- matching


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[Region]:
    """The regions that differ, in order: what both begin and end with is trimmed, lines unique to both are anchors."""
    waiting = [Region(0, len(old), 0, len(new))]
    while waiting:
        region = i, k, j, m = _trimmed(old, new, waiting.pop())
        if i == k or j == m:
            if i < k or j < m:
                yield region
        elif anchors := _anchors(old, new, region):
            pairs = pairwise([(i - 1, j - 1), *anchors, (k, m)])
            gaps = [Region(above[0] + 1, below[0], above[1] + 1, below[1]) for above, below in pairs]
            waiting += reversed(gaps)
        else:
            yield from _matched(old, new, region)


def _trimmed(old: Sequence[str], new: Sequence[str], region: Region) -> Region:
    i, k, j, m = region
    while i < k and j < m and old[i] == new[j]:
        i, j = i + 1, j + 1
    while i < k and j < m and old[k - 1] == new[m - 1]:
        k, m = k - 1, m - 1
    return Region(i, k, j, m)


def _anchors(old: Sequence[str], new: Sequence[str], region: Region) -> list[tuple[int, int]]:
    """Pairs of line numbers of lines that both sides have once, rising on both: the longest such list."""
    i, k, j, m = region
    once = {line for line, n in Counter(old[i:k]).items() if n == 1}
    once &= {line for line, n in Counter(new[j:m]).items() if n == 1}
    where = {new[n]: n for n in range(j, m) if new[n] in once}
    pairs = [(n, where[old[n]]) for n in range(i, k) if old[n] in once]
    return _longest_rising(pairs)


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest list of pairs, in their order, whose second numbers rise."""
    tails: list[int] = []  # the smallest number that ends a rising list of length 1, 2, …
    ends: list[int] = []  # and the index of its pair
    before: list[int] = []  # for each pair, the index of the one before it
    for index, (_, number) in enumerate(pairs):
        length = bisect_left(tails, number)
        before.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [number]
        ends[length : length + 1] = [index]
    rising = []
    index = ends[-1] if ends else -1
    while index >= 0:
        rising.append(pairs[index])
        index = before[index]
    return rising[::-1]


def _matched(old: Sequence[str], new: Sequence[str], region: Region) -> Iterator[Region]:
    """The regions that differ where no line is unique: searched for if that is cheap, else line against line."""
    i, k, j, m = region
    if (k - i) * (m - j) <= _MATCHER_CELLS:
        for tag, a, b, c, d in SequenceMatcher(None, old[i:k], new[j:m], autojunk=False).get_opcodes():
            if tag != "equal":
                yield Region(i + a, i + b, j + c, j + d)
    elif k - i == m - j:
        for same, run in groupby(range(k - i), key=lambda n: old[i + n] == new[j + n]):
            numbers = list(run)
            if not same:
                a, b = numbers[0], numbers[-1] + 1
                yield Region(i + a, i + b, j + a, j + b)
    else:
        yield region


# ------------------------------------------------------------------------------------------------------------ hunks


def _hunks(regions: Sequence[Region]) -> Iterator[list[Region]]:
    """Regions so near to each other that their context touches make one hunk."""
    hunk: list[Region] = []
    for region in regions:
        if hunk and region.i - hunk[-1].k > 2 * _CONTEXT:
            yield hunk
            hunk = []
        hunk.append(region)
    if hunk:
        yield hunk


def _hunk_lines(old: Sequence[str], new: Sequence[str], hunk: Sequence[Region]) -> Iterator[Line]:
    first, last = hunk[0], hunk[-1]
    lead = min(_CONTEXT, first.i)
    tail = min(_CONTEXT, len(old) - last.k)
    old_range = _range(first.i - lead, last.k + tail)
    new_range = _range(first.j - lead, last.m + tail)
    yield "hunk", f"@@ -{old_range} +{new_range} @@\n"
    at = first.i - lead
    for region in hunk:
        yield from _lines("keep", old[at : region.i])
        yield from _lines("delete", old[region.i : region.k])
        yield from _lines("add", new[region.j : region.m])
        at = region.k
    yield from _lines("keep", old[at : last.k + tail])


def _range(start: int, end: int) -> str:
    """Lines from 0 as a hunk header counts them; an empty range names the line before it."""
    if end - start == 1:
        return f"{end}"
    return f"{start + 1 if end > start else start},{end - start}"


def _lines(kind: Kind, lines: Iterable[str]) -> Iterator[Line]:
    sign = {"keep": " ", "delete": "-", "add": "+"}[kind]
    for line in lines:
        if line.endswith("\n"):
            yield kind, sign + line
        else:
            yield kind, f"{sign}{line}\n"
            yield "keep", "\\ No newline at end of file\n"
