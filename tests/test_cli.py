"""The command line as a person, a script or CI meets it: exit codes, one line for every fault, and every option."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from projects import BACKUP, MIGRATE, committed, contents, git, run, spawn, tree, write

USER = "from agentcore.integration.portkey import PortkeyClient\n\nclient = PortkeyClient()\n"
MIGRATED = USER.replace("integration.portkey", "llm_gateway").replace("PortkeyClient", "LLMGatewayClient")
CLEAN = "import os\n"
PACK = "agentcore-portkey-to-llm-gateway"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "project", {"app.py": USER, "clean.py": CLEAN})


def text(root: Path, path: str = "app.py") -> str:
    return (root / path).read_text(encoding="utf-8")


# -------------------------------------------------------------------------------------------------- faults of the user


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--path", "nowhere"], "nowhere: no such folder"),
        (["--path", "app.py"], "app.py: not a folder"),
        (["check", "--path", "nowhere"], "nowhere: no such folder"),
        (["check", "nowhere.py"], "nowhere.py: no such file"),
        (["check", "/"], "lies outside"),
        (["--rules", "no-such-pack"], f"no rule pack is called 'no-such-pack'; there are: {PACK}"),
        (["--from", "cobol"], "no pack goes from cobol to llm-gateway; there are: agentcore → llm-gateway"),
        (["--to", "cobol"], "no pack goes from anything to cobol"),
        (
            ["--mode", "cobol"],
            "no pack goes from anything to llm-gateway in mode cobol; there are: agentcore → llm-gateway",
        ),
        (["--include", "!"], "globs as .gitignore does"),
        (["--backup-dir", "..", "--yes"], "name another backup_dir"),
        (["--restore"], "so there is nothing to restore"),
        (["rules", "show", "no-such-pack"], "no rule pack is called"),
        (["rules", "new", "bad\n", "--from-module", "a", "--to-module", "b"], "lower-case words"),
        (["rules", "new", "bad", "--from-module", "a\n", "--to-module", "b"], "not a dotted module name"),
        (["rules", "new", "Bad Name", "--from-module", "a", "--to-module", "b"], "lower-case words"),
        (["check", "--baseline", "none.json"], "none.json: No such file or directory; write it with"),
        (["--report", "no/such/folder.json", "--dry-run"], "no/such/folder.json: cannot be written"),
    ],
)
def test_a_fault_of_the_user_is_one_line_and_exit_code_2(root: Path, arguments: list[str], said: str) -> None:
    before = tree(root)
    ended = run(*arguments, cwd=root)
    assert ended.returncode == 2
    line = [line for line in ended.stderr.splitlines() if not line.startswith("found ")]
    assert len(line) == 1
    assert line[0].startswith("migrate: ")
    assert said in line[0]
    assert tree(root) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--no-such-option"], "No such option"),
        (["no-such-command"], "No such command"),
        (["--format", "xml"], "'xml' is not one of"),
        (["--jobs", "0"], "0 is not in the range"),
        (["--run", "20261120-174501-3f2a"], "--run and --force go with --restore"),
        (["--force"], "--run and --force go with --restore"),
        (["--path", ".", "check"], "options go after `check`, not before it"),
        (["--quiet", "rules", "list"], "options go after `rules`, not before it"),
        (["check", "--update-baseline"], "--update-baseline needs --baseline FILE or the setting `baseline`"),
        (["check", "--dry-run"], "No such option"),
        (["--restore", "--dry-run"], "--dry-run does not go with --restore"),
        (["sql", "--apply", "sqlite:///a", "--restore", "sqlite:///a"], "exclude each other"),
        (["sql", "--run", "20261120-174501-3f2a"], "--run goes with --restore"),
    ],
)
def test_a_wrong_call_is_a_usage_error(root: Path, arguments: list[str], said: str) -> None:
    before = tree(root)
    ended = run(*arguments, cwd=root)
    assert ended.returncode == 2
    assert ended.stderr.startswith("Usage: migrate")
    assert said in ended.stderr
    assert ended.stdout == ""
    assert tree(root) == before


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("[tool.migrate\n", "pyproject.toml: not valid TOML"),
        ("[tool.migrate]\nspeed = 3\n", "pyproject.toml:2: [tool.migrate] speed: unknown key"),
        ('[tool.migrate]\ntext = "yes"\n', "pyproject.toml:2: [tool.migrate] text: must be true or false"),
        ('[tool.migrate]\npacks = ["nope"]\n', "no rule pack is called 'nope'"),
        (f"[tool.migrate.packs.{PACK}]\ncolour = 1\n", "colour"),
    ],
)
def test_a_broken_pyproject_is_told_with_its_place(root: Path, settings: str, said: str) -> None:
    write(root, {"pyproject.toml": settings})
    for command in ([], ["check"], ["--dry-run"]):
        ended = run(*command, cwd=root)
        assert ended.returncode == 2
        assert len(ended.stderr.splitlines()) == 1
        assert said in ended.stderr
    assert text(root) == USER


def test_a_file_that_does_not_parse_is_said_and_the_rest_is_migrated(root: Path) -> None:
    write(root, {"broken.py": "from agentcore.integration.portkey import (\n", "unrelated.py": "def (:\n"})
    ended = run(cwd=root)
    assert ended.returncode == 2
    assert "Could not be handled\nbroken.py: line 1: cannot be parsed: '(' was never closed" in ended.stdout
    assert "unrelated.py" not in ended.stdout
    assert text(root) == MIGRATED
    assert text(root, "broken.py") == "from agentcore.integration.portkey import (\n"
    checked = run("check", cwd=root)
    assert checked.returncode == 2
    assert run("check", "app.py", cwd=root).returncode == 0


def test_a_broken_file_is_a_fault_where_it_names_the_library_or_is_filled_in_first(root: Path) -> None:
    shared = "from litellm import completion\n\nprint(completion(model='gpt-4o', messages=[]))\n"
    write(root, {"app.py": shared, "broken.py": "from app import completion\ndef (:\n"})
    unharmed = run("--dry-run", cwd=root)
    assert unharmed.returncode == 0
    assert "broken.py" not in unharmed.stdout
    for start, text in ((1, "import litellm; def (:\n"), (2, "from app import completion\n{% if x %}\n")):
        write(root, {"broken.py": text})
        ended = run("--dry-run", cwd=root)
        assert ended.returncode == 2
        assert f"broken.py: line {start}: cannot be parsed" in ended.stdout


def test_check_says_both_what_it_found_and_what_it_could_not_read(root: Path) -> None:
    write(root, {"broken.py": "from agentcore.integration.portkey import (\n"})
    assert run("check", cwd=root).returncode == 1 | 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_said_and_the_rest_is_migrated(root: Path) -> None:
    write(root, {"secret.py": USER}).joinpath("secret.py").chmod(0)
    ended = run(cwd=root)
    assert ended.returncode == 2
    assert "secret.py: Permission denied" in ended.stdout
    assert text(root) == MIGRATED


def test_a_file_in_an_unknown_encoding_is_said_and_the_rest_is_migrated(root: Path) -> None:
    odd = b"# coding: no-such\nfrom agentcore.integration.portkey import PortkeyClient\n"
    write(
        root, {"odd.py": odd, "latin.py": b"name = '\xe9'\nfrom agentcore.integration.portkey import PortkeyClient\n"}
    )
    ended = run(cwd=root)
    assert ended.returncode == 2
    assert "odd.py: " in ended.stdout
    assert "latin.py: " in ended.stdout
    assert text(root) == MIGRATED
    assert (root / "odd.py").read_bytes() == odd


def test_a_generated_file_is_left_and_said(root: Path) -> None:
    generated = f"# Generated by protoc. DO NOT EDIT.\n{USER}"
    write(root, {"made.py": generated})
    ended = run(cwd=root)
    assert ended.returncode == 0
    assert "a program generates this file, change that" in ended.stdout
    assert "made.py:2:1" in ended.stdout
    assert text(root, "made.py") == generated


def test_links_are_neither_followed_nor_replaced(root: Path) -> None:
    outside = write(root.parent / "outside", {"other.py": USER})
    (root / "link.py").symlink_to(outside / "other.py")
    (root / "linked").symlink_to(outside)
    assert run(cwd=root).returncode == 0
    assert text(outside, "other.py") == USER
    assert (root / "link.py").is_symlink()


# ---------------------------------------------------------------------------------------------------------- exit codes


def test_exit_codes_are_bits(root: Path) -> None:
    assert run("--dry-run", cwd=root).returncode == 0
    assert run("check", cwd=root).returncode == 1
    assert run("check", "clean.py", cwd=root).returncode == 0
    assert run(cwd=root).returncode == 0
    assert run("check", cwd=root).returncode == 0
    assert run(cwd=root).returncode == 0


def test_an_empty_tree_is_fine(tmp_path: Path) -> None:
    assert run("check", cwd=tmp_path).returncode == 0
    ended = run(cwd=tmp_path)
    assert (ended.returncode, ended.stdout.splitlines()[-1]) == (0, "Nothing to write.")
    assert list(tmp_path.iterdir()) == []


def test_help_names_every_command_and_option_of_the_design() -> None:
    said = run("--help", cwd=Path("/")).stdout
    options = (
        "path from to rules include exclude text format report jobs no-progress quiet dry-run safe-only direct-only"
    )
    options += " allow-dirty backup backup-dir restore run force yes"
    for option in options.split():
        assert f"--{option}" in said
    for command in ("check", "rules", "sql"):
        assert f"\n  {command} " in said
        assert run(command, "--help", cwd=Path("/")).returncode == 0


# ----------------------------------------------------------------------------------------------------------------- git


def test_a_dirty_tree_is_refused_unless_allowed(root: Path) -> None:
    committed(root)
    write(root, {"clean.py": "import sys\n", "new.py": text(root), "unrelated.html": ""})
    before = tree(root)
    ended = run(cwd=root)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == (
        "migrate: uncommitted changes in clean.py, new.py: commit or stash them, or pass --allow-dirty"
    )
    assert tree(root) == before
    assert run("--dry-run", cwd=root).returncode == 0
    assert run("--allow-dirty", cwd=root).returncode == 0
    assert text(root) == MIGRATED
    assert text(root, "clean.py") == "import sys\n"


def test_a_clean_tree_is_migrated_and_only_that_is_dirty_afterwards(root: Path) -> None:
    committed(root)
    assert run(cwd=root).returncode == 0
    assert git(root, "status", "--porcelain") == " M app.py\n"
    assert run("--restore", cwd=root).returncode == 0
    assert git(root, "status", "--porcelain") == ""


def test_a_dirty_tree_without_anything_to_migrate_is_no_fault(root: Path) -> None:
    committed(write(root, {"app.py": CLEAN}))
    write(root, {"clean.py": "import sys\n"})
    assert run(cwd=root).returncode == 0


def test_what_git_ignores_is_left(root: Path) -> None:
    committed(write(root, {".gitignore": "vendor/\n", "vendor/theirs.py": USER}))
    assert run(cwd=root).returncode == 0
    assert text(root, "vendor/theirs.py") == USER


def test_what_a_gitignore_names_is_left_and_told_where_no_git_is(root: Path) -> None:
    write(root, {".gitignore": "vendor/\n", "vendor/theirs.py": USER, "app.py": CLEAN})
    done = run("--report", "report.json", cwd=root)
    assert done.returncode == 0
    assert text(root, "vendor/theirs.py") == USER
    sites = json.loads(text(root, "report.json"))["sites"]
    assert {(s["path"], s["status"]) for s in sites} == {("vendor/theirs.py", "ignored")}
    assert {s["new_line"] for s in sites} == {1, 3}
    assert run("check", cwd=root).returncode == 0


# ------------------------------------------------------------------------------------------------- backups and restore


def test_a_restore_is_for_the_last_run_and_done_once(root: Path) -> None:
    before = tree(root)
    run(cwd=root)
    undone = run("--restore", cwd=root)
    assert undone.returncode == 0
    assert undone.stdout.endswith(" undone: 1 file restored\n")
    assert tree(root) == before
    again = run("--restore", cwd=root)
    assert again.returncode == 2
    assert len(again.stderr.splitlines()) == 1
    assert tree(root) == before


def test_a_run_is_restored_by_its_name(root: Path) -> None:
    first = _run_id(run("--format", "json", cwd=root).stdout)
    after_first = tree(root)
    write(root, {"late.py": USER})
    second = _run_id(run("--format", "json", cwd=root).stdout)
    assert run("--restore", "--run", "20200101-000000-0000", cwd=root).returncode == 2
    assert run("--restore", "--run", second, cwd=root).returncode == 0
    assert tree(root) == {**after_first, "late.py": (0o644, USER.encode())}
    assert run("--restore", "--run", first, cwd=root).returncode == 0
    assert text(root) == USER


def test_an_edit_made_since_is_refused_unless_forced(root: Path) -> None:
    run(cwd=root)
    write(root, {"app.py": MIGRATED + "mine = 1\n"})
    ended = run("--restore", cwd=root)
    assert ended.returncode == 2
    assert ended.stderr.startswith("migrate: app.py: edited since")
    assert "--force" in ended.stderr
    assert text(root) == MIGRATED + "mine = 1\n"
    assert run("--restore", "--force", cwd=root).returncode == 0
    assert text(root) == USER


def test_backups_can_be_kept_elsewhere(root: Path) -> None:
    kept = root.parent / "kept"
    ended = run("--backup-dir", kept, cwd=root)
    assert ended.returncode == 0
    assert not (root / BACKUP).exists()
    assert f"migrate --restore --backup-dir {kept} --run" in ended.stdout
    assert run("--restore", cwd=root).returncode == 2
    assert run("--restore", "--backup-dir", kept, cwd=root).returncode == 0
    assert text(root) == USER


def test_the_command_that_undoes_is_printed_and_works(root: Path) -> None:
    elsewhere = root.parent
    ended = run("--path", "project", cwd=elsewhere)
    undo = next(line for line in ended.stdout.splitlines() if line.startswith("  undo"))
    words = undo.split()[2:]
    assert words[:3] == ["--restore", "--path", "project"]
    assert run(*words, cwd=elsewhere).returncode == 0
    assert text(root) == USER


def test_the_commands_a_dry_run_prints_do_what_it_showed(root: Path) -> None:
    shown = run("--dry-run", "--exclude", "clean.py", "--safe-only", "--rules", PACK, cwd=root).stdout
    apply = next(line for line in shown.splitlines() if line.startswith("  apply")).split()[2:]
    assert apply == ["--path", ".", "--rules", PACK, "--exclude", "clean.py", "--safe-only"]
    assert run(*apply, cwd=root).returncode == 0
    assert text(root) == MIGRATED


def test_a_run_killed_half_way_is_taken_back_by_the_next(root: Path) -> None:
    write(root, {f"more_{number}.py": USER for number in range(30)})
    before = tree(root)
    _killed_while_writing(root)
    assert tree(root) != before
    half_way = tree(root)
    ended = run("--dry-run", "--path", ".", cwd=root)
    assert ended.stderr.startswith("an interrupted run left some files changed; to take it back: migrate --restore\n")
    assert tree(root) == half_way
    ended = run("--path", ".", cwd=root)
    assert ended.returncode == 0
    assert "was taken back first" in ended.stderr
    assert set(contents(root).values()) == {MIGRATED.encode(), CLEAN.encode()}
    assert run("--restore", cwd=root).returncode == 0
    assert tree(root) == before


def test_a_run_killed_half_way_can_be_restored_at_once(root: Path) -> None:
    write(root, {f"more_{number}.py": USER for number in range(30)})
    before = tree(root)
    _killed_while_writing(root)
    assert run("--restore", cwd=root).returncode == 0
    assert tree(root) == before


def _killed_while_writing(root: Path) -> None:
    """Apply in a process that is killed with SIGKILL once ten files stand in their places."""
    program = """
