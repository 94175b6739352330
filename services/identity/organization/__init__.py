"""An organization: the tenant."""
