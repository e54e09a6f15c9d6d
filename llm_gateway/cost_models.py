"""What a CostTracker keeps and tells: costs in USD, budgets and their alerts, summaries."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, Field

__all__ = [
    "BudgetAlert",
    "BudgetAlertSeverity",
    "BudgetConfig",
    "BudgetThreshold",
    "CostMetrics",
    "CostPeriod",
    "CostSummary",
]


def _now() -> datetime:
    return datetime.now(UTC)


class CostPeriod(StrEnum):
    """What a budget is called after; `period_start` and `period_end` are what counts."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    CUSTOM = "custom"


class BudgetAlertSeverity(StrEnum):
    """How bad it is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    EMERGENCY = "emergency"


class CostMetrics(BaseModel):
    """One request. `priced` is False where no price is known; its cost then counts as 0."""

    total_cost: float = Field(ge=0)
    input_cost: float = Field(default=0.0, ge=0)
    output_cost: float = Field(default=0.0, ge=0)
    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    provider_id: str
    model: str
    timestamp: datetime = Field(default_factory=_now)
    latency_ms: int | None = None
    request_id: str | None = None
    tenant_id: str | None = None
    workflow_id: str | None = None
    agent_id: str | None = None
    tags: dict[str, str] = {}
    priced: bool = True


class CostSummary(BaseModel):
    """What the requests of a period come to."""

    period_start: datetime
    period_end: datetime
    total_cost: float = 0.0
    total_requests: int = 0
    unpriced_requests: int = 0
    total_input_tokens: int = 0
    total_output_tokens: int = 0
    average_cost_per_request: float = 0.0
    average_cost_per_1k_tokens: float = 0.0
    average_latency_ms: int | None = None
    provider_breakdown: dict[str, float] = {}
    model_breakdown: dict[str, float] = {}
    tenant_breakdown: dict[str, float] = {}


class BudgetThreshold(BaseModel):
    """A share of a budget, in percent, that raises an alert."""

    threshold_percent: float = Field(ge=0, le=100)
    severity: BudgetAlertSeverity = BudgetAlertSeverity.WARNING


class BudgetConfig(BaseModel):
    """What a tenant may spend in a period. With `hard_limit`, spending more raises an error."""

    tenant_id: str
    limit_amount: float = Field(gt=0)
    period: CostPeriod = CostPeriod.CUSTOM
    period_start: datetime
    period_end: datetime
    current_spend: float = Field(default=0.0, ge=0)
    thresholds: list[BudgetThreshold] = []
    hard_limit: bool = False
    tags: dict[str, str] = {}

    def is_active(self, moment: datetime) -> bool:
        """Whether the period includes `moment`."""
        return self.period_start <= moment <= self.period_end


class BudgetAlert(BaseModel):
    """A threshold that was reached."""

    alert_id: str
    budget_config: BudgetConfig
    threshold: BudgetThreshold
    current_spend: float
    percent_consumed: float
    timestamp: datetime
    message: str
    acknowledged: bool = False