import os, signal
from migrator.cli import main
real, calls = os.replace, 0
def replace(*args, **kwargs):
    global calls
    real(*args, **kwargs)
    calls += str(args[1]).endswith(".py")
    if calls == 10:
        os.kill(os.getpid(), signal.SIGKILL)
os.replace = replace
main(["--path", "."])
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True)
    assert ended.returncode == -9, ended.stderr


def _run_id(report: str) -> str:
    found: str = json.loads(report)["run"]
    return found


# ------------------------------------------------------------------------------------------------------- what is chosen


def test_safe_only_leaves_what_would_behave_differently(root: Path) -> None:
    write(root, {"env.sh": "export PORTKEY_API_KEY=x\nexport PORTKEY_CACHE_ENABLED=1\n"})
    ended = run("--safe-only", cwd=root)
    assert ended.returncode == 0
    assert "left alone: --safe-only" in ended.stdout
    assert text(root, "env.sh") == "export PORTKEY_API_KEY=x\nexport LLM_GATEWAY_CACHE_ENABLED=1\n"


def test_safe_only_says_why_a_client_stays_for_its_key_alone(tmp_path: Path) -> None:
    client = 'import Portkey from "portkey-ai";\n\nexport const one = new Portkey({ apiKey: %s });\n'
    root = write(tmp_path, {"own.ts": client % "process.env.TEAM_KEY", "sample.ts": client % '"YOUR_API_KEY"'})
    ended = run("--yes", "--safe-only", "--rules", "portkey-to-llm-gateway", cwd=root)
    assert "TEAM_KEY has to hold the key of the gateway from now on; left alone" in ended.stdout
    assert text(root, "own.ts") == client % "process.env.TEAM_KEY"
    assert "new OpenAI" in text(root, "sample.ts")


