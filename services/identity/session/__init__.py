"""Sessions: what begins with a login, lives by refresh tokens, and ends."""
