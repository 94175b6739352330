"""Investor reports: figures and text frozen for a period, as JSON and as a typeset PDF."""
