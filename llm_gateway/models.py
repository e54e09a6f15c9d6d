"""What goes into a client and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "Fields",
    "LLMGatewayRequest",
    "LLMGatewayResponse",
    "LLMRequest",
    "LLMResponse",
    "ModelRequirements",
    "TokenTotal",
    "Usage",
]


def _fields(value: Any) -> Any:
    if isinstance(value, list):
        return [_fields(each) for each in value]
    return Fields(value) if isinstance(value, dict) and not isinstance(value, Fields) else value


class TokenTotal(int):
    """A number of tokens that remembers what it is made of: input and output have different prices."""

    usage: Usage

    @classmethod
    def of(cls, usage: Usage) -> TokenTotal:
        """The total of `usage`."""
        total = cls(usage.get("total_tokens") or usage.prompt_tokens + usage.completion_tokens)
        total.usage = usage
        return total


class Fields(dict[str, Any]):
    """A JSON object whose fields are attributes as well: `choice["message"]["content"]`, `choice.message.content`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return _fields(self[name])
        except KeyError:
            raise AttributeError(name) from None


class Usage(Fields):
    """The provider's own usage object. Tokens that it leaves out are 0."""

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the input."""
        return int(self.get("prompt_tokens") or self.get("input_tokens") or 0)

    @property
    def completion_tokens(self) -> int:
        """Tokens of the output."""
        return int(self.get("completion_tokens") or self.get("output_tokens") or 0)

    @property
    def total_tokens(self) -> TokenTotal:
        """Both; `CostTracker.track_request(tokens=…)` prices it exactly."""
        return TokenTotal.of(self)


class ModelRequirements(BaseModel):
    """What the chosen provider has to be. Only `preferred_providers` is heeded, by FailoverManager."""

    model_config = ConfigDict(extra="allow")

    preferred_providers: list[str] = []


class LLMRequest(BaseModel):
    """A chat request: `prompt` or `messages`. Fields beyond these go to the provider as they are.

    `context` (text by name) goes along as metadata: usage is stored with it, and conditional configs can route by it.
    """

    model_config = ConfigDict(extra="allow")

    model: str
    prompt: str | None = None
    messages: list[dict[str, Any]] = []
    max_tokens: int | None = Field(default=None, gt=0)
    temperature: float | None = None
    stream: bool = False
    model_requirements: ModelRequirements | None = None
    context: dict[str, Any] = {}

    @model_validator(mode="after")
    def _says_something(self) -> LLMRequest:
        if self.prompt is None and not self.messages:
            raise ValueError("give prompt or messages")
        if self.prompt is not None and not self.messages:
            self.messages = [{"role": "user", "content": self.prompt}]
        return self

    def body(self) -> dict[str, Any]:
        """The body of a chat completion request."""
        body = {"model": self.model, "messages": self.messages, **(self.model_extra or {})}
        for name in ("max_tokens", "temperature"):
            if (value := getattr(self, name)) is not None:
                body[name] = value
        return body


class LLMResponse(BaseModel):
    """A chat completion. `choices` are OpenAI's; cost in USD, None where no price is known; latency in milliseconds.

    `model` is the model that was asked for at the provider that answered; what that provider calls it in full is
    `metadata["model"]`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    id: str = ""
    model: str
    provider: str | None = None
    choices: list[Fields]
    usage: Usage | None = None
    cost: float | None = None
    latency_ms: int = 0
    cached: bool = False
    metadata: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _by_attribute(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        usage = data.get("usage")
        return {**data, "choices": _fields(data.get("choices")), "usage": None if usage is None else Usage(usage)}

    @property
    def message(self) -> Fields:
        """The first choice's message."""
        return Fields((self.choices[0].get("message") or {}) if self.choices else {})

    @property
    def text(self) -> str:
        """What the model said; empty where it only calls tools."""
        return self.message.get("content") or ""

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        """The tools that the model calls."""
        return self.message.get("tool_calls") or []


LLMGatewayRequest = LLMRequest
LLMGatewayResponse = LLMResponse
