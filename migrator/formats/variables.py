"""Environment variables that a library read by itself, in any file that names them: reported, and left alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.fates.names import Names
from migrator.formats.deployment import is_deployment
from migrator.primitives.library import Variable
from migrator.sites import Finding, Status

TEMPLATE = re.compile(r"(?:example|sample|template|dist)[^/]*$")
PROSE = frozenset({"markdown", "rst", "text"})
_INPUT = re.compile(r"[ \t]*[\w-]+:[ \t]*(['\"]?)\$\{\{[^}]*\}\}\1[ \t]*$")  # an input that is this value and no more
_USES = re.compile(r"^[ \t]*(?:-[ \t]+)?uses:[ \t]*['\"]?(\S+)", re.MULTILINE)
SILENT = frozenset({"lock", "notebook", "sql", "requirements"})  # kinds of files that no variable is told of


def find(text: str, kind: str, names: Names, path: str) -> Iterator[Finding]:
    """A finding for the first place of each variable, and one for all keys of providers in a file that sets them."""
    pattern = names.variable_pattern
    if pattern is None or kind in SILENT:
        return
    sets = bool(TEMPLATE.search(path)) if kind == "env" else is_deployment(path, text)
    listed: dict[str, list[re.Match[str]]] = {}
    seen: set[str] = set()
    for match in pattern.finditer(text):
        rule = names.variable(match[0])
        if rule is None or match[0] in seen or not match[0].isupper() or _is_read(match[0], rule, names):
            continue
        if rule.templates and ".github/" in path and _is_of_action(text, match.start()):
            continue
        seen.add(match[0])
        if not rule.templates:
            is_prose = kind in PROSE
            status = Status.REVIEW if is_prose else names.left
            yield Finding(match.start(), rule.id, status, _said(match[0], rule, names), prose=is_prose)
        elif sets:
            listed.setdefault(rule.id, []).append(match)
    for rule in names.rules.variables:
        if rule.id in listed:
            said = f"{', '.join(sorted(m[0] for m in listed[rule.id]))}: {rule.message}{_missing(text, kind, names)}"
            yield Finding(listed[rule.id][0].start(), rule.id, Status.REVIEW, said)


def _is_of_action(text: str, start: int) -> bool:
    """Whether a variable is what an action of others is given in a workflow, which is none of the project's code."""
    begin = text.rfind("\n", 0, start) + 1
    line = text[begin : text.find("\n", start) if "\n" in text[start:] else len(text)].rstrip("\r")
    if not _INPUT.match(line):
        return False
    width = len(line) - len(line.lstrip())
    above = (each for each in reversed(text[:begin].splitlines()) if each.strip())
    around = next((each for each in above if len(each) - len(each.lstrip()) < width), "")
    used = [match[1] for match in _USES.finditer(text, 0, begin)]
    return around.strip() == "with:" and bool(used) and not used[-1].startswith("./")


def _missing(text: str, kind: str, names: Names) -> str:
    """What to set instead, where no variable is added to a file of this kind."""
    added = [each.name for each in names.rules.env_adds if not each.value and each.name not in text]
    return f"; set {', '.join(added)} here" if added and kind != "env" else ""


def _is_read(name: str, rule: Variable, names: Names) -> bool:
    """Whether the project's own code reads a variable that is not called after the library."""
    return name in names.rules.read and not rule.is_librarys(name)


def _said(name: str, rule: Variable, names: Names) -> str:
    read = "; code here reads it" if name in names.rules.read and not names.rules.clients else ""  # theirs goes
    return f"{name}: {rule.message}{read}"
