"""Markdown, reStructuredText and plain text."""

from __future__ import annotations

import pytest

from .helpers import find, migrate, said, statuses

IMPORT = "import agentcore.integration.portkey\n"
MOVED = "import agentcore.llm_gateway\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.md", "A portkey opens ports; `x-portkey-api-key`, `VAULT_PORTKEY_KEY`, `exportKey`.\n"),
        ("a.md", "```python\nimport myagentcore.integration.portkey\n```\n"),
        ("a.md", "```toml\n[integration.portkeyx]\n```\n"),
        ("a.rst", ".. code-block:: bash\n\n   export VAULT_PORTKEY_KEY=1\n"),
    ],
)
def test_look_alikes_are_not_found(path: str, text: str) -> None:
    assert find(path, text) == []


@pytest.mark.parametrize("path", ["README.md", "a.rst", "NOTES.txt", "LICENSE"])
def test_prose_is_reported_and_edited_only_when_asked_for(path: str) -> None:
    text = (
        "Portkey Wallet, see PortkeyClient and PORTKEY_X\n(`agentcore.integration.portkey`, `[integration.portkey]`).\n"
    )
    assert statuses(find(path, text)) == ["review"] * 5
    assert all("edited only with --text" in m for m in said(find(path, text)))
    assert migrate(path, text) == text
    assert migrate(path, text, prose=True) == (
        "LLM Gateway Wallet, see LLMGatewayClient and LLM_GATEWAY_X\n(`agentcore.llm_gateway`, `[llm_gateway]`).\n"
    )


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("```python", "```"),
        ("~~~py", "~~~"),
        ('`````python title="x"\n```', "`````"),
        ("```{.python}", "```"),
        ("```Python3", "```"),
    ],
)
def test_python_fences_in_every_spelling(opening: str, closing: str) -> None:
    text = f"# Title\n\n{opening}\n{IMPORT}{closing}\n\nend\n"
    assert migrate("a.md", text) == text.replace(IMPORT, MOVED)
    assert statuses(find("a.md", text)) == ["migrated"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "- item\n\n  ```python\n  def f():\n\n      import agentcore.integration.portkey\n  ```\n",
            "- item\n\n  ```python\n  def f():\n\n      import agentcore.llm_gateway\n  ```\n",
        ),
        (
            "> ```python\n> import agentcore.integration.portkey\n>\n> x = 1\n> ```\n",
            "> ```python\n> import agentcore.llm_gateway\n>\n> x = 1\n> ```\n",
        ),
        (
            "```python\n    x = 1\n    import agentcore.integration.portkey\n```\n",
            "```python\n    x = 1\n    import agentcore.llm_gateway\n```\n",
        ),
        (
            "1. a\n\n   ```python\n   import portkey_ai\n   x = agentcore.integration.portkey\n   ```\n   b\n",
            "1. a\n\n   ```python\n   import os\n   import re\n   x = agentcore.llm_gateway\n   ```\n   b\n",
        ),
        (
            "- a\n\n  ```python\n  import portkey_ai\n  ```\n  b\n",
            "- a\n\n  ```python\n  import os\n  import re\n  ```\n  b\n",
        ),
    ],
)
def test_indented_fences_keep_their_indent(before: str, after: str) -> None:
    assert migrate("a.md", before) == after


def test_a_fence_that_is_never_closed_runs_to_the_end() -> None:
    assert migrate("a.md", f"```python\n{IMPORT}") == f"```python\n{MOVED}"


@pytest.mark.parametrize(
    ("code", "new"),
    [
        (
            ">>> from agentcore.integration.portkey import PortkeyClient\n",
            ">>> from agentcore.llm_gateway import LLMGatewayClient\n",
        ),
        ("client = PortkeyClient(…)\nPORTKEY_X\n", "client = LLMGatewayClient(…)\nLLM_GATEWAY_X\n"),
    ],
)
def test_python_that_does_not_parse_is_searched_by_name(code: str, new: str) -> None:
    assert migrate("a.md", f"```python\n{code}```\n") == f"```python\n{new}```\n"


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("toml", "[integration.portkey]\na = 1", "[llm_gateway]\na = 1"),
        ("env", "PORTKEY_X='a'", "LLM_GATEWAY_X='a'"),
        ("dotenv", "# PORTKEY_X=1", "# LLM_GATEWAY_X=1"),
        ("ini", "[integration.portkey]", "[llm_gateway]"),
        ("bash", "export PORTKEY_X=1", "export LLM_GATEWAY_X=1"),
        ("console", "$ export PORTKEY_X=1", "$ export LLM_GATEWAY_X=1"),
        ("", "PORTKEY_X=1", "LLM_GATEWAY_X=1"),
        ("text", "agentcore.integration.portkey", "agentcore.llm_gateway"),
        ("whatever", "tests/integration/portkey", "tests/integration/llm_gateway"),
        ("dockerfile", "ENV PORTKEY_X=1", "ENV LLM_GATEWAY_X=1"),
        ("yaml", "PORTKEY_X: 1", "LLM_GATEWAY_X: 1"),
    ],
)
def test_fences_are_edited_as_their_language(language: str, before: str, after: str) -> None:
    assert migrate("a.md", f"```{language}\n{before}\n```\n") == f"```{language}\n{after}\n```\n"


def test_fences_that_are_prose_or_never_edited() -> None:
    text = "```mermaid\nA --> Portkey\n```\n```sql\nUPDATE llm_requests SET x = 'portkey';\n```\n"
    assert migrate("a.md", text) == text
    assert statuses(find("a.md", text)) == ["review", "manual"]


def test_a_yaml_fence_knows_nested_sections() -> None:
    assert statuses(find("a.md", "```yaml\nintegration:\n  portkey:\n    a: 1\n```\n")) == ["manual"]


def test_code_blocks_of_restructured_text() -> None:
    before = (
        "Title\n=====\n\n.. code-block:: python\n   :linenos:\n\n   import agentcore.integration.portkey\n\n"
        "   x = 1\n\nPortkey.\n\n* a\n\n  .. code:: toml\n\n     [integration.portkey]\n"
    )
    after = before.replace("agentcore.integration.portkey", "agentcore.llm_gateway")
    assert migrate("a.rst", before) == after.replace("[integration.portkey]", "[llm_gateway]")
    assert statuses(find("a.rst", before)) == ["migrated", "review", "migrated"]


def test_plain_text_has_no_code() -> None:
    text = f"```python\n{IMPORT}```\n"
    assert migrate("a.txt", text) == text
