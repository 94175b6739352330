"""Reading Stripe's objects, in every shape its API versions give them, and keeping the newest state.

``values`` reads single members, ``observation`` says what an event shows of an object, ``reading`` takes an
event apart, ``mirror`` decides which of several observations is the newest.
"""
