"""The business plan of a venture: strategy, targets and assumptions, in whole versions."""
