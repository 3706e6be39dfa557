"""The words of cards, threads, notices and digests without Slack or a database; and Slack's limits at their edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.events import Kind
from core.ids import new_id
from core.models import Alternative, Attendee, Booking, Location, OfferKind, Person, Response, Rival, Status
from core.notices import Happened
from handlers.drafts import Draft, Waiter
from handlers.replies import Message
from handlers.views import attending, bookings, cards, digests, notices
from handlers.views.times import Reader, everybody
from tests.handlers.test_message_views import BERLIN, HUGE, LONG, NEW_YORK, NOW, accepted, at, booking, invited, room

CHANNEL = everybody(NOW, several_places=True, command="/book")
APOLLO, ZEUS = room(floor="3"), room("Zeus", capacity=12)
ANA = Person(id=new_id(), slack_team_id="T1", slack_user_id="UANA", name="ana", zone="Europe/Berlin")
BEN = Person(id=new_id(), slack_team_id="T1", slack_user_id="UBEN", name="ben", zone="America/New_York")
DURING = datetime(2026, 11, 25, 19, 12, tzinfo=UTC)


def coming(person: Person, response: Response | None = None) -> Attendee:
    return Attendee(person_id=person.id, slack_user_id=person.slack_user_id, name=person.name, response=response)


def review(**facts: Any) -> Booking:
    """Return Ben's review in Apollo, tomorrow at 14:00 in New York."""
    whole = {"id": new_id(), "room": APOLLO, "title": "Review", "booker": coming(BEN), "attendees_count": 3}
    return booking(**{**whole, **facts})


BASE = review()
MOVED = replace(BASE, slot=at(20), version=2)


def happened(kind: Kind, before: Booking | None, after: Booking, **facts: Any) -> Happened:
    whole: dict[str, Any] = {
        "by_slack_user_id": "UANA",
        "by_person_id": ANA.id,
        "surface": "slack",
        "reason": None,
        "at": NOW,
    }
    return Happened(kind=kind, before=before, after=after, **{**whole, **facts})


def reader(person: Person = BEN, now: datetime = NOW) -> Reader:
    return Reader(person=person, now=now, several_places=True)


def card(now: Booking, announced: Booking | None = BASE, kind: Kind = Kind.CHANGED, moment: datetime = NOW) -> Message:
    told = replace(CHANNEL, now=moment)
    return cards.channel_card(now, told, announced=announced, last=happened(kind, BASE, now), who="ana")


def labels(message: Message | None) -> list[str]:
    assert message is not None
    rows = [block.to_dict() for block in message.blocks]  # type: ignore[union-attr]
    return [one["text"]["text"] for row in rows if row["type"] == "actions" for one in row["elements"]]


# -- the channel's card ------------------------------------------------------------------------------------------------

