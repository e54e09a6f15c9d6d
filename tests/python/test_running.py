"""What code imports, for the lists of what it depends on."""

from __future__ import annotations

import pytest

from migrator.python.reading.running import imports

LAZY = """
class Lazy:
    @property
    def it(self): import litellm; return litellm
"""


@pytest.mark.parametrize(
    "code",
    [
        "import litellm_proxy, os",
        "from app import litellm",
        "from .litellm import completion",
        "print('import litellm failed: see the notes')",
        "HELP = '''\nif you must: import litellm\nx; import litellm\n'''",
        "def ask():\n    '''\n    import litellm\n    '''",
        "logging.getLogger('litellm')",
        "find_spec('litellm')",
        "#: import litellm",
    ],
)
def test_what_only_speaks_of_a_module_does_not_import_it(code: str) -> None:
    assert not imports(code.encode(), "litellm")


@pytest.mark.parametrize(
    "code",
    [
        "import os, \\\n    litellm.utils as u",
        "print('#1'); import litellm",
        "if os.environ.get('A#B'): import litellm",
        "x = {'#': 1}; from litellm import get_max_tokens",
        "match x:\n    case [a]: import litellm",
        "async def f(x):\n    async with x: import litellm as k",
        "from importlib import import_module as load\nllm = load('litellm.utils')",
        "__import__('litellm')",
        "run([sys.executable, '-c', 'import litellm; print(litellm)'])",
        "CODE = '''\n    import litellm\n    print(litellm)\n'''",
        "CODE = '''\nimport litellm\nprint({name})\nfrom\n'''",
        "%pip install litellm\nimport os; import litellm",
        "python - <<EOF\nimport litellm\nEOF",
        "\ufeffimport litellm",
        LAZY,
    ],
)
def test_an_import_is_one_wherever_it_stands(code: str) -> None:
    assert imports(code.encode(), "litellm")
