"""The cells of a Jupyter notebook: their text, and where each character of it stands in the JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.sites import Edit

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],]')
_KEY = re.compile(r"\s*:")
_PART = re.compile(r"\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|\\u\w{4}|\\.|[^\\]")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `places` has the offset in the notebook of each character of `text`, and of its end.

    Where the text is a list of lines, `between` is what stands between two of them in the JSON.
    """

    kind: str
    text: str
    places: tuple[int, ...]
    between: str

    def edit(self, start: int, end: int, text: str) -> Edit:
        """The edit of the notebook that puts `text` in the place of these characters of the cell."""
        written = json.dumps(text, ensure_ascii=False)[1:-1]
        if self.between:
            written = re.sub(r"(?<!\\)((?:\\\\)*)\\n", lambda m: f"{m[0]}{self.between}", written)
            if end == len(self.text):
                written = written.removesuffix(self.between)
        return Edit(self.places[start], self.places[end], written)


def cells(notebook: str) -> Iterator[Cell]:
    """The cells in their order; none in notebooks older than nbformat 4."""
    kinds: dict[int, str] = {}
    pieces: dict[int, list[tuple[int, int]]] = {}
    for path, start, end in _strings(notebook):
        match path:
            case ("cells", int(number), "cell_type"):
                kinds[number] = notebook[start:end]
            case ("cells", int(number), "source") | ("cells", int(number), "source", int()):
                pieces.setdefault(number, []).append((start, end))
    for number in sorted(pieces):
        yield _cell(notebook, kinds.get(number, ""), pieces[number])


def code_of(notebook: str) -> str:
    """The code of a notebook, one cell after the other, whatever it is written in."""
    return "\n".join(cell.text for cell in cells(notebook) if cell.kind == "code")


def _cell(notebook: str, kind: str, pieces: list[tuple[int, int]]) -> Cell:
    text, places = list[str](), list[int]()
    for start, end in pieces:
        for part in _PART.finditer(notebook, start, end):
            text.append(part[0] if part[0][0] != "\\" else json.loads(f'"{part[0]}"'))
            places.append(part.start())
    listed = notebook[: pieces[0][0] - 1].rstrip().endswith("[")
    between = '",\n    "' if listed else ""
    if len(pieces) > 1:
        between = notebook[pieces[0][1] : pieces[1][0]]
    return Cell(kind, "".join(text), (*places, pieces[-1][1]), between)


def _strings(notebook: str) -> Iterator[tuple[tuple[str | int, ...], int, int]]:
    """The strings that are values: the keys and positions that lead there, where the content begins and ends."""
    path: list[str | int] = []
    for token in _TOKEN.finditer(notebook):
        match token[0]:
            case "{":
                path.append("")
            case "[":
                path.append(0)
            case "}" | "]":
                del path[-1:]
            case ",":
                if path and isinstance(path[-1], int):
                    path[-1] += 1
            case string:
                if path and isinstance(path[-1], str) and _KEY.match(notebook, token.end()):
                    path[-1] = string[1:-1]
                else:
                    yield tuple(path), token.start() + 1, token.end() - 1