WHEN = "Wed 25 Nov, 14:00-15:00 (New York)"
CARDS = [
    (card(BASE, None, Kind.BOOKED), f"✅ Review · Apollo · {WHEN} · @ben\nFor 3 people"),
    (card(review(title=None, attendees_count=1), None), f"✅ Apollo · {WHEN} · @ben"),
    (card(MOVED), "✏️ Review · Apollo · Wed 25 Nov, (was 14:00-15:00) 15:00-16:00 (New York) · @ben\nFor 3 people"),
    (card(replace(BASE, room=ZEUS)), f"✏️ Review · (was Apollo) Zeus · {WHEN} · @ben\nFor 3 people"),
    (card(replace(BASE, title="Plan")), f"✏️ (was Review) Plan · Apollo · {WHEN} · @ben\nFor 3 people"),
    (card(replace(BASE, title=None)), f"✏️ (was Review) no title · Apollo · {WHEN} · @ben\nFor 3 people"),
    (card(replace(BASE, attendees_count=5)), f"✅ Review · Apollo · {WHEN} · @ben\nFor 5 people"),  # no mark for a count
    (card(replace(BASE, late_at=DURING), moment=DURING), f"✅ Review · Apollo · {WHEN} · @ben\nFor 3 people · running late"),
    (card(replace(BASE, late_at=DURING), moment=DURING + timedelta(hours=2)),
     f"✅ Review · Apollo · {WHEN} · @ben\nFor 3 people"),  # over
    (card(replace(BASE, late_at=NOW, checked_in_at=DURING, status=Status.CHECKED_IN)),
     f"✅ Review · Apollo · {WHEN} · @ben\nFor 3 people · checked in at 14:12"),
    (card(replace(MOVED, status=Status.CANCELLED, cancel_reason="ill"), kind=Kind.CANCELLED),
     "❌ Review · Apollo · (was Wed 25 Nov, 15:00-16:00 (New York)) · @ben · cancelled by @ana: ill"),
    (card(replace(BASE, status=Status.RELEASED, updated_at=DURING), kind=Kind.RELEASED),
     f"🔓 Review · Apollo · (was {WHEN}) · @ben · released at 14:12, since nobody checked in"),
    (card(replace(BASE, status=Status.ENDED, updated_at=DURING), kind=Kind.ENDED),
     f"🔓 Review · Apollo · {WHEN} · @ben · ended at 14:12\nFor 3 people"),
    (card(replace(BASE, status=Status.ENDED, updated_at=BASE.end), kind=Kind.ENDED),
     f"✅ Review · Apollo · {WHEN} · @ben\nFor 3 people"),  # by itself
    (card(replace(BASE, status=Status.EXPIRED)), f"❌ Review · Apollo · (was {WHEN}) · @ben · not approved in time"),
    (card(replace(BASE, status=Status.PENDING), None),
     f"✅ Review · Apollo · {WHEN} · @ben · waits for approval\nFor 3 people"),
    (card(replace(MOVED, private=True)), "✏️ Busy · Apollo · Wed 25 Nov, (was 14:00-15:00) 15:00-16:00 (New York)"),
    (card(BASE, replace(BASE, private=True, title="Secret")), f"✅ Review · Apollo · {WHEN} · @ben\nFor 3 people"),
    (card(replace(MOVED, location=BERLIN)),
     "✏️ Review · Apollo · Wed 25 Nov, (was 14:00-15:00) 21:00-22:00 (Berlin) · @ben\nFor 3 people"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "said"), CARDS)
def test_a_card_tells_how_a_booking_stands_and_what_was_announced_otherwise(message: Message, said: str):
    assert message.text == said
    assert accepted(message) == []


@pytest.mark.parametrize(
    ("responses", "said"),
    [
        ((None, None), "2 invited"),
        ((Response.GOING, None), "1 of 2 invited is coming"),
        ((Response.GOING, Response.GOING), "2 of 2 invited are coming"),
        ((Response.GOING, Response.DECLINED), "1 of 2 invited is coming · 1 cannot"),
        ((None, Response.DECLINED), "2 invited · 1 cannot"),
    ],
)
def test_a_card_counts_who_comes_once_somebody_has_answered(responses: tuple[Response | None, ...], said: str):
    people = tuple(replace(one, response=answer) for one, answer in zip(invited(2), responses, strict=True))

    assert card(review(attendees=people)).text.endswith(f"For 3 people · {said}")


def test_a_card_says_its_date_on_the_day_itself_too():
    assert "Wed 25 Nov, 14:00-15:00" in card(BASE, moment=DURING).text


# -- the thread --------------------------------------------------------------------------------------------------------

