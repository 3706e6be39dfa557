"""What the grammar knows of the workspace, made once for as long as rooms and places stay the same.

The grammar keeps what it works out of a book with the book: a new one for every sentence would cost more than reading it.
"""

from __future__ import annotations

from core.catalogue import Catalogue
from handlers.sentence.model import Book


class Books:
    """Keeps the book of the newest catalogue."""

    def __init__(self) -> None:
        self._catalogue: Catalogue | None = None
        self._book = Book(rooms=())

    def of(self, catalogue: Catalogue) -> Book:
        """Return the book of a catalogue; the same object while nothing in it differs."""
        held = self._catalogue
        if held is not catalogue:
            if held is None or _known(held) != _known(catalogue):
                self._book = Book(
                    rooms=catalogue.bookable,
                    locations=catalogue.locations,
                    amenities=catalogue.amenities,
                    things=tuple(one for one in catalogue.equipment if one.active),
                )
            self._catalogue = catalogue
        return self._book


def _known(catalogue: Catalogue) -> tuple[object, ...]:
    return catalogue.rooms, catalogue.locations, catalogue.equipment
