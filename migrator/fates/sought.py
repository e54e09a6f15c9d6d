"""The bytes a file must hold to matter at all: every reference to the old layer has one of these words."""

from __future__ import annotations

from migrator.packs.ruleset import Rules
from migrator.patterns import canonical
from migrator.tree.needles import shortest


def needles(rules: Rules) -> tuple[bytes, ...]:
    """Bytes of which a file must hold at least one to refer to the old layer: a superset, so nothing is missed."""
    words = [m.old.rpartition(".")[2] for m in rules.modules]
    words += [s.old.rpartition(".")[2] for s in rules.settings] + [f.module for f in rules.flags]
    words += [s.module.rpartition(".")[2] for s in rules.symbols]
    called = [o for group in (rules.calls, rules.promotes) for rule in group for o in rule.of]
    words += [o.rpartition(".")[0].rpartition(".")[2] or o for o in called]  # the module: nobody calls without it
    words += [_literal(o) for group in (rules.symbols, rules.fixtures) for rule in group for o in rule.names]
    words += [_literal(name) for rule in rules.env_gone for name in rule.names]
    words += [_literal(e.old) for e in rules.envs] + [w for m in rules.mentions for w in m.words]
    words += [f.distribution for f in rules.flags if f.distribution]
    packages = [d.extra or d.old for d in rules.dependencies]
    words += [o for p in packages for o in (p, canonical(p), canonical(p).replace("-", "_"))]
    for library in rules.libraries:
        words += [library.module, *library.loggers]
    for client in rules.clients:
        words += [client.package, client.prefix, *client.addresses]
    words += [name for rule in rules.servers for name in rule.names]
    if not rules.libraries:
        words += [_literal(o) for e in rules.env_adds for o in e.after]
    words += [rule.brand for rule in rules.variables if any(rule.brand in name for name in rule.names)]
    return shortest(words)


def about_models(rules: Rules) -> tuple[bytes, ...]:
    """Bytes of which a file holds one where ids of models with a slug of a client's gateway stand in it."""
    return (b"odel", b"ODEL", *shortest([family for client in rules.clients for family in client.families]))


def _literal(pattern: str) -> str:
    return next((piece for piece in pattern.split("*") if piece), "")
