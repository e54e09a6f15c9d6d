"""Edits of a dict of options that a client is given with `**`: each becomes what the new client takes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from migrator.python.library.needless import Cuts
from migrator.python.module import Module
from migrator.python.sdk import arguments
from migrator.python.sdk.options import Options
from migrator.python.sdk.spread import Option, Spread, Stored
from migrator.sites import Edit

Address = Callable[[ast.expr], str]  # the new address, as Python text, of an expression that is the old one; or ""


def edits(
    module: Module, options: Options, spread: Spread, address: Address, defaults: Mapping[str, str]
) -> Iterator[Edit]:
    """`defaults` are options that the dict holds from now on, where nothing else is put there: name -> Python text."""
    replaced, gone, cuts = dict[str, str](), list[str](), Cuts(module)
    written = "{}={}" if isinstance(spread.laid_out, ast.Call) else '"{}": {}'
    for option in spread.options:
        texts = _texts(module, options, option, address)
        if texts is None:
            continue
        module.replaced |= {id(n) for n in ast.walk(option.value)}
        if option.stored is None and texts:
            replaced[option.name] = ", ".join(written.format(*item) for item in texts.items())
        elif option.stored is None:
            gone.append(option.name)
        elif texts:
            yield _stored(module, option.stored, *next(iter(texts.items())))
        else:
            cut(module, cuts, option.stored)
    first = [written.format(*item) for item in defaults.items()]
    if first or replaced or gone:
        yield from arguments.edits(module, spread.laid_out, replaced, gone, [], first)
    for finding in cuts.findings():
        yield from finding.edits


def lacks(spread: Spread, name: str) -> str:
    """Whether a call goes without an option: `always`, `sometimes`, or never ("")."""
    if any(k.arg == name for k in spread.call.keywords):
        return ""
    found = [o.stored for o in spread.options if o.name == name]
    if not found:
        return "always"
    sure = any(s is None or (s.cut is s.statement and spread.block is s.block) for s in found)
    return "" if sure else "sometimes"


def _texts(module: Module, options: Options, option: Option, address: Address) -> dict[str, str] | None:
    """What takes the place of an option, name -> Python text; None where it stays as it is."""
    row = options.rules.parameter(option.name)
    if row and row.to in ("key", "url"):
        new = address(option.value) if row.to == "url" else ""
        return {option.name: new} if new else None
    result = options.convert([(option.name, option.value)])
    texts = {**result.keywords}
    if headers := result.headers_text():
        texts["default_headers"] = headers
    return None if texts == {option.name: module.source.segment(option.value)} else texts


def _stored(module: Module, stored: Stored, name: str, text: str) -> Edit:
    target = stored.statement.targets[0]
    assert isinstance(target, ast.Subscript)
    start, end = module.source.start(stored.statement), module.source.end(stored.statement)
    return Edit(start, end, f'{module.source.segment(target.value)}["{name}"] = {text}')


def cut(module: Module, cuts: Cuts, stored: Stored) -> None:
    """Have a statement go, with the `if` around it where that does nothing else."""
    whole = stored.cut
    if isinstance(whole, ast.If) and not cuts.is_plain(whole.test):
        module.replaced |= {id(n) for n in ast.walk(stored.statement)}
        cuts.cut(stored.statement, whole.body, None)
        return
    module.replaced |= {id(n) for n in ast.walk(whole)}
    cuts.cut(whole, stored.block, None)
