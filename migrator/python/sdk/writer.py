"""What all that writes clients of one module anew has in common: its names, its address, its findings."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence

from migrator.fates.endpoints import moved
from migrator.patterns import under
from migrator.primitives.client import Parameter
from migrator.python.calls import import_edit
from migrator.python.module import Module
from migrator.python.reading.expressions import parts_of, text_value
from migrator.python.reading.scopes import Scope
from migrator.python.sdk import arguments
from migrator.python.sdk.options import Options, Result
from migrator.sites import Edit, Finding, Status


class Writer:
    """One module; `done` are calls that another one's finding takes care of, by id."""

    def __init__(self, module: Module) -> None:
        self.module, self.rules = module, module.names.rules
        self.client = self.rules.moving_clients[0]
        self.options = Options(module, self.client, self.text)
        self.url = str(self.rules.options.get("base-url") or "") or self.client.url
        self.done: set[int] = set()

    @property
    def key(self) -> str:
        """The key from the environment, as Python text."""
        return f'os.environ["{self.client.key_variable}"]'

    def text(self, node: ast.expr) -> str:
        """The text of an expression, its variables of the environment renamed; one without a place is spelled out."""
        if not hasattr(node, "lineno"):
            told = text_value(node)
            return json.dumps(told, ensure_ascii=False) if told is not None else ast.unparse(node)
        return self.renamed(self.module.source.segment(node))

    def renamed(self, text: str, *, whole: bool = False) -> str:
        """Python text with the variables of the environment in its texts renamed, or a `whole` text that is one."""
        found = [e for f in self.module.names.envs_in(text) for e in f.edits]
        edits = [e for e in found if whole or text[: e.start].endswith(("'", '"'))]  # names of the project's own stay
        for edit in sorted(edits, reverse=True):
            text = text[: edit.start] + edit.text + text[edit.end :]
        old, new = self.client.old_key_variable, self.client.key_variable
        return re.sub(rf"""(?<=['"]){old}(?=['"])""", new, text) if not whole else new if text == old else text

    def dotted(self, func: ast.expr, scope: Scope) -> str:
        """The full name of what an expression means; "" where nothing tells it."""
        dotted = self.module.dotted(parts_of(func), scope)
        return self.module.index.canonical(dotted) if dotted else ""

    def name(self, func: ast.expr, scope: Scope) -> str:
        """The name that the SDK has for what is called; "" for anything else."""
        canon = self.dotted(func, scope)
        fate = self.module.names.fate(canon) if canon else None
        return canon.rpartition(".")[2] if fate and fate.rule == self.client.id else ""

    def makes_new(self, node: ast.AST, scope: Scope) -> bool:
        """Whether a call makes a client of the new SDK."""
        dotted = self.dotted(node.func, scope) if isinstance(node, ast.Call) else ""
        return dotted.rpartition(".")[2] in self.client.classes.values() and under(dotted, self.client.to)

    def address(self, value: ast.expr | None, scope: Scope) -> str:
        """The new address as Python text, where an expression is the old one; "" for anything else.

        A name of the project's own goes on: what it is given is the new one.
        """
        if value is None:
            return ""
        text = text_value(value)
        if text is not None:
            return f'"{self.url}"' if text.rstrip("/") in self.client.addresses else ""
        if self.module.holds_address(parts_of(value), scope):
            return self.module.source.segment(value)
        return f'"{self.url}"' if self.is_constant(value, scope) else ""

    def is_constant(self, node: ast.expr, scope: Scope) -> bool:
        """Whether an expression is what the SDK calls its address."""
        return self.name(node, scope) in self.client.address

    def moved_address(self, text: str) -> str:
        """The new address for a text that is the old one or begins with it; "" for any other."""
        return moved(text, self.client, self.url)

    def imported(self, needed: bool, node: ast.Call | ast.Dict, scope: Scope) -> Edit | None:
        """The edit that imports `os` where the key is read by it; None where that cannot be placed."""
        return import_edit(self.module, "os", node, scope) if needed else Edit(0, 0, "")

    def say(
        self, node: ast.AST, status: Status, message: str, edits: tuple[Edit, ...] = (), row: Parameter | None = None
    ) -> Finding:
        """A finding where a node begins, of the client's rule or of that of one of its options."""
        return Finding(self.module.source.start(node), (row or self.client).id, status, message, edits)

    def edited(
        self,
        node: ast.Call | ast.Dict,
        result: Result,
        said: str,
        imported: Edit | None,
        replaced: Mapping[str, str],
        gone: Sequence[str],
        added: Sequence[str],
        first: Sequence[str] = (),
    ) -> Finding:
        """The finding for a call, or a dict, that is given something else from now on."""
        if imported is None:
            said = f"{said}: import os and write {', '.join([*first, *added] or replaced.values())}"
            return self.say(node, Status.MANUAL, said)
        self._replace(node, {*gone, *replaced})
        edits = [imported] if imported.text else []
        if replaced or gone or added or first:
            edits += arguments.edits(self.module, node, replaced, gone, added, first)
        notes = _gathered(result.notes)
        told = "; ".join([said, *notes]) if len(notes) != 1 else f"{said}: {notes[0]}"
        return self.say(node, result.status, told, tuple(edits))

    def _replace(self, node: ast.Call | ast.Dict, names: set[str]) -> None:
        """Note the names in arguments that go: they are used here no more."""
        for name, value in named(node).items():
            if name in names:
                self.module.replaced |= {id(n) for n in ast.walk(value)}
                self.done |= {id(n) for n in ast.walk(value) if isinstance(n, ast.Call)}


def _gathered(notes: Sequence[str]) -> list[str]:
    """Notes about options, those that say the same of several as one: `model, fallbacks: …`."""
    about: dict[str, list[str]] = {}
    for note in notes:
        name, colon, said = note.partition(": ")
        about.setdefault(f"{colon}{said}" if colon and " " not in name else note, []).append(name)
    return [f"{', '.join(names)}{said}" if said.startswith(": ") else said for said, names in about.items()]


def named(node: ast.Call | ast.Dict) -> dict[str, ast.expr]:
    """What a call is given by name, or a dict has under a text."""
    if isinstance(node, ast.Call):
        return {k.arg: k.value for k in node.keywords if k.arg}
    return {name: v for k, v in zip(node.keys, node.values, strict=True) if (name := text_value(k))}
