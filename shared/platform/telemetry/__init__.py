"""Structured logs. Metrics are declared beside what they measure and served at ``/metrics``."""
