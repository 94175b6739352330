"""Letter: the report of the ended month, mailed to those who run an organization."""
