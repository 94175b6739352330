"""The executive summary: sentences that say what the figures say, and nothing else."""

from collections.abc import Iterator
from decimal import Decimal

from services.reporting.report.document import (
    AlertPart,
    Figure,
    PeriodPart,
    PortfolioSection,
    VentureChapter,
)
from services.reporting.report.rules.wording import (
    count_text,
    day_text,
    listed,
    money_text,
    months_text,
    percent_text,
)
from shared.contracts.sync import PerformanceStatus, Severity

_GOOD = (PerformanceStatus.ON_TRACK, PerformanceStatus.EXCEEDING)
_COMPARED = (*_GOOD, PerformanceStatus.MONITOR, PerformanceStatus.LAGGING)
NAMED = 3
"""How many ventures a sentence names before it only counts."""


def _value(figure: Figure) -> Decimal | None:
    return None if figure.value is None else Decimal(figure.value)


def _names(chapters: list[VentureChapter]) -> str:
    return f" ({listed([one.name for one in chapters])})" if 0 < len(chapters) <= NAMED else ""


def _mrr(part: PortfolioSection, period: PeriodPart, currency: str) -> Iterator[str]:
    now, before, change = _value(part.mrr), _value(part.mrr_at_start), _value(part.mrr_change_pct)
    day = day_text(period.as_of)
    if now is None:
        yield f"No recurring revenue was observed up to {day}."
        return
    text = f"Portfolio MRR was {money_text(now, currency)} on {day}"
    if before is None or change is None:
        yield f"{text}; there is no earlier figure to compare with."
    elif now == before:
        yield f"{text}, unchanged over the period."
    else:
        direction = "up" if now > before else "down"
        yield f"{text}, {direction} {percent_text(change)} from {money_text(before, currency)} before the period."
    for left in part.not_converted:
        amount = _value(left.amount) or Decimal(0)
        yield (
            f"A further {money_text(amount, left.currency)} of MRR has no exchange rate to {currency} "
            "and is not in the total."
        )


def _stages(part: PortfolioSection) -> Iterator[str]:
    ventures = int(part.ventures.value or 0)
    if not ventures:
        yield "The portfolio has no ventures yet."
        return
    yield (
        f"The portfolio holds {count_text(ventures, 'venture', 'ventures')}: {part.profitable.value} profitable, "
        f"{part.growth.value} growing and {part.pre_revenue.value} pre-revenue."
    )


def _plans(chapters: list[VentureChapter], currency: str) -> Iterator[str]:
    compared = [one for one in chapters if one.performance.status in _COMPARED]
    if not compared:
        if chapters:
            yield "No venture has both an MRR target and an observed MRR yet."
        return
    good = [one for one in compared if one.performance.status in _GOOD]
    lagging = [one for one in compared if one.performance.status == PerformanceStatus.LAGGING]
    yield (
        f"Of {count_text(len(compared), 'venture', 'ventures')} compared with a target, {len(good)} "
        f"{'is' if len(good) == 1 else 'are'} on track or exceeding it{_names(good)} and {len(lagging)} "
        f"{'lags' if len(lagging) == 1 else 'lag'} behind{_names(lagging)}."
    )
    worst = min(compared, key=lambda one: _value(one.performance.variance_pct) or Decimal(0))
    variance, target = _value(worst.performance.variance_pct), _value(worst.performance.target)
    actual = _value(worst.performance.mrr)
    if variance is not None and target is not None and actual is not None and variance < 0:
        yield (
            f"The largest shortfall is at {worst.name}: {money_text(actual, currency)} against a pro-rated "
            f"target of {money_text(target, currency)}, {percent_text(variance)} below it."
        )


def _runway(part: PortfolioSection, chapters: list[VentureChapter]) -> Iterator[str]:
    average = _value(part.average_runway)
    if average is None:
        yield "No runway is known for a venture that burns cash."
        return
    burning = [
        (runway, one.name)
        for one in chapters
        if (runway := _value(one.performance.runway)) is not None and (_value(one.performance.burn) or 0) > 0
    ]
    if part.runway_ventures == 1:
        yield f"{burning[0][1]} is the one venture with a known burn and runway: {months_text(average)}."
        return
    shortest, name = min(burning)
    yield (
        f"The average runway of the {part.runway_ventures} ventures that burn cash is {months_text(average)}; "
        f"the shortest is {months_text(shortest)}, at {name}."
    )


def _alerts(risks: tuple[AlertPart, ...], period: PeriodPart) -> Iterator[str]:
    if not risks:
        yield "No warning was open during the period."
        return
    critical = sum(1 for one in risks if one.severity == Severity.CRITICAL)
    still = sum(1 for one in risks if one.status == "open")
    yield (
        f"{count_text(len(risks), 'warning was', 'warnings were').capitalize()} open during the period, "
        f"{critical or 'none'} of them critical; {still or 'none'} "
        f"{'was' if still == 1 else 'were'} still open on {day_text(period.as_of)}."
    )


def sentences(
    part: PortfolioSection,
    chapters: list[VentureChapter],
    risks: tuple[AlertPart, ...],
    period: PeriodPart,
    currency: str,
) -> tuple[str, ...]:
    """The summary, in the order in which an investor asks: revenue, portfolio, plan, runway, risk."""
    return (
        *_mrr(part, period, currency),
        *_stages(part),
        *_plans(chapters, currency),
        *(_runway(part, chapters) if chapters else ()),
        *_alerts(risks, period),
    )
