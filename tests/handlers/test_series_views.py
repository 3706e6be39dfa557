"""What messages and modals about series look like, without Slack or a database; and Slack's limits at their edges."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from core import recurring
from core.errors import OutsideOpeningHours
from core.ids import new_id
from core.models import Attendee, Booking, Changed, Location, Person, Rival, Room, Slot, Status
from core.series_values import (
    Booked,
    Choice,
    Gap,
    Occurrence,
    OneSeries,
    Preview,
    Scope,
    SeriesChanged,
    SeriesStatus,
    SeriesSummary,
    SeriesView,
    SeriesWish,
    Verdict,
)
from handlers import repeating
from handlers.drafts import UnreadableError
from handlers.repeating import Ends, Every, Repeating
from handlers.replies import Message
from handlers.sentence.model import Assumption, Option
from handlers.series_drafts import Given, SeriesBooking, SeriesChanging, SeriesDraft, packed, unpacked
from handlers.views import repeat_fields, rhythm, series_forms, series_preview
from handlers.views import series as views
from handlers.views.series_words import mark
from handlers.views.times import Reader
from sandbox import blocks
from sandbox.views import problems_of

NEW_YORK = Location(id=new_id(), name="New York", zone="America/New_York")
NOW = datetime(2026, 11, 24, 15, 7, tzinfo=UTC)
TUESDAY = date(2026, 12, 1)
HOSTILE = '<!channel> *x* & <@U1> "' + "\\" * 20
LONG = HOSTILE * 40
BEN = Person(id=new_id(), slack_team_id="T1", slack_user_id="U1", name="ben", zone="America/New_York")
READER = Reader(person=BEN, now=NOW, several_places=True)
APOLLO = Room(id=new_id(), name="Apollo", location_id=NEW_YORK.id, capacity=8, floor="3")
BIG_BEN = Room(id=new_id(), name="Big Ben", location_id=NEW_YORK.id, capacity=12)
HUGE = Room(id=new_id(), name=LONG[:200], location_id=NEW_YORK.id, capacity=8, amenities=frozenset({LONG[:100], "tv"}))


def a_draft(rule: str = "FREQ=WEEKLY;BYDAY=TU;COUNT=8", **fields: Any) -> SeriesDraft:
    return SeriesDraft(
        **{"first_on": TUESDAY, "clock": time(10), "minutes": 30, "zone": NEW_YORK.zone, "rule": rule, **fields}
    )


def a_preview(
    count: int = 8, *, taken: tuple[int, ...] = (), ruled_out: tuple[int, ...] = (), other: Room | None = None, **fields: Any
) -> Preview:
    """Return the preview of a weekly series; `taken` and `ruled_out` are numbers of dates."""
    wish = a_draft(f"FREQ=WEEKLY;BYDAY=TU;COUNT={count}").wish()
    dates = []
    for number, day in enumerate(recurring.dates(recurring.parse(wish.rule), wish.first_on)):
        slot = recurring.time_on(day, wish.clock, wish.minutes, NEW_YORK.tz).slot
        rival = Rival(slot=slot, title=fields.get("title", "Design review"), booker_slack_user_id="U0ANA")
        verdict = Verdict.TAKEN if number in taken else Verdict.RULED_OUT if number in ruled_out else Verdict.FREE
        dates.append(
            Occurrence(
                on=day,
                slot=slot,
                verdict=verdict,
                rivals=(rival,) if number in taken else (),
                error=OutsideOpeningHours("Apollo is closed then.") if number in ruled_out else None,
                other_room=other if verdict is not Verdict.FREE else None,
            )
        )
    known = {name: value for name, value in fields.items() if name != "title"}
    return Preview(**{"wish": wish, "room": APOLLO, "location": NEW_YORK, "dates": tuple(dates), **known})


def a_series(**fields: Any) -> OneSeries:
    whole: dict[str, Any] = {
        "id": new_id(),
        "booker": Attendee(person_id=BEN.id, slack_user_id="U1", name="ben"),
        "room": APOLLO,
        "location": NEW_YORK,
        "zone": NEW_YORK.zone,
        "first_on": TUESDAY,
        "clock": time(10),
        "minutes": 30,
        "rule": "FREQ=WEEKLY;BYDAY=TU;COUNT=8",
        "title": "Standup",
        "attendees_count": 6,
        "amenities": frozenset(),
        "private": False,
        "shared": False,
        "invitees": (),
        "left_out": frozenset(),
        "status": SeriesStatus.ACTIVE,
        "booked_until": None,
        "continues_id": None,
        "created_at": NOW,
        "updated_at": NOW,
        "version": 1,
    }
    return OneSeries(**{**whole, **fields})


def bookings_of(series: OneSeries, count: int, **fields: Any) -> tuple[Booking, ...]:
    """Return so many weekly bookings of a series."""
    made = []
    for number in range(count):
        on = TUESDAY + timedelta(weeks=number)
        slot = recurring.time_on(on, series.clock, series.minutes, NEW_YORK.tz).slot
        whole: dict[str, Any] = {
            "id": new_id(),
            "room": series.room,
            "location": NEW_YORK,
            "slot": slot,
            "title": series.title,
            "booker": series.booker,
            "attendees": (),
            "attendees_count": 6,
            "status": Status.CONFIRMED,
            "private": False,
            "version": 1,
            "created_at": NOW,
            "updated_at": NOW,
            "series_id": series.id,
            "series_on": on,
        }
        made.append(Booking(**{**whole, **fields}))
    return tuple(made)


def labels(message: Message) -> list[str]:
    shown = [block if isinstance(block, dict) else block.to_dict() for block in message.blocks]
    return [one["text"]["text"] for block in shown if block["type"] == "actions" for one in block["elements"]]


def value(message: Message, label: str) -> str:
    shown = [block if isinstance(block, dict) else block.to_dict() for block in message.blocks]
    held = [one for block in shown if block["type"] == "actions" for one in block["elements"]]
    return next(str(one["value"]) for one in held if one["text"]["text"] == label)


# -- how often, in words ------------------------------------------------------------------------------------------------

RHYTHMS = [
    ("FREQ=DAILY", "every day"),
    ("FREQ=DAILY;INTERVAL=3", "every 3 days"),
    ("FREQ=WEEKLY;BYDAY=TU", "every Tuesday"),
    ("FREQ=WEEKLY", "every Tuesday"),
    ("FREQ=WEEKLY;BYDAY=TH,TU", "every Tuesday and Thursday"),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=9", "every weekday"),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "every day"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "every other Tuesday"),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,WE", "every 2 weeks on Tuesday and Wednesday"),
    ("FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR", "every 3 weeks on weekdays"),
    ("FREQ=MONTHLY;BYDAY=2TU", "every month on the 2nd Tuesday"),
    ("FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20271231", "every month on the last Friday"),
    ("FREQ=MONTHLY;BYMONTHDAY=21", "every month on the 21st"),
    ("FREQ=MONTHLY;BYMONTHDAY=-1", "every month on the last day"),
    ("FREQ=MONTHLY;BYDAY=2WE,4WE", "every month on the 2nd and 4th Wednesday"),
    ("FREQ=MONTHLY;BYDAY=1MO,-1TH", "every month on the 1st Monday and last Thursday"),
    ("FREQ=MONTHLY;BYMONTHDAY=1,15", "every month on the 1st and 15th"),
    ("FREQ=MONTHLY;BYMONTHDAY=-3", "every month on the 3rd to last day"),
    ("FREQ=MONTHLY;INTERVAL=2", "every 2 months on the 1st"),
    ("FREQ=YEARLY", "every year on 1 Dec"),
    ("FREQ=SECONDLY", "repeating"),
    ("", "repeating"),
    ("FREQ=WEEKLY;INTERVAL=²", "every Tuesday"),
]


@pytest.mark.parametrize(("rule", "said"), RHYTHMS)
def test_a_rule_is_said_in_words(rule: str, said: str):
    assert rhythm.often(rule, first_on=TUESDAY) == said


HOURS = [
    (time(10), 30, "10:00-10:30"),
    (time(23), 60, "23:00-24:00"),
    (time(23), 90, "23:00-00:30 (the next day)"),
]


@pytest.mark.parametrize(("clock", "minutes", "said"), HOURS)
def test_hours_of_a_rhythm_say_where_they_end_on_another_day(clock: time, minutes: int, said: str):
    assert rhythm.wall_hours(clock, minutes) == said


# -- what would come of it ---------------------------------------------------------------------------------------------


def test_a_series_that_is_free_is_one_button():
    shown = series_preview.preview(a_preview(), a_draft(), READER)

    assert shown.text.startswith("↻ Every Tuesday, 10:00-10:30 (New York), 8 dates until Tue 19 Jan 2027: Apollo")
    assert "All 8 dates are free." in shown.text
    assert labels(shown) == ["Book all 8", "All dates…", "Other rhythm…", "Only the first"]


def test_dates_that_are_taken_are_named_with_ways_out():
    shown = series_preview.preview(a_preview(taken=(1, 3), other=BIG_BEN, one_room=BIG_BEN), a_draft(), READER)

    assert "6 are free, 2 are not:" in shown.text
    assert '• Tue 8 Dec: taken 10:00-10:30 ("Design review", <@U0ANA>). Big Ben is free then.' in shown.text
    assert labels(shown)[:4] == ["Book 6, skip 2", "Big Ben on those 2 dates", "Big Ben for all 8", "Choose per date…"]


def test_what_was_assumed_is_read_aloud_as_sentences_of_their_own():
    assumed = [Assumption(about=about, text=f"{about} was assumed", options=()) for about in ("duration", "place")]
    shown = series_preview.preview(a_preview(), a_draft(), READER, assumptions=assumed)

    assert "duration was assumed. place was assumed." in shown.text.casefold()


@pytest.mark.parametrize(("free", "said"), [(1, "The other date is free."), (2, "The other 2 dates are free.")])
def test_what_need_not_be_chosen_is_counted(free: int, said: str):
    found = a_preview(free + 1, taken=(0,), other=BIG_BEN)

    assert said in json.dumps(series_forms.choose(found, a_draft(), {}, READER).to_dict())


def test_a_date_that_breaks_a_rule_says_which():
    shown = series_preview.preview(a_preview(ruled_out=(1,)), a_draft(), READER)

    assert "7 are free, 1 is not:\n• Tue 8 Dec: Apollo is closed then." in shown.text
    assert "offered to you" not in shown.text


def test_the_button_carries_the_dates_that_were_shown_as_taken():
    shown = series_preview.preview(a_preview(taken=(1, 3), other=BIG_BEN), a_draft(), READER)

    skip = SeriesBooking.load(value(shown, "Book 6, skip 2"))
    assert skip.choices == {date(2026, 12, 8): Choice.SKIP, date(2026, 12, 22): Choice.SKIP}
    assert skip.draft.room == APOLLO.id
    moved = SeriesBooking.load(value(shown, "Big Ben on those 2 dates"))
    assert moved.choices == {date(2026, 12, 8): Choice.OTHER_ROOM, date(2026, 12, 22): Choice.OTHER_ROOM}


def test_where_nothing_is_free_nothing_can_be_skipped():
    shown = series_preview.preview(a_preview(2, taken=(0, 1)), a_draft(), READER)

    assert "None of the 2 dates is free:" in shown.text
    assert labels(shown) == ["Choose per date…", "Other rhythm…"]


def test_dates_without_another_room_are_skipped_beside_those_with_one():
    found = a_preview(taken=(1, 3), other=BIG_BEN)
    found = replace(
        found, dates=tuple(replace(one, other_room=None) if n == 3 else one for n, one in enumerate(found.dates))
    )

    assert "Big Ben on that date, skip 1" in labels(series_preview.preview(found, a_draft(), READER))


def test_an_end_that_is_open_or_too_far_ahead_is_said():
    endless = series_preview.preview(a_preview(beyond=None), a_draft(), READER)
    assert "from Tue 1 Dec on: Apollo" in endless.text
    assert "It has no end: dates until Tue 19 Jan 2027 are booked now, later ones as their time comes." in endless.text
    assert "1 more is too far ahead" in series_preview.preview(a_preview(beyond=1), a_draft(), READER).text
    passed = series_preview.preview(a_preview(passed_over=(date(2027, 2, 1),)), a_draft(), READER)
    assert "No such day in Feb 2027: nothing then." in passed.text


def test_a_night_without_that_time_is_said():
    found = a_preview()
    late = replace(found.dates[2], slot=Slot(start=datetime(2026, 12, 15, 16, tzinfo=UTC), end=NOW + timedelta(days=30)))
    found = replace(found, dates=(*found.dates[:2], replace(late, shifted=True), *found.dates[3:]))

    assert (
        "On Tue 15 Dec the clocks skip 10:00: it begins at 11:00." in series_preview.preview(found, a_draft(), READER).text
    )


def test_somebody_elsewhere_reads_their_own_clock_too():
    chloe = replace(READER, person=replace(BEN, zone="Europe/Berlin"))
    assert "10:00-10:30 (New York; 16:00-16:30 for you), 8" in series_preview.preview(a_preview(), a_draft(), chloe).text


def test_somebody_of_whom_slack_has_not_told_yet_reads_the_places_clock_alone():
    unknown = replace(READER, person=replace(BEN, zone="UTC"))
    assert "10:00-10:30 (New York), 8" in series_preview.preview(a_preview(), a_draft(), unknown).text


def test_who_holds_a_taken_date_is_not_told_of_what_is_private():
    found = a_preview(taken=(1,))
    private = replace(found.dates[1], rivals=(Rival(slot=found.dates[1].slot, private=True),))
    found = replace(found, dates=(found.dates[0], private, *found.dates[2:]))

    assert "• Tue 8 Dec: taken 10:00-10:30." in series_preview.preview(found, a_draft(), READER).text


# -- what was done -----------------------------------------------------------------------------------------------------


def test_what_was_booked_says_what_differs_from_the_rhythm():
    series = a_series()
    made = bookings_of(series, 4)
    moved = (*made[:2], replace(made[2], room=BIG_BEN), made[3])
    gap = Occurrence(on=date(2026, 12, 29), slot=made[0].slot, verdict=Verdict.TAKEN)

    shown = views.booked(Booked(series=series, bookings=moved, gaps=(gap,), beyond=0, operation_id=new_id()), READER)

    assert shown.text.startswith(
        "✅ Apollo is yours every Tuesday, 10:00-10:30 (New York): 4 dates, Tue 1 Dec to Tue 22 Dec"
    )
    assert "Big Ben on Tue 15 Dec." in shown.text
    assert "Skipped: Tue 29 Dec. You are told when it frees." in shown.text
    assert labels(shown) == ["Show dates", "Undo", "Cancel series"]


def test_a_series_that_has_to_be_approved_is_held_until_then():
    series = a_series()
    made = bookings_of(series, 8, status=Status.PENDING)
    asked = replace(READER, approvers=lambda _: ("Ana",))

    shown = views.booked(Booked(series=series, bookings=made, gaps=(), beyond=0, operation_id=new_id()), asked)

    assert shown.text.splitlines()[0] == (
        "⏳ Apollo is held for you every Tuesday, 10:00-10:30 (New York): 8 dates, Tue 1 Dec to Tue 19 Jan 2027,"
        " until Ana approves it"
    )


def test_cancelling_asks_how_much_is_meant():
    series = a_series()
    third = bookings_of(series, 8)[2]

    asked = views.which_to_cancel(third, series, following=6, ahead=8, reader=READER)

    assert asked.text == "Cancel Standup only on Tue 15 Dec, or more of its dates?"
    assert labels(asked) == ["Keep it", "Only Tue 15 Dec", "This and the 5 after it", "All 8 dates"]


def test_cancelled_dates_are_counted_and_can_be_taken_back():
    series = a_series()
    gone = tuple(Changed(before=one, after=replace(one, status=Status.CANCELLED)) for one in bookings_of(series, 3))

    shown = views.cancelled(SeriesChanged(series=series, changed=gone, operation_id=new_id()), READER)

    assert shown.text == "❌ Standup: 3 dates, Tue 1 Dec to Tue 15 Dec cancelled. Apollo is free then."
    assert labels(shown) == ["Undo", "My bookings"]


MARKS = [
    # series, date, what stands at the booking
    (a_series(), date(2026, 12, 15), "↻ every Tuesday, 3 of 8"),
    (a_series(left_out=frozenset({date(2026, 12, 8)})), date(2026, 12, 15), "↻ every Tuesday, 2 of 7"),
    (a_series(rule="FREQ=WEEKLY;BYDAY=TU"), date(2026, 12, 15), "↻ every Tuesday"),
    (a_series(), date(2026, 12, 16), "↻ every Tuesday"),
]


@pytest.mark.parametrize(("series", "on", "said"), MARKS)
def test_a_date_says_which_of_its_series_it_is(series: OneSeries, on: date, said: str):
    booking = replace(bookings_of(series, 1)[0], series_on=on)
    assert list(mark(booking, replace(READER, series={series.id: series}))) == [said]
    assert list(mark(booking, READER)) == ["↻ one of a series"]
    assert list(mark(replace(booking, series_id=None, series_on=None), READER)) == []


# -- the form's section --------------------------------------------------------------------------------------------------

RULES = [
    # what is chosen, the rule that comes of it
    (Repeating(every=Every.DAY, times=5), "FREQ=DAILY;COUNT=5"),
    (Repeating(every=Every.WORKDAY, times=5), "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=5"),
    (Repeating(every=Every.WEEK, times=8), "FREQ=WEEKLY;BYDAY=TU;COUNT=8"),
    (Repeating(every=Every.WEEK, weekdays=("MO", "WE"), ends=Ends.NEVER), "FREQ=WEEKLY;BYDAY=MO,WE"),
    (
        Repeating(every=Every.FORTNIGHT, ends=Ends.UNTIL, until=date(2027, 1, 19)),
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;UNTIL=20270119",
    ),
    (Repeating(every=Every.MONTH_WEEKDAY, times=3), "FREQ=MONTHLY;BYDAY=1TU;COUNT=3"),
    (Repeating(every=Every.MONTH_DATE, times=3), "FREQ=MONTHLY;BYMONTHDAY=1;COUNT=3"),
    (Repeating(every=Every.RULE, kept="FREQ=DAILY;INTERVAL=3", times=3), "FREQ=DAILY;INTERVAL=3;COUNT=3"),
]


@pytest.mark.parametrize(("chosen", "rule"), RULES)
def test_what_is_chosen_becomes_a_rule_and_comes_back_from_it(chosen: Repeating, rule: str):
    assert chosen.rule(TUESDAY) == rule
    assert repeating.of_rule(rule, TUESDAY).rule(TUESDAY) == rule


def test_the_section_shows_more_once_it_repeats():
    def shown(repeats: Repeating) -> list[str]:
        return [str(block.block_id) for block in repeat_fields.section(repeats, TUESDAY)]

    assert shown(Repeating()) == ["repeat"]
    assert shown(Repeating(every=Every.WEEK)) == ["repeat", "weekdays", "ends", "times"]
    assert shown(Repeating(every=Every.DAY, ends=Ends.UNTIL)) == ["repeat", "ends", "until"]
    assert shown(Repeating(every=Every.MONTH_DATE, ends=Ends.NEVER)) == ["repeat", "ends"]


# -- what buttons carry ------------------------------------------------------------------------------------------------


def test_dates_are_packed_into_little_and_come_back():
    days = [TUESDAY + timedelta(days=7 * n) for n in range(520) if n % 3]
    assert unpacked(packed(days, TUESDAY), TUESDAY) == frozenset(days)
    assert packed([], TUESDAY) == ""
    assert len(packed(days, TUESDAY)) < 400


@pytest.mark.parametrize("text", ["x", "AAAA", "!!!!", "eJwD", "é", "A" * 2000])
def test_what_was_not_packed_by_us_is_unreadable(text: str):
    with pytest.raises(UnreadableError):
        unpacked(text, TUESDAY)


# -- Slack's limits ------------------------------------------------------------------------------------------------------


def full_draft() -> SeriesDraft:
    return a_draft(
        "FREQ=WEEKLY;BYDAY=TU;COUNT=520",
        title='"' * 200,
        amenities=("projector", "whiteboard", "video"),
        invitees=tuple(f"U{n:010}" for n in range(40)),
        private=True,
        shared=True,
    )


def a_big_preview() -> Preview:
    every_third = tuple(range(0, 520, 3))
    found = a_preview(520, taken=every_third, ruled_out=tuple(range(1, 520, 7)), other=HUGE, title=LONG)
    passed = tuple(date(2027, month, 1) for month in range(1, 13))
    return replace(found, room=HUGE, one_room=HUGE, beyond=None, passed_over=passed)


def extreme_messages() -> list[Message]:
    series = a_series(title=LONG[:200], room=HUGE, rule="FREQ=WEEKLY;BYDAY=TU;COUNT=520", private=True)
    people = tuple(Attendee(person_id=new_id(), slack_user_id=f"U{n:010}", name=LONG) for n in range(100))
    made = bookings_of(series, 520, attendees=people)
    big, draft = a_big_preview(), full_draft()
    options = tuple(Option(label=LONG, sentence="x" * 500) for _ in range(40))
    assumed = [Assumption(about="duration", text=LONG, options=options) for _ in range(12)]
    several_rooms = [replace(one, room=replace(HUGE, id=new_id(), name=f"{n}{LONG[:150]}")) for n, one in enumerate(made)]
    changes = tuple(Changed(before=one, after=one) for one in made)
    summary = SeriesSummary(series=series, next=made[0], ahead=520, last_on=made[-1].series_on)
    asked = SeriesChanging(
        series=series.id,
        version=1,
        scope=Scope.ALL,
        on=TUESDAY,
        given=tuple(Given),
        title='"' * 200,
        invitees=tuple(new_id() for _ in range(25)),
        since=TUESDAY,
    )
    done = SeriesChanged(series=series, changed=changes, operation_id=new_id(), gaps=big.clashes)
    return [
        series_preview.preview(big, draft, READER, assumptions=assumed, above=[LONG]),
        series_preview.preview(a_preview(1), a_draft(), READER),
        series_preview.change_preview(big, asked, READER, above=[LONG]),
        views.booked(
            Booked(series=series, bookings=tuple(several_rooms), gaps=big.clashes, beyond=None, operation_id=new_id()),
            READER,
        ),
        views.changed(done, READER),
        views.cancelled(done, READER),
        views.undone(done, READER),
        views.which_to_cancel(made[2], series, following=518, ahead=520, reader=READER),
        views.listed([summary] * 60, READER),
        views.listed([], READER),
        views.stale(series, None, READER),
        views.left_to_end(series, None, READER),
        views.nothing_changed(series),
    ]


@pytest.mark.parametrize("number", range(len(extreme_messages())))
def test_the_longest_of_everything_is_within_slacks_limits(number: int):
    message = extreme_messages()[number]
    shown = [block if isinstance(block, dict) else block.to_dict() for block in message.blocks]

    assert blocks.check(shown, "message") == []
    assert 0 < len(message.text) <= 4000
    assert "<!channel>" not in message.text


def test_520_dates_with_everything_set_still_have_their_buttons():
    shown = series_preview.preview(a_big_preview(), full_draft(), READER)

    assert labels(shown)[0] == "Book 296, skip 224"
    assert len(SeriesBooking.load(value(shown, "Book 296, skip 224")).choices) == 224


def extreme_views() -> list[Any]:
    series = a_series(title=LONG[:200], room=HUGE, rule="FREQ=WEEKLY;BYDAY=TU;COUNT=520")
    made, big, draft = bookings_of(series, 520), a_big_preview(), full_draft()
    times = {one.on: [one.slot] * 4 for one in big.clashes}
    gaps = tuple(Gap(on=one.on, slot=one.slot, waiting_id=new_id()) for one in big.clashes)
    view = SeriesView(series=series, upcoming=made, gaps=gaps, last_on=TUESDAY, endless=False)
    return [
        series_forms.dates_of(big, draft, 0, READER),
        series_forms.dates_of(big, draft, 1000, READER),
        series_forms.choose(big, draft, times, READER),
        series_forms.series(view, 0, READER, changeable=True, above=[LONG]),
        series_forms.series(view, 1000, READER, changeable=False),
        series_forms.away(series, made, READER, version=1),
    ]


@pytest.mark.parametrize("number", range(len(extreme_views())))
def test_the_longest_of_every_modal_is_within_slacks_limits(number: int):
    assert problems_of(extreme_views()[number].to_dict()) == []


def test_a_wish_of_a_series_is_for_the_same_room_and_people():
    wish: SeriesWish = full_draft().wish()
    assert (wish.title, wish.attendees_count, wish.private, wish.shared) == ('"' * 200, 1, True, True)


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "", "../etc/passwd", "Europe"])
def test_a_series_on_the_clock_of_no_place_is_out_of_date(zone: str):
    with pytest.raises(UnreadableError, match="out of date"):
        _ = a_draft(zone=zone).first_slot
