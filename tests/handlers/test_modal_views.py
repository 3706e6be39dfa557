"""The forms as pure functions: within Slack's limits whatever the workspace holds, and read back as they were drawn."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogue import Catalogue
from core.errors import BookingError
from core.models import (
    Alternative,
    Attendee,
    Booking,
    FreeRoom,
    Location,
    OfferKind,
    Person,
    Room,
    Slot,
    Status,
)
from core.notices import Preferences, Subscription, Waiting
from core.outbox import GivenUp
from handlers import filled, wall_time
from handlers.differences import Part, differing, merge, told
from handlers.drafts import Draft
from handlers.filled import Editing, Filled, Refused, Searching
from handlers.requests import Form
from handlers.views.booking_form import booking_form, edit_form, refused_form
from handlers.views.fields import Fields, room_options
from handlers.views.home import Ahead, Page, Undelivered, home
from handlers.views.inviting_form import inviting_form
from handlers.views.notify import InChannel, Wanted, listed, subscribe_form
from handlers.views.search_form import PAGE, Results, search_form
from handlers.views.settings import settings_form
from handlers.views.text import rich
from handlers.views.times import Reader
from sandbox.forms import Form as SandboxForm
from sandbox.views import accept, problems_of

SPACE = UUID(int=7)
NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)
HOSTILE = "<!channel> *Big* _&_ `Ben` ~🏢~ \u202e\u0301"


def an_id(name: str) -> UUID:
    return uuid5(SPACE, name)


NEW_YORK = Location(id=an_id("New York"), name="New York", zone="America/New_York")
BERLIN = Location(id=an_id("Berlin"), name="Berlin", zone="Europe/Berlin")
APOLLO = Room(id=an_id("Apollo"), name="Apollo", location_id=NEW_YORK.id, capacity=8, floor="3", amenities=frozenset({"tv"}))
SPREE = Room(
    id=an_id("Spree"), name="Spree", location_id=BERLIN.id, capacity=6, floor="1", amenities=frozenset({"tv", "wb"})
)
SMALL = Catalogue(rooms=(APOLLO, SPREE), locations=(BERLIN, NEW_YORK))
BEN = Person(id=an_id("Ben"), slack_team_id="T1", slack_user_id="U0BEN", name="Ben", zone="America/New_York")
READER = Reader(person=BEN, now=NOW, several_places=True)


def huge() -> Catalogue:
    """A workspace with more and longer names of everything than a form can list."""
    places = tuple(Location(id=an_id(f"place {n}"), name=f"{HOSTILE} {n} " * 9, zone="Asia/Kathmandu") for n in range(130))
    rooms = tuple(
        Room(
            id=an_id(f"room {n}"),
            name=(f"{n} {HOSTILE} " * 9)[:80],
            location_id=places[0 if n < 400 else n % 130].id,
            capacity=n % 50 + 1,
            floor=f"{HOSTILE} {n} " * 20 if n % 2 else str(n),
            amenities=frozenset(f"{HOSTILE} {n + k} " * (9 if k else 1) for k in range(3)),
        )
        for n in range(600)
    )
    return Catalogue(rooms=rooms, locations=places)


HUGE = huge()


def fields(content: Filled, catalogue: Catalogue = SMALL, **more: Any) -> Fields:
    return Fields(filled=content, catalogue=catalogue, place=catalogue.location(content.place), reader=READER, **more)


def a_booking(**facts: Any) -> Booking:
    start = datetime(2026, 11, 25, 19, tzinfo=UTC)
    base = Booking(
        id=an_id("booking"),
        room=APOLLO,
        location=NEW_YORK,
        slot=Slot(start=start, end=start + timedelta(hours=1)),
        title="Review",
        booker=Attendee(person_id=BEN.id, slack_user_id="U0BEN", name="Ben", co_organiser=True),
        attendees=(),
        attendees_count=1,
        status=Status.CONFIRMED,
        private=False,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(base, **facts)


def editing(booking: Booking) -> Editing:
    shown = filled.draft_of(booking)
    return Editing(booking=booking.id, version=booking.version, place=booking.location.id, shown=shown)


def state_of(view: Any) -> Form:
    """Return a view's state as Slack would report it when nothing was typed."""
    body = accept(view.to_dict())
    return Form(
        view_id="V1",
        hash="1",
        callback_id=body.get("callback_id", ""),
        private_metadata=body.get("private_metadata", ""),
        values=SandboxForm(body["blocks"]).state()["values"],
        blocks=body["blocks"],
    )


