"""What expressions come to: answers of a library followed from the calls that give them, and errors that are caught."""

from __future__ import annotations

import ast

import pytest

from migrator.packs.load import builtin_folder, load
from migrator.packs.ruleset import Rules, compose
from migrator.python import rewrite
from migrator.python.answers.trace import Trace
from migrator.python.answers.values import (
    NOTHING,
    OTHER,
    UNKNOWN,
    Caught,
    Else,
    Error,
    Is,
    Kind,
    Many,
    Object,
    Row,
    Value,
    Values,
    asked,
    asks_usage,
    raised,
    said_of,
)
from migrator.python.module import Module
from migrator.python.reading.index import Index

ANSWER, CHUNKS = Is("answer"), Many(frozenset({Is("chunk")}))
CALL = "litellm.completion(model='a', messages=[])"
TIMEOUT, LIMIT = Error("Timeout", "litellm.error-timeout"), Error("RateLimitError", "litellm.error")


def _of(*values: Value) -> Values:
    return frozenset(values)


@pytest.fixture(scope="module")
def rules() -> Rules:
    return compose([load(builtin_folder() / "litellm-to-llm-gateway")])


def _last(rules: Rules, text: str, **others: str) -> Values:
    """What the last expression of a module comes to; `others` are further modules by name."""
    read = {f"{name}.py": rewrite.read(code, f"{name}.py", (name,)) for name, code in {**others, "main": text}.items()}
    index = Index.build(rules, [facts for *_, facts in read.values()], lambda path: read[path][:2])
    source, found, facts = read["main.py"]
    trace, module = Trace(index), Module(source, found, facts, index)
    node = max((n for n in ast.walk(source.tree) if isinstance(n, ast.Expr)), key=lambda n: n.lineno)
    return trace.value(trace.see(module), node.value)


# --------------------------------------------------------------------------------------------------- what is no answer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", OTHER),
        ("None", NOTHING),
        ("[]", NOTHING),
        ("unknown(1)", OTHER),
        ("def completion():\n    return 1\ncompletion()", OTHER),
        ("import litellm\nlitellm.token_counter(model='a')", OTHER),
        ("import litellm\nlitellm.completion", None),
    ],
)
def test_other_things_are_no_answers(rules: Rules, text: str, expected: Values | None) -> None:
    found = _last(rules, text)
    assert not any(isinstance(value, Is) for value in found)
    assert expected is None or found == expected


