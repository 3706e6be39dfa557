"""Which rooms take the place of those of a booking that cannot be had."""

from __future__ import annotations

from uuid import UUID

from core.ids import new_id
from core.models import Room
from core.standing_in import stand_in

PLACE: UUID = new_id()


def room(name: str, seats: int, *has: str, parts: tuple[Room, ...] = ()) -> Room:
    found = frozenset(part.id for part in parts)
    return Room(id=new_id(), name=name, location_id=PLACE, capacity=seats, amenities=frozenset(has), parts=found)


def test_the_one_most_like_it_that_leaves_seats_enough_takes_its_place():
    a, b = room("A", 4), room("B", 6)
    tiny, like, large = room("Tiny", 2), room("Like", 5), room("Large", 30)

    assert stand_in((a, b), {b.id}, [large, tiny, like], attendees_count=9) == (a, like)
    assert stand_in((a, b), {b.id}, [large, tiny, like], attendees_count=10) == (a, large)
    assert stand_in((a, b), {b.id}, [tiny], attendees_count=9) is None


def test_no_room_is_taken_twice_nor_one_whose_space_another_has():
    a, b = room("A", 4), room("B", 4)
    one = room("One", 4)
    whole = room("Whole", 8, parts=(a, one))

    assert stand_in((a, b), {a.id, b.id}, [one], attendees_count=2) is None
    assert stand_in((a, b), {b.id}, [whole], attendees_count=2) is None
    assert stand_in((a, b), {b.id}, [a, b, one], attendees_count=2) == (a, one)


def test_what_all_rooms_have_together_stays():
    a, b = room("A", 4, "whiteboard"), room("B", 4, "projector")
    plain, equipped = room("Plain", 4), room("Equipped", 12, "projector")

    assert stand_in((a, b), {b.id}, [plain, equipped], attendees_count=1, amenities=frozenset({"projector"})) == (
        a,
        equipped,
    )
    assert stand_in((a, b), {b.id}, [plain, equipped], attendees_count=1, allowed=lambda one: one is plain) == (a, plain)
