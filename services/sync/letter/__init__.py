"""Letter: an e-mail to a member, of one or many notices."""