def test_prose_is_edited_only_when_asked(root: Path) -> None:
    write(root, {"README.md": "# Desk\n\nAnswers come through Portkey.\n"})
    ended = run("--dry-run", cwd=root)
    assert "1 prose mention in 1 file; to edit them: migrate --path . --rules" in ended.stdout
    run(cwd=root)
    assert "through Portkey" in text(root, "README.md")
    run("--text", "--from", "agentcore", cwd=root)
    assert text(root, "README.md") == "# Desk\n\nAnswers come through LLM Gateway.\n"


def test_globs_choose_the_files(root: Path) -> None:
    write(root, {"pkg/one.py": USER, "pkg/two.py": USER, "docs/three.py": USER})
    assert run("--include", "pkg/", "--exclude", "two.py", cwd=root).returncode == 0
    changed = {path for path, content in contents(root).items() if content == MIGRATED.encode()}
    assert changed == {"pkg/one.py"}


def test_what_is_about_old_names_is_left(root: Path) -> None:
    """The baseline and the report of the run before hold old names, and so do the project's own packs."""
    run("check", "--baseline", "base.json", "--update-baseline", cwd=root)
    baseline = text(root, "base.json")
    assert "agentcore.integration.portkey" in baseline
    reporting = ("check", "--baseline", "base.json", "--report", "out [1].json")
    assert [run(*reporting, cwd=root).returncode for _ in range(2)] == [0, 0]
    write(root, {"pyproject.toml": '[tool.migrate]\nbaseline = "base.json"\n'})
    assert run("--report", "out [1].json", cwd=root).returncode == 0
    assert text(root, "base.json") == baseline


