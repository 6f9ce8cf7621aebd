"""Slipway: a fast HTTP service in Python, ready for production."""

__version__ = "0.1.0"
