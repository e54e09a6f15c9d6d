"""The files of a new pack that renames one module."""

from __future__ import annotations

from migrator.errors import MigrateError
from migrator.primitives.checks import DOTTED, PACK_NAME, accepts

_PACK = '''\
name = "{name}"
title = "Migrate to `{new}` from `{old}`"
description = """
Renames the module `{old}` with everything below it.
"""
source = "{source}"
target = "{target}"

[[module]]
id = "{id}.module"
old = "{old}"
new = "{new}"

# Names that changed too, in this module and below it:
#
# [[symbol]]
# id = "{id}.class"
# module = "{old}"
# names = {{ OldClient = "NewClient", "Old*Error" = "New*Error" }}
'''

_TEST = """\
about = '''
Imports and everything below the module follow.
'''

[[case]]
name = "a name imported from the module"
before = '''
from {old} import something

something()
'''
after = '''
from {new} import something

something()
'''

[[case]]
name = "a module whose name only begins the same"
before = '''
from {old}_extra import something
'''
"""


def files(name: str, old: str, new: str) -> dict[str, str]:
    """Path inside the pack's folder -> text. Raises MigrateError for a name that a pack or a module cannot have."""
    if not accepts(PACK_NAME.schema, name):
        raise MigrateError(f"{name!r}: a pack is named in {PACK_NAME.says}")
    for dotted in (old, new):
        if not accepts(DOTTED.schema, dotted):
            raise MigrateError(f"{dotted!r}: not a dotted module name")
    source, target = (dotted.rpartition(".")[2].replace("_", "-").lower() for dotted in (old, new))
    values = {"name": name, "id": name, "old": old, "new": new, "source": source, "target": target}
    return {"pack.toml": _PACK.format(**values), f"tests/{name}.module.toml": _TEST.format(**values)}
