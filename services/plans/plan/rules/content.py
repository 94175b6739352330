"""What a version of a plan says, whole and field by field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from shared.contracts.plans import PlanStrategy, PlanTargets

_PARTS = ("strategy", "targets")
_CUSTOM_METRICS = "custom_metrics"
CUSTOM_METRICS_PREFIX = f"targets.{_CUSTOM_METRICS}."


@dataclass(frozen=True, slots=True)
class PlanContent:
    """What a version of a plan says.

    A field is named by its path (``strategy.vision``, ``targets.target_mrr``). A custom metric is one
    field, named by its key (``targets.custom_metrics.churn``): so two people may each add one.
    """

    strategy: PlanStrategy
    targets: PlanTargets

    def values(self) -> Iterator[tuple[str, Any]]:
        """Every field by its path, as a Python value."""
        for part_name in _PARTS:
            part = getattr(self, part_name)
            for field in type(part).model_fields:
                if field != _CUSTOM_METRICS:
                    yield f"{part_name}.{field}", getattr(part, field)
        for metric in self.targets.custom_metrics:
            yield CUSTOM_METRICS_PREFIX + metric.key, metric

    def as_json(self) -> dict[str, Any]:
        """Every field by its path, as a JSON value."""
        found: dict[str, Any] = {}
        for part_name in _PARTS:
            for field, value in getattr(self, part_name).model_dump(mode="json").items():
                if field == _CUSTOM_METRICS:
                    found |= {CUSTOM_METRICS_PREFIX + metric["key"]: metric for metric in value}
                else:
                    found[f"{part_name}.{field}"] = value
        return found

    @classmethod
    def of_values(cls, values: Mapping[str, Any]) -> Self:
        """From fields by their paths, as Python or JSON values; a null, or a field left out, is its default."""
        parts: dict[str, dict[str, Any]] = {part_name: {} for part_name in _PARTS}
        custom = []
        for path, value in values.items():
            part_name, _, field = path.partition(".")
            if value is None:
                continue
            if path.startswith(CUSTOM_METRICS_PREFIX):
                custom.append((path, value))
            else:
                parts[part_name][field] = value
        parts["targets"][_CUSTOM_METRICS] = [metric for _, metric in sorted(custom, key=lambda pair: pair[0])]
        strategy, targets = (parts[part_name] for part_name in _PARTS)
        return cls(PlanStrategy.model_validate(strategy), PlanTargets.model_validate(targets))
