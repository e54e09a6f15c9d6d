"""JavaScript and TypeScript: what configuration is looked through for, and the clients of an SDK that is left."""

from __future__ import annotations

from migrator.formats import Context, config
from migrator.formats.search import beside
from migrator.names import Names
from migrator.sites import Finding


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """Old names as they are spelt, and what a script has of the SDK, which alone needs its syntax."""
    spelt = config.find(text, names, context)
    words = [word for client in names.rules.clients for word in (client.package, client.prefix, *client.addresses)]
    telling = any(word in text.lower() for word in words) or (names.rules.clients and _may_call(text))
    if not telling:
        return spelt
    from migrator.javascript.find import find as in_scripts

    return beside(in_scripts(text, context.path, names), spelt)


def _may_call(text: str) -> bool:
    """Whether a file that got its client from another one may give a call options of its own."""
    return ".create(" in text or '"@' in text or "'@" in text
