"""Reporting: how the portfolio is shown, and the investor reports made from it."""
