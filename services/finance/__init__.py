"""finance: accounts, money facts, subscriptions, and the dated actuals of ventures."""
