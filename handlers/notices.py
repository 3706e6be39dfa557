"""What has been claimed for telling, put into words from the state of this moment.

Kept out: what is due (`core`), sending it and what Slack says to that (`bot.deliverer`), the words (`handlers.views`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from core.approval_asking import ROLE
from core.approval_deciding import suggested
from core.catalogue import Catalogue
from core.checkin import check_in_state
from core.errors import BookingError
from core.models import Booking, Location, Person, Room, Slot, Status
from core.notices import Card, Delivery, Happened, Notice, Subscription, Waiting
from core.offers import open_until
from core.quiet import zone_of
from core.series_values import OneSeries
from core.stats import Asked
from core.suggestions import suggestions
from core.weekly import days_of
from handlers.drafts import Draft, Waiter
from handlers.proposing import offers_for
from handlers.replies import Message
from handlers.services import Services, reader_of, several_places
from handlers.views import admin_webhooks, approving, cards, digests, proposing, series_notices, stats
from handlers.views import notices as views
from handlers.views.times import Reader, everybody

CLOCK = "clock"  # the surface of what nobody did


class Notices:
    """Renders cards and deliveries; what there is nothing to say of is None."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._words: Mapping[Notice, Callable[[Delivery], Awaitable[Message | None]]] = MappingProxyType(
            {
                Notice.REMINDER: self._reminder,
                Notice.ENDING: self._ending,
                Notice.RELEASE_WARNING: self._release_warning,
                Notice.RELEASED: self._released,
                Notice.CHANGED: self._changed,
                Notice.LATE: self._late,
                Notice.SIZE: self._size,
                Notice.HISTORY: self._history,
                Notice.OFFER: self._offer,
                Notice.OFFER_MISSED: self._offer_missed,
                Notice.APPROVAL_REMINDER: self._approval_reminder,
                Notice.APPROVAL_SUGGESTION: self._suggestion,
                Notice.DECIDED: self._decided,
                Notice.PROPOSAL: self._proposal,
                Notice.SERIES_CHANGED: self._series_changed,
                Notice.SERIES_GAP: self._series_gap,
                Notice.SERIES_ENDING: self._series_ending,
                Notice.DIGEST: self._digest,
                Notice.CHANNEL_DIGEST: self._channel_digest,
                Notice.FIGURES: self._figures,
                Notice.WEBHOOK_PAUSED: self._webhook_paused,
            }
        )

    async def card(self, card: Card) -> Message:
        """Return a living message as it should stand now."""
        catalogue = await self._services.catalogues.current()
        if card.person is not None and card.role == ROLE:
            return await self._request(card, self._reader(card.person, catalogue))
        reader = self._reader(card.person, catalogue) if card.person else self._everybody(catalogue)
        if card.series is not None:
            if card.together is not None and card.together.count > 1:
                say = series_notices.invitation if card.person else series_notices.channel_card
                elsewhere = await self._services.series.elsewhere(card.series)
                return say(card.booking, card.series, card.together, reader, elsewhere=elsewhere)
            reader = replace(reader, series={card.series.id: card.series})
        if card.person is not None:
            return cards.invitation(card.booking, reader, announced=card.announced)
        who = await self._name(card.last, card.booking)
        return cards.channel_card(card.booking, reader, announced=card.announced, last=card.last, who=who)

    async def delivery(self, delivery: Delivery) -> Message | None:
        """Return what is to be sent, or None where it would say nothing by now."""
        return await self._words[delivery.kind](delivery)

    # -- about a booking -------------------------------------------------------------------------------------------

    async def _reminder(self, delivery: Delivery) -> Message | None:
        booking, reader, catalogue = await self._booking_for(delivery)
        if booking.start <= reader.now or not booking.holds_room:
            return None
        return views.reminder(booking, reader, check_in=_to_check_in(booking, catalogue, reader, ahead=True))

    async def _ending(self, delivery: Delivery) -> Message | None:
        booking, reader, _ = await self._booking_for(delivery)
        if cards.over(booking, reader.now):
            return None
        growth = await self._services.presence.room_to_grow(booking)
        return views.ending(booking, reader, free_until=growth.free_until, follows=growth.follows, ends=growth.choices)

    async def _release_warning(self, delivery: Delivery) -> Message | None:
        booking, reader, _ = await self._booking_for(delivery)
        if cards.over(booking, reader.now) or booking.status is Status.CHECKED_IN:
            return None
        return views.release_warning(booking, reader, release_at=datetime.fromisoformat(delivery.about["release_at"]))

    async def _released(self, delivery: Delivery) -> Message | None:
        booking, reader, _ = await self._booking_for(delivery)
        if booking.status is not Status.RELEASED:
            return None
        at = delivery.happened.at if delivery.happened else booking.updated_at
        return views.released(booking, reader, at=at, free_until=await self._free_until(booking, reader))

    async def _free_until(self, booking: Booking, reader: Reader) -> datetime | None:
        """Return until when a room given back is free within the booking's time; None where it is not free now."""
        if booking.end <= reader.now or not booking.room.active:
            return None
        rest = Slot(start=max(booking.start, reader.now), end=booking.end)
        rivals = await self._services.search.rivals(booking.room, rest, by=reader.person.acting(), but=[booking.id])
        first = min((rival.slot.start for rival in rivals), default=rest.end)
        return first if first > rest.start else None

    async def _changed(self, delivery: Delivery) -> Message | None:
        booking, reader, _ = await self._booking_for(delivery)
        assert delivery.happened is not None
        if not booking.attended_by(reader.person.id):
            return None
        return views.changed(delivery.happened, booking, reader, by=_by(delivery.happened))

    async def _late(self, delivery: Delivery) -> Message | None:
        booking, reader, catalogue = await self._booking_for(delivery)
        assert delivery.happened is not None
        if cards.over(booking, reader.now):
            return None
        check_in = _to_check_in(booking, catalogue, reader, ahead=False)
        return views.late(booking, reader, by=delivery.happened.by_slack_user_id, check_in=check_in)

    async def _size(self, delivery: Delivery) -> Message | None:
        booking, reader, _ = await self._booking_for(delivery)
        if cards.over(booking, reader.now):
            return None
        # The count stops at the room's seats; who is invited and has not declined may be more.
        coming = len(booking.coming) + 1
        people = coming if coming > booking.seats else booking.attendees_count
        better = await self._services.presence.better_room(booking, people)
        if booking.attendees and not booking.coming:
            return views.nobody_comes(booking, reader, better=better)
        return views.size(booking, reader, people=people, better=better)

    async def _history(self, delivery: Delivery) -> Message | None:
        assert delivery.booking is not None
        assert delivery.happened is not None
        who = await self._name(delivery.happened, delivery.booking)
        reader = self._everybody(await self._services.catalogues.current())
        if delivery.together is not None and delivery.together.count > 1:
            return series_notices.history(delivery.together, reader, who=who, private=delivery.booking.private)
        return cards.history(delivery.happened, delivery.booking, reader, who=who)

    # -- about approval --------------------------------------------------------------------------------------------

    async def _request(self, card: Card, reader: Reader) -> Message:
        request = await self._services.approvals.of_booking(card.booking.id)
        assert request is not None
        return approving.card(request, reader)

    async def _approval_reminder(self, delivery: Delivery) -> Message | None:
        _, reader, _ = await self._booking_for(delivery)
        request = await self._services.approvals.request(UUID(delivery.about["approval"]))
        return approving.reminder(request, reader) if request.open else None

    async def _decided(self, delivery: Delivery) -> Message | None:
        _, reader, _ = await self._booking_for(delivery)
        request = await self._services.approvals.of_decision(UUID(delivery.about["approval"]))
        if request.decision == "approved" and not request.booking.holds_room:
            return None
        refused = request.decision in {"declined", "expired"} and request.dates == 1
        ahead = refused and not request.booking.holds_room and request.booking.start > reader.now
        offers = await self._services.approvals.instead_of(request) if ahead else ()
        return approving.decided(request, offers, reader)

    async def _suggestion(self, delivery: Delivery) -> Message | None:
        booking, reader, catalogue = await self._booking_for(delivery)
        found = suggested(delivery.id, booking, delivery.about, catalogue)
        by = await self._services.people.get(found.by)
        return approving.suggestion(found, by.slack_user_id, reader)

    # -- about a series --------------------------------------------------------------------------------------------

    async def _series_changed(self, delivery: Delivery) -> Message | None:
        series, reader = await self._series_for(delivery)
        assert delivery.together is not None
        done = delivery.together
        return series_notices.changed(done, series, reader, by=_by(done.last))

    async def _series_gap(self, delivery: Delivery) -> Message | None:
        series, reader = await self._series_for(delivery)
        days = [date.fromisoformat(day) for day in delivery.about["days"]]
        missing = [day for day in days if day in series.left_out]
        return series_notices.gap(series, missing, delivery.about["why"], reader) if missing else None

    async def _series_ending(self, delivery: Delivery) -> Message | None:
        series, reader = await self._series_for(delivery)
        last = date.fromisoformat(delivery.about["last"])
        return series_notices.ending(series, last, reader, renewed_until=self._services.series.renewal(series))

    async def _series_for(self, delivery: Delivery) -> tuple[OneSeries, Reader]:
        assert delivery.series is not None
        assert delivery.person is not None
        return delivery.series, self._reader(delivery.person, await self._services.catalogues.current())

    # -- about the line --------------------------------------------------------------------------------------------

    async def _offer(self, delivery: Delivery) -> Message | None:
        waiting, room, place, reader = await self._waiting_for(delivery)
        if waiting.status != "offered" or room is None or waiting.offer_expires_at is None:
            return None
        slot = _rest(waiting.slot, reader.now)
        if slot.end <= slot.start:
            return None
        waiter = Waiter(waiting=waiting.id)
        # Its time begins when it is told.
        held_until = max(waiting.offer_expires_at, open_until(waiting.slot, reader.now))
        series = await self._services.series.get(waiting.series_id) if waiting.series_id else None
        return views.offer(waiter, room, place, slot, reader, held_until=held_until, series=series, **_beside(waiting))

    async def _proposal(self, delivery: Delivery) -> Message | None:
        _, reader, _ = await self._booking_for(delivery)
        ids = [UUID(one) for one in delivery.about["proposals"]]
        found = await self._services.administration.rerooming.get(ids)
        about_now = [one for one in found if one.version == delivery.about["version"]]
        offers = await offers_for(about_now, self._services, by=reader.person.acting("clock"))
        return proposing.told(about_now, offers, reader)

    async def _offer_missed(self, delivery: Delivery) -> Message | None:
        waiting, room, place, reader = await self._waiting_for(delivery)
        if waiting.status != "missed" or room is None:
            return None
        again = await self._wish_of(waiting)
        return views.offer_missed(
            Waiter(waiting=waiting.id), room, place, waiting.slot, reader, again=again, **_beside(waiting)
        )

    async def _wish_of(self, waiting: Waiting) -> Draft:
        invited = [(await self._services.people.get(person)).slack_user_id for person in waiting.invitees]
        return Draft(
            start=int(waiting.slot.start.timestamp()),
            end=int(waiting.slot.end.timestamp()),
            people=waiting.attendees_count,
            amenities=tuple(sorted(waiting.amenities)),
            room=waiting.room and waiting.room.id,
            place=waiting.location and waiting.location.id,
            floor=waiting.floor,
            title=waiting.title,
            private=waiting.private,
            shared=waiting.shared,
            invitees=tuple(invited),
            more_rooms=tuple(one.id for one in waiting.more_rooms),
            things=tuple((one.equipment.id, one.quantity) for one in waiting.equipment),
        )

    async def _waiting_for(self, delivery: Delivery) -> tuple[Waiting, Room | None, Location, Reader]:
        """Return somebody's place in line with the room that was offered and where that is."""
        catalogue = await self._services.catalogues.current()
        waiting, person = delivery.waiting, delivery.person
        assert waiting is not None
        assert person is not None
        room = waiting.offered_room or waiting.room
        place = catalogue.place_of(room) if room else waiting.location or catalogue.locations[0]
        return waiting, room, place, self._reader(person, catalogue)

    # -- about the day ---------------------------------------------------------------------------------------------

    async def _digest(self, delivery: Delivery) -> Message | None:
        assert delivery.person is not None
        day = date.fromisoformat(delivery.about["day"])
        found = await self._services.digests.of_person(delivery.person, day)
        return digests.of_person(found, day, self._reader(delivery.person, await self._services.catalogues.current()))

    async def _channel_digest(self, delivery: Delivery) -> Message | None:
        subscription = delivery.subscription
        assert subscription is not None
        day = date.fromisoformat(delivery.about["day"])
        told = await self._services.digests.of_subscription(subscription, day)
        reader, scope = self._everybody(await self._services.catalogues.current()), _scope(subscription)
        if scope:
            # The heading says where.
            reader = replace(reader, several_places=False)
        names = {one.by_person_id: await self._name(one, one.after) for one in told.happened}
        return digests.of_channel(
            told.bookings,
            told.happened,
            day,
            reader,
            scope=scope,
            who=lambda one: None if one.surface == CLOCK else names.get(one.by_person_id),
        )

    async def _figures(self, delivery: Delivery) -> Message | None:
        subscription = delivery.subscription
        assert subscription is not None
        first, last = days_of(delivery.about["week"])
        asked = Asked(first=first, last=last, location=subscription.location, room=subscription.room)
        figures = await self._services.stats.figures(asked)
        today = self._services.clock.now().astimezone(zone_of(subscription.zone)).date()
        # A channel sees as much as whoever asked for it.
        everything = (await self._services.people.get(subscription.created_by)).admin
        return stats.weekly(figures, suggestions(figures) if everything else (), today, everything=everything)

    async def _webhook_paused(self, delivery: Delivery) -> Message | None:
        about = delivery.about
        return admin_webhooks.paused(about["host"], about["reason"], UUID(about["webhook"]), command=self._services.command)

    # -- parts -----------------------------------------------------------------------------------------------------

    async def _booking_for(self, delivery: Delivery) -> tuple[Booking, Reader, Catalogue]:
        catalogue = await self._services.catalogues.current()
        assert delivery.booking is not None
        assert delivery.person is not None
        return delivery.booking, self._reader(delivery.person, catalogue), catalogue

    def _reader(self, person: Person, catalogue: Catalogue) -> Reader:
        return reader_of(person, catalogue, now=self._services.clock.now(), command=self._services.command)

    def _everybody(self, catalogue: Catalogue) -> Reader:
        now, command = self._services.clock.now(), self._services.command
        return everybody(now, several_places=several_places(catalogue), command=command)

    async def _name(self, happened: Happened, booking: Booking) -> str | None:
        """Return the name of who did something, None for the clock and for somebody unknown."""
        if happened.surface == CLOCK:
            return None
        if known := _named_in(booking, happened.by_person_id):
            return known
        try:
            return (await self._services.people.get(happened.by_person_id)).name
        except BookingError:
            return None


