"""Movable equipment and several rooms in sentences: what comes along, what rooms have themselves, what is asked about."""

from uuid import NAMESPACE_URL, uuid5

import pytest

from core.models import Equipment
from handlers.sentence import Book, Reading, Refusal, read, read_part
from handlers.sentence.render import sentence
from tests.sentence.office import BERLIN, NEW_YORK, NOW, YORK, room


def thing(name, quantity, at=YORK):
    return Equipment(id=uuid5(NAMESPACE_URL, f"{at.id}{name}"), name=name, location_id=at.id, quantity=quantity)


BOOK = Book(
    rooms=(
        room("Apollo", 8, ("projector", "whiteboard"), YORK),
        room("Big Ben", 12, ("video", "whiteboard"), YORK),
        room("Corner", 4, ("tv",), YORK),
        room("Kitchen Table", 5, (), YORK),
        room("Kitchen Table", 7, (), BERLIN),
        room("Spree", 6, ("tv",), BERLIN),
    ),
    locations=(YORK, BERLIN),
    amenities=frozenset({"projector", "whiteboard", "video", "tv"}),
    things=(
        thing("Projector on wheels", 2),
        thing("Flipchart", 3),
        thing("Microphone", 12),
        thing("<!channel> & *co*", 1),
        thing("Easel", 2, BERLIN),
    ),
)


def reading(text, **changes):
    found = read(text, **{"now": NOW, "zone": NEW_YORK, "book": BOOK, "home": YORK} | changes)
    assert isinstance(found, Reading), f"{text!r}: {found}"
    return found


def coming(text, **changes):
    """Return what the room must have, and what comes along."""
    found = reading(text, **changes)
    return found.amenities, [(one.name, count) for one, count in found.things]


@pytest.mark.parametrize(
    ("text", "amenities", "things"),
    [
        # what the room that is named has itself is not borrowed
        ("apollo tomorrow 2pm with projector", ("projector",), []),
        ("apollo tomorrow 2pm with 2 projectors", ("projector",), []),
        # what it lacks, the location lends
        ("big ben tomorrow 2pm with projector", (), [("Projector on wheels", 1)]),
        ("big ben tomorrow 2pm with 2 projectors", (), [("Projector on wheels", 2)]),
        ("big ben tomorrow 2pm with two projectors", (), [("Projector on wheels", 2)]),
        # called by its own name it is borrowed, whatever the room has
        ("apollo tomorrow 2pm with the projector on wheels", (), [("Projector on wheels", 1)]),
        ("apollo tomorrow 2pm with 2 projectors on wheels", (), [("Projector on wheels", 2)]),
        ("apollo tomorrow 2pm with projector and a flipchart", ("projector",), [("Flipchart", 1)]),
        ("apollo tomorrow 2pm and a flip chart", (), [("Flipchart", 1)]),
        ("apollo tomorrow 2pm with 6 microphones and 2 flipcharts", (), [("Flipchart", 2), ("Microphone", 6)]),
        # without a room, those that seat everybody decide
        ("tomorrow 2pm for 6 with projector", ("projector",), []),
        ("tomorrow 2pm for 10 with projector", (), [("Projector on wheels", 1)]),
        ("tomorrow 2pm for 10 with projector and video", ("video",), [("Projector on wheels", 1)]),
        # one of several rooms is enough to have it
        ("apollo and big ben tomorrow 2pm with projector and video", ("projector", "video"), []),
        ("big ben and corner tomorrow 2pm with projector", (), [("Projector on wheels", 1)]),
        # nothing is lent from one place to another
        ("spree tomorrow 2pm with projector", ("projector",), []),
        ("spree tomorrow 2pm with an easel", (), [("Easel", 1)]),
        ("apollo tomorrow 2pm with an easel", ("easel",), []),
        ("big ben tomorrow 2pm, no projector needed", (), []),
    ],
)
def test_what_no_room_that_is_meant_has_comes_along_where_the_place_lends_it(text, amenities, things):
    assert coming(text) == (amenities, things)


def test_that_something_comes_along_in_place_of_what_rooms_have_is_said_with_a_way_out():
    (said,) = reading("big ben tomorrow 2pm for 1 hour with 2 projectors").assumptions

    assert said.text == "With 2 projectors on wheels, since Big Ben has none"
    assert [option.label for option in said.options] == ["Without the projectors on wheels"]
    assert coming(said.options[0].sentence) == ((), [])


def test_what_is_asked_for_by_its_own_name_needs_no_word():
    assert reading("big ben tomorrow 2pm for 1 hour with the projector on wheels and a flipchart").assumptions == ()


@pytest.mark.parametrize(
    ("text", "rooms"),
    [
        ("apollo and big ben tomorrow 2pm", ["Apollo", "Big Ben"]),
        ("apollo + big ben tomorrow 2pm", ["Apollo", "Big Ben"]),
        ("apollo & the big ben room tomorrow 2pm", ["Apollo", "Big Ben"]),
        ("apollo, corner and big ben tomorrow 2pm for 24", ["Apollo", "Corner", "Big Ben"]),
        ("both corner and kitchen table tomorrow 2pm", ["Corner", "Kitchen Table"]),
        ("kitchen table and spree tomorrow 2pm", ["Kitchen Table", "Spree"]),
        ("apollo and corner every monday at 10", ["Apollo", "Corner"]),
    ],
)
def test_rooms_that_are_named_side_by_side_are_wanted_together(text, rooms):
    found = reading(text)

    assert [one.name for one in (found.room, *found.more_rooms)] == rooms


def test_of_rooms_with_one_name_the_one_beside_the_other_room_is_meant():
    found = reading("kitchen table and spree tomorrow 2pm")

    assert {one.location_id for one in (found.room, *found.more_rooms)} == {BERLIN.id}
    assert found.place == BERLIN


@pytest.mark.parametrize(
    "text",
    [
        "apollo or big ben tomorrow 2pm",
        "apollo/big ben tomorrow 2pm",
        "apollo tomorrow 2pm and big ben",
        "one of apollo, corner 2pm",
    ],
)
def test_one_room_or_another_is_a_question(text):
    found = read(text, now=NOW, zone=NEW_YORK, book=BOOK, home=YORK)

    assert isinstance(found, Refusal)
    assert [option.label for option in found.options][:1] in (["Apollo"], [])


@pytest.mark.parametrize(
    "text",
    [
        "apollo and big ben tomorrow 2-3pm for 18 with 2 projectors on wheels",
        "big ben tomorrow 2pm with projector and 3 flipcharts",
        "tomorrow 2pm for 10 with video, projector and 12 microphones",
        "kitchen table and spree tomorrow 2pm with an easel",
    ],
)
def test_a_reading_written_back_means_the_same(text):
    first = reading(text)
    again = reading(sentence(first))

    assert (again.room, again.more_rooms, again.amenities, again.things, again.attendees) == (
        first.room,
        first.more_rooms,
        first.amenities,
        first.things,
        first.attendees,
    )


def test_a_part_of_a_sentence_knows_what_comes_along_too():
    found = read_part("for 10 with projector and flipchart", now=NOW, zone=NEW_YORK, book=BOOK, home=YORK)

    assert not isinstance(found, Refusal)
    assert found.amenities == ()
    assert [one.name for one, _ in found.things] == ["Flipchart", "Projector on wheels"]
