"""The state of a subscription from one second until its next change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from services.ingestion.ledger.rules import Seen, at_or_none
from services.ingestion.stripe_object.rules.observation import Facts

Content = dict[str, Any]
"""What a ``subscription.changed`` event says besides ids, revision and links; JSON values only."""


@dataclass(frozen=True, slots=True)
class DiscountBook:
    """The mirrored discounts by id, and the mirrored coupons by id, of one connection."""

    discounts: Mapping[str, Seen] = field(default_factory=dict)
    coupons: Mapping[str, Facts] = field(default_factory=dict)
    by_customer: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, seen: Iterable[Seen]) -> "DiscountBook":
        """A book of mirrored discounts and coupons."""
        discounts: dict[str, Seen] = {}
        coupons: dict[str, Facts] = {}
        by_customer: dict[str, list[str]] = {}
        for each in sorted(seen, key=lambda each: each.object_id):
            if each.object_type == "coupon":
                coupons[each.object_id] = each.facts
            elif each.object_type == "discount":
                discounts[each.object_id] = each
                facts = each.facts
                if facts["customer"] and not facts["subscription"] and not facts["elsewhere"]:
                    by_customer.setdefault(facts["customer"], []).append(each.object_id)
        return cls(discounts, coupons, {name: tuple(ids) for name, ids in by_customer.items()})


def state_content(facts: Facts, effective_second: int, deleted_second: int | None, book: DiscountBook) -> Content:
    """The content of the state that begins at ``effective_second``.

    From its deletion on a subscription is canceled, whatever a later event says. A customer's discounts
    apply to subscriptions without their own, unless they ended before the state began.
    """
    deleted = deleted_second is not None and effective_second >= deleted_second
    discounts, unresolved = _discounts(facts, effective_second, book)
    return {
        "currency": facts["currency"],
        "status": "canceled" if deleted else facts["status"],
        "paused": facts["paused"] and not deleted,
        "deleted": deleted,
        "cancel_at_period_end": facts["cancel_at_period_end"],
        "current_period_end": facts["current_period_end"],
        "canceled_at": facts["canceled_at"],
        "ended_at": facts["ended_at"] or (deleted_second if deleted else None),
        "trial_end": facts["trial_end"],
        "items": facts["items"],
        "discounts": discounts,
        "unresolved_discounts": unresolved,
    }


def _discounts(facts: Facts, effective_second: int, book: DiscountBook) -> tuple[list[Facts], list[str]]:
    own = facts["discounts"]
    if own or facts["item_discounts"]:
        wanted = [(each["id"], each["facts"]) for each in own]
    else:
        wanted = [(name, None) for name in book.by_customer.get(facts["customer"] or "", ())]
    resolved: list[Facts] = []
    unresolved: list[str] = list(facts["item_discounts"])
    for name, shown in wanted:
        found = _resolve(name, shown, facts["currency"], book)
        if found is None:
            unresolved.append(name)
        elif own or found["end"] is None or found["end"] > effective_second:
            resolved.append(found)
    return resolved, sorted(unresolved)


def _resolve(name: str, shown: Facts | None, currency: str, book: DiscountBook) -> Facts | None:
    """A discount with its coupon; None while either is unknown, or in another currency."""
    mirrored = book.discounts.get(name)
    said = shown or (mirrored.facts if mirrored else None)
    if said is None:
        return None
    coupon = said["coupon"] or book.coupons.get(said["coupon_id"] or "")
    if coupon is None and mirrored is not None:
        coupon = mirrored.facts["coupon"]
    if coupon is None or (coupon["amount_off"] is not None and coupon["currency"] != currency):
        return None
    ends = [said["end"], mirrored.marks.get("deleted") if mirrored else None]
    return {
        "discount_id": name,
        "percent_off": coupon["percent_off"],
        "amount_off": coupon["amount_off"],
        "duration": coupon["duration"],
        "start": said["start"],
        "end": min((end for end in ends if end is not None), default=None),
    }


def event_members(content: Content) -> dict[str, Any]:
    """The content with the types that the event's members have."""
    times = ("current_period_end", "canceled_at", "ended_at", "trial_end")
    return content | {
        **{name: at_or_none(content[name]) for name in times},
        "items": [_typed(item, ("unit_amount", "inclusive_tax_pct"), ()) for item in content["items"]],
        "discounts": [
            _typed(discount, ("percent_off", "amount_off"), ("start", "end")) for discount in content["discounts"]
        ],
        "unresolved_discounts": tuple(content["unresolved_discounts"]),
    }


def _typed(part: Facts, numbers: tuple[str, ...], times: tuple[str, ...]) -> dict[str, Any]:
    typed: dict[str, Any] = dict(part)
    for name in numbers:
        typed[name] = None if part[name] is None else Decimal(part[name])
    for name in times:
        moment: datetime | None = at_or_none(part[name])
        typed[name] = moment
    return typed
