"""Which rooms fit a wish, which are free, and what to offer when none is.

Finding compares plain start and end columns: under row-level security an index on a range is not used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from core import borrowing, claims, errors, rights, rules, store
from core.borrowing import Holder
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession
from core.errors import BookingError
from core.models import (
    Actor,
    Alternative,
    Booking,
    Borrowed,
    Equipment,
    FreeRoom,
    Location,
    OfferKind,
    Right,
    Rival,
    Room,
    RoomDay,
    Slot,
    Wish,
)
from core.rounding import FIVE, rounded_down, rounded_up
from core.saying import clock_time, listed, people, when
from core.selection import Selection

# Alternatives are worked out for this many of the best rooms, this far around the wanted time.
ROOMS_CONSIDERED = 20
HOURS_AROUND = 36
STEP = timedelta(minutes=15)
LEAST_SHARE = 0.75


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The answer to a search: rooms that are free, best first, and of those that fit how many are free and how many taken.

    `free` are those of one page where one was asked for, else all.
    """

    free: tuple[FreeRoom, ...]
    count: int
    taken: int


def order_of_fit(room: Room, wish: Wish) -> tuple[int, int, str, UUID]:
    """Sort key: the smallest adequate room first, then the one with the fewest amenities that nobody asked for."""
    return (room.capacity, len(room.amenities - wish.amenities), room.name.casefold(), room.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Which part of a list is shown: its number from 0, and how long a page is. Past the end, the last is shown."""

    number: int
    length: int

    def shown(self, count: int) -> int:
        """Return the number of the page that is shown of so many."""
        return min(self.number, max(0, (count - 1) // self.length))

    def of(self, rooms: Iterable[Room], count: int) -> list[Room]:
        """Return the rooms on it, of so many; those behind it are not looked at."""
        first = self.shown(count) * self.length
        return list(islice(rooms, first, first + self.length))


def suitable(catalogue: Catalogue, wish: Wish, by: Actor | None = None) -> Selection:
    """Return the rooms in use that have what the wish asks for, in `order_of_fit`, whether they are free or not.

    Of those that somebody may book, where `by` says for whom.
    """
    place, people, wanted = wish.location_id, wish.attendees_count, wish.amenities
    floor = wish.floor.casefold() if wish.floor is not None else None
    among = catalogue.by_size_for(by) if by else catalogue.by_size

    def fitting() -> Selection:
        found = [
            room
            for room in among
            if room.capacity >= people
            and (place is None or room.location_id == place)
            and wanted <= room.amenities
            and (floor is None or (room.floor or "").casefold() == floor)
        ]
        # All have what was asked for: who has the fewest amenities has the fewest to spare. Names are in order.
        found.sort(key=lambda room: (room.capacity, len(room.amenities)))
        return Selection(found)

    if among is not catalogue.by_size:
        return fitting()
    # Most people look for much the same, and a large office has thousands of rooms.
    return catalogue.remembered((place, people, wanted, floor), fitting)


def nothing_suits(catalogue: Catalogue, wish: Wish, by: Actor | None = None) -> BookingError:
    """Return the refusal that says what no room has, of those that somebody may book where `by` says for whom."""
    rooms = catalogue.rooms_at(wish.location_id, by)
    where = f" in {catalogue.location(wish.location_id).name}" if wish.location_id else ""
    if not rooms and catalogue.rooms_at(wish.location_id):
        return errors.MayNotBook(f"There is no room{where} that you can book; ask an admin.")
    if not rooms:
        return errors.NothingFits(f"There are no rooms{where} yet.", slot=wish.slot)
    if wish.floor is not None:
        rooms = tuple(room for room in rooms if (room.floor or "").casefold() == wish.floor.casefold())
        where = f" on floor {wish.floor}{where}"
        if not rooms:
            return errors.NothingFits(f"There is no room{where}.", slot=wish.slot)
    largest = max(rooms, key=lambda room: room.capacity)
    if largest.capacity < wish.attendees_count:
        too_many = f"No room{where} seats {wish.attendees_count}; the largest, {largest.name}, seats {largest.capacity}."
        return _lacking("attendees_count", too_many, wish)
    wanted = listed(sorted(wish.amenities))
    if not any(wish.amenities <= room.amenities for room in rooms):
        return _lacking("amenities", f"No room{where} has {wanted}.", wish)
    return _lacking("amenities", f"No room{where} with {wanted} seats {wish.attendees_count}.", wish)


def _lacking(field: str, sentence: str, wish: Wish) -> errors.NothingFits:
    refusal = errors.NothingFits(sentence, slot=wish.slot)
    refusal.fields = {field: sentence}
    return refusal


class Search:
    """Looks for rooms; changes nothing."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock

    async def find(self, wish: Wish, *, by: Actor, page: Page | None = None) -> Found:
        """Return the rooms that fit and are free, with what is to come along; raises what is in the way of every room.

        That is a rule; or EquipmentTaken, with alternatives, where rooms are free but what is to come along is not there.
        Where a page is given, those on it alone are told; the rest is counted.
        """
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        wish = _where_things_are(wish, catalogue)
        rules.check(rules.of_wish(wish.slot, attendees_count=wish.attendees_count, title=wish.title))
        rooms = self.bookable(catalogue, wish, by=by, now=now)
        place = catalogue.place_of(rooms[0])
        along = borrowing.to_borrow(wish.equipment, place, catalogue)

        async def work(session: ReadSession) -> Found:
            busy = await claims.busy_rooms(session, rooms, wish.slot, now=now)
            free: Iterable[Room] = (room for room in rooms if room.id not in busy)
            count = len(rooms) - len(busy)
            if along and count:
                free = await _with(session, along, list(free), wish.slot, place, now=now)
                count = len(free)
            day_after = Slot(start=wish.slot.end, end=wish.slot.end + timedelta(days=1))
            told = page.of(free, count) if page else list(free)
            next_starts = await claims.next_starts(session, told, day_after, now=now)
            return Found(
                free=tuple(
                    FreeRoom(room=room, location=catalogue.place_of(room), free_until=next_starts.get(room.id))
                    for room in told
                ),
                count=count,
                taken=len(busy),
            )

        try:
            return await self._db.read(work)
        except errors.EquipmentTaken as refusal:
            refusal.alternatives = await self.alternatives(wish, by=by)
            raise

    def bookable(self, catalogue: Catalogue, wish: Wish, *, by: Actor, now: datetime) -> Selection:
        """Return the rooms that suit the wish and whose rules let it pass, best first, whether they are free or not.

        Raises the reason when there is none: for a named room its own, else what no room has or which rule all break.
        """
        if wish.room_id is not None:
            rooms = Selection((catalogue.room(wish.room_id),))
        else:
            rooms = suitable(catalogue, wish, by)
            if not rooms:
                raise nothing_suits(catalogue, wish, by)
        # Seats and use are judged already: rooms of one place under the same rules pass or fail together.
        broken = {
            alike for alike, room in catalogue.one_of_each(rooms).items() if _broken(catalogue, room, wish, by=by, now=now)
        }
        passing = Selection(room for room in rooms if catalogue.alike(room) not in broken) if broken else rooms
        if not passing:
            speaker, called = _spokesroom(catalogue, rooms, wish, by=by, now=now)
            rules.check(_broken(catalogue, speaker, wish, by=by, now=now, called=called))
        return passing

    async def alternatives(
        self, wish: Wish, *, by: Actor, but: Sequence[UUID] = (), limit: int = 5
    ) -> tuple[Alternative, ...]:
        """Return what is free and allowed instead: other rooms then, the same room at the nearest times, a bit shorter."""
        catalogue = await self._catalogues.current()
        now = self._clock.now()

        async def work(session: ReadSession) -> tuple[Alternative, ...]:
            return await _alternatives(session, catalogue, wish, by=by, now=now, but=but, limit=limit)

        return await self._db.read(work)

    async def instead_of(self, booking: Booking, room: Room, *, by: Actor, limit: int = 5) -> tuple[Alternative, ...]:
        """Return the rooms that are free for a booking in the place of one of its rooms, the others kept."""
        there = {leaf for one in booking.rooms for leaf in one.leaves}
        beside = sum(one.capacity for one in booking.rooms if one.id != room.id)
        count = max(1, booking.attendees_count - beside)
        wish = Wish(slot=booking.slot, attendees_count=count, room_id=room.id)
        found = await self.alternatives(wish, by=by, but=(booking.id,), limit=limit + len(booking.rooms) + 5)
        others = (one for one in found if one.kind is OfferKind.OTHER_ROOM and not there & set(one.room.leaves))
        return tuple(others)[:limit]

    async def rivals(self, room: Room, slot: Slot, *, by: Actor, but: Sequence[UUID] = ()) -> tuple[Rival, ...]:
        """Return who holds the room then, as far as the asker may see it."""
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        around = claims.span(room, slot)

        async def work(session: ReadSession) -> tuple[Rival, ...]:
            wide = Slot(
                start=around.start - timedelta(minutes=room.teardown_minutes),
                end=around.end + timedelta(minutes=room.setup_minutes),
            )
            there = await store.in_window(session, [room.id], wide, catalogue)
            bookings = [_rival_in(room, booking, by, catalogue) for booking in there if booking.id not in but]
            held = await _held(session, [room], wide, by=by, now=now)
            return tuple(sorted([*bookings, *held.get(room.id, ())], key=lambda rival: rival.slot.start))

        return await self._db.read(work)

    async def holders(self, thing: Equipment, wanted: Booking, *, by: Actor, but: Sequence[UUID] = ()) -> tuple[Holder, ...]:
        """Return which bookings have some of a piece of equipment while another wants it, as far as one may see them."""
        catalogue = await self._catalogues.current()
        around = borrowing.kept(wanted.rooms, wanted.slot)

        async def work(session: ReadSession) -> tuple[Holder, ...]:
            pairs = await borrowing.held_by(session, thing, around, but=[*but, wanted.id])
            known = await store.bookings(session, [booking_id for booking_id, _ in pairs], catalogue)
            return tuple(
                Holder(quantity=count, rooms=known[one].rooms, rival=as_rival(known[one], by, catalogue))
                for one, count in pairs
                if one in known
            )

        return await self._db.read(work)

    async def day(self, room_ids: Sequence[UUID], window: Slot, *, by: Actor) -> tuple[RoomDay, ...]:
        """Return what holds the rooms in the window, as far as the asker may see it, in the order asked for."""
        catalogue = await self._catalogues.current()
        now = self._clock.now()
        rooms = [catalogue.room(room_id) for room_id in room_ids]

        async def work(session: ReadSession) -> tuple[RoomDay, ...]:
            taken = await _held(session, rooms, window, by=by, now=now)
            kept = claims.by_leaf(rooms)
            for booking in await store.in_window(session, room_ids, window, catalogue):
                for room_id in {room.id for leaf in claims.leaves(booking.rooms) for room in kept.get(leaf, ())}:
                    rival = _rival_in(catalogue.room(room_id), booking, by, catalogue)
                    taken.setdefault(room_id, []).append(rival)
            return tuple(
                RoomDay(
                    room=room,
                    location=catalogue.place_of(room),
                    taken=tuple(sorted(taken.get(room.id, ()), key=lambda rival: rival.slot.start)),
                )
                for room in rooms
            )

        return await self._db.read(work)


def _where_things_are(wish: Wish, catalogue: Catalogue) -> Wish:
    """Return a wish that says where, if what it asks to bring along is only there: what is movable stays at its place."""
    if wish.equipment and wish.room_id is None and wish.location_id is None:
        return replace(wish, location_id=catalogue.thing(wish.equipment[0][0]).location_id)
    return wish


async def _with(
    session: ReadSession, along: Sequence[Borrowed], rooms: Sequence[Room], slot: Slot, place: Location, *, now: datetime
) -> list[Room]:
    """Return the rooms, each kept for as long as it is, for which what is to come along is there.

    Raises EquipmentTaken where it is there for none of them.
    """
    gone = await borrowing.gone(session, along, claims.widest(rooms, slot))
    found = [room for room in rooms if not any(out.overlaps(claims.span(room, slot)) for out in gone)]
    if not found and (lacking := await borrowing.short_of(session, along, claims.span(rooms[0], slot))):
        sentence = borrowing.out_sentence(lacking, slot, place.tz, now=now)
        raise errors.EquipmentTaken(sentence, name=lacking.wanted.equipment.name)
    return found


async def _held(
    session: ReadSession, rooms: Sequence[Room], window: Slot, *, by: Actor, now: datetime
) -> dict[UUID, list[Rival]]:
    """Return what is held for people on the waiting list, by room."""
    found: dict[UUID, list[Rival]] = {}
    for room, slot, until, person_id in await claims.offered(session, rooms, window, now=now):
        rival = Rival(slot=slot, held_until=until, for_you=person_id == by.person_id)
        found.setdefault(room.id, []).append(rival)
    return found


def hidden(booking: Booking, catalogue: Catalogue) -> Booking:
    """Return a booking as private where its rooms hide the details of every booking."""
    return replace(booking, private=booking.private or any(catalogue.policy(room).details_hidden for room in booking.rooms))


def as_rival(booking: Booking, by: Actor, catalogue: Catalogue) -> Rival:
    """Return a booking as somebody who is in its way may see it."""
    booking = hidden(booking, catalogue)
    manages = all(rights.may(by, Right.MANAGE, room, catalogue) for room in booking.rooms)
    if not manages and not booking.details_for(by):
        return Rival(slot=booking.slot, private=True)
    return Rival(
        slot=booking.slot,
        title=booking.title,
        booker_slack_user_id=booking.booker.slack_user_id,
        private=booking.private,
    )


def _rival_in(room: Room, booking: Booking, by: Actor, catalogue: Catalogue) -> Rival:
    """Return a booking as somebody who asks for the room may see it, with the room in the way where it is another."""
    rival = as_rival(booking, by, catalogue)
    if any(one.id == room.id for one in booking.rooms):
        return rival
    shared = (one for one in booking.rooms if set(one.leaves) & set(room.leaves))
    return replace(rival, room=next(shared, None))


def _spokesroom(
    catalogue: Catalogue, rooms: Sequence[Room], wish: Wish, *, by: Actor, now: datetime
) -> tuple[Room, str | None]:
    """Return the room whose rule is told where none of the rooms passes, and what the rooms are called together.

    Who named no room is told of "rooms in Berlin", in the words of the rules that most of them keep; where rooms break
    different rules, the one that would have been taken speaks for itself.
    """
    if wish.room_id is not None or len(rooms) == 1:
        return rooms[0], None
    broken = {type(_broken(catalogue, room, wish, by=by, now=now)[0]) for room in rooms}
    places = {room.location_id for room in rooms}
    if len(broken) > 1 or len(places) > 1:
        return rooms[0], None
    kept = Counter(id(catalogue.policy(room, by.groups)) for room in rooms)
    speaker = max(rooms, key=lambda room: kept[id(catalogue.policy(room, by.groups))])
    return speaker, f"rooms in {catalogue.place_of(speaker).name}"


def _broken(
    catalogue: Catalogue, room: Room, wish: Wish, *, by: Actor, now: datetime, called: str | None = None
) -> list[BookingError]:
    # Only who names a room overrides its rules: nobody is put into a closed one unasked.
    return rules.of_start(wish.slot, location=catalogue.place_of(room), now=now) + rules.in_force(
        wish.slot,
        room=room,
        catalogue=catalogue,
        attendees_count=wish.attendees_count,
        actor=by,
        now=now,
        called=called,
        overriding=wish.room_id == room.id,
    )


async def _alternatives(
    session: ReadSession,
    catalogue: Catalogue,
    wish: Wish,
    *,
    by: Actor,
    now: datetime,
    but: Sequence[UUID],
    limit: int,
) -> tuple[Alternative, ...]:
    if wish.more_room_ids:
        return await _together(session, catalogue, wish, by=by, now=now, but=but, limit=limit)
    named = catalogue.room(wish.room_id) if wish.room_id else None
    where = named.location_id if named else _where_things_are(wish, catalogue).location_id
    if named and not wish.amenities <= named.amenities:
        named, wish = None, replace(wish, room_id=None)
    anywhere = Wish(
        slot=wish.slot,
        attendees_count=wish.attendees_count,
        amenities=wish.amenities,
        location_id=where,
    )
    rooms: Sequence[Room] = suitable(catalogue, anywhere, by)
    if named and not wish.amenities:
        # Rooms like the named one come first; any that seats everybody is better than none.
        every = suitable(catalogue, replace(anywhere, amenities=frozenset()), by)
        rooms = _like(named, every) if wish.floor is None else sorted(every, key=lambda room: unlikeness(room, named))
    if wish.floor:
        rooms = sorted(rooms, key=lambda room: (room.floor or "").casefold() != str(wish.floor).casefold())
    if named:
        rooms = [named, *(room for room in rooms if room.id != named.id)]
    rooms = rooms[:ROOMS_CONSIDERED]
    around = timedelta(hours=HOURS_AROUND)
    window = claims.widest(rooms, Slot(start=wish.slot.start - around, end=wish.slot.end + around))
    taken = await claims.held(session, rooms, window, now=now, but=but)
    borrowed = [Borrowed(equipment=catalogue.thing(one), quantity=count) for one, count in wish.equipment]
    if borrowed:
        gone = await borrowing.gone(session, borrowed, window, but=but)
        taken = {room.id: claims.joined([*taken.get(room.id, ()), *gone]) for room in rooms}
    search = _Around(catalogue=catalogue, wish=wish, by=by, now=now, taken=taken)
    offers = [*search.other_rooms(rooms), *search.other_times(rooms[:1] if named else rooms[:3]), *search.shorter(rooms[:1])]
    return _mixed(offers, limit)


async def _together(
    session: ReadSession,
    catalogue: Catalogue,
    wish: Wish,
    *,
    by: Actor,
    now: datetime,
    but: Sequence[UUID],
    limit: int,
) -> tuple[Alternative, ...]:
    """Return when all rooms of a wish can be had at once, looked for as if they were one; nothing stands in for them."""
    rooms = [catalogue.room(room_id) for room_id in (wish.room_id, *wish.more_room_ids) if room_id]
    one = replace(
        rooms[0],
        parts=frozenset(claims.leaves(rooms)),
        capacity=sum(room.capacity for room in rooms),
        amenities=frozenset(name for room in rooms for name in room.amenities),
        setup_minutes=max(room.setup_minutes for room in rooms),
        teardown_minutes=max(room.teardown_minutes for room in rooms),
    )
    alone, single = replace(catalogue, rooms=(one,)), replace(wish, room_id=one.id, more_room_ids=())
    found = await _alternatives(session, alone, single, by=by, now=now, but=but, limit=limit)

    def passes(room: Room, slot: Slot) -> bool:
        return not _broken(catalogue, room, Wish(slot=slot, room_id=room.id), by=by, now=now)

    together = (replace(offer, room=rooms[0], more_rooms=tuple(rooms[1:])) for offer in found)
    return tuple(offer for offer in together if all(passes(room, offer.slot) for room in rooms))


def _like(named: Room, rooms: Selection) -> Sequence[Room]:
    """Return the rooms, those first that are most like the one named; remembered while the catalogue stands."""
    if named.id not in rooms.liking:
        rooms.liking[named.id] = Selection(sorted(rooms, key=lambda room: unlikeness(room, named))[: ROOMS_CONSIDERED + 1])
    return rooms.liking[named.id]


def unlikeness(room: Room, named: Room) -> tuple[int, int, str]:
    """Sort key: what stands in for a room has most of what it has, and is about as large."""
    return (len(named.amenities - room.amenities), abs(room.capacity - named.capacity), room.name.casefold())


def _mixed(offers: Sequence[Alternative], limit: int) -> tuple[Alternative, ...]:
    """Return the best of each kind first: two rooms, two times, one shorter, then whatever is left in that order."""
    shares = {OfferKind.ANYWAY: 1, OfferKind.OTHER_ROOM: 2, OfferKind.OTHER_TIME: 2, OfferKind.SHORTER: 1}
    first = [offer for kind, share in shares.items() for offer in [o for o in offers if o.kind == kind][:share]]
    rest = [offer for offer in offers if offer not in first]
    chosen = (first + rest)[:limit]
    return tuple(offer for offer in offers if offer in chosen)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Around:
    """The rooms' claims around a wish, and what can be had among them."""

    catalogue: Catalogue
    wish: Wish
    by: Actor
    now: datetime
    taken: dict[UUID, list[Slot]]
    passing: dict[tuple[UUID, bool, Slot], bool] = field(default_factory=dict)

    def other_rooms(self, rooms: Iterable[Room]) -> list[Alternative]:
        slot = self.wish.slot
        return [self._offer(OfferKind.OTHER_ROOM, room, slot) for room in rooms if self._can(room, slot)]

    def other_times(self, rooms: Iterable[Room]) -> list[Alternative]:
        """Return the nearest free times, at most one before and two after for each room, nearest first."""
        found = []
        for room in rooms:
            slots = sorted(self._near(room), key=lambda slot: abs(slot.start - self.wish.slot.start))
            found += [self._offer(OfferKind.OTHER_TIME, room, slot) for slot in slots[:3]]
        return sorted(found, key=lambda offer: abs(offer.slot.start - self.wish.slot.start))

    def shorter(self, rooms: Iterable[Room]) -> list[Alternative]:
        """Return the longest free stretch inside the wanted time, where it is three quarters of it or more."""
        found = []
        for room in rooms:
            wanted = self.wish.slot
            free = (_rounded(stretch, wanted) for stretch in self._free_within(room, wanted))
            stretches = [s for s in free if s and LEAST_SHARE * wanted.length <= s.length < wanted.length]
            found += [self._offer(OfferKind.SHORTER, room, slot) for slot in stretches if self._can(room, slot)]
        return found

    def _near(self, room: Room) -> list[Slot]:
        """Return the free slots about as long as wanted that begin or end where something else ends or begins."""
        wanted = self.wish.slot
        length = FIVE * -(-wanted.length // FIVE)
        before = timedelta(minutes=room.setup_minutes)
        after = timedelta(minutes=room.teardown_minutes)
        starts = {rounded_up(claim.end + before) for claim in self.taken.get(room.id, ())}
        starts |= {rounded_down(claim.start - after) - length for claim in self.taken.get(room.id, ())}
        # Rules move the time as well as rivals do: step away from the wanted start until one passes.
        starts |= {rounded_up(wanted.start + STEP * step) for step in range(-16, 17)}
        zone = self.catalogue.place_of(room).tz
        day = wanted.start.astimezone(zone).date()

        def possible(some: Iterable[datetime]) -> Iterator[Slot]:
            slots = (Slot(start=start, end=start + length) for start in some if start.astimezone(zone).date() == day)
            return (slot for slot in slots if self._can(room, slot))

        # From the wanted time outwards, no further than needed: each look is at a dozen rules.
        earlier = possible(sorted((start for start in starts if start < wanted.start), reverse=True))
        later = possible(sorted(start for start in starts if start > wanted.start))
        return [*islice(earlier, 1), *islice(_apart(later), 2)]

    def _free_within(self, room: Room, wanted: Slot) -> list[Slot]:
        held = claims.span(room, wanted)
        edges = [held.start]
        for claim in self.taken.get(room.id, ()):
            if claim.overlaps(held):
                edges += [claim.start, claim.end]
        edges.append(held.end)
        before = timedelta(minutes=room.setup_minutes)
        after = timedelta(minutes=room.teardown_minutes)
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return [Slot(start=a + before, end=b - after) for a, b in pairs if b - after > a + before]

    def _can(self, room: Room, slot: Slot) -> bool:
        held = claims.span(room, slot)
        if any(held.overlaps(claim) for claim in self.taken.get(room.id, ())):
            return False
        # Rooms that seat everybody and are under the same rules pass or fail together.
        seated = room.capacity >= self.wish.attendees_count
        key = (self.catalogue.alike(room), seated, slot) if room.active else (room.id, seated, slot)
        if key not in self.passing:
            wish = Wish(slot=slot, attendees_count=self.wish.attendees_count)
            self.passing[key] = not _broken(self.catalogue, room, wish, by=self.by, now=self.now)
        return self.passing[key]

    def _offer(self, kind: OfferKind, room: Room, slot: Slot) -> Alternative:
        return Alternative(kind=kind, room=room, location=self.catalogue.place_of(room), slot=slot)


def _rounded(free: Slot, wanted: Slot) -> Slot | None:
    """Return the whole five minutes of what is free within a wanted time, whose own start and end stay as they are."""
    start = free.start if free.start == wanted.start else rounded_up(free.start)
    end = free.end if free.end == wanted.end else rounded_down(free.end)
    return Slot(start=start, end=end) if start < end else None


def _apart(slots: Iterable[Slot]) -> Iterator[Slot]:
    """Give out the slots without those that overlap one already given out."""
    chosen: list[Slot] = []
    for slot in slots:
        if not any(slot.overlaps(other) for other in chosen):
            chosen.append(slot)
            yield slot


def taken_sentence(room: Room, rivals: Sequence[Rival], slot: Slot, *, catalogue: Catalogue, now: datetime) -> str:
    """Return "Apollo is taken tomorrow 14:00-15:00 ("Design review")." without naming anybody.

    What is held for somebody in line reads "Apollo is held for somebody on the waiting list until 14:10 (…)."
    """
    zone = catalogue.place_of(room).tz
    if not rivals:
        return f"{room.name} is taken {when(slot, zone, now=now)}."
    first = rivals[0]
    if first.held_until:
        whom = "you" if first.for_you else "somebody on the waiting list"
        held = when(first.slot, zone, now=now)
        return f"{room.name} is held for {whom} until {clock_time(first.held_until, zone)} ({held})."
    title = f' ("{first.title}")' if first.title else ""
    return f"{taken_through(room, first)} is taken {when(first.slot, zone, now=now)}{title}."


def taken_through(room: Room, rival: Rival) -> str:
    """Return what is taken: "Apollo", or "Hall needs Hall A, which" and "Hall A is part of Hall, which"."""
    if rival.room is None:
        return room.name
    relation = "needs" if set(rival.room.leaves) < set(room.leaves) else "is part of"
    if relation == "is part of" and not set(room.leaves) < set(rival.room.leaves):
        relation = "shares its space with"
    return f"{room.name} {relation} {rival.room.name}, which"


def all_taken_sentence(count: int, wish: Wish, *, catalogue: Catalogue, now: datetime) -> str:
    """Return "All 3 rooms in Berlin that fit 6 people are taken tomorrow 14:00-15:00."."""
    place = catalogue.location(wish.location_id) if wish.location_id else catalogue.locations[0]
    where = f" in {place.name}" if wish.location_id else ""
    what = f" with {listed(sorted(wish.amenities))}" if wish.amenities else ""
    rooms = {1: "The only room", 2: "Both rooms"}.get(count, f"All {count} rooms")
    verb = "is" if count == 1 else "are"
    said = when(wish.slot, place.tz, now=now)
    return f"{rooms}{where}{what} for {people(wish.attendees_count)} {verb} taken {said}."
