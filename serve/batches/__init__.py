"""OpenAI's Batch API: files of requests, answered in the background, whatever happens to the process."""

from serve.batches.batches import Batches

__all__ = ["Batches"]
