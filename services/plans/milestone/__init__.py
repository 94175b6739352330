"""Milestones: points on the way, reached by an actual or by a person who says so, once."""
