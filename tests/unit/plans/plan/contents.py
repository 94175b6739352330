"""Plans for properties: any content that a save would accept in form."""

import unicodedata
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from services.plans.plan import rules
from services.plans.plan.rules import PlanContent
from shared.contracts.plans import (
    CustomMetricTarget,
    CustomPathPoint,
    Direction,
    PlanStrategy,
    PlanTargets,
    TargetPath,
)

amounts = st.decimals(min_value=0, max_value=Decimal(7500000000000), places=6, allow_nan=False)
ratios = st.decimals(min_value=0, max_value=1, places=4, allow_nan=False)
characters = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
some_text = st.text(alphabet=characters, max_size=40)
marks = st.sampled_from(
    ["<!-- /trueup -->", "<!-- trueup:strategy.moat -->", "\\<!-- /trueup -->", "| a | b |", "## Moat", "\r\n", "\n\n"]
)
prose = st.lists(some_text | marks, max_size=4).map("\n".join).filter(str.strip)
one_line = (
    st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=20)
    .map(lambda text: unicodedata.normalize("NFC", text).strip())
    .filter(bool)
)
days = st.dates(date(2026, 1, 1), date(2030, 1, 1))
points = st.dictionaries(days.map(lambda day: f"{day:%Y-%m}"), amounts, max_size=2).map(
    lambda given: tuple(CustomPathPoint(month=month, amount=amount) for month, amount in sorted(given.items()))
)
custom_metrics = st.lists(
    st.builds(
        CustomMetricTarget,
        key=st.sampled_from(["a", "churn", "nps_2"]),
        name=one_line,
        unit=st.none() | one_line,
        direction=st.sampled_from(Direction),
        target=st.none() | amounts,
        target_date=st.none() | days,
        path=st.none() | st.sampled_from(TargetPath),
        custom_path=points,
    ),
    max_size=2,
    unique_by=lambda metric: metric.key,
).map(tuple)
strategies = st.builds(
    PlanStrategy,
    vision=st.none() | prose,
    gtm_strategy=st.none() | prose,
    tagline=st.none() | prose,
    key_features=st.lists(prose, max_size=3).map(tuple),
    problem_score=st.none() | st.integers(0, 10),
    market_tam=st.none() | amounts,
)
targets = st.builds(
    PlanTargets,
    target_mrr=st.none() | amounts,
    target_customers=st.none() | st.integers(0, 10**6),
    target_date=st.none() | days,
    path=st.none() | st.sampled_from(TargetPath),
    custom_path=points,
    expected_cac=st.none() | amounts,
    expected_ltv=st.none() | amounts,
    payroll_share=st.none() | ratios,
    custom_metrics=custom_metrics,
).map(rules.settled)
contents = st.builds(PlanContent, strategies, targets)
"""Settled contents, custom metrics and paths included."""
