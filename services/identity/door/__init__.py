"""The front door: limits for callers nobody knows, and what they ask for by e-mail address."""
