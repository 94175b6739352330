"""What a person shows: access tokens, refresh tokens, and the keys that sign."""
