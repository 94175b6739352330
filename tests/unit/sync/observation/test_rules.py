from datetime import date
from decimal import Decimal
from itertools import permutations

from services.sync.observation.rules import Observation, effective
from shared.contracts.finance import MetricSource

ORDER = [MetricSource.OVERRIDE, MetricSource.CALCULATED, MetricSource.IMPORTED, MetricSource.MANUAL]


def observed(source, *, withdrawn=False):
    return Observation(date(2026, 3, 31), source, 1, Decimal(10), "MYR", withdrawn)


def test_override_beats_calculated_beats_imported_beats_manual():
    for count in range(1, 5):
        for chosen in permutations(ORDER, count):
            assert effective([observed(source) for source in chosen]).source is min(chosen, key=ORDER.index)


def test_what_was_withdrawn_does_not_count():
    found = effective([observed(MetricSource.OVERRIDE, withdrawn=True), observed(MetricSource.MANUAL)])
    assert found.source is MetricSource.MANUAL
    assert effective([observed(MetricSource.MANUAL, withdrawn=True)]) is None
    assert effective([]) is None
