"""The faults of a campaign: read, written, chosen by a seed, refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.topology import SERVICES
from trueup.chaos.faults import ENGINES, Fault, UnknownFaultError, actions_of, parse
from trueup.chaos.schedule import Ground, named_faults, random_faults, without
from trueup.chaos.session import OWN

grounds = st.builds(
    Ground,
    replicas=st.dictionaries(st.sampled_from(SERVICES), st.integers(1, 4), min_size=1),
    engines=st.lists(st.sampled_from(ENGINES), unique=True),
    failpoints=st.booleans(),
    only_kill=st.booleans(),
)


@given(st.integers(0, 10**6), st.floats(5, 100), st.floats(0.5, 10), grounds)
def test_the_same_seed_gives_the_same_possible_faults(seed: int, seconds: float, every: float, ground: Ground):
    faults = random_faults(seed, seconds, every, ground)
    assert faults == random_faults(seed, seconds, every, ground)
    assert faults, "five seconds have room for one"
    for fault in faults:
        assert 0 < fault.at <= seconds
        assert parse(str(fault)) == fault, "what is printed can be asked for"
        assert fault.target in ground.replicas or fault.target in ground.engines
        assert fault.replica is None or fault.replica <= ground.replicas[fault.target]
        assert ground.failpoints or not fault.is_failpoint
        assert not ground.only_kill or fault.action == "kill" or fault.is_failpoint or fault.action == "sessions"


def test_other_seeds_give_other_faults():
    assert len({tuple(random_faults(seed, 40, 2, OWN)) for seed in range(20)}) == 20


def test_over_many_seeds_every_kind_comes():
    faults = [fault for seed in range(60) for fault in random_faults(seed, 60, 2, OWN)]
    assert {fault.target for fault in faults} == {*SERVICES, *ENGINES}
    assert {"kill", "pause", "sessions"} < {fault.action for fault in faults}
    assert any(fault.is_failpoint for fault in faults)


def test_spared_targets_are_left_alone():
    ground = without(OWN, ["postgres", "nats", "gateway"])
    assert not {fault.target for fault in random_faults(3, 600, 1, ground)} & {"postgres", "nats", "gateway"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("finance", Fault("finance")),
        ("finance-2", Fault("finance", replica=2)),
        ("nats@12.5", Fault("nats", at=12.5)),
        ("sync-1:pause=2", Fault("sync", "pause", 1, 2.0)),
        ("postgres:away", Fault("postgres", "away", seconds=20.0)),
        ("sync:consumer.before_commit=3@4", Fault("sync", "consumer.before_commit", seconds=3.0, at=4.0)),
        ("ingestion:relay.after_publish", Fault("ingestion", "relay.after_publish")),
        ("plans:sessions", Fault("plans", "sessions")),
    ],
)
def test_a_fault_is_read(text: str, fault: Fault):
    assert parse(text) == fault


@pytest.mark.parametrize(
    "text",
    [
        *("", "fin", "finance-0", "finance:", "finance:explode", "finance:kill=3", "finance@soon", "finance:pause=0"),
        *("nats-2", "postgres:sessions", "gateway:relay.after_claim", "gateway:consumer.after_ack"),
        *("finance-2:relay.after_claim", "finance:normaliser.after_claim", "nats:away=1e9", "finance:sessions=2"),
    ],
)
def test_what_is_no_fault_is_refused(text: str):
    with pytest.raises(UnknownFaultError, match=r"\S"):
        parse(text)


def test_every_action_of_every_target_can_be_written():
    for target in (*SERVICES, *ENGINES):
        for action in actions_of(target):
            assert parse(f"{target}:{action}").action == action


def test_named_faults_are_spread_in_their_order_and_keep_their_instants():
    placed = named_faults([parse(text) for text in ("finance", "nats@2", "sync", "plans")], 22)
    assert [str(fault) for fault in placed] == ["finance@1", "nats@2", "sync@11", "plans@16"]
