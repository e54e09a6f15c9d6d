"""The tests that OpenAI generates for its own client, run against the gateway for the routes that it serves.

They are fetched from the source distribution of the installed version and run in an environment of their own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from serving import gateway

# What those tests import, besides the client.
NEEDED = ("pytest", "pytest-asyncio", "pytest-xdist", "respx", "rich", "nest-asyncio")
SERVED = (
    "chat/test_completions.py",
    "audio",
    "test_completions.py",
    "test_embeddings.py",
    "test_images.py",
    "test_models.py",
    "test_moderations.py",
    "test_responses.py",
)
# Which of the tests there are not for us, and why.
NOT_OURS = {
    "aiohttp": "the same requests once more, by way of another HTTP client",
    "(TestCompletions or TestAsyncCompletions) and (list or retrieve or update or delete)": "stored chats",
    "(TestResponses or TestAsyncResponses) and not create": "stored responses",
    "(TestResponses or TestAsyncResponses) and create_overload": "they name no model, so no provider can be chosen",
    "TestModels and delete or TestAsyncModels and delete": "deleting a model",
    "TestImages and not generate or TestAsyncImages and not generate": "the built-in provider edits no images",
    "(TestEmbeddings or TestAsyncEmbeddings) and not all_params and (strict or _raw_ or _streaming_)": (
        "the client asks for base64 there, which its own strict validation of raw replies does not take"
    ),
    "chat_completions_with_zero": "",
}
LEAST = 100  # passed tests: fewer would mean that the selection no longer selects


def fetched(folder: Path) -> Path:
    """The source distribution of the installed client, unpacked, with what its tests import in `site`."""
    pin = f"openai=={version('openai')}"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    fetch = [*pip, "download", "--no-deps", "--no-build-isolation", "--no-binary", ":all:", "--dest", str(folder), pin]
    install = [*pip, "install", "--target", str(folder / "site"), pin, *NEEDED]
    for command in (fetch, install):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode:
            said = f"NOT TESTED: {pin} cannot be fetched: {done.stderr.strip()[-500:]}"
            pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)
    (archive,) = folder.glob("openai-*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")
