"""Who is calling: access tokens, memberships, roles. Every service checks for itself."""
