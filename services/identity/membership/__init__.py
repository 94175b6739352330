"""Who belongs to which organization, with which role; invitations."""
