"""Whether a message that was planned is still true when it is about to be sent. Pure: what was claimed, and the moment.

Every answer is a reason in words, kept with the message that was dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from core import recurring
from core.checkin import warning_key
from core.models import Booking, Status
from core.notices import Delivery, Notice, Preferences
from core.quiet import zone_of
from core.series_values import SeriesStatus

TOO_LATE = "too late"
NO_LONGER = "the booking no longer holds the room"
NOT_COMING = "they are not coming any more"
MOVED = "the booking has moved"
TURNED_OFF = "they have turned it off"
OVERTAKEN = "it is no longer so"
NOT_TODAY = "the day is over"
SERIES_OVER = "the series is over"


def why_not(delivery: Delivery, now: datetime) -> str | None:
    """Return why a delivery need not be sent any more, or None when it holds."""
    if delivery.until is not None and now >= delivery.until:
        return TOO_LATE
    return _JUDGES[delivery.kind](delivery, now)


def comes(booking: Booking, delivery: Delivery) -> bool:
    """Tell whether the one who is told booked it, or is invited and has not declined."""
    person = delivery.person
    if person is None:
        return False
    return person.id == booking.booker.person_id or any(a.person_id == person.id for a in booking.coming)


def _reminder(delivery: Delivery, now: datetime) -> str | None:
    booking, preferences = delivery.booking, delivery.preferences
    if booking is None or booking.status not in {Status.CONFIRMED, Status.CHECKED_IN}:
        return NO_LONGER
    if booking.start != datetime.fromisoformat(delivery.about["start"]):
        return MOVED
    if now >= booking.start:
        return TOO_LATE
    if not comes(booking, delivery):
        return NOT_COMING
    return _not_that_early(delivery.about["minutes"], preferences, booking, now)


def _not_that_early(minutes: int, preferences: Preferences | None, booking: Booking, now: datetime) -> str | None:
    """Return why the reminder so many minutes before is not the one to send: nobody wants it, or a nearer one is due."""
    if preferences is None or minutes not in preferences.reminder_minutes:
        return TURNED_OFF
    nearer = (other for other in preferences.reminder_minutes if other < minutes)
    if any(booking.start - timedelta(minutes=other) <= now for other in nearer):
        return "a later reminder of the same meeting is due too"
    return None


def _ending(delivery: Delivery, now: datetime) -> str | None:
    booking, preferences = delivery.booking, delivery.preferences
    if booking is None or booking.status not in {Status.CONFIRMED, Status.CHECKED_IN}:
        return NO_LONGER
    if booking.end != datetime.fromisoformat(delivery.about["end"]):
        return MOVED
    if now >= booking.end:
        return TOO_LATE
    return None if preferences is not None and preferences.end_reminders else TURNED_OFF


def _release_warning(delivery: Delivery, now: datetime) -> str | None:
    booking = delivery.booking
    if booking is None or booking.status is not Status.CONFIRMED:
        return NO_LONGER
    if not comes(booking, delivery):
        return NOT_COMING
    # Its key tells for which start it was made, and whether anybody was late by then.
    if delivery.person is None or delivery.key != warning_key(booking, delivery.person.id):
        return OVERTAKEN
    return TOO_LATE if now >= booking.end else None


def _released(delivery: Delivery, now: datetime) -> str | None:  # noqa: ARG001 - one of many judges
    return None if delivery.booking is not None and delivery.booking.status is Status.RELEASED else OVERTAKEN


def _changed(delivery: Delivery, now: datetime) -> str | None:
    booking, happened = delivery.booking, delivery.happened
    if booking is None or happened is None or happened.before is None:
        return OVERTAKEN
    before, after = happened.before, happened.after
    if max(before.end, after.end) <= now:
        return TOO_LATE
    if (before.room.id, before.slot, before.holds_room) == (after.room.id, after.slot, after.holds_room):
        return "it is as it was before"
    if booking.holds_room and not comes(booking, delivery):
        return NOT_COMING
    if happened.surface == "clock" and delivery.person and delivery.person.id == booking.booker.person_id:
        # Nothing moves or cancels a booking by itself but a room that closes, and of that its booker hears in full.
        return "they are told why by another message"
    return None if delivery.preferences is None or delivery.preferences.tell_changes else TURNED_OFF


def _late(delivery: Delivery, now: datetime) -> str | None:
    booking = delivery.booking
    if booking is None or booking.status is not Status.CONFIRMED or booking.late_at is None:
        return OVERTAKEN
    if not comes(booking, delivery):
        return NOT_COMING
    return TOO_LATE if now >= booking.end else None


def _size(delivery: Delivery, now: datetime) -> str | None:
    booking, happened = delivery.booking, delivery.happened
    if booking is None or not booking.holds_room:
        return NO_LONGER
    if happened is not None and booking.room.id != happened.after.room.id:
        return MOVED
    return TOO_LATE if now >= booking.end else None


def _history(delivery: Delivery, now: datetime) -> str | None:  # noqa: ARG001 - one of many judges
    return None if delivery.thread and delivery.booking and delivery.happened else OVERTAKEN


def _offer(delivery: Delivery, now: datetime) -> str | None:  # noqa: ARG001 - one of many judges
    # While it is offered its time may be over: it begins anew when the message is sent.
    waiting = delivery.waiting
    offered = waiting is not None and waiting.status == "offered" and waiting.version == delivery.about["version"]
    return None if offered else OVERTAKEN


def _offer_missed(delivery: Delivery, now: datetime) -> str | None:
    waiting = delivery.waiting
    if waiting is None or waiting.status != "missed" or waiting.version != delivery.about["version"]:
        return OVERTAKEN
    return TOO_LATE if waiting.slot.end <= now else None


def _waits_for_approval(delivery: Delivery, now: datetime) -> str | None:  # noqa: ARG001 - one of many judges
    return None if delivery.booking is not None and delivery.booking.status is Status.PENDING else OVERTAKEN


def _decided(delivery: Delivery, now: datetime) -> str | None:  # noqa: ARG001 - one of many judges
    return None if delivery.booking is not None else OVERTAKEN


def _digest(delivery: Delivery, now: datetime) -> str | None:
    if delivery.person is None or delivery.preferences is None or delivery.preferences.digest_at is None:
        return TURNED_OFF
    return None if _today(delivery.person.zone, now) == delivery.about["day"] else NOT_TODAY


def _channel_digest(delivery: Delivery, now: datetime) -> str | None:
    subscription = delivery.subscription
    if subscription is None or subscription.digest_at is None or subscription.paused:
        return TURNED_OFF
    return None if _today(subscription.zone, now) == delivery.about["day"] else NOT_TODAY


def _figures(delivery: Delivery, now: datetime) -> str | None:  # noqa: ARG001 - one of many judges
    subscription = delivery.subscription
    told = subscription is not None and subscription.weekly_figures and not subscription.paused
    return None if told else TURNED_OFF


def _webhook_paused(delivery: Delivery, now: datetime) -> str | None:  # noqa: ARG001 - one of many judges
    return None if delivery.person is not None and delivery.person.admin else OVERTAKEN


def _today(zone: str, now: datetime) -> str:
    return now.astimezone(zone_of(zone)).date().isoformat()


def _proposal(delivery: Delivery, now: datetime) -> str | None:  # noqa: ARG001 - one of many judges
    # How it stands is looked up when it is told.
    return None if delivery.booking is not None and delivery.person is not None else OVERTAKEN


def _series_changed(delivery: Delivery, now: datetime) -> str | None:  # noqa: ARG001 - one of many judges
    if delivery.series is None or delivery.together is None:
        return OVERTAKEN
    return None if delivery.preferences is None or delivery.preferences.tell_changes else TURNED_OFF


def _series_gap(delivery: Delivery, now: datetime) -> str | None:  # noqa: ARG001 - one of many judges
    series = delivery.series
    if series is None or series.status is not SeriesStatus.ACTIVE:
        return SERIES_OVER
    missing = {date.fromisoformat(day) for day in delivery.about["days"]}
    # Whoever left the days out since, or has been offered them, knows.
    return None if missing & series.left_out else OVERTAKEN


def _series_ending(delivery: Delivery, now: datetime) -> str | None:
    series = delivery.series
    if series is None or series.status is not SeriesStatus.ACTIVE:
        return SERIES_OVER
    rule = recurring.parse(series.rule)
    last = date.fromisoformat(delivery.about["last"])
    if rule.endless or any(day > last for day in recurring.all_dates(rule, series.first_on)):
        return "it goes on by now"
    return TOO_LATE if now.astimezone(series.tz).date() > last else None


_JUDGES: dict[Notice, Callable[[Delivery, datetime], str | None]] = {
    Notice.REMINDER: _reminder,
    Notice.ENDING: _ending,
    Notice.RELEASE_WARNING: _release_warning,
    Notice.RELEASED: _released,
    Notice.CHANGED: _changed,
    Notice.LATE: _late,
    Notice.SIZE: _size,
    Notice.HISTORY: _history,
    Notice.OFFER: _offer,
    Notice.OFFER_MISSED: _offer_missed,
    Notice.APPROVAL_REMINDER: _waits_for_approval,
    Notice.APPROVAL_SUGGESTION: _waits_for_approval,
    Notice.DECIDED: _decided,
    Notice.PROPOSAL: _proposal,
    Notice.SERIES_CHANGED: _series_changed,
    Notice.SERIES_GAP: _series_gap,
    Notice.SERIES_ENDING: _series_ending,
    Notice.DIGEST: _digest,
    Notice.CHANNEL_DIGEST: _channel_digest,
    Notice.FIGURES: _figures,
    Notice.WEBHOOK_PAUSED: _webhook_paused,
}
