"""Secrets at rest: sealed with the newest of several keys, opened with any of them.

A key is replaced by putting a new one in front, sealing everything anew (`bookroom secrets rotate`), and taking the old one
away. Kept out: where what is sealed lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

# Read where it is used: nine megabytes that a bot of one workspace does without.
if TYPE_CHECKING:
    from cryptography.fernet import Fernet


class SealedWithAnotherKeyError(Exception):
    """None of the keys opens it."""

    def __init__(self) -> None:
        super().__init__("None of SECRETS_KEYS opens what is kept: put the key that it was sealed with behind the newest.")


def keys_of(said: str) -> tuple[Fernet, ...]:
    """Return the keys of a list with commas, the newest first; raises ValueError for what is none."""
    from cryptography.fernet import Fernet

    return tuple(Fernet(word) for part in said.split(",") if (word := part.strip()))


def new_key() -> str:
    """Return a new key."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


class Sealing:
    """Seals and opens text. None stays None."""

    def __init__(self, keys: Sequence[Fernet]) -> None:
        """The newest key comes first; at least one is needed."""
        from cryptography.fernet import MultiFernet

        self._newest, self._keys = MultiFernet(keys[:1]), MultiFernet(keys)

    def sealed(self, text: str | None) -> str | None:
        """Return it as nobody can read it without a key."""
        return None if text is None else self._newest.encrypt(text.encode()).decode()

    def opened(self, sealed: str | None) -> str | None:
        """Return what was sealed; raises SealedWithAnotherKeyError."""
        from cryptography.fernet import InvalidToken

        if sealed is None:
            return None
        try:
            return self._keys.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SealedWithAnotherKeyError from None

    def by_the_newest(self, sealed: str | None) -> bool:
        """Tell whether it was sealed with the newest key."""
        from cryptography.fernet import InvalidToken

        if sealed is None:
            return True
        try:
            self._newest.decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True
