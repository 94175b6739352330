"""gateway: the one door for API clients. Stateless: it owns nothing and decides nothing."""
