"""What a subscription's items are worth a month."""