# ------------------------------------------------------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (f"{CALL}", _of(ANSWER)),
        (f"r = {CALL}\nr", _of(ANSWER)),
        (f"r = {CALL}\nr = 3\nr", OTHER),
        (f"r = {CALL} if a else None\nr", _of(ANSWER, Else.NOTHING)),
        (f"r = None or {CALL}\nr", _of(ANSWER)),
        (f"(r := {CALL})\nr", _of(ANSWER)),
        (f"[{CALL}, 1]", _of(Many(_of(ANSWER, Else.OTHER)))),
        (f"({CALL}, 1)", _of(Row((_of(ANSWER), OTHER)))),
        (f"a, b = {CALL}, 1\na", _of(ANSWER)),
        (f"[r for r in [{CALL}]]", _of(Many(_of(ANSWER)))),
        (f"for r in [{CALL}]:\n    r", _of(ANSWER)),
        (f"for i, r in enumerate([{CALL}]):\n    r", _of(ANSWER)),
        (f"rs = []\nrs.append({CALL})\nrs[0]", _of(ANSWER)),
        (f"ask = lambda: {CALL}\nask()", _of(ANSWER)),
        (f"def ask():\n    return {CALL}\nask()", _of(ANSWER)),
        (f"def ask():\n    yield {CALL}\nfor r in ask():\n    r", _of(ANSWER)),
        (f"class Ask:\n    def __call__(self):\n        return {CALL}\nAsk()()", _of(ANSWER)),
        (f"for c in filter(None, {CALL}):\n    c", _of(Is("chunk"))),
        (f"for c in islice({CALL}, 2):\n    c", _of(Is("chunk"))),
        (f"for c in chain([], {CALL}):\n    c", _of(Is("chunk"))),
        (f"for c in chain.from_iterable([{CALL}]):\n    c", _of(Is("chunk"))),
        (f"r: dict = {CALL}\nr", _of(ANSWER)),
        (f"def ask() -> tuple[str, dict]:\n    return 'a', {CALL}\nask()[1]", _of(ANSWER)),
        (f"a, *rest = {CALL}.choices\nrest[0]", _of(Is("choice"))),
        (f"*rest, a = {CALL}.choices\na", _of(Is("choice"))),
        (f"max({CALL}.choices, key=lambda c: c.index)", _of(Is("choice"))),
        (f"class A:\n    def __enter__(self):\n        return {CALL}\nwith A() as r:\n    r", _of(ANSWER)),
        ("class A:\n    def __enter__(self):\n        return self\nwith A() as r:\n    r", _of(Object("main.A"))),
        (f"@dataclass\nclass A:\n    n: int\n    r: dict = None\nA(1, {CALL}).r", _of(ANSWER, Else.NOTHING)),
        (f"@dataclass\nclass A:\n    r: Any = field(default_factory=dict)\nA(r={CALL}).r", _of(ANSWER, Else.NOTHING)),
        (f"(r := {CALL}) and r", _of(ANSWER, Else.NOTHING)),
        (
            f"class A:\n    def ask(self):\n        return {CALL}\nclass B(A):\n    def ask(self):\n"
            "        return super().ask()\nB().ask()",
            _of(ANSWER),
        ),
        (f"a, b = tee({CALL})\nfor c in b:\n    c", _of(Is("chunk"))),
        (f"{CALL}.choices", _of(Many(_of(Is("choice"))))),
        (f"{CALL}['choices'][0]['message']", _of(Is("message"))),
        (f"{CALL}.choices[0].message.content", OTHER),
        (f"for c in {CALL}:\n    c", _of(Is("chunk"))),
        ("litellm.embedding(model='a', input='b')['data'][0]", _of(Is("vector"))),
        ("litellm.completion(model='a', messages=[], stream_options=x)", _of(Is("answer", usage=True))),
        ("litellm.completion(model='a', messages=[], stream_options=None)", _of(ANSWER)),
        ("litellm.completion(**given)", _of(Is("answer", usage=True))),
    ],
)
def test_an_answer_is_followed(rules: Rules, code: str, expected: Values) -> None:
    assert _last(rules, f"import litellm\n{code}") == expected


def test_attributes_methods_and_properties_are_followed(rules: Rules) -> None:
    text = f"""
import litellm

class Base:
    def ask(self):
        self.last = {CALL}
        return self.last

    @property
    def choices(self):
        return self.last.choices

class Bot(Base):
    pass

"""
    assert _last(rules, f"{text}Bot()") == _of(Object("main.Bot"))
    assert _last(rules, f"{text}Bot().ask()") == _of(ANSWER)
    assert _last(rules, f"{text}Bot().last") == _of(ANSWER)
    assert _last(rules, f"{text}Bot().choices[0]") == _of(Is("choice"))
    assert _last(rules, f"{text}Bot().other") == OTHER


def test_a_parameter_is_what_callers_give(rules: Rules) -> None:
    text = "def read(r, more):\n    r\n"
    assert _last(rules, f"import litellm\nread({CALL}, 1)\n{text}") == _of(ANSWER)
    assert _last(rules, f"import litellm\nlitellm.api_base\n{text}") == UNKNOWN


def test_an_annotation_says_what_nobody_gives(rules: Rules) -> None:
    assert _last(rules, "from litellm import ModelResponse\ndef read(r: ModelResponse):\n    r") == _of(ANSWER)


def test_other_modules_are_followed(rules: Rules) -> None:
    asking = f"import litellm\ndef ask():\n    return {CALL}\n"
    assert _last(rules, "from asking import ask\nask()", asking=asking) == _of(ANSWER)
    assert _last(rules, "import asking\nasking.ask().choices[0]", asking=asking) == _of(Is("choice"))
    handed = "from asking import ask as put\n"
    assert _last(rules, "from handed import put\nput()", asking=asking, handed=handed) == _of(ANSWER)


