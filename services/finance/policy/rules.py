"""The metric policy: where two tools disagree on a figure, here the choice is data."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal


class WeekFactor(StrEnum):
    """How many weeks a month has."""

    FIFTY_TWO_TWELFTHS = "52/12"
    FOUR_POINT_THIRTY_THREE = "4.33"
    FOUR = "4"

    @property
    def ratio(self) -> tuple[Decimal, Decimal]:
        """Weeks a month as numerator and denominator, so that nothing is rounded early."""
        over, _, under = self.value.partition("/")
        return Decimal(over), Decimal(under or 1)


class CountedDiscounts(StrEnum):
    """Which discounts lower MRR while they are in force; one that applies once never does."""

    FOREVER_AND_REPEATING = "forever_and_repeating"
    FOREVER = "forever"
    NONE = "none"

    def counts(self, duration: str) -> bool:
        """Whether a discount of this duration (Stripe's: forever, repeating, once) lowers MRR."""
        match self:
            case CountedDiscounts.NONE:
                return False
            case CountedDiscounts.FOREVER:
                return duration == "forever"
            case CountedDiscounts.FOREVER_AND_REPEATING:
                return duration in ("forever", "repeating")


@dataclass(frozen=True, slots=True)
class MetricPolicy:
    """One version of an organization's choices; the defaults are version 1.

    The members with a single possible value name a choice that is already made and kept with each
    figure, though there is no alternative to it yet.
    """

    version: int = 1
    week_factor: WeekFactor = WeekFactor.FIFTY_TWO_TWELFTHS
    discounts: CountedDiscounts = CountedDiscounts.FOREVER_AND_REPEATING
    churn_dated: Literal["ended_at"] = "ended_at"
    past_due_counts: Literal["until_unpaid"] = "until_unpaid"
    reactivation_window: Literal["any_time"] = "any_time"
    conversion: Literal["month_end"] = "month_end"

    @property
    def settings(self) -> dict[str, str]:
        """The choices without the version, as they are stored."""
        return {name: str(value) for name, value in asdict(self).items() if name != "version"}

    @classmethod
    def of(cls, version: int, settings: dict[str, Any]) -> "MetricPolicy":
        """A stored policy."""
        return cls(
            version=version,
            week_factor=WeekFactor(settings["week_factor"]),
            discounts=CountedDiscounts(settings["discounts"]),
        )


DEFAULT_POLICY = MetricPolicy()
"""What holds until an organization chooses otherwise."""
