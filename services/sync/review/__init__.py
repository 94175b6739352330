"""Review: how each venture did in the month before, kept as it was."""
