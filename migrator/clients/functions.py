"""The functions of a client module: LiteLLM's parameters, and the methods of the SDK that they call."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from migrator.clients.filling import WIDTH, constant, fill, literal, template
from migrator.clients.table import Function, Table

CLIENTS = {"llm-gateway": ("OpenAI", "AsyncOpenAI"), "portkey": ("Portkey", "AsyncPortkey")}
_TRANSPORT = ("timeout", "extra_headers", "extra_query", "extra_body")
_NAMED = 6  # how many parameters by position have names, at most; beyond them `*args` are taken
_REQUIRED = {"messages", "input", "prompt", "file", "image"}
# The SDK that has a method with all its keywords.
_SDKS = {"llm-gateway": "openai", "portkey": "portkey_ai._vendor.openai"}
# What a method answers, and where the name is imported from; the type of any other depends on its arguments.
_RETURNS = {
    "llm-gateway": {
        "embedding": ("CreateEmbeddingResponse", "openai.types"),
        "image_generation": ("ImagesResponse", "openai.types"),
        "image_edit": ("ImagesResponse", "openai.types"),
        "image_variation": ("ImagesResponse", "openai.types"),
        "moderation": ("ModerationCreateResponse", "openai.types"),
    },
    "portkey": {},  # its types say that nearly every attribute may be None
}
_FALLBACKS = """

    Where it fails, each of `fallbacks` is called: a model, or arguments to change. The
    error of the last one is raised.
    """


def takes_positions(count: int | None) -> bool:
    """Whether functions take so many arguments by position as `*args`, None being as many as LiteLLM's do."""
    return count is None or count > _NAMED


def written(table: Table, name: str, function: Function, flags: Collection[str], positional: int | None) -> str:
    """The text of a function, with its imports before it."""
    asynchronous = name == function.asynchronous
    returns, module = _RETURNS[table.target].get(function.name, ("Any", ""))
    path, _, verb = function.method.rpartition(".")
    attempts = bool(function.parse) and {"fallbacks", "llm-gateway"} <= {*flags}
    head = "async def" if asynchronous else "def"
    answer = ("Any" if {"streamed", "portkey"} & {*flags} else "ChatCompletion") if function.parse else returns
    plain = "options" not in flags
    client = "async_client" if asynchronous else "client"
    order = [] if positional is None or takes_positions(positional) else function.order_of(name)[: max(2, positional)]
    given = _given(order, name, function)
    values = {
        "name": name,
        "names": ", ".join(map(literal, order)) if order else f"*{_order_name(name, function)}.split()",
        "parameters": _parameters(order, function, f"{head} {name}() -> {answer}:"),
        "given": given,
        "split": _split("given" if attempts else given, function, flags),
        "path": path,
        "verb": verb,
        "local": path.rpartition(".")[2],
        "def": head,
        "await": "await " if asynchronous else "",
        "called": f"{client}()" if plain else f"{client}(**options)",
        "parsing": "options, request" if table.target == "portkey" else "request",
        "defaults": "\n".join(f'    request.setdefault("{k}", "{v}")' for k, v in function.defaults.items()),
        "in": "    " if "errors" in flags else "",
        "import": f"from {module} import {returns}" if module else "",
        "more": _FALLBACKS if attempts else "",
        "answer": answer,
    }
    longest = f"    answer: ChatCompletion = {values['await']}{values['called']}.chat.completions.create(**request)"
    own = {"typed": answer != "Any", "attempts": attempts}
    own["local"] = "parsed" in flags or len(values["in"] + longest) > WIDTH
    values["completions"] = "completions" if own["local"] else f"{values['called']}.chat.completions"
    own["audio"] = table.target == "portkey" and function.name == "transcription"
    own_flags = {*flags, *(flag for flag, holds in own.items() if holds)}
    return fill(template("chat" if function.parse else "function"), own_flags, values)


