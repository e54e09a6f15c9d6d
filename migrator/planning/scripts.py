"""The scripts of a tree that are read for a client they have from another one, and what they hand on themselves."""

from __future__ import annotations

import posixpath
import re
from contextlib import suppress
from dataclasses import replace

from migrator.fates.packages import SAYING, Packages, packages
from migrator.fates.sought import about_models
from migrator.formats.script import CALL, METHODS, asks, is_script, speaks, takes
from migrator.packs.ruleset import Rules
from migrator.planning.candidates import Candidates
from migrator.tree import project as tree
from migrator.tree.textio import decode

_PASSED_ON = re.compile(r"""\bexport\s*(?:\*|\{[^}]*\})\s*from\s*["']""")


def read_callers(rules: Rules, candidates: Candidates) -> None:
    """Read the scripts that may call a client that they got from another file, where the tree has one to hand on."""
    if not any(is_script(path) and asks(each.text.text, rules) for path, each in candidates.by_path.items()):
        return
    root, others = candidates.project.root, [path for path in candidates.unread() if is_script(path)]
    calling = tree.matching(root, others, [CALL.encode(), *METHODS])[0]
    slugs = tree.matching(root, tree.matching(root, others, [b'"@', b"'@", b"`@"])[0], about_models(rules))[0]
    candidates.read(sorted({*calling, *slugs}))


def with_handed(rules: Rules, candidates: Candidates) -> Rules:
    """The rules with what the tree's scripts hand on to one another of a client SDK; reads those that take it."""
    texts = _texts(candidates)
    if not any(speaks(text, rules) for text in texts.values()):
        return rules
    from migrator.javascript.handing import handed_on

    rules = replace(rules, packages=_packages(candidates))
    handed = handed_on(texts, rules)
    while handed:
        handed = handed_on(_texts(candidates) | _passing_on(candidates), rules)
        if not _read_takers(replace(rules, handed=handed), candidates):
            break
    return replace(rules, handed=handed)


def _packages(candidates: Candidates) -> Packages:
    """What the tree says of packages."""
    return packages({path: _read(candidates, path) for path in candidates.files if SAYING.fullmatch(path)})


def _texts(candidates: Candidates) -> dict[str, str]:
    return {path: each.text.text for path, each in candidates.by_path.items() if is_script(path)}


def _read_takers(rules: Rules, candidates: Candidates) -> bool:
    """Read the scripts that import what others hand on; whether there are any not read before."""
    parts = (part for each in rules.handed for part in (each.module, posixpath.dirname(each.module)))
    ends = sorted({posixpath.basename(part).encode() for part in parts} - {b".", b""})
    root, others = candidates.project.root, [path for path in candidates.unread() if is_script(path)]
    found = [path for path in tree.matching(root, others, ends)[0] if takes(_read(candidates, path), path, rules)]
    candidates.read(found)
    return bool(found)


def _read(candidates: Candidates, path: str) -> str:
    with suppress(OSError, ValueError):  # nothing of it is edited, so it need not be told
        return decode(tree.read(candidates.project.root, path), path).text
    return ""


def _passing_on(candidates: Candidates) -> dict[str, str]:
    """The texts, by path, of the tree's other scripts that export what they take from another one."""
    root, texts = candidates.project.root, dict[str, str]()
    others = [path for path in candidates.unread() if is_script(path)]
    for path in tree.matching(root, others, [b"export *", b"export {"])[0]:
        text = _read(candidates, path)
        if _PASSED_ON.search(text):
            texts[path] = text
    return texts
