"""JavaScript and TypeScript: what configuration is looked through for, and the clients of an SDK that is left."""

from __future__ import annotations

import re

from migrator.fates.handed import names as is_named
from migrator.fates.names import Names
from migrator.fates.sought import about_models
from migrator.formats import Context, config, format_of
from migrator.formats.search import beside
from migrator.javascript.specifiers import BEFORE
from migrator.packs.ruleset import Rules
from migrator.sites import Finding

CALL = ".create("
METHODS = (b".prompts.", b".feedback.")  # of clients, and hardly of anything else
_IMPORTED = re.compile(r"""\b(?:from|import|require)\s*\(?\s*["'`]([^"'`\n]+)["'`]""")
_TAKEN = re.compile(
    r"""\{(?P<names>[^{}]*)\}\s*(?:from|=\s*(?:await\s+)?(?:require|import)\s*\()\s*["'`](?P<package>[^"'`\n]+)["'`]"""
)
_QUOTED = re.compile(r"""["'`]([^"'`\s]+)["'`]""")
_SLUG = re.compile(r"""["'`]@(?:[\w-]+|\$\{[^}`]*\})/[^\s"'`]+["'`]""")


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """Old names as they are spelt, and what a script has of the SDK, which alone needs its syntax."""
    spelt = config.find(text, names, context)
    if any(finding.prose and (finding.edits or names.rules.clients) for finding in spelt):
        from migrator.javascript.mentioned import in_code

        spelt = list(in_code(spelt, text, context.path))
    rules = names.rules
    if not rules.clients or not (speaks(text, rules) or _may_call(text, rules) or takes(text, context.path, rules)):
        return spelt
    from migrator.javascript.find import find as in_scripts

    theirs = _taken(text, rules) | _kept(text, context.path, rules)  # whatever variables are called
    of_sdk = (e for f in spelt for e in f.edits if text[e.start : e.end] in theirs)
    stays = {e for e in of_sdk if not text.endswith(("env.", 'env["', "env['"), 0, e.start)}
    spelt = [f for f in spelt if stays.isdisjoint(f.edits)]
    return beside(in_scripts(text, context.path, names, edit_prose=context.edit_prose), spelt)


def _taken(text: str, rules: Rules) -> set[str]:
    """The names that a script takes from a client SDK that is left."""
    packages = {client.package for client in rules.clients}
    taken = (match["names"] for match in _TAKEN.finditer(text) if match["package"] in packages)
    return {re.split(r"\sas\s|:", name)[0].strip() for names in taken for name in names.split(",")} - {""}


def _kept(text: str, path: str, rules: Rules) -> set[str]:
    """The names of the SDK's own that a script may have from another one, which goes on to export them."""
    kept = [each for each in rules.handed if each.kept]
    sources = {match[1] for match in _QUOTED.finditer(text)} if kept else ()
    known = (each for each in kept for source in sources if is_named(each.module, source, path, rules.packages))
    return {each.name.rpartition(".")[2] for each in known}


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
        or any(each.decode() in text for each in METHODS)
        or (_SLUG.search(text) is not None and any(word.decode() in text for word in about_models(rules)))
    )


def takes(text: str, path: str, rules: Rules) -> bool:
    """Whether a script imports what another one hands on."""
    sources = {match[1] for match in _IMPORTED.finditer(text)}
    return any(is_named(each.module, source, path, rules.packages) for source in sources for each in rules.handed)
