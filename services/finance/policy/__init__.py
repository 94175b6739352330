"""The metric policy: the rules by which figures are made, as versioned data."""