GONE = replace(BASE, status=Status.CANCELLED)
RELEASED = replace(BASE, status=Status.RELEASED, updated_at=DURING)
HISTORY = [
    (happened(Kind.CHANGED, BASE, MOVED), "@ana moved it: Wed 25 Nov, (was 14:00-15:00) 15:00-16:00 (New York)"),
    (happened(Kind.CHANGED, BASE, replace(BASE, slot=at(19, minutes=90))),
     "@ana extended it: Wed 25 Nov, (was 14:00-15:00) 14:00-15:30 (New York)"),
    (happened(Kind.CHANGED, BASE, replace(BASE, slot=at(19, minutes=30), private=True)),
     "It was shortened: Wed 25 Nov, (was 14:00-15:00) 14:00-14:30 (New York)"),
    (happened(Kind.CHANGED, BASE, replace(BASE, slot=at(19, minutes=90), room=ZEUS)),
     "@ana moved it: Wed 25 Nov, (was 14:00-15:00) 14:00-15:30 (New York) · (was Apollo) Zeus"),
    (happened(Kind.CHANGED, BASE, replace(BASE, title="Plan")), "@ana renamed it: (was Review) Plan"),
    (happened(Kind.CHANGED, BASE, replace(BASE, title="Plan", attendees_count=9)),
     "@ana changed it: (was Review) Plan · (was 3 people) 9 people"),
    (happened(Kind.CHANGED, replace(BASE, title=None), BASE), "@ana changed it: Review"),
    (happened(Kind.CHANGED, BASE, replace(BASE, title=None)), "@ana changed it: (was Review) no title"),
    (happened(Kind.CHANGED, BASE, replace(BASE, attendees_count=9)), "@ana changed it: (was 3 people) 9 people"),
    (happened(Kind.CHANGED, BASE, replace(BASE, attendees=invited(2))), None),
    (happened(Kind.CHANGED, BASE, replace(BASE, private=True)), None),
    (happened(Kind.CHANGED, BASE, replace(MOVED, private=True)),
     "It was moved: Wed 25 Nov, (was 14:00-15:00) 15:00-16:00 (New York)"),
    (happened(Kind.CANCELLED, BASE, GONE, reason="<!here>"), "@ana cancelled it: &lt;!here&gt;."),
    (happened(Kind.CANCELLED, replace(BASE, private=True), GONE, reason="secret"), "It was cancelled."),
    (happened(Kind.RELEASED, BASE, RELEASED, at=DURING, surface="clock"), "Released at 14:12, since nobody checked in."),
    (happened(Kind.ENDED, BASE, replace(BASE, status=Status.ENDED, updated_at=DURING), at=DURING),
     "@ana ended it at 14:12."),
    (happened(Kind.ENDED, BASE, replace(BASE, status=Status.ENDED, updated_at=BASE.end)), None),
    (happened(Kind.LATE, BASE, replace(BASE, late_at=NOW)), "@ana runs late."),
    (happened(Kind.CHECKED_IN, BASE, replace(BASE, checked_in_at=NOW)), None),
    (happened(Kind.RESPONDED, BASE, BASE), None),
    (happened(Kind.BOOKED, None, BASE), None),
    (happened(Kind.RESTORED, GONE, BASE), "@ana put it back on: Apollo, Wed 25 Nov, 14:00-15:00."),
    (happened(Kind.RESTORED, RELEASED, BASE, at=DURING), "@ana took the room back at 14:12."),
    (happened(Kind.RESTORED, MOVED, BASE),
     "@ana took the last change back: Wed 25 Nov, (was 15:00-16:00) 14:00-15:00 (New York)"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "said"), HISTORY)
def test_the_thread_tells_what_happened_in_a_line(event: Happened, said: str | None):
    message = cards.history(event, event.after, CHANNEL, who="ana")

    assert (message and message.text) == said


def test_a_thread_keeps_silent_about_what_became_private_later():
    event = happened(Kind.CHANGED, BASE, replace(MOVED, title="Plan"))

    message = cards.history(event, replace(MOVED, private=True), CHANNEL, who="ana")

    assert message
    assert message.text == "It was moved: Wed 25 Nov, (was 14:00-15:00) 15:00-16:00 (New York)"


# -- notices -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0.5, "starts in 1 minute"),
        (10, "starts in 10 minutes"),
        (9.2, "starts in 10 minutes"),
        (60, "starts in 1 hour"),
        (90, "starts in 1 h 30 min"),
        (60 * 13, "is today"),
        (60 * 20, "is tomorrow"),
        (60 * 24 * 3, "is in 3 days"),
    ],
)
def test_a_reminder_says_how_long_it_is_until_then(minutes: float, said: str):
    now = BASE.start - timedelta(minutes=minutes)

    message = notices.reminder(BASE, reader(now=now), check_in=False)

    day = "Today" if "today" in said else "Wed 25 Nov"
    if minutes < 60 * 12:
        day = "Today"
    assert message.text == f"⏰ Review {said} in Apollo (3rd floor).\n{day}, 14:00-15:00 (New York)"


