from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.plans.review.rules import Decision, FlagState, after_review, reason_of
from shared.contracts.sync import PerformanceStatus, ReviewCompleted, ReviewedMetric

SOMEBODY = UUID(int=1)


def review(month: str = "2026-03", status: str = "LAGGING", revision: int = 1) -> ReviewCompleted:
    return ReviewCompleted(
        organization_id=SOMEBODY,
        venture_id=SOMEBODY,
        month=month,
        revision=revision,
        status=PerformanceStatus(status),
        reviewed_at=datetime(2026, 4, 1, tzinfo=UTC),
    )


def state(month: str = "", revision: int = 0, *, raised: bool = False) -> FlagState:
    return FlagState(raised, month, revision, datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("before", "came", "decision"),
    [
        (state(), review(), Decision.RAISE),
        (state(), review(status="MONITOR"), Decision.KEEP),
        (state(), review(status="NO_DATA"), Decision.KEEP),
        (state("2026-02", 1, raised=True), review(), Decision.RAISE),
        (state("2026-02", 1, raised=True), review(status="ON_TRACK"), Decision.KEEP),
        (state("2026-03", 1, raised=True), review(), Decision.IGNORE),
        (state("2026-04", 1), review(), Decision.IGNORE),
        (state("2026-03", 1, raised=True), review(status="ON_TRACK", revision=2), Decision.CLEAR),
        (state("2026-03", 1), review(revision=2), Decision.RAISE),
    ],
)
def test_what_a_review_decides(before: FlagState, came: ReviewCompleted, decision: Decision) -> None:
    assert after_review(before, came) is decision


@pytest.mark.parametrize(("touched", "decision"), [(0, Decision.RAISE), (1, Decision.KEEP), (-1, Decision.RAISE)])
def test_a_plan_that_was_touched_after_the_review_is_not_flagged_by_it(touched: int, decision: Decision) -> None:
    at = datetime(2026, 4, 2, 12, 0, 30, tzinfo=UTC)
    came = review().model_copy(update={"reviewed_at": at})
    before = FlagState(raised=False, month="", revision=0, touched_at=at + timedelta(seconds=touched))
    assert after_review(before, came) is decision


reviews = st.builds(
    review,
    month=st.sampled_from(["2026-01", "2026-02", "2026-03"]),
    status=st.sampled_from(["LAGGING", "ON_TRACK"]),
    revision=st.integers(1, 2),
)


@given(st.lists(reviews, max_size=6))
def test_a_review_that_comes_again_changes_nothing(came: list[ReviewCompleted]) -> None:
    known = state()
    for one in sorted(came, key=lambda one: (one.month, one.revision)):
        decision = after_review(known, one)
        if decision is not Decision.IGNORE:
            raised = known.raised if decision is Decision.KEEP else decision is Decision.RAISE
            known = FlagState(raised, one.month, one.revision, known.touched_at)
    assert all(after_review(known, one) is Decision.IGNORE for one in came)


def test_the_reason_names_the_gap_and_the_month() -> None:
    metric = ReviewedMetric(metric="mrr", variance_pct=Decimal("-23.44"), status=PerformanceStatus.LAGGING)
    assert reason_of(review().model_copy(update={"metrics": (metric,)})) == "MRR was 23.4 % below the plan in 2026-03"
    assert "2026-03" in reason_of(review())
