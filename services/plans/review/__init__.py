"""Whether a plan needs a review: set by the monthly review, cleared by people."""
