"""Weights from a Hugging Face repository at a commit.

They come through the hub's own cache (resumable, shared with other tools, honours HF_HOME, HF_TOKEN, HF_ENDPOINT and
HF_HUB_OFFLINE) and are then linked, so that a model of tens of gigabytes lies on the disk once.
"""

import re
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from serve.model_store.catalog import HubSource
from serve.model_store.errors import DamagedModelError, ModelStoreError, WeightsUnavailableError, storage_problem
from serve.model_store.files import link_or_copy
from serve.model_store.fingerprint import sha256_of

BYTES_EVERY_S = 5.0

_IS_SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch(source: HubSource, into: Path, say: Callable[[str], None]) -> None:
    """Write the top-level files of `source` that match its patterns into the directory `into`.

    Raises `WeightsUnavailableError` when the hub cannot be reached or refuses, `DamagedModelError` when a large file
    is not what the hub announced.
    """
    say(f"downloading {source.repo}")
    snapshot = _download(source, say)
    for path in sorted(snapshot.iterdir()):
        # Other tools may have brought more of the repository into the same folder.
        if path.is_file() and any(fnmatch(path.name, pattern) for pattern in source.files):
            say(f"checking {path.name}")
            _check(path)
            link_or_copy(path, into / path.name)


def _download(source: HubSource, say: Callable[[str], None]) -> Path:
    # Imported here: a start with everything prepared must not pay for it.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        folder = snapshot_download(
            source.repo,
            revision=source.revision,
            allow_patterns=list(source.files),
            ignore_patterns=["*/*"],
            tqdm_class=_bar(source.repo, say),
        )
    except GatedRepoError as error:
        raise WeightsUnavailableError(
            f"{source.repo} is gated and the hub refused the download.",
            f"Accept its terms at https://huggingface.co/{source.repo}, then set HF_TOKEN or run `hf auth login`.",
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise WeightsUnavailableError(
            f"The hub has no {source.repo} at {source.revision}, or keeps it private.",
            "Correct `repo` and `revision` in the catalogue; for a private repository set HF_TOKEN.",
        ) from error
    except Exception as error:  # the hub's client lets many kinds of network error through
        raise _unreachable(source, error) from error
    return Path(folder)


def _unreachable(source: HubSource, error: Exception) -> ModelStoreError:
    said = str(error).strip().splitlines() or [type(error).__name__]
    return storage_problem(error, Path("the Hugging Face cache")) or WeightsUnavailableError(
        f"{source.repo} could not be downloaded from the hub: {said[0]}",
        "Without a network: copy the cache directory from a machine that has prepared this model, or point the model's "
        "`source` in the catalogue at a local directory. Behind a mirror: set HF_ENDPOINT.",
    )


def _check(path: Path) -> None:
    """The hub's cache names a large file's bytes by their sha256; a small file's by a git hash, which proves less."""
    expected = path.resolve().name
    if _IS_SHA256.fullmatch(expected) and sha256_of(path) != expected:
        raise DamagedModelError(
            f"{path.name} in the Hugging Face cache does not have the sha256 that the hub announced.",
            f"Delete {path.resolve()} and prepare the model again.",
        )


def _bar(repo: str, say: Callable[[str], None]) -> type:
    """A tqdm class that draws nothing and tells `say` how many bytes have come."""
    from huggingface_hub.utils import tqdm

    class SayBytes(tqdm):
        monitor_interval = 0

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "mininterval": BYTES_EVERY_S, "disable": False})

        def display(self, *args: Any, **kwargs: Any) -> None:
            if self.unit == "B" and self.total:
                say(f"downloading {repo}: {self.n / 1e9:.2f} of {self.total / 1e9:.2f} GB")

        def close(self) -> None:
            self.disable = True

    return SayBytes
