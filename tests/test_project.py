"""The edge to the tree, against real folders, links and git repositories, some of them hostile."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.errors import MigrateError
from migrator.sites import Problem
from migrator.tree import needles
from migrator.tree import project as edge
from migrator.tree.defaults import PRUNED
from migrator.tree.project import all_clean, files, git_state, is_generated, matching, open_project, passed_over, read
from migrator.tree.settings import Settings

WORDS = [b"portkey", b"litellm"]
as_user = pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")


@pytest.fixture(autouse=True)
def plain_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git as it comes, with no configuration of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.com")


def git(folder: Path, *arguments: str) -> str:
    ended = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return ended.stdout


def write(root: Path, *paths: str, text: str = "x = 1\n") -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def script(path: Path, marker: Path, then: str = "cat") -> Path:
    """A program that leaves `marker` behind when it runs."""
    path.write_text(f'#!/bin/sh\ntouch "{marker}"\n{then}\n', encoding="utf-8")
    path.chmod(0o755)
    return path


def take_git_away(how: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "git refuses":
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        return
    if how == "git is no program":
        (folder / "git").write_text("")
    monkeypatch.setenv("PATH", str(folder))


without_git = pytest.mark.parametrize("how", ["no git", "git refuses", "git is no program"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that is no repository."""
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def repo(root: Path) -> Path:
    git(root, "init", "-q", "-b", "main")
    write(root, "app/a.py", "b.md")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


class TestOpen:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(MigrateError, match="no such folder"):
            open_project(tmp_path / "nowhere")

    def test_a_file(self, tmp_path: Path) -> None:
        write(tmp_path, "a.py")
        with pytest.raises(MigrateError, match="not a folder"):
            open_project(tmp_path / "a.py")

    @pytest.mark.parametrize("place", [".", "..", "a/..", "../beside", "/tmp", "link"])
    def test_settings_cannot_put_backups_out_of_the_root(self, root: Path, place: str) -> None:
        (root / "link").symlink_to(root.parent)
        write(root, "pyproject.toml", text=f'[tool.migrate]\nbackup_dir = "{place}"\n')
        with pytest.raises(MigrateError, match="backups need a folder of their own"):
            open_project(root)

    @pytest.mark.parametrize("place", [".", ".."])
    def test_nobody_can_put_the_root_into_the_backups(self, root: Path, place: str) -> None:
        with pytest.raises(MigrateError, match="backups need a folder of their own"):
            open_project(root, place)

    def test_backups_elsewhere_when_asked(self, root: Path) -> None:
        assert open_project(root, root.parent / "kept").backup_dir == root.parent.resolve() / "kept"
        assert open_project(root, "kept").backup_dir == root.resolve() / "kept"

    def test_the_root_is_free_of_links(self, root: Path) -> None:
        (root.parent / "link").symlink_to(root)
        project = open_project(root.parent / "link")
        assert project.root == root.resolve()
        assert project.backup_dir == root.resolve() / ".migration_backup"


