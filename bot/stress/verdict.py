"""Whether it held: every yes is stored as it was told, no two bookings share a room and moment, the invariants are empty."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from bot.stress.running import Tally
from bot.stress.told import Told, Violated

SHOWN = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What was found wrong, as sentences; nothing is good news."""

    yes: int
    stored: int
    lost: tuple[str, ...]
    untold: tuple[str, ...]
    overlaps: tuple[str, ...]
    violations: tuple[Violated, ...]
    faults: Mapping[str, int]

    @property
    def holds(self) -> bool:
        """Whether all of it held."""
        return not (self.lost or self.untold or self.overlaps or self.violations or self.faults)


def judged(tally: Tally, stored: Sequence[Told], violations: Sequence[Violated]) -> Verdict:
    """Hold what is stored against what was told."""
    by_id = {one.id: one for one in stored}
    return Verdict(
        yes=tally.yes,
        stored=len(stored),
        lost=tuple(_lost(tally, by_id)),
        untold=tuple(_untold(tally, by_id)),
        overlaps=tuple(overlapping(stored)),
        violations=tuple(violations),
        faults=dict(tally.faults),
    )


def _lost(tally: Tally, stored: Mapping[UUID, Told]) -> Iterator[str]:
    """Say where a yes is not stored as it was told; of what nobody knows the end of, more may have happened."""
    for booking_id, versions in tally.told.items():
        last = versions[max(versions)]
        now = stored.get(booking_id)
        if now is None:
            yield f"booking {booking_id} was told and is not stored"
        elif now != last and not (booking_id in tally.unanswered and now.version > last.version):
            yield f"booking {booking_id} was told at version {last.version} and is stored otherwise, at {now.version}"


def _untold(tally: Tally, stored: Mapping[UUID, Told]) -> Iterator[str]:
    """Say what is stored although nobody was told yes, beyond what attempts without an answer may have left."""
    unanswered = Counter(tally.unanswered)
    extra = [one for one in stored if one not in tally.told]
    for booking_id in extra[unanswered[None] :]:
        yield f"booking {booking_id} is stored and was told to nobody"
    for booking_id, versions in tally.told.items():
        now = stored.get(booking_id)
        if now and now.version - len(versions) > unanswered[booking_id]:
            yield f"booking {booking_id} was changed {now.version - len(versions)} times more often than was told"


def overlapping(stored: Sequence[Told]) -> Iterator[str]:
    """Say which bookings hold one room at one moment; reckoned here, without the database's help."""
    rooms: dict[UUID, list[Told]] = defaultdict(list)
    for one in stored:
        if one.holds:
            rooms[one.room].append(one)
    for room, held in rooms.items():
        held.sort(key=lambda one: (one.slot.start, one.slot.end))
        until = held[0]
        for one in held[1:]:
            if one.slot.start < until.slot.end:
                yield f"room {room} is held by {until.id} and {one.id} at {one.slot.start.isoformat()}"
            until = max(until, one, key=lambda held: held.slot.end)
