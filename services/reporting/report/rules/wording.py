"""How figures and days read in a sentence.

Text shows percents with one decimal and runway cut to one decimal (01, 06); money has its
currency's decimals and thousands separators.
"""

import re
from datetime import date
from decimal import ROUND_DOWN, Decimal

from shared.kernel.money import Money, quantize

EXCERPT = 420
"""Characters of a plan's text that a report shows."""


def money_text(amount: Decimal, currency: str) -> str:
    """``MYR 12,450.30``; a negative amount with a true minus sign."""
    text = str(Money(abs(amount), currency))
    return f"−{text}" if Money(amount, currency).minor < 0 else text  # noqa: RUF001 - the minus sign is meant


def percent_text(value: Decimal) -> str:
    """``12.4 %``, without a sign."""
    return f"{quantize(abs(value), 1):,f} %"


def months_text(value: Decimal) -> str:
    """``5.3 months``, cut to one decimal, not rounded: a runway never reads longer than it is."""
    cut = value.quantize(Decimal("0.1"), rounding=ROUND_DOWN)
    return f"{cut:,f} {'month' if cut == 1 else 'months'}"


def day_text(day: date) -> str:
    """``30 September 2026``."""
    return f"{day.day} {day:%B %Y}"


def count_text(count: int, one: str, many: str) -> str:
    """``1 venture``, ``no ventures``, ``4 ventures``."""
    return f"{count or 'no'} {one if count == 1 else many}"


def listed(names: list[str]) -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# Markdown that reads badly as plain text, and what stands for it.
_MARKS = (
    (re.compile(r"```.*?(?:```|\Z)", re.DOTALL), " "),
    (re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)"), r"\1"),
    (re.compile(r"^\s{0,3}#{1,6}\s+(.*?)[\s#:.]*$", re.MULTILINE), r"\1: "),
    (re.compile(r"^\s*[-*+]\s+", re.MULTILINE), "• "),
    (re.compile(r"^\s{0,3}>\s?", re.MULTILINE), ""),
    (re.compile(r"(\*\*|__|~~|`)"), ""),
    (re.compile(r"(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)"), ""),
    (re.compile(r"[\x00-\x1f\x7f-\x9f\s]+"), " "),
)


def excerpt(markdown: str | None, limit: int = EXCERPT) -> str | None:
    """The beginning of a Markdown text as one plain paragraph, cut between words; null when empty."""
    # A plan's text may be long; what lies far behind the cut need not be read.
    text = (markdown or "")[: limit * 8]
    for mark, instead in _MARKS:
        text = mark.sub(instead, text)
    text = text.strip()
    if not text:
        return None
    if len(text) <= limit:
        return text
    words, space, _rest = text[:limit].rpartition(" ")
    return f"{(words if space else text[:limit]).rstrip(' ,;:.')} …"
