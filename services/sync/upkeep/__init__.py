"""Upkeep: what the calendar changes although nothing happened."""
