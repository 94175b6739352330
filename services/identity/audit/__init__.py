"""The audit log of all services: who did what, when, from where, and what it changed."""
