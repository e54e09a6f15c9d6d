"""What one key of a pack alone cannot tell: that its rules fit each other and its settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from migrator.packs.settings import fill
from migrator.packs.tables import Fault
from migrator.patterns import canonical, expand, under
from migrator.primitives.code import Module
from migrator.primitives.project import Dependency, Env, Setting
from migrator.primitives.rule import Rule


def check(rules: Iterable[Rule], settings: Mapping[str, Any], fault: Fault) -> None:
    """Both sides of a pattern have the same stars, every setting named is there; `fault` raises."""
    for rule in rules:
        pairs = [(rule.old, rule.new)] if isinstance(rule, Env) else _renames(rule)
        for old, new in pairs:
            if old.count("*") != new.count("*"):
                fault(f"{rule.id}: `{old}` and `{new}` must have the same number of `*`")
            if expand(old, new, new.replace("*", "")) is not None:
                fault(f"{rule.id}: `{new}` would be renamed again by a second run")
        if isinstance(rule, Module | Setting) and under(rule.new, rule.old):
            fault(f"{rule.id}: `{rule.new}` lies in `{rule.old}`, so a second run would move it again")
        if isinstance(rule, Dependency) and canonical(rule.old) == canonical(re.split(r"[\[<>=!~]", rule.new)[0]):
            fault(f"{rule.id}: `{rule.new}` is `{rule.old}` itself, so a second run would replace it again")
        try:
            fill(rule, settings)
        except (KeyError, IndexError, TypeError) as error:
            fault(f"{rule.id}: no setting {error} to fill in; [settings] has: {', '.join(settings) or 'none'}")


def _renames(rule: Rule) -> list[tuple[str, str]]:
    """Old name and new name of everything that a rule renames within a module."""
    names = getattr(rule, "names", {})
    return list(names.items()) if isinstance(names, Mapping) else []
