"""Payments: what charges, payment intents and invoices say (``reading``), and the one payment behind them."""