def test_settings_and_options_say_the_same(root: Path) -> None:
    settings = '[tool.migrate]\nexclude = ["app.py"]\nbackup_dir = "kept"\n'
    write(root, {"pyproject.toml": settings, "pkg/one.py": USER})
    assert run(cwd=root).returncode == 0
    assert (text(root), text(root, "pkg/one.py")) == (USER, MIGRATED)
    assert (root / "kept").is_dir()


def test_a_report_is_written_beside_the_output(root: Path) -> None:
    ended = run("--report", "out.json", cwd=root)
    report = json.loads(text(root, "out.json"))
    assert report["run"] in ended.stdout
    assert report["summary"]["files_changed"] == 1
    assert [s["new_line"] for s in report["sites"]] == [1, 1, 3]


def test_the_report_of_a_refused_call_is_not_written(root: Path) -> None:
    committed(root)
    write(root, {"clean.py": ""})
    assert run("--report", "out.json", cwd=root).returncode == 2
    assert not (root / "out.json").exists()


# -------------------------------------------------------------------------------------------------------------- output


@pytest.mark.parametrize("command", [["--dry-run"], ["check"], [], ["--restore"]])
def test_quiet_prints_nothing(root: Path, command: list[str]) -> None:
    if command == ["--restore"]:
        run(cwd=root)
    ended = run(*command, "--quiet", cwd=root)
    assert (ended.stdout, ended.stderr) == ("", "")
    assert ended.returncode == (1 if command == ["check"] else 0)


