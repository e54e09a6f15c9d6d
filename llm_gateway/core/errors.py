"""What can go wrong with a request, and the three shapes of error body that the SDKs parse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class GatewayError(Exception):
    """A request that gets no answer from an upstream. Carries the status and the body of the reply."""

    status = 400

    def __init__(self, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """The reply: Portkey's `status` and `message`, with the `error` object that OpenAI's clients read."""
        return {
            "status": "failure",
            "message": self.message,
            "error": {"message": self.message, "type": "invalid_request_error", "param": None, "code": None},
        }


class InvalidConfig(GatewayError):
    """A config that makes no sense. `errors` are written as `path: strategy,mode, message: …`."""

    def __init__(self, message: str = "Invalid config passed", errors: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.errors = tuple(errors)

    def body(self) -> dict[str, Any]:
        """The body of the class above, with the list of what is wrong, which clients see in the message too."""
        body = super().body()
        if self.errors:
            body["errors"] = list(self.errors)
            body["error"]["message"] = f"{self.message}: {'; '.join(self.errors)}"
        return body


class NotFound(GatewayError):
    """No such route."""

    status = 404

    def body(self) -> dict[str, Any]:
        """As Portkey answers, with the `error` object, which says more."""
        return {"message": "Not Found", "ok": False, "error": super().body()["error"]}


class TooLarge(GatewayError):
    """A request above the size limit."""

    status = 413


class Unsupported(GatewayError):
    """A kind of body that is not taken."""

    status = 415


class Busy(GatewayError):
    """More at once than the server takes."""

    status = 503


class _Refused(GatewayError):
    """A request that the gateway's own rules turn down; `code` is Portkey's number for the reason."""

    status = 401
    code = "03"
    kind = "authentication_error"

    def body(self) -> dict[str, Any]:
        """Shape 2: the reason with its number, and the `error` object."""
        message = f"Portkey Error: {self.message}. Error Code: {self.code}"
        error = {"message": self.message, "type": self.kind, "param": None, "code": self.code}
        return {"status": "failure", "message": message, "error": error}


class InvalidKey(_Refused):
    """No key, or none that is known."""


class Forbidden(GatewayError):
    """A request that comes from where none is taken."""

    status = 403


class BudgetExhausted(_Refused):
    """The key, project or integration has spent what it may."""

    status = 412
    code = "04"
    kind = "budget_exceeded_error"


class NotAllowed(_Refused):
    """The caller may not use this integration or model."""

    status = 412
    code = "07"
    kind = "model_not_allowed_error"


class RateLimited(_Refused):
    """Too many requests or tokens; `retry_after` is in seconds."""

    status = 429
    code = "05"
    kind = "rate_limit_error"

    def __init__(self, message: str, retry_after: float, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message, headers={"retry-after": str(max(1, round(retry_after))), **(headers or {})})
        self.retry_after = retry_after


class UpstreamError(GatewayError):
    """An upstream that gave no answer at all. It counts as the status it carries: retries and fallbacks see it."""

    status = 502
    kind = "upstream_error"
    provider = ""  # the provider's name, where it is known

    def body(self) -> dict[str, Any]:
        """Only an `error` object: to clients it looks like an upstream's own failure."""
        return {"error": {"message": self.message, "type": self.kind, "param": None, "code": None}}


class UpstreamUnreachable(UpstreamError):
    """No connection, or one that broke before the reply's headers."""

    status = 500


class UpstreamTimeout(UpstreamError):
    """No reply's headers within `request_timeout`."""

    status = 408
    kind = "timeout_error"


class HostRefused(GatewayError):
    """A `custom_host` that leads to this machine or a private network."""
