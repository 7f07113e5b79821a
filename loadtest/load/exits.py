"""What the exit status says."""

HELD = 0
NOT_HELD = 1
NOT_RUN = 2
"""Not run, or not to its end."""
