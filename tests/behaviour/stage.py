"""Where programs run: each with a key and a part of the gateway of its own, on LiteLLM or on what comes after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from programs import Expected
from recording import Recorder, Request
from running import Ended, Preloaded

from migrator.clients.table import load

# What LiteLLM imports at the first call.
_LITELLM = (
    "litellm",
    "litellm.integrations.prometheus_services",
    "litellm.llms.fal_ai.cost_calculator",
    "litellm.llms.vertex_ai.vertex_ai_partner_models.anthropic.transformation",
    "litellm.proxy._types",
    "openai.resources",
    "httpcore",
    "pytest",
)
_SDK = {"openai": ("openai", "openai.resources"), "portkey_ai": ("portkey_ai",)}
_NOWHERE = "http://127.0.0.1:9"
_PROVIDERS = ("OPENAI", "ANTHROPIC", "GROQ", "MISTRAL", "DEEPSEEK")


@dataclass
class Stage:
    """`url` is where the recorder listens."""

    url: str
    recorder: Recorder
    _processes: dict[str, Preloaded] = field(default_factory=dict)

    def before(self, folder: Path, expected: Expected) -> Ended:
        """Runs a program with LiteLLM, which only the environment leads to the gateway."""
        process = self._process("litellm", _LITELLM)
        environment = _providers(f"provider-{folder.name}", f"{self.url}/{folder.name}")
        return process.run(expected.command, folder, {**environment, **expected.environment}, folder.parent)

    def with_portkey(self, folder: Path, expected: Expected) -> Ended:
        """Runs a program with Portkey's SDK, which the environment leads to the gateway."""
        process = self._with_sdk("portkey", "portkey_ai", expected, ("litellm",))
        environment = _providers("provider-key", _NOWHERE) | {
            "PORTKEY_API_KEY": f"gateway-{folder.name}",
            "PORTKEY_BASE_URL": f"{self.url}/{folder.name}/v1",
            "PORTKEY_VK_OPENAI": "vk-openai",
        }
        return process.run(expected.command, folder, {**environment, **expected.environment}, folder.parent)

    def after(self, folder: Path, expected: Expected, target: str, missing: tuple[str, ...] = ("litellm",)) -> Ended:
        """Runs it with the target's SDK. What is `missing` cannot be imported, unless the program `keeps` LiteLLM."""
        table = load(target)
        if expected.keeps:
            process = self._process("litellm", _LITELLM)
        else:
            process = self._with_sdk(f"{target} without {' '.join(missing)}", table.package, expected, missing)
        environment = _providers("provider-key", _NOWHERE) | {
            table.key_variable: f"gateway-{folder.name}",
            table.url_variable: f"{self.url}/{folder.name}/v1",
            "TIKTOKEN_CACHE_DIR": _tokenizers(),
        }
        return process.run(expected.command, folder, {**environment, **expected.environment}, folder.parent)

    def requests(self, folder: Path) -> list[Request]:
        """What the program in this folder sent."""
        return self.recorder.requests[folder.name]

    def close(self) -> None:
        """Ends the processes."""
        for process in self._processes.values():
            process.close()

    def _with_sdk(self, name: str, package: str, expected: Expected, missing: tuple[str, ...]) -> Preloaded:
        """A process for what a program `needs` besides: it may itself need what is missing, but for Portkey's SDK."""
        if expected.needs:
            name, missing = f"{name}, {' '.join(expected.needs)}", tuple(m for m in missing if m == "portkey_ai")
        return self._process(name, (*_SDK[package], *expected.needs, "httpcore", "pytest"), missing)

    def _process(self, name: str, imported: tuple[str, ...], missing: tuple[str, ...] = ()) -> Preloaded:
        if name not in self._processes:
            self._processes[name] = Preloaded(imported, missing)
        return self._processes[name]


def _tokenizers() -> str:
    """The tables of tiktoken that LiteLLM comes with, which would else be fetched."""
    found = find_spec("litellm")
    assert found is not None and found.origin
    return str(Path(found.origin).parent / "litellm_core_utils/tokenizers")


def _providers(key: str, url: str) -> dict[str, str]:
    """The keys and addresses of providers as LiteLLM reads them."""
    variables = {f"{name}_API_KEY": key for name in _PROVIDERS}
    variables |= {f"{name}_API_BASE": f"{url}/v1" for name in _PROVIDERS}
    return variables | {"OPENAI_BASE_URL": f"{url}/v1", "ANTHROPIC_API_BASE": url}
