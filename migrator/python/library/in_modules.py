"""A library that is left, as a key of `sys.modules`: what tests put there in its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import takewhile

from migrator.python.importing.expected import catches
from migrator.python.library import modules as library_modules
from migrator.python.library.fakes import FUNCTIONS_ALONE
from migrator.python.library.standing_in import client_for, kept_by
from migrator.python.module import Module
from migrator.python.reading.expressions import callee_of, parts_of, text_value
from migrator.sites import Edit, Finding, Status
from migrator.tree.aside import is_test

_ANONYMOUS = {"MagicMock", "Mock"}


def is_key(module: Module, node: ast.expr) -> bool:
    """Whether a text is a key of `sys.modules`, in a subscript, a comparison or a call that replaces it."""
    around = takewhile(lambda each: not isinstance(each, ast.stmt), module.source.above(node))
    holder = next((each for each in around if isinstance(each, ast.Subscript | ast.Compare | ast.Call)), None)
    return holder is not None and "sys.modules" in ast.unparse(holder)


def finding(module: Module, node: ast.expr, library: str) -> Finding:
    """What becomes of the key `node`, the text of `library` or of a module of it."""
    start, rule, client, key = module.source.start(node), module.names.library_rule, module.names.client, _text(node)
    above = module.source.parents.get(id(node))
    guards = key == library and _guards(module, node, library)
    if isinstance(above, ast.Compare) and isinstance(above.ops[0], ast.NotIn) and not guards:
        return Finding(start, rule, Status.REVIEW, f"{library} not in sys.modules: nothing imports it any more")
    place = module.source.inside(node, library) if key == library and client else None
    imported = library_modules.imports(module.index, library)
    if imported and client and not module.names.keeps_library:
        client, why = client_for(module, library)
        if why and guards:
            said = f"{library} in sys.modules: it stays with what is put there in its place"
            return Finding(start, rule, Status.REVIEW, said)
        if why:
            return Finding(start, rule, Status.MANUAL, f"{key} in sys.modules: {why}")
    edited = [_edits(module, key, client) for key in (_put(module, library) if guards else [node])]
    edits = None if None in edited or not (place and imported) else () if guards else edited[0]
    if place is None or edits is None:
        said = f"{key} in sys.modules: {_why(module)}, "
        if _is_read(module, node):
            said = f"{key} in sys.modules: see whether {client} is what is asked for now"
        elif key != library and not module.names.keeps_library:
            said += "take this out"
        elif _takes_out(module, node):
            said += f"take this out or name {client}"
        else:
            said += _instead(client)
        return Finding(start, rule, Status.MANUAL, said)
    alone = f"stands for its functions alone, all else is {library}'s"
    said = f"{library} → {client} in sys.modules: {alone if module.names.keeps_library else FUNCTIONS_ALONE}"
    if "." in client and _is_put(module, node) and not _is_asked(module, node, library):
        said += f"; {client.rpartition('.')[0]} keeps what was imported before"
    return Finding(start, rule, Status.REVIEW, said, (Edit(*place, client), *edits))


def kept_for(module: Module, library: str) -> str:
    """Why what tells whether the library is there has to go on asking for it; "" where it has not.

    What is put in its place stays where modules go on importing that, and so does what decides on it.
    """
    if keeper := kept_by(module, library):
        return f"{keeper} goes on importing it"
    return "what is put in its place stays" if _put(module, library) and client_for(module, library)[1] else ""


def _put(module: Module, library: str) -> list[ast.expr]:
    """The keys under which something is put in the place of the library."""
    return [t.node for t in module.found.texts if text_value(t.node) == library and _is_put(module, t.node)]


def _text(node: ast.expr) -> str:
    return str(ast.literal_eval(node))


def _guards(module: Module, node: ast.expr, library: str) -> bool:
    """Whether a key is asked for where that decides whether something is put there: `if key not in sys.modules`."""
    above = module.source.parents.get(id(node))
    if not isinstance(above, ast.Compare):
        return False
    statement = next((each for each in module.source.above(above) if not isinstance(each, ast.expr)), None)
    return isinstance(statement, ast.If) and bool(_put(module, library))


def _is_put(module: Module, node: ast.AST) -> bool:
    """Whether a key is that of what a statement puts there: `sys.modules[key] = fake`."""
    above = module.source.parents.get(id(node))
    return (
        isinstance(above, ast.Subscript)
        and isinstance(above.ctx, ast.Store)
        and parts_of(above.value)[-2:] == ("sys", "modules")
    )


def _is_asked(module: Module, node: ast.AST, library: str) -> bool:
    """Whether something is put where the library is not: after a failed import, or after an `if` that asks for it."""
    function = module.source.function(node)
    for above in takewhile(lambda each: each is not function, module.source.above(node)):
        if isinstance(above, ast.ExceptHandler) and catches([above.type]):
            return True
        if isinstance(above, ast.If) and _asks(above, library):
            return True
    return function is not None and any(isinstance(n, ast.If) and _asks(n, library) for n in ast.walk(function))


def _asks(statement: ast.If, library: str) -> bool:
    return any(isinstance(n, ast.Constant) and n.value == library for n in ast.walk(statement.test))


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


def _is_read(module: Module, node: ast.expr) -> bool:
    """Whether a key is asked for or read, and nothing is put there: `sys.modules.get(key)`, `key in sys.modules`."""
    above = module.source.parents.get(id(node))
    if isinstance(above, ast.Call):
        return callee_of(above) == "get"
    return isinstance(above, ast.Compare) or (isinstance(above, ast.Subscript) and isinstance(above.ctx, ast.Load))


def _edits(module: Module, node: ast.expr, client: str) -> tuple[Edit, ...] | None:
    """What else has to be edited; None where the key cannot be."""
    parents = module.source.parents
    above = parents.get(id(node))
    call = parents.get(id(above)) if isinstance(above, ast.Dict) else above
    if "." not in client and (isinstance(above, ast.Subscript) or _takes_out(module, node)):
        return ()
    if _is_put(module, node) and not module.names.keeps_library:
        return () if _is_before(module, node) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    if isinstance(above, ast.Dict) and call.func.attr == "dict":
        return _patched(module, parents.get(id(call)), call, above.values[above.keys.index(node)], client)
    if call.func.attr == "setitem" and len(call.args) == 3 and call.args[1] is node:
        return _set(module, parents.get(id(call)), call, client)
    if call.func.attr == "setdefault" and call.args[:1] == [node] and not module.names.keeps_library:
        return ()
    return None


def _is_before(module: Module, node: ast.expr) -> bool:
    """Whether something is put there before a package can have its own: where that is asked, or as a test begins."""
    if _is_asked(module, node, _text(node)):
        return True
    return module.source.function(node) is None and is_test(module.facts.path)


def _patched(
    module: Module, above: ast.AST | None, call: ast.Call, fake: ast.expr, client: str
) -> tuple[Edit, ...] | None:
    """`with patch.dict(sys.modules, {"library": fake})`; a package has its modules for attributes, too."""
    if "." not in client:
        return ()
    parts, end = parts_of(call.func)[:-1], module.source.end(call)
    alone = isinstance(above, ast.withitem) and above.optional_vars is None and parts[-1:] == ("patch",)
    if alone and isinstance(fake, ast.Name):
        given = f"{fake.id}, "
    elif alone and isinstance(fake, ast.Call) and callee_of(fake) in _ANONYMOUS and not (fake.args or fake.keywords):
        given = ""  # `patch` makes one by itself, and nothing tells the two apart
    else:
        return None
    return (Edit(end, end, f', {".".join(parts)}("{client}", {given}create=True)'),)


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
