"""The calls of functions that a module imports by their names, and what becomes of these imports."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.fates.names import Renamed
from migrator.python.direct.call import SDK
from migrator.python.direct.plan import Imported, Plan
from migrator.python.module import Module
from migrator.sites import Finding, Status

_FREE = {
    "client": ("client", "llm_client", "gateway_client"),
    "async_client": ("async_client", "async_llm_client", "async_gateway_client"),
    "model_id": ("model_id", "gateway_model_id", "to_model_id"),
}


def written(module: Module, plan: Plan) -> Iterator[Finding]:
    """The findings of the calls whose function is imported by its name; in `module`, what becomes of the imports."""
    yield from plan.findings
    statements: dict[int, list[Imported]] = {}
    for name in plan.imported.values():
        statements.setdefault(id(name.statement), []).append(name)
    blocks = {id(each.node): id(each.block) for each in module.found.imports}
    there: dict[int, set[str]] = {}  # block -> what an earlier statement of it imports by now
    seen = set[int]()
    for names in sorted(statements.values(), key=lambda names: names[0].statement.lineno):
        uses = [use for name in names for use in name.uses]
        calls = [plan.calls[id(use.nodes[-1])] for use in uses if id(use.nodes[-1]) in plan.calls]
        wanted = sorted({each for call in calls for each in call.names})
        spelled = {each: _free(module, each) for each in wanted}
        of_sdk = sorted({each for call in calls for each in call.of_sdk})
        spelled |= {each: each for each in of_sdk}
        yield from (call.finding(spelled.__getitem__) for call in calls if call.place[0] not in seen)
        seen.update(call.place[0] for call in calls)
        left = False
        for use in uses:
            if reason := plan.refusal(use.nodes[-1]):
                left = True
                said = f"{'.'.join(use.parts)}: {reason}"
                yield Finding(module.source.start(use.nodes[0]), names[0].fate.rule, Status.MANUAL, said)
                module.staying.add(id(use.nodes[-1]))
        if calls or left:
            before = there.setdefault(blocks[id(names[0].statement)], set())
            new = [name for name in wanted if name not in before]
            added = [spelled[w] if spelled[w] == w else f"{w} as {spelled[w]}" for w in new]
            _place(module, plan, names, added, [name for name in of_sdk if name not in before])
            before.update(wanted, of_sdk)


def _free(module: Module, name: str) -> str:
    """How a name of the client module is written in a module."""
    client = module.names.client
    free = (n for n in _FREE[name] if all(t == f"{client}.{name}" for t in module.facts.bound.get(n, ())))
    return next(free, f"{_FREE[name][-1]}_")


def _place(module: Module, plan: Plan, names: list[Imported], added: list[str], of_sdk: list[str]) -> None:
    """Note what becomes of the names of one import statement: those of the client module stand where the first did.

    `added` are names of the client module, `of_sdk` those of the SDK, which are imported there, too.
    """
    rule, client = names[0].fate.rule, module.names.client
    placed = dict(module.placed)
    for name in names:
        stays = any(id(use.nodes[-1]) not in plan.calls for use in name.uses)
        kept = any(plan.refusal(use.nodes[-1]) for use in name.uses)
        own = name.alias.name if not name.alias.asname else f"{name.alias.name} as {name.alias.asname}"
        if kept:
            placed[id(name.alias)] = Renamed(name.target, name.fate.rule, name.local)
            continue
        own = own.replace(name.alias.name, name.fate.name, 1)
        text = ", ".join([*added, *([own] if stays else [])])
        placed[id(name.alias)] = Renamed(f"{client}.{text}" if text else "", rule, text)
        added = []
    beside = [Renamed(f"{SDK}.{', '.join(of_sdk)}", rule, ", ".join(of_sdk))] if of_sdk else []
    if added:  # all of the names stay with the library
        beside.append(Renamed(f"{client}.{', '.join(added)}", rule, ", ".join(added)))
    if beside:
        module.beside = {**module.beside, id(names[0].statement): tuple(beside)}
    module.placed = placed
