"""Faults put into a running service while papers are read, and what became of every paper."""
