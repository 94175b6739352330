"""Errand: something that a worker has to do after a commit, whoever's it is."""
