"""Deriving ledger rows from mirrored objects, and telling of what changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.dispute.rules import disputes_of
from services.ingestion.ledger import nouns, store
from services.ingestion.ledger.nouns import Noun
from services.ingestion.ledger.rules import Draft, Seen, at, evidence_of
from services.ingestion.linking.rules import Link
from services.ingestion.linking.store import LinkBook, link_book
from services.ingestion.payment.rules.derivation import group_by_payment, payment_of, superseded
from services.ingestion.payout.rules import payout_of
from services.ingestion.refund.rules import refunds_of
from services.ingestion.stripe_object.rules.touched import Named, Place, Touched
from services.ingestion.stripe_object.store import seen as objects
from services.ingestion.subscription.rules.history import DiscountBook, state_content
from shared.contracts.event import Event
from shared.platform.bus.outbox import emit_all
from shared.platform.db.driver import Statement, run
from shared.platform.tenancy.organizations import organizations_by_id

DERIVE_AT_ONCE = 500
"""How many payments, payouts and subscriptions one transaction derives because a link changed."""

# Payouts are dated in the organization's time zone; until its event arrives, in this one.
_TIME_ZONE = "UTC"
_NO_DISCOUNTS = DiscountBook()


@dataclass(slots=True)
class Drafts:
    """The rows to be, by table and whole key."""

    by_noun: list[tuple[Noun, dict[tuple[Any, ...], tuple[Place, Draft]]]] = field(
        default_factory=lambda: [(noun, {}) for noun in nouns.NOUNS]
    )

    def add(self, noun: Noun, place: Place, draft: Draft, *more_key: Any) -> None:
        """One row to be."""
        rows = next(rows for known, rows in self.by_noun if known is noun)
        rows[(*place, draft.key, *more_key)] = (place, draft)

    @property
    def all(self) -> list[tuple[Place, Draft]]:
        """Every row to be."""
        return [entry for _, rows in self.by_noun for entry in rows.values()]


async def derive(
    session: AsyncSession, touched: Touched, now: datetime, traces: Mapping[str, str | None] | None = None
) -> int:
    """Derive rows again; returns how many changed. The caller holds the locks of their connections.

    ``traces``: the trace of each event that caused it; a row's event continues its newest one's.
    """
    await expand(session, touched)
    seen = await _read_objects(session, touched)
    drafts = Drafts()
    _draft_money(touched, seen.money, drafts)
    await _draft_payouts(session, seen.payouts, drafts)
    around = await _read_around(session, drafts, seen.states)
    _draft_subscriptions(seen.states, around.discounts, drafts)
    events: list[Event] = []
    changed = 0
    for noun, rows in drafts.by_noun:
        settling = _Settling(noun, around.book, around.stored.get(noun, {}), now, traces or {})
        changed += await _settle(session, settling, rows, events)
    await emit_all(session, events)
    return changed


async def expand(session: AsyncSession, touched: Touched) -> None:
    """Name the rows that changed customers, discounts, coupons and invoices touch."""
    await store.add_rows_of_customers(session, touched, touched.customers)
    touched.discounted |= await objects.customers_of_coupons(session, touched.coupons)
    await store.add_subscriptions_of(session, touched, touched.discounted)
    await store.add_payments_of_invoices(session, touched, touched.invoices)
    for done in (touched.customers, touched.coupons, touched.discounted, touched.invoices):
        done.clear()


async def derive_or_put_off(session: AsyncSession, touched: Touched, now: datetime) -> bool:
    """Derive what a changed link touches: at once if it is little, else by the worker. Whether at once."""
    await expand(session, touched)
    if touched.size > DERIVE_AT_ONCE:
        await store.put_off(session, touched)
        return False
    if touched.size:
        await derive(session, touched, now)
    return True


@dataclass(slots=True)
class _Objects:
    """The mirrored objects that make up the touched rows."""

    money: objects.ByPlace = field(default_factory=dict)
    payouts: objects.ByPlace = field(default_factory=dict)
    states: objects.States = field(default_factory=dict)


async def _read_objects(session: AsyncSession, touched: Touched) -> _Objects:
    """Read them in one round trip (mostly)."""
    statements: list[Statement[Any]] = []
    if touched.payments:
        statements.append(objects.money(touched.payments))
    if touched.payouts:
        statements.append(objects.by_id("payout", touched.payouts))
    statements += objects.subscription_states(touched.subscriptions)
    if not statements:
        return _Objects()
    answers = list(await run(session, *statements))
    found = _Objects()
    if touched.payments:
        found.money = await objects.complete_money(session, touched.payments, answers.pop(0))
    if touched.payouts:
        found.payouts = answers.pop(0)
    for states in answers:
        for place, entries in states.items():
            found.states.setdefault(place, []).extend(entries)
    return found


@dataclass(slots=True)
class _Around:
    """What else decides the touched rows: links, discounts, and what was stored of them before."""

    book: LinkBook = field(default_factory=LinkBook)
    discounts: dict[Place, DiscountBook] = field(default_factory=dict)
    stored: dict[Noun, store.Stored] = field(default_factory=dict)


async def _read_around(session: AsyncSession, drafts: Drafts, states: objects.States) -> _Around:
    """Read that in one round trip (mostly)."""
    named = [(place, draft.customer_id, draft.account_claim, draft.venture_claim) for place, draft in drafts.all]
    named += [
        (place, state.facts["customer"], state.facts["account"], state.facts["venture"])
        for place, _, state, _ in _each(states)
    ]
    if not named:
        return _Around()
    keys: dict[Noun, list[store.Key]] = {noun: list(rows) for noun, rows in drafts.by_noun if rows}
    if states:
        keys[nouns.SUBSCRIPTIONS] = [(*place, state.object_id, at(since)) for place, since, state, _ in _each(states)]
    customers = {(*place, state.facts["customer"]) for place, _, state, _ in _each(states) if state.facts["customer"]}
    statements: list[Statement[Any]] = [link_book(named)]
    statements += [store.rows_by_key(noun, wanted) for noun, wanted in keys.items()]
    if customers:
        statements.append(objects.discounts_of_customers(customers))
    book, *answers = await run(session, *statements)
    around = _Around(book, stored=dict(zip(keys, answers, strict=False)))
    around.discounts = await _discount_books(session, states, answers[-1] if customers else {})
    return around


def _each(states: objects.States) -> Iterator[tuple[Place, int, Seen, int | None]]:
    for place, found in states.items():
        for since, state, deleted in found:
            yield place, since, state, deleted


def _draft_money(touched: Touched, found: objects.ByPlace, drafts: Drafts) -> None:
    asked: dict[Place, set[str]] = {}
    for organization, connection, name in touched.payments:
        asked.setdefault((organization, connection), set()).add(name)
    for place, names in asked.items():
        groups = group_by_payment(found.get(place, []))
        for group in groups.values():
            if (payment := payment_of(group)) is not None:
                drafts.add(nouns.PAYMENTS, place, payment)
            for refund in refunds_of(group):
                drafts.add(nouns.REFUNDS, place, refund)
            for dispute in disputes_of(group):
                drafts.add(nouns.DISPUTES, place, dispute)
        for payment in superseded(groups, names):
            drafts.add(nouns.PAYMENTS, place, payment)


async def _draft_payouts(session: AsyncSession, payouts: objects.ByPlace, drafts: Drafts) -> None:
    organizations = await organizations_by_id(session, {organization for organization, _ in payouts})
    for place, found in payouts.items():
        organization = organizations.get(place[0])
        for payout in found:
            drafts.add(nouns.PAYOUTS, place, payout_of(payout, organization.time_zone if organization else _TIME_ZONE))


def _draft_subscriptions(states: objects.States, books: Mapping[Place, DiscountBook], drafts: Drafts) -> None:
    for place, since, state, deleted in _each(states):
        content = state_content(state.facts, since, deleted, books.get(place, _NO_DISCOUNTS))
        drafts.add(nouns.SUBSCRIPTIONS, place, _subscription_draft(state, content), at(since))


def _subscription_draft(state: Seen, content: dict[str, Any]) -> Draft:
    return Draft(
        key=state.object_id,
        columns={"currency": content["currency"], "status": content["status"], "content": content},
        customer_id=state.facts["customer"],
        account_claim=state.facts["account"],
        venture_claim=state.facts["venture"],
        evidence=evidence_of([state]),
    )


async def _discount_books(
    session: AsyncSession, states: objects.States, discounts: objects.ByPlace
) -> dict[Place, DiscountBook]:
    """The discounts of the subscriptions' customers, with their coupons."""
    wanted: set[Named] = {
        (*place, each.facts["coupon_id"])
        for place, found in discounts.items()
        for each in found
        if each.facts["coupon_id"] and each.facts["coupon"] is None
    }
    shown = [(place, each["facts"]) for place, _, state, _ in _each(states) for each in state.facts["discounts"]]
    wanted |= {(*place, facts["coupon_id"]) for place, facts in shown if facts and facts["coupon_id"]}
    coupons = (await run(session, objects.by_id("coupon", wanted)))[0] if wanted else {}
    return {
        place: DiscountBook.of([*discounts.get(place, []), *coupons.get(place, [])]) for place in {*discounts, *coupons}
    }


