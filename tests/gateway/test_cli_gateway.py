"""The command `llm-gateway`, as a process: what it prints, and one line for every mistake."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from serving import CHAT, ask, gateway

from llm_gateway.core.settings import parse


def run(*arguments: str, hidden: str = "") -> subprocess.CompletedProcess[str]:
    """The command; the module `hidden` cannot be imported."""
    code = f"import sys; sys.modules.update({dict.fromkeys(filter(None, [hidden]))}); "
    code += "from llm_gateway.__main__ import main; main()"
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, env=environment
    )


def refused(*arguments: str, hidden: str = "") -> str:
    """The one line with which the command ends, without a traceback."""
    done = run(*arguments, hidden=hidden)
    assert done.returncode not in (0, -9), done.stdout
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if "INFO" not in line]
    assert len(lines) == 1, done.stderr
    return lines[0]


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    return str(path)


def test_the_mock_prints_its_address_and_answers_curl() -> None:
    curl = shutil.which("curl")
    assert curl, "curl is not installed"
    command = [sys.executable, "-m", "llm_gateway", "serve", "--mock", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            address = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
            assert address
            asked = ["-sS", "--fail", "-H", "content-type: application/json", "-d", json.dumps(CHAT)]
            done = subprocess.run(
                [curl, *asked, f"{address[0]}/v1/chat/completions"], capture_output=True, text=True, timeout=30
            )
            assert (done.returncode, done.stderr) == (0, "")
            assert json.loads(done.stdout)["choices"][0]["message"]["content"]
        finally:
            process.terminate()
            process.wait(10)
    assert process.returncode == 0


@pytest.mark.parametrize("arguments", [(), ("serve",), ("keys",), ("keys", "new"), ("costs",)])
def test_help(arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: ")


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        line = refused("serve", "--mock", "--port", str(port))
    assert line == f"Error: server: cannot listen on 127.0.0.1:{port}: Address already in use"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[[", "not TOML"),
        ("port = 1", "port: no such setting"),
        ("[server]\nprot = 1", "server.prot: no such setting"),
        ("[server]\nport = 99999", "server.port"),
        ('[server]\nhost = "0.0.0.0"', "there are no keys; make one with `llm-gateway keys new`"),
        ('[server]\nhost = "no.such.host.invalid"\n[keys.a]\nhash = "sha256:' + "0" * 64 + '"', "cannot listen on"),
        ('[state]\nusage = "sqlite:////nowhere/usage.db"', "no usage can be kept here"),
        ('[state]\nusage = "mysql://x"', "the usage cannot be kept there"),
        ('[state]\nlimits = "redis://user:pass-word@127.0.0.1:1/0"', "127.0.0.1:1"),
        ('[providers.x]\nlike = "nobody"', "providers.x.like: no provider is called nobody"),
        ('[integrations.x]\nprovider = "openai"\nkey_file = "/nowhere/key"', "integrations.x.key_file"),
        ('[configs.pc-x]\nstrategy.mode = "fallback"', "configs.pc-x"),
        ('[models]\nx = "nobody"', "models.x: no provider is called nobody"),
        ('default_config = "pc-x"', "there is no configs.pc-x"),
    ],
)
def test_settings_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    line = refused("serve", "--port", "0", "--config", written(tmp_path, text))
    assert line.startswith("Error: ")
    assert said in line
    assert "pass-word" not in line


def test_settings_that_are_not_there(tmp_path: Path) -> None:
    assert "No such file" in refused("serve", "--config", str(tmp_path / "none.toml"))
    assert "Is a directory" in refused("serve", "--config", str(tmp_path))


@pytest.mark.parametrize("module", ["aiohttp", "orjson", "pydantic", "uvicorn", "httptools", "prometheus_client"])
def test_a_missing_extra(module: str) -> None:
    line = refused("serve", "--mock", "--port", "0", hidden=module)
    assert line == f"llm-gateway: {module} is missing; install the gateway: pip install 'llm-migrate[gateway]'"


def test_a_missing_package_for_a_store(tmp_path: Path) -> None:
    path = written(tmp_path, '[state]\nlimits = "redis://127.0.0.1:1/0"')
    line = refused("serve", "--port", "0", "--config", path, hidden="redis")
    assert "the package redis is missing; pip install 'redis'" in line


def test_a_new_key_is_shown_once_and_works() -> None:
    done = run("keys", "new", "ci", "--project", "search")
    assert (done.returncode, done.stderr) == (0, "")
    key = re.search(r"^ {4}(\S+)$", done.stdout, re.MULTILINE)
    assert key
    settings = tomllib.loads(done.stdout[done.stdout.index("[keys.ci]") :])
    digest = hashlib.sha256(key[1].encode()).hexdigest()
    assert settings == {"keys": {"ci": {"hash": f"sha256:{digest}", "project": "search"}}}
    assert parse(settings, "printed").keys["ci"].project == "search"
    with gateway({"mock": True, "projects": {"search": {}}, **settings}) as (url, _):
        assert ask(url, headers={"authorization": f"Bearer {key[1]}"}).status == 200
        assert ask(url).status == 401
    assert key[1] not in run("keys", "new", "ci").stdout


@pytest.mark.parametrize("name", ["two words", "", "a]\n[keys.b", "x" * 101, '"'])
def test_a_key_needs_a_name_that_settings_can_hold(name: str) -> None:
    assert "names of keys and projects are of letters" in refused("keys", "new", name)
    assert "names of keys and projects are of letters" in refused("keys", "new", "ci", "--project", name)


def test_costs_of_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, f'[state]\nusage = "sqlite:///{tmp_path}/usage.db"')
    assert "there is no such file yet" in refused("costs", "--config", path)