def test_no_progress_is_drawn_where_nobody_watches(root: Path) -> None:
    for option in ([], ["--no-progress"]):
        ended = run("--dry-run", *option, cwd=root)
        assert ended.stderr == f"found agentcore: using {PACK}\n"


def test_results_go_to_stdout_alone(root: Path) -> None:
    json.loads(run("--dry-run", "--format", "json", cwd=root).stdout)
    json.loads(run("check", "--format", "sarif", cwd=root).stdout)
    assert run("check", "--format", "github", cwd=root).stdout.startswith("::error file=app.py,line=1,")


@pytest.mark.parametrize("command", ["--dry-run", "check", "--help"])
def test_a_reader_that_leaves_early_is_no_fault(root: Path, command: str) -> None:
    write(root, {f"more_{number}.py": USER * 300 for number in range(3)})  # more than a pipe holds
    piped = f"'{MIGRATE}' {command} | head -1; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", piped], cwd=root, capture_output=True, encoding="utf-8")
    assert "Traceback" not in ended.stderr
    assert "BrokenPipe" not in ended.stderr
    assert len(ended.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("env", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"NO_COLOR": "", "FORCE_COLOR": "1"}, True),
    ],
)
def test_colour_is_for_terminals_and_for_those_who_ask(root: Path, env: dict[str, str], coloured: bool) -> None:
    assert ("\x1b[" in spawn("--dry-run", cwd=root, env=env).stdout) is coloured


@pytest.mark.parametrize("format", ["json", "github", "markdown", "sarif", "html"])
def test_machines_get_no_colour(root: Path, format: str) -> None:
    assert "\x1b[" not in run("--dry-run", "--format", format, cwd=root, env={"FORCE_COLOR": "1"}).stdout


def test_output_survives_a_terminal_that_knows_only_ascii(root: Path) -> None:
    write(root, {"grüße.py": f'"""Grüße."""\n{USER}'})
    ascii_only = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    assert spawn("--dry-run", cwd=root, env=ascii_only).returncode == 0


