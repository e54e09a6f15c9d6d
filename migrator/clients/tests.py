"""The text of the tests of a client module: of what was generated, as pytest or unittest has them."""

from __future__ import annotations

from migrator.clients import parts
from migrator.clients.filling import WIDTH, fill, literal, spaced, template
from migrator.clients.functions import CLIENTS
from migrator.clients.ids import unserved
from migrator.clients.module import TITLES, Settings, with_needs
from migrator.clients.table import load

_TEMPLATES = {"pytest": "tests", "unittest": "tests_unittest"}


def render(target: str, names: frozenset[str], settings: Settings, module: str, style: str = "pytest") -> str:
    """The unit tests of the module with these names, in a style; `module` is its dotted name.

    Raises what its `render` does.
    """
    table = load(target)
    flags = {target, *with_needs(table, names)}
    package, _, name = module.rpartition(".")
    client, async_client = CLIENTS[target]
    provider = next(p for p, new in table.models.providers.items() if p != new and p not in settings.providers)
    ids = {f"{p}/some-model": new for p, new in {**table.models.providers, **settings.providers}.items()}
    cases = {model: f"{table.models.prefix}{new}/some-model" for model, new in ids.items()} | dict(settings.models)
    flags |= {"chat", "some"} if flags & {"completion", "acompletion"} else set()
    flags |= {"embeddings", "some"} if flags & {"embedding", "aembedding"} else set()
    flags |= {"reached"} if flags & {"client", "async_client"} else set()
    values = {
        "client": client,
        "async_client": async_client,
        "key_variable": table.key_variable,
        "url_variable": table.url_variable,
        "model_cases": "\n".join(f"        {literal(case)}," for case in cases.items()),
        "unittest_cases": "\n".join(f"            {literal(case)}," for case in cases.items()),
        "unserved": f"{unserved(table.models, settings.providers)[0]}some-model",
        "model": f"{provider}/some-model",
        "model_id": cases[f"{provider}/some-model"],
    }
    own = (f"from {package} import {name}" if package else f"import {name}") + (" as llm" if name != "llm" else "")
    text = spaced(parts.joined([fill(template(_TEMPLATES[style]), flags, values)], WIDTH, own))
    said = f"Tests of the client of {TITLES[target]}; nothing leaves the process."
    return f'"""{said}"""\n\nfrom __future__ import annotations\n\n{text}\n'
