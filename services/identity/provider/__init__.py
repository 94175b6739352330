"""Logging in with another identity provider (OpenID Connect)."""
