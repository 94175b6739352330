"""When is posted again, how a message is signed, and to which addresses nothing is ever posted."""
