"""Whether calls have to go through the client module's functions, for what a project sets for all of them."""

from __future__ import annotations

import pytest

from migrator.packs.load import builtin_folder, load
from migrator.packs.ruleset import compose
from migrator.python import rewrite
from migrator.python.library import call_state
from migrator.python.reading.index import Index


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import litellm\nlitellm.completion(model='a')\n", False),
        ("import litellm\nlitellm.api_key = 'a'\nlitellm.drop_params = True\n", False),
        ("from app import llm\nllm.num_retries = 3\n", False),
        ("from litellm.integrations.custom_logger import CustomLogger\n", False),
        ("import litellm\nlitellm.num_retries = 3\n", True),
        ("import litellm as ll\nll.success_callback.append(print)\n", True),
        ("from litellm import model_alias_map\nmodel_alias_map['a'] = 'b'\n", True),
        ("import litellm\nsetattr(litellm, 'headers', {})\n", True),
        ("patch('litellm.callbacks', [])\n", False),
        ("patch('litellm.callbacks', [meter])\n", True),
        ("patch('litellm.callbacks.append')\n", True),
        ("import litellm\nmonkeypatch.setattr(litellm, 'callbacks', [])\n", False),
        ("import litellm\nmonkeypatch.setattr(litellm, 'callbacks', [meter])\n", True),
        ("import litellm\nmonkeypatch.setattr(litellm, 'callbacks', [])\nname = 'callbacks'\n", True),
        ("import litellm\nlitellm.callbacks = []  # none\nlitellm.success_callback += ['langfuse']\n", False),
        ("import litellm\nlitellm.callbacks = []\nlitellm.callbacks.append(meter)\n", True),
        ("import litellm\nlitellm.callbacks = []\nprint(litellm.callbacks)\n", False),
        ("import litellm\nlitellm.callbacks = []\nassert 'langfuse' not in litellm.callbacks\n", False),
        ("import litellm\nlitellm.callbacks = []\nsetattr(litellm, 'callbacks', [meter])\n", True),
        ("import litellm\nlitellm.callbacks = []\nmeters = litellm.callbacks\n", True),
        ("import litellm\nlitellm.callbacks = [meter, 'langfuse']\n", True),
        ("import litellm\nlitellm.callbacks = []\nlitellm.num_retries = 3\n", True),
    ],
)
def test_what_every_call_reads(text: str, expected: bool) -> None:
    pack = load(builtin_folder() / "litellm-to-llm-gateway")
    source, found, facts = rewrite.read(text, "a.py", ("a",))
    kept = call_state.keepers(Index.build(compose([pack]), [facts], lambda _: (source, found)))
    assert kept == (["a.py"] if expected else [])
