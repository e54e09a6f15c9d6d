"""Where the command `llm-gateway` starts. It is installed with the codemod, what it needs only with an extra."""

from __future__ import annotations

import sys

_EXTRA = frozenset(
    {"aiohttp", "click", "genai_prices", "httptools", "orjson", "prometheus_client", "pydantic", "uvicorn"}
)


def main() -> None:
    """The command `llm-gateway`."""
    try:
        from llm_gateway.cli import main as command

        command(prog_name="llm-gateway")
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        sys.exit(f"llm-gateway: {error.name} is missing; install the gateway: pip install 'llm-migrate[gateway]'")


if __name__ == "__main__":
    main()
