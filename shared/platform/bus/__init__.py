"""The bus: outbox and relay, streams, batch consumers, dead letters."""
