"""What letters say."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.sync.digest.rules import due_on
from services.sync.letter.rules import MOST_ITEMS, Item, at_once, digest
from services.sync.preference.rules import EmailTiming
from shared.contracts.sync import NotificationType, Severity

RAISED = NotificationType.ALERT_RAISED
MRR = Item(RAISED, Severity.CRITICAL, "MRR below target", "It is MYR 6,000.00.", "Talk to sales.", "Kopi")
FIRST = Item(RAISED, Severity.INFO, "First metric", "0.5 % toward target.", "", "Teh")


def test_a_letter_at_once_names_the_worst_first():
    text = at_once("Acme", [FIRST, MRR], "http://here")
    assert text.subject == "[Acme] CRITICAL: Kopi: MRR below target (and 1 more)"
    assert text.body.startswith(
        "At Acme:\n\nCRITICAL: Kopi: MRR below target\n  It is MYR 6,000.00.\n  What to do: Talk to sales."
    )
    assert "Read on at http://here." in text.body
    assert text.body.index("MRR below") < text.body.index("First metric")


def test_a_digest_counts_and_says_what_is_over():
    over = Item(RAISED, Severity.CRITICAL, "Runway low", "3 months.", "Raise money.", "Kopi", over=True)
    text = digest("Acme", [over, FIRST, MRR], date(2026, 3, 2), "http://here", weekly=True)
    assert text.subject == "[Acme] Your week: 3 notifications, 1 critical"
    assert "This is over in the meantime." in text.body
    assert "Raise money." not in text.body
    assert digest("Acme", [FIRST], date(2026, 3, 3), "", weekly=False).subject == "[Acme] Your day: 1 notification"


texts = st.text()
anything = st.builds(Item, st.sampled_from(NotificationType), st.sampled_from(Severity), texts, texts, texts, texts)


@given(st.lists(anything, min_size=1, max_size=60), st.text(min_size=1))
def test_a_subject_is_one_line_and_a_letter_lists_only_so_many(items, organization):
    text = at_once(organization, items, "http://here")
    assert len(text.subject.splitlines()) <= 1
    assert len(text.subject) <= 200
    assert ("more.\n" in text.body) or len(items) <= MOST_ITEMS


def test_weekly_digests_come_on_mondays():
    assert due_on(date(2026, 3, 2)) == (EmailTiming.DAILY, EmailTiming.WEEKLY)
    assert {due_on(date(2026, 3, day)) for day in range(3, 9)} == {(EmailTiming.DAILY,)}
