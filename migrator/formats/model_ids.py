"""Model ids in configuration files of a project that uses a library, where the key names one, and in prose."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.clients.in_use import InUse, told
from migrator.fates.names import Names
from migrator.sites import Edit, Finding, Status

_KINDS = {"yaml", "toml", "json", "env", "ini", "config", "script"}
_PROSE = {"markdown", "rst"}
_ID = r"[A-Za-z][\w.-]*(?:/[A-Za-z0-9@~][\w.:@+-]*)*"
_VALUE = re.compile(
    rf"""(?<![\w./$-])(?P<key>[A-Za-z_][\w.-]*)["']?[ \t]*[:=][ \t]*["']?(?:\$\{{\w+:?-)?(?P<id>{_ID})
        (?=["'\s,}}\]\#]|$)""",
    re.VERBOSE | re.MULTILINE,
)
_LIST = re.compile(r"""(?<![\w./$-])(?P<key>[A-Za-z_][\w.-]*)["']?[ \t]*[:=][ \t]*\[(?P<items>[^\[\]{}]*)\]""")
_ITEMS = re.compile(
    r"""^(?P<indent>[ ]*)(?:-[ ]+)?["']?(?P<key>[A-Za-z_][\w.-]*)["']?:[ \t]*(?:\#[^\n]*)?\r?\n
        (?P<items>(?:(?P=indent)[ ]*-[ ]+["']?[\w./:@-]+["']?[ \t]*(?:\#[^\n]*)?(?:\r?\n|$))+)""",
    re.VERBOSE | re.MULTILINE,
)
_ITEM = re.compile(rf"""(?<![\w./:@-]){_ID}(?![\w./:@-])""")
_MENTION = re.compile(r"(?<![\w./:@-])[a-z][\w-]*/[A-Za-z0-9@][\w.:@/-]*[\w]")
_COMMENT = re.compile(r"[ \t]*(?:#|//|;)")
_PROXY = re.compile(r"\blitellm_params\b")
_RECORDS = re.compile(
    r"(^|/)(data|datasets?|results?|outputs?|logs?|runs|fixtures|cassettes|snapshots|__snapshots__|recordings|traces)/"
    r"|(^|/)(package|package-lock|tsconfig|composer)\.json$|lock\.json$",
    re.IGNORECASE,
)
_MANY = 30  # ids in one file of data


def find(text: str, kind: str, names: Names, path: str) -> Iterator[Finding]:
    """Findings for the ids of a file: edited where the key tells what they are, mentioned once in prose."""
    using = names.rules.ids
    if using is None or kind not in _KINDS | _PROSE:
        return
    if kind in _PROSE:
        yield from _mentioned(text, using) if not names.keeps_library else ()
        return
    proxy = _PROXY.search(text) if not names.keeps_library and "model_list" in text else None
    if proxy:
        said = "models of LiteLLM's proxy server: this migration leaves it as it is, set them up at the gateway"
        yield Finding(proxy.start(), using.rule.id, Status.REVIEW, said)
        return
    if _RECORDS.search(path):
        return
    found = sorted(set(_spelled(text, kind, using, path)))
    if names.keeps_library:  # what calls the library maps the others
        found = [(start, old) for start, old in found if using.ids.settled(old) is None]
    if len(found) > _MANY and kind == "json":
        return
    yield from _findings(text, kind, found, using)


def _spelled(text: str, kind: str, using: InUse, path: str) -> Iterator[tuple[int, str]]:
    """Where ids stand whose key says that they are models, and their texts."""
    for match in _VALUE.finditer(text):
        if _is_meant(text, match, kind, using, path) and using.is_told(match["id"]):
            yield match.start("id"), match["id"]
    for pattern in (_LIST, _ITEMS) if kind != "env" else ():
        for match in pattern.finditer(text):
            if _is_meant(text, match, kind, using, path):
                items = _ITEM.finditer(match["items"])
                yield from ((match.start("items") + i.start(), i[0]) for i in items if using.is_told(i[0]))


def _is_meant(text: str, match: re.Match[str], kind: str, using: InUse, path: str) -> bool:
    """Whether the key names a model, outside a comment, and is no argument of an action of a workflow."""
    key = match["key"].rpartition(".")[2]
    line = text[text.rfind("\n", 0, match.start("key")) + 1 : match.start("key")]
    commented = bool(_COMMENT.match(line)) and kind != "env"
    return using.names_model(key) and not commented and (key.isupper() or ".github/" not in path)


def _is_bare(text: str, start: int) -> bool:
    """Whether a value has no quotes, and stands for itself; YAML has a meaning of its own for some that begin so."""
    return text[start - 1] in " \t[,"


def _findings(text: str, kind: str, found: list[tuple[int, str]], using: InUse) -> Iterator[Finding]:
    left: list[tuple[int, str, str]] = []
    unserved: list[tuple[int, str]] = []
    for start, old in found:
        new = using.ids.settled(old)
        kept = using.kept_for(old)
        if new is None:
            unserved.append((start, old))
        elif kept:
            left.append((start, old, kept))
        else:
            said = f"{old} → {new}: {using.rule.message}"
            spelled = f'"{new}"' if kind == "yaml" and new.startswith("@") and _is_bare(text, start) else new
            yield Finding(start, using.rule.id, Status.REVIEW, said, (Edit(start, start + len(old), spelled),))
    if left:
        said = f"{told(o for _, o, _ in left)} stays, for {left[0][2]}: the client module maps it at run time"
        yield Finding(left[0][0], using.rule.id, Status.REVIEW, said)
    if unserved:
        yield Finding(unserved[0][0], using.rule.id, Status.MANUAL, using.say_unserved(o for _, o in unserved))


def _mentioned(text: str, using: InUse) -> Iterator[Finding]:
    """One finding for all ids of a text that another spelling takes the place of."""
    found = [m for m in _MENTION.finditer(text) if using.is_told(m[0]) and using.ids.settled(m[0]) and _is_model(m[0])]
    if found:
        said = f"prose: {told(m[0] for m in found)}: spelled otherwise at the gateway; edited by hand"
        yield Finding(found[0].start(), using.rule.id, Status.REVIEW, said, prose=True)


def _is_model(text: str) -> bool:
    """Whether a word with a slash reads as a model's name: with a digit, as they have, and no folder's name."""
    return any(c.isdigit() for c in text.partition("/")[2])
