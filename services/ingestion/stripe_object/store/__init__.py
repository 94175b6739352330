"""All SQL of mirrored objects, by batches: ``mirrors`` reads and writes them, ``seen`` is what the ledger reads."""
