"""The operator's command."""

__version__ = "0.1.0"
