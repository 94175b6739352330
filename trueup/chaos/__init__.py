"""The fault campaign: faults at a running system under a known load, and exact counts at its end."""
