"""Who may do what with a room: pure functions of the catalogue. Giving and taking rights is `granting`'s."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from core import errors
from core.catalogue import Catalogue
from core.models import Actor, Right, Room
from core.regulations import Grant
from core.saying import listed


@dataclass(frozen=True, kw_only=True, slots=True)
class Holders:
    """Who has a right, by ids: people by themselves, and everybody in the groups."""

    people: frozenset[UUID] = frozenset()
    groups: frozenset[UUID] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.people or self.groups)

    def include(self, actor: Actor) -> bool:
        """Tell whether the actor is one of them."""
        return actor.person_id in self.people or not self.groups.isdisjoint(actor.groups)


def may(actor: Actor, right: Right, room: Room, catalogue: Catalogue) -> bool:
    """Tell whether somebody has a right on a room; admins have each, and everybody may book where nobody is named.

    Rights to override, manage and approve add up: given for the room, its location or everywhere.
    """
    if actor.admin:
        return True
    if right in {Right.BOOK, Right.REQUEST}:
        return catalogue.right_to_book(actor, room) is right
    return any(grant.held_by(actor) for grant in _given(right, room, catalogue))


def bookable_by(actor: Actor, room: Room, catalogue: Catalogue) -> Right | None:
    """Return whether somebody books a room (BOOK) or asks for it (REQUEST), None where they may do neither.

    The nearest scope at which anybody may book or ask decides.
    """
    return catalogue.right_to_book(actor, room)


def approvers(room: Room, catalogue: Catalogue) -> Holders:
    """Return who decides on requests for the room; nobody but admins where it is empty."""
    return _holders(Right.APPROVE, room, catalogue)


def managers(room: Room, catalogue: Catalogue) -> Holders:
    """Return who manages the room, beside admins."""
    return _holders(Right.MANAGE, room, catalogue)


def may_not_book(room: Room, catalogue: Catalogue) -> errors.MayNotBook:
    """Return the refusal to book a room without the right to, with who could help."""
    named = sorted({grant.holder for grant in _given(Right.MANAGE, room, catalogue) if grant.holder})
    manage = "manages" if len(named) == 1 else "manage"
    helped = f"{listed(named)} {manage} it" if named else "ask an admin"
    return errors.MayNotBook(f"You cannot book {room.name}; {helped}.")


def _given(right: Right, room: Room, catalogue: Catalogue) -> Iterator[Grant]:
    return (grant for given in catalogue.grants(room) for grant in given if grant.right is right)


def _holders(right: Right, room: Room, catalogue: Catalogue) -> Holders:
    given = list(_given(right, room, catalogue))
    return Holders(
        people=frozenset(grant.person_id for grant in given if grant.person_id),
        groups=frozenset(grant.group_id for grant in given if grant.group_id),
    )
