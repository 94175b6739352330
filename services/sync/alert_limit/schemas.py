"""Request and response bodies of alert limits."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from services.sync.alert.rules.limits import DEFAULT_LIMITS, OF_THE_WHOLE, Limits, OwnLimits
from shared.contracts.sync import AlertType
from shared.kernel.money import Amount
from shared.platform.http.bodies import Answer, Body

LARGEST = Decimal(1000)


def _limit(value: Decimal) -> Decimal:
    if not 0 < value <= LARGEST:
        raise ValueError(f'a limit lies above "0", up to "{LARGEST}"')
    return value


def _has_a_limit(kind: AlertType) -> AlertType:
    if kind not in DEFAULT_LIMITS:
        raise ValueError(f"{kind.value} has no limit")
    return kind


Threshold = Annotated[Amount, AfterValidator(_limit)]
LimitedType = Annotated[AlertType, AfterValidator(_has_a_limit)]


class OwnLimitBody(Body):
    """What is set for one type; members that are left out are as the organization (or the default) has them."""

    warning: Threshold | None = Field(default=None, examples=["10"])
    critical: Threshold | None = Field(default=None, examples=["20"])
    enabled: bool | None = None


class LimitsBody(Body):
    """Everything that a scope sets, by alert type: it takes the place of what was set before."""

    limits: dict[LimitedType, OwnLimitBody]

    @model_validator(mode="after")
    def _only_what_there_is(self) -> "LimitsBody":
        for kind, own in self.limits.items():
            if own.critical is not None and DEFAULT_LIMITS[kind].critical is None:
                raise ValueError(f"{kind.value} has one severity, and no critical limit")
        return self

    def stored(self) -> dict[str, Any]:
        """As JSON, without what is not set."""
        return {
            kind.value: own.model_dump(mode="json", exclude_none=True)
            for kind, own in sorted(self.limits.items())
            if own != OwnLimitBody()
        }


class VentureLimitsBody(LimitsBody):
    """Everything that a venture has instead of its organization's limits."""

    @model_validator(mode="after")
    def _only_what_is_its_own(self) -> "VentureLimitsBody":
        for kind in self.limits:
            if kind in OF_THE_WHOLE:
                raise ValueError(f"{kind.value} compares ventures: its limit is set for the organization")
        return self


class LimitOut(Answer):
    """Beyond ``warning`` a WARNING, beyond ``critical`` CRITICAL: percent; for RUNWAY_LOW months, and under them."""

    warning: Amount
    critical: Amount | None
    enabled: bool


class OwnLimitOut(Answer):
    """What is set for one type."""

    warning: Amount | None
    critical: Amount | None
    enabled: bool | None


class LimitsOut(Answer):
    """What a scope sets, and what is in force with it; version 0 while nothing is set."""

    version: int
    limits: dict[AlertType, OwnLimitOut]
    in_force: dict[AlertType, LimitOut]

    @classmethod
    def of(cls, version: int, own: OwnLimits, in_force: Limits) -> "LimitsOut":
        """From values."""
        return cls(version=version, limits=_shown(own, OwnLimitOut), in_force=_shown(in_force, LimitOut))


def _shown(limits: Mapping[AlertType, object], into: type[Answer]) -> dict[AlertType, Any]:
    return {kind: into.model_validate(limit) for kind, limit in sorted(limits.items())}
