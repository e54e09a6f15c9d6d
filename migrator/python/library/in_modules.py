"""A library that is left, as a key of `sys.modules`: what tests put there in its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python.library import modules as library_modules
from migrator.python.library.fakes import FUNCTIONS_ALONE
from migrator.python.library.standing_in import client_for
from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, parts_of
from migrator.sites import Edit, Finding, Status


def is_key(module: Module, node: ast.expr) -> bool:
    """Whether a text is a key of `sys.modules`, in a subscript, a comparison or a call that replaces it."""
    parents = module.source.parents
    above = parents.get(id(node))
    while above is not None and not isinstance(above, ast.stmt):
        if isinstance(above, ast.Subscript | ast.Compare | ast.Call):
            return "sys.modules" in ast.unparse(above)
        above = parents.get(id(above))
    return False


def finding(module: Module, node: ast.expr, library: str) -> Finding:
    """What becomes of the key `node`, the text of `library` or of a module of it."""
    start, rule, client = module.source.start(node), module.names.library_rule, module.names.client
    above = module.source.parents.get(id(node))
    if isinstance(above, ast.Compare) and isinstance(above.ops[0], ast.NotIn):
        return Finding(start, rule, Status.REVIEW, f"{library} not in sys.modules: nothing imports it any more")
    place = module.source.inside(node, library) if ast.literal_eval(node) == library and client else None
    if place and not module.names.keeps_library and library_modules.imports(module.index, library):
        client, why = client_for(module, library)
        if why:
            return Finding(start, rule, Status.MANUAL, f"{library} in sys.modules: {why}")
    edits = _edits(module, node, client) if place and library_modules.imports(module.index, library) else None
    if place is None or edits is None:
        said = f"{library} in sys.modules: {_why(module)}, "
        if _takes_out(module, node):
            said += f"take this out or name {client}"
        else:
            said += _instead(client)
        return Finding(start, rule, Status.MANUAL, said)
    alone = f"stands for its functions alone, all else is {library}'s"
    said = f"{library} → {client} in sys.modules: {alone if module.names.keeps_library else FUNCTIONS_ALONE}"
    return Finding(start, rule, Status.REVIEW, said, (Edit(*place, client), *edits))


def by_keywords(module: Module, library: str) -> Iterator[Finding]:
    """What becomes of a library that is a keyword: `patch.dict("sys.modules", litellm=fake)`."""
    for call, _ in module.found.calls:
        given = [each for each in call.keywords if each.arg == library]
        if given and callee_of(call) == "dict" and call.args and "sys.modules" in ast.unparse(call.args[0]):
            said = f"{library} in sys.modules: {_why(module)}, {_instead(module.names.client)}"
            yield Finding(module.source.start(given[0]), module.names.library_rule, Status.MANUAL, said)


def _why(module: Module) -> str:
    by_another = "the project calls it through another module"
    return by_another if module.names.keeps_library else "nothing imports it any more"


def _instead(client: str) -> str:
    return f"put {client} in its place" + " in its package as well, which keeps it" * ("." in client)


def _takes_out(module: Module, node: ast.expr) -> bool:
    """Whether a key is that of what is taken out: `del sys.modules[…]`, `sys.modules.pop(…)`, `delitem`."""
    above = module.source.parents.get(id(node))
    if isinstance(above, ast.Call):
        return callee_of(above) in ("pop", "delitem")
    return isinstance(above, ast.Subscript) and isinstance(above.ctx, ast.Del)


def _edits(module: Module, node: ast.expr, client: str) -> tuple[Edit, ...] | None:
    """What else has to be edited; None where the key cannot be."""
    parents = module.source.parents
    above = parents.get(id(node))
    call = parents.get(id(above)) if isinstance(above, ast.Dict) else above
    if "." not in client and (isinstance(above, ast.Subscript) or _takes_out(module, node)):
        return ()
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    if isinstance(above, ast.Dict) and call.func.attr == "dict" and len(above.keys) == 1:
        return _patched(module, parents.get(id(call)), call, above.values[0], client)
    if call.func.attr == "setitem" and len(call.args) == 3 and call.args[1] is node:
        return _set(module, parents.get(id(call)), call, client)
    return None


def _patched(
    module: Module, above: ast.AST | None, call: ast.Call, fake: ast.expr, client: str
) -> tuple[Edit, ...] | None:
    """`with patch.dict(sys.modules, {"library": fake})`; a package has its modules for attributes, too."""
    if "." not in client:
        return ()
    parts, end = parts_of(call.func)[:-1], module.source.end(call)
    alone = isinstance(above, ast.withitem) and above.optional_vars is None and parts[-1:] == ("patch",)
    if not alone or not isinstance(fake, ast.Name):
        return None
    return (Edit(end, end, f', {".".join(parts)}("{client}", {fake.id}, create=True)'),)


def _set(module: Module, above: ast.AST | None, call: ast.Call, client: str) -> tuple[Edit, ...] | None:
    """`monkeypatch.setitem(sys.modules, "library", fake)`."""
    if "." not in client:
        return ()
    parts, fake = parts_of(call.func)[:-1], call.args[2]
    if not isinstance(above, ast.Expr) or not parts:
        return None
    if isinstance(fake, ast.Constant) and fake.value is None:
        more = f'delattr("{client}", raising=False)'
    elif isinstance(fake, ast.Name):
        more = f'setattr("{client}", {fake.id}, raising=False)'
    else:
        return None
    end, source = module.source.end(above), module.source
    shared = source.text[source.line_start(source.start(above)) : source.start(above)].strip()
    between = "; " if shared else f"{source.newline}{source.indent(above)}"
    return (Edit(end, end, f"{between}{'.'.join(parts)}.{more}"),)
