"""What the library raises: one family, told apart by the status of the reply that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

__all__ = [
    "LLMGatewayAuthenticationError",
    "LLMGatewayBudgetExceededError",
    "LLMGatewayConfigWarning",
    "LLMGatewayConfigurationError",
    "LLMGatewayError",
    "LLMGatewayProviderError",
    "LLMGatewayRateLimitError",
    "LLMGatewayTimeoutError",
    "LLMGatewayValidationError",
]


class LLMGatewayConfigWarning(UserWarning):
    """A setting that is known and does nothing here, or a key of a settings file that is not known."""


class LLMGatewayError(Exception):
    """The base of the family. `status_code` is that of the reply, `provider` who gave it, if anyone did."""

    default_status: int | None = None

    def __init__(
        self,
        message: str = "",
        status_code: int | None = None,
        *,
        provider: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = self.default_status if status_code is None else status_code
        self.provider = provider
        self.details = dict(details or {})


class LLMGatewayConfigurationError(LLMGatewayError):
    """Settings that cannot be used."""


class LLMGatewayAuthenticationError(LLMGatewayError):
    """No key, a wrong one, or one that may not do this."""

    default_status = 401


class LLMGatewayProviderError(LLMGatewayError):
    """A provider that is not known, cannot be reached or failed."""


class LLMGatewayRateLimitError(LLMGatewayError):
    """Too much at once; `retry_after` in seconds, where it is known."""

    default_status = 429

    def __init__(
        self,
        message: str = "",
        status_code: int | None = None,
        retry_after: float | None = None,
        *,
        provider: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, status_code, provider=provider, details=details)
        self.retry_after = retry_after


class LLMGatewayTimeoutError(LLMGatewayError):
    """No answer in time; `timeout` in seconds, where it is known."""

    default_status = 408

    def __init__(
        self,
        message: str = "",
        status_code: int | None = None,
        timeout: float | None = None,
        *,
        provider: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, status_code, provider=provider, details=details)
        self.timeout = timeout


class LLMGatewayValidationError(LLMGatewayError):
    """A request that makes no sense; `field` is what is wrong with it, where that is known."""

    default_status = 400

    def __init__(
        self,
        message: str = "",
        status_code: int | None = None,
        field: str | None = None,
        *,
        provider: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, status_code, provider=provider, details=details)
        self.field = field


class LLMGatewayBudgetExceededError(LLMGatewayError):
    """A budget is spent."""

    default_status = 402


_BUDGET_SPENT = "04"  # the code in a reply of status 412
_BY_STATUS: dict[int, type[LLMGatewayError]] = {
    400: LLMGatewayValidationError,
    401: LLMGatewayAuthenticationError,
    402: LLMGatewayBudgetExceededError,
    403: LLMGatewayAuthenticationError,
    408: LLMGatewayTimeoutError,
    413: LLMGatewayValidationError,
    415: LLMGatewayValidationError,
    422: LLMGatewayValidationError,
    429: LLMGatewayRateLimitError,
    504: LLMGatewayTimeoutError,
}
_STATUS_BY_KIND = {"timeout_error": 408, "rate_limit_error": 429, "authentication_error": 401}  # inside a stream


def from_reply(status: int, headers: Mapping[str, str], body: bytes) -> LLMGatewayError:
    """The exception for an error reply of the gateway."""
    data = orjson.loads(body)
    error = data.get("error") or {}
    provider = data.get("provider") or None
    # The gateway puts the provider's name before what it said; here it is an attribute.
    message = str(error.get("message", "no further word")).removeprefix(f"{provider} error: ")
    details = {"errors": data["errors"]} if data.get("errors") else {}
    kind = _BY_STATUS.get(status, LLMGatewayProviderError)
    if status == 412 and error.get("code") == _BUDGET_SPENT:
        kind = LLMGatewayBudgetExceededError
    if details:
        message = f"{message}: {'; '.join(data['errors'])}"
    raised = kind(message, status, provider=provider, details=details)
    if isinstance(raised, LLMGatewayRateLimitError):
        raised.retry_after = _seconds(headers)
    if isinstance(raised, LLMGatewayValidationError):
        raised.field = error.get("param")
    return raised


def from_event(error: Mapping[str, Any], provider: str | None) -> LLMGatewayError:
    """The exception for an error that comes inside a stream."""
    status = _STATUS_BY_KIND.get(str(error.get("type")), 502)
    message = str(error.get("message", "no further word"))
    return _BY_STATUS.get(status, LLMGatewayProviderError)(message, status, provider=provider)


def _seconds(headers: Mapping[str, str]) -> float | None:
    for name, divisor in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return float(headers[name]) / divisor
        except (KeyError, ValueError):
            continue
    return None
