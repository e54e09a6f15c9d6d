"""Configs: what is refused and in which words, what is warned of, what is inherited; and nothing else is raised."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from llm_gateway.core.errors import InvalidConfig
from llm_gateway.core.types import Retry, Target
from llm_gateway.routing import config as module
from llm_gateway.routing import patterns
from llm_gateway.routing.config import from_header, parse

Config = dict[str, Any]

NEEDS = (
    "Invalid configuration. It must have either 'provider' and 'api_key', or 'strategy' and 'targets', "
    "or 'cache', or 'retry', or 'request_timeout'"
)
OTHERS = {f"other{i}": 1 for i in range(57)}
LEAF = {"provider": "openai", "api_key": "k"}


def wrapped(depth: int) -> Config:
    config: Config = dict(LEAF)
    for _ in range(depth):
        config = {"targets": [config]}
    return config


def conditional(query: Config, then: str = "a", default: str | None = "a") -> Config:
    strategy = {"mode": "conditional", "conditions": [{"query": query, "then": then}]}
    return {"strategy": strategy | ({"default": default} if default else {}), "targets": [{"name": "a", **LEAF}]}


def balanced(*weights: object) -> Config:
    return {"strategy": {"mode": "loadbalance"}, "targets": [{**LEAF, "weight": weight} for weight in weights]}


def leaves(node: Target) -> list[Target]:
    return [leaf for child in node.targets for leaf in leaves(child)] if node.targets else [node]


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    "text",
    [
        "{nope",
        "pc-abc123",
        "",
        "NaN",
        '{"weight": 1e999}',
        "\ud800",
        '"\\ud800"',
        "[" * 5000,
        '{"a":' * 400 + "1" + "}" * 400,
    ],
)
def test_what_is_no_json_is_refused_in_portkeys_words(text: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        parse(text)
    assert refused.value.message == "Invalid config passed. You need to pass a valid json"
    assert refused.value.errors == ()


@pytest.mark.parametrize(
    ("config", "errors"),
    [
        (
            {"strategy": {"mode": "round-robin"}, "targets": [LEAF]},
            ["strategy,mode|Invalid 'mode' value. Must be one of: single, loadbalance, fallback, conditional"],
        ),
        (
            {"cache": {"mode": "x"}, **LEAF},
            ["cache,mode|Invalid 'cache.mode' value. Must be one of: simple, semantic"],
        ),
        ({}, [f"|{NEEDS}"]),
        ({"strategy": {"mode": "single"}}, [f"|{NEEDS}"]),
        (
            {"strategy": {"mode": "fallback"}, "targets": [{}, {"weight": 1}]},
            [f"targets,0|{NEEDS}", f"targets,1|{NEEDS}"],
        ),
        ([], ["|Expected object, received array"]),
        (None, ["|Expected object, received null"]),
        ({"strategy": "fallback", **LEAF}, ["strategy|Expected object, received string"]),
        ({"strategy": {}, **LEAF}, ["strategy,mode|Required"]),
        ({"targets": [3]}, ["targets,0|Expected object, received number"]),
        ({"targets": LEAF}, ["targets|Expected array, received object"]),
        ({"retry": {}}, ["retry,attempts|Required"]),
        ({"retry": {"attempts": "3"}}, ["retry,attempts|Expected number, received string"]),
        ({"retry": {"attempts": True}}, ["retry,attempts|Expected number, received boolean"]),
        (
            {"retry": {"attempts": 1, "on_status_codes": ["429"]}},
            ["retry,on_status_codes,0|Expected number, received string"],
        ),
        ({"cache": {}}, ["cache,mode|Required"]),
        ({"cache": None}, ["cache|Expected object, received null"]),
        ({**LEAF, "request_timeout": "30"}, ["request_timeout|Expected number, received string"]),
        ({**LEAF, "override_params": []}, ["override_params|Expected object, received array"]),
        ({**LEAF, "api_key": "a\r\nx-evil: 1"}, ["api_key|Control characters are not allowed"]),
        ({"forward_headers": ["a\n"]}, ["forward_headers|Control characters are not allowed"]),
        (
            {"forward_headers": ["X-Portkey-Forward-Headers"]},
            ["forward_headers|forward_headers must not contain the 'x-portkey-forward-headers' header"],
        ),
        (balanced(0, 0), ["targets|Every weight is 0, so no target can be chosen. Give at least one a weight above 0"]),
        (balanced(1e308, 1e308), ["targets|The weights are too large to add up"]),
        (balanced(-1, 2), ["targets,0,weight|Number must be greater than or equal to 0"]),
        (balanced(math.nan), ["targets,0,weight|Expected number, received null"]),
        ({"strategy": {"mode": "loadbalance"}, "targets": []}, ["targets|A loadbalance needs at least one target"]),
        ({"strategy": {"mode": "fallback"}, "virtual_key": "v"}, ["targets|A fallback needs at least one target"]),
        (
            {"strategy": {"mode": "conditional"}, "targets": [LEAF]},
            ["strategy,conditions|No conditions passed in the query router"],
        ),
        (
            {"strategy": {"mode": "conditional", "conditions": [{"query": "x", "then": 1}]}, "targets": [LEAF]},
            [
                "strategy,conditions,0,query|Expected object, received string",
                "strategy,conditions,0,then|Expected string, received number",
            ],
        ),
        (
            {**LEAF, "cb_config": {"failure_threshold": 0}},
            [
                "cb_config,cooldown_interval|Required",
                "cb_config,failure_threshold|Number must be greater than or equal to 1",
            ],
        ),
    ],
)
def test_refusals_name_the_path_and_the_fault(config: Any, errors: list[str]) -> None:
    with pytest.raises(InvalidConfig) as refused:
        parse(config)
    assert refused.value.message == "Invalid config passed"
    assert list(refused.value.errors) == ["path: {}, message: {}".format(*error.split("|")) for error in errors]


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        (wrapped(11), "Nested more than 10 deep"),
        ({"targets": [LEAF] * 257}, "More than 256 targets in all"),
        ({"override_params": {str(i): i for i in range(257)}}, "More than 256 parameters"),
        (
            {"override_params": dict.fromkeys(map(str, range(200)), 1), "targets": [{"override_params": OTHERS}]},
            "More than 256 parameters",
        ),
        ({"strategy": {"mode": "conditional", "conditions": [{"query": {}, "then": "a"}] * 257}}, "More than 256 cond"),
    ],
)
def test_there_is_an_end_to_size(config: Config, fault: str) -> None:
    with pytest.raises(InvalidConfig) as refused:
        parse(config)
    assert fault in refused.value.errors[0]


def test_a_config_of_many_bytes_is_refused_unread() -> None:
    with pytest.raises(InvalidConfig, match="larger than 262144 bytes"):
        parse(json.dumps({**LEAF, "name": "n" * module.MOST_BYTES}))


def test_deep_queries_are_refused() -> None:
    query: Config = {"params.model": "m"}
    for _ in range(100):
        query = {"$or": [query]}
    with pytest.raises(InvalidConfig) as refused:
        parse(conditional(query))
    assert refused.value.errors == ("path: strategy,conditions,0,query, message: Nested more than 10 deep",)


def test_errors_are_at_most_twenty_and_hide_values() -> None:
    with pytest.raises(InvalidConfig) as refused:
        parse({"targets": [{"api_key": ["sk-secret"], "cache": {"mode": "sk-secret"}}] * 50})
    assert len(refused.value.errors) == 20
    assert "sk-secret" not in json.dumps(refused.value.body())


@pytest.mark.parametrize(
    "value", [{1: 2}, {"a": {1, 2}}, {"name": "\ud800"}, {"override_params": {"seed": 2**70}}, 2**70]
)
def test_mappings_that_are_no_json_are_refused(value: Any) -> None:
    with pytest.raises(InvalidConfig):
        parse(value)


def test_a_mapping_that_holds_itself_is_refused() -> None:
    config: Config = {}
    config["targets"] = [config]
    with pytest.raises(InvalidConfig):
        parse(config)


# ------------------------------------------------------------------------------------------------------------ warnings


@pytest.mark.parametrize(
    ("config", "warning"),
    [
        ({**LEAF, "request_timeout": 30}, "config: request_timeout 30 is in milliseconds; for 30 seconds write 30000"),
        ({**LEAF, "request_timeout": -5}, "config: a request_timeout below 0 is ignored"),
        ({**LEAF, "retry": {"attempts": 9}}, "config: retry.attempts is at most 5"),
        (
            {"cache": {"mode": "simple", "max_age": 5}},
            "config: cache.max_age is outside 60 to 7776000 seconds; 604800 is used",
        ),
        (
            balanced(1) | {"strategy": {"mode": "loadbalance", "on_status_codes": [429]}},
            "config: strategy.on_status_codes is ignored under loadbalance; only a fallback heeds it",
        ),
        (
            {**LEAF, "on_status_codes": [429]},
            "config: on_status_codes is ignored here; it belongs in strategy or retry",
        ),
        ({"targets": [LEAF, LEAF]}, "config: only the first target is used; for the others set strategy.mode"),
        (
            {**LEAF, "input_guardrails": ["x"]},
            "config: this gateway runs no guardrails or hooks; ignored: input_guardrails",
        ),
        ({"prompt_id": "pp-1"}, "config: not used by this gateway: prompt_id"),
        ({"targets": [{**LEAF, "modle": 1, "b": 2}]}, "config.targets[0]: unknown keys ignored: b, modle"),
        ({"retry": {"attempts": 1, "atempts": 2}}, "config: unknown keys ignored in retry: atempts"),
        (
            conditional({"model": "gpt-4"}),
            "config: query key 'model' is never true; write 'params.model', 'metadata.model' or 'url.pathname'",
        ),
        (conditional({"$or": [{"user.plan": "x"}]}), "config: query key 'user.plan' is never true"),
        (conditional({"$or": [5]}), "config: what is no object in $or is never true"),
        (conditional({"params.model.x": "m"}), "config: query key 'params.model.x' is read as 'params.model'"),
        (
            conditional({"params.model": {"$exists": True}}),
            "config: operator '$exists' is not supported; there are $eq, ",
        ),
        (conditional({"params.model": {"$regex": "("}}), "config: $regex '(' is no regular expression of JavaScript"),
        (conditional({"params.model": {"$in": "m"}}), "config: $in needs a list and is never true"),
        (conditional({}, then="openai-key"), "config: no target has the name 'openai-key'; set \"name\" on the one"),
        (conditional({}, default=None), "config: no strategy.default: requests that meet no condition get a 400"),
        (
            balanced(1) | {"strategy": {"mode": "loadbalance", "sticky": {"enabled": True, "hash_fields": ["user"]}}},
            "config: sticky hash field 'user' is never there; write params.x or metadata.x",
        ),
        (
            {**LEAF, "cb_config": {"failure_threshold": 3, "cooldown_interval": 30}},
            "config: cb_config.cooldown_interval is in milliseconds and at least 30000",
        ),
    ],
)
def test_mistakes_that_do_no_harm_are_warned_of(config: Config, warning: str) -> None:
    (said,) = parse(config).warnings
    assert said.startswith(warning)


def test_a_sound_config_has_no_warnings() -> None:
    config = conditional({"params.model": {"$regex": "^gpt"}, "metadata.plan": "paid", "url.pathname": {"$ne": "/x"}})
    config |= {"retry": {"attempts": 5}, "cache": {"mode": "semantic", "max_age": 3600}, "request_timeout": 30_000}
    assert parse(config).warnings == ()


def test_warnings_are_few_and_fit_a_header() -> None:
    config = {"targets": [{**LEAF, f"ключ\r\n{i}" + "x" * 500: 1} for i in range(30)]}
    warnings = parse(config).warnings
    assert len(warnings) == 10
    assert warnings[-1] == "and 22 more"  # one of them is on the targets that are not used
    assert all(len(line) <= 160 and line.isascii() and line.isprintable() for line in warnings)


def test_a_pattern_that_would_take_all_memory_is_not_compiled() -> None:
    bomb = "((a{1000}){1000}){1000}"
    warnings = parse(conditional({"params.model": {"$regex": bomb}})).warnings
    assert warnings == (f"config: $regex '{bomb}' is too long or repeats too often, and never matches",)


def test_patterns_are_checked_only_as_long_as_that_is_cheap() -> None:
    before = patterns._compiled.cache_info().misses
    parse(conditional({"$or": [{"params.model": {"$regex": f"{i}{'(a|b)' * 190}"}} for i in range(200)]}))
    assert 1 <= patterns._compiled.cache_info().misses - before <= 10


# ------------------------------------------------------------------------------------------------ what guides write


@pytest.mark.parametrize(
    "config",
    [
        {"retry": {"attempts": 3, "on_status_codes": [429, 500]}},
        {"cache": {"mode": "semantic", "max_age": 3600}},
        {"provider": "@openai-prod"},
        {"virtual_key": "openai-key"},
        {"targets": [{"virtual_key": "only"}]},
        {"strategy": {"mode": "fallback"}, "targets": [{"override_params": {"model": "@a/m"}}, {"provider": "@b"}]},
        {
            "strategy": {"mode": "loadbalance"},
            "targets": [{"virtual_key": "a", "weight": 0.7}, {"virtual_key": "b", "weight": 0}],
        },
    ],
)
def test_idioms_of_the_guides_are_accepted_without_a_word(config: Config) -> None:
    assert parse(config).warnings == ()


def test_a_conditional_without_targets_is_accepted_and_says_what_it_lacks() -> None:
    config = conditional({"model": "gpt-4"}, then="openai-key", default="openai-key")
    del config["targets"]
    root = parse(config)
    assert root.targets == ()
    assert [line.split("'")[0] for line in root.warnings] == ["config: query key ", "config: no target has the name "]


@pytest.mark.parametrize("key", ["use_retry_after_header", "use_retry_after_headers", "useRetryAfterHeader"])
def test_both_spellings_of_retry_after(key: str) -> None:
    assert parse({"retry": {"attempts": 7, key: True}}).retry == Retry(attempts=5, use_retry_after=True)


def test_camel_case_is_read_but_not_in_what_is_the_users() -> None:
    root = parse(
        {
            "strategy": {"mode": "fallback", "onStatusCodes": [429]},
            "requestTimeout": 2000,
            "overrideParams": {"maxTokens": 1, "requestTimeout": 1},
            "targets": [{"virtualKey": "v", "defaultParams": {"topP": 1}, "dropParams": ["logitBias"]}],
        }
    )
    (leaf,) = root.targets
    assert root.on_status_codes == {429}
    assert (leaf.virtual_key, leaf.request_timeout) == ("v", 2000)
    assert (leaf.override_params, leaf.default_params) == ({"maxTokens": 1, "requestTimeout": 1}, {"topP": 1})
    assert leaf.drop_params == ("logitBias",)
    assert root.warnings == ()


def test_where_both_spellings_are_there_snake_case_counts() -> None:
    assert parse({"requestTimeout": 5000, "request_timeout": 2000}).request_timeout == 2000
    assert parse({"request_timeout": 2000, "requestTimeout": 5000}).request_timeout == 2000


# --------------------------------------------------------------------------------------------------------- inheritance


def test_paths_are_as_portkey_writes_them() -> None:
    root = parse({"targets": [{"targets": [LEAF]}]})
    assert [root.path, *(leaf.path for leaf in leaves(root))] == ["config", "config.targets[0].targets[0]"]


def test_identity_is_not_inherited() -> None:
    named = {
        "name": "n",
        "weight": 3,
        "virtual_key": "v",
        **LEAF,
        "strategy": {"mode": "fallback", "on_status_codes": [1]},
    }
    (leaf,) = parse(named | {"targets": [{"retry": {"attempts": 1}}]}).targets
    assert leaf == Target(path="config.targets[0]", retry=Retry(attempts=1))


def test_retry_and_cache_are_replaced_as_a_whole() -> None:
    outer = {"retry": {"attempts": 3, "on_status_codes": [418]}, "cache": {"mode": "semantic", "max_age": 60}}
    root = parse(outer | {"targets": [{"targets": [{"retry": {"attempts": 0}, "cache": {"mode": "simple"}}]}]})
    (leaf,) = leaves(root)
    assert leaf.retry == Retry()
    assert leaf.cache is not None and (leaf.cache.mode, leaf.cache.max_age) == ("simple", None)


def test_breakers_are_inherited_but_not_through_a_condition() -> None:
    policy = {"failure_threshold": 3, "cooldown_interval": 45_000}
    config = balanced(1)
    config["strategy"]["cb_config"] = policy
    (leaf,) = parse(config).targets
    assert leaf.breaker is not None and (leaf.breaker.failures, leaf.breaker.cooldown) == (3, 45.0)
    routed = conditional({})
    routed["strategy"]["cb_config"] = policy
    assert [leaf.breaker for leaf in parse(routed).targets] == [None]


PARAMS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9))
TIMEOUT = st.one_of(st.none(), st.integers(1000, 9000))


@given(st.lists(st.tuples(PARAMS, PARAMS, TIMEOUT, st.one_of(st.none(), st.integers(0, 5))), min_size=1, max_size=6))
def test_laws_of_inheritance(levels: list[tuple[Config, Config, int | None, int | None]]) -> None:
    """Params merge with the inner one winning; of timeouts and retries the innermost counts."""
    config: Config | None = None
    for override, default, timeout, attempts in reversed(levels):
        config = {"override_params": override, "default_params": default} | ({"targets": [config]} if config else {})
        config |= {} if timeout is None else {"request_timeout": timeout}
        config |= {} if attempts is None else {"retry": {"attempts": attempts}}
    assert config is not None
    (leaf,) = leaves(parse(config))
    merged: list[Config] = [{}, {}]
    for override, default, _, _ in levels:
        merged = [merged[0] | override, merged[1] | default]
    assert [leaf.override_params, leaf.default_params] == merged
    assert leaf.request_timeout == next((level[2] for level in reversed(levels) if level[2] is not None), None)
    assert leaf.retry.attempts == next((level[3] for level in reversed(levels) if level[3] is not None), 0)


# -------------------------------------------------------------------------------------------------------- any input

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
JSON_DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KNOWN = st.sampled_from(sorted(module._NODE | {"mode", "conditions", "query", "then", "attempts", "max_age", "$or"}))
NEAR_CONFIGS = st.recursive(
    JSON_VALUES | st.sampled_from(["fallback", "loadbalance", "conditional", "simple"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KNOWN, inner, max_size=6),
    max_leaves=30,
)


@given(JSON_VALUES | NEAR_CONFIGS)
def test_any_value_either_parses_or_is_invalid_and_always_the_same(value: Any) -> None:
    def outcome(source: Any) -> object:
        try:
            return parse(source)
        except InvalidConfig as error:
            return (error.message, error.errors)

    first = outcome(value)
    assert outcome(value) == first
    if isinstance(first, Target):
        assert all(line.isascii() and line.isprintable() and len(line) <= 160 for line in first.warnings)


@given(st.text() | st.binary())
def test_any_text_either_parses_or_is_invalid(text: str | bytes) -> None:
    with suppress(InvalidConfig):
        assert isinstance(parse(text), Target)


def test_read_only_mappings_are_taken_and_the_callers_dict_stays_the_callers() -> None:
    params = {"stop": ["a"]}
    config: Mapping[str, Any] = MappingProxyType({"override_params": params, **LEAF})
    root = parse(config)
    params["stop"].append("b")
    assert root.override_params == {"stop": ["a"]}


def test_headers_are_parsed_once() -> None:
    text = json.dumps(LEAF)
    assert from_header(text) is from_header(text)
    long = json.dumps({**LEAF, "name": "n" * 20_000})
    assert from_header(long) is not from_header(long)
    assert from_header(long) == parse(long)


def test_no_key_is_shown() -> None:
    assert "sk-secret" not in repr(parse({"provider": "openai", "api_key": "sk-secret"}))


# ------------------------------------------------------------------------------------------- valid under the schema

SCHEMAS = [Path(__file__).parent / "data" / "config_schema.json"]
if published := os.environ.get("LLM_GATEWAY_CONFIG_SCHEMA"):
    SCHEMAS.append(Path(published))


class Sample:
    """Makes values that a schema allows, as far as schemas of configs go; a `$ref` to "#" nests at most twice."""

    def __init__(self, root: Config, draw: st.DrawFn) -> None:
        self.root = root
        self.draw = draw

    def value(self, schema: Config, depth: int = 2) -> Any:
        if "$ref" in schema:
            *_, name = schema["$ref"].split("/")
            return (
                self.value(self.root, depth - 1) if name == "#" else self.value(self.root["definitions"][name], depth)
            )
        if "enum" in schema:
            return self.draw(st.sampled_from(schema["enum"]))
        if "type" not in schema and "properties" not in schema:
            return self.value(self.draw(st.sampled_from(schema.get("oneOf") or schema["anyOf"])), depth)
        match schema.get("type", "object"):
            case "object" if "properties" in schema:
                return self.record(schema, depth)
            case "array":
                return [self.value(schema["items"], depth) for _ in range(self.draw(st.integers(0, 3)))]
            case "integer" | "number" as kind:
                lowest = schema.get("minimum")
                numbers = (
                    st.integers(lowest)
                    if kind == "integer"
                    else st.floats(lowest, allow_nan=False, allow_infinity=False)
                )
                return self.draw(st.integers(lowest, 10**6) | numbers.filter(lambda number: abs(number) < 2**60))
            case "boolean":
                return self.draw(st.booleans())
            case "string":
                return self.draw(st.sampled_from(["a", "b", "openai", "metadata.user"]) | st.text(max_size=6))
            case _:
                return self.draw(
                    st.dictionaries(st.sampled_from(["model", "params.model", "$or", "max_age"]), JSON_DATA, max_size=2)
                )

    def record(self, schema: Config, depth: int) -> Config:
        there = [key for key in schema["properties"] if key != "targets" or depth > 0]
        keys = set(schema.get("required", ())) | set(self.draw(st.lists(st.sampled_from(there), max_size=5)))
        if ways := [way["required"] for way in schema.get("anyOf", ()) if set(way["required"]) <= set(there)]:
            keys |= set(self.draw(st.sampled_from(ways)))
        made = {key: self.value(schema["properties"][key], depth) for key in sorted(keys)}
        for rule in schema.get("allOf", [schema]):
            if "if" in rule and jsonschema.Draft7Validator(rule["if"]).is_valid(made):
                made |= {
                    k: self.value(schema["properties"][k], depth) for k in rule["then"]["required"] if k not in made
                }
        return made


@st.composite
def configs(draw: st.DrawFn, schema: Config) -> Config:
    """Configs of a schema."""
    made: Config = Sample(schema, draw).value(schema)
    return made


def refused_on_purpose(config: Config) -> bool:
    """What the schema allows and this gateway does not, each for a reason.

    - A fallback or loadbalance without targets, or with weights below 0, all 0 or past adding up: nothing to choose.
    - Control characters in what becomes part of a header or a URL.
    - `forward_headers` naming itself, as the published gateway has it.
    """
    mode, targets = config.get("strategy", {}).get("mode"), config.get("targets", [])
    weights = [target.get("weight", 1) for target in targets]
    texts = [config.get(key, "") for key in ("provider", "api_key", "virtual_key", "custom_host")]
    names = config.get("forward_headers", [])
    texts += [*names, *config.get("drop_params", [])]
    return (
        (mode in ("fallback", "loadbalance") and not targets)
        or (mode == "loadbalance" and not 0 < sum(weights) < math.inf)
        or config.get("weight", 0) < 0
        or any(ord(char) < 32 or char == "\x7f" for char in "".join(texts))
        or "x-portkey-forward-headers" in [name.lower() for name in names]
        or any(map(refused_on_purpose, targets))
    )


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_what_the_schema_allows_is_accepted(path: Path) -> None:
    schema = json.loads(path.read_text())
    validator = jsonschema.Draft7Validator(schema)

    @settings(max_examples=300, suppress_health_check=list(HealthCheck))
    @given(configs(schema))
    def accepted(config: Config) -> None:
        assert validator.is_valid(config)
        assume(not refused_on_purpose(config))
        assert isinstance(parse(json.dumps(config)), Target)

    accepted()
