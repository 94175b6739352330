"""Event subscribers: what an API key may hear on the bus, and how it gets in."""
