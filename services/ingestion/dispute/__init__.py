"""Disputes: funds withdrawn and reinstated."""
