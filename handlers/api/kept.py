"""Answers that are kept as they were sent, for as long as the catalogue that they were made of is the current one.

Who polls the rooms is then answered without the database, and without making the same answer again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from core.catalogue import Catalogue
from handlers.api import conditions
from handlers.api.values import Out

MOST = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """An answer as it is sent, with its tag and the cursor of the next page."""

    content: bytes
    etag: str
    following: str | None

    @classmethod
    def of(cls, body: Out, following: str | None = None) -> Made:
        """Return a body as it is sent."""
        content = body.model_dump_json(by_alias=True).encode()
        return cls(content=content, etag=conditions.tag(content), following=following)


class Kept:
    """The answers of one catalogue; another one empties it."""

    def __init__(self) -> None:
        self._catalogue: Catalogue | None = None
        self._made: dict[Hashable, Made] = {}

    def of(self, catalogue: Catalogue, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return the answer that was kept under a key, or make and keep it."""
        found = self.there(catalogue, key)
        return found or self.keep(catalogue, key, make())

    def there(self, catalogue: Catalogue, key: Hashable) -> Made | None:
        """Return the answer that was kept under a key, None where there is none."""
        return self._made.get(key) if self._catalogue is catalogue else None

    def keep(self, catalogue: Catalogue, key: Hashable, made: Made) -> Made:
        """Keep an answer, and return it."""
        if self._catalogue is not catalogue:
            self._catalogue, self._made = catalogue, {}
        while len(self._made) >= MOST:
            self._made.pop(next(iter(self._made)))
        self._made[key] = made
        return made
