"""Money captured from customers."""
