"""plans: what is promised. Ventures, and their business plans with every version kept whole."""
