"""Routes: which service answers a request, and handing it over."""