def _named_in(booking: Booking, person_id: UUID) -> str | None:
    people = (booking.booker, *booking.attendees)
    return next((one.name for one in people if one.person_id == person_id), None)


def _by(happened: Happened) -> str | None:
    return None if happened.surface == CLOCK else happened.by_slack_user_id


def _rest(slot: Slot, now: datetime) -> Slot:
    """Return what is left of a slot, from this minute."""
    begun = now.replace(second=0, microsecond=0)
    return Slot(start=max(slot.start, min(begun, slot.end)), end=slot.end)


def _to_check_in(booking: Booking, catalogue: Catalogue, reader: Reader, *, ahead: bool) -> bool:
    """Tell whether one can check in now, or, `ahead`, will be able to."""
    state = check_in_state(booking, catalogue.policy(booking.room), reader.now)
    return state == "open" or (ahead and state == "not_yet" and booking.status is not Status.PENDING)


def _scope(subscription: Subscription) -> str:
    """Return what a channel listens to, "" for everything."""
    if subscription.room:
        return subscription.room.name
    return subscription.location.name if subscription.location else ""


def _beside(waiting: Waiting) -> dict[str, Any]:
    """Return what is waited for together with a room, as a message is given it."""
    return {"more": waiting.more_rooms, "things": waiting.equipment}