def test_a_reminder_offers_what_the_reader_may_do_and_what_is_of_use_by_then():
    near, shared = BASE.start - timedelta(minutes=10), review(attendees=(coming(ANA),))

    assert labels(notices.reminder(BASE, reader(now=near), check_in=True)) == ["Check in", "Running late", "Cancel booking"]
    assert labels(notices.reminder(shared, reader(ANA, near), check_in=False)) == ["Running late", "Can't"]
    # Who is invited says that they cannot come, even an admin, who could cancel it.
    admin = reader(replace(ANA, admin=True), near)
    assert shared.changeable_by(admin.person.acting())
    assert labels(notices.reminder(shared, admin, check_in=True)) == ["Check in", "Running late", "Can't"]
    late = replace(BASE, late_at=NOW)
    assert labels(notices.reminder(late, reader(now=near), check_in=True)) == ["Check in", "Cancel booking"]
    assert labels(notices.reminder(BASE, reader(now=NOW), check_in=True)) == ["Cancel booking"]  # a day ahead


ENDINGS = [
    # free until, who follows, ends that can be had, what is said of the time after it
    (None, None, (BASE.end + timedelta(minutes=15),), "Nothing follows in the room."),
    (None, None, (), "The room cannot be had after 15:00."),  # it closes
    (BASE.end, Rival(slot=at(20), title="Standup", booker_slack_user_id="U2"), (),
     'Then the room is taken, 15:00-16:00 ("Standup", <@U2>).'),
    (BASE.end, Rival(slot=at(20), private=True), (), "Then the room is taken, 15:00-16:00."),
    (BASE.end, Rival(slot=at(20), title="Mine", booker_slack_user_id="UBEN"), (),
     'Then the room is taken, 15:00-16:00 ("Mine", yours).'),
    (BASE.end + timedelta(minutes=30), Rival(slot=at(20, 30)), (), "Then the room is free until 15:30."),
]  # fmt: skip


@pytest.mark.parametrize(("free_until", "follows", "ends", "said"), ENDINGS)
def test_an_ending_says_what_comes_after_it(
    free_until: datetime | None, follows: Rival | None, ends: tuple[datetime, ...], said: str
):
    now = BASE.end - timedelta(minutes=15)

    message = notices.ending(BASE, reader(now=now), free_until=free_until, follows=follows, ends=ends)

    assert message.text == f"⏰ 15 minutes left of Review in Apollo (3rd floor), until 15:00.\n{said}"
    assert labels(message)[-1] == "End early"
    assert len(labels(message)) == len(ends) + 1


@pytest.mark.parametrize(
    ("free_until", "said", "buttons"),
    [
        (BASE.end, " It is free until 15:00.", ["Take it back", "Book it again tomorrow"]),
        (BASE.end - timedelta(minutes=30), " It is free until 14:30.", ["Book it again tomorrow"]),
        (None, " Somebody else has it now.", ["Book it again tomorrow"]),
    ],
)
def test_a_release_is_told_with_what_can_still_be_had(free_until: datetime | None, said: str, buttons: list[str]):
    message = notices.released(RELEASED, reader(now=DURING), at=DURING, free_until=free_until)

    assert message.text == f"🔓 Apollo was released at 14:12: nobody checked in.{said}\nIt was for Review."
    assert labels(message) == buttons


def test_tomorrow_is_the_same_hour_on_a_night_when_the_clocks_change():
    # 31 October 2026, 10:00 in New York is 14:00 UTC; the day after, when winter has begun, it is 15:00 UTC.
    before = review(slot=at(14, day=31, month=10))

    draft = notices.tomorrow(before, reader(now=before.start))

    assert draft.slot == at(15, day=1)


