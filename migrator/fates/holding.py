"""A library that a run leaves alone: what is taken from it moves together or stays together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from migrator.packs.ruleset import Rules
from migrator.primitives.library import Gone, Moved, Needless
from migrator.sites import Status


def unsafe(rules: Rules) -> frozenset[str]:
    """The libraries of which something would be for review when it moves or goes."""
    rows: list[Moved | Needless] = [*rules.moved, *rules.needless]
    clients = frozenset(client.of for client in rules.clients if client.differs)
    return clients | frozenset(rule.of for rule in rows if rule.status == Status.REVIEW.value)


def held(rules: Rules, libraries: Collection[str], why: str) -> Rules:
    """The rules under which everything of these libraries stays, for the reason `why`.

    An error that is caught, a setting and an answer belong to the call, so none of them moves without it.
    """
    rows: list[tuple[Moved | Needless, list[str]]] = [(r, [*r.names, *r.renames]) for r in rules.moved]
    rows += [(r, r.names) for r in rules.needless]
    of_clients = [(c, [*c.classes, *c.headers, *c.address]) for c in rules.clients if c.of in libraries]
    gone = [Gone(c.id, c.of, names, f"left alone: {why}") for c, names in of_clients]
    gone += [Gone(r.id, r.of, names, f"left alone: {why}") for r, names in rows if r.of in libraries]
    return replace(
        rules,
        wary=True,
        moved=tuple(r for r in rules.moved if r.of not in libraries),
        needless=tuple(r for r in rules.needless if r.of not in libraries),
        gone=(*gone, *rules.gone),
        model_ids=() if libraries else rules.model_ids,
        variables=() if libraries else rules.variables,
        envs=() if of_clients else rules.envs,
    )
