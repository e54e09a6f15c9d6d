"""Renaming stored values in a real PostgreSQL."""

from __future__ import annotations

import subprocess

import psycopg
import pytest
from postgres import Postgres, Server, postgres, server  # noqa: F401  (fixtures)

from migrator.database import Column, Proposal, Restored, Touched, apply, discover, restore, script
from migrator.database.dialects import join_name
from migrator.errors import MigrateError

PROVIDER = Column("app.llm_requests", "provider_module", "equals", "portkey", "llm_gateway")
CONFIG = Column("system_config", "config_key", "contains", "portkey", "llm_gateway")
GUIDE = """
CREATE SCHEMA app;
CREATE TABLE app.llm_requests (id bigint PRIMARY KEY, provider_module varchar(20));
INSERT INTO app.llm_requests VALUES (1, 'portkey'), (2, 'openai'), (3, NULL), (4, 'portkey'), (5, 'PortKey');
CREATE TABLE system_config (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), config_key text UNIQUE);
INSERT INTO system_config (config_key) VALUES ('llm.portkey.timeout'), ('Portkey'), ('portkey/portkey'), ('other');
"""
STORED = """
SELECT id::text, provider_module FROM app.llm_requests
UNION ALL SELECT id::text, config_key FROM system_config ORDER BY 1
"""
OURS = "SELECT relname FROM pg_class WHERE relname LIKE 'migrate%'"


@pytest.fixture
def guide(postgres: Postgres) -> Postgres:  # noqa: F811
    postgres.script(GUIDE)
    return postgres


# Refusals


def test_everything_missing_is_named_before_anything_changes(guide: Postgres) -> None:
    guide.script("CREATE TABLE keyless (v text)")
    wanted = [
        PROVIDER,
        Column("llm_requests", "provider_module", "equals", "a", "b"),
        Column("system_config", "CONFIG_KEY", "equals", "a", "b"),
        Column("keyless", "v", "equals", "a", "b"),
    ]
    before = guide.rows(STORED)
    with pytest.raises(MigrateError) as refused:
        apply(guide.url, wanted, "r1")
    for said in (
        "no table llm_requests",
        "no column CONFIG_KEY in system_config",
        "keyless has no primary key",
        "(id)",
    ):
        assert said in str(refused.value)
    assert (guide.rows(STORED), guide.rows(OURS)) == (before, [])


@pytest.mark.parametrize(
    ("schema", "wanted", "said"),
    [
        (
            "INSERT INTO system_config (config_key) VALUES ('llm.llm_gateway.timeout')",
            CONFIG,
            r"system_config\.config_key: .*unique constraint",
        ),
        (
            "ALTER TABLE app.llm_requests ALTER provider_module TYPE varchar(8)",
            PROVIDER,
            r"app\.llm_requests\.provider_module: .*too long",
        ),
        (
            "ALTER TABLE system_config DROP CONSTRAINT system_config_config_key_key,"
            " ALTER config_key TYPE jsonb USING jsonb_build_object('via', config_key)",
            CONFIG,
            r"system_config\.config_key: .*jsonb",
        ),
    ],
)
def test_what_the_database_refuses_rolls_back(guide: Postgres, schema: str, wanted: Column, said: str) -> None:
    guide.script(schema)
    before = guide.rows("SELECT * FROM app.llm_requests"), guide.rows("SELECT * FROM system_config")
    other = CONFIG if wanted is PROVIDER else PROVIDER
    with pytest.raises(MigrateError, match=rf"{said}.*nothing was changed"):
        apply(guide.url, [other, wanted], "r1")
    assert (guide.rows("SELECT * FROM app.llm_requests"), guide.rows("SELECT * FROM system_config")) == before
    assert guide.rows(OURS) == []


def test_a_refusal_shows_no_stored_value(guide: Postgres) -> None:
    guide.script("INSERT INTO system_config (config_key) VALUES ('hunter2-portkey'), ('hunter2-llm_gateway')")
    with pytest.raises(MigrateError) as refused:
        apply(guide.url, [CONFIG], "r1")
    assert "hunter2" not in str(refused.value)