CHANGES = [
    (happened(Kind.CHANGED, BASE, replace(BASE, attendees_count=9, version=2)), None),
    (happened(Kind.CHANGED, BASE, replace(BASE, title="Plan", version=2)),
     "✏️ <@UANA> renamed Review to Plan (Apollo)."),
    (happened(Kind.CHANGED, BASE, replace(BASE, title=None, version=2)),
     "✏️ <@UANA> took the title off Review (Apollo)."),
    (happened(Kind.CHANGED, replace(BASE, title=None), replace(BASE, title="Plan", version=2)),
     "✏️ <@UANA> renamed your meeting to Plan (Apollo)."),
    (happened(Kind.CHANGED, BASE, replace(BASE, room=ZEUS, version=2)),
     f"✏️ <@UANA> moved Review, {WHEN}: (was Apollo) Zeus"),
    (happened(Kind.CHANGED, BASE, replace(MOVED, room=ZEUS)),
     "✏️ <@UANA> moved Review: Wed 25 Nov, (was 14:00-15:00) 15:00-16:00 (New York) · (was Apollo) Zeus"),
    (happened(Kind.RESTORED, RELEASED, BASE), None),
    (happened(Kind.RELEASED, BASE, RELEASED), None),
    (happened(Kind.CANCELLED, BASE, GONE, reason="ill"), f"❌ <@UANA> cancelled Review in Apollo, {WHEN}: ill."),
    (happened(Kind.RESTORED, GONE, BASE), f"✅ <@UANA> put Review back on: Apollo (3rd floor), {WHEN}."),
]  # fmt: skip


@pytest.mark.parametrize(("event", "said"), CHANGES)
def test_what_somebody_else_did_is_told_where_it_makes_a_difference(event: Happened, said: str | None):
    message = notices.changed(event, event.after, reader(), by="UANA")

    assert (message and message.text) == said


def test_whose_meeting_it_is_is_said_once():
    untitled = review(title=None, attendees=(coming(ANA),))
    moved, gone = replace(untitled, slot=at(20), version=2), replace(untitled, status=Status.CANCELLED)

    def told(event: Happened, by: str) -> str:
        message = notices.changed(event, event.after, reader(ANA), by=by)
        assert message
        return message.text

    change, off, back = (
        happened(Kind.CHANGED, untitled, moved),
        happened(Kind.CANCELLED, untitled, gone),
        happened(Kind.RESTORED, gone, untitled),
    )
    assert told(change, "UBEN").startswith("✏️ <@UBEN> moved their meeting (Apollo): ")
    assert told(off, "UBEN").startswith("❌ <@UBEN> cancelled their meeting in Apollo, ")
    assert told(back, "UBEN").startswith("✅ <@UBEN> put their meeting back on: ")
    assert told(change, "UCHLOE").startswith("✏️ <@UCHLOE> moved <@UBEN>'s meeting (Apollo): ")
    late = notices.late(untitled, reader(ANA), by="UBEN", check_in=False)
    assert late.text.startswith("⏰ <@UBEN> runs late for their meeting at 14:00 ")


def test_a_change_that_another_followed_is_told_as_it_stands_and_not_undone_alone():
    later = replace(BASE, slot=at(21), version=3)

    message = notices.changed(happened(Kind.CHANGED, BASE, MOVED), later, reader(), by="UANA")

    assert message
    assert "(was 14:00-15:00) 16:00-17:00" in message.text
    assert labels(message) == ["Edit"]
    assert labels(notices.changed(happened(Kind.CHANGED, BASE, MOVED), MOVED, reader(), by="UANA")) == ["Undo", "Edit"]


def test_an_invitation_marks_what_was_announced_otherwise_until_it_is_answered():
    open_, answered = (replace(MOVED, attendees=(coming(ANA, answer),)) for answer in (None, Response.GOING))

    assert "(was 14:00-15:00) 15:00-16:00" in cards.invitation(open_, reader(ANA), announced=BASE).text
    assert "(was" not in cards.invitation(answered, reader(ANA), announced=BASE).text


def test_an_invitation_asks_nothing_more_once_somebody_has_checked_in():
    there = review(attendees=(coming(ANA),), status=Status.CHECKED_IN, checked_in_at=DURING)

    shown = cards.invitation(there, reader(ANA, DURING))

    assert shown.text.endswith("Checked in at 14:12 (20:12 for you).")
    assert labels(shown) == []


def test_whose_untitled_meeting_is_off_is_said():
    off = review(title=None, attendees=(coming(ANA),), status=Status.CANCELLED)

    assert cards.invitation(off, reader(ANA)).text.startswith("❌ <@UBEN>'s meeting in Apollo, Wed 25 Nov, 14:00-15:00")


