"""JavaScript and TypeScript: what configuration is looked through for, and the clients of an SDK that is left."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.fates.handed import Handed
from migrator.fates.handed import names as is_named
from migrator.fates.names import Names
from migrator.formats import Context, config, format_of
from migrator.formats.search import beside
from migrator.javascript.specifiers import BEFORE
from migrator.packs.ruleset import Rules
from migrator.planning.model_ids import families
from migrator.sites import Finding
from migrator.tree import project as tree
from migrator.tree.textio import decode

if TYPE_CHECKING:
    from migrator.planning.candidates import Candidates

CALL = ".create("
_METHODS = (b".prompts.", b".feedback.")  # of clients, and hardly of anything else
_PASSED_ON = re.compile(r"""\bexport\s*(?:\*|\{[^}]*\})\s*from\s*["']""")
_IMPORTED = re.compile(r"""\b(?:from|import|require)\s*\(?\s*["'`]([^"'`\n]+)["'`]""")
_TAKEN = re.compile(
    r"""\{(?P<names>[^{}]*)\}\s*(?:from|=\s*(?:await\s+)?(?:require|import)\s*\()\s*["'`](?P<package>[^"'`\n]+)["'`]"""
)
_SLUG = re.compile(r"""["'`]@(?:[\w-]+|\$\{[^}`]*\})/[^\s"'`]+["'`]""")


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """Old names as they are spelt, and what a script has of the SDK, which alone needs its syntax."""
    spelt = config.find(text, names, context)
    if any(finding.prose and (finding.edits or names.rules.clients) for finding in spelt):
        from migrator.javascript.mentioned import in_code

        spelt = list(in_code(spelt, text, context.path))
    rules = names.rules
    if not rules.clients or not (
        speaks(text, rules) or _may_call(text, rules) or _takes(text, context.path, rules.handed)
    ):
        return spelt
    from migrator.javascript.find import find as in_scripts

    theirs = _taken(text, rules)  # which the SDK's own name is, whatever variables are called
    of_sdk = (e for f in spelt for e in f.edits if text[e.start : e.end] in theirs)
    stays = {e for e in of_sdk if not text.endswith(("env.", 'env["', "env['"), 0, e.start)}
    spelt = [f for f in spelt if stays.isdisjoint(f.edits)]
    return beside(in_scripts(text, context.path, names, edit_prose=context.edit_prose), spelt)


def _taken(text: str, rules: Rules) -> set[str]:
    """The names that a script takes from a client SDK that is left."""
    packages = {client.package for client in rules.clients}
    taken = (match["names"] for match in _TAKEN.finditer(text) if match["package"] in packages)
    return {re.split(r"\sas\s|:", name)[0].strip() for names in taken for name in names.split(",")} - {""}


def is_script(path: str) -> bool:
    """Whether a path is that of a script."""
    format = format_of(path)
    return format is not None and format.name == "script"


def speaks(text: str, rules: Rules) -> bool:
    """Whether a script imports a client SDK that is left, sends its headers or names its address."""
    return asks(text, rules) or any(host in text for client in rules.clients for host in client.hosts)


def asks(text: str, rules: Rules) -> bool:
    """Whether a script imports a client SDK that is left, or sends its headers."""
    for client in rules.clients:
        package = rf"""["'`](?:{BEFORE})?{re.escape(client.package)}["'`/@?]|@{re.escape(client.package)}/"""
        if re.search(f"{package}|{re.escape(client.prefix)}", text, re.IGNORECASE):
            return True
    return False


def _may_call(text: str, rules: Rules) -> bool:
    """Whether a file that got its client from another one may give a call options of its own, or name a model."""
    return (
        CALL in text
        or any(each.decode() in text for each in _METHODS)
        or (_SLUG.search(text) is not None and any(word.decode() in text for word in _about_models(rules)))
    )


def _about_models(rules: Rules) -> tuple[bytes, ...]:
    """Bytes of which a file has one where ids of models stand in it."""
    return (b"odel", b"ODEL", *families(rules))


def read_callers(rules: Rules, candidates: Candidates) -> None:
    """Read the scripts that may call a client that they got from another file, where the tree has one to hand on."""
    if not any(is_script(path) and asks(each.text.text, rules) for path, each in candidates.by_path.items()):
        return
    done = {*candidates.by_path, *(problem.path for problem in candidates.problems)}
    others = [path for path in candidates.files if path not in done and is_script(path)]
    root = candidates.project.root
    calling = tree.matching(root, others, [CALL.encode(), *_METHODS])[0]
    slugs = tree.matching(root, tree.matching(root, others, [b'"@', b"'@", b"`@"])[0], _about_models(rules))[0]
    candidates.read(sorted({*calling, *slugs}))


def with_handed(rules: Rules, candidates: Candidates) -> Rules:
    """The rules with what the tree's scripts hand on to one another of a client SDK; reads those that take it."""
    texts = _texts(candidates)
    if not any(speaks(text, rules) for text in texts.values()):
        return rules
    from migrator.javascript.handing import handed_on

    handed = handed_on(texts, rules)
    while handed:
        handed = handed_on(_texts(candidates) | _passing_on(candidates), rules)
        if not _read_takers(handed, candidates):
            break
    return replace(rules, handed=handed)


def _texts(candidates: Candidates) -> dict[str, str]:
    return {path: each.text.text for path, each in candidates.by_path.items() if is_script(path)}


def _read_takers(handed: Sequence[Handed], candidates: Candidates) -> bool:
    """Read the scripts that import what others hand on; whether there are any not read before."""
    ends = sorted({each.module.rpartition("/")[2].encode() for each in handed} - {b"."})
    root, done = candidates.project.root, {*candidates.by_path, *(problem.path for problem in candidates.problems)}
    others = [path for path in candidates.files if path not in done and is_script(path)]
    found = [path for path in tree.matching(root, others, ends)[0] if _takes(_read(candidates, path), path, handed)]
    candidates.read(found)
    return bool(found)


def _read(candidates: Candidates, path: str) -> str:
    with suppress(OSError, ValueError):  # nothing of it is edited, so it need not be told
        return decode(tree.read(candidates.project.root, path), path).text
    return ""


def _takes(text: str, path: str, handed: Sequence[Handed]) -> bool:
    """Whether a script imports what another one hands on."""
    sources = {match[1] for match in _IMPORTED.finditer(text)}
    return any(is_named(each.module, source, path) for source in sources for each in handed)


def _passing_on(candidates: Candidates) -> dict[str, str]:
    """The texts, by path, of the tree's other scripts that export what they take from another one."""
    root, texts = candidates.project.root, dict[str, str]()
    others = [path for path in candidates.files if path not in candidates.by_path and is_script(path)]
    for path in tree.matching(root, others, [b"export *", b"export {"])[0]:
        text = _read(candidates, path)
        if _PASSED_ON.search(text):
            texts[path] = text
    return texts
