"""Letters to people: written with the state that they tell of, sent by a worker."""
