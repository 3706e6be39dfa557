"""What handlers are given: the core's use cases, the directory of people, and the command's name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

from slack_sdk.web.async_client import AsyncWebClient

from core.approval_deciding import Approvals
from core.approving import just_asked, who_decides
from core.board import Board
from core.bookings import Bookings
from core.calendars import Calendars
from core.catalogue import FRESH_SECONDS, Catalogue, Catalogues
from core.clock import Clock
from core.consistency import Freshness
from core.db import DEFAULT_TENANT, Database
from core.demand import Demand
from core.digests import Digests
from core.equipment import Equipments
from core.free_times import FreeTimes
from core.leaving import Leaving
from core.line import Line
from core.listing import Listing
from core.models import Actor, Booking, Person, Room
from core.outbox import Outbox
from core.people import People
from core.preferences import PreferencesStore
from core.presence import Presence
from core.search import Search
from core.series import Series
from core.stats import Stats
from core.streaming import MOST_STREAMS, Hub, Seats
from core.subscriptions import Subscriptions
from core.telling import SILENT, Telling
from core.tokens import Tokens
from core.watching import Watching
from core.webhook_targets import NOTHING_PRIVATE, Allowed
from core.webhooks import Webhooks
from handlers.administration import Administration, administration
from handlers.asides import Asides
from handlers.books import Books
from handlers.calendar_links import Additions, CalendarLinks, additions
from handlers.latest import Latest
from handlers.meanwhile import Meanwhile, silent
from handlers.people import Directory
from handlers.requests import Sender
from handlers.stats_links import Links
from handlers.views.times import Reader


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """Everything that lives as long as the process; built once. `command` is the slash command's name, "/book"."""

    bookings: Bookings
    search: Search
    series: Series
    leaving: Leaving
    people: People
    presence: Presence
    line: Line
    listing: Listing
    approvals: Approvals
    outbox: Outbox
    preferences: PreferencesStore
    subscriptions: Subscriptions
    watching: Watching
    digests: Digests
    stats: Stats
    demand: Demand
    board: Board
    equipments: Equipments
    free_times: FreeTimes
    calendars: Calendars
    tokens: Tokens
    webhooks: Webhooks
    freshness: Freshness
    hub: Hub
    administration: Administration
    catalogues: Catalogues
    directory: Directory
    clock: Clock
    tenant: UUID = DEFAULT_TENANT
    telling: Telling = SILENT
    command: str = "/book"
    latest: Latest = field(default_factory=Latest)
    books: Books = field(default_factory=Books)
    asides: Asides = field(default_factory=Asides)
    links: Links | None = None
    calendar_links: CalendarLinks | None = None


def built(
    db: Database,
    clock: Clock,
    *,
    command: str = "/book",
    fresh_seconds: float = FRESH_SECONDS,
    private_targets: Allowed = NOTHING_PRIVATE,
    streams: int | Seats = MOST_STREAMS,
    catalogues: Catalogues | None = None,
) -> Services:
    """Return the services on a database; rooms and rules may be `fresh_seconds` old where nobody tells of changes.

    `catalogues` are those of other services of the same tenant, whose rooms and rules are kept once.
    """
    catalogues = catalogues or Catalogues(db, fresh_seconds=fresh_seconds)
    search = Search(db, catalogues, clock)
    people = People(db)
    bookings, line = Bookings(db, catalogues, search, clock), Line(db, catalogues, search, clock)
    series, listing = Series(db, catalogues, search, clock), Listing(db, catalogues)
    return Services(
        bookings=bookings,
        search=search,
        series=series,
        leaving=Leaving(db, catalogues, clock, bookings, series),
        people=people,
        presence=Presence(db, catalogues, search, clock),
        line=line,
        listing=listing,
        approvals=Approvals(db, catalogues, bookings, search, clock),
        outbox=Outbox(db, catalogues, clock),
        preferences=PreferencesStore(db, clock),
        subscriptions=Subscriptions(db, catalogues, clock),
        watching=Watching(db),
        digests=Digests(db, catalogues, clock),
        stats=Stats(db, catalogues, clock),
        demand=Demand(db, catalogues, clock),
        board=Board(db, catalogues, clock),
        equipments=Equipments(db, catalogues),
        free_times=FreeTimes(db, catalogues, clock),
        calendars=Calendars(db, catalogues, listing, clock),
        tokens=Tokens(db, clock),
        webhooks=Webhooks(db, catalogues, clock, private_targets=private_targets),
        freshness=Freshness(db),
        hub=Hub(db, catalogues, clock, most=streams),
        administration=administration(db, catalogues, bookings, line, clock),
        catalogues=catalogues,
        directory=Directory(people),
        clock=clock,
        tenant=db.tenant,
        telling=db.telling,
        command=command,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """One request's view of the services: who asks, the catalogue of this moment, and Slack to open views with.

    What takes its time reports to `meanwhile` how far it has come.
    """

    services: Services
    person: Person
    sender: Sender
    catalogue: Catalogue
    client: AsyncWebClient
    meanwhile: Meanwhile = field(default_factory=silent)

    @property
    def actor(self) -> Actor:
        """The person as the author of a change."""
        return self.person.acting("slack")

    @property
    def may_book(self) -> bool:
        """Whether there is a room that this person may book."""
        return self.reader.may_book

    @property
    def command(self) -> str:
        """The slash command's name."""
        return self.services.command

    @property
    def reader(self) -> Reader:
        """The person as the reader of an answer."""
        now, links = self.services.clock.now(), self.services.calendar_links
        return reader_of(self.person, self.catalogue, now=now, command=self.command, links=links)


def names_of_parts(room: Room, *, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the names of the rooms that a divisible one is made of, in order."""
    known = (one.name for one in catalogue.rooms if one.id in room.parts) if room.parts else ()
    return tuple(sorted(known, key=str.casefold))


def reader_of(
    person: Person, catalogue: Catalogue, *, now: datetime, command: str, links: CalendarLinks | None = None
) -> Reader:
    """Return a person as the reader of what is told at a moment; `links` lead to other calendars."""
    bookable = catalogue.bookable_for(person.acting())
    return Reader(
        person=person,
        now=now,
        several_places=several_places(catalogue),
        # Guests may book where a rule lets them.
        may_book=(bool(bookable) or not catalogue.bookable)
        and (not person.guest or any(catalogue.policy(room).guests_may_book for room in bookable)),
        command=command,
        approvers=partial(who_decides, catalogue=catalogue),
        held_until=partial(just_asked, catalogue=catalogue, now=now),
        parts=partial(names_of_parts, catalogue=catalogue),
        additions=partial(additions_of, links=links, person=person, now=now),
        subscribes=links is not None and links.base is not None,
    )


def additions_of(booking: Booking, *, links: CalendarLinks | None, person: Person, now: datetime) -> Additions | None:
    """Return the addresses that add a booking to somebody's own calendar."""
    if links is None or not booking.holds_room:
        return None
    return additions(booking, file=links.file(booking.id, person.id, now=now))


def several_places(catalogue: Catalogue) -> bool:
    """Tell whether there are rooms at more than one location, so that the place has to be said."""
    return len(catalogue.places_used) > 1
