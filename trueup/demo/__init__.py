"""A believable company, loaded through the front door: plans by API, money by signed Stripe webhooks."""
