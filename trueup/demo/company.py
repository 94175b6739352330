"""The demo company: what its ventures promise, and how they really do.

Every figure hangs on today, so that the story is the same on any day: a venture's plan began two to three
months ago, and its actual MRR is ``pace`` times what the plan promises for today.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from shared.kernel.money import EXACT, quantize
from shared.kernel.periods import add_months, month_end, months_between
from trueup.demo.strategies import STRATEGIES

ORGANIZATION = {
    "name": "Nusantara Ventures",
    "industry": "Venture studio",
    "size": "51-200",
    "founded_year": 2019,
    "settings": {
        "currency": "MYR",
        "timezone": "Asia/Kuala_Lumpur",
        "fiscal_year_start": 1,
        "date_format": "DD/MM/YYYY",
    },
}
OTHER_ORGANIZATION = {
    "name": "Borneo Labs",
    "settings": {"currency": "MYR", "timezone": "Asia/Kuching", "fiscal_year_start": 4},
}
TIME_ZONE = "Asia/Kuala_Lumpur"


@dataclass(frozen=True, slots=True)
class VentureStory:
    """One venture: its plan, its customers, and what the comparison must say of it.

    ``baseline`` and ``target`` are monthly MRR in MYR, ``months`` apart; ``pace`` is actual / pro-rated target,
    None for a venture without revenue. ``metrics`` are entered by hand (cash, burn_rate, runway_months, a custom one).
    ``status``: the comparison of its MRR; ``alerts``: those that must be open; ``quiet``: those that must not.
    """

    name: str
    stage: str
    market: str
    description: str
    target: Decimal
    months: int
    status: str
    baseline: Decimal | None = None
    pace: Decimal | None = None
    assumptions: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)
    customers: tuple[str, ...] = ()
    newcomers: tuple[str, ...] = ()
    by_account: bool = True
    older_stripe: bool = False
    alerts: frozenset[str] = frozenset()
    quiet: frozenset[str] = frozenset()

    @property
    def strategy(self) -> Mapping[str, Any]:
        """The sections of its plan."""
        return STRATEGIES[self.name]

    def targets(self, today: date) -> dict[str, Any]:
        """The plan's targets and assumptions as the API takes them."""
        start = plan_start(today)
        targets: dict[str, Any] = {
            "target_mrr": str(self.target),
            "target_date": add_months(start, self.months).isoformat(),
            **self.assumptions,
        }
        if self.baseline is not None:
            targets |= {"baseline_value": str(self.baseline), "baseline_date": start.isoformat()}
        return targets

    def promised(self, today: date) -> Decimal | None:
        """What the plan promises for today, on the compound path (04-sync); None without a baseline."""
        if self.baseline is None:
            return None
        start = plan_start(today)
        whole, days, of = months_between(start, today)
        elapsed = EXACT.divide(whole + EXACT.divide(Decimal(days), Decimal(of)), Decimal(self.months))
        return EXACT.multiply(self.baseline, EXACT.power(EXACT.divide(self.target, self.baseline), elapsed))

    def actual(self, today: date) -> Decimal | None:
        """The MRR that its customers pay today, in whole ringgit."""
        promised = self.promised(today)
        return None if promised is None or self.pace is None else quantize(promised * self.pace, 0)


def plan_start(today: date) -> date:
    """The month end two to three months ago: the baseline of every plan."""
    return month_end(add_months(today, -3))


NPS = {
    "key": "nps",
    "name": "Net promoter score",
    "unit": "points",
    "direction": "more_is_better",
    "baseline_value": "35",
    "target": "60",
    "path": "linear",
}
"""A custom metric; its dates are the plan's."""

