from uuid import UUID, uuid4

from services.ingestion.linking.rules import Claims, KnownAccount, Link, resolve_link, suggest

A, B, C = (UUID(int=number) for number in (1, 2, 3))
V, W = UUID(int=10), UUID(int=11)
KNOWN = {A: KnownAccount(A, V), B: KnownAccount(B, None)}


def link(default=None, **claims):
    return resolve_link(Claims(**claims), KNOWN, {V, W}, default)


def test_the_objects_own_words_come_first_then_its_customers_then_the_mapping():
    assert link(account=A, customer_account=B, mapped_account=B).account_id == A
    assert link(customer_account=B, mapped_account=A).account_id == B
    assert link(mapped_account=A).account_id == A
    assert link() == Link(None, None)


def test_an_account_that_does_not_exist_links_nothing():
    assert link(account=C).account_id is None
    assert link(account=C, mapped_account=B).account_id == B


def test_the_venture_is_the_claimed_one_then_the_accounts_then_the_default():
    assert link(account=A, venture=W, default=V).venture_id == W
    assert link(account=A, default=W).venture_id == V
    assert link(account=B, default=W).venture_id == W
    assert link(venture=uuid4(), default=W).venture_id == W
    assert link(customer_venture=W).venture_id == W


def test_suggestions_are_names_that_share_most_words():
    accounts = {A: "Kedai Kopi Sdn Bhd", B: "Warung Pagi", C: "Kedai Kopi"}
    assert [account for account, _ in suggest("kedai kopi", accounts)] == [C, A]
    assert suggest(None, accounts) == []