FULL = Filled(
    place=NEW_YORK.id,
    day=date(2026, 11, 25),
    at=time(14),
    minutes=90,
    room=APOLLO.id,
    people=6,
    amenities=("tv",),
    title=HOSTILE.replace("\u202e", ""),
    invitees=("U0ANA", "U0CHLOE"),
    private=True,
)

contents = st.builds(
    Filled,
    place=st.just(NEW_YORK.id),
    day=st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    minutes=st.integers(1, 720),
    people=st.none() | st.integers(1, 10_000),
    amenities=st.sampled_from([(), ("tv",), ("tv", "wb"), ("gone",)]),
    room=st.sampled_from([None, APOLLO.id]),
    title=st.none() | st.text(min_size=1, max_size=200).map(filled._line),
    invitees=st.lists(st.from_regex(r"U[A-Z0-9]{8}", fullmatch=True), max_size=40, unique=True).map(tuple),
    private=st.booleans(),
)


@given(contents)
def test_a_form_is_read_back_as_it_was_drawn(content: Filled):
    view = booking_form(fields(content))

    assert problems_of(view.to_dict()) == []
    assert filled.read(state_of(view), NEW_YORK.id) == content


@given(contents)
def test_a_wish_survives_the_form(content: Filled):
    try:
        draft = filled.wanted(content, SMALL)
    except wall_time.NoSuchTime:
        return
    except wall_time.TwoSuchTimes:
        draft = filled.wanted(replace(content, fold=1), SMALL)

    again = filled.wanted(filled.of_draft(Draft.load(draft.dump()), NEW_YORK), SMALL)

    assert again.model_copy(update={"place": None}) == draft.model_copy(update={"place": None})


def every_view(catalogue: Catalogue, room: Room) -> list[Any]:
    """Return each view once, filled to the brim."""
    place = catalogue.place_of(room)
    content = replace(
        FULL,
        place=place.id,
        room=room.id,
        floor=room.floor,
        amenities=tuple(sorted(room.amenities)),
        title='"' * 200,
        invitees=tuple(f"U{n:010}" for n in range(filled.MOST_INVITED)),
    )
    draft = filled.wanted(content, catalogue)
    people = tuple(Attendee(person_id=an_id(user), slack_user_id=user, name=HOSTILE) for user in content.invitees)
    booking = a_booking(room=room, location=place, title='"' * 200, attendees=people, attendees_count=1)
    offer = Alternative(kind=OfferKind.OTHER_TIME, room=room, location=place, slot=draft.slot)
    free = tuple(FreeRoom(room=one, location=place, free_until=None) for one in catalogue.rooms_at(place.id))
    searching = Searching(place=place.id, page=3, title=content.title, invitees=content.invitees, private=True)
    found = Results(slot=draft.slot, people=6, free=free[:PAGE], count=len(free), taken=5)
    nothing = Results(slot=draft.slot, people=6, taken=2, offers=(offer,) * 5)
    drawn, live = fields(content, catalogue), fields(content, catalogue, live=True)
    return [
        booking_form(drawn),
        booking_form(fields(replace(content, room=None), catalogue)),
        edit_form(drawn, booking=booking, editing=editing(booking)),
        edit_form(fields(content, catalogue, edition="v7"), booking=booking, editing=editing(booking)),
        refused_form(Refused(draft=draft, editing=editing(booking)), [rich(["Taken."])]),
        search_form(live, found, searching),
        search_form(live, nothing, searching),
        search_form(live, Results(trouble="That time is over."), searching),
        settings_form(Preferences(reminder_minutes=(1, 5, 45, 60, 1440)), READER, places=catalogue.locations),
        subscribe_form(Wanted(), InChannel(channel="C0"), catalogue, READER),
        subscribe_form(Wanted(digest_at=time(3, 7)), InChannel(channel="C0", subscription=SPACE), catalogue, READER),
        listed([a_subscription(n, room) for n in range(60)], "C0", above=["Saved."]),
        listed([], "C0"),
        inviting_form(a_booking(room=room, location=place, attendees=people[:10], attendees_count=1), READER),
        home(full_home(booking, catalogue), READER),
        home(Page(rooms=catalogue.bookable, ahead=[Ahead(booking=booking)]), READER),
        home(Page(rooms=catalogue.bookable), READER),
        home(Page(), READER),
    ]


def a_subscription(number: int, room: Room) -> Subscription:
    return Subscription(
        id=an_id(f"subscription {number}"),
        team_id="T1",
        channel_id="C0",
        location=None,
        room=room,
        kinds=frozenset({"booked", "changed", "cancelled", "released", "ended"}),
        digest_at=time(8),
        zone="America/New_York",
        created_by=BEN.id,
        paused="The channel is archived.",
        version=1,
    )


