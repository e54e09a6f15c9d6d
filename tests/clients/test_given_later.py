"""A client module of an earlier run, and calls that are written later and give more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from projects import run, write

FORM = '[tool.migrate.packs.litellm-to-llm-gateway]\nform = "adapter"\n'
CALL = """\
from litellm import completion


def ask(text, model):
    return completion(model=model, messages=text{more})
"""


def _told(folder: Path) -> list[dict[str, Any]]:
    """The sites of the client module in a run."""
    ended = run("--from", "litellm", "--yes", "--allow-dirty", "--format", "json", "--path", folder, cwd=folder)
    assert ended.returncode == 0, ended.stderr
    return [site for site in json.loads(ended.stdout)["sites"] if site["path"] == "app/llm_client.py"]


@pytest.mark.parametrize(
    ("first", "more", "said"),
    [
        ("", ", temperature=1", ""),
        (", fallbacks=[]", ", fallbacks=['b']", ""),
        ("", ", fallbacks=['b']", "it refuses fallbacks: take each out of `_REFUSED`"),
        (", num_retries=1", ", fallbacks=['b'], num_retries=2, caching=True", "it refuses caching, fallbacks:"),
    ],
)
def test_what_an_earlier_module_does_not_handle_is_told(tmp_path: Path, first: str, more: str, said: str) -> None:
    write(tmp_path, {"pyproject.toml": FORM, "app/__init__.py": "", "app/first.py": CALL.format(more=first)})
    assert [site["status"] for site in _told(tmp_path)] == ["review"]
    write(tmp_path, {"app/later.py": CALL.format(more=more)})
    later = _told(tmp_path)
    assert [site["status"] for site in later] == (["manual"] if said else [])
    assert not said or said in later[0]["message"]
    assert _told(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [("model, text", ""), ("model, text, None", "completion: name the"), ("*text", "completion: name the")],
)
def test_what_an_earlier_function_does_not_take_by_position_is_told(tmp_path: Path, arguments: str, said: str) -> None:
    write(tmp_path, {"pyproject.toml": FORM, "app/__init__.py": "", "app/first.py": CALL.format(more="")})
    assert [site["status"] for site in _told(tmp_path)] == ["review"]
    later = f"from litellm import completion\n\n\ndef ask(text, model):\n    return completion({arguments})\n"
    write(tmp_path, {"app/later.py": later})
    assert [said in site["message"] for site in _told(tmp_path)] == ([True] if said else [])
