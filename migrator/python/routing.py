"""Configs of Portkey's that a class is given: what does not do what it seems to say is made to work, or reported."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from migrator.primitives.gateway import Routing
from migrator.python.calls import inner_edit
from migrator.python.module import Module
from migrator.python.reading.dicts import Written, begins_line, line_indent
from migrator.python.reading.expressions import is_none, parts_of, text_value
from migrator.python.reading.scopes import Scope
from migrator.sites import Edit, Finding, Status

_ROOTS = ("params", "metadata", "url")
_KEYS = ("$and", "$or")
_LONGEST = 120  # characters of a line


def find(module: Module) -> Iterator[Finding]:
    """Findings for the configs in a module; one that several calls are given is found for each."""
    rules = module.names.rules.routings
    for node, scope in module.found.calls if rules else ():
        dotted = module.dotted(parts_of(node.func), scope)
        callee = module.index.canonical(dotted) if dotted else ""
        mine = {rule.mends: rule for rule in rules if callee in rule.of}
        if mine and id(node) not in module.found.inside:
            plan = module.builds.at(node.func)
            yield from _Mender(module, mine, stays=bool(plan and plan.reason)).of_call(node, scope)


class _Mender:
    """The findings of one call; where it `stays` as it is, only what it says wrongly is mended."""

    def __init__(self, module: Module, rules: Mapping[str, Routing], *, stays: bool) -> None:
        self.module, self.source, self.rules, self.stays = module, module.source, rules, stays
        self.slugs: Mapping[str, str] = module.names.rules.options.get("slugs", {})
        self.unknown: list[str] = []  # virtual keys of which nothing tells the provider

    def of_call(self, node: ast.Call, scope: Scope) -> Iterator[Finding]:
        """What becomes of the options that a call is given."""
        given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        config = given.get("config")
        written = self._written(config, scope) if config is not None else None
        if written is not None:
            yield from self._of_node(Written(self.source, written))
        elif config is not None and not is_none(config):
            yield from self._say("elsewhere", config, self._segment(config))
        if "virtual_key" in given:
            yield from self._slug(given["virtual_key"], None)
        yield from self._cache(given.get("cache"))
        if self.unknown:
            yield from self._say("slugs", node, ", ".join(dict.fromkeys(self.unknown)))

    def _written(self, value: ast.expr, scope: Scope) -> ast.Dict | None:
        """The dict that an expression comes to: itself, what `json.dumps` is given, a variable that is set once."""
        if isinstance(value, ast.Call) and parts_of(value.func)[-1:] == ("dumps",) and value.args:
            value = value.args[0]
        if isinstance(value, ast.Name) and (holder := scope.lookup(value.id)):
            given = [*_assigned(holder.node, value.id)]
            value = given[0] if len(given) == 1 and len(holder.bindings[value.id]) == 1 else value
        return value if isinstance(value, ast.Dict) else None

    def _say(
        self, mends: str, node: ast.AST, what: str, edits: Iterable[Edit] = (), *, by_hand: bool = False
    ) -> Iterator[Finding]:
        rule, made = self.rules.get(mends), tuple(edits)
        if rule is None or (self.stays and not made):
            return
        status = Status.MANUAL if by_hand else Status(rule.status)
        yield Finding(self.source.start(node), rule.id, status, f"{what}: {rule.message}", made)

    def _segment(self, node: ast.expr) -> str:
        return " ".join(self.source.segment(node).split())[:60]

    # --------------------------------------------------------------------------------------------------------- one node

    def _of_node(self, node: Written) -> Iterator[Finding]:
        """What becomes of a config, or of a target in one."""
        for name in self.rules["unread"].names if "unread" in self.rules else ():
            if name in node.keys:
                yield from self._say("unread", node.keys[name], repr(name))
        if "virtual_key" in node.values:
            yield from self._slug(node.values["virtual_key"], node.keys["virtual_key"])
        yield from self._cache(node.values.get("cache"))
        strategy = node.inner("strategy")
        mode = text_value(strategy.values.get("mode")) if strategy else None
        if strategy and mode == "conditional":
            yield from self._conditional(node, strategy)
        elif strategy and mode == "loadbalance" and "on_status_codes" in strategy.values:
            yield from self._balanced(node, strategy)
            return  # the targets are written anew
        elif mode == "fallback":
            yield from self._weights(node)
        for target in node.items("targets") or ():
            yield from self._of_node(target)

    def _weights(self, node: Written) -> Iterator[Finding]:
        for target in node.items("targets") or ():
            if "weight" in target.keys and target.is_whole and len(target.keys) > 1:
                yield from self._say("weights", target.keys["weight"], "weight", target.without(["weight"]))

    def _slug(self, value: ast.expr, key: ast.expr | None) -> Iterator[Finding]:
        """A virtual key, at `key` of a config: the provider that is behind it, where the user says which."""
        text = text_value(value)
        provider = self.slugs.get(text) if text else None
        if not provider or text is None:
            self.unknown.append(text or self._segment(value))
            return
        edits = [inner_edit(self.module, value, text, provider)] if text != provider else []
        edits += [inner_edit(self.module, key, "virtual_key", "provider")] if key else []
        yield from self._say("slugs", value, f"{text} → {provider}", edits)

    def _cache(self, value: ast.expr | None) -> Iterator[Finding]:
        """A semantic cache, by whichever of its words."""
        mode = value
        if isinstance(value, ast.Dict):
            mode = Written(self.source, value).values.get("mode")
        if value is None or mode is None:
            return
        word = text_value(mode)
        if word == "simple" and mode is value:
            edit = Edit(self.source.start(value), self.source.end(value), '{"mode": "simple"}')
            yield from self._say("cache", value, "simple", [edit])
        elif word == "semantic" or (isinstance(mode, ast.Constant) and mode.value is True):
            edit = Edit(self.source.start(value), self.source.end(value), '{"mode": "semantic"}')
            yield from self._say("cache", mode, "semantic", [edit] if mode is value else [])

    # ------------------------------------------------------------------------------------------------------- conditions

    def _conditional(self, node: Written, strategy: Written) -> Iterator[Finding]:
        conditions = strategy.items("conditions")
        used = [condition.values.get("then") for condition in conditions or ()]
        used += [strategy.values["default"]] if "default" in strategy.values else []
        for condition in conditions or ():
            query = condition.inner("query")
            yield from self._query(query) if query else ()
        names = list(dict.fromkeys(text for value in used if (text := text_value(value)) is not None))
        yield from self._named(node, names)

    def _query(self, query: Written) -> Iterator[Finding]:
        """Keys of a query that name no part of the request mean its body."""
        for name, key in query.keys.items():
            if name in _KEYS:
                for part in query.items(name) or ():
                    yield from self._query(part)
            elif "." not in name and name not in _ROOTS and not name.startswith("$"):
                yield from self._say("conditions", key, name, [inner_edit(self.module, key, name, f"params.{name}")])

    def _named(self, node: Written, names: Sequence[str]) -> Iterator[Finding]:
        """Targets that conditions lead to by their virtual key get it for a name; where none are, they are made."""
        if not names or not node.is_whole:
            return
        if "targets" not in node.values:
            edit = node.last(self._targets(node, [self._target(name) for name in names]))
            yield from self._say("targets", node.node, ", ".join(names), [edit])
            self.unknown += [name for name in names if name not in self.slugs]
            return
        targets = node.items("targets")
        there = {text_value(target.values.get("name")) for target in targets or ()}
        for name in names:
            if targets is None or name in there:
                continue
            meant = [t for t in targets if text_value(t.values.get("virtual_key")) == name and "name" not in t.values]
            edits = meant[0].first(f'"name": {json.dumps(name, ensure_ascii=False)}') if len(meant) == 1 else ()
            at = meant[0].node if meant else node.keys["targets"]
            yield from self._say("targets", at, name, edits, by_hand=len(meant) != 1)

    def _target(self, name: str) -> str:
        said, provider = json.dumps(name, ensure_ascii=False), self.slugs.get(name)
        return f'{{"name": {said}, ' + (f'"provider": "{provider}"}}' if provider else f'"virtual_key": {said}}}')

    def _targets(self, node: Written, targets: Sequence[str]) -> str:
        """The list `targets` of a node, laid out as the node is."""
        if not node.is_laid_out:
            return f'"targets": [{", ".join(targets)}]'
        line = self.source.newline + node.indent
        return f'"targets": [{"".join(f"{line}{node.step}{target}," for target in targets)}{line}]'

    # --------------------------------------------------------------------------------------------------------- balances

    def _balanced(self, node: Written, strategy: Written) -> Iterator[Finding]:
        """A balance that goes on after some statuses: each of its targets becomes a fallback to all others."""
        targets = node.items("targets")
        key, codes = strategy.keys["on_status_codes"], strategy.values["on_status_codes"]
        plain = targets and all(t.is_whole and not {"strategy", "targets", "name"} & t.keys.keys() for t in targets)
        alone = [self._alone(target) for target in targets] if targets and plain else []
        if targets is None or not alone or None in alone or not strategy.is_whole:
            yield from self._say("statuses", key, "on_status_codes", by_hand=True)
            return
        edits = [*strategy.without(["on_status_codes"])]
        said = f'{{"mode": "fallback", "on_status_codes": {self._segment(codes)}}}'
        for index, target in enumerate(targets):
            order = [alone[index], *alone[:index], *alone[index + 1 :]]
            weight = target.values.get("weight")
            items = [f'"weight": {self.source.segment(weight)}'] if weight else []
            items.append(f'"strategy": {said}')
            text = self._laid(target, items, [each for each in order if each])
            edits.append(Edit(self.source.start(target.node), self.source.end(target.node), text))
        yield from self._say("statuses", key, "on_status_codes", edits)

    def _laid(self, target: Written, items: Sequence[str], targets: Sequence[str]) -> str:
        """A target of these items and of targets in it, in lines of its own if it begins one."""
        listed = f'"targets": [{", ".join(targets)}]'
        if not begins_line(self.source, target.node):
            return f"{{{', '.join([*items, listed])}}}"
        indent = line_indent(self.source, target.node)
        line = self.source.newline + indent
        step = "\t" if indent.endswith("\t") else "    "
        if len(indent + step + listed) >= _LONGEST:
            listed = f'"targets": [{"".join(f"{line}{step}{step}{each}," for each in targets)}{line}{step}]'
        return f"{{{''.join(f'{line}{step}{item},' for item in [*items, listed])}{line}}}"

    def _alone(self, target: Written) -> str | None:
        """A target without its weight, in one line; None where that is not known to mean the same."""
        edits = [*target.without(["weight"])] if "weight" in target.keys else []
        if "virtual_key" in target.values:
            found = self._slug(target.values["virtual_key"], target.keys["virtual_key"])
            edits += [edit for finding in found for edit in finding.edits]
        text = _edited(self.source.text, edits, self.source.start(target.node), self.source.end(target.node))
        line = re.sub(r",?\s*\}$", "}", re.sub(r"\s*\r?\n\s*", " ", text)).replace("{ ", "{", 1)
        return line if _means(line) == _means(text) is not None else None


def _edited(text: str, edits: Iterable[Edit], start: int, end: int) -> str:
    """A part of a text with the edits in it made."""
    for edit in sorted(edits, reverse=True):
        text, end = text[: edit.start] + edit.text + text[edit.end :], end + len(edit.text) - edit.end + edit.start
    return text[start:end]


def _means(text: str) -> str | None:
    try:
        return ast.dump(ast.parse(text, mode="eval"))
    except SyntaxError:
        return None


def _assigned(holder: ast.AST, name: str) -> Iterator[ast.expr]:
    """What a name is given by the assignments of a scope."""
    for node in ast.walk(holder):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            yield from [value] if value is not None else []
