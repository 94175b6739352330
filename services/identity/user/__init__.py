"""A person: register, prove the e-mail address, log in."""
