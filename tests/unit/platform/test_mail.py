from datetime import UTC, datetime, timedelta

from shared.platform.mail import GIVEN_UP, MOST_ATTEMPTS, SENT, WAITING, PostedLetter, newly_posted

AT = datetime(2026, 3, 1, tzinfo=UTC)


class Letter(PostedLetter):
    """A letter outside of any table."""

    def __init__(self) -> None:
        for name, value in newly_posted().items():
            setattr(self, name, value)

    def stands(self) -> tuple[str, int, str | None, datetime | None]:
        return self.state, self.attempts, self.last_error, self.settled_at


def test_a_letter_that_left_is_settled() -> None:
    letter = Letter()
    assert letter.stands() == (WAITING, 0, None, None)
    assert letter.settle(None, AT) is None
    assert letter.stands() == (SENT, 1, None, AT)


def test_a_letter_is_tried_again_later_and_later_for_about_fourteen_hours_and_then_given_up() -> None:
    letter, at = Letter(), AT
    for attempt in range(1, MOST_ATTEMPTS):
        again_at = letter.settle(ConnectionRefusedError("nobody there"), at)
        assert again_at == at + timedelta(seconds=min(2**attempt, 3600))
        assert letter.stands() == (WAITING, attempt, "ConnectionRefusedError", None)
        at = again_at
    assert timedelta(hours=12) < at - AT < timedelta(hours=14)
    assert letter.settle(ConnectionRefusedError("nobody there"), at) is None
    assert letter.stands() == (GIVEN_UP, MOST_ATTEMPTS, "ConnectionRefusedError", at)


def test_a_letter_that_was_refused_and_left_then_has_no_error() -> None:
    letter = Letter()
    letter.settle(TimeoutError(), AT)
    assert letter.settle(None, AT) is None
    assert letter.stands() == (SENT, 2, None, AT)
