"""The laws of the house on generated projects, run against stubs of the old API before and of the new one after.

Every object of the stubs has a label that the rename does not touch; the programs print labels, so a name that comes
to mean something else, or nothing, shows in the output.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import io
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from projects import tree, write

from migrator.backup import transaction
from migrator.outcome import Plan
from migrator.packs import load as packs
from migrator.plan import Options, build
from migrator.sites import Status
from migrator.tree.project import open_project

OLD, NEW = "agentcore.integration.portkey", "agentcore.llm_gateway"
OBJECTS = {  # object -> the module below the package that defines it; the package has them all
    "PortkeyClient": "client",
    "PortkeyConfig": "config",
    "PortkeyRequest": "models",
    "PortkeyResponse": "models",
    "PortkeyError": "exceptions",
    "PortkeyTimeoutError": "exceptions",
    "CostTracker": "cost_tracker",
}
ERRORS = [name for name in OBJECTS if name.endswith("Error")]
NEWLINES = ("\n", "\r\n")
PACKS = packs.load_named(["agentcore-portkey-to-llm-gateway"], packs.available())

# ------------------------------------------------------------------------------------------------------------- stubs


def _stub(package: str, prefix: str) -> dict[str, ModuleType]:
    """Modules of an API, by name: the package, its modules, and `agentcore.integration.slack` beside it."""
    modules: dict[str, ModuleType] = {}

    def module(name: str) -> ModuleType:
        if name not in modules:
            modules[name] = ModuleType(name)
            modules[name].__path__ = []
            parent, _, leaf = name.rpartition(".")
            if parent:
                setattr(module(parent), leaf, modules[name])
        return modules[name]

    for name, home in OBJECTS.items():
        base = RuntimeError if name in ERRORS else object
        made = type(name.replace("Portkey", prefix), (base,), {"label": f"<{name}>"})
        setattr(module(f"{package}.{home}"), made.__name__, made)
        setattr(module(package), made.__name__, made)
    vars(module("agentcore.integration.slack"))["Slack"] = type("Slack", (), {"label": "<Slack>"})
    return modules


BEFORE, AFTER = _stub(OLD, "Portkey"), _stub(NEW, "LLMGateway")


@contextmanager
def _importable(root: Path, stub: dict[str, ModuleType]) -> Iterator[None]:
    """`root` and the stub can be imported; nothing of either is left behind."""
    there, path, cached = set(sys.modules), list(sys.path), sys.dont_write_bytecode
    sys.modules.update(stub)
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path, cached
        for name in set(sys.modules) - there:
            if name in stub or name.partition(".")[0] == "app":
                del sys.modules[name]
        for name in [n for n in sys.path_importer_cache if n.startswith(str(root))]:
            del sys.path_importer_cache[name]


def _run(root: Path, stub: dict[str, ModuleType]) -> tuple[str, str]:
    """What `app.main` prints, and the exception it ends with, "" for none."""
    printed = io.StringIO()
    with _importable(root, stub), redirect_stdout(printed):
        try:
            importlib.import_module("app.main")
        except Exception as error:  # any is a finding; told without its traceback, whose paths differ each time
            return printed.getvalue(), repr(error)
    return printed.getvalue(), ""


# ---------------------------------------------------------------------------------------------------------- programs


@dataclass(frozen=True)
class Bound:
    """Source that imports something, and the expressions that mean an object of the API where it has run."""

    lines: tuple[str, ...]
    means: tuple[tuple[str, str], ...]  # expression -> the object


def _reachable(base: str, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{base}.{name}", name) for name in names)


# Followed by what they stand for: one name for two things in one program is beyond what is promised.
ALIASES = st.sampled_from(["Client", "pk", "thing", "_private"])
NAMES = st.lists(st.sampled_from(sorted(OBJECTS)), min_size=1, max_size=4, unique=True)


@st.composite
def whole_imports(draw: st.DrawFn) -> Bound:
    """`import a.b.c`, of the package or of one of its modules, with or without `as`."""
    home = draw(st.sampled_from([None, "client", "models", "exceptions"]))
    module = f"{OLD}.{home}" if home else OLD
    names = [n for n, h in OBJECTS.items() if h == home or not home]
    alias = draw(st.none() | ALIASES.map(lambda name: f"{name}_{home}"))
    beside = draw(st.sampled_from(["", ", sys", ", json"]))
    return Bound((f"import {module}{f' as {alias}' if alias else ''}{beside}",), _reachable(alias or module, names))


@st.composite
def module_imports(draw: st.DrawFn) -> Bound:
    """`from … import module`, alone or beside a module that stays."""
    parent, leaf, names = draw(
        st.sampled_from(
            [
                ("agentcore.integration", "portkey", sorted(OBJECTS)),
                (OLD, "client", ["PortkeyClient"]),
                (OLD, "exceptions", ERRORS),
            ]
        )
    )
    alias = draw(st.none() | ALIASES.map(lambda name: f"{name}_{leaf}"))
    written = f"{leaf} as {alias}" if alias else leaf
    means = _reachable(alias or leaf, names)
    if parent == "agentcore.integration" and draw(st.booleans()):
        both = draw(st.permutations([written, "slack"]))
        return Bound((f"from {parent} import {', '.join(both)}",), (*means, ("slack.Slack", "Slack")))
    return Bound((f"from {parent} import {written}",), means)


@st.composite
def object_imports(draw: st.DrawFn) -> Bound:
    """`from … import A, B as C` in each of its layouts."""
    names = draw(NAMES)
    home = OBJECTS[names[0]]
    home = home if all(OBJECTS[name] == home for name in names) and draw(st.booleans()) else ""
    module = f"{OLD}.{home}".rstrip(".")
    written, means = [], []
    for name in names:
        renamed = name.replace("Portkey", "LLMGateway")
        alias = draw(st.sampled_from([None, name, renamed, f"Client_{name}", f"_private_{name}"]))
        written.append(f"{name} as {alias}" if alias else name)
        means.append((alias or name, name))
    layout = draw(st.sampled_from(["plain", "semicolon", "parens", "lines", "comments", "backslash"]))
    start = f"from {module} import"
    if layout == "lines":
        lines = [f"{start} (", *(f"    {w}," for w in written), ")"]
    elif layout == "comments":
        lines = [f"{start} (  # PortkeyClient is one", *(f"    {w},  # {w}" for w in written), "    # the end", ")"]
    elif layout == "backslash":
        lines = [f"{start} \\", f"    {', '.join(written)}"]
    elif layout == "parens":
        lines = [f"{start} ( {' , '.join(written)}, )"]
    else:
        lines = [f"{start} {', '.join(written)}" + ("; import sys" if layout == "semicolon" else "")]
    return Bound(tuple(lines), tuple(means))


STARS = st.sampled_from([OLD, f"{OLD}.models", f"{OLD}.exceptions"]).map(
    lambda module: Bound(
        (f"from {module} import *",), tuple((n, n) for n, h in OBJECTS.items() if module in (OLD, f"{OLD}.{h}"))
    )
)
THROUGH_TEXT = st.sampled_from(sorted(OBJECTS)).map(
    lambda name: Bound(
        ("from importlib import import_module",),
        ((f'import_module("{OLD}").{name}', name), (f"import_module('{OLD}.{OBJECTS[name]}').{name}", name)),
    )
)
LOCAL_IMPORTS = st.one_of(whole_imports(), module_imports(), object_imports(), THROUGH_TEXT)
IMPORTS = st.one_of(LOCAL_IMPORTS, STARS)

USES = [  # {0} is an expression that means an object, {1} the object's own name, {n} a fresh number
    ["print({0}.label)"],
    ["print(f'''{{{0}.label}} and {{ {0}.label !r:>20}}''')"],
    ["print({0}().label, isinstance({0}(), {0}), [{0}.label for _ in range(2)])"],
    ["alias_{n} = {0}", "print(alias_{n}.label, (lambda: {0})().label, (same_{n} := {0}).label)"],
    ["class Sub_{n}({0}):", "    pass", "print(Sub_{n}.label, Sub_{n}.__mro__[1].label)"],
    [
        "def asked_{n}(x: {0} = {0}()) -> {0}:",
        "    return {0}",
        "print(asked_{n}().label, type(asked_{n}.__defaults__[0]).label)",
    ],
    ["match {0}():", "    case {0}():", "        print('matched')", "    case _:", "        print('missed')"],
    ["print({{{0}: {0}.label}}[{0}], ({0}, {0})[1].label)"],
    ["print({0} .label, ({0}", "    .label))"],
    ["# {1} is the one below", "print({0}.label)  # {1}"],
]
FAULTS = [
    ["try:", "    raise {0}('late')", "except {0} as error:", "    print(type(error).label)"],
    ["try:", "    raise {0}", "except ({0}, KeyError) as error:", "    print(error.label)"],
]
LOOK_ALIKES = [  # the application's own, which must stay or move together
    [
        "from types import SimpleNamespace",
        "own_{n} = SimpleNamespace(PortkeyClient='mine')",
        "print(own_{n}.PortkeyClient)",
    ],
    ["def given_{n}(PortkeyClient):", "    return PortkeyClient", "print(given_{n}('an argument'))"],
    ["print(dict(PortkeyConfig='a key'))"],
    ["def inner_{n}():", "    PortkeyError = 'a local'", "    return PortkeyError", "print(inner_{n}())"],
    [
        "class Own_{n}:",
        "    CostTracker = 'an attribute'",
        "    def PortkeyRequest(self):",
        "        return self.CostTracker",
        "print(Own_{n}().PortkeyRequest())",
    ],
    ["LLMGatewayConfig = 'taken'", "print(LLMGatewayConfig)"],
    ["portkey_total = 3", "print(portkey_total)"],
]


@st.composite
def uses(draw: st.DrawFn, means: Sequence[tuple[str, str]]) -> list[str]:
    """Statements that print the labels of what the expressions mean, and some that only look like it."""
    lines = []
    for expression, name in draw(st.lists(st.sampled_from(means), min_size=1, max_size=3)):
        fitting = USES if "(" not in expression else [u for u in USES if not u[0].startswith("match ")]
        template = draw(st.sampled_from(FAULTS if name in ERRORS and draw(st.booleans()) else fitting))
        number = draw(st.integers(0, 99))
        lines += [line.format(expression, name, n=number) for line in template]
    if draw(st.integers(0, 3)) == 0:
        others = [alike for alike in LOOK_ALIKES if alike[0].partition(" ")[0] not in dict(means)]
        template, number = draw(st.sampled_from(others)), draw(st.integers(0, 99))
        lines += [line.format(n=number) for line in template]
    return lines


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]


@st.composite
def blocks(draw: st.DrawFn, imports: st.SearchStrategy[Bound]) -> list[str]:
    """An import and uses of it: at the top, in a branch, in a `try`, or inside a function."""
    where = draw(st.sampled_from(["top", "top", "branch", "try", "function", "nested"]))
    bound = draw(imports if where != "function" else imports.filter(lambda b: "*" not in b.lines[0]))
    lines = draw(uses(bound.means))
    if where == "branch":
        return ["if True:", *_indented(bound.lines), *lines]
    if where == "try":
        return ["try:", *_indented(bound.lines), "except ImportError:", "    raise", *lines]
    if where == "function":
        number = draw(st.integers(0, 99))
        return [f"def local_{number}():", *_indented([*bound.lines, *lines]), f"local_{number}()"]
    if where == "nested":
        number = draw(st.integers(0, 99))
        return [*bound.lines, f"def using_{number}():", *_indented(lines), f"using_{number}()"]
    return [*bound.lines, *lines]


@st.composite
def libraries(draw: st.DrawFn) -> tuple[list[str], st.SearchStrategy[Bound]]:
    """A module that hands names of the API on, and the ways to import them from it."""
    bound = draw(st.one_of(object_imports(), STARS))
    names = [(expression, name) for expression, name in bound.means]
    lines = list(bound.lines)
    if draw(st.booleans()):
        lines += [f"__all__ = {[expression for expression, _ in names]!r}"]
        public = names
    else:
        public = [(e, n) for e, n in names if not e.startswith("_")]
    name, meant = draw(st.sampled_from(names))
    alias = f"theirs_{meant}"
    ways = [
        Bound((f"from app.lib import {name}",), ((name, meant),)),
        Bound((f"from .lib import {name} as {alias}",), ((alias, meant),)),
        Bound(("import app.lib",), ((f"app.lib.{name}", meant),)),
        Bound(("from app import lib",), ((f"lib.{name}", meant),)),
        Bound(("from . import lib as handed",), ((f"handed.{name}", meant),)),
    ]
    if public:
        ways.append(Bound(("from .lib import *",), tuple(public)))
    return lines, st.sampled_from(ways)


@st.composite
def projects(draw: st.DrawFn) -> dict[str, bytes]:
    """A package `app` whose `app.main` prints labels, in some encoding of lines."""
    lib, from_lib = draw(libraries())
    parts = draw(st.lists(blocks(st.one_of(IMPORTS, from_lib)), min_size=1, max_size=4))
    head = draw(
        st.sampled_from(
            [[], ['"""The application."""'], ["from __future__ import annotations", ""], ["# PortkeyClient"]]
        )
    )
    main = [*head, *(line for part in parts for line in part)]
    newline, final = draw(st.sampled_from(NEWLINES)), draw(st.booleans())
    indent, mark = draw(st.sampled_from(["    ", "\t", "  "])), draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    return {
        "app/__init__.py": b"",
        "app/lib.py": _encoded(lib, "\n", True, "    ", b""),
        "app/main.py": _encoded(main, newline, final, indent, mark),
    }


def _encoded(lines: Sequence[str], newline: str, final: bool, indent: str, mark: bytes) -> bytes:
    spaced = (re.sub(r"^(    )+", lambda m: indent * (len(m[0]) // 4), line) for line in lines)
    return mark + (newline.join(spaced) + (newline if final else "")).encode()


# --------------------------------------------------------------------------------------------------------------- laws


def _plan(root: Path) -> Plan:
    return build(open_project(root), PACKS, Options())


@settings(
    max_examples=200,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(projects())
def test_a_program_does_the_same_and_comes_back_byte_for_byte(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = write(Path(folder).resolve(), files)
        before, meant = tree(root), _run(root, BEFORE)
        assert meant[1] == "", "the generated program is at fault"
        plan = _plan(root)
        assert plan.problems == ()
        assert tree(root) == before, "planning wrote something"
        for change in plan.changes:
            assert change.before is not None
            assert change.after is not None
            ast.parse(change.after)
            _assert_lossless(change.before, change.after, {s.line for s in plan.sites if s.path == change.path})
        # A subclass may pass on arguments that nobody sees here, which is told; nothing else is left to a person.
        by_hand = {s.rule for s in plan.sites if s.status is Status.MANUAL}
        assert by_hand <= {"agentcore.client-arguments", "agentcore.config-keys"}
        backup = root / ".migration_backup"
        transaction.apply(root, backup, plan.changes, run=transaction.run_id(datetime.now(UTC)), meta={})
        assert _run(root, AFTER) == meant
        assert _plan(root).changes == (), "a second run changes something"
        if plan.changes:
            transaction.restore(root, backup)
        assert tree(root) == before


def _assert_lossless(before: bytes, after: bytes, reported: set[int]) -> None:
    """Every line that differs belongs to a statement with a site, and line ends and byte-order marks stay."""
    mark = b"\xef\xbb\xbf"  # it is no part of the line that it stands before
    old, new = (text.removeprefix(mark).splitlines(keepends=True) for text in (before, after))
    covered = {
        line
        for first, last in _statements(before)
        if reported & set(range(first, last + 1))
        for line in range(first, last + 1)
    }
    for tag, i, k, j, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "insert":
            assert all(line.strip().startswith((b"import ", b"from ")) for line in new[j:m]), new[j:m]
        elif tag != "equal":
            assert set(range(i + 1, k + 1)) <= covered, (old[i:k], new[j:m])
    assert before.startswith(mark) == after.startswith(mark)
    assert (b"\r\n" in before) == (b"\r\n" in after)
    assert after.count(b"\n") - after.count(b"\r\n") == 0 or b"\r\n" not in before
    assert before.endswith(b"\n") == after.endswith(b"\n")


def _statements(source: bytes) -> Iterator[tuple[int, int]]:
    """First and last line of every statement; of one with a body, of what comes before the body. Comments, too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt | ast.match_case | ast.excepthandler):
            first = node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno
            body = getattr(node, "body", None)
            yield first, (max(first, body[0].lineno - 1) if body else node.end_lineno or first)
    for number, line in enumerate(source.splitlines(), 1):
        if line.lstrip(b"\xef\xbb\xbf \t").startswith(b"#"):
            yield number, number