class TestSettings:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[tool.migrate]\npack = 1\n", "pyproject.toml:2: [tool.migrate] pack: unknown key; known keys: packs, "),
            ("# migrate\n\n[tool.migrate]\ntext = 1\n", "pyproject.toml:4: [tool.migrate] text: must be true or false"),
            ('[tool.migrate]\ntext = true\npacks = [\n  "a",\n  2,\n]\n', "pyproject.toml:3: [tool.migrate] packs: "),
            ("[tool.migrate.packs]\nx = 1\n", "pyproject.toml:1: [tool.migrate] packs: must be a list of names, or"),
            ('[tool.migrate]\ninclude = "*.py"\n', "pyproject.toml:2: [tool.migrate] include: must be a list of globs"),
            ("[tool.migrate]\nexclude = [1]\n", "pyproject.toml:2: [tool.migrate] exclude: must be a list of globs"),
            ("[tool.migrate]\nsql = [1]\n", "pyproject.toml:2: [tool.migrate] sql: must be a list of tables"),
            ("[tool.migrate]\nbaseline = 1\n", "pyproject.toml:2: [tool.migrate] baseline: must be a path"),
            ('x = """\n[tool.migrate]\nno = 1\n"""\n[tool.migrate]\nno = 1', "pyproject.toml:6: [tool.migrate] no: "),
            ('tool.migrate."safe_only" = "yes"\r\n', "pyproject.toml:1: [tool.migrate] safe_only: must be true or"),
            ("[tool]\na = 1\nmigrate = {rules_path = 1}", "pyproject.toml:3: [tool.migrate] rules_path: must be a"),
            ("[tool]\nmigrate = 1", "pyproject.toml:2: [tool.migrate] must be a table"),
            ("[tool.migrate]\ntext = yes\n", "pyproject.toml: not valid TOML: Invalid value (at line 2, column 8)"),
        ],
    )
    def test_wrong(self, root: Path, text: str, message: str) -> None:
        (root / "pyproject.toml").write_bytes(text.encode())
        with pytest.raises(MigrateError) as caught:
            open_project(root)
        assert str(caught.value).startswith(message)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("text", [None, "[project]\nname = 'x'\n", "[tool.other]\nmigrate = 1\n", "tool = 1"])
    def test_none(self, root: Path, text: str | None) -> None:
        if text:
            write(root, "pyproject.toml", text=text)
        assert open_project(root).settings == Settings()

    def test_only_the_roots_own_file_counts(self, root: Path) -> None:
        write(root, "pyproject.toml", text="[tool.migrate]\nsafe_only = true\n")
        write(root, "sub/a.py")
        assert not open_project(root / "sub").settings.safe_only

    def test_every_key(self, root: Path) -> None:
        text = """[tool.migrate]
packs = ["a", "b"]
rules_path = "rules"
include = ["*.py"]
exclude = ["old/"]
backup_dir = ".kept"
text = false
safe_only = true
baseline = "known.json"
[[tool.migrate.sql]]
table = "models"
[[tool.migrate.sql]]
table = "keys"
"""
        write(root, "pyproject.toml", text=text)
        assert open_project(root).settings == Settings(
            packs=("a", "b"),
            rules_path="rules",
            include=("*.py",),
            exclude=("old/",),
            backup_dir=".kept",
            text=False,
            safe_only=True,
            baseline="known.json",
            sql=({"table": "models"}, {"table": "keys"}),
        )

    def test_packs_as_tables(self, root: Path) -> None:
        write(root, "pyproject.toml", text="[tool.migrate.packs.b]\n[tool.migrate.packs.a]\nkeep = 1\n")
        found = open_project(root).settings
        assert (found.packs, found.overrides) == (("b", "a"), {"b": {}, "a": {"keep": 1}})