def test_an_invitation_that_is_over_cancelled_or_taken_back_has_no_buttons():
    asked = review(attendees=(coming(ANA),), title="Salaries", private=True)

    assert labels(cards.invitation(asked, reader(ANA))) == ["Going", "Can't"]
    assert labels(cards.invitation(asked, reader(ANA, asked.end))) == []
    gone = cards.invitation(replace(asked, status=Status.CANCELLED), reader(ANA))
    assert gone.text == ("❌ Salaries in Apollo, Wed 25 Nov, 14:00-15:00 (New York; 20:00-21:00 for you), is cancelled.")
    uninvited = cards.invitation(replace(asked, attendees=()), reader(ANA))
    assert uninvited.text == (
        "❌ You are no longer invited to <@UBEN>'s meeting in Apollo,"
        " Wed 25 Nov, 14:00-15:00 (New York; 20:00-21:00 for you)."
    )


def test_a_room_that_is_too_small_is_told_even_when_there_is_no_larger_one():
    told = notices.size(BASE, reader(), people=10, better=None)

    assert told
    assert told.text.endswith("and Apollo seats 8.\nNo larger room is free then.")
    assert notices.size(BASE, reader(), people=2, better=None) is None


def test_an_offer_says_until_when_it_is_held_on_both_clocks():
    waiter = Waiter(waiting=new_id())

    told = notices.offer(waiter, APOLLO, NEW_YORK, at(19), reader(ANA), held_until=NOW + timedelta(minutes=10))

    assert told.text == (
        "🔔 Apollo is free for you: Wed 25 Nov, 14:00-15:00 (New York; 20:00-21:00 for you).\n"
        "It is held until 10:17 (16:17 for you); after that, others can have it."
    )
    assert labels(told) == ["Book Apollo 14:00-15:00", "No, thanks"]


@pytest.mark.parametrize(
    ("now", "buttons"),
    [(NOW, ["Book it if it is still free", "Wait again"]), (DURING, ["Book it if it is still free"]), (BASE.end, [])],
)
def test_an_offer_that_ran_out_leaves_what_can_still_be_done(now: datetime, buttons: list[str]):
    again = Draft.like(BASE)

    told = notices.offer_missed(Waiter(waiting=new_id()), APOLLO, NEW_YORK, BASE.slot, reader(now=now), again=again)

    assert told.text == f"Apollo, {WHEN}, is no longer held for you."
    assert labels(told) == buttons


# -- digests -----------------------------------------------------------------------------------------------------------

DAY = date(2026, 11, 25)


def test_a_persons_day_is_told_on_both_clocks_with_what_is_not_answered():
    found = [BASE, review(slot=at(21), attendees=(coming(ANA),)), review(slot=at(22), title=None, location=BERLIN)]

    told = digests.of_person(found, DAY, reader(ANA))

    assert told
    assert told.text == (
        "☀️ Your day, Wed 25 Nov: 3 meetings\n"
        "14:00-15:00 (New York; 20:00-21:00 for you) · Review · Apollo\n"
        "16:00-17:00 (New York; 22:00-23:00 for you) · Review · Apollo · booked by <@UBEN> · not answered yet\n"
        "23:00-24:00 (Berlin) · Apollo"
    )


def test_a_channels_day_names_people_without_pinging_and_hides_what_is_private():
    found = [BASE, review(slot=at(20), private=True, title="Salaries")]
    news = [
        happened(Kind.CHANGED, BASE, MOVED),
        happened(Kind.CANCELLED, replace(BASE, private=True), replace(GONE, private=True), reason="secret"),
        happened(Kind.RESPONDED, BASE, BASE),
    ]

    told = digests.of_channel(
        found, news, DAY, replace(CHANNEL, several_places=False), scope="New York", who=lambda _: "ana"
    )

    assert told
    assert told.text == (
        "☀️ Wed 25 Nov in New York: 2 bookings\n"
        "14:00-15:00 · Review · @ben\n"
        "15:00-16:00 · Busy\n"
        "\n"
        "What changed\n"
        "Review · Apollo · @ana moved it: Wed 25 Nov, (was 14:00-15:00) 15:00-16:00\n"
        "Busy · Apollo · Wed 25 Nov, 14:00-15:00 · It was cancelled."
    )


