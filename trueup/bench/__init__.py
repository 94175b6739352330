"""How fast the loop is on this machine, beside what the machine itself can do."""
