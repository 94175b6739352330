"""Goals: what a venture wants to reach, as a number of a metric or as text."""