def test_a_day_without_anything_is_not_told():
    assert digests.of_person([], DAY, reader()) is None
    nothing = [happened(Kind.RESPONDED, BASE, BASE)]
    assert digests.of_channel([], nothing, DAY, CHANNEL, scope="", who=lambda _: None) is None


@pytest.mark.parametrize("count", [40, 100, 500])
def test_a_full_day_is_cut_where_slack_would_and_says_how_much_is_left(count: int):
    told = digests.of_channel([BASE] * count, [], DAY, CHANNEL, scope="", who=lambda _: None)

    assert told
    assert len(told.text) <= digests.LONGEST
    assert accepted(told) == []
    *shown, last = told.text.splitlines()[1:]
    if len(shown) + 1 < count:
        assert last == f"and {count - len(shown)} more"
    assert (len(shown) + 1 == count) is (count == 40)


# -- limits ------------------------------------------------------------------------------------------------------------

FULL = review(
    room=HUGE, title="ü" * 200, attendees=(coming(ANA), *invited(300)), attendees_count=301, cancel_reason=LONG * 9
)
PLACE = Location(id=new_id(), name=LONG, zone="America/New_York")


def extremes() -> list[Message | None]:
    full, ana, tokyo = replace(FULL, location=PLACE), reader(ANA), replace(reader(replace(ANA, zone="Asia/Tokyo")))
    moved = replace(full, slot=at(5, day=27), title="ö" * 200, room=replace(HUGE, id=new_id()), version=2)
    gone = replace(full, status=Status.CANCELLED)
    event = happened(Kind.CHANGED, full, moved, reason=LONG * 9)
    better = Alternative(kind=OfferKind.OTHER_ROOM, room=HUGE, location=PLACE, slot=full.slot)
    waiter = Waiter(waiting=new_id())
    ends = tuple(full.end + timedelta(minutes=15 * number) for number in range(1, 4))
    return [
        cards.channel_card(moved, CHANNEL, announced=full, last=event, who=LONG),
        cards.channel_card(gone, CHANNEL, announced=full, last=happened(Kind.CANCELLED, full, gone), who=LONG),
        cards.history(event, moved, CHANNEL, who=LONG),
        cards.invitation(moved, tokyo, announced=full),
        cards.invitation(gone, tokyo),
        notices.reminder(full, tokyo, check_in=True),
        notices.ending(full, tokyo, free_until=None, follows=Rival(slot=at(20), title=LONG), ends=ends),
        notices.release_warning(full, tokyo, release_at=DURING),
        notices.released(full, tokyo, at=DURING, free_until=full.end),
        notices.late(full, ana, by="UBEN", check_in=True),
        notices.changed(event, moved, tokyo, by="UBEN"),
        notices.changed(happened(Kind.CANCELLED, full, gone, reason=LONG * 9), gone, tokyo, by="UBEN"),
        notices.size(full, ana, people=999, better=better),
        notices.size(full, ana, people=999, better=None),
        notices.nobody_comes(full, tokyo, better=better),
        notices.offer(waiter, HUGE, PLACE, full.slot, tokyo, held_until=DURING),
        notices.offer_missed(waiter, HUGE, PLACE, full.slot, tokyo, again=Draft.like(full)),
        digests.of_person([full] * 90, DAY, tokyo),
        digests.of_channel([full] * 90, [event] * 90, DAY, CHANNEL, scope=LONG, who=lambda _: LONG),
        attending.checked_in(full, tokyo),
        attending.running_late(full, tokyo, kept_until=DURING, check_in=True),
        attending.extended(full, tokyo),
        attending.ended_early(full, tokyo),
        attending.taken_back(full, tokyo),
        bookings.channel_told(full, tokyo),
        bookings.channel_untold(full, tokyo, why=LONG),
    ]


@pytest.mark.parametrize("number", range(len(extremes())))
def test_the_longest_of_everything_is_within_slacks_limits(number: int):
    message = extremes()[number]

    assert message
    assert accepted(message) == []
