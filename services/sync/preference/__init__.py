"""Preference: who wants to be told what, and how."""
