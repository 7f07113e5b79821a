"""What a key may do, and which scope each route needs. There is no other place that says so."""

from enum import StrEnum


class Scope(StrEnum):
    READ = "read"
    """Read papers."""
    CHAT = "chat"
    """OpenAI's protocol."""
    BATCH = "batch"
    """Files and batch jobs."""
    AGENT = "agent"
    """Answers from many papers."""
    ADMIN = "admin"
    """Status and metrics."""


OPEN = None
"""For everyone: probes, which carry no key, and what is the same in every installation."""

ROUTES: dict[str, Scope | None] = {
    "/healthz": OPEN,
    "/readyz": OPEN,
    "/": OPEN,
    "/web": OPEN,
    "/docs": OPEN,
    "/openapi.json": OPEN,
    "/static-offline-docs": OPEN,
    "/v1/analyze": Scope.READ,
    "/v1/classify": Scope.READ,
    "/v1/extract": Scope.READ,
    "/predict": Scope.READ,
    "/ExtractDisease": Scope.READ,
    "/v1/models": Scope.CHAT,
    "/v1/chat/completions": Scope.CHAT,
    "/v1/completions": Scope.CHAT,
    "/v1/files": Scope.BATCH,
    "/v1/batches": Scope.BATCH,
    "/v1/agent": Scope.AGENT,
    "/v1/status": Scope.ADMIN,
    "/metrics": Scope.ADMIN,
}
"""By path; what lies below a path, unless it has a line of its own, is as the path is."""


def scope_of(path: str) -> Scope | None:
    """The scope that a path needs, `OPEN` if none.

    Raises:
        LookupError: nothing is said of the path: nobody may go there.
    """
    below = path
    while below not in ROUTES:
        below = below.rpartition("/")[0]
        if not below.strip("/"):  # `/` is the page alone, nothing lies below it
            raise LookupError(path)
    return ROUTES[below]
