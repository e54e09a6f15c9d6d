"""Applies renames to a live database in one transaction, remembers them there, and takes them back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlglot import exp

from migrator.database import script
from migrator.database.base import Database, Table, find
from migrator.database.connect import connect
from migrator.database.dialects import column, table
from migrator.database.script import DEFAULT_KEY, Column, Step
from migrator.errors import MigrateError

JOURNAL = "migrate_runs"


@dataclass(frozen=True, slots=True)
class Touched:
    """Rows that a run renamed in one column."""

    table: str
    column: str
    rows: int


@dataclass(frozen=True, slots=True)
class Restored:
    """Rows of one column that got their old value back, and rows left alone: edited or removed since."""

    table: str
    column: str
    rows: int
    edited: int


def apply(url: str, columns: Sequence[Column], run: str) -> list[Touched]:
    """Renames `columns`, in that order, in the database at `url`; all of it or nothing.

    Raises MigrateError, with the database as it was, for a table, column or key that does not exist and for
    whatever the database refuses.
    """
    with connect(url) as database:
        tables = database.tables()
        steps = _steps(tables, columns, run)
        with database.transaction():
            if run in {done for done, _ in _journal(database)}:
                raise MigrateError(f"run {run} was applied to {database.name} before; restore it or name another run")
            touched = [Touched(each.column.table, each.column.column, _rename(database, each, run)) for each in steps]
            for each in steps:
                _refuse_rest(database, each)
        return touched


def restore(url: str, run: str | None = None) -> list[Restored]:
    """Undoes `run`, or the last one, in the database at `url`; all of it or nothing.

    Raises MigrateError when there is nothing to restore or the database refuses.
    """
    with connect(url) as database, database.transaction():
        journal = _journal(database)
        if not journal:
            raise MigrateError(f"nothing to restore: {database.name} holds no run of migrate")
        wanted = run or journal[-1][0]
        steps = [each for done, each in journal if done == wanted]
        if not steps:
            known = ", ".join(dict.fromkeys(done for done, _ in journal))
            raise MigrateError(f"nothing to restore: {database.name} holds no run {wanted}, only {known}")
        restored = [_take_back(database, each) for each in reversed(steps)]
        _forget(database, wanted)
        return restored[::-1]


def _steps(tables: Sequence[Table], columns: Sequence[Column], run: str) -> list[Step]:
    steps, faults = [], []
    for number, wanted in enumerate(columns, 1):
        found = find(tables, wanted.table)
        key = _key(found, wanted.key) if found else ()
        if found is None:
            faults.append(f"no table {wanted.table}")
        elif wanted.column not in found.columns:
            faults.append(f"no column {wanted.column} in {wanted.table}")
        elif not key:
            declared = ", ".join(wanted.key)
            faults.append(f"{wanted.table} has no primary key, nor the declared key ({declared}); set `key`")
        else:
            steps.append(script.step(wanted, run, number, found.parts, key))
    if faults:
        raise MigrateError(f"{'; '.join(dict.fromkeys(faults))} (names are spelled as stored); nothing was changed")
    return steps


def _key(found: Table, declared: tuple[str, ...]) -> tuple[str, ...]:
    if found.primary:
        return found.primary
    if all(name in found.columns or name in found.rowid for name in declared):
        return declared
    return found.rowid if declared == DEFAULT_KEY else ()


def _rename(database: Database, each: Step, run: str) -> int:
    try:
        rows = _number(database, script.count(each, database.dialect, "rows"))
        if rows:
            database.run(script.create(each))
            database.run(script.save(each, database.dialect))
            _refuse_loose_key(database, each, rows)
            database.run(script.change(each, database.dialect))
            _record(database, each, run)
        return rows
    except MigrateError as fault:
        raise MigrateError(f"{_place(each)}: {fault}; nothing was changed") from fault


def _refuse_loose_key(database: Database, each: Step, rows: int) -> None:
    if _number(database, script.count_saved(each)) != rows:
        raise MigrateError(f"key ({', '.join(each.key)}) does not identify each row; set `key` to one that does")


def _refuse_rest(database: Database, each: Step) -> None:
    if rows := _number(database, script.count(each, database.dialect, "rows")):
        raise MigrateError(
            f"{_place(each)}: {rows} rows would be renamed again by a second run from {each.column.old!r} "
            f"to {each.column.new!r}; the renames feed each other; nothing was changed"
        )


def _take_back(database: Database, each: Step) -> Restored:
    edited = _number(database, script.count_edited(each, database.dialect))
    rows = database.run(script.restore(each, database.dialect))
    database.run(f"DROP TABLE {database.dialect.sql(table(each.backup))}")
    return Restored(each.column.table, each.column.column, rows, edited)


def _record(database: Database, each: Step, run: str) -> None:
    database.run(
        f'CREATE TABLE IF NOT EXISTS "{JOURNAL}" ("id" INTEGER PRIMARY KEY, "run" TEXT NOT NULL, "step" TEXT NOT NULL)'
    )
    text = exp.Literal.string
    following = exp.Coalesce(this=exp.Max(this=exp.column("id", quoted=True)), expressions=[exp.Literal.number(0)]) + 1
    database.run(
        exp.insert(
            exp.select(following, text(run), text(json.dumps(asdict(each)))).from_(table((JOURNAL,))), table((JOURNAL,))
        )
    )


def _journal(database: Database) -> list[tuple[str, Step]]:
    """What was applied and not yet restored, oldest first."""
    if find(database.tables(), JOURNAL) is None:
        return []
    return [(run, _read(step)) for run, step in database.rows(f'SELECT "run", "step" FROM "{JOURNAL}" ORDER BY "id"')]


def _read(text: str) -> Step:
    step = json.loads(text)
    wanted = step["column"]
    return Step(
        column=Column(**{**wanted, "key": tuple(wanted["key"])}),
        table=tuple(step["table"]),
        key=tuple(step["key"]),
        backup=tuple(step["backup"]),
    )


def _forget(database: Database, run: str) -> None:
    database.run(exp.delete(table((JOURNAL,)), where=column("run", JOURNAL).eq(exp.Literal.string(run))))
    if not _journal(database):
        database.run(f'DROP TABLE "{JOURNAL}"')


def _number(database: Database, counted: exp.Select) -> int:
    return int(database.rows(counted)[0][1])


def _place(each: Step) -> str:
    return f"{each.column.table}.{each.column.column}"
