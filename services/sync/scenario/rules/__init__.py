"""What a scenario changes, what follows month by month, and how far chance may carry it."""
