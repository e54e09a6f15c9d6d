"""Pure: which SQL renames values stored in a database, and which SQL takes that back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from migrator.database.dialects import Dialect, column, dialect_named, identifier, split_name, table
from migrator.errors import MigrateError

IDENTIFIER_BYTES = 63  # PostgreSQL cuts longer names off; MySQL allows 64
BACKUP_PREFIX = "migrate_backup_"

DEFAULT_KEY = ("id",)

Match = Literal["equals", "contains"]


@dataclass(frozen=True, slots=True)
class Column:
    """Values of one column to rename. `table` may be schema.table; `key` names the columns that identify a row.

    Raises MigrateError when it could not be run twice or says nothing.
    """

    table: str
    column: str
    match: Match
    old: str
    new: str
    key: tuple[str, ...] = DEFAULT_KEY
    rule: str = ""

    def __post_init__(self) -> None:
        if reason := self._fault():
            rule = f" (rule {self.rule})" if self.rule else ""
            raise MigrateError(f"sql {self.table}.{self.column}{rule}: {reason}")

    def _fault(self) -> str | None:
        if self.match not in ("equals", "contains"):
            return f"match is {self.match!r}; write equals or contains"
        if not self.old or self.old == self.new:
            return "old must be a text that differs from new"
        if any("\0" in text for text in (self.table, self.column, self.old, self.new, *self.key)):
            return "no name or value may hold a NUL character"
        if not self.column or not all(self.key) or not self.key:
            return "column and key must name columns"
        return None


@dataclass(frozen=True, slots=True)
class Script:
    """Two SQL texts: `forward` renames the values, `inverse` restores what `forward` renamed."""

    forward: str
    inverse: str


@dataclass(frozen=True, slots=True)
class Step:
    """One column of one run: the table and backup table by their parts, and the key that is used."""

    column: Column
    table: tuple[str, ...]
    key: tuple[str, ...]
    backup: tuple[str, ...]


def step(wanted: Column, run: str, number: int, parts: tuple[str, ...], key: tuple[str, ...]) -> Step:
    """The step that renames `wanted` in the table `parts`; its backup table stands in the same schema.

    Raises MigrateError when `run` does not make a table name.
    """
    backup = f"{BACKUP_PREFIX}{run}_{number}"
    if not re.fullmatch(r"[A-Za-z0-9_-]+", run) or len(backup) > IDENTIFIER_BYTES:
        room = IDENTIFIER_BYTES - len(f"{BACKUP_PREFIX}_{number}")
        raise MigrateError(f"run {run!r} cannot name a table; use up to {room} of the characters A-Z a-z 0-9 _ -")
    return Step(wanted, parts, key, (*parts[:-1], backup))


def script(columns: Sequence[Column], dialect: str, run: str) -> Script:
    """The scripts that rename `columns`, in that order, and that undo it.

    Raises MigrateError for a dialect that is not supported, a bad table name or a bad run.
    """
    speaks = dialect_named(dialect)
    steps = [step(each, run, n, split_name(each.table), each.key) for n, each in enumerate(columns, 1)]
    return Script(_forward(steps, speaks, run), _inverse(steps, speaks, run))


def _forward(steps: Sequence[Step], dialect: Dialect, run: str) -> str:
    prepare = [create(each) for each in steps]
    rename = [
        statement
        for each in steps
        for statement in (count(each, dialect, "rows_to_change"), save(each, dialect), change(each, dialect))
    ]
    check = [count(each, dialect, "rows_left_must_be_0") for each in steps]
    header = [
        f"migrate run {run}: renames values stored in the database, all of them or none.",
        *(f"  {_told(each.column)}" for each in steps),
        f"Run:  {dialect.shell.format(file='forward.sql')}",
        f"Undo: {dialect.shell.format(file='inverse.sql')}",
        "The key columns must identify a row. Do not drop the backup tables before the undo.",
    ]
    if dialect.ddl_commits:
        header.append("CREATE TABLE commits at once here: the backup tables are made, empty, before the transaction.")
        return _text(dialect, header, prepare, [*rename, *check], [])
    return _text(dialect, header, [], [*prepare, *rename, *check], [])


def _inverse(steps: Sequence[Step], dialect: Dialect, run: str) -> str:
    backwards = list(reversed(steps))
    undo = [statement for each in backwards for statement in (count_edited(each, dialect), restore(each, dialect))]
    drop = [f"DROP TABLE {dialect.sql(table(each.backup))}" for each in backwards]
    header = [
        f"Undoes migrate run {run}: every row that still holds the value the run wrote gets its old value back.",
        f"Run:  {dialect.shell.format(file='inverse.sql')}",
        "Rows edited or removed since are left alone and counted as rows_edited_since.",
    ]
    if dialect.ddl_commits:
        header.append("DROP TABLE commits at once here: the backup tables go after the transaction.")
        return _text(dialect, header, [], undo, drop)
    return _text(dialect, header, [], [*undo, *drop], [])


def _text(
    dialect: Dialect,
    header: Sequence[str],
    before: Sequence[exp.Expr],
    inside: Sequence[exp.Expr | str],
    after: Sequence[str],
) -> str:
    statements = [*dialect.session, *before, *dialect.begin, *inside, "COMMIT", *after]
    spelled = (each if isinstance(each, str) else dialect.sql(each) for each in statements)
    return "".join([*(f"-- {line}\n" for line in header), "\n", *(f"{each};\n" for each in spelled)])


def _told(wanted: Column) -> str:
    # JSON strings have no line breaks, so no value can leave the comment.
    name, old, new = (json.dumps(text, ensure_ascii=False) for text in (_place(wanted), wanted.old, wanted.new))
    return f"{name} {wanted.match} {old} -> {new}"


def _place(wanted: Column) -> str:
    return f"{wanted.table}.{wanted.column}"


def count(each: Step, dialect: Dialect, title: str) -> exp.Select:
    """SELECT place, number of rows the step would change."""
    return _counted(each, title).from_(table(each.table, "t")).where(_changes(each.column, dialect))


def create(each: Step) -> exp.Create:
    """CREATE the backup table, empty, unless a first run of the same script made it."""
    kept = _kept(each).from_(table(each.table, "t")).where(exp.false())
    return exp.Create(this=table(each.backup), kind="TABLE", exists=True, expression=kept)


def save(each: Step, dialect: Dialect) -> exp.Insert:
    """INSERT key and old value of every row the step will change into the backup table."""
    kept = _kept(each).from_(table(each.table, "t")).where(_changes(each.column, dialect))
    return exp.insert(kept, table(each.backup))


def change(each: Step, dialect: Dialect) -> exp.Update:
    """UPDATE every row that holds the old name."""
    wanted = each.column
    update = exp.update(table(each.table, "t"), where=_changes(wanted, dialect))
    update.set("expressions", [_assign(wanted, _written(wanted, dialect, column(wanted.column, "t")))])
    return update


def count_saved(each: Step) -> exp.Select:
    """SELECT place, number of rows the saved keys find: as many as were saved when the key identifies a row."""
    saved = exp.and_(
        *(column(name, "t").eq(column(kept, "b")) for name, kept in zip(each.key, _keys(each), strict=True))
    )
    return _counted(each, "rows").from_(table(each.table, "t")).join(table(each.backup, "b"), on=saved)


def count_edited(each: Step, dialect: Dialect) -> exp.Select:
    """SELECT place, number of backed up rows that no longer hold what the run wrote."""
    same = exp.select("1").from_(table(each.table, "t")).where(_still_written(each, dialect))
    return _counted(each, "rows_edited_since").from_(table(each.backup, "b")).where(exp.not_(exp.Exists(this=same)))


def restore(each: Step, dialect: Dialect) -> exp.Update:
    """UPDATE every row that still holds what the run wrote to its old value."""
    update = exp.update(
        table(each.table, "t"),
        where=_still_written(each, dialect),
        from_=exp.From(this=table(each.backup, "b")),
    )
    update.set("expressions", [_assign(each.column, column("old_value", "b"))])
    return update


def _changes(wanted: Column, dialect: Dialect) -> exp.Expr:
    """True for exactly the rows whose value the rename changes; NULL, hence not chosen, for NULL."""
    value = column(wanted.column, "t")
    exact = dialect.exact(dialect.text(value))
    conditions: list[exp.Expr]
    if wanted.match == "equals":
        conditions = [exact.eq(exp.Literal.string(wanted.old))]
    else:
        # Not LIKE: it folds case in SQLite and MySQL where REPLACE does not, and has wildcards to escape.
        conditions = [exp.StrPosition(this=exact, substr=exp.Literal.string(wanted.old)) > 0]
        if wanted.old in wanted.new:
            conditions.append(dialect.exact(_written(wanted, dialect, value)).neq(exact.copy()))
    if dialect.typed_by_value:
        conditions.insert(0, exp.func("TYPEOF", value.copy()).eq(exp.Literal.string("text")))
    return exp.and_(*conditions)


def _written(wanted: Column, dialect: Dialect, value: exp.Expr) -> exp.Expr:
    """What the rename makes of `value`, a value it changes."""
    old, new = exp.Literal.string(wanted.old), exp.Literal.string(wanted.new)
    if wanted.match == "equals":
        return new
    text = dialect.text(value.copy())
    if wanted.old in wanted.new:
        # What already reads `new` is put back to `old` first, or a second run would double it.
        text = exp.func("REPLACE", text, new.copy(), old.copy())
    return exp.func("REPLACE", text, old, new)


def _still_written(each: Step, dialect: Dialect) -> exp.Expr:
    wanted = each.column
    current = dialect.exact(dialect.text(column(wanted.column, "t")))
    written = _written(wanted, dialect, column("old_value", "b"))
    value = written if wanted.match == "equals" else dialect.exact(written)
    # A key column that was itself renamed no longer equals its saved value.
    keys = [(name, kept) for name, kept in zip(each.key, _keys(each), strict=True) if name != wanted.column]
    return exp.and_(*(column(name, "t").eq(column(kept, "b")) for name, kept in keys), current.eq(value))


def _counted(each: Step, title: str) -> exp.Select:
    place = exp.alias_(exp.Literal.string(_place(each.column)), "place", quoted=True)
    return exp.select(place, exp.alias_(exp.Count(this=exp.Star()), title, quoted=True))


def _kept(each: Step) -> exp.Select:
    kept = [*zip(each.key, _keys(each), strict=True), (each.column.column, "old_value")]
    return exp.select(*(exp.alias_(column(name, "t"), alias, quoted=True) for name, alias in kept))


def _keys(each: Step) -> Iterator[str]:
    return (f"key_{n}" for n in range(1, len(each.key) + 1))


def _assign(wanted: Column, value: exp.Expr) -> exp.EQ:
    return exp.EQ(this=exp.column(identifier(wanted.column)), expression=value)