@pytest.mark.parametrize("command", [["--dry-run"], ["check"], ["--format", "json"]])
def test_file_names_of_no_encoding_are_no_fault(root: Path, command: list[str]) -> None:
    odd = root / os.fsdecode(b"caf\xe9.py")
    odd.write_text(USER)
    ended = spawn(*command, cwd=root)
    assert ended.returncode == (1 if command == ["check"] else 0)
    assert "caf" in ended.stdout
    if "json" in command:
        assert odd.read_text() == MIGRATED


@pytest.mark.parametrize(("answer", "code", "left"), [("n", 2, USER), ("y", 0, MIGRATED)])
def test_a_person_at_a_terminal_is_asked(root: Path, answer: str, code: int, left: str) -> None:
    assert _at_a_terminal(root, answer, "--path", ".") == code
    assert text(root) == left


def test_a_person_who_pipes_the_report_away_is_asked_too(root: Path) -> None:
    assert _at_a_terminal(root, "n", "--path", ".", stdout=subprocess.DEVNULL) == 2
    assert text(root) == USER


def test_a_person_who_said_yes_is_not_asked(root: Path) -> None:
    assert _at_a_terminal(root, "n", "--yes") == 0
    assert text(root) == MIGRATED


def _at_a_terminal(root: Path, answer: str, *arguments: str, stdout: int | None = None) -> int:
    """The exit code of the command with a terminal for its streams, on which the answer is typed."""
    ours, theirs = pty.openpty()
    try:
        streams = {"stdin": theirs, "stdout": theirs if stdout is None else stdout, "stderr": theirs}
        process = subprocess.Popen([MIGRATE, *arguments], cwd=root, **streams)
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        with suppress(OSError):  # how a terminal says that the other end has gone
            while os.read(ours, 1024):
                pass
        return process.wait()
    finally:
        os.close(ours)


# --------------------------------------------------------------------------------------------------------------- check


def test_check_reports_what_is_in_the_paths_alone(root: Path) -> None:
    write(root, {"pkg/one.py": USER, "pkg/sub/two.py": USER})
    assert {line.partition(":")[0] for line in _found(root, "pkg/sub", "app.py")} == {"pkg/sub/two.py", "app.py"}
    assert {line.partition(":")[0] for line in _found(root, "pkg")} == {"pkg/one.py", "pkg/sub/two.py"}


def test_what_the_paths_mean_is_told_by_the_whole_tree(root: Path) -> None:
    write(root, {".env": "PORTKEY_VIRTUAL_KEY=1\n", "own.py": "from app import PortkeyClient\n", "clean.py": CLEAN})
    assert [line.partition(":")[0] for line in _found(root, ".env")] == [".env"]
    assert [line.partition(":")[0] for line in _found(root, "own.py")] == ["own.py"]
    assert _found(root, "clean.py") == []


def test_check_paths_are_relative_to_where_one_stands(root: Path) -> None:
    write(root, {"pkg/one.py": USER})
    ended = run("check", "--path", "..", "one.py", cwd=root / "pkg")
    assert ended.returncode == 1
    assert (root / "pkg" / ended.stdout.partition(":")[0]).resolve() == root / "pkg/one.py"


def test_check_changes_nothing(root: Path) -> None:
    before = tree(root)
    run("check", cwd=root)
    assert tree(root) == before
    assert not (root / BACKUP).exists()


def test_notes_fail_only_a_strict_check(root: Path) -> None:
    write(root, {"app.py": "import portkey_ai\n", "README.md": "We use Portkey and `agentcore.llm_gateway`.\n"})
    assert run("check", "--rules", PACK, cwd=root).returncode == 0
    assert run("check", "--rules", PACK, "--strict", cwd=root).returncode == 1


@pytest.mark.parametrize(
    ("path", "line", "rule"),
    [
        ("a.py", "from agentcore.integration import portkey{comment}\n", "agentcore.module"),
        ("a.toml", 'client = "agentcore.integration.portkey.PortkeyClient"{comment}\n', "agentcore.class"),
        ("a.yaml", "client: agentcore.integration.portkey.PortkeyClient{comment}\n", "agentcore.class"),
        ("a.md", "```python\nfrom agentcore.integration import portkey{fence}\n```\n", "agentcore.module"),
        ("a.md", "Answers come through Portkey.{comment}\n", "agentcore.mention"),
    ],
)
def test_a_comment_suppresses_the_rule_it_names(root: Path, path: str, line: str, rule: str) -> None:
    page = path.endswith(".md")
    rules = {site["rule"] for site in _sites(write(root, {path: line.format(comment="", fence="")}), path)}
    assert rule in rules
    ignore = f"migrate: ignore[{', '.join(sorted(rules))}]"
    write(root, {path: line.format(comment=f"  <!-- {ignore} -->" if page else f"  # {ignore}", fence=f"  # {ignore}")})
    before = contents(root)
    assert {site["status"] for site in _sites(root, path)} == {"ignored"}
    assert run("check", "--strict", path, "--from", "agentcore", cwd=root).returncode == 0
    run("--text", "--include", path, "--from", "agentcore", cwd=root)
    assert contents(root) == before


