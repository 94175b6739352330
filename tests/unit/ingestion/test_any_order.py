from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies.stripe_histories import deliveries, histories
from tests.unit.ingestion.fold import Ledger


@given(st.data())
@settings(max_examples=150)
def test_a_history_comes_to_what_was_done_in_any_order_and_repetition(data):
    history = data.draw(histories())
    delivered = data.draw(deliveries(history.events))
    ledger = Ledger(delivered)
    assert ledger.net_payments() == history.expected.payments
    assert ledger.net_payouts() == history.expected.payouts


@given(st.data())
@settings(max_examples=150)
def test_rows_and_states_depend_on_the_set_of_events_alone(data):
    history = data.draw(histories(max_steps=10))
    plain = Ledger(history.events)
    shuffled = Ledger(data.draw(deliveries(history.events)))
    assert shuffled.rows() == plain.rows()
    assert shuffled.states() == plain.states()
    assert shuffled.mirrors == plain.mirrors
