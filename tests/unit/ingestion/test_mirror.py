from itertools import permutations

import pytest

from services.ingestion.stripe_object.rules.mirror import EVIDENCE_LIMIT, merge
from services.ingestion.stripe_object.rules.observation import rank
from services.ingestion.stripe_object.rules.reading import Malformed, object_type_of, observations
from tests.unit.ingestion.stripe_shapes import charge, event, refund, subscription


def newest_in_every_order(events):
    """The event whose state is the newest, which must not depend on the order."""
    found = set()
    for order in permutations(events):
        mirror = None
        for each in order:
            mirror = merge(mirror, observations(each)[:1])
        found.add(mirror.newest.event_id)
        assert merge(mirror, [o for each in order for o in observations(each)[:1]]) == mirror
    assert len(found) == 1
    return found.pop()


def test_the_later_event_wins():
    events = [event("charge.updated", charge(), 5, name="evt_b"), event("charge.updated", charge(), 6, name="evt_a")]
    assert newest_in_every_order(events) == "evt_a"


def test_changes_of_one_second_are_chained_by_what_they_overwrote():
    events = [
        event("customer.subscription.created", subscription(status="incomplete"), name="evt_d"),
        event(
            "customer.subscription.updated",
            subscription(status="active"),
            name="evt_c",
            previous={"status": "incomplete"},
        ),
        event(
            "customer.subscription.updated",
            subscription(status="past_due"),
            name="evt_b",
            previous={"status": "active"},
        ),
        event(
            "customer.subscription.updated",
            subscription(status="unpaid"),
            name="evt_a",
            previous={"status": "past_due"},
        ),
    ]
    assert newest_in_every_order(events) == "evt_a"


def test_nested_and_listed_attributes_are_compared_where_stripe_gives_them():
    one = subscription(metadata={"a": "1", "b": "1"})
    two = subscription(metadata={"a": "1", "b": "2"})
    events = [
        event("customer.subscription.updated", one, name="evt_z", previous={"metadata": {"a": None}}),
        event("customer.subscription.updated", two, name="evt_a", previous={"metadata": {"b": "1"}}),
    ]
    assert newest_in_every_order(events) == "evt_a"
    more = subscription(items={"data": [{"id": "si_1", "quantity": 2}]})
    less = subscription(items={"data": [{"id": "si_1", "quantity": 1}]})
    events = [
        event("customer.subscription.updated", less, name="evt_z", previous={"items": more["items"]}),
        event("customer.subscription.updated", more, name="evt_a", previous={"items": {"data": []}}),
    ]
    assert newest_in_every_order(events) == "evt_z"


def test_a_deletion_is_the_last_of_its_second_and_never_undone():
    gone = event("customer.deleted", {"id": "cus_1", "object": "customer", "metadata": {}}, 7, name="evt_a")
    late = {"id": "cus_1", "object": "customer", "metadata": {"x": "1"}}
    events = [gone, event("customer.updated", late, 7, name="evt_z", previous={"metadata": {}})]
    assert newest_in_every_order(events) == "evt_a"
    mirror = merge(None, [o for each in [*events, event("customer.updated", late, 9)] for o in observations(each)])
    assert mirror.marks["deleted"] == 7


def test_a_deletion_that_shows_nothing_leaves_what_is_known():
    stub = event("customer.deleted", {"id": "cus_1", "object": "customer", "deleted": True}, 9)
    known = event("customer.created", {"id": "cus_1", "object": "customer", "name": "Ali", "metadata": {}}, 5)
    for order in permutations([stub, known]):
        mirror = merge(None, [o for each in order for o in observations(each)])
        assert mirror.facts["name"] == "Ali"
        assert mirror.marks["deleted"] == 9


def test_what_an_event_is_about_outweighs_what_it_finds_inside():
    inside = charge(refunds={"data": [refund(status="pending")]})
    shown = [*observations(event("charge.refunded", inside, 5)), *observations(event("refund.updated", refund(), 5))]
    mirror = merge(None, [each for each in shown if each.object_type == "refund"])
    assert mirror.facts["status"] == "succeeded"


def test_equal_footing_is_decided_by_rank_then_id():
    paid = event("charge.captured", charge(), name="evt_a")
    other = event("charge.updated", charge(), name="evt_z")
    assert newest_in_every_order([paid, other]) == "evt_a"
    assert newest_in_every_order([event("charge.updated", charge(), name="evt_y"), other]) == "evt_z"
    assert rank("customer.subscription.deleted") > rank("customer.subscription.updated") > rank("charge.created")


def test_evidence_is_the_newest_events():
    mirror = None
    for second in range(30):
        mirror = merge(mirror, observations(event("charge.updated", charge(), second, name=f"evt_{second:02}")))
    assert len(mirror.evidence) == EVIDENCE_LIMIT
    assert mirror.evidence[-1] == (29, "evt_29")


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("charge.refund.updated", "refund"),
        ("charge.dispute.closed", "dispute"),
        ("charge.updated", "charge"),
        ("customer.updated", "customer"),
        ("customer.discount.created", "discount"),
        ("customer.subscription.trial_will_end", "subscription"),
        ("customer.source.created", None),
        ("invoice.upcoming", None),
        ("product.updated", None),
    ],
)
def test_the_type_says_what_an_event_is_about(kind, about):
    assert object_type_of(kind) == about


def test_an_event_about_something_else_than_its_type_says_is_malformed():
    with pytest.raises(Malformed):
        observations(event("charge.updated", refund()))
    assert observations(event("product.updated", {"object": 5})) == []