def test_a_declared_key_that_does_not_identify_a_row_is_refused(guide: Postgres) -> None:
    guide.script("CREATE TABLE t (name text, v text); INSERT INTO t VALUES ('x', 'portkey'), ('x', 'llm_gateway')")
    with pytest.raises(MigrateError, match=r"key \(name\) does not identify each row"):
        apply(guide.url, [Column("t", "v", "equals", "portkey", "llm_gateway", key=("name",))], "r1")
    assert guide.rows(OURS) == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@127.0.0.1:1/db",
        "postgresql+asyncpg://me:hunter2@127.0.0.1:1/db",
        "postgresql://me:hun/ter2@127.0.0.1:1/db",
        "postgresql://me:hun@ter2@127.0.0.1:1/db",
        "postgresql://me:hunter2@[::1/db",
        "postgresql://127.0.0.1:hunter2",
        "postgresql://me:hunter2@127.0.0.1:hunter2/db",
        "postgresql://127.0.0.1:1/db?password=hunter2&hunter2=1",
    ],
)
def test_no_message_holds_the_password(url: str) -> None:
    for call in (lambda: apply(url, [PROVIDER], "r1"), lambda: restore(url), lambda: discover(url, ["portkey"])):
        with pytest.raises(MigrateError) as refused:
            call()
        assert not any(part in str(refused.value) for part in ("hunter2", "ter2", "hun/"))


def test_a_server_that_quotes_the_password_is_not_repeated(server: Server) -> None:  # noqa: F811
    url = server.url("postgres").replace("migrate@", "hunt%20er:hunt%20er@")
    with pytest.raises(MigrateError, match=r'role "\*\*\*" does not exist'):
        restore(url)


def test_restoring_twice_says_there_is_nothing(guide: Postgres) -> None:
    apply(guide.url, [PROVIDER], "r1")
    restore(guide.url)
    with pytest.raises(MigrateError, match="nothing to restore"):
        restore(guide.url)


# Applied


def test_the_guide(guide: Postgres) -> None:
    before = guide.rows(STORED)
    touched = apply(guide.url, [PROVIDER, CONFIG], "r1")
    assert touched == [Touched("app.llm_requests", "provider_module", 2), Touched("system_config", "config_key", 2)]
    assert [row[0] for row in guide.rows('SELECT config_key FROM system_config ORDER BY config_key COLLATE "C"')] == [
        "Portkey",
        "llm.llm_gateway.timeout",
        "llm_gateway/llm_gateway",
        "other",
    ]
    assert [each.rows for each in apply(guide.url, [PROVIDER, CONFIG], "r2")] == [0, 0]
    assert restore(guide.url) == [
        Restored("app.llm_requests", "provider_module", 2, 0),
        Restored("system_config", "config_key", 2, 0),
    ]
    assert (guide.rows(STORED), guide.rows(OURS)) == (before, [])


def test_rows_edited_since_are_left_and_counted(guide: Postgres) -> None:
    apply(guide.url, [PROVIDER], "r1")
    guide.script("UPDATE app.llm_requests SET provider_module = 'mine' WHERE id = 4")
    assert restore(guide.url) == [Restored("app.llm_requests", "provider_module", 1, 1)]
    assert guide.rows("SELECT provider_module FROM app.llm_requests WHERE id IN (1, 4) ORDER BY id") == [
        ("portkey",),
        ("mine",),
    ]


def test_every_kind_of_text_is_compared_byte_for_byte(guide: Postgres) -> None:
    guide.script("""
        CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TYPE layer AS ENUM ('portkey', 'llm_gateway');
        CREATE TABLE t
            (id int PRIMARY KEY, folded text COLLATE folding, padded char(20), label layer, named varchar(90));
        INSERT INTO t VALUES
            (1, 'portkey', 'portkey', 'portkey', 'a_portkey%'),
            (2, 'PORTKEY', 'Portkey', NULL, 'aXportkey'),
            (3, 'PortKey.x', 'x portkey ', 'llm_gateway', 'a\\_portkey%');
    """)
    before = guide.rows("SELECT * FROM t ORDER BY id")
    wanted = [
        Column("t", "folded", "equals", "portkey", "llm_gateway"),
        Column("t", "folded", "contains", "Key.", "."),
        Column("t", "padded", "contains", "portkey", "gw"),
        Column("t", "label", "equals", "portkey", "llm_gateway"),
        Column("t", "named", "contains", "a_portkey%", "100%_"),
    ]
    assert [each.rows for each in apply(guide.url, wanted, "r1")] == [1, 1, 2, 1, 1]
    assert guide.rows("SELECT folded, rtrim(padded), label::text, named FROM t ORDER BY id") == [
        ("llm_gateway", "gw", "llm_gateway", "100%_"),
        ("PORTKEY", "Portkey", None, "aXportkey"),
        ("Port.x", "x gw", "llm_gateway", "a\\_portkey%"),
    ]
    assert [each.edited for each in restore(guide.url)] == [0, 0, 0, 0, 0]
    assert guide.rows("SELECT * FROM t ORDER BY id") == before


