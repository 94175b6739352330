"""Generated histories with known deviations, and what the alert rules make of them.

The definition of what is right: an alert stands in a month if, without the noise, its rule would find it on the
month's last observation. The course of a venture is known (on plan, a step away and back, a drift, seasons, or a step
within seasons); what is observed is the course times lognormal noise. Everything passes through sync's own rules:
comparison, finding, verdict.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from math import exp, pi, sin
from random import Random
from uuid import UUID

from services.sync.alert.rules import (
    Destination,
    Finding,
    Newest,
    Standing,
    Verdict,
    find_deviation,
    find_target_at_risk,
    is_silent,
    judge,
)
from services.sync.alert.rules.trend import TREND_MONTHS
from services.sync.plan_version.rules import BaselineRule, Promise
from services.sync.variance.rules import compare
from shared.contracts.finance import MetricKind
from shared.contracts.plans import TargetPath
from shared.contracts.sync import AlertType
from shared.kernel.periods import add_months, month_end, month_start

NOISE = 0.015
"""Standard deviation of what is observed around the course, of logs."""
MONTHS = 24
START = date(2024, 1, 31)
DAYS_OBSERVED = (7, 14, 21)
"""Days of a month that are observed besides its last."""
STANDING = (AlertType.MRR_BELOW_TARGET, AlertType.MRR_ABOVE_TARGET)
PLAN = UUID(int=1)


@dataclass(frozen=True, slots=True)
class Course:
    """How far a venture is off its plan, as a fraction, by months since the start."""

    steps: tuple[tuple[int, int, float], ...] = ()
    """(first month, month after the last, how far)."""
    drift: tuple[int, int, float] | None = None
    """(first month, months that it takes, how far in the end)."""
    season: float = 0.0

    def at(self, months: float) -> float:
        """The deviation at a time."""
        off = sum(far for first, end, far in self.steps if first <= months < end)
        if self.drift is not None:
            first, takes, far = self.drift
            off += far * min(max((months - first) / takes, 0.0), 1.0)
        return off + self.season * sin(2 * pi * months / 12)


@dataclass(frozen=True, slots=True)
class Observed:
    """One observation, and what it would be without the noise."""

    day: date
    value: Decimal
    true_value: Decimal


@dataclass(frozen=True, slots=True)
class History:
    """A venture of the benchmark: its promise and its observations, in order."""

    promise: Promise
    observations: tuple[Observed, ...]


def some_course(chance: Random) -> Course:
    """A course: a third on plan, the others with a step, a drift, seasons, or a step within seasons."""
    far = chance.choice([-0.5, -0.35, -0.25, -0.20, -0.08, 0.08, 0.25, 0.40])
    first = chance.randint(3, 12)
    step = (first, first + chance.randint(2, 8), far)
    kind = chance.randrange(6)
    if kind == 2:  # noqa: PLR2004 - one kind of six
        return Course(steps=(step,))
    if kind == 3:  # noqa: PLR2004 - as above
        return Course(drift=(first, chance.randint(3, 10), far))
    if kind == 4:  # noqa: PLR2004 - as above
        return Course(season=chance.choice([0.05, 0.10, 0.25]))
    if kind == 5:  # noqa: PLR2004 - as above
        return Course(steps=(step,), season=0.05)
    return Course()


def some_history(chance: Random, noise: float = NOISE) -> History:
    """A venture with a compound target two to three years away, observed weekly for two years."""
    baseline, growth = chance.uniform(5_000, 50_000), chance.uniform(0.02, 0.12)
    months = MONTHS + chance.randint(1, 12)
    target_on = month_end(add_months(START, months))
    final = baseline * (1 + growth) ** months
    start, end = Decimal(f"{baseline:.2f}"), Decimal(f"{final:.2f}")
    rule = BaselineRule(MetricKind.MRR, START, start)
    promise = Promise(PLAN, 1, end, target_on, TargetPath.COMPOUND, baseline=rule)
    course = some_course(chance)
    observations = []
    for day, place in _days():
        planned = compare(day, Decimal(0), promise, None).target
        assert planned is not None
        true_value = planned * Decimal(f"{1 + course.at(place):.6f}")
        seen = true_value * Decimal(f"{exp(chance.gauss(0, noise)):.6f}")
        observations.append(Observed(day, seen, true_value))
    return History(promise, tuple(observations))


def _days() -> Iterator[tuple[date, float]]:
    for number in range(1, MONTHS + 1):
        first = month_start(add_months(START, number))
        last = month_end(first)
        for day in (*(first + timedelta(days=one - 1) for one in DAYS_OBSERVED), last):
            yield day, number - 1 + day.day / last.day


@dataclass(slots=True)
class Score:
    """How often an alert stood, and should have stood, in a venture's month."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    quiet: int = 0

    def count(self, *, stood: bool, due: bool) -> None:
        """One venture-month."""
        if stood:
            self.right, self.wrong = self.right + due, self.wrong + (not due)
        else:
            self.missed, self.quiet = self.missed + due, self.quiet + (not due)

    @property
    def precision_pct(self) -> float:
        """Of the alerts that stood, how many should."""
        return 100 * self.right / max(self.right + self.wrong, 1)

    @property
    def recall_pct(self) -> float:
        """Of the alerts that should stand, how many did."""
        return 100 * self.right / max(self.right + self.missed, 1)


