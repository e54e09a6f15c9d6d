"""Environment variables that nothing takes the place of, in Python: what only sets or lists one goes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.fates.providers import VARIABLE
from migrator.primitives.project import Env
from migrator.python import statements
from migrator.python.module import Module
from migrator.python.reading.expressions import text_value
from migrator.python.words.attribute_names import variables_kept
from migrator.sites import Edit, Finding, Status

_SETTERS = {"pop", "setdefault", "delenv", "setenv", "unsetenv", "putenv"}


def find(module: Module) -> Iterator[Finding]:
    """A finding for every text that is the name of such a variable, or holds one."""
    if module.names.may_go(module.source.text):
        yield from _Gone(module).findings()


class _Gone:
    """The findings of one module."""

    def __init__(self, module: Module) -> None:
        self.module = module
        # Texts whose statement, list or dict is edited already, and those that name no variable, by id.
        self.done: set[int] = {*variables_kept(module)}

    def findings(self) -> Iterator[Finding]:
        for node in self.module.source.nodes:
            for block in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
                if isinstance(block, list):
                    yield from self._statements(block)
        for node in self.module.source.nodes:
            if isinstance(node, ast.List | ast.Tuple):
                yield from self._listed(node, node.elts)
            elif isinstance(node, ast.Dict) and all(node.keys):
                yield from self._listed(node, [key for key in node.keys if key])
        for node in self.module.source.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in self.done:
                yield from self._read(node, node.value)

    def _gone(self, node: ast.AST) -> str:
        """The variable that a text is; "" for anything else."""
        value = node.value if isinstance(node, ast.Constant) else None
        return value if isinstance(value, str) and self.module.names.env_gone(value) else ""

    def _say(self, name: str, at: int, status: Status, said: str, *edits: Edit) -> Finding:
        rule = self.module.names.env_gone(name)
        assert rule is not None
        return Finding(at, rule.id, status, said or f"{name}: {rule.message}", edits)

    # ---------------------------------------------------------------------------------------------------- statements

    def _statements(self, block: list[ast.stmt]) -> Iterator[Finding]:
        going = [(s, name) for s in block if (name := self._sets(s)) and self._is_alone(s)]
        source = self.module.source
        for index, (statement, name) in enumerate(going):
            self.done |= {id(n) for n in ast.walk(statement)}
            start, end = source.start(statement), source.end(statement)
            if len(going) == len(block) and index == len(going) - 1:
                edit = Edit(start, end, "pass")
            else:
                first = source.line_start(start)
                follows = bool(index) and source.line_end(source.end(going[index - 1][0])) == first
                edit = Edit(first if follows else self._from(first, block, statement), source.line_end(end), "")
            yield self._say(name, start, Status.MIGRATED, f"{name} goes", edit)

    def _is_alone(self, statement: ast.stmt) -> bool:
        """Whether a statement shares its lines with nothing but a comment."""
        source = self.module.source
        start, end = source.start(statement), source.end(statement)
        before, after = source.text[source.line_start(start) : start], source.text[end : source.line_end(end)]
        return not before.strip() and not after.partition("#")[0].strip()

    def _from(self, first: int, block: list[ast.stmt], statement: ast.stmt) -> int:
        """Where a group of statements that goes begins: with the blank lines before it, if others follow it."""
        source, last = self.module.source, statement
        for each in block[block.index(statement) + 1 :]:
            if not self._sets(each) or source.line_start(source.start(each)) != source.line_end(source.end(last)):
                break
            last = each
        end = source.line_end(source.end(last))
        blank = end < len(source.text) and not source.text[end : source.line_end(end)].strip()
        while blank and first and not source.text[source.line_start(first - 1) : first].strip():
            first = source.line_start(first - 1)
        return first

    def _sets(self, statement: ast.stmt) -> str:
        """The variable that a statement sets or takes out, and does nothing else."""
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=method), args=[ast.Constant() as key, *more])):
                return self._gone(key) if method in _SETTERS and all(_is_plain(a) for a in more) else ""
            case ast.Assign(targets=[ast.Subscript(slice=ast.Constant() as key)], value=value):
                return self._gone(key) if _is_plain(value) else ""
            case ast.Delete(targets=[ast.Subscript(slice=ast.Constant() as key)]):
                return self._gone(key)
        return ""

    # --------------------------------------------------------------------------------------------------------- lists

    def _listed(self, node: ast.expr, names: list[ast.expr]) -> Iterator[Finding]:
        """A list, or the keys of a dict, of which each is the name of a variable: those that are gone go."""
        texts = [text for each in names if (text := text_value(each)) and VARIABLE.fullmatch(text)]
        if len(texts) < len(names) or any(id(each) in self.done for each in names):
            return
        rules = [self.module.names.env_gone(text) or self._yielding(text, texts) for text in texts]
        gone = [n for n, rule in enumerate(rules) if rule]
        if not gone:
            return
        left = len(names) - len(gone)
        plain = not isinstance(node, ast.Dict) or all(_is_plain(node.values[n]) for n in gone)
        if left < (2 if isinstance(node, ast.Tuple) else 1) or not plain or self._is_paired(node):
            return
        base, segment = self.module.source.start(node), self.module.source.segment(node)
        if isinstance(node, ast.Tuple) and not segment.startswith("("):
            return
        layout = statements.dict_layout(segment) if isinstance(node, ast.Dict) else statements.list_layout(segment)
        edits = [Edit(base + start, base + end, "") for start, end in statements.cuts(segment, layout.items, gone)]
        self.done |= {id(names[n]) for n in gone}
        said = f"{', '.join(texts[n] for n in gone)} goes"
        rule = rules[gone[0]]
        assert rule is not None
        yield Finding(self.module.source.start(names[gone[0]]), rule.id, Status.MIGRATED, said, tuple(edits))

    def _yielding(self, name: str, beside: list[str]) -> Env | None:
        """The rule of a variable whose new name stands beside it, and which goes then."""
        renamed = self.module.names.env(name)
        return renamed[1] if renamed and renamed[1].yields and renamed[0] in beside else None

    def _is_paired(self, node: ast.expr) -> bool:
        """Whether a list may be one of several that belong together, item by item."""
        parent = self.module.source.parents.get(id(node))
        return isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "zip"

    # --------------------------------------------------------------------------------------------------------- reads

    def _read(self, node: ast.Constant, text: str) -> Iterator[Finding]:
        pattern = self.module.names.gone_pattern
        parent = self.module.source.parents.get(id(node))
        for name in dict.fromkeys(match[0] for match in pattern.finditer(text)) if pattern else ():
            start = self.module.source.start(node)
            if isinstance(parent, ast.Expr):  # a docstring
                found = self._say(name, start, Status.REVIEW, f"prose: {name}: nothing takes its place")
                yield Finding(found.start, found.rule, found.status, found.message, prose=True)
            else:
                yield self._say(name, start, Status.MANUAL, "")


def _is_plain(node: ast.expr) -> bool:
    """Whether an expression does nothing: a constant or a name."""
    return isinstance(node, ast.Constant | ast.Name)
