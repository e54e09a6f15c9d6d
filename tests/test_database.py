"""Renaming stored values: the scripts as text, and everything that runs on a real SQLite file."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from migrator.database import Column, Match, Proposal, Restored, Touched, apply, discover, restore, script
from migrator.database.dialects import join_name, split_name
from migrator.errors import MigrateError

PROVIDER = Column("llm_requests", "provider_module", "equals", "portkey", "llm_gateway")
CONFIG = Column("system_config", "config_key", "contains", "portkey", "llm_gateway")
GUIDE = """
CREATE TABLE llm_requests (id INTEGER PRIMARY KEY, provider_module TEXT);
INSERT INTO llm_requests VALUES
    (1, 'portkey'), (2, 'openai'), (3, NULL), (4, 'portkey'), (5, 'PortKey'), (6, 'portkeys');
CREATE TABLE system_config (id INTEGER PRIMARY KEY, config_key TEXT UNIQUE);
INSERT INTO system_config VALUES (1, 'llm.portkey.timeout'), (2, 'Portkey'), (3, 'portkey/portkey'), (4, 'other');
"""


class File:
    """A SQLite file and what a test does with it."""

    def __init__(self, path: Path, schema: str = "") -> None:
        self.path = path
        self.url = f"sqlite:///{path}"
        with closing(sqlite3.connect(path)) as made:
            made.execute("PRAGMA user_version = 1")
        self.script(schema)

    def script(self, text: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(text)

    def column(self, column: str, table: str) -> list[object]:
        with closing(sqlite3.connect(self.path)) as connection:
            return [row[0] for row in connection.execute(f"SELECT {column} FROM {table} ORDER BY rowid")]

    def dump(self) -> dict[str, list[tuple[object, ...]]]:
        """Every table by its CREATE statement, with its rows."""
        with closing(sqlite3.connect(self.path)) as connection:
            tables = connection.execute("SELECT sql, name FROM sqlite_master WHERE type = 'table'").fetchall()
            return {sql: connection.execute(f"SELECT * FROM {quoted(name)}").fetchall() for sql, name in tables}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.fixture
def guide(tmp_path: Path) -> File:
    return File(tmp_path / "app.db", GUIDE)


@pytest.fixture
def empty(tmp_path: Path) -> File:
    return File(tmp_path / "app.db")


# Refusals


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"match": "like"}, "equals or contains"),
        ({"old": ""}, "differs from new"),
        ({"old": "same", "new": "same"}, "differs from new"),
        ({"old": "a\0b"}, "NUL"),
        ({"key": ()}, "name columns"),
        ({"column": ""}, "name columns"),
    ],
)
def test_a_column_that_says_nothing_is_refused(fields: dict[str, str], said: str) -> None:
    sound = {"table": "t", "column": "c", "match": "equals", "old": "a", "new": "b", "rule": "r7"}
    with pytest.raises(MigrateError, match=rf"\(rule r7\): .*{said}"):
        Column(**{**sound, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize("dialect", ["bigquery", "oracle", "tsql", "no such", ""])
def test_an_unsupported_dialect_is_refused_with_the_supported_ones(dialect: str) -> None:
    with pytest.raises(MigrateError, match="supported: mysql, postgres, sqlite"):
        script([PROVIDER], dialect, "r1")


@pytest.mark.parametrize("table", ["", "a.b.c", ".t", "t.", "a..t"])
def test_a_name_that_is_no_table_is_refused(table: str) -> None:
    with pytest.raises(MigrateError, match="does not name a table"):
        script([Column(table, "c", "equals", "a", "b")], "sqlite", "r1")


@pytest.mark.parametrize("run", ["", "a b", 'a"b', "ü", "x" * 47])
def test_a_run_that_cannot_name_a_table_is_refused(run: str) -> None:
    with pytest.raises(MigrateError, match="cannot name a table"):
        script([PROVIDER], "postgres", run)


def test_everything_missing_is_named_before_anything_changes(guide: File) -> None:
    guide.script("CREATE TABLE keyless (v TEXT)")
    before = guide.dump()
    wanted = [
        PROVIDER,
        Column("nowhere", "c", "equals", "a", "b"),
        Column("llm_requests", "nothing", "equals", "a", "b"),
        Column("keyless", "v", "equals", "a", "b", key=("uid",)),
    ]
    with pytest.raises(MigrateError) as refused:
        apply(guide.url, wanted, "r1")
    for said in ("no table nowhere", "no column nothing in llm_requests", "keyless has no primary key", "(uid)"):
        assert said in str(refused.value)
    assert guide.dump() == before


@pytest.mark.parametrize("url", ["mysql://u:hunter2@h/db", "hunter2", "mongodb+srv://u:hunter2@h"])
def test_a_url_nobody_can_open_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(MigrateError, match="--dialect") as refused:
        apply(url, [PROVIDER], "r1")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://relative.db"])
def test_a_sqlite_url_without_a_path_is_refused(url: str) -> None:
    with pytest.raises(MigrateError, match="sqlite:///path"):
        restore(url)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(MigrateError, match="unable to open"):
        apply(f"sqlite:///{tmp_path}/none.db", [PROVIDER], "r1")
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(MigrateError, match="not a database"):
        discover(f"sqlite:///{tmp_path}/x.db", ["portkey"])


def test_postgres_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "migrator.database.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MigrateError, match=re.escape("pip install 'llm-migrate[postgres]'")):
        apply("postgresql://u:hunter2@h/db", [PROVIDER], "r1")


def test_a_path_is_no_part_of_a_url(tmp_path: Path) -> None:
    odd = File(tmp_path / "a ?mode=memory#%41.db", GUIDE)
    assert apply(odd.url, [PROVIDER], "r1")[0].rows == 2
    assert odd.column("provider_module", "llm_requests")[0] == "llm_gateway"


def test_a_unique_violation_leaves_the_database_as_it_was(guide: File) -> None:
    guide.script("INSERT INTO system_config VALUES (9, 'llm.llm_gateway.timeout')")
    before = guide.dump()
    with pytest.raises(MigrateError, match=r"system_config\.config_key: .*UNIQUE.*nothing was changed"):
        apply(guide.url, [PROVIDER, CONFIG], "r1")
    assert guide.dump() == before


def test_a_reference_left_behind_rolls_back(empty: File) -> None:
    empty.script("""
        CREATE TABLE provider (name TEXT PRIMARY KEY);
        CREATE TABLE request (id INTEGER PRIMARY KEY, provider TEXT REFERENCES provider (name));
        INSERT INTO provider VALUES ('portkey');
        INSERT INTO request VALUES (1, 'portkey');
    """)
    before = empty.dump()
    parent = Column("provider", "name", "equals", "portkey", "llm_gateway", key=("name",))
    child = Column("request", "provider", "equals", "portkey", "llm_gateway")
    with pytest.raises(MigrateError, match="FOREIGN KEY"):
        apply(empty.url, [parent], "r1")
    assert empty.dump() == before
    assert [each.rows for each in apply(empty.url, [parent, child], "r1")] == [1, 1]
    restore(empty.url)
    assert empty.dump() == before


def test_renames_that_feed_each_other_are_refused(guide: File) -> None:
    before = guide.dump()
    there = Column("llm_requests", "provider_module", "equals", "portkey", "openai")
    back = Column("llm_requests", "provider_module", "equals", "openai", "portkey")
    with pytest.raises(MigrateError, match="feed each other"):
        apply(guide.url, [there, back], "r1")
    assert guide.dump() == before


def test_a_value_that_reads_old_again_after_the_change_is_refused(empty: File) -> None:
    empty.script("CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT); INSERT INTO t VALUES (1, 'aab')")
    before = empty.dump()
    with pytest.raises(MigrateError, match="second run"):
        apply(empty.url, [Column("t", "c", "contains", "ab", "b")], "r1")
    assert empty.dump() == before


@pytest.mark.parametrize("row", ["('x', 'portkey'), ('x', 'llm_gateway')", "(NULL, 'portkey')"])
def test_a_declared_key_that_does_not_identify_a_row_is_refused(empty: File, row: str) -> None:
    empty.script(f"CREATE TABLE t (name TEXT, c TEXT); INSERT INTO t VALUES {row}")
    before = empty.dump()
    with pytest.raises(MigrateError, match=r"key \(name\) does not identify each row"):
        apply(empty.url, [Column("t", "c", "equals", "portkey", "llm_gateway", key=("name",))], "r1")
    assert empty.dump() == before


def test_the_same_run_is_not_applied_twice(guide: File) -> None:
    apply(guide.url, [PROVIDER], "r1")
    with pytest.raises(MigrateError, match="run r1 was applied"):
        apply(guide.url, [CONFIG], "r1")


def test_restoring_what_was_never_applied_says_so(guide: File) -> None:
    with pytest.raises(MigrateError, match="nothing to restore"):
        restore(guide.url)
    apply(guide.url, [PROVIDER], "r1")
    with pytest.raises(MigrateError, match="holds no run r2, only r1"):
        restore(guide.url, "r2")
    restore(guide.url, "r1")
    with pytest.raises(MigrateError, match="nothing to restore"):
        restore(guide.url)


# Applied to a database


def test_the_guide(guide: File) -> None:
    before = guide.dump()
    touched = apply(guide.url, [PROVIDER, CONFIG], "r1")
    assert touched == [Touched("llm_requests", "provider_module", 2), Touched("system_config", "config_key", 2)]
    assert guide.column("provider_module", "llm_requests") == [
        "llm_gateway",
        "openai",
        None,
        "llm_gateway",
        "PortKey",
        "portkeys",
    ]
    assert guide.column("config_key", "system_config") == [
        "llm.llm_gateway.timeout",
        "Portkey",
        "llm_gateway/llm_gateway",
        "other",
    ]
    assert restore(guide.url) == [
        Restored("llm_requests", "provider_module", 2, 0),
        Restored("system_config", "config_key", 2, 0),
    ]
    assert guide.dump() == before


def test_a_second_run_touches_no_row_and_leaves_no_trace(guide: File) -> None:
    apply(guide.url, [PROVIDER, CONFIG], "r1")
    once = guide.dump()
    assert [each.rows for each in apply(guide.url, [PROVIDER, CONFIG], "r2")] == [0, 0]
    assert guide.dump() == once


def test_rows_edited_or_removed_since_are_left_and_counted(guide: File) -> None:
    apply(guide.url, [PROVIDER, CONFIG], "r1")
    guide.script("""
        UPDATE llm_requests SET provider_module = 'mine' WHERE id = 1;
        INSERT INTO llm_requests VALUES (7, 'llm_gateway');
        DELETE FROM system_config WHERE id = 3;
    """)
    assert restore(guide.url) == [
        Restored("llm_requests", "provider_module", 1, 1),
        Restored("system_config", "config_key", 1, 1),
    ]
    assert guide.column("provider_module", "llm_requests") == [
        "mine",
        "openai",
        None,
        "portkey",
        "PortKey",
        "portkeys",
        "llm_gateway",
    ]
    assert guide.column("config_key", "system_config") == ["llm.portkey.timeout", "Portkey", "other"]


def test_runs_are_undone_last_first_or_by_name(guide: File) -> None:
    before = guide.dump()
    apply(guide.url, [PROVIDER], "z-first")
    between = guide.dump()
    apply(guide.url, [Column("llm_requests", "provider_module", "equals", "llm_gateway", "gw")], "a-second")
    restore(guide.url)
    assert guide.dump() == between
    restore(guide.url, "z-first")
    assert guide.dump() == before


def test_a_chain_of_renames_on_one_column_comes_back(guide: File) -> None:
    before = guide.dump()
    second = Column("llm_requests", "provider_module", "contains", "gateway", "gw")
    assert [each.rows for each in apply(guide.url, [PROVIDER, second], "r1")] == [2, 2]
    assert guide.column("provider_module", "llm_requests")[0] == "llm_gw"
    restore(guide.url)
    assert guide.dump() == before


def test_a_new_name_that_holds_the_old_one_is_not_doubled(empty: File) -> None:
    empty.script("""
        CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT);
        INSERT INTO t VALUES (1, 'llm'), (2, 'llm_gateway'), (3, 'llm.llm_gateway.llm'), (4, 'x');
    """)
    before = empty.dump()
    wanted = Column("t", "c", "contains", "llm", "llm_gateway")
    assert apply(empty.url, [wanted], "r1") == [Touched("t", "c", 2)]
    assert empty.column("c", "t") == ["llm_gateway", "llm_gateway", "llm_gateway.llm_gateway.llm_gateway", "x"]
    assert apply(empty.url, [wanted], "r2") == [Touched("t", "c", 0)]
    restore(empty.url)
    assert empty.dump() == before


@pytest.mark.parametrize("old", ["a_c", "100%", "a\\c", "[abc]", "a*c", "'", '"', "--", "; DROP TABLE t; --"])
def test_characters_with_a_meaning_are_literals(empty: File, old: str) -> None:
    empty.script("CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT);")
    decoys = ["abc", "axc", "1000", "a\\\\c", "b", "", old.upper() if old.upper() != old else "B"]
    with closing(sqlite3.connect(empty.path)) as connection, connection:
        connection.executemany("INSERT INTO t (c) VALUES (?)", [(f"<{old}>",), *((each,) for each in decoys)])
    hit = [n for n, each in enumerate(decoys) if old in each]
    assert apply(empty.url, [Column("t", "c", "contains", old, "new")], "r1") == [Touched("t", "c", 1 + len(hit))]
    assert empty.column("c", "t")[0] == "<new>"
    assert empty.column("c", "t")[1:] == [each.replace(old, "new") for each in decoys]


HOSTILE = ['we"ird', "order", "Ünï ✓", "UPPER", "a'b", "a`b", "a;b--c", "a]b", "with.dot", "new\nline"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_quoted(empty: File, name: str) -> None:
    table, key = quoted(name), quoted(f"key {name}")
    empty.script(f"CREATE TABLE {table} ({table} TEXT, {key} INTEGER)")
    empty.script(f"INSERT INTO {table} VALUES ('portkey', 1), ('x', 2)")
    before = empty.dump()
    wanted = Column(join_name((name,)), name, "equals", "portkey", "llm_gateway", key=(f"key {name}",))
    assert apply(empty.url, [wanted], "r1") == [Touched(wanted.table, name, 1)]
    assert empty.column(table, table) == ["llm_gateway", "x"]
    restore(empty.url)
    assert empty.dump() == before
    both = script([wanted], "sqlite", "r2")
    empty.script(both.forward)
    assert empty.column(table, table) == ["llm_gateway", "x"]
    empty.script(both.inverse)
    assert empty.dump() == before


def test_a_composite_key_that_is_renamed_itself_comes_back(empty: File) -> None:
    empty.script("""
        CREATE TABLE setting (tenant TEXT, name TEXT, v TEXT, PRIMARY KEY (tenant, name)) WITHOUT ROWID;
        INSERT INTO setting VALUES ('a', 'portkey.url', '1'), ('b', 'portkey.url', 'portkey'), ('b', 'x', 'portkey');
    """)
    before = empty.dump()
    name = Column("setting", "name", "contains", "portkey", "llm_gateway", key=("ignored",))
    value = Column("setting", "v", "equals", "portkey", "llm_gateway", key=("ignored",))
    assert [each.rows for each in apply(empty.url, [name, value], "r1")] == [2, 2]
    assert [each.edited for each in restore(empty.url)] == [0, 0]
    assert empty.dump() == before


def test_a_table_without_a_key_uses_the_rowid(empty: File) -> None:
    empty.script("CREATE TABLE t (c TEXT, \"RowID\" TEXT); INSERT INTO t VALUES ('portkey', 1), ('llm_gateway', 1)")
    before = empty.dump()
    assert apply(empty.url, [Column("main.t", "c", "equals", "portkey", "llm_gateway")], "r1")[0].rows == 1
    assert restore(empty.url) == [Restored("main.t", "c", 1, 0)]
    assert empty.dump() == before


def test_case_folding_columns_and_values_that_are_not_text_are_exact(empty: File) -> None:
    empty.script("""
        CREATE TABLE t (id INTEGER PRIMARY KEY, c TEXT COLLATE NOCASE, d);
        INSERT INTO t VALUES (1, 'PORTKEY', x'706f72746b6579'), (2, 'portkey', 5), (3, 'portkey ', 'portkey5');
    """)
    before = empty.dump()
    wanted = [
        Column("t", "c", "equals", "portkey", "llm_gateway"),
        Column("t", "d", "contains", "portkey", "llm_gateway"),
        Column("t", "d", "contains", "5", "6"),
    ]
    assert [each.rows for each in apply(empty.url, wanted, "r1")] == [1, 1, 1]
    assert empty.column("c", "t") == ["PORTKEY", "llm_gateway", "portkey "]
    assert empty.column("d", "t") == [b"portkey", 5, "llm_gateway6"]
    restore(empty.url)
    assert empty.dump() == before


# Scripts


def run_script(path: Path, text: str) -> str:
    shell = subprocess.run(["sqlite3", "-bail", path], input=text, text=True, capture_output=True, check=True)
    return shell.stdout


def test_the_sqlite_script_runs_twice_and_back_in_the_shell(guide: File) -> None:
    if subprocess.run(["sh", "-c", "command -v sqlite3"], capture_output=True, check=False).returncode:
        pytest.skip("no sqlite3 shell; install the Debian package sqlite3")
    before = guide.dump()
    both = script([PROVIDER, CONFIG], "sqlite", "r1")
    counted = "llm_requests.provider_module|{0}\nsystem_config.config_key|{0}\n"
    assert run_script(guide.path, both.forward) == counted.format(2) + counted.format(0)
    once = guide.dump()
    assert run_script(guide.path, both.forward) == counted.format(0) + counted.format(0)
    assert guide.dump() == once
    guide.script("UPDATE llm_requests SET provider_module = 'mine' WHERE id = 4")
    assert run_script(guide.path, both.inverse) == "system_config.config_key|0\nllm_requests.provider_module|1\n"
    guide.script("UPDATE llm_requests SET provider_module = 'portkey' WHERE id = 4")
    assert guide.dump() == before


def test_a_script_is_the_same_every_time() -> None:
    assert script([PROVIDER, CONFIG], "postgres", "r1") == script([PROVIDER, CONFIG], "postgres", "r1")


@pytest.mark.parametrize("dialect", ["mysql", "postgres", "sqlite"])
def test_no_value_leaves_the_header_comment(dialect: str) -> None:
    wanted = Column("t\nDROP", "c", "equals", "a\n; DROP TABLE t;\r--", "b\u2028*/")
    for text in script([wanted], dialect, "r1").forward, script([wanted], dialect, "r1").inverse:
        header, body = text.split("\n\n", 1)
        assert all(line.startswith("-- ") for line in re.split(r"\r|\n", header))
        assert "t" not in {each.name for drop in parsed(body, dialect) for each in dropped(drop)}


def parsed(text: str, dialect: str) -> list[exp.Expr]:
    return [each for each in sqlglot.parse(text, dialect=dialect) if each is not None]


def dropped(statement: exp.Expr) -> Iterator[exp.Table]:
    return statement.find_all(exp.Table) if isinstance(statement, exp.Drop) else iter(())


def kinds(text: str, dialect: str) -> list[str]:
    return [type(each).__name__ for each in parsed(text, dialect)]


def test_mysql_makes_its_backup_tables_before_the_transaction_and_says_so() -> None:
    both = script([PROVIDER, CONFIG], "mysql", "r1")
    assert "CREATE TABLE commits at once" in both.forward
    renames = ["Select", "Insert", "Update"]
    settings = ["Set", "Set"]
    begin = ["Set", "Transaction"]
    assert kinds(both.forward, "mysql") == [
        *settings, "Create", "Create", *begin, *renames, *renames, "Select", "Select", "Commit",
    ]  # fmt: skip
    undo = ["Select", "Update"]
    assert kinds(both.inverse, "mysql") == [*settings, *begin, *undo, *undo, "Commit", "Drop", "Drop"]


def test_mysql_restores_by_a_join() -> None:
    statements = parsed(script([PROVIDER], "mysql", "r1").inverse, "mysql")
    update = next(each for each in statements if isinstance(each, exp.Update))
    assert [join.alias_or_name for join in update.this.args["joins"]] == ["b"]
    assert "FROM" not in update.sql("mysql")
    assert update.expressions[0].sql("mysql") == "t.`provider_module` = `b`.`old_value`"


def test_mysql_compares_bytes_and_creates_empty_backups() -> None:
    statements = parsed(script([CONFIG], "mysql", "r1").forward, "mysql")
    for changing in (each for each in statements if isinstance(each, exp.Insert | exp.Update)):
        where = changing.find(exp.Where)
        assert where is not None
        binary = [each for each in where.find_all(exp.Cast) if each.to == exp.DataType.build("binary", dialect="mysql")]
        assert len(binary) == 1
    created = next(each for each in statements if isinstance(each, exp.Create))
    assert created.args["exists"] and created.find(exp.Where).this == exp.false()  # type: ignore[union-attr]


@given(old=st.text(min_size=1).filter(lambda text: "\0" not in text), name=st.text(min_size=1))
@pytest.mark.parametrize("dialect", ["mysql", "postgres", "sqlite"])
def test_every_literal_and_name_reads_back(dialect: str, old: str, name: str) -> None:
    if "\0" in name:
        return
    wanted = Column(join_name((name,)), name, "equals", old, old + "x")
    statements = parsed(script([wanted], dialect, "r1").forward, dialect)
    update = next(each for each in statements if isinstance(each, exp.Update))
    literals = {each.this for each in update.find_all(exp.Literal) if each.is_string}
    assert literals | {"text"} == {old, old + "x", "text"}
    assert update.expressions[0].expression.this == old + "x"
    assert update.this.name == name
    assert update.expressions[0].this.name == name


@given(parts=st.lists(st.text(min_size=1), min_size=1, max_size=2).map(tuple))
def test_a_joined_name_is_split_into_its_parts(parts: tuple[str, ...]) -> None:
    assert split_name(join_name(parts)) == parts


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
few = st.text("aAb'%_\\\n", min_size=1, max_size=3)


@given(
    values=st.lists(st.one_of(st.none(), text, few, st.integers(-9, 9), st.binary(max_size=3)), max_size=6),
    match=st.sampled_from(["equals", "contains"]),
    old=st.one_of(text.filter(bool), few),
    new=st.one_of(text, few),
)
def test_forward_then_inverse_is_identity(values: list[object], match: Match, old: str, new: str) -> None:
    if old == new:
        return
    both = script([Column("t", "c", match, old, new)], "sqlite", "r1")
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, c)")
        connection.executemany("INSERT INTO t (c) VALUES (?)", [(value,) for value in values])

        def stored() -> Iterator[object]:
            return (row[0] for row in connection.execute("SELECT c FROM t ORDER BY id"))

        connection.executescript(both.forward)
        assert list(stored()) == [renamed(value, match, old, new) for value in values]
        connection.executescript(both.inverse)
        assert list(stored()) == values
        assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["t"]


def renamed(value: object, match: Match, old: str, new: str) -> object:
    if not isinstance(value, str):
        return value
    if match == "equals":
        return new if value == old else value
    return (value.replace(new, old) if old in new else value).replace(old, new)


# Discovery


def test_discovery_proposes_equals_for_bare_values_and_contains_for_the_rest(guide: File) -> None:
    assert discover(guide.url, ["portkey", "absent", ""]) == [
        Proposal("llm_requests", "provider_module", "contains", "portkey", 3, "portkey", ""),
        Proposal("system_config", "config_key", "contains", "portkey", 2, "llm.portkey.timeout", ""),
    ]
    guide.script("DELETE FROM llm_requests WHERE id = 6")
    assert discover(guide.url, ["portkey"])[0] == Proposal(
        "llm_requests", "provider_module", "equals", "portkey", 2, "portkey", ""
    )


def test_discovery_finds_nothing_after_a_run(guide: File) -> None:
    wanted = [Column(each.table, each.column, each.match, each.old, "gw") for each in discover(guide.url, ["portkey"])]
    apply(guide.url, wanted, "r1")
    assert discover(guide.url, ["portkey"]) == []


def test_discovery_says_what_it_did_not_read_and_what_is_json(empty: File) -> None:
    empty.script("""
        CREATE TABLE "a.b" (j JSON, n INTEGER, b BLOB);
        INSERT INTO "a.b" VALUES ('{"via": "portkey"}', 1, x'706f72746b6579'), ('{}', 2, 0), ('{"portkey": 1}', 3, 0);
    """)
    assert discover(empty.url, ["portkey"], scan_rows=2) == [
        Proposal(
            '"a.b"', "j", "contains", "portkey", 1, '{"via": "portkey"}',
            "JSON, read as text: rewrite it by hand; only 2 rows were read",
        )
    ]  # fmt: skip
    assert discover(empty.url, ["portkey"], scan_rows=3)[0].rows == 2


@pytest.mark.parametrize(
    "secret",
    [
        "sk-abcdef123456",
        "pk-live-0123456789abcdef",
        "AKIAABCDEFGH12345678",
        "ghp_abcdefghijklmnop",
        "Zm9vYmFyMTIzNDU2Nzg5MGFiY2Rl",
        "eyJhbGciOi.eyJzdWIiOiIx.SflKxwRJ",
    ],
)
def test_discovery_masks_what_looks_like_a_key(empty: File, secret: str) -> None:
    empty.script("CREATE TABLE t (note TEXT)")
    empty.script(f"INSERT INTO t VALUES ('portkey key={secret} ok')")
    (found,) = discover(empty.url, ["portkey"])
    assert secret not in found.sample
    assert "***" in found.sample and "portkey" in found.sample and found.sample.endswith("ok")


def test_discovery_masks_credentials_in_urls_and_secret_columns(empty: File) -> None:
    empty.script("""
        CREATE TABLE t (url TEXT, api_key TEXT);
        INSERT INTO t VALUES ('https://me:hunter2@portkey.ai/v1', 'portkey-hunter2');
    """)
    assert [found.sample for found in discover(empty.url, ["portkey"])] == ["***portkey***", "https://***portkey.ai/v1"]


def test_discovery_cuts_long_values_around_the_name(empty: File) -> None:
    empty.script(f"CREATE TABLE t (c TEXT); INSERT INTO t VALUES ('{'word ' * 50}portkey{' word' * 50}')")
    (found,) = discover(empty.url, ["portkey"])
    assert found.sample.startswith("…") and found.sample.endswith("…") and "portkey" in found.sample
    assert len(found.sample) == 62