class TestFiles:
    def test_git_says_which(self, repo: Path) -> None:
        write(repo, ".gitignore", text="*.log\n!kept.log\nbuilt/\n")
        write(repo, "new.py", "noise.log", "kept.log", "built/c.py", "tracked.log", "ä\nb.py")
        git(repo, "add", "-f", "tracked.log")
        (repo / "b.md").unlink()
        assert files(open_project(repo)) == [
            ".gitignore", "app/a.py", "kept.log", "new.py", "tracked.log", "ä\nb.py",
        ]  # fmt: skip

    def test_a_root_below_the_work_tree(self, repo: Path) -> None:
        write(repo, ".gitignore", text="app/ignored.py\n")
        write(repo, "app/ignored.py", "app/sub/new.py")
        assert files(open_project(repo / "app")) == ["a.py", "sub/new.py"]

    def test_conflicts_are_listed_once(self, repo: Path) -> None:
        git(repo, "checkout", "-q", "-b", "other")
        write(repo, "b.md", text="theirs\n")
        git(repo, "commit", "-qam", "theirs")
        git(repo, "checkout", "-q", "main")
        write(repo, "b.md", text="ours\n")
        git(repo, "commit", "-qam", "ours")
        subprocess.run(["git", "merge", "-q", "other"], cwd=repo, capture_output=True, check=False)
        assert git(repo, "ls-files", "b.md").count("b.md") == 3
        assert files(open_project(repo)) == ["app/a.py", "b.md"]

    def test_other_repositories_inside_are_out(self, repo: Path, tmp_path: Path) -> None:
        other = tmp_path / "other"
        git(tmp_path, "init", "-q", "other")
        write(other, "o.py")
        git(other, "add", ".")
        git(other, "commit", "-qm", "o")
        git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
        git(repo, "init", "-q", "nested")
        write(repo, "nested/n.py")
        assert files(open_project(repo)) == [".gitmodules", "app/a.py", "b.md"]

    @pytest.mark.parametrize("tracked", [True, False])
    def test_pruned(self, repo: Path, tracked: bool) -> None:
        write(repo, *(f"{name}/in.py" for name in PRUNED - {".git"}))
        write(repo, "deep/node_modules/x/in.py", "any/pyvenv.cfg", "any/lib/in.py", ".migration_backup/r/in.py")
        write(repo, "deep/.migration_backup/kept.py", "pyvenv.cfg")
        git(repo, "add", "-f", ".") if tracked else (repo / ".git").rename(repo.parent / "gone")
        assert files(open_project(repo)) == ["app/a.py", "b.md", "deep/.migration_backup/kept.py", "pyvenv.cfg"]

    @pytest.mark.parametrize("tracked", [True, False])
    def test_links_are_neither_listed_nor_followed(self, repo: Path, tracked: bool) -> None:
        write(repo.parent, "outside/secret.py")
        write(repo, "was/real.py")
        git(repo, "add", ".")
        (repo / "out").symlink_to(repo.parent / "outside")
        (repo / "out.py").symlink_to(repo.parent / "outside/secret.py")
        (repo / "app/loop").symlink_to(repo)
        (repo / "dead").symlink_to("nowhere")
        git(repo, "add", ".") if tracked else (repo / ".git").rename(repo.parent / "gone")
        (repo / "was").rename(repo.parent / "moved")
        (repo / "was").symlink_to(repo.parent / "moved")
        assert files(open_project(repo)) == ["app/a.py", "b.md"]

    def test_pipes_are_not_files(self, repo: Path) -> None:
        (repo / "b.md").unlink()
        os.mkfifo(repo / "b.md")
        assert files(open_project(repo)) == ["app/a.py"]

    @pytest.mark.parametrize("evil", [b"../x/out.py", b"/etc/passwd", b"a/../out.py", b"app//../a.p"])
    def test_a_forged_index_leads_nowhere(self, repo: Path, evil: bytes) -> None:
        write(repo.parent, "x/out.py")
        write(repo, "etc/passwd", "out.py", "0123456789a")
        git(repo, "add", "0123456789a")
        index = repo / ".git/index"
        forged = index.read_bytes()[:-20].replace(b"0123456789a", evil)
        index.write_bytes(forged + hashlib.sha1(forged).digest())
        assert os.fsdecode(evil) in git(repo, "ls-files", "-z").split("\0")
        assert files(open_project(repo)) == ["0123456789a", "app/a.py", "b.md", "etc/passwd", "out.py"]

    def test_a_work_tree_elsewhere_hides_nothing(self, repo: Path) -> None:
        git(repo, "config", "core.worktree", "/")
        assert files(open_project(repo)) == ["app/a.py", "b.md"]

    def test_a_hooks_environment_does_not_mislead(self, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        git(repo.parent, "init", "-q", "other")
        monkeypatch.setenv("GIT_DIR", str(repo.parent / "other/.git"))
        monkeypatch.setenv("GIT_INDEX_FILE", ".git/none")
        write(repo, ".gitignore", text="app/\n")
        assert files(open_project(repo)) == [".gitignore", "app/a.py", "b.md"]

    @as_user
    def test_a_folder_that_cannot_be_read_is_told(self, root: Path) -> None:
        write(root, "shut/a.py")
        (root / "shut").chmod(0)
        listed = files(open_project(root), include=["*.py"])
        (root / "shut").chmod(stat.S_IRWXU)
        assert listed == ["shut"]

    @without_git
    def test_without_git(self, repo: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
        write(repo, ".gitignore", text="\ufeffapp/*.log\r\n/top.py\n")
        write(repo, "app/.gitignore", text="!kept.log\n")
        write(repo, "app/kept.log", "app/noise.log", "top.py", "app/top.py")
        take_git_away(how, repo.parent, monkeypatch)
        assert files(open_project(repo)) == [
            ".gitignore", "app/.gitignore", "app/a.py", "app/kept.log", "app/top.py", "b.md",
        ]  # fmt: skip

    def test_what_is_passed_over(self, root: Path) -> None:
        write(root, ".gitignore", text="built/\n*.gen.py\n")
        write(root, "built/.gitignore", text="!*\n")
        write(root, "a.py", "built/a.py", "built/b.md", "built/lib/a.pyi", "a.gen.py", "built/site-packages/a.py")
        assert passed_over(open_project(root)) == ["a.gen.py", "built/a.py", "built/lib/a.pyi"]
        assert passed_over(open_project(root), ["built/"], ["lib/"]) == ["built/a.py"]
        git(root, "init", "-q")
        assert passed_over(open_project(root)) == []


PIECES = st.sampled_from(["a", "b", "c", "*", "**", "?", "a*", "*.c", "a.c", "[ab]", "[!a]", "\\a", "\\*"])
LINES = st.builds(
    lambda bang, slash, pieces, end, tail: bang + slash + "/".join(pieces) + end + tail,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(PIECES, min_size=1, max_size=3),
    st.sampled_from(["", "", "/"]),
    st.sampled_from(["", "", " ", "\r"]),
)
IGNORES = st.lists(LINES | st.sampled_from(["", "# a", "\\#", "!", "/", "*", "!*/", "a/**", "!a/**"]), max_size=4)


@pytest.fixture
def leafy(root: Path) -> Iterator[Path]:
    names = ("a", "b", "a.c", "#")
    write(root, *(f"{one}/{two}/{three}" for one in ("a", "b", "ac") for two in ("a", "c") for three in names))
    write(root, *(f"{one}/{name}" for one in ("a", "b", "ac") for name in ("b", "a.c")), "c", "b.c", "*")
    git(root, "init", "-q")
    yield root


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(top=IGNORES, below=IGNORES)
def test_the_walk_ignores_what_git_ignores(
    leafy: Path, monkeypatch: pytest.MonkeyPatch, top: list[str], below: list[str]
) -> None:
    write(leafy, ".gitignore", text="\n".join(top))
    write(leafy, "a/.gitignore", text="\n".join(below))
    project = open_project(leafy)
    by_git = files(project)
    with monkeypatch.context() as patch:
        patch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        assert files(project) == by_git


class TestGlobs:
    def test_arguments_and_settings(self, root: Path) -> None:
        text = '[tool.migrate]\ninclude = ["*.py"]\nexclude = ["/old/"]\n'
        write(root, "pyproject.toml", text=text)
        write(root, "a.py", "old/b.py", "sub/old/c.py", "sub/d.md", "e.md")
        project = open_project(root)
        assert files(project) == ["a.py", "sub/old/c.py"]
        assert files(project, include=["*.md"]) == ["e.md", "sub/d.md"]
        assert files(project, exclude=["sub"]) == ["a.py"]
        assert files(project, include=["**", "!*.md"]) == ["a.py", "pyproject.toml", "sub/old/c.py"]

    def test_nonsense(self, root: Path) -> None:
        with pytest.raises(MigrateError, match="include and exclude take globs"):
            files(open_project(root), include=["!"])


class TestNamedPaths:
    def test_missing_and_outside(self, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(repo.parent, "beside.py")
        project = open_project(repo)
        monkeypatch.chdir(repo)
        for path in ("../beside.py", repo.parent, "app/../../beside.py"):
            with pytest.raises(MigrateError, match="lies outside"):
                files(project, paths=[path])
        with pytest.raises(MigrateError, match="no such file"):
            files(project, paths=["nowhere.py"])

    def test_only_those(self, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(repo, ".gitignore", text="*.log\n")
        write(repo, "app/b.log", "c.log", "node_modules/d.py", "app-two/e.py")
        project = open_project(repo)
        monkeypatch.chdir(repo / "app")
        assert files(project, paths=["a.py", "b.log", repo / "b.md"]) == ["app/a.py", "app/b.log", "b.md"]
        assert files(project, paths=["."]) == ["app/a.py"]
        assert files(project, paths=[repo]) == [".gitignore", "app-two/e.py", "app/a.py", "b.md"]
        assert files(project, paths=["../node_modules", "../node_modules/d.py"]) == []
        assert files(project, paths=["a.py", "b.log"], exclude=["*.log"]) == ["app/a.py"]

    def test_links(self, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(repo.parent, "beside.py")
        (repo / "app/link.py").symlink_to(repo.parent / "beside.py")
        (repo / "linked").symlink_to("app")
        (repo / "away").symlink_to("..")
        project = open_project(repo)
        monkeypatch.chdir(repo)
        assert files(project, paths=["app/link.py", "linked"]) == []
        assert files(project, paths=["linked/a.py"]) == ["app/a.py"]
        with pytest.raises(MigrateError, match="lies outside"):
            files(project, paths=["away/beside.py"])


class TestHostileRepositories:
    """Each test first asks us, then plain git, whose program does run: so the trap was armed."""

    def test_file_monitor_and_hooks(self, repo: Path, tmp_path: Path) -> None:
        ran = tmp_path / "ran"
        git(repo, "config", "core.fsmonitor", str(script(tmp_path / "monitor", ran)))
        files(open_project(repo))
        git_state(open_project(repo))
        assert not ran.exists()
        git(repo, "status")
        assert ran.exists()

    @pytest.mark.parametrize("kind", ["clean", "process"])
    @pytest.mark.parametrize("required", ["true", "false"])
    def test_filters(self, repo: Path, tmp_path: Path, kind: str, required: str) -> None:
        ran = tmp_path / "ran"
        git(repo, "config", f"filter.Evil.x.{kind}", str(script(tmp_path / "filter", ran)))
        git(repo, "config", "filter.Evil.x.required", required)
        write(repo, ".git/info/attributes", text="* filter=Evil.x\n")
        write(repo, "b.md", text="x = 2\n")
        assert files(open_project(repo)) == ["app/a.py", "b.md"]
        assert git_state(open_project(repo)).dirty == ("b.md",)
        assert not ran.exists()
        subprocess.run(["git", "status"], cwd=repo, capture_output=True, check=False)
        assert ran.exists()

    def test_a_filter_that_cannot_be_named(self, repo: Path) -> None:
        git(repo, "config", "filter.a=b.clean", "false")
        with pytest.raises(MigrateError, match="cannot be disarmed"):
            git_state(open_project(repo))

    def test_the_users_own_filters_stay(self, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        ran = tmp_path / "ran"
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
        git(repo, "config", "--global", "filter.mine.clean", str(script(tmp_path / "filter", ran)))
        write(repo, ".git/info/attributes", text="* filter=mine\n")
        write(repo, "b.md", text="x = 2\n")
        assert git_state(open_project(repo)).dirty == ("b.md",)
        assert ran.exists()

    def test_a_lazy_fetch(self, repo: Path, tmp_path: Path) -> None:
        ran = tmp_path / "ran"
        write(repo, "lazy/.gitignore", text="# lazy\n")
        git(repo, "add", ".")
        git(repo, "commit", "-qm", "lazy")
        blob = git(repo, "rev-parse", "HEAD:lazy/.gitignore").strip()
        git(repo, "update-index", "--skip-worktree", "lazy/.gitignore")
        (repo / "lazy/.gitignore").unlink()
        (repo / f".git/objects/{blob[:2]}/{blob[2:]}").unlink()
        for key, value in {
            "core.repositoryFormatVersion": "1",
            "extensions.partialClone": "origin",
            "remote.origin.promisor": "true",
            "remote.origin.url": f"ext::{script(tmp_path / 'transport', ran, 'exit 1')}",
            "protocol.ext.allow": "always",
        }.items():
            git(repo, "config", key, value)
        write(repo, "lazy/new.py")
        files(open_project(repo))
        assert not ran.exists()
        subprocess.run(["git", "ls-files", "-o", "--exclude-standard"], cwd=repo, capture_output=True, check=False)
        assert ran.exists()


class TestGitState:
    def test_none(self, root: Path) -> None:
        state = git_state(open_project(root))
        assert (state.is_repository, state.dirty) == (False, ())

    def test_bare(self, tmp_path: Path) -> None:
        git(tmp_path, "init", "-q", "--bare", "bare.git")
        assert not git_state(open_project(tmp_path / "bare.git")).is_repository

    @without_git
    def test_unknown(self, repo: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
        take_git_away(how, repo.parent, monkeypatch)
        with pytest.raises(MigrateError, match="uncommitted work cannot be seen: ") as caught:
            git_state(open_project(repo))
        assert "\n" not in str(caught.value)

    def test_git_was_never_there(self, repo: Path) -> None:
        code = "from migrator.tree.project import *; git_state(open_project('.'))"
        environment = {"PATH": "", "PYTHONPATH": str(Path(edge.__file__).parents[1])}
        ended = subprocess.run(
            [sys.executable, "-c", code], cwd=repo, env=environment, capture_output=True, check=False
        )
        assert b"MigrateError" in ended.stderr.splitlines()[-1]
        assert ended.stderr.endswith(b"git is not installed\n")

    def test_clean(self, repo: Path) -> None:
        write(repo, ".gitignore", text=".gitignore\n*.log\n")
        write(repo, "noise.log", ".migration_backup/run/a.py")
        os.utime(repo / "b.md", (1, 1))
        state = git_state(open_project(repo))
        assert (state.is_repository, state.dirty) == (True, ())

    def test_dirty(self, repo: Path) -> None:
        write(repo, "gone.py", "moved.py")
        git(repo, "add", ".")
        git(repo, "commit", "-qm", "more")
        write(repo, "b.md", text="edited\n")
        write(repo, "staged.py", "new/ä b.py")
        git(repo, "add", "staged.py")
        git(repo, "mv", "moved.py", "arrived.py")
        (repo / "gone.py").unlink()
        state = git_state(open_project(repo))
        assert state.dirty == ("arrived.py", "b.md", "gone.py", "moved.py", "staged.py")
        assert state.untracked == {"new/ä b.py"}

    def test_before_the_first_commit(self, root: Path) -> None:
        git(root, "init", "-q")
        write(root, "a.py", "b.py")
        git(root, "add", "a.py")
        state = git_state(open_project(root))
        assert (state.dirty, state.untracked) == (("a.py",), {"b.py"})

    def test_a_root_below_the_work_tree(self, repo: Path) -> None:
        write(repo, "b.md", "app/a.py", text="edited\n")
        write(repo, "app/.migration_backup/x")
        assert git_state(open_project(repo / "app")).dirty == ("a.py",)

    def test_a_hooks_environment_does_not_mislead(self, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        git(repo.parent, "init", "-q", "other")
        write(repo, "b.md", text="edited\n")
        monkeypatch.setenv("GIT_DIR", str(repo.parent / "other/.git"))
        monkeypatch.setenv("GIT_INDEX_FILE", ".git/none")
        assert git_state(open_project(repo)).dirty == ("b.md",)
        assert os.environ["GIT_INDEX_FILE"] == ".git/none"

    def test_a_second_work_tree(self, repo: Path, tmp_path: Path) -> None:
        git(repo, "worktree", "add", "-q", str(tmp_path / "second"))
        write(tmp_path / "second", "b.md", text="edited\n")
        assert git_state(open_project(tmp_path / "second")).dirty == ("b.md",)
        assert files(open_project(tmp_path / "second")) == ["app/a.py", "b.md"]
        assert git_state(open_project(repo)).dirty == ()


class TestAllClean:
    """At a glance: a file that holds a word is never passed over, whatever git thinks of the file."""

    def clean(self, root: Path) -> list[str] | None:
        listed = all_clean(open_project(root), WORDS)
        return listed if listed is None else sorted(listed)

    def test_no_repository(self, root: Path) -> None:
        write(root, "a.py")
        assert self.clean(root) is None

    def test_no_words(self, repo: Path) -> None:
        assert all_clean(open_project(repo), []) is None

    @without_git
    def test_no_answer(self, repo: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
        take_git_away(how, repo.parent, monkeypatch)
        assert self.clean(repo) is None

    def test_clean(self, repo: Path) -> None:
        write(repo, ".gitignore", text="*.log\n")
        write(repo, "noise.log", "node_modules/a.py", text="portkey\n")
        write(repo, "new.py", "ä\n\tb.py", "kept/c.log")
        git(repo, "add", "-f", "kept")
        write(repo.parent, "away.py", text="portkey\n")
        (repo / "link.py").symlink_to(repo.parent / "away.py")
        (repo / "tracked.py").symlink_to(repo.parent / "away.py")
        git(repo, "add", "tracked.py")
        git(repo, "init", "-q", "nested")
        write(repo, "nested/n.py", text="portkey\n")
        (repo / "picture").write_bytes(b"\0\xff\xfe portkey")
        assert self.clean(repo) == files(open_project(repo))
        assert self.clean(repo / "app") == ["a.py"]

    @pytest.mark.parametrize("tracked", [True, False])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
    def test_found(self, repo: Path, tracked: bool, encoding: str) -> None:
        (repo / "b.md").write_bytes(f"\ufeff{'long ' * 99}\nuse portkey".encode(encoding))
        (repo / "b.md").rename(repo / ("b.md" if tracked else "c.md"))
        assert self.clean(repo) is None

    def test_found_though_tracked_and_ignored(self, repo: Path) -> None:
        write(repo, ".gitignore", text="app/\n")
        write(repo, "app/a.py", text="portkey\n")
        assert self.clean(repo) is None
        assert self.clean(repo / "app") is None

    @pytest.mark.parametrize("bit", ["--assume-unchanged", "--skip-worktree"])
    def test_found_though_git_is_told_not_to_look(self, repo: Path, bit: str) -> None:
        git(repo, "update-index", bit, "b.md")
        assert self.clean(repo) == ["app/a.py", "b.md"]
        write(repo, "b.md", text="portkey\n")
        assert self.clean(repo) is None

    def test_sparse(self, repo: Path) -> None:
        git(repo, "sparse-checkout", "set", "--cone", "--sparse-index", "none")
        assert not (repo / "app").exists()
        assert self.clean(repo) == ["b.md"]
        write(repo, "app/a.py", text="portkey\n")
        assert self.clean(repo) is None

    def test_found_where_a_link_was(self, repo: Path) -> None:
        (repo / "link.py").symlink_to("b.md")
        git(repo, "add", ".")
        (repo / "link.py").unlink()
        write(repo, "link.py", text="portkey\n")
        assert self.clean(repo) is None

    def test_found_in_a_conflict(self, repo: Path) -> None:
        git(repo, "checkout", "-q", "-b", "other")
        write(repo, "b.md", text="theirs\n")
        git(repo, "commit", "-qam", "theirs")
        git(repo, "checkout", "-q", "main")
        write(repo, "b.md", text="ours\n")
        git(repo, "commit", "-qam", "ours")
        subprocess.run(["git", "merge", "-q", "other"], cwd=repo, capture_output=True, check=False)
        assert self.clean(repo) == ["app/a.py", "b.md"]
        write(repo, "b.md", text="portkey\n")
        assert self.clean(repo) is None

    @pytest.mark.parametrize("attribute", ["binary", "-diff", "diff=mine", "-text", "working-tree-encoding=UTF-16"])
    def test_found_whatever_the_attributes(self, repo: Path, attribute: str) -> None:
        write(repo, ".git/info/attributes", text=f"* {attribute}\n")
        git(repo, "config", "diff.mine.textconv", "true")
        write(repo, "app/a.py", text="portkey\n")
        assert self.clean(repo) is None

    @pytest.mark.parametrize(
        "setting",
        [
            *("color.ui=always", "color.grep=always", "grep.fullName=true", "grep.patternType=perl"),
            *("submodule.recurse=true", "grep.lineNumber=true", "grep.column=true", "core.worktree=/"),
            *("core.quotePath=true", "core.bigFileThreshold=1", "core.sparseCheckout=true", "core.ignoreStat=true"),
        ],
    )
    def test_found_whatever_the_configuration(self, repo: Path, setting: str) -> None:
        write(repo, "app/app/a.py")
        (repo / "app/picture").write_bytes(b"\0\xff\xfe portkey")
        git(repo, "add", ".")
        git(repo, "config", *setting.split("="))
        assert self.clean(repo / "app") == ["a.py", "app/a.py", "picture"]
        write(repo, "app/a.py", text="portkey\n")
        assert self.clean(repo / "app") is None

    def test_words_are_no_patterns(self, repo: Path) -> None:
        assert all_clean(open_project(repo), [b"x["]) is not None

    def test_submodules_are_out(self, repo: Path, tmp_path: Path) -> None:
        git(tmp_path, "init", "-q", "other")
        write(tmp_path / "other", "o.py", text="portkey\n")
        git(tmp_path / "other", "add", ".")
        git(tmp_path / "other", "commit", "-qm", "o")
        git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "other"), "sub")
        git(repo, "config", "submodule.recurse", "true")
        assert self.clean(repo) == [".gitmodules", "app/a.py", "b.md"]

    def test_git_complains_of_one_file(self, repo: Path) -> None:
        (repo / "app").rename(repo.parent / "moved")
        write(repo, "app")
        assert (
            "Not a directory"
            in subprocess.run(["git", "grep", "portkey"], cwd=repo, capture_output=True, text=True, check=False).stderr
        )
        assert self.clean(repo) is None

    def test_a_hooks_environment_does_not_mislead(self, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        git(repo.parent, "init", "-q", "other")
        monkeypatch.setenv("GIT_DIR", str(repo.parent / "other/.git"))
        monkeypatch.setenv("GIT_INDEX_FILE", ".git/none")
        write(repo, ".gitignore", text="app/\n")
        assert self.clean(repo) == [".gitignore", "app/a.py", "b.md"]

    def test_no_program_of_the_repository_runs(self, repo: Path, tmp_path: Path) -> None:
        ran = tmp_path / "ran"
        trap = str(script(tmp_path / "trap", ran))
        write(repo, ".git/info/attributes", text="* filter=evil diff=evil\n")
        for key in ("filter.evil.clean", "filter.evil.process", "diff.evil.textconv", "diff.evil.command"):
            git(repo, "config", key, trap)
        git(repo, "config", "core.fsmonitor", trap)
        git(repo, "config", "core.pager", trap)
        write(repo, "new.py", "b.md", text="x = 2\n")
        assert self.clean(repo) == ["app/a.py", "b.md", "new.py"]
        assert not ran.exists()
        subprocess.run(["git", "grep", "--textconv", "x"], cwd=repo, capture_output=True, check=False)
        assert ran.exists()

    @as_user
    def test_forbidden(self, repo: Path) -> None:
        (repo / "b.md").chmod(0)
        assert self.clean(repo) is None

    @pytest.mark.parametrize("evil", [b"../x/out.py", b"/etc/passwd"])
    def test_a_forged_index_leads_nowhere(self, repo: Path, evil: bytes) -> None:
        write(repo.parent, "x/out.py", text="portkey\n")
        write(repo, "0123456789a")
        git(repo, "add", "0123456789a")
        index = repo / ".git/index"
        forged = index.read_bytes()[:-20].replace(b"0123456789a", evil)
        index.write_bytes(forged + hashlib.sha1(forged).digest())
        assert self.clean(repo) == files(open_project(repo))
        write(repo, "app/a.py", text="portkey\n")
        assert self.clean(repo) is None


class TestMatching:
    def test_which(self, root: Path) -> None:
        write(root, "a.py", text="import litellm\n")
        write(root, "b.py", text="import lite_llm\n")
        write(root, "c.py", text="")
        (root / "d.bin").write_bytes(b"\0portkey")
        (root / "e.txt").write_bytes(b" " * 9000 + b"\0portkey")
        (root / "f.txt").write_text("use portkey", encoding="utf-16")
        (root / "g.txt").write_bytes(b"\xfe\xff" + "use portkey".encode("utf-16-be"))
        (root / "h.txt").write_text("use another", encoding="utf-16")
        names = sorted(path.name for path in root.iterdir())
        assert matching(root, names, WORDS) == (["a.py", "e.txt", "f.txt", "g.txt"], [])

    def test_unreadable(self, root: Path) -> None:
        write(root, "real/a.py", text="portkey")
        (root / "link.py").symlink_to("real/a.py")
        os.mkfifo(root / "pipe")
        matched, unreadable = matching(root, ["gone.py", "link.py", "pipe", "real", "real/a.py"], WORDS)
        assert matched == ["real/a.py"]
        assert unreadable == [
            Problem("gone.py", "No such file or directory"),
            Problem("link.py", "Too many levels of symbolic links"),
            Problem("real", "Is a directory"),
        ]

    @as_user
    def test_forbidden(self, root: Path) -> None:
        write(root, "a.py")
        (root / "a.py").chmod(0)
        assert matching(root, ["a.py"], WORDS) == ([], [Problem("a.py", "Permission denied")])

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        before=st.builds(lambda blocks, off: blocks * needles.BLOCK + off, st.integers(1, 3), st.integers(-40, 40)),
        after=st.integers(0, needles.BLOCK),
    )
    def test_across_blocks(self, root: Path, before: int, after: int) -> None:
        (root / "whole").write_bytes(b"-" * before + b"agentcore.integration" + b"-" * after)
        (root / "part").write_bytes(b"-" * before + b"agentcore.integratio" + b"-" * after)
        assert matching(root, ["part", "whole"], [b"x", b"agentcore.integration"]) == (["whole"], [])
        assert matching(root, ["part", "whole"], [b"a"]) == (["part", "whole"], [])

    def test_large_files_are_never_held_whole(self, root: Path) -> None:
        with (root / "large").open("wb") as file:
            file.write(b"-" * needles.HEAD)
            file.seek(40_000_000)
            file.write(b"portkey")
        tracemalloc.start()
        assert matching(root, ["large"], WORDS) == (["large"], [])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1_000_000

    def test_progress_ends_at_the_count(self, root: Path) -> None:
        write(root, "a")
        told: list[int] = []
        matching(root, ["a"] * 300, WORDS, told.append)
        assert told == [0, 256, 300]


class TestRead:
    def test_links_are_refused(self, root: Path) -> None:
        write(root.parent, "beside/secret.py")
        (root / "link").symlink_to(root.parent / "beside")
        (root / "link.py").symlink_to(root.parent / "beside/secret.py")
        for path in ("link/secret.py", "link.py", "../beside/secret.py"):
            with pytest.raises(OSError, match="symbolic links"):
                read(root.resolve(), path)

    def test_bytes_as_they_are(self, root: Path) -> None:
        (root / "a.py").write_bytes(b"\xef\xbb\xbfx\r\n\0")
        assert read(root.resolve(), "a.py") == b"\xef\xbb\xbfx\r\n\0"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("[tool.isort]\nline-length = 100\n", 0),
        ('[tool.ruff]\nsrc = ["a"]\n\nline-length = 100\n\n[tool.black]\n', 100),
        ('[tool.black]\ntarget-version = ["py311"]\n', 88),
        ('[tool.ruff.lint]\nselect = ["E"]\n', 88),
        ("[tool.migrate]\ntext = true\n\n[tool.black]\nline-length=79\n", 79),
    ],
)
def test_length_of_lines(tmp_path: Path, text: str, length: int) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert open_project(tmp_path).settings.line_length == length


@pytest.mark.parametrize(
    ("text", "generated"),
    [
        ("# @generated by a tool\n", True),
        ("// Code generated by a tool. DO NOT EDIT.\n", True),
        ("# Generated by a compiler.  Do not edit!\n", True),
        ("# DO NOT EDIT without asking\n", False),
        ("# generated\n", False),
        ("x" * 1024 + "@generated", False),
        ("# Autogenerated by nbdev\n\nd = {}\n", True),
        ("d = {}\n# what was autogenerated by nbdev before\n", False),
    ],
)
def test_is_generated(text: str, generated: bool) -> None:
    assert is_generated(text.encode()) is generated


@pytest.mark.parametrize(
    ("text", "generated"),
    [
        ('HEADER = "# Generated by us. DO NOT EDIT."\n', False),
        ("import a\n\n# @generated is what its files say\n", False),
        ('"""What writes."""\n\nTEXT = """\n@generated\n"""\n', False),
        ("#!/usr/bin/python\n\n# Generated by a compiler.  Do not edit!\nimport a\n", True),
        ('\ufeff# -*- coding: utf-8 -*-\nr"""Autogenerated.\n\nDO NOT EDIT.\n"""\n', True),
        ("'''@generated " + "x" * 1024 + "'''\n", True),
    ],
)
def test_is_generated_python(text: str, generated: bool) -> None:
    assert is_generated(text.encode(), is_python=True) is generated
