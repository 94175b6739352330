from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.sync.plan_version.rules import promise_of
from services.sync.proposal.rules import Course, last_months, left_the_path, propose
from shared.contracts.finance import MetricKind
from shared.contracts.plans import CustomPathPoint, TargetPath
from tests.unit.sync.factories import plan

LAST = date(2026, 3, 31)
MONTHS = (date(2026, 3, 31), date(2026, 2, 28), date(2026, 1, 31))
VERSION = plan(
    1,
    "2026-01-01",
    target_mrr="100000",
    target_date=date(2026, 12, 31),
    baseline_value="10000",
    baseline_date=date(2025, 12, 31),
)
GROWING = [
    (date(2025, 12, 31), Decimal(10000)),
    (date(2026, 1, 31), Decimal(10500)),
    (date(2026, 2, 28), Decimal(11025)),
    (LAST, Decimal("11576.25")),
]


def course(values=GROWING, version=VERSION):
    return Course(values, promise_of(MetricKind.MRR, version.version, [version]), version, "MYR")


def test_three_months_and_their_ends():
    assert last_months(LAST) == MONTHS
    assert last_months(date(2026, 1, 31)) == (date(2026, 1, 31), date(2025, 12, 31), date(2025, 11, 30))


@pytest.mark.parametrize(
    ("variances", "left"),
    [
        (("-15.000001", "-16", "-40"), True),
        (("-15", "-16", "-40"), False),
        (("15.000001", "16", "40"), True),
        (("40", "15", "40"), False),
        (("-20", "20", "-20"), False),
        (("-20", "-20", None), False),
        (("-20", "-20"), False),
        ((), False),
    ],
)
def test_the_path_is_left_beyond_fifteen_percent_on_one_side_three_times(variances, left):
    by_month = {month: None if one is None else Decimal(one) for month, one in zip(MONTHS, variances, strict=False)}
    assert left_the_path(by_month, LAST) is left


def test_what_the_trend_reaches_on_a_path_from_the_newest_actual():
    proposed = propose(course(), LAST, below=True)
    assert proposed is not None
    targets = proposed.targets
    assert (targets.target_mrr, targets.baseline_value, targets.baseline_date, targets.path, targets.target_date) == (
        Decimal("17958.56"),
        Decimal("11576.25"),
        LAST,
        None,
        None,
    )
    assert proposed.months == ("2026-01", "2026-02", "2026-03")
    assert proposed.reason == (
        "MRR was more than 15 % below its target at the end of 2026-01, 2026-02, 2026-03. "
        "At the trend of the last months it will be MYR 17,958.56 on 2026-12-31, not MYR 100,000.00."
    )


def test_a_custom_path_gives_way_to_one_that_follows_the_trend():
    points = (CustomPathPoint(month="2026-06", amount=Decimal(50000)),)
    custom = replace(
        VERSION, targets=VERSION.targets.model_copy(update={"path": TargetPath.CUSTOM, "custom_path": points})
    )
    proposed = propose(course(version=custom), LAST, below=True)
    assert proposed is not None
    assert proposed.targets.path is TargetPath.COMPOUND


@pytest.mark.parametrize(
    "given",
    [
        course(GROWING[:2]),
        course([(day, Decimal(100000)) for day, _value in GROWING]),
        course([(day, Decimal(3000 - 1000 * place)) for place, (day, _value) in enumerate(GROWING)]),
        course(version=replace(VERSION, targets=VERSION.targets.model_copy(update={"target_date": LAST}))),
        course(version=replace(VERSION, targets=VERSION.targets.model_copy(update={"target_mrr": None}))),
        course(version=replace(VERSION, saved_on=date(2026, 4, 1), financial_change=True)),
    ],
    ids=["too few values", "the target itself", "towards nothing", "no time left", "no target", "changed since"],
)
def test_nothing_is_proposed(given):
    assert propose(given, LAST, below=True) is None


def test_a_change_of_words_since_is_no_reason_to_propose_nothing():
    assert propose(course(version=replace(VERSION, saved_on=date(2026, 4, 1))), LAST, below=True) is not None
