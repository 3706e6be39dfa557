"""The made-up firm of a run: six places of ten rooms, people who want to be told differently, channels that listen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core.catalogue import Catalogues
from core.clock import Clock
from core.db import Database
from core.models import Actor, Room
from core.notices import Preferences
from core.people import People, Profile
from core.preferences import PreferencesStore
from core.rooms import Rooms, parse_csv
from core.subscriptions import KINDS, Subscriptions

TEAM = "T0FAULTS"
TOKENS = {"bot": "xoxb-faults", "app": "xapp-faults", "signing_secret": "faults-signing-secret"}
SCOPES = ["commands", "channels:read", "groups:read", "chat:write", "users:read"]
HISTORY = ["channels:history", "groups:history", "im:history"]
PLACES = {
    "New York": ("America/New_York", "Alder Aspen Beech Birch Cedar Cypress Hazel Juniper Larch Linden"),
    "Boston": ("America/New_York", "Badger Beaver Bison Caribou Coyote Ferret Lynx Marten Moose Otter"),
    "Toronto": ("America/Toronto", "Amber Beryl Cobalt Garnet Jasper Onyx Opal Quartz Topaz Zircon"),
    "London": ("Europe/London", "Avocet Bittern Dunlin Heron Kestrel Merlin Osprey Plover Puffin Siskin"),
    "Berlin": ("Europe/Berlin", "Dahme Elbe Havel Isar Mosel Neisse Oder Panke Saale Spree"),
    "Paris": ("Europe/Paris", "Ardoise Bleuet Cerise Fougere Genet Iris Jonquille Lavande Mimosa Pervenche"),
}
SEATS = (4, 6, 8, 12, 4, 6, 8, 12, 6, 8)
# Two rooms of five ask that somebody checks in. Short graces, so that releases fall due within a run.
CHECK_IN = {"opens": 10, "grace": 4, "longest": 240, "notice": 2}
ZONES = {
    "ny": "America/New_York",
    "to": "America/Toronto",
    "lo": "Europe/London",
    "be": "Europe/Berlin",
    "pa": "Europe/Paris",
}
# Channel by id: name, which place or room it listens to, to what, whether by a digest, whether the bot is in it.
ALL = tuple(KINDS)
CHANNELS = {
    "C0NEWYORK": ("new-york", "New York", ALL, False, True),
    "C0BOSTON": ("boston", "Boston", ("booked", "cancelled"), False, True),
    "C0BERLIN": ("berlin", "Berlin", ALL, False, True),
    "C0PARIS": ("paris", "Paris", ("cancelled", "released", "ended"), False, True),
    "C0LONDON": ("london", "London", ALL, False, True),
    "C0TORONTO": ("toronto", "Toronto", ALL, True, True),
    "C0ALDER": ("alder", "Alder", ("booked", "changed"), False, True),
    "C0LOBBY": ("lobby", "Boston", ALL, False, False),
    "C0TALK": ("talk", None, ALL, False, True),
}
ARCHIVED = "C0LONDON"
WITHOUT_US = "C0LOBBY"


@dataclass(frozen=True, kw_only=True)
class One:
    """A person of the firm, their clock, and what they want; minutes are counted from the run's begin."""

    name: str
    zone: str
    reminders: tuple[int, ...] = (10,)
    endings: bool = True
    invitations: bool = True
    changes: bool = True
    quiet: tuple[int, int] | None = None
    digest: int | None = None
    admin: bool = False

    @property
    def slack(self) -> str:
        """Their Slack id."""
        return f"U0{self.name.upper()}"

    def preferences(self, begins: datetime) -> Preferences:
        """Return their settings, by their own wall clock."""
        quiet = [_clock(begins, minutes, self.zone) for minutes in self.quiet] if self.quiet else [None, None]
        return Preferences(
            reminder_minutes=self.reminders,
            end_reminders=self.endings,
            tell_invitations=self.invitations,
            tell_changes=self.changes,
            quiet_from=quiet[0],
            quiet_until=quiet[1],
            digest_at=None if self.digest is None else _clock(begins, self.digest, self.zone),
        )


