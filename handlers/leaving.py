"""`/book cancel` for many bookings: what a sentence gives up is shown, given back by one button, and taken back by one."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Self
from uuid import UUID

from pydantic import Field

from core.leaving import Days, Part, Piece, Undoable, local_day
from core.models import Booking
from core.series_values import OneSeries
from handlers.drafts import OUT_OF_DATE, Carried, UnreadableError
from handlers.edge import OnClick
from handlers.ids import Action
from handlers.picking import words_of
from handlers.replies import Message
from handlers.requests import Click
from handlers.sentence import Away, read_away
from handlers.services import Desk
from handlers.understanding import home_of
from handlers.views import leaving as views

# So many fit into a button; whoever has more cancels them in two steps.
MOST_PIECES = 55
_EPOCH = date(2000, 1, 1)
_FORM = ">c16sHHH"  # what it is, which one, its version, its days counted from the epoch (0: all of it)
_LENGTH = struct.calcsize(_FORM)
_BOOKING, _SERIES, _OPERATION = b"b", b"s", b"o"


class GivenUp(Carried):
    """The pieces that were shown and are to be given back, or that take them back, packed."""

    packed: str = Field(alias="p", max_length=2000)

    @classmethod
    def of(cls, pieces: Iterable[Piece]) -> Self:
        """Return pieces as a button carries them."""
        return cls(packed=_packed(_row(one) for one in pieces))

    @classmethod
    def back(cls, pieces: Iterable[Undoable]) -> Self:
        """Return what takes pieces back as a button carries it."""
        rows = (
            struct.pack(_FORM, _OPERATION, one.operation.bytes, 0, 0, 0)
            if one.operation
            else struct.pack(_FORM, _BOOKING, one.booking.bytes if one.booking else b"", one.version, 0, 0)
            for one in pieces
        )
        return cls(packed=_packed(rows))

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces; raises UnreadableError where they are none of ours."""
        return tuple(_piece(*row) for row in _rows(self.packed))

    @property
    def undoable(self) -> tuple[Undoable, ...]:
        """What takes the pieces back; raises UnreadableError where it is nothing of ours."""
        found = []
        for kind, which, version, _, _ in _rows(self.packed):
            own = UUID(bytes=which)
            found.append(Undoable(operation=own) if kind == _OPERATION else Undoable(booking=own, version=version))
        return tuple(found)


def _row(piece: Piece) -> bytes:
    first, last = (piece.days.first, piece.days.last) if piece.days else (_EPOCH, _EPOCH)
    which = piece.booking or piece.series
    assert which is not None
    kind = _BOOKING if piece.booking else _SERIES
    return struct.pack(_FORM, kind, which.bytes, piece.version, (first - _EPOCH).days, (last - _EPOCH).days)


def _piece(kind: bytes, which: bytes, version: int, first: int, last: int) -> Piece:
    if kind == _BOOKING:
        return Piece(booking=UUID(bytes=which), version=version)
    days = Days(first=_EPOCH + timedelta(days=first), last=_EPOCH + timedelta(days=last)) if first else None
    return Piece(series=UUID(bytes=which), version=version, days=days)


def _packed(rows: Iterable[bytes]) -> str:
    return base64.urlsafe_b64encode(b"".join(rows)).decode()


def _rows(packed: str) -> Sequence[tuple[bytes, bytes, int, int, int]]:
    try:
        raw = base64.b64decode(packed, b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableError(OUT_OF_DATE) from error
    if not raw or len(raw) % _LENGTH or any(raw[n : n + 1] not in b"bso" for n in range(0, len(raw), _LENGTH)):
        raise UnreadableError(OUT_OF_DATE)
    return [struct.unpack_from(_FORM, raw, n) for n in range(0, len(raw), _LENGTH)]


def many(rest: str, desk: Desk) -> Away | None:
    """Return what a sentence gives up, where it means more than one booking."""
    found = understood(rest, desk)
    return found if found and found.many else None


def understood(rest: str, desk: Desk) -> Away | None:
    """Return what a sentence gives up; days are those of the person's usual place."""
    home = home_of(desk)
    return read_away(
        rest,
        now=desk.services.clock.now(),
        zone=home.zone if home else desk.person.zone,
        book=desk.services.books.of(desk.catalogue),
        locale=desk.person.locale,
    )


async def asked(away: Away, desk: Desk) -> Message | None:
    """Return what would be cancelled, with the button that does it; None where words fit none of the bookings there."""
    days = _window(away)
    there = await desk.services.leaving.ahead(by=desk.actor, days=days)
    meant = [one for one in there if _suits(one, away)]
    if away.words and not meant:
        return None
    whole = Days(first=away.whole.first, last=away.whole.last) if away.whole else None
    parts = await desk.services.leaving.parts(
        meant, by=desk.actor, days=whole, coming_too=lambda series: not away.clock and _of_that_name(series, away)
    )
    if not parts:
        return views.nothing(away, desk.reader, others=bool(there))
    shown = parts[:MOST_PIECES]
    return views.which(shown, away, desk.reader, value=_value(shown), left=len(parts) - len(shown))


def _value(parts: Sequence[Part]) -> GivenUp:
    return GivenUp.of(one.piece for one in parts)


def _window(away: Away) -> Days | None:
    if not away.stretches:
        return None
    return Days(first=min(one.first for one in away.stretches), last=max(one.last for one in away.stretches))


def _suits(booking: Booking, away: Away) -> bool:
    day, start = local_day(booking), booking.start.astimezone(booking.location.tz)
    if away.stretches and not any(one.first <= day <= one.last for one in away.stretches):
        return False
    if away.weekdays and day.weekday() not in away.weekdays:
        return False
    if away.clock and (start.hour, start.minute) != (away.clock.hour, away.clock.minute):
        return False
    if away.rooms and not {one.id for one in away.rooms} & {one.id for one in booking.rooms}:
        return False
    if away.places and booking.location.id not in {one.id for one in away.places}:
        return False
    return _said(away.words, f"{booking.title or ''} {booking.room.name} {booking.location.name}")


def _of_that_name(series: OneSeries, away: Away) -> bool:
    if away.rooms and series.room.id not in {one.id for one in away.rooms}:
        return False
    if away.places and series.location.id not in {one.id for one in away.places}:
        return False
    return _said(away.words, f"{series.title or ''} {series.room.name} {series.location.name}")


def _said(wanted: Sequence[str], text: str) -> bool:
    """Tell whether every word is one of the text's, or its plural: "standups" are each a "Standup"."""
    there = words_of(text)
    return all(word in there or word.removesuffix("s") in there for word in wanted)


async def given_back(click: Click, desk: Desk) -> Message:
    """Cancel what was shown; what cannot be any more stays, with the reason."""
    done = await desk.services.leaving.leave(GivenUp.load(click.value).pieces, by=desk.actor, key=click.key)
    return views.given_back(done, desk.reader, undo=GivenUp.back(done.undoable) if done.undoable else None)


async def taken_back(click: Click, desk: Desk) -> Message:
    """Take back what was cancelled together, as far as the rooms are still free."""
    done = await desk.services.leaving.undo(GivenUp.load(click.value).undoable, by=desk.actor, key=click.key)
    return views.taken_back(done, desk.reader)


ACTIONS: Mapping[Action, OnClick] = {Action.LEAVE: given_back, Action.UNDO_LEAVING: taken_back}
