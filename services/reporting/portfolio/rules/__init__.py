"""The rules of the portfolio, pure: facts, figures, and the dashboard made from them."""