def full_home(booking: Booking, catalogue: Catalogue) -> Page:
    """Return all that a Home can hold: every meeting on a day of its own, offers, the waiting list, what admins see."""
    ahead = []
    for number in range(20):
        later = timedelta(days=number)
        slot = Slot(start=booking.start + later, end=booking.end + later)
        one = replace(booking, id=an_id(f"booking {number}"), slot=slot, version=10**6)
        ahead.append(
            Ahead(
                booking=one,
                changeable=True,
                check_in="open",
                check_in_from=slot.start,
                check_in_until=slot.end,
                extend_to=slot.end + timedelta(minutes=15),
            )
        )
    waiting = [
        Waiting(
            id=an_id(f"place {number}"),
            person_id=BEN.id,
            slot=booking.slot,
            room=booking.room,
            location=None,
            floor=None,
            attendees_count=6,
            amenities=frozenset(),
            title='"' * 200,
            private=False,
            shared=False,
            invitees=(),
            status="offered" if number < 9 else "waiting",
            offered_room=booking.room,
            offer_expires_at=booking.start,
            booking_id=None,
            created_at=NOW,
            version=1,
        )
        for number in range(18)
    ]
    lost = tuple(GivenUp(id=SPACE, what="card", whom=who, reason=HOSTILE * 20, at=NOW) for who in ("C0", "U0BEN") * 20)
    return Page(
        rooms=catalogue.bookable,
        ahead=ahead,
        more=True,
        waiting=waiting,
        before={place.id: 12 for place in waiting},
        locations={place.id: booking.location for place in waiting},
        preferences=Preferences(),
        place=booking.location,
        undelivered=Undelivered(given_up=lost),
    )


@pytest.mark.parametrize("number", [0, 1, 401])
def test_every_view_stays_within_slacks_limits_in_a_huge_workspace(number: int):
    for view in every_view(HUGE, HUGE.rooms[number]):
        assert problems_of(view.to_dict()) == []


def test_every_view_of_an_ordinary_workspace_is_accepted():
    for view in every_view(SMALL, SPREE):
        assert problems_of(view.to_dict()) == []


def test_nothing_that_people_named_becomes_markup():
    for view in every_view(HUGE, HUGE.rooms[0]):
        for text in markdown(view.to_dict()):
            assert "Big" not in text
    ordinary = every_view(SMALL, SPREE)[5]
    assert any(text.startswith("*Spree* · seats 6") for text in markdown(ordinary.to_dict()))


def markdown(part: Any) -> list[str]:
    """Return every text that Slack would format."""
    if isinstance(part, dict):
        own = [part["text"]] if part.get("type") == "mrkdwn" else []
        return own + [text for value in part.values() for text in markdown(value)]
    return [text for one in part for text in markdown(one)] if isinstance(part, list) else []


def test_a_refused_form_leaves_equipment_behind_before_it_grows_too_long():
    draft = filled.wanted(FULL, SMALL).model_copy(update={"amenities": tuple(f"equipment {n} " * 4 for n in range(90))})

    carried = Refused(draft=draft).fitting()

    assert len(carried) <= 3000
    assert Refused.load(carried).draft == draft.model_copy(update={"amenities": ()})


# now in UTC, and what the form begins with at New York's clock
BEGINNINGS = [
    (datetime(2026, 11, 24, 15, 7, tzinfo=UTC), "2026-11-24 10:30"),
    (datetime(2026, 11, 24, 15, 30, tzinfo=UTC), "2026-11-24 11:00"),
    (datetime(2026, 11, 24, 15, 59, 59, tzinfo=UTC), "2026-11-24 11:00"),
    (datetime(2026, 11, 25, 4, 45, tzinfo=UTC), "2026-11-25 00:00"),
]


@pytest.mark.parametrize(("now", "begins"), BEGINNINGS)
def test_an_empty_form_begins_with_the_next_half_hour(now: datetime, begins: str):
    content = filled.fresh(NEW_YORK, now=now)

    assert f"{content.day} {content.at:%H:%M}" == begins


def test_the_usual_place_is_ones_own_then_the_one_on_ones_clock_then_the_first():
    berliner = replace(BEN, zone="Europe/Berlin")
    tokyo = replace(BEN, zone="Asia/Tokyo")

    assert filled.usual_place(SMALL, replace(berliner, default_location_id=NEW_YORK.id)) == NEW_YORK
    assert filled.usual_place(SMALL, berliner) == BERLIN
    assert filled.usual_place(SMALL, tokyo) == BERLIN
    with pytest.raises(filled.NoRooms, match="no rooms yet"):
        filled.usual_place(Catalogue(locations=(BERLIN,)), berliner)


