"""Who may do what with a room: pure functions of the catalogue."""

from __future__ import annotations

from core.catalogue import Catalogue
from core.models import Actor, Right, Room


def may(actor: Actor, right: Right, room: Room, catalogue: Catalogue) -> bool:
    """Tell whether somebody has a right on a room; admins have each, and everybody may book where nobody is named."""
    return actor.admin or right is Right.BOOK


def bookable_by(actor: Actor, room: Room, catalogue: Catalogue) -> Right | None:
    """Return whether somebody books a room or asks for it, None where they may do neither."""
    return Right.BOOK
