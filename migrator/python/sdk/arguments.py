"""Edits of the arguments of a call, or the items of a dict: some are replaced where they stand, some go, some come."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from migrator.python import statements
from migrator.python.module import Module
from migrator.python.reading.expressions import text_value
from migrator.sites import Edit


def edits(
    module: Module,
    node: ast.Call | ast.Dict,
    replaced: Mapping[str, str],
    gone: Sequence[str],
    added: Sequence[str],
    first: Sequence[str] = (),
) -> Iterator[Edit]:
    """`replaced` is by name, all are whole arguments; `first` comes first, `added` where one goes or last."""
    base, segment = module.source.start(node), module.source.segment(node)
    if isinstance(node, ast.Dict):
        layout, bracket = statements.dict_layout(segment), 0
        names = [text_value(k) for k in node.keys]
    else:
        layout, bracket = statements.call_layout(segment), segment.index("(", len(module.source.segment(node.func)))
        arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
        arguments.sort(key=lambda a: (a.lineno, a.col_offset))
        names = [a.arg if isinstance(a, ast.keyword) else None for a in arguments]
    left = [i for i, name in enumerate(names) if name in gone]
    if not layout.items:
        yield Edit(base + bracket + 1, base + len(segment) - 1, ", ".join([*first, *added]))
        return
    for index, name in enumerate(names):
        if name and name in replaced:
            span = layout.items[index]
            yield Edit(base + span.start, base + span.end, replaced[name])
    fresh = [*first, *added] if left and left[0] == 0 else [*added]
    if first and len(fresh) == len(added):
        start = base + layout.items[0].start
        yield Edit(start, start, "".join(each + layout.separator for each in first))
    if fresh and left:
        span = layout.items[left.pop(0)]
        yield Edit(base + span.start, base + span.end, layout.separator.join(fresh))
    elif fresh:
        end = base + layout.items[-1].end
        yield Edit(end, end, "".join(layout.separator + each for each in fresh))
    for start, end in statements.cuts(segment, layout.items, left):
        yield Edit(base + start, base + end, "")
