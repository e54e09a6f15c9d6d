"""`migrate sql` on real SQLite files: scripts, direct renames, their undo, and settings that make no sense."""

from __future__ import annotations

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from projects import HOUSE, contents, run, tree, write

SCHEMA = (HOUSE / "fixtures/agentcore_app/before/migrations/0001_schema.sql").read_text()
SEED = (HOUSE / "fixtures/agentcore_app/before/migrations/0002_seed.sql").read_text()
OWN = """
[[tool.migrate.sql]]
table = "notes"
column = "body"
match = "contains"
old = "portkey"
new = "llm_gateway"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with the database of the sample application, its seed read in."""
    root = write(tmp_path / "project", {"pyproject.toml": "[project]\nname = 'desk'\n"})
    execute(root, SCHEMA + SEED)
    return root


def execute(root: Path, script: str) -> None:
    with closing(sqlite3.connect(root / "app.db")) as database:
        database.executescript(script)


def rows(root: Path) -> list[str]:
    """Everything the database holds, as statements."""
    with closing(sqlite3.connect(root / "app.db")) as database:
        return list(database.iterdump())


def old_values(root: Path) -> int:
    return sum("portkey" in line for line in rows(root) if line.startswith("INSERT"))


# ------------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('table = "a"', "pyproject.toml: [[tool.migrate.sql]] number 1: key `column` is missing"),
        (OWN.partition("\n")[2].partition("\n")[2] + 'colour = "red"', "number 1: unknown key `colour`"),
        ('table = 1\ncolumn = "a"\nmatch = "equals"\nold = "a"\nnew = "b"', "number 1: every value must be text"),
        (
            'table = "a"\ncolumn = "b"\nmatch = "like"\nold = "a"\nnew = "b"',
            "match is 'like'; write equals or contains",
        ),
        (
            'table = "a"\ncolumn = "b"\nmatch = "equals"\nold = "a"\nnew = "a"',
            "old must be a text that differs from new",
        ),
        ('table = "a"\ncolumn = "b"\nmatch = "equals"\nold = "a"\nnew = "b"\nkey = "id"', "`key` a list of text"),
        (
            'table = "a"\ncolumn = "b"\nmatch = "equals"\nold = "a"\nnew = "b"\nkey = []',
            "column and key must name columns",
        ),
        ('table = "a..b"\ncolumn = "b"\nmatch = "equals"\nold = "a"\nnew = "b"', "a..b"),
    ],
)
def test_a_wrong_entry_is_named(root: Path, entry: str, said: str) -> None:
    write(root, {"pyproject.toml": f"[[tool.migrate.sql]]\n{entry}\n"})
    for action in ([], ["--apply", "sqlite:///app.db"], ["--output", "sql"]):
        ended = run("sql", *action, cwd=root)
        assert ended.returncode == 2
        assert len(ended.stderr.splitlines()) == 1
        assert said in ended.stderr
    assert not (root / "sql").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dialect", "oracle"], "oracle"),
        (["--apply", "sqlite:///none.db"], "none.db"),
        (["--apply", "oracle://u:hunter2@h/d"], "only sqlite:///path and postgresql://"),
        (["--apply", "app.db"], "sqlite:///"),
        (["--discover", "sqlite:///none.db"], "none.db"),
        (["--restore", "sqlite:///app.db"], "no run"),
        (["--from", "cobol"], "no pack goes from cobol"),
        (["--output", "pyproject.toml/sql"], "cannot be written"),
    ],
)
def test_a_fault_is_one_line_and_changes_nothing(root: Path, arguments: list[str], said: str) -> None:
    before, held = tree(root), rows(root)
    ended = run("sql", *arguments, cwd=root)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("migrate: ")
    assert said in ended.stderr
    assert "hunter2" not in ended.stderr
    assert tree(root).keys() == before.keys()
    assert rows(root) == held


def test_a_missing_table_leaves_the_others_as_they_are(root: Path) -> None:
    write(root, {"pyproject.toml": OWN})
    held = rows(root)
    ended = run("sql", "--apply", "sqlite:///app.db", cwd=root)
    assert ended.returncode == 2
    assert "notes" in ended.stderr
    assert rows(root) == held


# -------------------------------------------------------------------------------------------------------------- scripts


def test_the_printed_script_runs_and_so_does_its_undo(root: Path) -> None:
    held = rows(root)
    assert old_values(root) > 0
    printed = run("sql", "--dialect", "sqlite", cwd=root).stdout
    assert rows(root) == held
    execute(root, printed)
    assert old_values(root) == len([line for line in rows(root) if "migrate_backup_" in line and "INSERT" in line])
    marker = "-- To undo it (--output DIR writes this to a file):\n"
    undo = "".join(
        line.removeprefix("-- ").removeprefix("--") + "\n" for line in printed.partition(marker)[2].splitlines()
    )
    execute(root, undo.partition("\n\n")[2])
    assert rows(root) == held


