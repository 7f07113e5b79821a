"""Keys and what they use, in one place for all who ask: the door, and work that goes on when its request is over."""

from pathlib import Path

from serve.ask import Pay
from serve.keys.key import Key
from serve.keys.keyring import Keyring
from serve.keys.quotas import Quotas
from serve.settings import KeysSettings


class Accounts:
    """The keys of one service with their quotas.

    Raises:
        KeyFileError: there is no file of keys to start with.
    """

    def __init__(self, settings: KeysSettings) -> None:
        assert settings.file is not None
        self._keyring = Keyring(Path(settings.file))
        self.quotas = Quotas(settings.redis_url)

    def key(self, token: str | None) -> Key:
        """The key that a caller sent, if it is one. Raises `Unauthorized`."""
        return self._keyring.key(token)

    def pay_of(self, key_id: str) -> Pay:
        """What takes tokens from the quota that the key has at that time.

        It raises what `Quotas.spend` raises, and `Unauthorized` once the key is withdrawn or has expired.
        """

        async def pay(tokens: int) -> None:
            await self.quotas.spend(self._keyring.key_with_id(key_id), "tokens", tokens)

        return pay
