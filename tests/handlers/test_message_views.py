"""What messages look like, without Slack or a database: words, clocks, labels, and Slack's limits at their edges."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import NothingFits, SlotTaken
from core.ids import new_id
from core.models import (
    Alternative,
    Attendee,
    Booking,
    Changed,
    FreeRoom,
    LastChange,
    Location,
    OfferKind,
    Opening,
    Person,
    Rival,
    Room,
    RoomDay,
    Slot,
    Status,
)
from handlers.drafts import Draft, RoomsPage
from handlers.replies import Message
from handlers.sentence.model import Assumption, Option, Refusal, Trouble
from handlers.understanding import as_typed
from handlers.views import bookings, buttons, questions, refusals, rooms, text, times
from handlers.views.times import Reader
from sandbox import blocks

NEW_YORK = Location(id=new_id(), name="New York", zone="America/New_York")
BERLIN = Location(id=new_id(), name="Berlin", zone="Europe/Berlin")
NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)


def at(hour: int, minute: int = 0, *, day: int = 25, month: int = 11, minutes: int = 60) -> Slot:
    """Return a slot by its UTC start."""
    start = datetime(2026, month, day, hour, minute, tzinfo=UTC)
    return Slot(start=start, end=start + timedelta(minutes=minutes))


def reader(zone: str = "America/New_York", *, several: bool = True) -> Reader:
    person = Person(id=new_id(), slack_team_id="T1", slack_user_id="U1", name="ben", zone=zone)
    return Reader(person=person, now=NOW, several_places=several)


def room(name: str = "Apollo", **facts: Any) -> Room:
    return Room(**{"id": new_id(), "name": name, "location_id": NEW_YORK.id, "capacity": 8, **facts})


def booking(slot: Slot | None = None, **facts: Any) -> Booking:
    whole: dict[str, Any] = {
        "id": new_id(),
        "room": room(),
        "location": NEW_YORK,
        "slot": slot or at(19),
        "title": None,
        "booker": Attendee(person_id=new_id(), slack_user_id="U1", name="ben", co_organiser=True),
        "attendees": (),
        "attendees_count": 1,
        "status": Status.CONFIRMED,
        "private": False,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Booking(**{**whole, **facts})


def invited(count: int) -> tuple[Attendee, ...]:
    return tuple(Attendee(person_id=new_id(), slack_user_id=f"U{n:010}", name=f"p{n}") for n in range(count))


def flat(line: text.Line) -> str:
    """Return a line as its characters."""
    return "".join(piece if isinstance(piece, str) else piece.text or f"@{piece.user}" for piece in line)


# -- clocks ---------------------------------------------------------------------------------------------------------------

CLOCKS = [
    # slot, place, the reader's zone, several places, what stands behind the time
    (at(19), NEW_YORK, "America/New_York", False, ""),
    (at(19), NEW_YORK, "America/New_York", True, " (New York)"),
    (at(19), NEW_YORK, "America/Toronto", True, " (New York)"),  # another zone, the same clock
    (at(19), NEW_YORK, "Europe/Berlin", True, " (New York; 20:00-21:00 for you)"),
    (at(19), NEW_YORK, "Europe/Berlin", False, " (20:00-21:00 for you)"),
    (at(19), NEW_YORK, "Asia/Tokyo", True, " (New York; Thu 26 Nov, 04:00-05:00 for you)"),  # the next day there
    (at(22, 30), NEW_YORK, "Europe/Berlin", True, " (New York; 23:30-00:30 (Thu 26 Nov) for you)"),
    (at(19), NEW_YORK, "Mars/Olympus", True, " (New York)"),  # Slack names a zone that this machine does not know
    (at(13, day=20, month=12), BERLIN, "Asia/Kolkata", True, " (Berlin; 18:30-19:30 for you)"),  # half an hour off
]


@pytest.mark.parametrize(("slot", "place", "zone", "several", "said"), CLOCKS)
def test_the_place_and_the_readers_clock_are_told_where_they_say_something(
    slot: Slot, place: Location, zone: str, several: bool, said: str
):
    assert times.where_and_own_clock(slot, place, reader(zone, several=several)) == said


@pytest.mark.parametrize(
    ("slot", "said"),
    [
        (at(19), "tomorrow, Wed 25 Nov, 14:00-15:00"),
        (at(19, day=24), "today, Tue 24 Nov, 14:00-15:00"),
        (at(19, day=27), "Fri 27 Nov, 14:00-15:00"),
        (at(4, 30, day=26), "tomorrow, Wed 25 Nov, 23:30-00:30 (Thu 26 Nov)"),
    ],
)
def test_dates_are_those_of_the_place(slot: Slot, said: str):
    assert times.in_full(slot, NEW_YORK, reader("Asia/Tokyo")) == said


@pytest.mark.parametrize(
    ("floor", "said"),
    [("1", "1st floor"), ("2", "2nd floor"), ("3", "3rd floor"), ("4", "4th floor"), ("11", "11th floor"),
     ("12", "12th floor"), ("13", "13th floor"), ("21", "21st floor"), ("112", "112th floor"), ("mezzanine", "mezzanine"),
     ("", None), (None, None)],
)  # fmt: skip
def test_floors_are_said_as_people_say_them(floor: str | None, said: str | None):
    assert times.floor(room(floor=floor)) == said


# -- words ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("tomorrow 2pm", "tomorrow 2pm"),
        ("R&amp;D &lt;b&gt;", "R&D <b>"),
        ("&amp;lt;", "&lt;"),  # typed as an entity, stays one
        ("with <@U024BE7LH|ben>", "with <@U024BE7LH|ben>"),  # people are the grammar's
        ('"ping <!channel>"', '"ping @channel"'),
        ("for <!subteam^S1|@design>", "for @design"),
        ("in <#C1|berlin>", "in #berlin"),
        ("in <#C1|>", "in #C1"),
        ("see <https://a.example/x?y=1&amp;z=2|a.example>", "see a.example"),
        ("see <https://a.example/x>", "see https://a.example/x"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("2 < 3 > 1", "2 < 3 > 1"),
    ],
)
def test_slacks_markup_is_taken_back_to_what_was_typed(sent: str, typed: str):
    assert as_typed(sent) == typed


def test_lines_are_shown_and_said_alike():
    line = ["✅ ", text.bold("A&B"), " ", text.struck("14:00"), " ", text.mention("U1"), " <", text.code("/book"), ">"]

    block = text.rich(line, [], ["x"]).to_dict()

    assert block["elements"][0]["elements"] == [
        {"type": "text", "text": "✅ "},
        {"type": "text", "text": "A&B", "style": {"bold": True}},
        {"type": "text", "text": " "},
        {"type": "text", "text": "14:00", "style": {"strike": True}},
        {"type": "text", "text": " "},
        {"type": "user", "user_id": "U1"},
        {"type": "text", "text": " <"},
        {"type": "text", "text": "/book", "style": {"code": True}},
        {"type": "text", "text": ">"},
        {"type": "text", "text": "\n"},
        {"type": "text", "text": "x"},
    ]
    assert text.spoken(line, [], ["x"]) == "✅ A&amp;B (was 14:00) <@U1> &lt;/book&gt;\nx"


OFFERS = [
    # kind, room, place, slot, label
    (OfferKind.OTHER_ROOM, "Big Ben", NEW_YORK, at(19), "Big Ben 14:00-15:00"),
    (OfferKind.OTHER_TIME, "Apollo", NEW_YORK, at(14, day=26), "Apollo Thu 26 Nov 09:00-10:00"),
    (OfferKind.OTHER_ROOM, "Kiez", BERLIN, at(19), "Kiez 20:00-21:00 (Berlin)"),
    (OfferKind.ANYWAY, "Apollo", NEW_YORK, at(19), "Apollo 14:00-15:00 anyway"),
]


@pytest.mark.parametrize(("kind", "name", "place", "slot", "label"), OFFERS)
def test_an_offer_says_room_and_time_and_what_else_differs(
    kind: OfferKind, name: str, place: Location, slot: Slot, label: str
):
    offer = Alternative(kind=kind, room=room(name), location=place, slot=slot)

    assert buttons.offer_label(offer, instead_of=at(19), at=NEW_YORK, reader=reader()) == label


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"slot": at(20)}, "✏️ Apollo · Wed 25 Nov, 14:00-15:00 15:00-16:00 (New York)"),
        ({}, {"slot": at(19, day=26)}, "✏️ Apollo · Wed 25 Nov, 14:00-15:00 Thu 26 Nov, 14:00-15:00 (New York)"),
        ({}, {"title": "Retro"}, "✏️ Retro · Apollo · Wed 25 Nov, 14:00-15:00 (New York)"),
        ({"title": "Retro"}, {}, "✏️ Retro no title · Apollo · Wed 25 Nov, 14:00-15:00 (New York)"),
        ({"title": "Retro"}, {"title": "Plan"}, "✏️ Retro Plan · Apollo · Wed 25 Nov, 14:00-15:00 (New York)"),
        ({}, {"attendees_count": 3}, "✏️ Apollo · Wed 25 Nov, 14:00-15:00 (New York) · 1 person 3 people"),
        ({}, {"private": True}, "✏️ Apollo · Wed 25 Nov, 14:00-15:00 (New York) · private"),
        ({"private": True}, {}, "✏️ Apollo · Wed 25 Nov, 14:00-15:00 (New York) · not private any more"),
    ],
)
def test_a_change_is_told_by_what_is_different(before: dict[str, Any], after: dict[str, Any], said: str):
    same = {"id": new_id(), "room": room()}
    change = Changed(before=booking(**same, **before), after=booking(**same, **after, version=2))

    assert flat(bookings.changed_line(change, reader())) == said


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        ([], "free now"),
        ([at(17, day=24)], "free now until 12:00"),
        ([at(14, 30, day=24)], "busy until 10:30"),
        ([at(14, 30, day=24), at(15, 30, day=24), at(16, 30, day=24)], "busy until 12:30"),  # one after the other
        ([at(14, 30, day=24), at(17, day=24)], "busy until 10:30"),
        ([at(14, day=25)], "free now"),  # not before tomorrow
        ([at(15, 7, day=24)], "busy until 11:07"),  # from this minute
    ],
)
def test_a_room_is_told_by_what_it_is_now(taken: list[Slot], said: str):
    day = RoomDay(room=room(), location=NEW_YORK, taken=tuple(Rival(slot=slot) for slot in taken))

    # A booking that ends at 10:30 began before now; NOW is 10:07.
    assert rooms.now_at(day, reader()) == said


@pytest.mark.parametrize(
    ("hours", "taken", "said"),
    [
        ((7, 21), [], "free now until 21:00"),
        ((7, 21), [at(17, day=24)], "free now until 12:00"),
        ((7, 21), [at(14, 30, day=24)], "busy until 10:30"),
        ((7, 24), [], "free now"),
        ((11, 21), [], "closed until 11:00"),
        ((7, 10), [], "closed for today"),
        ((0, 0), [], "closed for today"),
    ],
)
def test_a_room_is_not_called_free_when_its_doors_are_closed(hours: tuple[int, int], taken: list[Slot], said: str):
    day = RoomDay(room=room(), location=NEW_YORK, taken=tuple(Rival(slot=slot) for slot in taken))

    assert rooms.now_at(day, reader(), Opening(opens=hours[0] * 60, closes=hours[1] * 60)) == said


RIVALS = [
    ((), "Apollo is taken tomorrow 14:00-15:00 (New York)."),
    ((Rival(slot=at(19, 30), title="Review", booker_slack_user_id="U2"),),
     'Apollo is taken tomorrow 14:30-15:30 (New York; "Review", @U2).'),
    ((Rival(slot=at(19), booker_slack_user_id="U2"),), "Apollo is taken tomorrow 14:00-15:00 (New York; @U2)."),
    ((Rival(slot=at(19), title="Mine", booker_slack_user_id="U1"),),
     'Apollo is taken tomorrow 14:00-15:00 (New York; "Mine", yours).'),
    ((Rival(slot=at(19), private=True),), "Apollo is taken tomorrow 14:00-15:00 (New York; Busy)."),
    ((Rival(slot=at(19), private=True), Rival(slot=at(20), title="x")),
     "Apollo is taken tomorrow 14:00-15:00 (New York; 2 bookings)."),
]  # fmt: skip


@pytest.mark.parametrize(("rivals", "said"), RIVALS)
def test_who_is_in_the_way_is_told_as_far_as_one_may_know(rivals: tuple[Rival, ...], said: str):
    error = SlotTaken("", room=room(), slot=at(19), rivals=rivals)

    assert flat(refusals.taken_line(error, NEW_YORK, reader())) == said


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ({"slot": at(18)}, "@U2 moved this booking to 14:00 meanwhile."),
        ({"slot": at(19, day=26)}, "@U2 moved this booking to Wed 25 Nov, 14:00-15:00 meanwhile."),
        ({"room": room("Zeus")}, "@U2 moved this booking to Apollo meanwhile."),
        ({"room": room("Zeus"), "slot": at(18)}, "@U2 moved this booking to 14:00 and Apollo meanwhile."),
        ({"title": "Old"}, '@U2 renamed this booking "Retro" meanwhile.'),
        ({"attendees_count": 5}, "@U2 changed this booking meanwhile."),
        ({"status": Status.CANCELLED}, "@U2 took the cancelling of this booking back meanwhile."),
        (None, "Somebody changed this booking meanwhile."),
    ],
)
def test_a_stale_booking_says_who_did_what(before: dict[str, Any] | None, said: str):
    same = {"id": new_id(), "room": room(), "title": "Retro"}
    now = booking(**same, version=2)
    change = (
        None
        if before is None
        else LastChange(before=booking(**{**same, **before}), after=now, by_slack_user_id="U2", at=NOW)
    )

    assert flat(refusals.stale_line(now, change, reader())) == said


# -- limits ---------------------------------------------------------------------------------------------------------------

LONG = "W" * 300
HUGE = room(LONG, amenities=frozenset(f"{LONG}{n}" for n in range(30)), floor=LONG)
FULL = booking(room=HUGE, title="ü" * 200, attendees=invited(300), attendees_count=301)


def accepted(message: Message) -> list[str]:
    """Return what Slack would refuse of a message."""
    shown = [block if isinstance(block, dict) else block.to_dict() for block in message.blocks]
    problems = blocks.check(shown, "message")
    assert message.text
    assert len(message.text) <= 4000
    return problems


def extreme_messages() -> list[Message]:
    ben = reader("Asia/Tokyo")
    options = tuple(Option(label=LONG, sentence="x" * 500) for _ in range(40))
    assumed = [Assumption(about="duration", text=LONG, options=options) for _ in range(12)]
    offers = tuple(Alternative(kind=OfferKind.OTHER_ROOM, room=HUGE, location=NEW_YORK, slot=at(19)) for _ in range(30))
    error = NothingFits(LONG * 20, slot=at(19), alternatives=offers)
    draft = Draft.like(FULL)
    places = [Location(id=new_id(), name=f"{LONG}{n}", zone="UTC") for n in range(60)]
    days = [RoomDay(room=HUGE, location=place, taken=()) for place in places[:20]]
    change = Changed(before=FULL, after=booking(at(22), id=FULL.id, room=room("Zeus"), version=2))
    return [
        bookings.booked(FULL, ben, assumptions=assumed),
        bookings.restored(FULL, ben),
        bookings.changed(change, ben, assumptions=assumed),
        bookings.changed(Changed(before=FULL, after=FULL), ben),
        bookings.cancelled(change, ben),
        bookings.same_again(FULL, draft, ben),
        bookings.listed([FULL] * 8, ben, changeable=frozenset({str(FULL.id)}), offset=8, more_from=16),
        bookings.none_ahead(ben),
        refusals.elsewhere(error, [error.message], draft, ben, instead_of=at(19), at=NEW_YORK),
        refusals.stale(FULL, None, ben),
        refusals.not_active(FULL, None, ben),
        questions.not_read(Refusal(trouble=Trouble.AMBIGUOUS, message=LONG * 40, options=options)),
        questions.which_place(places, "x" * 1000),
        questions.unknown_place(LONG, places),
        questions.nearest_command(LONG, LONG * 3, ben, sentence="x" * 500),
        questions.which_to_cancel([FULL] * 60, ben),
        questions.which_to_move([FULL] * 60, "x" * 500, ben),
        questions.other_rooms(FULL, [FreeRoom(room=HUGE, location=NEW_YORK, free_until=None)] * 60, ben),
        questions.other_rooms(FULL, [], ben),
        questions.where_to(FULL, because=LONG * 40),
        rooms.listed(days, ben, page=RoomsPage(offset=20), size=20, total=90),
        rooms.no_such_place(LONG * 40, places),
    ]


@pytest.mark.parametrize("number", range(len(extreme_messages())))
def test_the_longest_of_everything_is_within_slacks_limits(number: int):
    assert accepted(extreme_messages()[number]) == []


def test_a_button_that_cannot_carry_its_meaning_is_left_out():
    assert buttons.button("Book", "take", Draft.like(booking(attendees=invited(300)))) is None
    assert buttons.button("Book", "take", Draft.like(booking(attendees=invited(100)))) is not None
