"""Edits of the arguments of a call: some are replaced where they stand, some go, some are added before the first."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from migrator.python import statements
from migrator.python.module import Module
from migrator.sites import Edit


def edits(
    module: Module, node: ast.Call, replaced: Mapping[str, str], gone: Sequence[str], added: Sequence[str]
) -> Iterator[Edit]:
    """`replaced` maps a keyword to the whole argument from now on; those of `added` take the first free place."""
    base, segment = module.source.start(node), module.source.segment(node)
    layout = statements.call_layout(segment)
    arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    arguments.sort(key=lambda a: (a.lineno, a.col_offset))
    names = [a.arg if isinstance(a, ast.keyword) else None for a in arguments]
    left, fresh = [i for i, name in enumerate(names) if name in gone], list(added)
    for index, name in enumerate(names):
        if name and name in replaced:
            span = layout.items[index]
            yield Edit(base + span.start, base + span.end, replaced[name])
    if fresh and left:
        span = layout.items[left.pop(0)]
        yield Edit(base + span.start, base + span.end, layout.separator.join(fresh))
    elif fresh and layout.items:
        last = layout.items[-1]
        yield Edit(base + last.end, base + last.end, "".join(layout.separator + each for each in fresh))
    elif fresh:
        end = base + len(segment) - 1
        yield Edit(base + segment.index("(", len(_func(module, node))) + 1, end, ", ".join(fresh))
    for start, end in statements.cuts(segment, layout.items, left):
        yield Edit(base + start, base + end, "")


def _func(module: Module, node: ast.Call) -> str:
    return module.source.segment(node.func)
