"""Accounts: the paying customers of an organization, and their pricing."""
