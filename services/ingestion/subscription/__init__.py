"""The history of every subscription, second by second."""
