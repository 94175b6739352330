"""Events as an operator meets them: watched, read from the start of a stream, injected."""
