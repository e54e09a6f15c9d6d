"""Prose with code in it: Markdown and reStructuredText, and plain text, which has none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from migrator.fates.names import Names
from migrator.formats import Context, Format, dependencies, format_of, http, servers, slugs
from migrator.formats.blocks import Block, Placed
from migrator.formats.followed import Followed
from migrator.formats.search import apart, lines, moved_by, prose, snippet
from migrator.sites import Finding

_PYTHON = frozenset({"python", "py", "python3", "pycon", "ipython", "python-repl"})
_PROSE = frozenset({"markdown", "md", "rst", "mermaid", "diff"})
_FILES = {
    "dotenv": ".env",
    "requirements": "requirements.txt",
    "env": ".env",
    "dockerfile": "Dockerfile",
    "http": "block.http",
    "makefile": "Makefile",
    "javascript": "block.js",
    "typescript": "block.ts",
    "node": "block.js",
}
_LANGUAGE = re.compile(r"\s*\{?\s*\.?([\w+-]*)")
_DIRECTIVE = re.compile(r"([ \t]*)\.\.[ \t]+(?:code-block|code|sourcecode)::[ \t]*([\w+-]*)[ \t]*$")
_OPTION = re.compile(r"[ \t]*:[\w-]+:")


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """What blocks of code hold, each as its language has it; everything around them is prose."""
    blocks = {".md": _fences, ".markdown": _fences, ".mdx": _fences, ".rst": _directives}
    split = blocks.get(PurePosixPath(context.path).suffix.lower())
    context = replace(context, python=Followed(context.python, names))
    found: list[Finding] = []
    at = 0
    for block in split(text) if split else ():
        if not block.code or block.language in _PROSE or not names.may_be_in("".join(code for _, code in block.code)):
            continue
        start, (last, code) = block.code[0][0], block.code[-1]
        found += _prose(text[at:start], at, names, context)
        found += _in_block(text, block, names, context)
        at = last + len(code)
    found += _prose(text[at:], at, names, context)
    return sorted(found, key=lambda finding: finding.start)


def _prose(text: str, at: int, names: Names, context: Context) -> list[Finding]:
    """What a text outside blocks names, and what the commands in it install."""
    named = list(prose(text, names, at, edit=context.edit_prose))
    if names.rules.clients:
        told = http.prose(text, names, at, edit=context.edit_prose)
        ids = slugs.prose(text, names, at, edit=context.edit_prose)
        named = apart(told, servers.find(text, names, at, prose=True), ids, named)
    if not names.rules.dependencies:
        return named
    from migrator.formats.dependencies import commands, node_commands

    edit = context.edit_prose
    found = [*commands.find(text, names, context.imported.old, prose=True, edit=edit)]
    found += node_commands.find(text, names, context.imported, prose=True, edit=edit)
    return dependencies.joined([moved_by(finding, at) for finding in found], named, names)


# ---------------------------------------------------------------------------------------------------------- blocks


def _fences(text: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown text, also those inside lists and quotes."""
    from markdown_it import MarkdownIt

    source = list(lines(text))
    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])  # what a paragraph holds costs most and matters to no fence
    for token in parser.parse(text):
        if token.type == "fence" and token.map:
            language = _LANGUAGE.match(token.info)
            code = tuple(_located(source[token.map[0] + 1 :], token.content))
            yield Block(language[1].lower() if language else "", code)


def _located(source: list[tuple[int, str]], content: str) -> Iterator[tuple[int, str]]:
    """The lines of a fence's content and where they stand in the source, behind markers and indent."""
    for (start, line), code in zip(source, content.removesuffix("\n").split("\n") if content else (), strict=False):
        bare = line.rstrip("\r\n")
        code = code if bare.endswith(code) else bare.lstrip()
        yield start + len(bare) - len(code), code


def _directives(text: str) -> Iterator[Block]:
    """The `code-block` directives of a reStructuredText."""
    source = [(start, line.rstrip("\r\n")) for start, line in lines(text)]
    for number, (_, line) in enumerate(source):
        directive = _DIRECTIVE.match(line)
        if directive:
            code = list(_below(source[number + 1 :], len(directive[1])))
            while code and _OPTION.match(code[0][1]):
                del code[0]
            while code and not code[-1][1].strip():
                del code[-1]
            yield Block(directive[2].lower(), tuple(code))


def _below(source: list[tuple[int, str]], indent: int) -> Iterator[tuple[int, str]]:
    """The blank lines and the lines indented by more than `indent` that follow a directive."""
    for start, line in source:
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            return
        yield start, line


# ------------------------------------------------------------------------------------------------------ inside a block


def _in_block(text: str, block: Block, names: Names, context: Context) -> list[Finding]:
    placed = Placed(text, block)
    return [placed(finding) for finding in _search(placed.code, block.language, names, context)]


def _search(code: str, language: str, names: Names, context: Context) -> list[Finding]:
    if language in _PYTHON:
        try:
            return context.python(code)
        except SyntaxError:
            found = apart(snippet(code, names), prose(code, names, 0, edit=context.edit_prose))
            return dependencies.joined(dependencies.find(code, "config", names, context), found, names)
    path = _FILES.get(language, f"block.{language}")
    kind = format_of(path)
    kind = kind if kind and kind.name != "text" else Format("config", "config")
    return kind.find(code, names, replace(context, path=path))
