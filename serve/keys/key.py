"""One key: as its holder has it, and as the service keeps it."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from serve.keys.scopes import Scope

PREFIX = "ps"
"""Scanners for leaked secrets know ours by it."""
SECRET_BYTES = 32
ID_BYTES = 4
_TOKEN = re.compile(rf"{PREFIX}_([0-9a-f]{{{2 * ID_BYTES}}})_[\w-]{{43}}", re.ASCII)

Owner = Annotated[str, Field(pattern=r"^[\w.@:/-]{1,128}$", examples=["oncology-team"])]
Limit = Annotated[int, Field(gt=0)]


class Quota(BaseModel):
    """What a key may use; null is without a limit. Tokens are estimated, at four characters each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests_per_minute: Limit | None = None
    tokens_per_minute: Limit | None = None
    tokens_per_day: Limit | None = None


class Key(BaseModel):
    """A key as the service keeps it: enough to know it again, not enough to use it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=rf"^[0-9a-f]{{{2 * ID_BYTES}}}$")
    owner: Owner
    """Who holds it. Keys of one owner share its turns and see the same files, jobs and runs."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", repr=False)
    scopes: tuple[Scope, ...] = Field(min_length=1)
    created: AwareDatetime
    expires: AwareDatetime | None = None
    quota: Quota = Quota()

    def fits(self, token: str) -> bool:
        """Whether this is the key `token`. Takes as long for every wrong one."""
        return hmac.compare_digest(hash_of(token), self.sha256)

    def is_expired(self, now: datetime) -> bool:
        return self.expires is not None and now >= self.expires


def new_key(
    owner: str,
    scopes: tuple[Scope, ...],
    *,
    created: datetime,
    expires: datetime | None = None,
    quota: Quota | None = None,
) -> tuple[str, Key]:
    """A new key for its holder, and what is to be kept of it.

    Raises:
        ValueError: a field cannot be as given.
    """
    key_id = secrets.token_hex(ID_BYTES)
    token = f"{PREFIX}_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}"
    kept = Key(
        id=key_id,
        owner=owner,
        sha256=hash_of(token),
        scopes=scopes,
        created=created,
        expires=expires,
        quota=quota or Quota(),
    )
    return token, kept


def id_in(token: str) -> str | None:
    """The id of a key, None for what has not the form of one."""
    found = _TOKEN.fullmatch(token)
    return found[1] if found else None


def hash_of(token: str) -> str:
    """What is kept of a key.

    One round of SHA-256, where passwords would need Argon2: a slow hash makes guesses dear, and 256 random bits cannot
    be guessed at any price. It would cost each request what it costs a thief, some tenths of a second.
    """
    return hashlib.sha256(token.encode("ascii", "replace")).hexdigest()
