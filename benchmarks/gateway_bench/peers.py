"""Who is measured: how each server is installed and started, and the headers that its requests carry."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KEY = "bench-provider-key"
GATEWAY_KEY = "lgw-bench"
PACKAGE = {
    "private": True,
    "dependencies": {"@portkey-ai/gateway": "1.15.2", "@hono/node-server": "1.13.5"},
    "overrides": {"@hono/node-server": "1.13.5"},  # later ones break its streams
}
_START = 120.0  # seconds that a server may take to listen


class Absent(Exception):
    """A peer that cannot run here; the message says why."""


@dataclass(frozen=True)
class Peer:
    """A server that listens on `port`; `pid` is None for the direct connection, whose server is not measured."""

    name: str
    port: int
    pid: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """Where servers are made: a folder for their files, one for what is installed, the upstream's port, their core."""

    folder: Path
    installed: Path
    upstream: int
    core: int

    @property
    def base_url(self) -> str:
        """The upstream as providers are told it."""
        return f"http://127.0.0.1:{self.upstream}/v1"


@contextmanager
def started(bench: Bench, name: str, command: list[str], **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command on the servers' core; its output goes to a file in the folder."""
    with (bench.folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=bench.folder,
            env={**os.environ, "OPENAI_API_KEY": KEY, "PYTHONPATH": str(ROOT), **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.sched_setaffinity(0, {bench.core}),
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def direct(bench: Bench) -> Iterator[Peer]:
    """No gateway at all."""
    yield Peer("direct", bench.upstream)


@contextmanager
def passthrough(bench: Bench) -> Iterator[Peer]:
    """The yardstick."""
    port = _free_port()
    command = [sys.executable, str(HERE / "passthrough.py"), str(bench.upstream), str(port)]
    with started(bench, "passthrough", command) as process:
        _listening(bench, "passthrough", process, port)
        yield Peer("passthrough", port, process.pid)


@contextmanager
def ours(bench: Bench) -> Iterator[Peer]:
    """`llm-gateway serve` with a gateway key, a rate limit, a budget, usage in SQLite, prices and a fallback config."""
    port = _free_port()
    settings = bench.folder / "gateway.toml"
    settings.write_text(
        f"""
[providers.openai]
base_url = "{bench.base_url}"
[state]
usage = "sqlite:///usage.db"
[keys.bench]
hash = "sha256:{hashlib.sha256(GATEWAY_KEY.encode()).hexdigest()}"
limits = {{ rpm = 1_000_000_000 }}
budget = {{ usd = 1_000_000 }}
"""
    )
    command = [sys.executable, "-m", "llm_gateway", "serve", "--config", str(settings), "--port", str(port)]
    with started(bench, "llm-gateway", command) as process:
        _listening(bench, "llm-gateway", process, port)
        first = {"provider": "openai", "override_params": {"model": "gpt-4o-mini"}}
        config = _fallback(first, {"provider": "anthropic"})
        headers = {"x-portkey-api-key": GATEWAY_KEY, "x-portkey-config": config}
        yield Peer("llm-gateway", port, process.pid, headers)


@contextmanager
def portkey(bench: Bench) -> Iterator[Peer]:
    """Portkey's gateway as published on npm, with a fallback config. Raises Absent."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        raise Absent("npm and node are needed")
    home = bench.installed / "portkey"
    script = home / "node_modules/@portkey-ai/gateway/build/start-server.js"
    if not script.exists():
        home.mkdir(parents=True, exist_ok=True)
        (home / "package.json").write_text(json.dumps(PACKAGE))
        _install([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"], home)
    port = _free_port()
    command = [node, str(script), f"--port={port}", "--headless"]
    with started(bench, "portkey", command, NODE_ENV="production", TRUSTED_CUSTOM_HOSTS="127.0.0.1") as process:
        _listening(bench, "portkey", process, port)
        target = {"provider": "openai", "api_key": KEY, "custom_host": bench.base_url}
        config = _fallback({**target, "override_params": {"model": "gpt-4o-mini"}}, target)
        yield Peer("portkey", port, process.pid, {"x-portkey-config": config})


@contextmanager
def litellm(bench: Bench) -> Iterator[Peer]:
    """LiteLLM's proxy with one worker, no database and no callbacks. Raises Absent."""
    home = bench.installed / "litellm"
    if not (home / "bin/litellm").exists():
        _install([sys.executable, "-m", "venv", str(home)], bench.folder)
        _install([str(home / "bin/pip"), "install", "-q", "litellm[proxy]"], bench.folder)
    parameters = {"model": "openai/gpt-4o-mini", "api_base": bench.base_url, "api_key": KEY}
    config = bench.folder / "litellm.json"  # JSON is YAML
    key = f"sk-{secrets.token_urlsafe(32)}"  # it starts with no other
    models = [{"model_name": "bench", "litellm_params": parameters}]
    config.write_text(json.dumps({"model_list": models, "general_settings": {"master_key": key}}))
    port = _free_port()
    command = [str(home / "bin/litellm"), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    quiet = {"PYTHONPATH": "", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    with started(bench, "litellm", command, **quiet) as process:
        _listening(bench, "litellm", process, port)
        yield Peer("litellm", port, process.pid, {"authorization": f"Bearer {key}"})


KNOWN: dict[str, Callable[[Bench], AbstractContextManager[Peer]]] = {
    "direct": direct,
    "passthrough": passthrough,
    "llm-gateway": ours,
    "portkey": portkey,
    "litellm": litellm,
}


def _fallback(*targets: Mapping[str, object]) -> str:
    return json.dumps({"strategy": {"mode": "fallback"}, "targets": targets})


def _install(command: list[str], folder: Path) -> None:
    ended = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if ended.returncode:
        lines = ended.stdout.decode(errors="replace").strip().splitlines()
        raise Absent(f"{Path(command[0]).name} failed: {lines[-1] if lines else ended.returncode}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listening(bench: Bench, name: str, process: subprocess.Popen[bytes], port: int) -> None:
    """Waits until the server takes connections. Raises Absent."""
    end = time.monotonic() + _START
    while time.monotonic() < end and process.poll() is None:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    lines = (bench.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
    raise Absent(f"it does not listen: {lines[-1] if lines else 'no word'}")
