"""A library that is left: what is read off its modules, and the imports that give them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from migrator.names import Fate, Renamed
from migrator.python import built_texts, dropped, library_modules, library_names, library_uses, needless
from migrator.python.built import Plan
from migrator.python.direct import plan as direct
from migrator.python.expressions import text_value
from migrator.python.imports import separator
from migrator.python.library_texts import Texts
from migrator.python.library_uses import Use, is_read
from migrator.python.module import Module
from migrator.python.outline import ImportStatement
from migrator.python.scopes import Binding, Scope
from migrator.python.survey import asked_of
from migrator.sites import Edit, Finding, Status


@dataclass(slots=True)
class _Object:
    """A name that stands for modules of the library in one scope."""

    name: str
    holder: Scope
    bindings: list[Binding]
    uses: list[Use] = field(default_factory=list)
    imports: list[tuple[ImportStatement, ast.alias]] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)  # modules that its uses are written with afterwards
    stays: bool = False

    @property
    def is_imported(self) -> bool:
        return bool(self.imports) and len({id(a) for _, a in self.imports}) == len(self.bindings)


def prepare(module: Module) -> Iterator[Finding]:
    """The findings of a module that uses the library, noting in `module` what the other rewriters leave to these."""
    if module.names.rules.libraries:
        uses = list(library_uses.direct(module))
        module.through = {id(use.reference) for use in uses}
        others = [*uses, *library_uses.annotated(module)]
        calls = direct.plan(module)
        library = _Library(module, others, list(library_uses.given(module)), calls)
        yield from library.findings()
        yield from direct.written(module, calls)
        yield from dropped.find(module, calls)
        yield from library_names.find(module, library.cuts)
        yield from library.cuts.findings()


class _Library:
    def __init__(self, module: Module, uses: list[Use], given: list[Use], calls: direct.Plan) -> None:
        self.module, self.uses, self.calls = module, uses, calls
        self.asked = asked_of(module.found)
        self.cuts = needless.Cuts(module)
        self.added: set[tuple[int, str]] = set()  # scope, import statement: what is there by now
        self.optional: set[tuple[int, str]] = set()  # what of it stands in a `try`, and may not be
        self.objects: dict[tuple[int, str], _Object] = {}
        self.kept = given  # uses of what is stored, and of what functions give: `self.llm.completion`
        self._collect()
        self.follows = not calls.strict and all(self._follows(use) for use in self.kept)

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
                    each = self.objects.setdefault(key, _Object(name, holder, bindings))
                    each.imports.append((statement, alias))
        for use in self.uses:
            name = use.reference.parts[0]
            holder = use.reference.scope.lookup(name)
            each_ = self.objects.get((id(holder), name))
            if each_:
                each_.uses.append(use)
            else:
                self.kept.append(use)

    def _follows(self, use: Use) -> bool:
        """Whether what is read off something stored is there, by the same name, in the client module."""
        node = use.reference.nodes[0]
        if use.fate.kind == "module":
            asked = self.asked.get(id(node))
            fate = self.module.names.fate(f"{use.dotted}.{asked[1]}") if asked else None
            stored = id(use.reference.nodes[-1]) in (self.module.found.stored | self.module.found.tested)
            return self._is_clients(fate, asked[1]) if asked else stored or not is_read(use.reference.nodes[-1])
        node = use.reference.nodes[-1]
        its = self._is_clients(use.fate, use.reference.parts[use.depth]) and use.own == use.depth + 1
        return its and not self.calls.refusal(node)

    def _is_clients(self, fate: Fate | None, name: str) -> bool:
        its = fate is not None and fate.kind == "moved" and (fate.to, fate.name) == (self.module.names.client, name)
        return its and not hasattr(str, name) and not hasattr(bytes, name)

    # --------------------------------------------------------------------------------------------------------- findings

    def findings(self) -> Iterator[Finding]:
        found = [f for each in self._in_order() for f in self._of_object(each)]
        found += self._of_stored()
        found += Texts(self.module, self.follows and bool(self.kept)).findings()
        yield from found

    def _in_order(self) -> list[_Object]:
        return sorted(self.objects.values(), key=lambda o: min(s.node.lineno for s, _ in o.imports))

    def _of_object(self, each: _Object) -> Iterator[Finding]:
        module = self.module
        start = module.source.start(each.imports[0][0].node)
        rule = module.names.library_rule
        if not each.is_imported and module.names.keeps_library and all(u.fate.kind == "stays" for u in each.uses):
            return
        if not each.is_imported:
            module.staying |= {id(use.reference.nodes[-1]) for use in each.uses}
            what = f"{each.name} has several meanings here"
            yield Finding(start, rule, Status.MANUAL, f"{what}: see what becomes of each, write it by hand")
            return
        stay = [self._at(s.node, f"{each.name} stays") for s, _ in each.imports]
        if any(module.suppresses(f) for f in stay):
            module.staying |= {id(use.reference.nodes[-1]) for use in each.uses}
            yield from stay
            return
        for use in each.uses:
            if use.fate.kind == "needless" and not self._is_suppressed(use):
                self.cuts.takes(use)
        edits = [(use, self._planned(each, use)) for use in each.uses]
        names = self._local_names(each)
        neutral = []
        for use, planned in edits:
            if isinstance(planned, Finding):
                module.staying.add(id(use.reference.nodes[-1]))
                yield planned
            elif planned is None:
                neutral.append(use)
            else:
                yield planned.finding(module, names)
        if each.stays:
            yield from self._beside(each, names)
        elif each.needs or not module.names.keeps_library:
            yield from self._instead(each, names, neutral)

    def _at(self, node: ast.AST, message: str, status: Status = Status.MIGRATED) -> Finding:
        return Finding(self.module.source.start(node), self.module.names.library_rule, status, message)

    def _planned(self, each: _Object, use: Use) -> Finding | _Written | None:
        """What becomes of one use; None for one that only follows the name."""
        module, node = self.module, use.reference.nodes[0]
        start = module.source.start(node)
        if self._is_suppressed(use):
            each.stays = True
            return self._stays(use)
        if use.fate.kind == "stays":
            each.stays = True
            return None
        if use.fate.kind == "module":
            return self._bare(each, use)
        if use.fate.kind == "needless" and (self.cuts.covers(use) or id(use.reference.nodes[-1]) in module.replaced):
            return None
        if use.fate.kind != "moved":
            each.stays = True
            return Finding(start, use.fate.rule, use.fate.standing, f"{use.text}: {use.fate.message}")
        built = module.builds.at(use.reference.nodes[-1]) if use.own == len(use.reference.parts) else None
        inherited = bool(use.fate.built) and use.text in module.facts.inherited
        if inherited or (built and built.reason):
            each.stays = True
            said = built.message if built else "a class inherits from it: see how it is built"
            return Finding(start, use.fate.rule, Status.MANUAL, f"{use.text}{'(…)' if built else ''}: {said}")
        if module.names.keeps_library and any(u.dotted == use.dotted and not _is_read_off(u) for u in each.uses):
            each.stays = True
            said = f"{use.text} is replaced here: what is called by its name goes past {use.fate.new}, write it by hand"
            return Finding(start, use.fate.rule, Status.MANUAL, said)
        if use.fate.texts and self.cuts.takes_texts(use):
            return None
        place = use.place(module, use.own)
        if place is None or not (use.fate.variable or _is_read_off(use)):
            each.stays = True
            why = "it is assigned to" if place else "a comment or an f-string stands in the middle"
            return Finding(start, use.fate.rule, Status.MANUAL, f"{use.text} → {use.fate.new}: {why}, write it by hand")
        if reason := self.calls.refusal(use.reference.nodes[-1]):
            each.stays = True
            return Finding(start, use.fate.rule, Status.MANUAL, f"{use.text}: {reason}")
        each.needs |= {use.fate.to or use.fate.name, *(built.recipe.imports if built else ())}
        called = id(use.reference.nodes[-1])
        differs = self.calls.differing.get(called, "")
        return _Written(use, use.fate, place, built=built, call=self.calls.calls.get(called), differs=differs)

    def _stays(self, use: Use) -> Finding:
        start = self.module.source.start(use.reference.nodes[0])
        return Finding(start, use.fate.rule, Status.MIGRATED, f"{use.text} stays")

    def _is_suppressed(self, use: Use) -> bool:
        return self.module.suppresses(self._stays(use))

    def _bare(self, each: _Object, use: Use) -> Finding | _Written | None:
        """A module object that is not read from here: asked for, given another name, handed on."""
        module, node = self.module, use.reference.nodes[-1]
        start = module.source.start(node)
        client = module.names.client
        if id(node) in module.found.tested or not is_read(node) or self._is_kept_for_what_stays(node):
            each.stays |= module.names.keeps_library
            return None
        if id(node) in self.asked:
            call, attribute = self.asked[id(node)]
            fate = module.names.fate(f"{use.dotted}.{attribute}")
            place, text = use.place(module, use.depth), module.source.inside(call.args[1], attribute)
            if fate and fate.kind == "needless" and self.cuts.takes_call(call, fate):
                return None
            requester = library_modules.requester(module.index, use.dotted) if fate and fate.to else ""
            if fate and fate.kind == "moved" and fate.to and place and text and not requester:
                each.needs.add(fate.to)
                return _Written(use, fate, place, text)
            each.stays = True
            if fate and fate.kind == "stays":
                return None
            said = f"{use.text}.{attribute}: {fate.message if fate and fate.message else 'see what this is for'}"
            said = f"{said}; {requester} goes on asking for the module by name" if requester else said
            status = fate.standing if fate else Status.MANUAL
            return Finding(start, fate.rule if fate else use.fate.rule, status, said)
        if id(node) in module.found.stored and self.follows and len(use.reference.parts) == use.depth:
            place = use.place(module, use.depth)
            if place and client:
                each.needs.add(client)
                return _Written(use, Fate("moved", use.fate.rule, 0, "", Status.MIGRATED, client), place)
        each.stays = True
        what = "is kept elsewhere, and more is read off it than the client module has"
        if id(node) not in module.found.stored:
            what = "is handed on as a whole: see what takes it"
        return Finding(start, use.fate.rule, Status.MANUAL, f"{use.text} {what}")

    def _is_kept_for_what_stays(self, node: ast.expr) -> bool:
        """Whether the module is stored, and nothing is read off that which is elsewhere now."""
        stored = id(node) in self.module.found.stored and id(node) not in self.asked
        uses = [use for use in self.kept if is_read(use.reference.nodes[-1])]
        return self.module.names.keeps_library and stored and all(use.fate.kind == "stays" for use in uses)

    # ---------------------------------------------------------------------------------------------------------- imports

    def _local_names(self, each: _Object) -> dict[str, tuple[str, str]]:
        """Module that is needed -> how it is written here, and the import statement that gives it."""
        return {
            to: library_modules.given(self.module.index, self.module.facts, to, self._alias(each))
            for to in sorted(each.needs)
        }

    def _alias(self, each: _Object) -> str:
        """A name of the project's own for the library, which can go on for what takes its place."""
        library = self.module.names.rules.libraries[0].module
        own = each.imports[0][1].asname if len(each.imports) == 1 else ""
        return own if own and library not in own.lower() and own not in each.needs else ""

    def _is_there(self, each: _Object, statement: str) -> bool:
        """Whether an import is in force already where the object is."""
        scope: Scope | None = each.holder
        while scope is not None:
            there = (id(scope), statement)
            if there in self.added and (scope is each.holder or there not in self.optional):
                return True
            scope = scope.parent
        words = statement.split()
        local = words[-1]
        holder = each.holder.lookup(local.partition(".")[0])
        wanted = f"{words[1]}.{words[3]}" if words[0] == "from" else words[1]
        return holder is not None and any(b.target == wanted and b.statement for b in holder.told(local))

    def _statements(self, each: _Object, names: dict[str, tuple[str, str]]) -> list[str]:
        """The import statements that are missing, those of libraries before that of the client module."""
        client = self.module.names.client
        wanted = [names[to][1] for to in sorted(names, key=lambda to: (to == client, to))]
        missing = [s for s in dict.fromkeys(wanted) if not self._is_there(each, s)]
        self.added.update((id(each.holder), s) for s in missing)
        if any(s.block is t.body for s, _ in each.imports for t in self.module.found.tries):
            self.optional.update((id(each.holder), s) for s in missing)
        return missing

    def _beside(self, each: _Object, names: dict[str, tuple[str, str]]) -> Iterator[Finding]:
        """The import stays for what has no counterpart; those of the others come before it."""
        module = self.module
        missing = self._statements(each, names)
        for index, (statement, _) in enumerate(each.imports):
            start, between = module.source.start(statement.node), separator(module, statement.node)
            if missing and not index:
                edit = Edit(start, start, "".join(line + between for line in missing))
                said = f"beside {each.name}: {', '.join(missing)}"
                yield Finding(start, module.names.library_rule, Status.MIGRATED, said, (edit,))
            if module.names.keeps_library:
                continue
            said = f"{each.name} stays for what is left of it here"
            yield Finding(start, module.names.library_rule, Status.REVIEW, said)

    def _instead(self, each: _Object, names: dict[str, tuple[str, str]], neutral: list[Use]) -> Iterator[Finding]:
        """The import goes; what asked for the name asks for the one that takes its place."""
        module, rule = self.module, self.module.names.library_rule
        library = module.names.rules.libraries[0]
        cut = [use for use in neutral if self.cuts.covers(use)]
        follow = [use for use in neutral if not self.cuts.covers(use)]
        tries = [t for s, _ in each.imports for t in module.found.tries if s.block is t.body]
        probed = any(self._is_probe(attempt, cut) for attempt in tries)
        status, message = Status.MIGRATED, ""
        if not names and (follow or probed):
            names = {library.instead: library_modules.given(module.index, module.facts, library.instead, "")}
            status, message = Status.REVIEW, f": asks for {library.instead} now"
        if not names and not cut and not each.uses and self._is_wanted(each):
            what = f"{each.name} is imported for others: see that they take what they use from where it is now"
            yield Finding(module.source.start(each.imports[0][0].node), rule, Status.MANUAL, what)
            return
        client = module.names.client
        missing = self._statements(each, names)
        primary = names.get(client) or next(iter(names.values()), None)
        blocks: list[list[ast.stmt]] = []
        for statement, alias in each.imports:
            first = not any(statement.block is b for b in blocks)
            blocks.append(statement.block)
            lines = missing if first else []
            edits, placed = self._replaced(statement, alias, lines)
            if placed is not None:
                module.placed = {**module.placed, id(alias): placed}
                if edits:
                    yield Finding(module.source.start(statement.node), rule, status, f"{', '.join(missing)}", edits)
                continue
            if not names and not cut:
                status, message = Status.REVIEW, ": imported but not used"
            said = f"{_spelled(statement.node, alias)} → {', '.join(missing) or 'nothing'}{message}"
            yield Finding(module.source.start(statement.node), rule, status, said, edits)
        local = primary[0] if primary else ""
        for use in follow:
            place = use.place(module, use.depth)
            if local and local != each.name and place:
                yield Finding(place[0], rule, status, f"{use.text} → {local}", (Edit(*place, local),))
        yield from self._declared(each, sorted({local for local, _ in names.values()}))

    def _is_probe(self, attempt: ast.Try, cut: list[Use]) -> bool:
        """Whether an import is there to tell whether the library is: it is used for nothing else, or sets a flag.

        A flag has another value elsewhere. What is imported from the library beside it tells as much by itself.
        """
        if not cut:
            beside = [s.node for s in self.module.found.imports if s.block is attempt.body]
            return not any(
                isinstance(n, ast.ImportFrom) and self.module.names.is_module(n.module or "") for n in beside
            )
        rest = (*attempt.body, *attempt.orelse)
        flags = [s for s in rest if isinstance(s, ast.Assign) and isinstance(s.value, ast.Constant)]
        targets = [t for s in flags if not self.cuts.goes(s) for t in s.targets]
        return any(not isinstance(t, ast.Name) or self._is_set_again(t.id) for t in targets)

    def _is_set_again(self, name: str) -> bool:
        nodes = ast.walk(self.module.source.tree)
        return sum(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for n in nodes) > 1

    def _replaced(
        self, statement: ImportStatement, alias: ast.alias, lines: list[str]
    ) -> tuple[tuple[Edit, ...], Renamed | None]:
        """The edits that put import statements in the place of one name of another; or what that name becomes.

        The new name is empty where it only goes.
        """
        module, node = self.module, statement.node
        start, end = module.source.start(node), module.source.end(node)
        others = [a for a in node.names if a is not alias]
        others = [a for a in others if not self._goes_too(node, a)] if isinstance(node, ast.Import) else others
        between = separator(module, node)
        if isinstance(node, ast.ImportFrom) and others:
            *above, line = lines or [""]
            words = line.split()
            new = ".".join(words[1:4:2]) if words[:1] == ["from"] else "".join(words[1:2])
            local = words[-1].partition(".")[0] if words else ""
            edit = Edit(start, start, "".join(each + between for each in above))
            return (edit,) if above else (), Renamed(new, module.names.library_rule, local)
        module.handled = {*module.handled, id(node)}
        if others:
            lines = [*lines, "import " + ", ".join(module.source.segment(a) for a in others)]
        if not lines:
            self.cuts.cut(statement.node, statement.block, None)
            return (), None
        return (Edit(start, end, between.join(lines)),), None

    def _goes_too(self, node: ast.Import, alias: ast.alias) -> bool:
        """Whether another name of an import statement is one of the same object, as in `import a, a.b`."""
        return any(a is alias and not o.stays for o in self.objects.values() for s, a in o.imports if s.node is node)

    def _is_wanted(self, each: _Object) -> bool:
        """Whether an imported module that its own module does not use may be there for others."""
        module = self.module
        if each.holder is not module.found.scope:
            return False
        source = module.source
        lines = (source.text[source.start(s.node) : source.line_end(source.end(s.node))] for s, _ in each.imports)
        listed = any(text.role == "all" and text_value(text.node) == each.name for text in module.found.texts)
        return listed or any("noqa" in line for line in lines) or module.index.is_wanted(module.facts, each.name)

    def _declared(self, each: _Object, names: list[str]) -> Iterator[Finding]:
        """`global litellm` in the functions that import it."""
        import re

        module = self.module
        for node, scope in module.found.globals:
            if each.name in node.names and scope.lookup(each.name) is each.holder and names != [each.name]:
                match = re.search(rf"\b{re.escape(each.name)}\b", module.source.segment(node))
                if match and names:
                    at = module.source.start(node)
                    edit = Edit(at + match.start(), at + match.end(), ", ".join(names))
                    said = f"{each.name} → {', '.join(names)}"
                    yield Finding(edit.start, module.names.library_rule, Status.MIGRATED, said, (edit,))

    # ------------------------------------------------------------------------------------------- what no import gives

    def _of_stored(self) -> Iterator[Finding]:
        """What is read off an attribute or a variable that was given a module of the library."""
        module = self.module
        for use in self.kept:
            fate, start = use.fate, module.source.start(use.reference.nodes[0])
            if fate.kind == "needless" and self.cuts.takes(use):
                continue
            if fate.kind in ("gone", "unknown", "needless"):
                yield Finding(start, fate.rule, fate.standing, f"{use.text}: {fate.message}")
            elif fate.kind == "moved" and not self.follows:
                said = f"{use.text} → {fate.new}: read off a module that is kept elsewhere, write it by hand"
                yield Finding(start, fate.rule, Status.MANUAL, said)


