"""Chart: two projections side by side, as a picture."""
