"""Events once more: from the event log to the bus, from the bus through the handlers, into fresh read models."""