VENTURES = (
    VentureStory(
        name="Kopi Kita",
        stage="GROWTH",
        market="RED_OCEAN",
        description="Freshly roasted Malaysian coffee for offices, by subscription.",
        baseline=Decimal(12_000),
        target=Decimal(100_000),
        months=11,
        pace=Decimal("0.75"),
        status="LAGGING",
        assumptions={
            "expected_cac": "900",
            "expected_ltv": "5400",
            "expected_burn_rate": "42000",
            "expected_runway_months": "14",
            "expected_growth_rate": "0.21",
            "salary_growth": "0.02",
            "custom_metrics": [NPS],
        },
        metrics={"cash": "610000", "burn_rate": "44000", "runway_months": "13.8", "nps": "41"},
        customers=(
            "Menara Tun Coworking",
            "Selangor Legal LLP",
            "Pixel Pandan Studio",
            "Bangsar Dental Group",
            "Klang Valley Logistics",
            "Cyberjaya Cloud",
            "Hotel Merdeka",
        ),
        newcomers=("Petaling Print House", "Ampang Architects", "Sunway Sports Club"),
        alerts=frozenset({"MRR_BELOW_TARGET"}),
        quiet=frozenset({"MRR_ABOVE_TARGET", "RUNWAY_LOW", "BURN_EXCEEDS_FORECAST"}),
    ),
    VentureStory(
        name="Tuisyen Hub",
        stage="SCALING",
        market="RED_OCEAN",
        description="Live online tuition for SPM students, in small groups.",
        baseline=Decimal(68_000),
        target=Decimal(150_000),
        months=12,
        pace=Decimal("1.02"),
        status="ON_TRACK",
        assumptions={
            "expected_cac": "350",
            "expected_ltv": "2800",
            "expected_burn_rate": "60000",
            "expected_runway_months": "18",
            "expected_growth_rate": "0.07",
        },
        metrics={"cash": "1240000", "burn_rate": "61500", "runway_months": "20.1"},
        customers=(
            "SMK Bukit Jalil Parents",
            "Johor Tuition Circle",
            "Penang Learning Co-op",
            "Ipoh Academy",
            "Kuantan Study Centre",
            "Melaka Scholars",
        ),
        newcomers=("Seremban Prep", "Kota Bharu Maths Club", "Shah Alam Science"),
        older_stripe=True,
        quiet=frozenset({"MRR_BELOW_TARGET", "MRR_ABOVE_TARGET", "RUNWAY_LOW", "BURN_EXCEEDS_FORECAST"}),
    ),
    VentureStory(
        name="Sawit Sense",
        stage="SCALING",
        market="NICHE",
        description="Sensors and yield forecasts for palm-oil smallholders' co-operatives.",
        baseline=Decimal(40_000),
        target=Decimal(120_000),
        months=12,
        pace=Decimal("1.34"),
        status="EXCEEDING",
        assumptions={
            "expected_cac": "4200",
            "expected_ltv": "38000",
            "expected_burn_rate": "90000",
            "expected_runway_months": "12",
            "expected_growth_rate": "0.1",
        },
        metrics={"cash": "980000", "burn_rate": "71000", "runway_months": "13.8"},
        customers=("Felda Tenggaroh Co-op", "Sabah Smallholders", "Pahang Estates", "Kinabatangan Growers"),
        newcomers=("Perak Plantations", "Sarawak Palm Union", "Johor Agro"),
        by_account=False,
        alerts=frozenset({"MRR_ABOVE_TARGET"}),
        quiet=frozenset({"MRR_BELOW_TARGET", "RUNWAY_LOW"}),
    ),
    VentureStory(
        name="Hantar Cepat",
        stage="GROWTH",
        market="RED_OCEAN",
        description="Same-day delivery for small shops, planned by software.",
        baseline=Decimal(55_000),
        target=Decimal(160_000),
        months=12,
        pace=Decimal("0.90"),
        status="MONITOR",
        assumptions={
            "expected_cac": "1500",
            "expected_ltv": "9000",
            "expected_burn_rate": "120000",
            "expected_runway_months": "9",
            "expected_growth_rate": "0.09",
        },
        metrics={"cash": "470000", "burn_rate": "146000", "runway_months": "3.2"},
        customers=("Kedai Runcit Union", "Bazaar Baru", "Farmasi Sihat", "Pasar Online", "Butik Melati"),
        newcomers=("Kedai Buku Utama", "Elektronik Jaya", "Roti Canai Express"),
        older_stripe=True,
        alerts=frozenset({"RUNWAY_LOW", "BURN_EXCEEDS_FORECAST"}),
        quiet=frozenset({"MRR_BELOW_TARGET", "MRR_ABOVE_TARGET"}),
    ),
    VentureStory(
        name="Halal Trace",
        stage="PROFITABLE",
        market="BLUE_OCEAN",
        description="Proof of origin for halal food, from farm to shelf.",
        baseline=Decimal(90_000),
        target=Decimal(140_000),
        months=12,
        pace=Decimal("1.05"),
        status="ON_TRACK",
        assumptions={
            "expected_cac": "6000",
            "expected_ltv": "90000",
            "expected_burn_rate": "10000",
            "expected_growth_rate": "0.04",
        },
        metrics={"cash": "2100000", "burn_rate": "9000"},
        customers=("Dewina Foods", "Ayamas Farms", "Langkawi Seafood", "Borneo Halal Export"),
        newcomers=("Nestum Foods", "Kedah Rice Mills"),
        quiet=frozenset({"MRR_BELOW_TARGET", "MRR_ABOVE_TARGET", "RUNWAY_LOW", "BURN_EXCEEDS_FORECAST"}),
    ),
    VentureStory(
        name="Batik Studio",
        stage="PRE_REVENUE",
        market="NICHE",
        description="Generative batik patterns that are cleared for print.",
        target=Decimal(40_000),
        months=15,
        status="NO_DATA",
        assumptions={"expected_burn_rate": "55000", "expected_runway_months": "15"},
        metrics={"cash": "830000", "burn_rate": "52000", "runway_months": "15.9"},
        quiet=frozenset({"MRR_BELOW_TARGET", "MRR_ABOVE_TARGET", "RUNWAY_LOW", "BURN_EXCEEDS_FORECAST"}),
    ),
    VentureStory(
        name="Klinik Pintar",
        stage="IDEA",
        market="BLUE_OCEAN",
        description="Triage and follow-up for community clinics.",
        target=Decimal(60_000),
        months=18,
        status="NO_DATA",
        quiet=frozenset({"MRR_BELOW_TARGET", "MRR_ABOVE_TARGET", "RUNWAY_LOW", "FIRST_METRIC"}),
    ),
)
