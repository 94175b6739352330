"""The rules of a report, pure: its period, its figures, its sentences, its document."""
