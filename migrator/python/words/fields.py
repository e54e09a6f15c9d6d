"""Fields of pydantic's settings classes: each reads the variable of its own name, or of the alias that it has.

A field keeps its name, as every attribute of the project's own does, and is told the variable that it reads.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from migrator.fates.names import say_env
from migrator.patterns import under
from migrator.primitives.project import Env
from migrator.python import statements
from migrator.python.direct.rows import longest, merged, rows
from migrator.python.importing.new import Import, imported
from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, parts_of, text_value
from migrator.python.reading.scopes import Scope
from migrator.python.words import families
from migrator.sites import Edit, Finding, Status

_BASE = "BaseSettings"
_OLD = ("pydantic.v1", "pydantic.env_settings", "pydantic.BaseSettings")  # before it had a package of its own
_NEW = "pydantic_settings"
_BY_NAME = {"populate_by_name", "validate_by_name"}
_SOURCES = {"yaml_file", "toml_file", "json_file", "secrets_dir", "cli_parse_args"}  # these have fields by their names
_CUSTOMISED = "settings_customise_sources"
_READING = {"env_prefix", "case_sensitive", "", *_SOURCES}  # in what inherits fields, these give them other variables
_OVER = {"_env_prefix", "_case_sensitive"}  # what a call gives in the place of the class's own
_MAPPED = {"_cli_parse_args", "_secrets_dir", "_cli_settings_source", "_build_sources", None}
_ALIASES = {"alias", "validation_alias", "env"}
_MAKERS = {"getenv", "get", "SecretStr", "Secret", "str"}  # calls that give a value, and no field of their own


@dataclass(frozen=True, slots=True)
class _Settings:
    """A class of settings: `versions` are those of pydantic that it is written for, none where that is not told."""

    node: ast.ClassDef
    scope: Scope
    versions: frozenset[int]
    prefix: str
    exact: bool  # whether upper and lower case make two variables
    by_name: bool  # whether it takes a field by its name, alias or not
    sources: bool  # whether it is read from more than the environment
    family: Sequence[ast.ClassDef]  # it, and those of the project that it inherits from, nearest first
    whole: bool  # whether all that it is configured with is in sight


def find(module: Module) -> Iterator[Finding]:
    """Findings for the fields that read a variable which is renamed, or which nothing takes the place of."""
    rules = module.names.rules
    classes = _classes(module) if rules.envs or rules.env_gone or rules.variables else ()
    found = [finding for settings in classes for finding in _Fields(module, settings).findings()]
    yield from _with_imports(module, found)


def _classes(module: Module) -> Iterator[_Settings]:
    for node, scope in module.found.classes if "Settings" in module.source.text else ():
        bases = {each for base in node.bases for each in module.meanings(parts_of(base), scope) if each}
        origins = {origin for base in bases for origin in module.index.lineage(base)}
        if not any(_is_settings(module, each) for each in origins or {".".join(parts_of(b)) for b in node.bases}):
            continue
        old = {1 for origin in origins if any(under(origin, name) for name in _OLD)}
        new = {2 for origin in origins if under(origin, _NEW)}
        above = families.bases(module, node, scope, (*_OLD, _NEW))
        family = (node, *(above or ()))
        told = [each for cls in reversed(family) for each in families.configured(cls)]
        said = dict(told)
        prefix, case = text_value(said.get("env_prefix")) or "", _is_true(said.get("case_sensitive"))
        by_name = any(_is_true(said.get(name)) for name in _BY_NAME)
        own = any(isinstance(s, ast.FunctionDef) and s.name == _CUSTOMISED for cls in family for s in cls.body)
        sources = own or not _SOURCES.isdisjoint(said)
        whole = above is not None and "" not in said
        yield _Settings(node, scope, frozenset(old | new), prefix, case, by_name, sources, family, whole)


def _is_settings(module: Module, base: str) -> bool:
    """Whether a class is that of pydantic, or sounds so and is none of the project's own that is in sight."""
    return base.endswith(_BASE) or (base.endswith("Settings") and module.index.class_named(base) is None)


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


