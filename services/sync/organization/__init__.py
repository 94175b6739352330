"""Organization: under which calendar its comparisons are made, and how it wants projections handled."""
