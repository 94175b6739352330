"""The organization's Stripe connections: who may post webhooks, with which secrets."""