def _parameters(order: Collection[str], function: Function, head: str) -> str:
    if not order:
        return "*args: Any, **kwargs: Any"
    shown, optional = [], False
    for name in order:
        optional = optional or not (name in _REQUIRED or name == function.order[0])
        kind = "str" if name == "model" and function.parse else "Any"
        shown.append(f"{name}: {kind} = None" if optional else f"{name}: {kind}")
    return _laid_out([*shown, "**kwargs: Any"], head, "")


def _given(order: Collection[str], name: str, function: Function) -> str:
    """The expression that has all arguments of a call."""
    if not order:
        return f"_given({_order_name(name, function)}, args, kwargs)"
    items = [*(f'"{each}": {each}' for each in order), "**kwargs"]
    return "{" + _laid_out(items, "    given = {}", "    ") + "}"


def _split(given: str, function: Function, flags: Collection[str]) -> str:
    """The statement that sorts the arguments of a call, and one before it where they are many."""
    target = "options, request" if "options" in flags else "request"
    called = "_split(_preset({}){})" if "settings" in flags else "_split({}{})"
    known = "" if "one" in flags else f", {_known_name(function)}"
    statement = f"{target} = {called.format(given, known)}"
    if len(statement) <= WIDTH - 4 and "\n" not in given:
        return statement
    return f"given = {given}\n    {target} = {called.format('given', known)}"


def _laid_out(items: Iterable[str], around: str, indent: str) -> str:
    """Items on the line that is around them, or on one line each."""
    line = ", ".join(items)
    if len(around) + len(line) <= WIDTH:
        return line
    return "".join(f"\n{indent}    {item}," for item in items) + f"\n{indent}"


# --------------------------------------------------------------------------------------------------------- constants


def orders(functions: Mapping[str, Function]) -> str:
    """Constants with LiteLLM's parameters by position; an asynchronous form has its own where it differs."""
    found = {_order_name(name, function): function.order_of(name) for name, function in functions.items()}
    return "\n".join(constant(name, parameters) for name, parameters in found.items())


def known(table: Table, functions: Mapping[str, Function], flags: Collection[str]) -> tuple[str, str]:
    """The imports of the SDK's methods, and constants with the keywords that these take."""
    imports, lines = [], []
    for function in {function.name: function for function in functions.values()}.values():
        path, _, verb = function.method.rpartition(".")
        kind = path.rpartition(".")[2].title()
        called = "TextCompletions" if path == "completions" else kind
        imports.append(
            f"from {_SDKS[table.target]}.resources.{path} import {kind}" + f" as {called}" * (called != kind)
        )
        without = _without(function)
        taken = f"signature({called}.{verb}).parameters.keys()"
        lines.append(f"{_known_name(function)} = {taken}" + (f" - {without}" if without else ""))
    if any("_BUT_HEADERS" in line for line in lines):
        lines.insert(0, '_BUT_HEADERS = _TRANSPORT - {"extra_headers"}')
    if "bare" in flags:
        lines.insert(0, f"_TRANSPORT = {{{', '.join(map(literal, _TRANSPORT))}}}")
    return "\n".join(imports), "\n".join(lines)


def _without(function: Function) -> str:
    """The keywords that a method does not take as LiteLLM means them."""
    if takes_all(function):
        return f"{{{', '.join(map(literal, function.otherwise))}}}" if function.otherwise else ""
    return "_BUT_HEADERS" if function.takes else "_TRANSPORT"


def known_names(functions: Mapping[str, Function]) -> list[str]:
    """The constants of `known`."""
    return list(dict.fromkeys(map(_known_name, functions.values())))


def takes_all(function: Function) -> bool:
    """Whether a method takes headers, a timeout and more of one call."""
    return {*_TRANSPORT} <= {*function.takes}


def _known_name(function: Function) -> str:
    return "_CHAT" if function.parse else f"_{function.name.upper()}"


def _order_name(name: str, function: Function) -> str:
    own = function.order_of(name) != function.order
    return f"_{(name if own else function.name).upper()}_ORDER"
