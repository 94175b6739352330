"""HTTP: one way to declare endpoints, to refuse, to page, to repeat safely."""