def test_the_scripts_in_files_are_a_pair(root: Path) -> None:
    held = rows(root)
    ended = run("sql", "--dialect", "sqlite", "--output", "sql", cwd=root)
    assert ended.stdout == "sql/forward.sql\nsql/inverse.sql\n"
    execute(root, (root / "sql/forward.sql").read_text())
    renamed = rows(root)
    execute(root, (root / "sql/forward.sql").read_text())
    assert rows(root) == renamed
    execute(root, (root / "sql/inverse.sql").read_text())
    assert rows(root) == held


def test_the_settings_add_to_what_the_packs_name(root: Path) -> None:
    write(root, {"pyproject.toml": OWN})
    script = run("sql", "--dialect", "sqlite", cwd=root).stdout
    for column in ('"llm_requests.provider_module"', '"system_config.config_key"', '"notes.body"'):
        assert column in script


def test_a_setting_replaces_the_pack_s_word_on_the_same_column(root: Path) -> None:
    own = OWN.replace("notes", "system_config").replace("body", "config_key").replace("llm_gateway", "gateway")
    write(root, {"pyproject.toml": own})
    run("sql", "--apply", "sqlite:///app.db", cwd=root)
    assert not any("llm_gateway" in line for line in rows(root) if '"system_config"' in line)
    assert any("gateway" in line for line in rows(root) if '"system_config"' in line)


# ------------------------------------------------------------------------------------------------------------- directly


def test_a_direct_rename_and_its_undo(root: Path) -> None:
    held = rows(root)
    applied = run("sql", "--apply", "sqlite:///app.db", cwd=root)
    assert applied.returncode == 0
    assert "llm_requests.provider_module: " in applied.stdout
    assert any("llm_gateway" in line for line in rows(root))
    undo = applied.stdout.splitlines()[-1].partition("to undo: migrate ")[2].split()
    assert undo[:3] == ["sql", "--restore", "sqlite:///app.db"]
    restored = run(*undo, cwd=root)
    assert restored.returncode == 0
    assert "rows restored" in restored.stdout
    assert rows(root) == held


def test_a_run_that_never_was_is_not_restored(root: Path) -> None:
    run("sql", "--apply", "sqlite:///app.db", cwd=root)
    renamed = rows(root)
    ended = run("sql", "--restore", "sqlite:///app.db", "--run", "20200101-000000-0000", cwd=root)
    assert ended.returncode == 2
    assert "20200101-000000-0000" in ended.stderr
    assert rows(root) == renamed


def test_a_second_rename_touches_no_row(root: Path) -> None:
    run("sql", "--apply", "sqlite:///app.db", cwd=root)
    again = run("sql", "--apply", "sqlite:///app.db", cwd=root)
    assert again.returncode == 0
    assert {line.partition(": ")[2] for line in again.stdout.splitlines()[:2]} == {"0 rows renamed"}


def test_rows_edited_since_are_left_and_counted(root: Path) -> None:
    run("sql", "--apply", "sqlite:///app.db", cwd=root)
    execute(
        root,
        "UPDATE llm_requests SET provider_module = 'mine' WHERE id = 1",
    )
    restored = run("sql", "--restore", "sqlite:///app.db", cwd=root)
    assert "1 left alone: edited or removed since" in restored.stdout
    assert sum("'mine'" in line for line in rows(root)) == 1


# ------------------------------------------------------------------------------------------------------------ discovery


def test_what_is_discovered_can_be_pasted_and_applied(root: Path) -> None:
    execute(
        root, "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO notes VALUES (1, 'ask \"portkey\"')"
    )
    held, files = rows(root), contents(root).keys()
    found = run("sql", "--discover", "sqlite:///app.db", cwd=root)
    assert found.returncode == 0
    assert rows(root) == held
    assert contents(root).keys() == files
    entries: list[dict[str, Any]] = tomllib.loads(found.stdout)["tool"]["migrate"]["sql"]
    assert {(e["table"], e["column"], e["old"], e["new"]) for e in entries} >= {
        ("notes", "body", "portkey", "llm_gateway"),
        ("llm_requests", "provider_module", "portkey", "llm_gateway"),
    }
    write(root, {"pyproject.toml": found.stdout})
    assert run("sql", "--apply", "sqlite:///app.db", cwd=root).returncode == 0
    assert any('ask "llm_gateway"' in line for line in rows(root))


def test_nothing_to_discover_is_said(root: Path) -> None:
    execute(root, "DELETE FROM llm_requests; DELETE FROM system_config;")
    for table in ("llm_requests", "system_config"):
        assert not any(f'"{table}" VALUES' in line for line in rows(root))
    ended = run("sql", "--discover", "sqlite:///app.db", cwd=root)
    assert (ended.returncode, ended.stdout) == (0, "no column holds an old name\n")
