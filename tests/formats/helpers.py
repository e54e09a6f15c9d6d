"""What the tests of every file kind share: the names of a real pack, and edits applied to a text."""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import pairwise

from migrator.fates.names import Names
from migrator.formats import Context, format_of
from migrator.packs.load import builtin_folder, load
from migrator.packs.ruleset import compose
from migrator.sites import Edit, Finding, Status

PACK = "agentcore-portkey-to-llm-gateway"


@cache
def names() -> Names:
    """The names of the AgentCore pack."""
    return Names(compose([load(builtin_folder() / PACK)]), {"app.llm.PortkeyClient": "app.llm.LLMGatewayClient"})


def python(text: str) -> list[Finding]:
    """A stand-in for the Python search: dotted names of code that parses, and the whole line `import portkey_ai`."""
    ast.parse(text)
    found = list(names().dotted_in(text))
    for match in re.finditer(r"import portkey_ai\n", text):
        edit = Edit(match.start(), match.end(), "import os\nimport re\n")
        found.append(Finding(match.start(), "test.import", Status.MIGRATED, "two lines for one", (edit,)))
    return found


def find(path: str, text: str, *, prose: bool = False, head: str = "") -> list[Finding]:
    """The findings of a text, by the kind that its path is."""
    kind = format_of(path, head)
    assert kind is not None
    found = kind.find(text, names(), Context(path, prose, python))
    assert found == sorted(found, key=lambda f: f.start)
    return found


def apply(text: str, findings: list[Finding]) -> str:
    """The text with every edit made, none of which may overlap another."""
    edits = sorted(e for f in findings for e in f.edits)
    assert all(a.end <= b.start for a, b in pairwise(edits)), edits
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def migrate(path: str, text: str, *, prose: bool = False) -> str:
    """The text after one run, which a second one leaves alone; the same with CRLF, and without a final newline."""
    after = _twice(path, text, prose=prose)
    crlf = _twice(path, text.replace("\n", "\r\n"), prose=prose)
    assert crlf == after.replace("\n", "\r\n")
    bare = _twice(path, text.removesuffix("\n"), prose=prose)
    assert bare == after.removesuffix("\n")
    return after


def _twice(path: str, text: str, *, prose: bool) -> str:
    kind = format_of(path)
    assert kind is not None
    after = apply(text, find(path, text, prose=prose))
    again = find(path, after, prose=prose)
    assert not [f for f in again if f.edits], again
    return after


def said(findings: list[Finding]) -> list[str]:
    """`status: message` of each finding."""
    return [f"{f.status}: {f.message}" for f in findings]


def statuses(findings: list[Finding]) -> list[str]:
    """The statuses, in order of place."""
    return [f.status.value for f in findings]
