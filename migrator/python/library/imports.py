"""The imports of a library that is left: they stay beside those of what takes its place, or go."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from migrator.fates.names import Renamed
from migrator.python.importing.expected import catches
from migrator.python.importing.imports import separator
from migrator.python.library import following, in_modules, needless
from migrator.python.library import modules as library_modules
from migrator.python.library.references import Use
from migrator.python.module import Module
from migrator.python.reading.expressions import text_value
from migrator.python.reading.outline import ImportStatement
from migrator.python.reading.scopes import Binding, Scope
from migrator.sites import Edit, Finding, Status

_LEAVING = ast.Return | ast.Raise | ast.Continue | ast.Break
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(slots=True)
class Object:
    """A name that stands for modules of the library in one scope."""

    name: str
    holder: Scope
    bindings: list[Binding]
    uses: list[Use] = field(default_factory=list)
    imports: list[tuple[ImportStatement, ast.alias]] = field(default_factory=list)
    needs: set[str] = field(default_factory=set)  # modules that its uses are written with afterwards
    stays: bool = False
    lent: bool = False  # other names give it the module as well, so it goes on by its own name

    @property
    def others(self) -> list[Binding]:
        """What gives the name its value beside imports."""
        imported = {id(alias) for _, alias in self.imports}
        return [b for b in self.bindings if id(b.node) not in imported]

    @property
    def is_imported(self) -> bool:
        return bool(self.imports) and len({id(a) for _, a in self.imports}) == len(self.bindings)


class Imports:
    """What becomes of the imports of a module that give `objects`."""

    def __init__(self, module: Module, cuts: needless.Cuts, objects: Collection[Object]) -> None:
        self.module, self.cuts, self.objects = module, cuts, objects
        self.added: set[tuple[int, str]] = set()  # scope, import statement: what is there by now
        self.optional: set[tuple[int, str]] = set()  # what of it stands in a `try`, and may not be

    def findings(self, each: Object, names: dict[str, tuple[str, str]], neutral: list[Use]) -> Iterator[Finding]:
        """What becomes of the imports of one object, of which `neutral` are the uses that only follow its name."""
        if each.stays:
            yield from self._beside(each, names)
        elif each.needs or not self.module.names.keeps_library:
            yield from self._instead(each, names, neutral)

    def names_for(self, each: Object) -> dict[str, tuple[str, str]]:
        """Module that is needed -> how it is written here, and the import statement that gives it."""
        return {
            to: library_modules.given(self.module.index, self.module.facts, to, self._alias(each))
            for to in sorted(each.needs)
        }

    def _alias(self, each: Object) -> str:
        """A name of the project's own for the library, which can go on for what takes its place."""
        if each.lent:
            return each.name
        library = self.module.names.rules.libraries[0].module
        own = each.imports[0][1].asname if len(each.imports) == 1 and not each.stays else ""
        return own if own and library not in own.lower() and own not in each.needs else ""

    def _is_there(self, each: Object, statement: str) -> bool:
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

    def _statements(self, each: Object, names: dict[str, tuple[str, str]]) -> list[str]:
        """The import statements that are missing, those of libraries before that of the client module."""
        client = self.module.names.client
        wanted = [names[to][1] for to in sorted(names, key=lambda to: (to == client, to))]
        missing = [s for s in dict.fromkeys(wanted) if not self._is_there(each, s)]
        self.added.update((id(each.holder), s) for s in missing)
        if any(s.block is t.body for s, _ in each.imports for t in self.module.found.tries):
            self.optional.update((id(each.holder), s) for s in missing)
        return missing

    def _beside(self, each: Object, names: dict[str, tuple[str, str]]) -> Iterator[Finding]:
        """The import stays for what has no counterpart; those of the others come before it."""
        module = self.module
        missing = self._statements(each, names)
        for index, (statement, alias) in enumerate(each.imports):
            start, between = module.source.start(statement.node), separator(module, statement.node)
            if missing and not index:
                edit = Edit(start, start, "".join(line + between for line in missing))
                said = f"beside {each.name}: {', '.join(missing)}"
                yield Finding(start, module.names.library_rule, Status.MIGRATED, said, (edit,))
            if module.names.keeps_library:
                continue
            said, of = f"{each.name} stays for what is left of it here", _taken_from(each, alias)
            if of and following.is_let_go(module.index, of):
                said += f", but {of} is there no more: see what this reads it from"
                yield Finding(start, module.names.library_rule, Status.MANUAL, said)
            else:
                yield Finding(start, module.names.library_rule, Status.REVIEW, said)

    def _instead(self, each: Object, names: dict[str, tuple[str, str]], neutral: list[Use]) -> Iterator[Finding]:
        """The import goes; what asked for the name asks for the one that takes its place."""
        module, rule = self.module, self.module.names.library_rule
        library = module.names.rules.libraries[0]
        written = module.replaced  # what something else stands for already
        cut = [use for use in neutral if self.cuts.covers(use) or id(use.reference.nodes[-1]) in written]
        follow = [use for use in neutral if use not in cut]
        tries = [t for s, _ in each.imports for t in module.found.tries if s.block is t.body]
        probed = any(self._is_probe(attempt, cut) for attempt in tries)
        status, message = Status.MIGRATED, ""
        if not names and probed and (why := in_modules.kept_for(module, library.module)):
            said = f"{each.name} stays, for {why}: ask for {library.instead} as well"
            yield Finding(module.source.start(each.imports[0][0].node), rule, Status.MANUAL, said)
            return
        if not names and (follow or probed):
            names = {library.instead: library_modules.given(module.index, module.facts, library.instead, "")}
            status, message = Status.REVIEW, f": asks for {library.instead} now"
        wanted = not names and not cut and not each.uses and self._is_wanted(each)
        if wanted and (other := library_modules.successor(module.index, module.facts, each.name)):
            names = {other: library_modules.given(module.index, module.facts, other, self._alias(each))}
            status, message = Status.REVIEW, ": for others, who take what they use of it from where it is now"
        elif wanted:
            what = f"{each.name} is imported for others: see that they take what they use from where it is now"
            yield Finding(module.source.start(each.imports[0][0].node), rule, Status.MANUAL, what)
            return
        client = module.names.client
        missing = self._statements(each, names)
        primary = names.get(client) or next(iter(names.values()), None)
        blocks: list[list[ast.stmt]] = []
        for number, (statement, alias) in enumerate(each.imports):
            first = not any(statement.block is b for b in blocks)
            blocks.append(statement.block)
            again = len(statement.block) > 1 and any(self._came(s, statement) for s, _ in each.imports[:number])
            lines = missing if first and not again else []
            edits, placed = self._replaced(statement, alias, lines)
            if placed is not None:
                module.placed = {**module.placed, id(alias): placed}
                if edits:
                    yield Finding(module.source.start(statement.node), rule, status, f"{', '.join(missing)}", edits)
                continue
            if not names and not cut:
                status, message = Status.REVIEW, ": imported but not used"
            new = "nothing, for it came before" if again else ", ".join(missing) or "nothing"
            said = f"{_spelled(statement.node, alias)} → {new}{message}"
            yield Finding(module.source.start(statement.node), rule, status, said, edits)
        local = primary[0].partition(".")[0] if primary else ""  # what the import binds: these ask for it or set it
        for use in follow:
            place = use.place(module, use.depth)
            if local and local != each.name and place:
                yield Finding(place[0], rule, status, f"{use.text} → {local}", (Edit(*place, local),))
        yield from self._declared(each, sorted({local for local, _ in names.values()}))

    def _came(self, earlier: ImportStatement, later: ImportStatement) -> bool:
        """Whether an import ran wherever a later one does: in a block around it, or in a `try` that is left without."""
        parents = self.module.source.parents
        node: ast.AST = later.node
        above = parents.get(id(node))
        while above is not None:
            block = next((b for _, b in ast.iter_fields(above) if isinstance(b, list) and node in b), [])
            for each in block[: block.index(node)] if block else ():
                is_left = isinstance(each, ast.Try) and all(isinstance(h.body[-1], _LEAVING) for h in each.handlers)
                if each is earlier.node or (is_left and earlier.node in each.body):
                    return True
            if isinstance(above, _SCOPES):
                return False
            node, above = above, parents.get(id(above))
        return False

    def _is_probe(self, attempt: ast.Try, cut: list[Use]) -> bool:
        """Whether an import is there to tell whether the library is: it is used for nothing else, or sets a flag.

        A flag has another value elsewhere. What is imported from the library beside it tells as much by itself.
        """
        if not self._asks(attempt):
            return False
        beside = [s.node for s in self.module.found.imports if s.block is attempt.body]
        if any(isinstance(n, ast.ImportFrom) and self.module.names.is_module(n.module or "") for n in beside):
            return False
        if not cut:
            return True
        rest = (*attempt.body, *attempt.orelse)
        flags = [s for s in rest if isinstance(s, ast.Assign) and isinstance(s.value, ast.Constant)]
        targets = [t for s in flags if not self.cuts.goes(s) for t in s.targets]
        return any(not isinstance(t, ast.Name) or self._is_set_again(t.id) for t in targets)

    def _asks(self, attempt: ast.Try) -> bool:
        """Whether a handler is for an import that fails, be it because nothing else in the block can."""
        types = [handler.type for handler in attempt.handlers]
        if any(catches([t]) for each in types for t in (each.elts if isinstance(each, ast.Tuple) else [each])):
            return True
        others = [s for s in attempt.body if not isinstance(s, ast.Import | ast.ImportFrom) and not self.cuts.goes(s)]
        return not any(isinstance(node, ast.Call) for statement in others for node in ast.walk(statement))

    def _is_set_again(self, name: str) -> bool:
        nodes = self.module.source.nodes
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
        return any(a is alias and not o.stays for o in self.objects for s, a in o.imports if s.node is node)

    def _is_wanted(self, each: Object) -> bool:
        """Whether an imported module that its own module does not use may be there for others."""
        module = self.module
        if each.holder is not module.found.scope:
            return each.holder.kind == "class"
        source = module.source
        lines = (source.text[source.start(s.node) : source.line_end(source.end(s.node))] for s, _ in each.imports)
        listed = any(text.role == "all" and text_value(text.node) == each.name for text in module.found.texts)
        return listed or any("noqa" in line for line in lines) or module.index.is_wanted(module.facts, each.name)

    def _declared(self, each: Object, names: list[str]) -> Iterator[Finding]:
        """`global litellm` in the functions that import it."""
        module = self.module
        for node, scope in module.found.globals:
            if each.name in node.names and scope.lookup(each.name) is each.holder and names != [each.name]:
                match = re.search(rf"\b{re.escape(each.name)}\b", module.source.segment(node))
                if match and names:
                    at = module.source.start(node)
                    edit = Edit(at + match.start(), at + match.end(), ", ".join(names))
                    said = f"{each.name} → {', '.join(names)}"
                    yield Finding(edit.start, module.names.library_rule, Status.MIGRATED, said, (edit,))


def _taken_from(each: Object, alias: ast.alias) -> str:
    """The full name by which an import takes an object from another module."""
    return next((b.target or "" for b in each.bindings if b.node is alias and b.kind == "from"), "")


def _spelled(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    return ast.unparse(type(node)(**{**vars(node), "names": [alias]}))
