"""What ends a job before its work is done. Each message says what is wrong and what to do about it."""


class BulkError(Exception):
    """Base of the errors of a job; `remedy` is a sentence of its own. Travels between processes."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return self.message


class UnusableInput(BulkError):
    """There is nothing to read, or it may not be read."""


class UnusableOutput(BulkError):
    """The output belongs to another job, or cannot be written."""


class ModelsUnavailable(BulkError):
    """The models cannot be fetched, or the profile has none that a job can read with."""


class ModelsDiffer(BulkError):
    """A worker has loaded other weights than the job began with."""


class ModelsFail(BulkError):
    """No paper of a unit can be read: it is the models that are ill, not the papers."""


class NoCluster(BulkError):
    """Ray does not answer at the address."""


class WorkerFailed(BulkError):
    """A worker could not do a unit, or Ray gave up on the workers: memory, a disk that is full, a node that is gone."""
