"""The typeset templates of reports (typst)."""
