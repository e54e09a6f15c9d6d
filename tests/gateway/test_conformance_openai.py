"""The tests that OpenAI generates for its own client, run against the gateway for the routes that it serves.

They are fetched from the source distribution of the installed version and run in an environment of their own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fetching import installed, source
from serving import gateway

# What those tests import, besides the client.
NEEDED = ("pytest", "pytest-asyncio", "respx", "rich")
FILES = (
    "audio",
    "chat/test_completions.py",
    "test_completions.py",
    "test_embeddings.py",
    "test_images.py",
    "test_models.py",
    "test_moderations.py",
    "test_responses.py",
)
# What is served; the `aiohttp` tests send the same requests once more.
SERVED = "not aiohttp and (create or generate or TestModels or TestAsyncModels) and not delete and not variation"
# Which tests fail, as patterns, and why that is right.
FAILING = {
    r"chat\.test_completions\..*::test_method_create_with_all_params_.*": "they ask for 0 tokens",
    r"test_embeddings\..*::test_.*_create\[strict\]": "the client asks for base64 and then takes only a list",
    r"test_responses\..*::test_[a-z_]*_create_overload_\d.*": "they send neither a model nor an input",
}
LEAST = 150  # passed tests: fewer would mean that the selection no longer selects
SETTINGS = {
    "mock": True,
    "models": {"gpt-4o-mini": "openai"},  # the one that they look up
}


@pytest.mark.slow
def test_what_is_served_passes_the_tests_of_the_client(tmp_path: Path) -> None:
    pin = f"openai=={version('openai')}"
    with tarfile.open(source(tmp_path, pin)) as packed:
        packed.extractall(tmp_path, filter="data")
    site = installed(tmp_path / "site", pin, *NEEDED)
    report = tmp_path / "report.xml"
    files = [f"tests/api_resources/{name}" for name in FILES]
    options = [
        "-o",
        "addopts=",
        "-p",
        "no:cacheprovider",
        "-q",
        "--tb=line",
        "--show-capture=no",
        f"--junitxml={report}",
        "-k",
        SERVED,
    ]
    with gateway(SETTINGS) as (url, _):
        environment = {**os.environ, "PYTHONPATH": str(site), "TEST_API_BASE_URL": f"{url}/v1"}
        command = [sys.executable, "-m", "pytest", *options, *files]
        done = subprocess.run(
            command, cwd=tmp_path / pin.replace("==", "-"), env=environment, capture_output=True, text=True, timeout=300
        )
    assert report.exists(), done.stdout + done.stderr
    passed, failed = results(report)
    unexpected = [name for name in failed if not any(re.search(pattern + "$", name) for pattern in FAILING)]
    assert not unexpected, "\n".join([*unexpected, done.stdout])
    assert len(passed) >= LEAST
    for pattern in FAILING:
        assert any(re.search(pattern + "$", name) for name in failed), f"no longer failing: {pattern}"


def results(report: Path) -> tuple[list[str], list[str]]:
    """The tests that passed and those that did not, as `module.Class::test`."""
    passed, failed = [], []
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed.append(name)
        elif "skipped" not in kinds:
            passed.append(name)
    return passed, failed
