"""What an API key may do on the bus, and the tokens that say so."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import nkeys
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.subscriber import rules
from services.identity.subscriber.rules import Knock, SubscriberKey
from shared.contracts.topology import SUBSCRIBERS_ACCOUNT, public_streams
from shared.platform.auth.nats_tokens import Issuer, claims_of, new_seed

ORG, KEY = UUID("0197b0c0-0000-7000-8000-00000000000a"), UUID("0197b0c0-0000-7000-8000-00000000000b")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
MISTYPED = "SAAILWFNR6CPDTXKF3EYAGQILXAGS5LDQRHUCHK46IH4PSFY7B6Y7QE7AU"
KNOCK = Knock("NSERVER", "UUSER", "secret")


def key(**given_: object) -> SubscriberKey:
    known = {"scopes": frozenset(["events:read"]), "expires_at": None, "revoked": False}
    return SubscriberKey(id=KEY, organization_id=ORG, digest="d", **(known | given_))  # type: ignore[arg-type] # as given


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (None, "not an API key"),
        (key(), None),
        (key(scopes=None), None),
        (key(scopes=frozenset()), "no scope events:read"),
        (key(scopes=frozenset(["finance:write"])), "no scope events:read"),
        (key(revoked=True), "revoked"),
        (key(expires_at=NOW), "expired"),
        (key(expires_at=NOW + timedelta(seconds=1)), None),
    ],
)
def test_who_may_subscribe(one: SubscriberKey | None, reason: str | None):
    objection = rules.objection(one, NOW)
    assert (objection is None) if reason is None else (objection is not None and reason in objection)


def test_every_right_names_the_key_or_its_organization():
    found = rules.permissions(ORG, KEY)
    assert found["sub"]["allow"] == [f"*.*.{ORG}", f"_INBOX.{KEY}.>"]
    assert len(found["pub"]["allow"]) == 4 * len(public_streams())
    for subject in found["pub"]["allow"]:
        assert str(KEY) in subject.split(".")
        assert subject.startswith(("$JS.trueup.API.CONSUMER.", "$JS.ACK."))
        assert ".AUDIT." not in subject


@pytest.mark.parametrize(
    ("reply", "stays"),
    [
        (f"_INBOX.{KEY}.x", True),
        (f"_INBOX.{KEY}.x.y", True),
        (f"_INBOX.{KEY}", False),
        (f"_INBOX.{KEY}.", False),
        (f"_INBOX.{KEY}.*", False),
        (f"_INBOX.{KEY}.>", False),
        (f"_INBOX.{KEY}x.y", False),
        (f"_INBOX.{ORG}.x", False),
        (f"_INBOX_{KEY}.x", False),
        ("", False),
        ("$JS.ACK.PLANS.sync.1.1.1.1.0", False),
    ],
)
def test_an_answer_goes_to_the_asker_only(reply: str, stays: bool):
    assert rules.goes_to_asker(reply, str(KEY)) is stays


@given(st.lists(st.text("ab.*>$_", max_size=8), max_size=6).map(".".join))
def test_no_other_reply_is_taken(reply: str):
    assert not rules.goes_to_asker(reply, str(KEY))


@pytest.mark.parametrize(
    ("subject", "named"),
    [
        ("$JS.ACK.PLANS.k.1.2.3.4.5", ("PLANS", "k")),
        ("$JS.ACK._.hash.PLANS.k.1.2.3.4.5", ("PLANS", "k")),
        ("$JS.ACK._.hash.PLANS.k.1.2.3.4.5.random", ("PLANS", "k")),
        ("$JS.ACK.PLANS.k", None),
        ("$JS.ACK.PLANS.k.1.2.3.4.5.6", None),
    ],
)
def test_whose_acknowledgement_it_is(subject: str, named: tuple[str, str] | None):
    assert rules.acknowledged(subject) == named


def test_a_token_says_who_where_and_until_when_and_the_servers_own_library_believes_it():
    seed = new_seed()
    token = Issuer(seed).signed(
        rules.entry_claims(key(expires_at=NOW + timedelta(hours=1, milliseconds=900)), KNOCK, NOW)
    )
    said, _, signature = token.rpartition(".")
    pair = nkeys.from_seed(seed.encode())
    padded = signature + "=" * (-len(signature) % 4)
    assert pair.verify(said.encode(), base64.urlsafe_b64decode(padded))
    claims = claims_of(token.encode())
    assert claims["iss"] == pair.public_key.decode()
    assert (claims["sub"], claims["aud"], claims["name"]) == ("UUSER", SUBSCRIBERS_ACCOUNT, str(KEY))
    assert claims["exp"] == int((NOW + timedelta(hours=1, seconds=1)).timestamp()), "not before the key itself"
    assert "exp" not in rules.entry_claims(key(), KNOCK, NOW)


def test_an_answer_carries_a_token_or_a_reason_and_never_the_key():
    let_in = rules.answer_claims(KNOCK, NOW, token="t")
    refused = rules.answer_claims(KNOCK, NOW, refusal="the API key has expired")
    assert (let_in["aud"], let_in["nats"]["jwt"]) == ("NSERVER", "t")
    assert refused["nats"]["error"] == "the API key has expired"
    assert "secret" not in str([let_in, refused])


@pytest.mark.parametrize("seed", ["", "SU", MISTYPED, MISTYPED[:-2], "SA" + "A" * 56, "not base32!"])
def test_what_is_no_seed_is_refused_and_not_shown(seed: str):
    with pytest.raises(ValueError, match="not the seed of an account") as raised:
        Issuer(seed)
    assert len(seed) < 3 or seed not in str(raised.value)


@pytest.mark.parametrize("token", [b"", b"x", b"a.!.c", b"a.e30x.c"])
def test_what_is_no_token_says_nothing(token: bytes):
    with pytest.raises(ValueError, match="not a token"):
        claims_of(token)
