"""identity: who somebody is, to which organizations they belong, and with which role."""
