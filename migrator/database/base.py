"""What the rest asks of an open database, and a table of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot import exp

from migrator.database.dialects import Dialect, split_name

Kind = Literal["text", "json", "enum", "other"]


@dataclass(frozen=True, slots=True)
class Table:
    """A user's table as stored. `parts` is what SQL calls it, `names` every way a user may; `primary` is its key.

    `rowid` names the hidden row number where the database has one and it is not shadowed, else it is empty.
    """

    parts: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    columns: dict[str, Kind]
    primary: tuple[str, ...]
    rowid: tuple[str, ...] = ()


class Database(ABC):
    """An open database. `name` is fit to be shown; every fault is a MigrateError."""

    dialect: Dialect
    name: str

    @abstractmethod
    def tables(self) -> list[Table]:
        """Every table of the user's, sorted."""

    @abstractmethod
    def run(self, statement: exp.Expr | str) -> int:
        """Executes one statement; the number of rows it changed."""

    @abstractmethod
    def rows(self, statement: exp.Expr | str) -> list[tuple[Any, ...]]:
        """Executes one query; its rows."""

    @abstractmethod
    def close(self) -> None:
        """Closes the database, which rolls back what is not committed."""

    def spelled(self, statement: exp.Expr | str) -> str:
        return statement if isinstance(statement, str) else self.dialect.sql(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits at the end of the block. After a fault the database must be closed, and nothing has changed."""
        for statement in self.dialect.begin:
            self.run(statement)
        yield
        self.run("COMMIT")


def find(tables: Sequence[Table], name: str) -> Table | None:
    parts = split_name(name)
    return next((table for table in tables if parts in table.names), None)
