"""Notification: a notice as one member is told it."""
