"""The command `llm-gateway`: parse, call, print."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from llm_gateway import __version__
from llm_gateway.core.settings import Settings, SettingsError, load

if TYPE_CHECKING:
    from llm_gateway.state.usage import Grouping

_CONFIG = click.option("--config", "path", type=click.Path(path_type=Path), help="The settings, a TOML file.")


class _Group(click.Group):
    """Every mistake of a user is one line, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        from llm_gateway.state.urls import StateError

        try:
            return super().invoke(ctx)
        except (SettingsError, StateError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group)
@click.version_option(__version__, prog_name="llm-gateway")
def main() -> None:
    """A small LLM gateway: OpenAI-compatible, with fallbacks, retries, caching, limits and costs."""


@main.command()
@_CONFIG
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 takes any free one.  [default: 8787]")
@click.option("--mock", is_flag=True, help="Answer everything with the built-in mock provider; needs no keys.")
def serve(path: Path | None, host: str | None, port: int | None, mock: bool) -> None:
    """Serve the OpenAI-compatible API. SIGHUP reads the settings anew."""
    from llm_gateway.server.live import Live, source_of
    from llm_gateway.server.run import serve as run

    def change(settings: Settings) -> Settings:
        given = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}
        server = settings.server.model_copy(update=given)
        return settings.model_copy(update={"server": server, "mock": mock or settings.mock})

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    source = source_of(path, change)
    run(Live(source(), source))


@main.group()
def keys() -> None:
    """Gateway keys: who may call."""


@keys.command("new")
@click.argument("name")
@click.option("--project", default="default", show_default=True, help="Whose limits and budget the key shares.")
def new_key(name: str, project: str) -> None:
    """Make a key called NAME. It is shown this once; the settings hold its hash."""
    key = f"lgw-{secrets.token_urlsafe(32)}"
    table = {"keys": {name: {"hash": f"sha256:{hashlib.sha256(key.encode()).hexdigest()}", "project": project}}}
    from llm_gateway.core.settings import parse

    try:
        parse(table, "keys new")
    except SettingsError as error:
        allowed = "letters, digits and . _ -, with a letter or digit first"
        raise SettingsError(f"names of keys and projects are of {allowed}") from error
    click.echo(f"The key, shown only now:\n\n    {key}\n\nFor the settings:\n\n[keys.{name}]")
    for field, value in table["keys"][name].items():
        click.echo(f'{field} = "{value}"')


@main.command()
@_CONFIG
@click.option("--by", multiple=True, type=click.Choice(["model", "provider", "day", "key", "project"]))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From this day on (UTC).")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def costs(path: Path | None, by: tuple[Grouping, ...], since: datetime | None, as_json: bool) -> None:
    """What was used and what it cost, by model and provider unless --by says otherwise."""
    from llm_gateway.costs import report

    settings = load(path) if path else Settings()
    click.echo(report(settings.state.usage, by or ("model", "provider"), since, as_json), nl=False)
