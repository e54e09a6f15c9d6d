"""The page of a pack, generated from its rules and their tests, so that what it shows has been run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from migrator.packs.load import Pack
from migrator.packs.rule_tests import Case, Suite, Tree, suites
from migrator.packs.setting_notes import notes
from migrator.primitives.tables import TABLES

_LANGUAGES = {
    "py": "python",
    "toml": "toml",
    "md": "markdown",
    "yml": "yaml",
    "yaml": "yaml",
    "json": "json",
    "sh": "bash",
    "js": "javascript",
    "mjs": "javascript",
    "cjs": "javascript",
    "jsx": "jsx",
    "ts": "typescript",
    "tsx": "tsx",
    "vue": "vue",
    "svelte": "svelte",
}


def page(pack: Pack) -> str:
    """The page in Markdown: what the pack is, its settings, and every rule with its cases."""
    return "\n".join(_lines(pack)) + "\n"


def _lines(pack: Pack) -> Iterator[str]:
    yield f"# {pack.title}\n"
    mode = f" --mode {pack.mode}" if pack.mode else ""
    yield f"`migrate --from {pack.source} --to {pack.target}{mode}`, pack `{pack.name}`.\n"
    yield f"{pack.description}\n"
    if pack.settings:
        yield "## Settings\n"
        yield f"Override them in `pyproject.toml` under `[tool.migrate.packs.{pack.name}]`.\n"
        yield "| setting | default | meaning | example |\n| --- | --- | --- | --- |"
        for name, note in notes(pack).items():
            example = f"`{note.example}`" if note.example else ""
            yield f"| `{name}` | `{_toml(pack.settings[name])}` | {note.meaning} | {example} |"
        yield ""
    yield "## Rules\n"
    by_rule = {suite.rule: suite for suite in suites(pack)}
    names = {primitive: table for table, primitive in TABLES.items()}
    for rule in pack.rules:
        yield f"### {rule.id}\n"
        yield f"A `{names[type(rule)]}` rule. {_summary(rule)}\n"
        if rule.id in by_rule:
            yield from _suite(by_rule.pop(rule.id))
    for suite in by_rule.values():
        yield f"### {suite.rule}\n"
        yield from _suite(suite)


def _toml(value: object) -> str:
    """A default as it would be written: none of them is a table with something in it."""
    return json.dumps(value, ensure_ascii=False)


def _summary(rule: object) -> str:
    """What the rule says, in a sentence."""
    old, new, names = (getattr(rule, name, None) for name in ("old", "new", "names"))
    message = getattr(rule, "message", "")
    if old and new:
        said = f"`{old}` becomes `{new}`."
    elif names or getattr(rule, "renames", None):
        table = names if isinstance(names, Mapping) else getattr(rule, "renames", {})
        listed = [] if isinstance(names, Mapping) else [f"`{name}`" for name in names or ()]
        where = f", in `{getattr(rule, 'to', '')}`" if getattr(rule, "to", ".") != "." else ""
        said = ", ".join([*listed, *(f"`{o}` becomes `{n}`" for o, n in table.items())]) + f"{where}."
    else:
        said = ""
    return f"{said} {message[:1].upper()}{message[1:]}{'.' if message else ''}".strip()


def _suite(suite: Suite) -> Iterator[str]:
    if suite.about:
        yield f"{suite.about}\n"
    for case in suite.cases:
        yield f"**{case.name[:1].upper()}{case.name[1:]}**\n"
        yield from _case(case)


def _case(case: Case) -> Iterator[str]:
    for path in sorted(case.before):
        moved = path not in case.after
        if moved or case.before[path] != case.after[path]:
            yield _fence(path, case.before)
        else:
            yield f"stays as it is:\n\n{_fence(path, case.before)}"
    changed = [p for p in sorted(case.after) if case.after[p] != case.before.get(p)]
    if changed:
        yield "becomes\n"
        yield from (_fence(path, case.after) for path in changed)
    if case.sites:
        reported = ", ".join(f"`{site}`" for site in case.sites)
        yield f"Reported: {reported}.\n"


def _fence(path: str, tree: Tree) -> str:
    ticks = "````" if "```" in tree[path] else "```"
    language = _LANGUAGES.get(path.rpartition(".")[2], "text")
    name = "" if path == "example.py" else f"`{path}`\n\n"
    return f"{name}{ticks}{language}\n{tree[path].strip(chr(10))}\n{ticks}\n"
