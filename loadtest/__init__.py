"""Measurements of a running service: what it takes to start it and what it holds."""
