"""`agentcore.llm_gateway`: only when asked for, the same objects, never in the way of the real one."""

import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
SHIM = "import llm_gateway.shims.agentcore\n"


def run(program: str, cwd: Path, *before: str) -> tuple[int, str, str]:
    """What a fresh interpreter makes of a program."""
    (cwd / "program.py").write_text(program)
    ended = subprocess.run(
        [sys.executable, "-W", "error", *before, "program.py"],
        cwd=cwd,
        env={"LLM_GATEWAY_MOCK": "1", "PYTHONPATH": str(cwd), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def agentcore(folder: Path, files: dict[str, str]) -> None:
    """An AgentCore as if it were installed."""
    for name, text in files.items():
        path = folder / "agentcore" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize("before", ["", "import llm_gateway.client\n"])
def test_without_the_shim_there_is_no_agentcore(tmp_path: Path, before: str) -> None:
    code, _, said = run(before + "import agentcore.llm_gateway", tmp_path)
    assert code == 1
    assert "No module named 'agentcore'" in said


@pytest.mark.parametrize(
    "name",
    ["agentcore.integration.portkey", "agentcore.llm_gateway.nonsense", "agentcore.other", "llm_gateway.nonsense"],
)
def test_nothing_else_is_made_up(tmp_path: Path, name: str) -> None:
    _, said, _ = run(f"{SHIM}try:\n    import {name}\nexcept ModuleNotFoundError as error:\n    print(error)", tmp_path)
    assert said.startswith("No module named ")


@pytest.mark.parametrize("package", ["llm_gateway/__init__.py", "llm_gateway.py"])
def test_a_real_one_is_not_replaced(tmp_path: Path, package: str) -> None:
    agentcore(tmp_path, {"__init__.py": "", package: "real = True"})
    code, _, said = run(SHIM, tmp_path)
    assert code == 1
    assert said.splitlines()[-1].startswith("ImportError: AgentCore has its own agentcore.llm_gateway here")
    code, _, said = run(f"import agentcore.llm_gateway\n{SHIM}", tmp_path)
    assert "ImportError: AgentCore has its own" in said


@pytest.mark.parametrize("before", ["", "import agentcore\n"])
def test_to_an_agentcore_without_one_it_is_added(tmp_path: Path, before: str) -> None:
    agentcore(tmp_path, {"__init__.py": "mark = 1", "other.py": "mark = 2"})
    uses = "import agentcore.other, agentcore.llm_gateway as g; print(agentcore.mark, agentcore.other.mark, g.__name__)"
    program = before + SHIM + uses
    assert run(program, tmp_path) == (0, "1 2 llm_gateway\n", "")


def test_both_names_are_the_same_objects(tmp_path: Path) -> None:
    program = (
        SHIM
        + """
import importlib, importlib.util, sys
assert importlib.util.find_spec("agentcore.llm_gateway.client")
from agentcore import llm_gateway as gateway
import agentcore.llm_gateway.client as client
from agentcore.llm_gateway.provider import ProviderRegistry
import llm_gateway, llm_gateway.client, llm_gateway.registry
assert gateway is llm_gateway and client is llm_gateway.client
assert ProviderRegistry is llm_gateway.registry.ProviderRegistry
assert gateway.LLMGatewayClient is client.LLMGatewayClient is llm_gateway.LLMGatewayClient
assert importlib.import_module("agentcore.llm_gateway.core.types") is sys.modules["llm_gateway.core.types"]
assert client.__spec__.name == client.__name__ == "llm_gateway.client"
below = {name.removeprefix("agentcore."): m for name, m in sys.modules.items() if name.startswith("agentcore.")}
copies = [name for name, module in below.items() if module.__name__ != name]
assert not copies, copies
print("the same")
"""
    )
    assert run(program, tmp_path) == (0, "the same\n", "")


def test_a_program_runs_under_it_unchanged(tmp_path: Path) -> None:
    program = """
import asyncio, sys
from agentcore.llm_gateway import LLMGatewayClient
if __name__ == "__main__":
    answer = asyncio.run(LLMGatewayClient().complete(prompt=sys.argv[-1], model="gpt-5-mini"))
    print(sys.argv[1:], answer.text)
"""
    assert run(program, tmp_path, "-m", "llm_gateway.shims.agentcore")[1] == "[] Mock reply to: program.py\n"
    ended = run(program, tmp_path, "-m", "llm_gateway.shims.agentcore", "-m", "program", "hi")
    assert ended[:2] == (0, "['hi', 'program.py'] Mock reply to: program.py\n")


@pytest.mark.parametrize("arguments", [[], ["-m"], ["-x", "y"]])
def test_running_nothing_is_a_usage_error(tmp_path: Path, arguments: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "llm_gateway.shims.agentcore", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("usage: python -m llm_gateway.shims.agentcore")
