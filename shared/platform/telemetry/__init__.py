"""Structured logs, traces and metrics. Metrics are declared beside what they measure and served at ``/metrics``."""

from prometheus_client import disable_created_metrics

# A second series for the birth of each: nobody reads them.
disable_created_metrics()  # type: ignore[no-untyped-call] # prometheus_client leaves it untyped
