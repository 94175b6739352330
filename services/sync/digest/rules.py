"""Which digests are due on a day."""

from datetime import date

from services.sync.preference.rules import EmailTiming

MONDAY = 0


def due_on(day: date) -> tuple[EmailTiming, ...]:
    """Every day the daily ones; on Mondays the weekly ones too."""
    return (EmailTiming.DAILY, EmailTiming.WEEKLY) if day.weekday() == MONDAY else (EmailTiming.DAILY,)