def test_a_suppression_that_names_another_rule_suppresses_nothing(root: Path) -> None:
    write(root, {"app.py": "from agentcore.integration import portkey  # migrate: ignore[agentcore.env]\n"})
    found = _found(root, "app.py")
    assert {line.split(": ")[1] for line in found} == {"agentcore.module", "unused-suppression"}
    assert run("check", cwd=root).returncode == 1


def test_a_suppression_that_is_not_needed_is_reported(root: Path) -> None:
    write(root, {"app.py": f"{USER}x = 1  # migrate: ignore\ny = 2  # migrate: ignore[another-tool]\n"})
    assert _found(root)[-1] == "app.py:4:8: unused-suppression: this comment suppresses nothing: take it out"


# ------------------------------------------------------------------------------------------------------------- baseline


def test_a_baseline_lets_old_references_stay_wherever_they_move(root: Path) -> None:
    written = run("check", "--baseline", "base.json", "--update-baseline", cwd=root)
    assert written.returncode == 0
    assert "base.json: 3 references may stay for now" in written.stderr
    assert run("check", "--baseline", "base.json", cwd=root).returncode == 0
    write(root, {"app.py": f"import os\n\n\n{USER}"})
    assert run("check", "--baseline", "base.json", cwd=root).returncode == 0
    write(root, {"app.py": f"{USER}other = PortkeyClient()\n"})
    ended = run("check", "--baseline", "base.json", cwd=root)
    assert ended.returncode == 1
    assert "1 reference in 1 file" in ended.stdout
    write(root, {"app.py": USER, "new.py": USER})
    assert run("check", "--baseline", "base.json", cwd=root).returncode == 1


def test_a_baseline_is_stable_and_shrinks(root: Path) -> None:
    write(root, {"other.py": USER})
    run("check", "--baseline", "base.json", "--update-baseline", cwd=root)
    first = text(root, "base.json")
    run("check", "--baseline", "base.json", "--update-baseline", cwd=root)
    assert text(root, "base.json") == first
    write(root, {"other.py": CLEAN})
    run("check", "--baseline", "base.json", "--update-baseline", cwd=root)
    assert len(text(root, "base.json")) < len(first)


def test_a_baseline_can_be_a_setting(root: Path) -> None:
    write(root, {"pyproject.toml": '[tool.migrate]\nbaseline = "base.json"\n'})
    assert run("check", "--update-baseline", cwd=root).returncode == 0
    assert run("check", cwd=root).returncode == 0
    assert run("check", "--path", "project", cwd=root.parent).returncode == 0


@pytest.mark.parametrize(
    "content", ["", "[]", '{"version": 2, "sites": {}}', '{"version": 1}', '{"version": 1, "sites": 3}']
)
def test_a_file_that_is_no_baseline_is_refused(root: Path, content: str) -> None:
    write(root, {"base.json": content})
    ended = run("check", "--baseline", "base.json", cwd=root)
    assert ended.returncode == 2
    assert "base.json: not a baseline" in ended.stderr.splitlines()[-1]


# -------------------------------------------------------------------------------------------------------------- modes


CALLS = """import litellm

try:
    litellm.completion(model="gemini/gemini-2.0-flash", messages=[])
except litellm.RateLimitError:
    litellm.token_counter(model="gemini/gemini-2.0-flash", text="")
"""


@pytest.mark.parametrize(
    ("target", "variable"), [("llm-gateway", "LLM_GATEWAY_API_KEY"), ("portkey", "PORTKEY_API_KEY")]
)
def test_a_mode_takes_its_own_packs(tmp_path: Path, target: str, variable: str) -> None:
    root = write(tmp_path / "project", {"app.py": CALLS})
    route = ("--to", target, "--mode", "proxy")
    found = run("check", *route, cwd=root)
    assert found.returncode == 1
    assert found.stdout.splitlines()[-1].endswith(f" --to {target} --mode proxy")
    assert run(*route, "--yes", cwd=root).returncode == 0
    moved = CALLS.replace("litellm.completion", "llm_client.completion")
    assert text(root) == f"import llm_client\n{moved}"
    assert variable in text(root, "llm_client.py")
    after = tree(root)
    assert run("check", *route, cwd=root).returncode == 0  # what stays is no reference that is left
    assert "Nothing to write" in run(*route, "--yes", cwd=root).stdout
    assert tree(root) == after
    assert run("check", "--to", target, cwd=root).returncode == 1  # without the mode LiteLLM is to go


