"""Proposal: other targets, for a plan whose path the actuals have left for months."""
