"""Targets that sync proposes, and what people decide about them."""
