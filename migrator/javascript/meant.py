"""Whether what stands around a text of a script says that the text is the id of a model."""

from __future__ import annotations

import re

from ast_grep_py import SgNode

from migrator.fates.providers import IDLE, says_model, says_package

_THROUGH = frozenset(
    {"binary_expression", "ternary_expression", "parenthesized_expression", "as_expression", "satisfies_expression"}
    | {"non_null_expression", "array", "return_statement", "statement_block", "arrow_function", "jsx_expression"}
    | {"arguments", "call_expression", "object", "await_expression", "if_statement", "else_clause"}
)
_HOLDERS = frozenset({"pair", "variable_declarator", "public_field_definition", "field_definition"})
_FIELDS = ("key", "name", "left", "pattern")
_MODULE = {  # by the kind of a statement: what names the module there
    **dict.fromkeys(("import_statement", "export_statement", "import_require_clause"), "source"),
    "module": "name",
}
_IMPORTS = re.compile(
    r"(await\s+)?(import|require(\.resolve)?|import\.meta\.resolve|proxyquire|createRequire\(.*\)"
    r"|(jest|vi|vitest|mock|td|sinon)\.((do|un|dont)?[mM]ock|(un)?setMock|module|replace(Esm)?"
    r"|(require|import)(Actual|Mock|Original)|createMockFromModule|unstable_(un)?mockModule))",
    re.ASCII,
)
_TELLING = frozenset({"endsWith", "includes", "indexOf", "lastIndexOf", "startsWith"})  # methods that give no text
_INSTEAD = frozenset({"||", "??"})
_DEEP = 10


def is_specifier(node: SgNode) -> bool:
    """Whether a text names the module that is imported, mocked or declared, also in place of one not given."""
    above = node.parent()
    while above and above.kind() == "binary_expression" and _operator(above) in _INSTEAD:
        node, above = above, above.parent()
    call = above.parent() if above else None
    if above and above.kind() in _MODULE:
        return above.field(_MODULE[above.kind()]) == node
    if above is None or call is None:
        return False
    function = call.field("function") if above.kind() == "arguments" else None
    asked = function.text() if function else ""
    if above.kind() == "parenthesized_expression" and call.kind() == "binary_expression":
        asked = call.text().partition("<")[0]  # how `await f<typeof import("…")>("…")` is read
    return _IMPORTS.fullmatch(asked) is not None


def is_model(node: SgNode) -> bool:
    """Whether a property, a variable, a function, a call or a comparison around a text speaks of a model."""
    above = node.parent()
    for _ in range(_DEEP):
        if above is None:
            return False
        if (above.kind() == "binary_expression" and (_compared(above) or _takes_place(above, node))) or _asked(above):
            return True
        holder = next((found for field in _FIELDS if (found := above.field(field))), None)
        if above.kind() == "pair" and holder == node:
            return False
        if above.kind() == "jsx_attribute":
            holder = next(iter(above.named_children()), None)
        if above.kind() == "switch_case":
            body = above.parent()
            return body is not None and _speaks(body.parent())
        if holder is not None and above.kind() not in _THROUGH:
            bare = above.kind() == "pair" and holder.text().strip("\"'") in IDLE
            if not bare:
                return says_model(holder.text())
        elif above.kind() not in _THROUGH:
            return False
        above = above.parent()
    return False


def is_among_models(node: SgNode) -> bool:
    """Whether something of several that a text is in, at whatever depth, is called after models."""
    for above in node.ancestors():
        holder = above.field("key") if above.kind() == "pair" else above.field("name")
        if above.kind() in _HOLDERS and holder not in (None, node) and says_model(holder.text()):
            return True
        if above.kind() not in {*_HOLDERS, *_THROUGH} or above.kind() == "statement_block":
            return False
    return False


def is_of_another(node: SgNode) -> bool:
    """Whether a text is looked for in what is no model, be it a model's: `model.email.split("@")`.

    What comes of it may be a model's id again, where that is said around it.
    """
    above = node.parent()
    call = above.parent() if above and above.kind() == "arguments" else above
    function = call.field("function") if call else None
    subject = function.field("object") if function else call.field("left") if call else None
    if call is None or subject is None or not _reads_another(subject):
        return False
    method, holder = function.field("property") if function else None, call.parent()
    given = method is not None and method.text() in _TELLING and holder is not None and holder.kind() == "pair"
    return given or not is_model(call)


def _reads_another(subject: SgNode) -> bool:
    """Whether what is read of something last has a name that speaks of no model."""
    while subject.kind() == "subscript_expression" and (owner := subject.field("object")):
        subject = owner
    name = subject.field("property") if subject.kind() == "member_expression" else None
    return name is not None and name.text() not in IDLE and not says_model(name.text())


def _compared(node: SgNode) -> bool:
    parts = (node.field("left"), node.field("right"))
    others = [part.text().lower() for part in parts if part and part.kind() not in {"string", "template_string"}]
    return any(sign in node.text() for sign in ("==", "!=")) and any("model" in other for other in others)


def _takes_place(node: SgNode, text: SgNode) -> bool:
    """Whether a text takes the place of a model that is not given: `options.model ?? "@openai/gpt-4o"`."""
    left, above = node.field("left"), node.parent()
    instead = _operator(node) in _INSTEAD and node.field("right") == text
    holder = above.field("name") or above.field("key") if above else None
    if not instead or left is None or (holder is not None and says_package(holder.text())):
        return False
    return says_model(left.text().rpartition(".")[2])


def _operator(node: SgNode) -> str:
    operator = node.field("operator")
    return operator.text() if operator else ""


def _asked(node: SgNode) -> bool:
    """Whether a call is of something about models: `setModel(…)`, `expect(answer.model).toBe(…)`."""
    function = node.field("function") if node.kind() == "call_expression" else None
    return function is not None and says_model(function.text())


def _speaks(switch: SgNode | None) -> bool:
    value = switch.field("value") if switch else None
    return value is not None and "model" in value.text().lower()