# day and time in New York, which of two is meant, and the moment in UTC or the refusal
MOMENTS: list[tuple[date, time, int | None, datetime | str]] = [
    (date(2026, 11, 25), time(14), None, datetime(2026, 11, 25, 19, tzinfo=UTC)),
    (date(2026, 11, 1), time(1, 30), 0, datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
    (date(2026, 11, 1), time(1, 30), 1, datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
    (date(2026, 11, 1), time(1, 30), None, "01:30 comes twice in New York on Sun 1 Nov"),
    (date(2026, 11, 1), time(2, 0), None, datetime(2026, 11, 1, 7, tzinfo=UTC)),
    (date(2027, 3, 14), time(2, 30), None, "02:30 is skipped in New York on Sun 14 Mar"),
    (date(2027, 3, 14), time(2, 30), 1, "The next time is 03:00."),
    (date(2027, 3, 14), time(3, 0), None, datetime(2027, 3, 14, 7, tzinfo=UTC)),
    (date(1, 1, 1), time(0, 0), None, datetime(1, 1, 1, 4, 56, 2, tzinfo=UTC)),
    (date(9999, 12, 31), time(23, 0), None, "out of any calendar"),
]


@pytest.mark.parametrize(("day", "at", "fold", "expected"), MOMENTS)
def test_a_wall_time_is_one_moment_or_is_asked_about(day: date, at: time, fold: int | None, expected: datetime | str):
    if isinstance(expected, datetime):
        assert wall_time.moment(day, at, NEW_YORK, fold=fold) == expected
        return
    with pytest.raises(BookingError, match=expected):
        wall_time.moment(day, at, NEW_YORK, fold=fold)


def test_rooms_are_found_by_name_floor_and_equipment_and_a_closed_one_stays_with_its_booking():
    closed = replace(APOLLO, id=an_id("Closed"), name="Closed", active=False)
    catalogue = Catalogue(rooms=(APOLLO, closed, SPREE), locations=(NEW_YORK, BERLIN))
    content = replace(FULL, room=closed.id)

    def named(typed: str) -> list[str]:
        found = room_options(catalogue, content, named=True, typed=typed)
        return [option.to_dict()["text"]["text"] for option in found]

    assert named("") == ["Closed · seats 8 · 3rd floor", "Apollo · seats 8 · 3rd floor"]
    assert named("APO 3rd tv") == ["Apollo · seats 8 · 3rd floor"]
    assert named("spree") == []


def test_a_sentences_floor_can_be_kept_or_lifted():
    options = room_options(SMALL, replace(FULL, room=None, floor="3"), named=False)

    assert [option.value for option in options] == ["best", "floor:3", str(APOLLO.id)]


def test_only_what_differs_to_the_minute_differs():
    shown = filled.draft_of(a_booking())

    assert differing(shown, shown.model_copy(update={"start": shown.start + 59, "end": shown.end + 59})) == frozenset()
    later = shown.model_copy(update={"start": shown.start + 60, "title": None, "private": True})
    assert differing(shown, later) == {Part.TIME, Part.TITLE, Part.PRIVATE}


def test_changes_of_two_people_come_together_and_the_booking_wins_where_they_meet():
    shown = filled.draft_of(a_booking())
    mine = shown.model_copy(update={"title": "Mine", "people": 4, "room": SPREE.id})
    theirs = shown.model_copy(update={"title": "Theirs", "private": True, "room": SPREE.id})

    merged = merge(shown, mine, theirs)

    assert (merged.kept, merged.dropped) == ({Part.PEOPLE}, {Part.TITLE})
    assert merged.draft == theirs.model_copy(update={"people": 4})
    assert told(merged.dropped, mine, SMALL) == 'title → "Mine"'
    assert told(frozenset({Part.TIME, Part.ROOM}), mine, SMALL) == "time → Wed 25 Nov, 20:00-21:00, room → Spree"


def test_the_hint_says_the_other_clock_with_its_day():
    far = replace(READER, person=replace(BEN, zone="Asia/Tokyo"))
    drawn = replace(fields(replace(FULL, at=time(23))), reader=far)

    block = drawn.time().to_dict()

    assert block["label"]["text"] == "Start (New York time)"
    assert block["hint"]["text"] == "23:00 in New York is 13:00 the next day for you."


def test_the_metadata_of_every_form_is_read_back():
    booking = a_booking()
    for view in (booking_form(fields(FULL)), edit_form(fields(FULL), booking=booking, editing=editing(booking))):
        assert json.loads(view.private_metadata or "")["place"] == str(NEW_YORK.id)
    assert Editing.load(editing(booking).dump()) == editing(booking)
