"""Venture: what sync knows of a venture, from the events of plans."""
