"""How fresh and how complete a connection's ledger is."""
