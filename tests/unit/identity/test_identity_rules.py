from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.mail import rules as letters
from services.identity.membership import rules as membership
from services.identity.organization.rules import slug_of
from services.identity.token import rules as token
from services.identity.token.rules import Belonging
from services.identity.user import rules as user
from shared.contracts.identity import Role
from shared.kernel.ids import new_id

OWNER, ADMIN, MEMBER, VIEWER = Role.OWNER, Role.ADMIN, Role.MEMBER, Role.VIEWER


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("correct horse battery", True),
        ("Kopi-2026!", True),
        ("password", False),
        ("PassWord1", False),
        ("abababab", False),
        ("ada@example.com", False),
        ("ada.lovelace", True),
    ],
)
def test_common_passwords_are_refused(password: str, good: bool) -> None:
    assert (user.password_objection(password, "ada@example.com") is None) is good


def test_every_common_password_is_long_enough_to_matter() -> None:
    assert all(len(password) >= user.SHORTEST_PASSWORD for password in user.COMMON_PASSWORDS)


def test_failures_are_counted_under_hashes_per_account_and_address() -> None:
    one = user.failure_subjects("Ada@example.com", "10.0.0.1")
    other = user.failure_subjects("ada@EXAMPLE.com", "10.0.0.2")
    assert one["account"] == other["account"]
    assert one["address"] != other["address"]
    assert one["account_address"] != other["account_address"]
    assert not any("ada" in subject or "10.0" in subject for subject in one.values())
    assert {limit.scope for limit in user.FAILURE_LIMITS} == set(one)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Acme Inc.", "acme-inc"), ("  Café Señor & Söhne ", "cafe-senor-sohne"), ("A" * 200, "a" * 60), ("---", None)],
)
def test_a_name_becomes_a_slug(name: str, slug: str | None) -> None:
    identity = new_id()
    assert slug_of(name, identity) == (slug or f"organization-{identity.hex[-12:]}")


@given(st.text(max_size=200))
def test_a_slug_is_always_usable_in_a_path(name: str) -> None:
    slug = slug_of(name, new_id())
    assert slug
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not slug.startswith("-")
    assert not slug.endswith("-")


@pytest.mark.parametrize("role", Role)
def test_nobody_gives_a_role_above_their_own(role: Role) -> None:
    order = [VIEWER, MEMBER, ADMIN, OWNER]
    for given_role in order:
        allowed = order.index(given_role) <= order.index(role)
        assert (membership.objection_to_grant(role, given_role) is None) is allowed
        assert (membership.objection_to_change(role, given_role) is None) is allowed


def test_roles_are_in_one_order() -> None:
    assert all(higher.covers(lower) and not lower.covers(higher) for higher, lower in pairwise(Role))


@pytest.mark.parametrize(
    ("role", "becomes", "owners", "refused"),
    [
        (OWNER, None, 1, True),
        (OWNER, ADMIN, 1, True),
        (OWNER, OWNER, 1, False),
        (OWNER, None, 2, False),
        (ADMIN, None, 1, False),
        (VIEWER, MEMBER, 1, False),
    ],
)
def test_the_last_owner_stays(role: Role, becomes: Role | None, owners: int, refused: bool) -> None:
    assert membership.leaves_no_owner(role, becomes, owners) is refused


def test_access_claims() -> None:
    now, person, session, org = datetime(2026, 3, 1, tzinfo=UTC), new_id(), new_id(), new_id()
    claims = token.access_claims(person, session, [Belonging(org, ADMIN, 3)], now)
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert (claims["iss"], claims["aud"], claims["sub"]) == ("trueup", "trueup", str(person))
    assert claims["sid"] == str(session)
    assert claims["memberships"] == [{"organization_id": str(org), "role": "admin", "version": 3}]


def test_random_tokens_are_long_and_stored_as_hashes() -> None:
    one, other = token.new_secret(), token.new_secret()
    assert one != other
    assert len(one) >= 43
    assert one not in token.hash_of(one)


def test_letters_carry_the_token_on_its_own_line() -> None:
    letter = letters.verification("ada@example.com", "Ada", "abc123", "http://here")
    assert "Token: abc123" in letter.body.splitlines()
    assert "http://here/verify-email?token=abc123" in letter.body
    invited = letters.invitation("a@b.co", "xyz", "http://here", organization="Acme", inviter="Ada", role="viewer")
    assert "Token: xyz" in invited.body.splitlines()
    assert "Token" not in letters.already_registered("a@b.co", "Ada", "http://here").body
    assert timedelta(days=1) < user.VERIFICATION_LIFETIME
