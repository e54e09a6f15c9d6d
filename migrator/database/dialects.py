"""What each SQL dialect needs said its own way: names, text compared byte for byte, and one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from migrator.errors import MigrateError


@dataclass(frozen=True, slots=True)
class Dialect:
    """One database's way of doing it.

    `text` views a column as a string that REPLACE may rewrite; `exact` views that string so that `=` and a search
    compare bytes, whatever the column's collation. `session` and `begin` open a script; `shell` runs one.
    """

    name: str
    text: Callable[[exp.Expr], exp.Expr]
    exact: Callable[[exp.Expr], exp.Expr]
    session: tuple[str, ...]
    begin: tuple[str, ...]
    shell: str
    ddl_commits: bool = False
    typed_by_value: bool = False

    def sql(self, statement: exp.Expr) -> str:
        return statement.sql(dialect=self.name)


def _as_is(value: exp.Expr) -> exp.Expr:
    return value


def _c_collation(value: exp.Expr) -> exp.Expr:
    # citext and nondeterministic collations would fold case; an enum has no REPLACE.
    return exp.paren(exp.Collate(this=exp.cast(value, "text"), expression=identifier("C")))


def _binary_collation(value: exp.Expr) -> exp.Expr:
    return exp.Collate(this=value, expression=exp.var("BINARY"))


def _utf8mb4(value: exp.Expr) -> exp.Expr:
    to = exp.DataType(this=exp.DataType.Type.CHARACTER_SET, kind=exp.var("utf8mb4"))
    return exp.Cast(this=value, to=to)


def _binary(value: exp.Expr) -> exp.Expr:
    # Even the _bin collations of MySQL ignore trailing spaces; binary strings do not.
    return exp.Cast(this=value, to=exp.DataType.build("binary", dialect="mysql"))


DIALECTS = {
    "mysql": Dialect(
        name="mysql",
        text=_utf8mb4,
        exact=_binary,
        # Strict, or a value too long is cut without an error; and a backslash in a literal is always an escape.
        session=("SET NAMES utf8mb4", "SET SESSION sql_mode = 'STRICT_ALL_TABLES'"),
        begin=("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION"),
        shell="mysql DATABASE < {file}",
        ddl_commits=True,
    ),
    "postgres": Dialect(
        name="postgres",
        text=_c_collation,
        exact=_as_is,
        session=(),
        begin=("BEGIN ISOLATION LEVEL REPEATABLE READ",),
        shell="psql --set ON_ERROR_STOP=1 --file {file} DATABASE",
    ),
    "sqlite": Dialect(
        name="sqlite",
        text=_as_is,
        exact=_binary_collation,
        # SQLite checks references only when asked; deferred, a parent and its children may change in one run.
        session=("PRAGMA foreign_keys = 1",),
        begin=("BEGIN IMMEDIATE", "PRAGMA defer_foreign_keys = 1"),
        shell="sqlite3 -bail DATABASE < {file}",
        typed_by_value=True,
    ),
}


def dialect_named(name: str) -> Dialect:
    """The dialect called `name`. Raises MigrateError listing the supported names."""
    found = DIALECTS.get(name)
    if found is None:
        raise MigrateError(f"no SQL dialect {name!r} here; supported: {', '.join(sorted(DIALECTS))}")
    return found


def identifier(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)


def column(name: str, table: str) -> exp.Column:
    return exp.column(identifier(name), table=identifier(table))


def table(parts: tuple[str, ...], alias: str | None = None) -> exp.Table:
    *schema, name = parts
    return exp.table_(
        identifier(name),
        db=identifier(schema[0]) if schema else None,
        alias=identifier(alias) if alias else None,
    )


def split_name(name: str) -> tuple[str, ...]:
    """`app.requests` as its parts; a part that holds a dot stands in double quotes: `app."a.b"`.

    Raises MigrateError when it is not a table or schema.table.
    """
    parts = re.findall(r'"(?:[^"]|"")+"(?=\.|$)|[^.]+', name)
    if ".".join(parts) != name or not 1 <= len(parts) <= 2:
        raise MigrateError(f"{name!r} does not name a table; write table or schema.table")
    return tuple(_bare(part) for part in parts)


def join_name(parts: tuple[str, ...]) -> str:
    """The name that `split_name` reads back as `parts`."""
    return ".".join(_quoted(part) if "." in part or '"' in part else part for part in parts)


def _quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"'


def _bare(part: str) -> str:
    quoted = len(part) > 2 and part.startswith('"') and part.endswith('"')
    return part[1:-1].replace('""', '"') if quoted else part
