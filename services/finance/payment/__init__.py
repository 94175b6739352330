"""Money facts: payments, refunds, disputes and payouts, signed and dated by local day."""