@dataclass(frozen=True, slots=True)
class _Found:
    """What is found about a field, and what it needs from pydantic."""

    finding: Finding
    needs: tuple[str, ...] = ()
    old: bool = False


class _Fields:
    """What is found about the fields of one class."""

    def __init__(self, module: Module, settings: _Settings) -> None:
        self.module, self.source, self.names = module, module.source, module.names
        self.settings, self.own = settings, f"{module.facts.name}.{settings.node.name}"
        self.limit = longest(self.source, self.names.rules.line_length)
        self.whole_prefix = bool(settings.prefix) and self.names.env(settings.prefix) is not None

    def findings(self) -> Iterator[_Found]:
        for statement in self.settings.node.body:
            name = self._name(statement)
            if name and isinstance(statement, ast.AnnAssign | ast.Assign):
                call = self._called(statement)
                aliases = [k for k in call.keywords if k.arg in _ALIASES] if call else []
                yield from (_Found(f) for k in aliases for f in self._lower(k))
                if not self._has_alias(aliases):
                    yield from self._read_by_name(statement, name, call, aliases)

    def _name(self, statement: ast.stmt) -> str:
        """The field that a statement declares; without an annotation there was one before pydantic's version 2."""
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)):
                return name if not name.startswith("_") else ""
            case ast.Assign(targets=[ast.Name(id=name)]) if self.settings.versions == {1}:
                return name if not name.startswith("_") else ""
        return ""

    def _called(self, statement: ast.AnnAssign | ast.Assign) -> ast.Call | None:
        """The call of `Field` that a field is declared with, as its value or in its annotation."""
        annotation = statement.annotation if isinstance(statement, ast.AnnAssign) else None
        inside = list(ast.walk(annotation)) if isinstance(annotation, ast.Subscript) else []
        for node in (statement.value, *inside):
            if isinstance(node, ast.Call) and parts_of(node.func)[-1:] == ("Field",):
                return node
        return None

    def _has_alias(self, aliases: Sequence[ast.keyword]) -> bool:
        """Whether a field says which variable it reads; `env` says so before version 2 alone."""
        said = {keyword.arg for keyword in aliases}
        return bool(said - {"env"}) or ("env" in said and self.settings.versions == {1})

    def _lower(self, keyword: ast.keyword) -> Iterator[Finding]:
        """An alias in lower case, which names a variable all the same; not beside the new one."""
        said = {(text_value(node) or "").upper() for node in ast.walk(keyword.value)}
        for node in ast.walk(keyword.value):
            value = text_value(node) or ""
            renamed = self.names.env(value.upper()) if value.islower() and not self.settings.exact else None
            place = self.source.inside(node, value) if renamed and isinstance(node, ast.expr) else None
            if renamed and place and renamed[0] not in said:
                new, rule = renamed
                told = f"{value} → {new.lower()}: this field reads {value.upper()}"
                if keyword.arg == "alias" and self._is_given(value):
                    yield Finding(place[0], rule.id, Status.MANUAL, f"{told}, and code gives it so", stays=value)
                else:
                    yield Finding(place[0], rule.id, Status(rule.status), told, (Edit(*place, new.lower()),))

    def _read_by_name(
        self, statement: ast.AnnAssign | ast.Assign, name: str, call: ast.Call | None, aliases: Sequence[ast.keyword]
    ) -> Iterator[_Found]:
        if self.settings.exact and name != name.upper():
            return
        variable = (self.settings.prefix + name).upper()
        if (renamed := self.names.env(variable)) and not self.whole_prefix:
            yield self._renamed(statement, name, variable, *renamed, call, aliases)
        elif not any(text_value(node) == variable for node in ast.walk(statement)):
            yield from (_Found(finding) for finding in self._gone(statement, variable))

    def _gone(self, statement: ast.AnnAssign | ast.Assign, variable: str) -> Iterator[Finding]:
        at = self.source.start(statement)
        if gone := self.names.env_gone(variable):
            why = "" if statement.value else "nothing sets it any more, and this field has no default; "
            yield Finding(at, gone.id, Status.MANUAL, f"{variable}: {why}{gone.message}")
        elif (rule := self.names.variable(variable)) and rule.check and rule.is_librarys(variable):
            yield Finding(at, rule.id, self.names.left, f"{variable}: {rule.message}")

    def _renamed(
        self,
        statement: ast.AnnAssign | ast.Assign,
        name: str,
        variable: str,
        new: str,
        rule: Env,
        call: ast.Call | None,
        aliases: Sequence[ast.keyword],
    ) -> _Found:
        at, versions = self.source.start(statement), self.settings.versions
        given = 2 in versions and (self.settings.sources or self._is_given(name))
        edits = self._edits(statement, name, variable, new, call, aliases, given=given and not self.settings.by_name)
        if edits is None:
            said = f"this field reads {variable} by its own name: rename it or give it validation_alias={new!r}"
            return _Found(Finding(at, rule.id, Status.MANUAL, said, stays=variable))
        said = say_env(variable, new, rule)
        status = Status(rule.status)
        if given:
            status = Status.REVIEW if status is Status.MIGRATED else status
            said += f"; {variable} is read where that is not set, for this field may be given by its name"
        needs = [] if call else ["Field"]
        needs += ["AliasChoices"] if given and not self.settings.by_name else []
        return _Found(Finding(at, rule.id, status, said, tuple(edits)), tuple(needs), "pydantic.v1" in self._bases())

    def _bases(self) -> set[str]:
        """The modules that the class has its base from."""
        parts = (parts_of(base) for base in self.settings.node.bases)
        meant = (each for p in parts for each in self.module.meanings(p, self.settings.scope) if each)
        return {each.rpartition(".")[0] for each in meant}

    def _edits(
        self,
        statement: ast.AnnAssign | ast.Assign,
        name: str,
        variable: str,
        new: str,
        call: ast.Call | None,
        aliases: Sequence[ast.keyword],
        *,
        given: bool,
    ) -> list[Edit] | None:
        """The edits that tell a field its variable; None where that is to be done by hand."""
        versions = self.settings.versions
        by_hand = (given and name != name.lower()) or self._is_told_in_config(variable)
        if not versions or by_hand or not self._is_whole():
            return None
        alias = f'AliasChoices("{new}", "{name}")' if given else f'"{new}"'
        said = [f"env={alias}"] if 1 in versions and not aliases else []
        said += [f"validation_alias={alias}"] if 2 in versions else []
        if call:
            old = next((k for k in aliases if text_value(k.value) == variable), None)
            if old and versions == {2}:  # where it is not heeded: the field reads the variable of its own name
                at = self.source.start(old)
                text = Edit(self.source.start(old.value), self.source.end(old.value), alias)
                return [Edit(at, at + len("env"), "validation_alias"), text]
            return self._appended(call, said)
        value = statement.value
        if not self._takes_field() or (isinstance(value, ast.Call) and callee_of(value) not in _MAKERS):
            return None
        if value is None:
            required = "" if 2 in versions else "..., "
            end = self.source.end(statement)
            return [Edit(end, end, f" = Field({required}{', '.join(said)})")]
        return self._around(value, said)

    def _around(self, value: ast.expr, said: Sequence[str]) -> list[Edit]:
        """The edits that make a value the default of a `Field`, on lines of their own where one would be too long."""
        start, end = self._whole(value)
        line = self.source.line_start(start), self.source.line_end(start)
        width = len(self.source.text[slice(*line)].rstrip().expandtabs(4))
        if end > line[1] or width + len("Field(default=, )") + sum(map(len, said)) <= self.limit:
            return [Edit(start, start, "Field(default="), Edit(end, end, f", {', '.join(said)})")]
        outer = self.source.newline + self.source.indent(value)
        inner = outer + ("\t" if outer.endswith("\t") else "    ")
        row = f", {', '.join(said)}{outer})"
        width = len(inner.lstrip("\r\n").expandtabs(4)) + len("default=") + end - start
        if width + len(row) - len(outer) - 1 > self.limit:
            row = ",".join(["", *(f"{inner}{each}" for each in said), outer]) + ")"
        return [Edit(start, start, f"Field({inner}default="), Edit(end, end, row)]

    def _whole(self, value: ast.expr) -> tuple[int, int]:
        """Where a value stands, with the brackets around it."""
        start, end, text = self.source.start(value), self.source.end(value), self.source.text
        while (before := text[:start].rstrip()).endswith("(") and (after := text[end:].lstrip()).startswith(")"):
            start, end = len(before) - 1, len(text) - len(after) + 1
        return start, end

    def _appended(self, call: ast.Call, said: Sequence[str]) -> list[Edit]:
        base, segment = self.source.start(call), self.source.segment(call)
        layout = statements.call_layout(segment)
        if not layout.items:
            return [Edit(base + len(segment) - 1, base + len(segment) - 1, ", ".join(said))]
        added = statements.appended(segment, layout.items[-1], said, layout.separator)
        edits = [Edit(base + start, base + end, text) for start, end, text in added]
        laid_out = rows(self.source, call, self.limit)
        before, after = laid_out.edits(edits) if laid_out else ([], [])
        if laid_out and len(before) > 1:
            edits = list(map(laid_out.spread, edits))
        return list(merged([*before, *edits, *after]))

    def _takes_field(self) -> bool:
        """Whether `Field` is pydantic's in this module, or can be."""
        known = self.module.facts.bound.get("Field")
        if known is None:
            return any(isinstance(each, ast.Import | ast.ImportFrom) for each in self.source.tree.body)
        return all(under(each, "pydantic") for each in known)

    def _is_told_in_config(self, variable: str) -> bool:
        """Whether an inner `class Config` names the variables of its fields."""
        inner = (
            s for cls in self.settings.family for s in cls.body if isinstance(s, ast.ClassDef) and s.name == "Config"
        )
        return any(text_value(node) == variable for each in inner for node in ast.walk(each))

    @cached_property
    def _heirs(self) -> dict[str, ast.ClassDef | None]:
        return families.heirs(self.module, self.own)

    @cached_property
    def _given(self) -> set[str | None]:
        return families.given(self.module, [self.own, *self._heirs])

    def _is_given(self, name: str) -> bool:
        """Whether code of the project makes such settings with this keyword, or may do so."""
        return not {name, *_MAPPED}.isdisjoint(self._given)

    def _is_whole(self) -> bool:
        """Whether all is in sight that tells which variables the fields read, also those of what inherits them."""
        below = self._heirs.values()
        said = {name for each in below if each for name, _ in families.configured(each)}
        return self.settings.whole and None not in below and _READING.isdisjoint(said) and _OVER.isdisjoint(self._given)


def _with_imports(module: Module, found: Sequence[_Found]) -> Iterator[Finding]:
    """The findings; the first that is sure to be made, if any is, imports what is not there yet."""
    there = module.facts.bound
    missing = {name for each in found for name in each.needs if name not in there}
    for each in sorted(found, key=lambda f: f.finding.status is not Status.MIGRATED):
        wanted = [name for name in each.needs if name in missing]
        if wanted and each.finding.edits and not module.suppresses(each.finding):
            missing.difference_update(wanted)
            home = "pydantic.v1" if each.old else "pydantic"
            edits = imported(module.source, [Import(home, name) for name in wanted], [])
            yield replace(each.finding, edits=(*each.finding.edits, *edits))
        else:
            yield each.finding
