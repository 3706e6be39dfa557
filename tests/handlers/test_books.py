"""The grammar's book of the workspace is made anew only when rooms or places differ."""

from dataclasses import replace

from core.catalogue import Catalogue
from core.ids import new_id
from core.models import Location, Room
from handlers.books import Books

BERLIN = Location(id=new_id(), name="Berlin", zone="Europe/Berlin")
KIEZ = Room(id=new_id(), name="Kiez", location_id=BERLIN.id, capacity=4, amenities=frozenset({"tv"}))
OLD = Room(id=new_id(), name="Old", location_id=BERLIN.id, capacity=4, active=False)


def catalogue(*rooms: Room) -> Catalogue:
    return Catalogue(rooms=rooms, locations=(BERLIN,))


def test_a_book_holds_what_can_be_booked():
    book = Books().of(catalogue(KIEZ, OLD))

    assert (book.rooms, book.locations, book.amenities) == ((KIEZ,), (BERLIN,), frozenset({"tv"}))


def test_a_catalogue_read_again_gives_the_same_book():
    books = Books()

    assert books.of(catalogue(KIEZ)) is books.of(catalogue(KIEZ))


def test_a_changed_room_gives_another_book():
    books = Books()
    before = books.of(catalogue(KIEZ))

    after = books.of(catalogue(replace(KIEZ, name="Spree")))

    assert after is not before
    assert after.rooms[0].name == "Spree"
