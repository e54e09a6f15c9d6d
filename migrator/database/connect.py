"""The edge to a database: opens the one a URL names, and says every fault of its driver in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from migrator.database.base import Database
from migrator.errors import MigrateError

DISTRIBUTION = "llm-migrate"


@contextmanager
def connect(url: str) -> Iterator[Database]:
    """The database at `sqlite:///path` or `postgresql://user@host/name`, closed at the end of the block.

    Raises MigrateError, which never holds the URL's password, when it cannot be opened.
    """
    database = _opened(url)
    try:
        for statement in database.dialect.session:
            database.run(statement)
        yield database
    finally:
        database.close()


def _opened(url: str) -> Database:
    scheme = url.partition("://")[0].partition("+")[0]
    if scheme == "sqlite":
        from migrator.database.sqlite import Sqlite

        return Sqlite(url)
    if scheme in ("postgresql", "postgres"):
        try:
            from migrator.database.postgres import Postgres
        except ImportError as missing:
            raise MigrateError(f"PostgreSQL needs a driver: pip install '{DISTRIBUTION}[postgres]'") from missing
        return Postgres(url)
    raise MigrateError(
        "only sqlite:///path and postgresql://user@host/name can be opened; "
        "for another database write the script with --dialect and run it there"
    )