@dataclass(slots=True)
class Judged:
    """What the rules made of the histories so far."""

    months: int = 0
    deviations: Score = field(default_factory=Score)
    duplicates: int = 0
    """Alerts raised while one of the venture and type stood open."""
    left_open: int = 0
    """Months at whose end an alert stood although what was observed is back within the threshold."""

    def take_in(self, history: History) -> None:
        """Play a history day by day, as it would arrive."""
        open_alerts: dict[AlertType, Finding] = {}
        for seen in history.observations:
            month = month_start(seen.day)
            found = {kind: _finding(kind, history.promise, seen.day, seen.value) for kind in STANDING}
            for kind, finding in found.items():
                self._settle(open_alerts, kind, finding, seen.day, month)
            if seen.day != month_end(seen.day):
                continue
            self.months += 1
            for kind in STANDING:
                due = _finding(kind, history.promise, seen.day, seen.true_value) is not None
                self.deviations.count(stood=kind in open_alerts, due=due)
                self.left_open += kind in open_alerts and found[kind] is None

    def _settle(
        self, open_alerts: dict[AlertType, Finding], kind: AlertType, finding: Finding | None, day: date, month: date
    ) -> None:
        said = open_alerts.get(kind)
        if is_silent(day, said, month):
            return
        verdict = judge(finding, Standing(said))
        if verdict is Verdict.RAISE:
            self.duplicates += said is not None
        if verdict is Verdict.RESOLVE:
            del open_alerts[kind]
        elif finding is not None:
            open_alerts[kind] = finding


def _finding(kind: AlertType, promise: Promise, day: date, value: Decimal) -> Finding | None:
    compared = compare(day, value, promise, None)
    return find_deviation(kind, Newest(MetricKind.MRR, day, compared, promise.plan_version, "EUR"))


def judged(ventures: int, seed: int, noise: float = NOISE) -> Judged:
    """Play so many ventures of 24 months each; the same seed gives the same histories."""
    chance = Random(seed)  # noqa: S311 - a benchmark's histories are no secret
    result = Judged()
    for _ in range(ventures):
        result.take_in(some_history(chance, noise))
    return result


SHORTFALLS = (-0.5, -0.35, -0.25, -0.08, -0.04, 0.0, 0.1, 0.3)
"""How far a steady course ends from its target; beyond -15 % the target is at risk."""
FIRST_JUDGED, LAST_JUDGED = 6, 18
TREND_HORIZON = 12
OUTLIER = 0.3


def judged_trends(ventures: int, seed: int, noise: float = NOISE) -> Score:
    """Judge TARGET_AT_RISK at month ends of ventures on steady courses that are known to miss their target or not.

    Every course has noise, and one month in ten is off by 30 % (a correction, a one-off), which a robust trend
    ignores. It is judged from the sixth month on, three to twelve months before the target.
    """
    chance = Random(seed)  # noqa: S311 - a benchmark's histories are no secret
    score = Score()
    for _ in range(ventures):
        shortfall = chance.choice(SHORTFALLS)
        months = LAST_JUDGED + 3
        growth, baseline = chance.uniform(0.0, 0.08), chance.uniform(5_000, 50_000)
        final = baseline * (1 + growth) ** months / (1 + shortfall)
        target_on = month_end(add_months(START, months))
        values: list[tuple[date, Decimal]] = []
        for number in range(LAST_JUDGED + 1):
            off = chance.choice((-OUTLIER, OUTLIER)) if chance.random() < 0.1 else 0.0  # noqa: PLR2004 - as said
            seen = baseline * (1 + growth) ** number * exp(chance.gauss(0, noise)) * (1 + off)
            values.append((month_end(add_months(START, number)), Decimal(f"{seen:.2f}")))
            if number >= FIRST_JUDGED and months - number <= TREND_HORIZON:
                way = Destination(Decimal(f"{final:.2f}"), target_on, 1, "EUR", values[-TREND_MONTHS - 1 :])
                score.count(stood=find_target_at_risk(way) is not None, due=shortfall < -0.15)  # noqa: PLR2004
    return score
