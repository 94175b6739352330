"""ingestion: what came from the outside, once, normalised into a ledger, linked to accounts and ventures."""