@pytest.mark.parametrize("name", ['we"ird', "order", "Ünï ✓", "UPPER", "a'b", "a;b--c", "with.dot", "%s", "new\nline"])
def test_hostile_names_and_values(postgres: Postgres, name: str) -> None:  # noqa: F811
    quoted = '"' + name.replace('"', '""') + '"'
    value = name.replace("'", "''")
    postgres.script(f"""
        CREATE SCHEMA {quoted};
        CREATE TABLE {quoted}.{quoted} (a int, {quoted} text, PRIMARY KEY ({quoted}, a));
        INSERT INTO {quoted}.{quoted} VALUES (1, '<{value}>'), (2, '<{value}>'), (3, 'x\\');
    """)
    stored = f"SELECT a, {quoted} FROM {quoted}.{quoted} ORDER BY a"
    before = postgres.rows(stored)
    wanted = Column(join_name((name, name)), name, "contains", name, f"{name}\\'")
    assert apply(postgres.url, [wanted], "r1") == [Touched(wanted.table, name, 2)]
    assert postgres.rows(stored) == [(1, f"<{name}\\'>"), (2, f"<{name}\\'>"), (3, "x\\")]
    assert apply(postgres.url, [wanted], "r2")[0].rows == 0
    assert restore(postgres.url) == [Restored(wanted.table, name, 2, 0)]
    assert postgres.rows(stored) == before


def test_a_row_written_by_another_session_meanwhile_is_not_lost(guide: Postgres) -> None:
    forward = script([PROVIDER], "postgres", "r1").forward
    head, tail = forward.split("UPDATE", 1)
    with psycopg.connect(guide.url, autocommit=True) as session:
        session.execute(head.encode())
        guide.script("INSERT INTO app.llm_requests VALUES (9, 'portkey')")
        session.execute(f"UPDATE{tail}".encode())
    assert guide.rows("SELECT provider_module FROM app.llm_requests WHERE id IN (1, 9) ORDER BY id") == [
        ("llm_gateway",),
        ("portkey",),
    ]


def test_the_script_runs_twice_and_back(guide: Postgres) -> None:
    before = guide.rows(STORED)
    both = script(
        [PROVIDER, Column("app.llm_requests", "provider_module", "contains", "gateway", "gw")], "postgres", "r1"
    )
    guide.script(both.forward)
    once = guide.rows(STORED)
    assert once != before
    guide.script(both.forward)
    assert guide.rows(STORED) == once
    guide.script(both.inverse)
    assert (guide.rows(STORED), guide.rows(OURS)) == (before, [])


def test_psql_runs_the_script_and_prints_the_counts(guide: Postgres) -> None:
    told = subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", guide.url],
        input=script([PROVIDER], "postgres", "r1").forward,
        text=True,
        capture_output=True,
        check=True,
    )
    assert told.stdout == "app.llm_requests.provider_module|2\napp.llm_requests.provider_module|0\n"


# Discovery


def test_discovery(guide: Postgres) -> None:
    guide.script("""
        CREATE TYPE layer AS ENUM ('portkey', 'llm_gateway');
        CREATE TABLE app."Mixed.Case" (id int, doc jsonb, kind layer, n int, raw bytea);
        INSERT INTO app."Mixed.Case" VALUES (1, '{"via": "portkey"}', 'portkey', 1, 'portkey');
        CREATE VIEW seen AS SELECT * FROM system_config;
    """)
    apply(guide.url, [Column("system_config", "config_key", "equals", "other", "portkey!")], "r1")
    assert discover(guide.url, ["portkey"]) == [
        Proposal(
            'app."Mixed.Case"', "doc", "contains", "portkey", 1, '{"via": "portkey"}',
            "JSON, read as text: rewrite it by hand",
        ),
        Proposal(
            'app."Mixed.Case"', "kind", "equals", "portkey", 1, "portkey",
            "an enum: add the new label to the type first",
        ),
        Proposal("app.llm_requests", "provider_module", "equals", "portkey", 2, "portkey", ""),
        Proposal("system_config", "config_key", "contains", "portkey", 3, "llm.portkey.timeout", ""),
    ]  # fmt: skip


def test_discovery_says_when_it_read_a_part(guide: Postgres) -> None:
    guide.script("CREATE TABLE big AS SELECT 'portkey' AS c FROM generate_series(1, 50)")
    (found,) = [each for each in discover(guide.url, ["portkey"], scan_rows=20) if each.table == "big"]
    assert (found.rows, found.note) == (20, "only 20 rows were read")
