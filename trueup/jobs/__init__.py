"""Jobs of all services, as their operator asks for them."""
