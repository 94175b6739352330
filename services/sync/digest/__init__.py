"""Digest: one letter about everything since the last one."""
