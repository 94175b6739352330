import pytest

from services.ingestion.connection.rules import hint, new_secret
from services.ingestion.raw_event.rules import shown_by, signed_at
from services.ingestion.status.rules import freshness, share_pct
from services.ingestion.stripe_object.rules.values import Malformed


@pytest.mark.parametrize(
    ("header", "second"),
    [("t=12,v1=ab", 12), ("v1=ab, t=12", 12), (None, None), ("", None), ("t=", None), ("t=1x", None), ("t=-5", None)],
)
def test_the_time_of_a_signature(header, second):
    assert signed_at(header) == second


def test_a_nul_character_is_found_and_an_escaped_backslash_is_none():
    body = b'{"id": "evt_1", "type": "product.created", "x": ["%b"]}'
    with pytest.raises(Malformed, match=r"U\+0000"):
        shown_by(body % b"a\\u0000")
    assert shown_by(body % b"a\\\\u0000") == []


def test_made_secrets_have_stripes_form():
    secret = new_secret()
    assert secret.startswith("whsec_")
    assert secret.removeprefix("whsec_").isalnum()
    assert hint(secret) == secret[-4:]


def test_shares_and_grades():
    assert share_pct(1, 4) == 25
    assert share_pct(0, 0) is None
    assert freshness("disabled", None, None) == "disabled"
