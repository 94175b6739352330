"""What all ledger rows share: a natural key, a version, links, evidence; and how a change is published."""