@dataclass(slots=True)
class _Written:
    """A use that is written with another module; `text` is where a literal names the attribute."""

    use: Use
    fate: Fate
    place: tuple[int, int]
    text: tuple[int, int] | None = None
    built: Plan | None = None
    call: direct.Direct | None = None
    differs: str = ""

    def finding(self, module: Module, names: dict[str, tuple[str, str]]) -> Finding:
        fate = self.fate
        local = names[fate.to or fate.name][0]
        if self.call:
            return self.call.finding(lambda name: f"{local}.{name}")
        edits: tuple[Edit, ...]
        if self.text:
            edits = (Edit(*self.place, local), Edit(*self.text, fate.name))
            new = f"{local}, {fate.name!r}"
        else:
            new = f"{local}.{fate.name}" if fate.to and fate.name else local
            edits = (Edit(*self.place, new),)
        status, message = fate.status, fate.message if fate.status is Status.REVIEW else ""
        if self.built:
            status, message = self.built.status, self.built.message
            edits = (*edits, *built_texts.edits(module.source, self.built))
        if self.differs:
            status, message = Status.REVIEW, self.differs
        said = f"{self.use.text} → {new}" + (f": {message}" if message else "")
        return Finding(self.place[0], fate.rule, status, said, tuple(e for e in edits if _changes(module, e)))


def _is_read_off(use: Use) -> bool:
    return is_read(use.reference.nodes[use.own - 1])


def _changes(module: Module, edit: Edit) -> bool:
    return module.source.text[edit.start : edit.end] != edit.text


def _spelled(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    return ast.unparse(type(node)(**{**vars(node), "names": [alias]}))
