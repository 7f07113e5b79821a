"""The keys of a running service: looked up by id, read again when their file changes."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from serve.errors import Unauthorized
from serve.keys.key import Key, id_in
from serve.keys.key_file import KeyFileError, read_keys
from serve.logs import log

LOOK_EVERY_S = 1.0

_REMEDY = "send `Authorization: Bearer <key>`; whoever runs this service makes one with `pubserve keys new`"


class Keyring:
    """Keys by id. A file that is gone, or no longer one of keys, changes nothing: the keys read last stay.

    Raises:
        KeyFileError: at the start there is no file to read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = _version(path)
        self._keys = {key.id: key for key in read_keys(path)}
        self._looked_s = time.monotonic()

    def key(self, token: str | None) -> Key:
        """The key that a caller sent, if it is one.

        Raises:
            Unauthorized: it is missing, wrong, withdrawn or expired.
        """
        self._look()
        if not token:
            raise Unauthorized(f"This service asks for an API key: {_REMEDY}.", challenge="Bearer")
        key = self._keys.get(id_in(token) or "")
        if key is None or not key.fits(token):
            raise Unauthorized(f"The API key is wrong or was withdrawn: {_REMEDY}.")
        return _unexpired(key)

    def key_with_id(self, key_id: str) -> Key:
        """The key of somebody who was let in with it before.

        Raises:
            Unauthorized: it is withdrawn or expired since.
        """
        self._look()
        key = self._keys.get(key_id)
        if key is None:
            raise Unauthorized(f"The API key {key_id} was withdrawn: {_REMEDY}.")
        return _unexpired(key)

    def _look(self) -> None:
        """Read the file again if it is another one: its times are asked for once a second, its content only then."""
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = now_s
        version = _version(self._path)
        if version == self._version:
            return
        self._version = version
        try:
            self._keys = {key.id: key for key in read_keys(self._path)}
        except KeyFileError as error:
            log.error("keys_not_reloaded", reason=str(error))
        else:
            log.info("keys_reloaded", keys=len(self._keys))


def _unexpired(key: Key) -> Key:
    if key.is_expired(datetime.now(UTC)):
        raise Unauthorized(f"The API key {key.id} expired on {key.expires:%Y-%m-%d}: {_REMEDY}.")
    return key


def _version(path: Path) -> tuple[int, ...] | None:
    """What changes with the file; Kubernetes changes a mounted Secret by pointing a link to another directory."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
