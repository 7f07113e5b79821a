"""What the exit statuses of the commands mean."""

FAILED_PAPERS = 1
USAGE_ERROR = 2
UNREACHABLE = 3
INTERRUPTED = 130
