"""The office's admin: what sets rules, rights, groups, closures, quotas and holidays, and who is in which group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.audit import Audit
from core.closures import Closures
from core.granting import Granting
from core.groups import Groups
from core.holidays import Holidays
from core.models import Actor, Wish
from core.quotas import Quotas
from core.regulations import Group
from core.rehearsal import Rehearsal
from core.rooms import Rooms
from tests.core.office import Office


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """The services of whoever lays down the rules."""

    office: Office
    rooms: Rooms
    granting: Granting
    groups: Groups
    closures: Closures
    holidays: Holidays
    quotas: Quotas
    audit: Audit
    rehearsal: Rehearsal

    @classmethod
    def of(cls, office: Office) -> Ruling:
        db, catalogues = office.db, office.catalogues
        return cls(
            office=office,
            rooms=Rooms(db, catalogues),
            granting=Granting(db, catalogues),
            groups=Groups(db, catalogues),
            closures=Closures(db, catalogues, office.clock),
            holidays=Holidays(db, catalogues),
            quotas=Quotas(db, catalogues),
            audit=Audit(db, catalogues),
            rehearsal=Rehearsal(db, catalogues, office.clock),
        )

    async def group(self, name: str, *people: Actor) -> Group:
        """Make a group of these people."""
        return await self.groups.create(name, people=[person.person_id for person in people], by=self.office.boss)

    async def anew(self, actor: Actor) -> Actor:
        """Return somebody as they are now, with the groups that they are in."""
        return (await self.office.people.get(actor.person_id)).acting()

    async def refusal(self, wish: Wish, *, by: Actor) -> tuple[str, str]:
        """Return the code and the sentence with which a booking is refused."""
        from core.errors import BookingError

        try:
            made: Any = await self.office.bookings.book(wish, by=by)
        except BookingError as error:
            return error.code, error.message
        raise AssertionError(f"nobody refused {made}")
