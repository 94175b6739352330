"""Read models from nothing but the streams, beside the live ones, and then in their place."""
