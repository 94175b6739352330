"""What happened in a venture, and by whom."""