def test_the_list_of_packs_names_modes(root: Path) -> None:
    listed = run("rules", "list", cwd=root).stdout
    assert "litellm → llm-gateway, mode proxy  " in listed
    assert "litellm → llm-gateway  " in listed


# ------------------------------------------------------------------------------------------------ packs of one's own


@pytest.fixture
def own(root: Path) -> Path:
    """A project with a pack of its own, made by `rules new`, and code that uses what it leaves."""
    made = run("rules", "new", "acme", "--from-module", "acme.llm", "--to-module", "acme.gateway", cwd=root)
    assert made.returncode == 0, made.stderr
    return write(root, {"acme_user.py": "from acme.llm import complete\n\ncomplete()\n"})


def test_a_pack_of_ones_own_from_start_to_end(own: Path) -> None:
    assert run("rules", "test", "acme", cwd=own).stdout == "2 passed, 0 failed\n"
    assert run("rules", "validate", "acme", cwd=own).stdout == "acme: 1 rule, valid\n"
    assert "acme" in run("rules", "list", cwd=own).stdout
    assert "acme.module" in run("rules", "show", "acme", cwd=own).stdout
    shown = run("--dry-run", "--rules", "acme", cwd=own)
    assert "+from acme.gateway import complete" in shown.stdout
    packs = {path: content for path, content in contents(own).items() if path.startswith("migrate_rules/")}
    assert run("--rules", "acme", cwd=own).returncode == 0
    assert text(own, "acme_user.py") == "from acme.gateway import complete\n\ncomplete()\n"
    assert text(own) == USER
    assert {path: c for path, c in contents(own).items() if path.startswith("migrate_rules/")} == packs
    assert run("check", "--rules", "acme", cwd=own).returncode == 0


def test_a_failing_rule_test_is_shown_and_fails(own: Path) -> None:
    case = own / "migrate_rules/acme/tests/acme.module.toml"
    case.write_text(case.read_text().replace("from acme.gateway import", "from acme.somewhere import"))
    ended = run("rules", "test", "acme", cwd=own)
    assert ended.returncode == 1
    assert "a name imported from the module" in ended.stdout
    assert "-from acme.somewhere import something" in ended.stdout


def test_several_layers_ask_which_to_leave(own: Path) -> None:
    before = tree(own)
    for command in ([], ["--dry-run"]):
        ended = run(*command, cwd=own)
        assert ended.returncode == 2
        line = ended.stderr.splitlines()[-1]
        assert f"several packs leave: agentcore ({PACK}), llm (acme);" in line
        assert "--from" in line
        assert tree(own) == before
    assert run("--from", "agentcore", cwd=own).returncode == 0
    assert text(own) == MIGRATED
    assert run("--from", "llm", cwd=own).returncode == 0
    assert "acme.gateway" in text(own, "acme_user.py")


def test_check_looks_for_every_layer_at_once(own: Path) -> None:
    assert {line.split(":")[0] for line in _found(own)} == {"app.py", "acme_user.py"}


def test_a_pack_that_exists_is_not_overwritten(own: Path) -> None:
    before = tree(own)
    ended = run("rules", "new", "acme", "--from-module", "x", "--to-module", "y", cwd=own)
    assert ended.returncode == 2
    assert "exists already" in ended.stderr
    assert tree(own) == before


def test_a_broken_pack_is_told_with_file_and_line(own: Path) -> None:
    pack = own / "migrate_rules/acme/pack.toml"
    pack.write_text(pack.read_text().replace('old = "acme.llm"', 'odl = "acme.llm"'))
    for command in (["--dry-run"], ["check"], ["rules", "list"], ["rules", "validate"]):
        ended = run(*command, cwd=own)
        assert ended.returncode == 2
        assert "migrate_rules/acme/pack.toml:" in ended.stderr
        assert "odl" in ended.stderr


def _found(root: Path, *paths: str) -> list[str]:
    """The lines of a check that name a place."""
    return [line for line in run("check", *paths, cwd=root).stdout.splitlines() if line.count(": ") >= 2]


def _sites(root: Path, path: str) -> list[dict[str, str]]:
    report = run("check", path, "--from", "agentcore", "--format", "json", cwd=root).stdout
    found: list[dict[str, str]] = json.loads(report)["sites"]
    return found
