"""Every derived figure by natural keys, so that two states of a system can be compared."""