PEOPLE = (
    One(name="ana", zone=ZONES["ny"], admin=True),
    One(name="ben", zone=ZONES["ny"], reminders=(15, 5)),
    One(name="chloe", zone=ZONES["pa"], quiet=(6, 14)),
    One(name="deepa", zone=ZONES["ny"], reminders=(), changes=False),
    One(name="erik", zone=ZONES["be"], invitations=False, endings=False),
    One(name="fatima", zone=ZONES["be"], reminders=(30, 10), digest=3),
    One(name="hana", zone=ZONES["lo"], reminders=(20, 10, 5)),
    One(name="ivo", zone=ZONES["be"], reminders=(5,), digest=8),
    One(name="jin", zone=ZONES["to"], quiet=(-30, 600)),
    One(name="kofi", zone=ZONES["lo"]),
    One(name="lea", zone=ZONES["pa"], reminders=(10, 5)),
    One(name="max", zone=ZONES["to"], reminders=(60, 15, 10, 5)),
)


def _clock(begins: datetime, minutes: int, zone: str) -> time:
    return (begins + timedelta(minutes=minutes)).astimezone(ZoneInfo(zone)).time().replace(microsecond=0, tzinfo=None)


def company(*, history: bool) -> dict[str, Any]:
    """Return the sandbox's company file; with `history` the app may read channels."""
    everybody = [one.slack for one in PEOPLE]
    return {
        "team": {"id": TEAM, "name": "Faults and Sons", "domain": "faults"},
        "tokens": TOKENS,
        "bot": {"user_id": "U0BOOKROOM", "bot_id": "B0BOOKROOM", "app_id": "A0BOOKROOM", "name": "bookroom"},
        "scopes": SCOPES + (HISTORY if history else []),
        "users": [
            {"id": one.slack, "name": one.name, "real_name": one.name.title(), "tz": one.zone, "is_admin": one.admin}
            for one in PEOPLE
        ],
        "channels": [
            {"id": channel, "name": name, "members": everybody + (["U0BOOKROOM"] if within else [])}
            for channel, (name, _, _, _, within) in CHANNELS.items()
        ],
        "commands": [{"command": "/book", "description": "Book a meeting room", "should_escape": True}],
    }


def _rooms() -> str:
    lines = ["name,capacity,location,zone,floor,amenities,setup_minutes,teardown_minutes"]
    for place, (zone, names) in PLACES.items():
        for number, name in enumerate(names.split()):
            lines.append(f"{name},{SEATS[number]},{place},{zone},{1 + number // 4},tv,0,0")
    return "\n".join(lines) + "\n"


@dataclass(kw_only=True)
class Firm:
    """The firm in the database: people who act, by their name, and rooms by theirs."""

    people: dict[str, Actor]
    rooms: dict[str, Room]
    places: dict[UUID, str]


async def found(db: Database, clock: Clock, begins: float) -> Firm:
    """Put the firm into an empty database."""
    catalogues, people, moment = Catalogues(db), People(db), datetime.fromtimestamp(begins, UTC)
    rooms = Rooms(db, catalogues)
    await rooms.import_rows(parse_csv(_rooms()))
    catalogues.forget()
    catalogue = await catalogues.current()
    for number, room in enumerate(sorted(catalogue.rooms, key=lambda room: room.name)):
        if number % 5 < 2:
            rules = {f"check_in_{name}_minutes": value for name, value in CHECK_IN.items()}
            await rooms.set_policy(room_id=room.id, check_in=True, **rules)  # type: ignore[arg-type]
    await people.team(TEAM, name="Faults and Sons")
    actors = {}
    preferences = PreferencesStore(db, clock)
    for one in PEOPLE:
        profile = Profile(slack_team_id=TEAM, slack_user_id=one.slack, name=one.name, zone=one.zone, admin=one.admin)
        actors[one.name] = (await people.seen(profile)).acting()
        await preferences.set(actors[one.name].person_id, one.preferences(moment))
    firm = Firm(
        people=actors,
        rooms={room.name: room for room in catalogue.rooms},
        places={place.id: place.name for place in catalogue.locations},
    )
    subscriptions = Subscriptions(db, catalogues, clock)
    for channel, (_, scope, kinds, by_day, _) in CHANNELS.items():
        if scope is None:
            continue
        only = firm.rooms.get(scope)
        place = next((place.id for place in catalogue.locations if place.name == scope), None)
        await subscriptions.save(
            None,
            team_id=TEAM,
            channel_id=channel,
            location_id=None if only else place,
            room_id=only.id if only else None,
            kinds=kinds,
            digest_at=_clock(moment, 4, ZONES["to"]) if by_day else None,
            zone=ZONES["to"] if by_day else "UTC",
            by=actors["ana"],
        )
    return firm
