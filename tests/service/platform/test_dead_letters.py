import pytest

from shared.platform.bus import topology
from tests.harness.engines import NATS_PASSWORD
from tests.harness.house import House
from tests.harness.operator import Operator
from tests.service.platform.recorder import Recorder, alert, deliver_alerts, recording, titles_in


@pytest.fixture
async def broken(house: House, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A service with one dead letter, "poison", and one event applied after it."""
    recorder = await recording(house, monkeypatch)

    async def refuse(_session: object, batch: object) -> None:
        if "poison" in titles_in(batch):
            raise ValueError("not yet")

    recorder.trap = refuse
    org = await house.organization()
    await house.start("plans")
    await house.publish(alert(org.id, "poison"), alert(org.id, "healthy"))
    await house.settle()
    return recorder


async def mended(_session: object, _batch: object) -> None:
    """The handler after the fix."""


async def test_a_replay_after_the_fix_applies_and_settles(broken: Recorder, trueup: Operator) -> None:
    (letter,) = (await trueup("dead-letters", "list", "--service", "plans", "--json")).json
    assert (letter["type"], letter["attempts"], letter["error"]) == ("alert.raised", 6, "not yet")
    assert broken.titles() == ["healthy"]

    still = await trueup("dead-letters", "replay", letter["id"], "--service", "plans")
    assert (still.code, broken.titles()) == (1, ["healthy"])
    (letter,) = (await trueup("dead-letters", "list", "--service", "plans", "--json")).json
    assert letter["attempts"] == 7

    broken.trap = mended
    good = await trueup("dead-letters", "replay", "--all", "--service", "plans")
    assert (good.code, broken.titles()) == (0, ["healthy", "poison"])
    assert "1 replayed, 0 still open" in good.out
    assert (await trueup("dead-letters", "list", "--service", "plans", "--json")).json == []

    again = await trueup("dead-letters", "replay", letter["id"], "--service", "plans")
    assert (again.code, broken.titles()) == (0, ["healthy", "poison"])
    assert "was replayed already" in again.out


async def test_a_discarded_letter_stays_readable_and_replays_pass_it_over(broken: Recorder, trueup: Operator) -> None:
    (letter,) = (await trueup("dead-letters", "list", "--service", "plans", "--json")).json
    assert (await trueup("dead-letters", "discard", letter["id"][-12:], "--service", "plans")).code == 0
    shown = (await trueup("dead-letters", "show", letter["id"], "--service", "plans")).json
    assert shown["state"] == "discarded"
    assert '"poison"' in shown["payload"]
    ran = await trueup("replay", "--service", "plans", "--stream", "sync")
    assert "1 events applied again, 1 in the dead letters passed over, 0 failed" in ran.out
    assert (ran.code, broken.titles()) == (0, ["healthy", "healthy"])


async def test_a_stream_that_was_made_anew_counts_from_one_again(
    house: House, broken: Recorder, trueup: Operator
) -> None:
    """What has the sequence of an earlier dead letter is another message: it gets its own tries and its own letter."""
    await house.stop("plans")
    await house.operator.jsm().delete_stream("SYNC")
    await topology.apply(house.nats_url, "operator", NATS_PASSWORD)
    await deliver_alerts(house)
    org = await house.organization()
    await house.publish(alert(org.id, "innocent"), alert(org.id, "another poison"), alert(org.id, "poison"))
    await house.start("plans")
    await house.settle()
    assert broken.titles() == ["healthy", "innocent", "another poison"]
    letters = (await trueup("dead-letters", "list", "--service", "plans", "--json")).json
    assert sorted((letter["sequence"], letter["attempts"]) for letter in letters) == [(1, 6), (3, 6)]
    ran = await trueup("replay", "--service", "plans", "--stream", "sync")
    assert "2 events applied again, 1 in the dead letters passed over, 0 failed" in ran.out

    await house.stop("plans")
    await house.operator.jsm().delete_stream("SYNC")
    await topology.apply(house.nats_url, "operator", NATS_PASSWORD)
    await deliver_alerts(house)
    await house.publish(alert(org.id, "poison"))
    await house.start("plans")
    await house.settle()
    letters = (await trueup("dead-letters", "list", "--service", "plans", "--json")).json
    assert sorted((letter["sequence"], letter["attempts"]) for letter in letters) == [(1, 6), (1, 6), (3, 6)]


async def test_an_undecodable_letter_stays_open_with_its_reason(
    broken: Recorder, house: House, trueup: Operator
) -> None:
    house.database_url("sync")  # whose stream it is, tells the audit log
    poison = ("events", "publish", "--raw", "--subject", "alert.raised.x", "--type", "alert.raised", "-")
    sent = await trueup(*poison, stdin=b'{"title": 1}')
    assert sent.json["stream"] == "SYNC"
    await house.settle()
    letters = (await trueup("dead-letters", "list", "--service", "plans", "--json")).json
    assert [letter["error_type"] for letter in letters] == ["ValueError", "UndecodableError"]
    ran = await trueup("dead-letters", "replay", letters[1]["id"], "--service", "plans")
    assert ran.code == 1
    assert "title: Input should be a valid string" in ran.out


async def test_commands_say_what_is_wrong(house: House, trueup: Operator) -> None:
    house.database_url("plans")
    cases = {
        ("dead-letters", "replay", "--service", "plans"): "name dead letters by their ids, or say --all",
        ("dead-letters", "show", "01970000", "--service", "plans"): "names no dead letter",
        ("dead-letters", "list", "--service", "planz"): "there is no service 'planz'",
        ("dead-letters", "list", "--state", "dead"): "--state is open, replayed, discarded or all",
        ("events", "publish", "--subject", "a.b.c", "-"): "say --raw",
        ("events", "publish", "--raw", "--subject", "a.b.c", "-"): "no stream took 'a.b.c'",
        ("events", "tail", "no.such"): "no event has a subject like 'no.such'",
        ("events", "tail", "--since", "yesterday"): "'yesterday' is no instant",
        ("replay", "--service", "gateway"): "gateway keeps no data",
        ("re-emit", "--service", "plans", "--since", "soon"): "'soon' is no instant",
    }
    for arguments, sentence in cases.items():
        ran = await trueup(*arguments)
        assert (ran.code, sentence in ran.err) == (1, True), (arguments, ran)