@dataclass(frozen=True, slots=True)
class _Settling:
    """What turns drafts of one table into rows and events."""

    noun: Noun
    book: LinkBook
    stored: store.Stored
    now: datetime
    traces: Mapping[str, str | None]


async def _settle(
    session: AsyncSession,
    settling: _Settling,
    rows: Mapping[tuple[Any, ...], tuple[Place, Draft]],
    events: list[Event],
) -> int:
    """Write the rows that differ from what is stored, and note the events of those whose content does."""
    noun = settling.noun
    written: list[dict[str, Any]] = []
    changed = 0
    for key, (place, draft) in rows.items():
        before = settling.stored.get(key)
        if before is None and draft.only_if_known:
            continue
        row = dict(zip(noun.whole_key, key, strict=True)) | _columns(draft, settling.book.link(place, draft))
        news = before is None or any(row[name] != before[name] for name in noun.public)
        if not news and before is not None and all(row[name] == before[name] for name in row):
            continue
        row["version"] = (before["version"] if before else 0) + news
        row["recorded_at"] = before["recorded_at"] if before else settling.now
        row["changed_at"] = settling.now if news or before is None else before["changed_at"]
        written.append(row)
        if news:
            changed += 1
            event = noun.event(row)
            if event is not None:
                events.append(event.caused(_trace(draft, settling.traces)))
    await store.write(session, noun, written)
    return changed


def _columns(draft: Draft, link: Link) -> dict[str, Any]:
    return draft.columns | {
        "customer_id": draft.customer_id,
        "account_id": link.account_id,
        "venture_id": link.venture_id,
        "account_claim": UUID(draft.account_claim) if draft.account_claim else None,
        "venture_claim": UUID(draft.venture_claim) if draft.venture_claim else None,
        "evidence": list(draft.evidence),
    }


def _trace(draft: Draft, traces: Mapping[str, str | None]) -> str | None:
    return next((traces[event] for event in reversed(draft.evidence) if event in traces), None)