def test_tests_of_types_narrow(rules: Rules) -> None:
    text = f"import litellm\nr = {CALL}\nif isinstance(r, dict):\n    x = 1\nelse:\n    r"
    assert _last(rules, text) == _of(ANSWER)
    assert _last(rules, f"import litellm\nr = {CALL}\nif isinstance(r, str):\n    r") == OTHER


@pytest.mark.parametrize(
    "text",
    [
        "def a():\n    return b()\ndef b():\n    return a()\na()",
        "x = y\ny = x\nx",
        "def f(v):\n    return f(v)\nf(1)",
        "class A:\n    def b(self):\n        return self.c()\n    def c(self):\n        return self.b()\nA().b()",
    ],
)
def test_a_circle_ends(rules: Rules, text: str) -> None:
    assert not any(isinstance(value, Is) for value in _last(rules, f"import litellm\n{text}"))


@pytest.mark.parametrize(
    "step",
    [
        "x{next} = x{this}",
        "def f{next}(v):\n    return f{this}(v)\nx{next} = f{next}(1)",
        "class C{next}(C{this}):\n    pass\nx{next} = C{next}()",
    ],
)
def test_what_is_far_away_ends_the_way_and_not_the_program(rules: Rules, step: str) -> None:
    begin = f"import litellm\nx0 = {CALL}\ndef f0(v):\n    return v\nclass C0:\n    pass\n"
    near, far = ("\n".join(step.format(this=i, next=i + 1) for i in range(n)) for n in (10, 1200))
    assert _last(rules, f"{begin}{near}\nx10")
    assert _last(rules, f"{begin}{far}\nx1200")


# -------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("litellm.RateLimitError", _of(Kind(LIMIT))),
        ("litellm.exceptions.RateLimitError('slow')", _of(LIMIT)),
        ("try:\n    x\nexcept litellm.Timeout as e:\n    e", _of(TIMEOUT)),
        ("try:\n    x\nexcept (litellm.Timeout, OSError) as e:\n    e", _of(TIMEOUT, Else.OTHER)),
        (
            "SOME = (litellm.Timeout, litellm.RateLimitError)\ntry:\n    x\nexcept SOME as e:\n    e",
            _of(TIMEOUT, LIMIT),
        ),
        ("try:\n    x\nexcept Exception as e:\n    e", OTHER),
        ("import pytest\nwith pytest.raises(litellm.Timeout) as caught:\n    x\ncaught.value", _of(TIMEOUT)),
        ("import pytest\nwith pytest.raises(OSError) as caught:\n    x\ncaught.value", OTHER),
    ],
)
def test_an_error_is_followed(rules: Rules, code: str, expected: Values) -> None:
    assert _last(rules, f"import litellm\n{code}") == expected


# ------------------------------------------------------------------------------------------------ values by themselves


def test_what_is_caught_where_types_are_listed() -> None:
    assert raised(_of(Kind(TIMEOUT))) == _of(TIMEOUT)
    assert raised(_of(Row((_of(Kind(TIMEOUT)), OTHER)))) == _of(TIMEOUT, Else.OTHER)
    assert raised(_of(Many(_of(Kind(TIMEOUT), Kind(LIMIT))))) == _of(TIMEOUT, LIMIT)
    assert raised(_of(Caught(_of(TIMEOUT)))) == OTHER


def test_usage_is_asked_for_by_what_is_given_alone() -> None:
    asking = Is("answer", usage=True)
    assert asks_usage(_of(Many(_of(asking)))) and not asks_usage(_of(CHUNKS, Else.OTHER))
    assert asked(CHUNKS) == Many(_of(Is("chunk", usage=True))) and asked(Else.OTHER) is Else.OTHER
    assert said_of(_of(ANSWER), _of(asking)) == _of(asking)
    assert said_of(_of(ANSWER), OTHER) == _of(ANSWER)
