"""Money, time, identity and errors: pure, and ignorant of everything above."""
