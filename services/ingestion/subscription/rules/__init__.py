"""Subscriptions and discounts: what Stripe shows (``reading``), and the state from each second on (``history``)."""
