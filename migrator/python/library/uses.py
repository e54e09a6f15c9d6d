"""A library that is left: what is read off its modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.fates.library import Fate
from migrator.python.direct import imported
from migrator.python.direct import plan as direct
from migrator.python.direct.call import SDK
from migrator.python.library import dropped, following, handed_on, needless, wrapped
from migrator.python.library import modules as library_modules
from migrator.python.library import names as library_names
from migrator.python.library import references as library_uses
from migrator.python.library.imports import Imports, Object
from migrator.python.library.references import Use, is_read
from migrator.python.library.texts import Texts
from migrator.python.library.written import Written, followed, is_read_off
from migrator.python.module import Module
from migrator.python.reading.around import around
from migrator.python.reading.expressions import callee_of
from migrator.python.reading.survey import asked_of
from migrator.python.sdk.staying import keeper
from migrator.sites import Finding, Status

SEVERAL = "has several meanings here"
_BY_NAME = "is asked for what only run time names: write out what it can be, or where each of the names comes from now"

_HOLDS = "there it is asked for what the client module has not, or nothing tells what it is asked for"


def prepare(module: Module) -> Iterator[Finding]:
    """The findings of a module that uses the library, noting in `module` what the other rewriters leave to these."""
    if module.names.rules.libraries:
        library = _Library(module)
        yield from library.findings()
        yield from imported.written(module, library.calls)
        yield from dropped.find(module, library.calls)
        left = list(library_names.find(module, library.cuts))
        stays = any(each.stays for each in library.objects.values()) or any(finding.stays for finding in left)
        yield from left
        yield from Texts(module, library.follows and bool(library.kept), stays).findings()
        yield from library.cuts.findings()


def held_at(module: Module) -> int:
    """The first line of a module that asks more of what it stores, or is given, than the client module has; or 0."""
    holding = _Library(module, alone=True).holding
    return module.source.line_of(min(map(module.source.start, holding))) if holding else 0


def keeps(module: Module, name: str) -> bool:
    """Whether a name for the library at the top of a module stays one."""
    return _Library(module).keeps(name)


class _Library:
    def __init__(self, module: Module, *, alone: bool = False) -> None:
        self.module = module
        self.uses = [use for use in library_uses.direct(module) if not self._is_anothers(use)]
        module.through = {id(use.reference) for use in self.uses}
        self.uses += library_uses.annotated(module)
        self.wrapped = wrapped.assigned(module, self.uses)
        self.calls = direct.plan(module, self.wrapped)
        self.asked = asked_of(module.found)
        self.cuts = needless.Cuts(module)
        self.objects: dict[tuple[int, str], Object] = {}
        self.kept = list(library_uses.given(module))  # of what is stored, and of what functions give: `self.llm.f`
        self.kept += library_uses.of_objects(module)
        self._collect()
        self.imports = Imports(module, self.cuts, self.objects.values())
        for each in self.objects.values():
            each.lent = not each.is_imported and self._is_lent(each)
        self.uncalled, self.handed = following.uncalled(module), list(following.handed(module))
        self.holding = list(self._holding())
        self.follows = not self.holding and (alone or following.others_follow(module))
        calls_stay = any(self._is_function(use) for use in self.kept) or around(module.index, module.facts)
        self.settled = self.follows or not calls_stay  # whether nothing of what settings are for goes on here
        for each in self.objects.values():
            each.lent &= self.follows or not any(self._is_stored(use) for use in each.uses)

    def _is_anothers(self, use: Use) -> bool:
        name, told = use.reference.parts[0], self.module.facts.told
        return any(each[0] == "." for each in told) and following.is_anothers(self.module, name, use.reference.scope)

    def _holding(self) -> Iterator[ast.AST]:
        """What keeps the module by itself from having the client module in the place of the library."""
        yield from (o.imports[0][0].node for o in self.objects.values() if not (o.is_imported or o.lent))
        yield from (use.reference.nodes[0] for use in self.kept if self.calls.strict or not self._follows(use))
        yield from self.handed
        yield from self.module.source.tree.body[:1] if self.calls.strict and not self.kept else []

    def _collect(self) -> None:
        module = self.module
        for statement in module.found.imports:
            for alias in statement.node.names:
                name = alias.asname or alias.name
                name = name.partition(".")[0] if isinstance(statement.node, ast.Import) else name
                holder = statement.scope.lookup(name)
                bindings = holder.told(name) if holder else []
                binding = next((b for b in bindings if b.node is alias), None)
                if holder and binding and module.names.is_module(module.index.canonical(binding.target or "")):
                    key = (id(holder), name)
                    each = self.objects.setdefault(key, Object(name, holder, bindings))
                    each.imports.append((statement, alias))
        for use in self.uses:
            name = use.reference.parts[0]
            holder = use.reference.scope.lookup(name)
            each_ = self.objects.get((id(holder), name))
            if each_:
                each_.uses.append(use)
            else:
                self.kept.append(use)

    def _is_lent(self, each: Object) -> bool:
        """Whether what else the name is given is the library too, and what is read off it is the client module's."""
        module = self.module
        given = ((b.value, b.where or each.holder) for b in each.others)
        if module.names.keeps_library or not all(v and module.of_library(v, where) == len(v) for v, where in given):
            return False
        return all(self._is_of_client(use) for use in each.uses)

    def _is_of_client(self, use: Use) -> bool:
        node, fate = use.reference.nodes[-1], use.fate
        if fate.kind == "module":
            return self._is_passed(node) or not is_read(node)
        call = self.calls.calls.get(id(node))
        moves = fate.kind == "moved" and fate.to == self.module.names.client and (fate.variable or is_read_off(use))
        moves = moves and use.place(self.module, use.own) is not None and not self.calls.refusal(node)
        return fate.kind == "needless" or (moves and not (call and call.of_sdk))

    def _is_stored(self, use: Use) -> bool:
        return use.fate.kind == "module" and id(use.reference.nodes[-1]) in self.module.found.stored

    def _follows(self, use: Use) -> bool:
        """Whether what is read off something stored is there, by the same name, in the client module, or goes."""
        if use.fate.kind == "needless":
            return self.cuts.can_take(use)
        if use.fate.kind == "module":
            node = use.reference.nodes[-1]
            call = self.module.call_given(node)
            if call and (names := handed_on.named(call)):
                return all(self._is_clients(self.module.names.fate(f"{use.dotted}.{name}"), name) for name in names)
            return self._is_passed(node) or not is_read(node)
        node = use.reference.nodes[-1]
        its = self._is_clients(use.fate, use.reference.parts[use.depth]) and use.own == use.depth + 1
        return its and not self.calls.refusal(node)

    def _is_function(self, use: Use) -> bool:
        return use.fate.kind == "moved" and use.fate.to == self.module.names.client

    def _is_passed(self, node: ast.expr) -> bool:
        """Whether a module object is given another name, or only asked for."""
        return id(node) in self.module.found.stored or id(node) in self.module.found.tested

    def _is_clients(self, fate: Fate | None, name: str) -> bool:
        its = fate is not None and fate.kind == "moved" and (fate.to, fate.name) == (self.module.names.client, name)
        return its and not hasattr(str, name) and not hasattr(bytes, name)

    # --------------------------------------------------------------------------------------------------------- findings

    def findings(self) -> Iterator[Finding]:
        found = [f for each in self._in_order() for f in self._of_object(each)]
        found += self._of_stored()
        found += self._of_handed()
        yield from (*found, *handed_on.find(self.module, self.kept))

    def keeps(self, name: str) -> bool:
        own = [o for o in self.objects.values() if o.name == name and o.holder is self.module.found.scope]
        found = [finding for each in own for finding in self._of_object(each)]  # which tells what stays
        return not (own and found) or any(each.stays for each in own)

    def _in_order(self) -> list[Object]:
        return sorted(self.objects.values(), key=lambda o: min(s.node.lineno for s, _ in o.imports))

    def _of_object(self, each: Object) -> Iterator[Finding]:
        module = self.module
        start = module.source.start(each.imports[0][0].node)
        rule = module.names.library_rule
        if not each.is_imported and module.names.keeps_library and all(u.fate.kind == "stays" for u in each.uses):
            return
        if not (each.is_imported or each.lent):
            module.staying |= {id(use.reference.nodes[-1]) for use in each.uses}
            each.stays, what = True, f"{each.name} {SEVERAL}"
            yield Finding(start, rule, Status.MANUAL, f"{what}: see what becomes of each, write it by hand")
            return
        stay = [self._at(s.node, f"{each.name} stays") for s, _ in each.imports]
        if any(module.suppresses(f) for f in stay):
            module.staying |= {id(use.reference.nodes[-1]) for use in each.uses}
            yield from stay
            return
        for use in each.uses:
            if use.fate.kind == "needless" and self.settled and not self._is_suppressed(use):
                self.cuts.takes(use)
        edits = [(use, self._planned(each, use)) for use in each.uses]
        names = self.imports.names_for(each)
        neutral = []
        for use, planned in edits:
            if isinstance(planned, Finding):
                module.staying.add(id(use.reference.nodes[-1]))
                yield planned
            elif planned is None:
                neutral.append(use)
            else:
                yield planned.finding(module, names)
        yield from self.imports.findings(each, names, neutral)

    def _at(self, node: ast.AST, message: str, status: Status = Status.MIGRATED) -> Finding:
        return Finding(self.module.source.start(node), self.module.names.library_rule, status, message)

    def _planned(self, each: Object, use: Use) -> Finding | Written | None:
        """What becomes of one use; None for one that only follows the name."""
        module, node = self.module, use.reference.nodes[-1]
        if self._is_suppressed(use):
            each.stays = True
            return self._stays(use)
        if use.fate.kind == "stays":
            each.stays = True
            return None
        if use.fate.kind == "module":
            return self._bare(each, use)
        if use.fate.kind == "needless" and (self.cuts.covers(use) or id(node) in module.replaced):
            return None
        if use.fate.kind == "needless" and not self.settled:
            said = f"{use.text} stays, as calls do that are made through what is kept elsewhere: take it out with them"
            return self._left(each, use, said)
        if id(node) in module.kept:
            each.stays = True
            return None
        if use.fate.kind != "moved":
            return self._left(each, use, f"{use.text}: {use.fate.message}", use.fate.standing)
        built = module.builds.at(node) if use.own == len(use.reference.parts) else None
        inherited = bool(use.fate.built) and use.text in module.facts.inherited
        if inherited or (built and built.reason):
            said = built.message if built else "a class inherits from it: see how it is built"
            return self._left(each, use, f"{use.text}{'(…)' if built else ''}: {said}")
        if said := wrapped.reason(module, use, each.uses, self.wrapped):
            return self._left(each, use, said)
        if use.fate.texts and self.cuts.takes_texts(use):
            return None
        place = use.place(module, use.own)
        if place is None or not (use.fate.variable or is_read_off(use)):
            why = "it is assigned to" if place else "a comment or an f-string stands in the middle"
            return self._left(each, use, f"{use.text} → {use.fate.new}: {why}, write it by hand")
        if reason := self.calls.refusal(node):
            return self._left(each, use, f"{use.text}: {reason}")
        call, differs = self.calls.calls.get(id(node)), self.calls.differing.get(id(node), "")
        each.needs |= {use.fate.to or use.fate.name, *(built.imports if built else ())}
        each.needs |= {SDK} if call and call.of_sdk else set()
        return Written(use, use.fate, place, built=built, call=call, differs=differs)

    def _left(self, each: Object, use: Use, said: str, status: Status = Status.MANUAL) -> Finding:
        """What is said of a use that stays, for which its object does."""
        each.stays = True
        return Finding(self.module.source.start(use.reference.nodes[0]), use.fate.rule, status, said)

    def _stays(self, use: Use) -> Finding:
        start = self.module.source.start(use.reference.nodes[0])
        return Finding(start, use.fate.rule, Status.MIGRATED, f"{use.text} stays")

    def _is_suppressed(self, use: Use) -> bool:
        return self.module.suppresses(self._stays(use))

    def _bare(self, each: Object, use: Use) -> Finding | Written | None:
        """A module object that is not read from here: asked for, given another name, handed on."""
        module, node = self.module, use.reference.nodes[-1]
        if id(node) in module.found.tested or not is_read(node) or self._is_kept_for_what_stays(node):
            each.stays |= module.names.keeps_library
            return None
        if id(node) in self.asked:
            return self._asked(each, use, *self.asked[id(node)])
        is_stored = id(node) in module.found.stored and id(node) not in self.uncalled
        is_stored = is_stored and not following.is_lost(module, node)
        if is_stored and self.follows and len(use.reference.parts) == use.depth:
            place, client = use.place(module, use.depth), module.names.client
            if place and client:
                each.needs.add(client)
                return Written(use, Fate("moved", use.fate.rule, 0, "", Status.MIGRATED, client), place)
        what = f"is kept elsewhere, and stays for {following.holder(module)}: {_HOLDS}"
        if not is_stored:
            taker = module.call_given(node)
            what = _BY_NAME if taker and callee_of(taker) in ("getattr", "hasattr") else handed_on.WHOLE
        return self._left(each, use, f"{use.text} {what}")

    def _asked(self, each: Object, use: Use, call: ast.Call, attribute: str) -> Finding | Written | None:
        """A module object that is asked for an attribute by its name, as `getattr` does."""
        module, text = self.module, f"{use.text}.{attribute}"
        fate = module.names.fate(f"{use.dotted}.{attribute}")
        place, name = use.place(module, use.depth), module.source.inside(call.args[1], attribute)
        goes = fate is not None and fate.kind == "needless" and self.settled and self.cuts.takes_call(call, fate)
        if goes or self.cuts.takes_guard(call):
            return None
        requester = library_modules.requester(module.index, use.dotted) if fate and fate.to else ""
        anothers = fate is not None and fate.to == module.names.client and not library_modules.is_called(module.index)
        anothers = anothers and callee_of(call) in ("setattr", "delattr", "object")
        made = keeper(module.index, f"{use.dotted}.{attribute}")
        wraps = f"{use.dotted}.{attribute}" in self.wrapped
        stays = requester or anothers or made or wraps
        if fate and fate.kind == "moved" and fate.to and place and name and not stays:
            each.needs.add(fate.to)
            return Written(use, fate, place, name)
        each.stays = True
        if fate and fate.kind == "stays":
            return None
        said = f"{text}: {fate.message if fate and fate.message else 'see what this is for'}"
        said = f"{said}; {requester} goes on asking for the module by name" if requester else said
        said = f"{text}: {library_modules.ANOTHERS}" if anothers else said
        said = f"{text}: {made} goes on making it" if made else said
        said = wrapped.said(text, fate) if fate and wraps else said
        rule, status = (fate.rule, fate.standing) if fate else (use.fate.rule, Status.MANUAL)
        return Finding(module.source.start(use.reference.nodes[-1]), rule, status, said)

    def _is_kept_for_what_stays(self, node: ast.expr) -> bool:
        """Whether the module is stored, and nothing is read off that which is elsewhere now."""
        stored = id(node) in self.module.found.stored and id(node) not in self.asked
        uses = [use for use in self.kept if is_read(use.reference.nodes[-1])]
        return self.module.names.keeps_library and stored and all(use.fate.kind == "stays" for use in uses)

    # ------------------------------------------------------------------------------------------- what no import gives

    def _of_handed(self) -> Iterator[Finding]:
        for call in self.handed:
            yield self._at(call, f"{ast.unparse(call)} {handed_on.WHOLE}", Status.MANUAL)

    def _of_stored(self) -> Iterator[Finding]:
        """What is read off an attribute or a variable that was given a module of the library."""
        module = self.module
        for use in self.kept:
            fate, start = use.fate, module.source.start(use.reference.nodes[0])
            if fate.kind == "needless" and self.follows and self.cuts.takes(use):
                continue
            if fate.kind == "gone" and fate.standing is Status.REVIEW and self._has_moved(use):
                yield Finding(start, fate.rule, Status.MANUAL, f"{use.text}: {library_modules.SPLIT}")
            elif fate.kind in ("gone", "unknown", "needless"):
                yield Finding(start, fate.rule, fate.standing, f"{use.text}: {fate.message}")
            elif fate.kind == "moved":
                new = handed_on.another_name(module, use)
                its = self._follows(use)
                if new and its and is_read_off(use) and (found := handed_on.read_off(module, use, new)):
                    yield found
                    continue
                replaced = bool(new) or self._has_moved(use) or following.is_replaced(module.index, self._base(use))
                if not new and (self.follows or (replaced and its)):
                    yield from followed(module, use, self.calls.differing.get(id(use.reference.nodes[-1]), ""))
                    continue
                what = "what is the client module now" if replaced else "a module that is kept elsewhere"
                if use.likely and not around(module.index, module.facts):
                    what = "what may be the client module now"
                said = f"{use.text} → {fate.new}: read off {what}, write it by hand"
                yield Finding(start, fate.rule, Status.MANUAL, said)

    def _base(self, use: Use) -> str:
        """The name of the project's own for a module of the library that a use is read off; "" for none."""
        parts, scope = use.reference.parts[: use.depth], use.reference.scope
        return (self.module.meaning(parts, scope) if parts[0] else None) or ""

    def _has_moved(self, use: Use) -> bool:
        """Whether a use is read off a module of the project whose name for the library does not stay one for it."""
        base = self._base(use)
        return bool(base) and library_modules.object_name(self.module.index, base) != base
