"""What a rule would have made of a booking that was made: pure, in whole minutes, quick enough for a hundred thousand.

The same answers as `rules` gives (a test compares them), without a date or an error for each booking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from core.models import Policy
from core.saying import length, minute_of_day, weekday

_DAY = 24 * 60
_EPOCH = date(1970, 1, 1)


class Made(NamedTuple):
    """A booking that was made, in one of its rooms; all times in minutes.

    `starts` and `ends` are on the place's clock since 1970, as is `booked`; `at` is the start in UTC. `minutes` is how long
    it is, `ahead` how long before its start it was booked. `first` is false for the further rooms of one booking.
    """

    id: UUID
    room_id: UUID
    person_id: UUID
    at: int
    starts: int
    ends: int
    minutes: int
    ahead: int
    booked: int
    first: bool

    @property
    def day(self) -> date:
        """The local day on which it begins."""
        return _EPOCH + timedelta(days=self.starts // _DAY)


# Whether a booking breaks a rule: of the booking, and whether its booker is a guest or an admin.
Judge = Callable[[Made, bool, bool], bool]


def judges(old: Policy, new: Policy, closed_on: Callable[[date], str | None]) -> dict[str, Judge]:
    """Return, by name, the rules that are different in a new policy and can refuse a booking, with what they refuse.

    `closed_on` returns the holiday for which the room would be closed on a day.
    """
    different = {one.name for one in fields(Policy) if getattr(old, one.name) != getattr(new, one.name)}
    every: dict[str, Judge] = {
        "shortest_minutes": lambda made, _g, _a: made.minutes < new.shortest_minutes,
        "longest_minutes": lambda made, _g, _a: made.minutes > new.longest_minutes,
        "horizon_days": lambda made, _g, _a: made.starts // _DAY - made.booked // _DAY > new.horizon_days,
        "notice_minutes": lambda made, _g, _a: made.ahead < new.notice_minutes,
        "opening": lambda made, _g, _a: _outside(made, new),
        "guests_may_book": lambda _made, guest, _a: guest and not new.guests_may_book,
    }
    if new.cutoff_from is not None:
        cutoff = new.cutoff_from.hour * 60 + new.cutoff_from.minute
        every["cutoff_from"] = lambda made, _g, admin: not admin and made.booked % _DAY >= cutoff
    if different & {"holidays_country", "holidays_closed"}:
        known: dict[int, bool] = {}

        def on_holiday(made: Made, _guest: bool, _admin: bool) -> bool:  # noqa: FBT001 - as every judge
            for day in range(made.starts // _DAY, (made.ends - 1) // _DAY + 1):
                if day not in known:
                    known[day] = closed_on(_EPOCH + timedelta(days=day)) is not None
                if known[day]:
                    return True
            return False

        every["holidays_country"] = on_holiday
        different.add("holidays_country")
    return {name: judge for name, judge in every.items() if name in different}


def _outside(made: Made, policy: Policy) -> bool:
    first, last = made.starts // _DAY, made.ends // _DAY
    for day in range(first, last + 1):
        begins = made.starts % _DAY if day == first else 0
        ends = made.ends % _DAY if day == last else _DAY
        hours = policy.opening[(day + 3) % 7]  # 1970 began on a Thursday
        if ends > begins and (hours.opens >= hours.closes or begins < hours.opens or ends > hours.closes):
            return True
    return False


def at_once(all_of_them: list[Made]) -> Iterator[Made]:
    """Give out the bookings whose bookers held another room at the time, booked before."""
    by_person: dict[UUID, list[Made]] = {}
    for made in all_of_them:
        if made.first:
            by_person.setdefault(made.person_id, []).append(made)
    for mine in by_person.values():
        yield from _later_of(mine, apart=0)


def too_close(all_of_them: list[Made], apart: Mapping[UUID, int]) -> Iterator[Made]:
    """Give out the bookings that begin or end nearer to an earlier made one in their room than so many minutes."""
    by_room: dict[UUID, list[Made]] = {}
    for made in all_of_them:
        if made.room_id in apart:
            by_room.setdefault(made.room_id, []).append(made)
    for room_id, there in by_room.items():
        yield from _later_of(there, apart=apart[room_id])


def _later_of(some: list[Made], *, apart: int) -> Iterator[Made]:
    """Give out of each two that meet, or lie nearer than `apart`, the one that was booked later; each once."""
    found = set()
    some.sort(key=lambda made: made.at)
    for index, made in enumerate(some):
        for other in some[index + 1 :]:
            if other.at >= made.at + made.minutes + apart:
                break
            later = made if made.at - made.ahead > other.at - other.ahead else other
            if later.id not in found:
                found.add(later.id)
                yield later


def why(rule: str, made: Made) -> str:
    """Return what about a booking a rule refuses: "booked 20 minutes ahead", for the end of a line."""
    match rule:
        case "shortest_minutes" | "longest_minutes":
            return f"{length(made.minutes)} long"
        case "horizon_days":
            return f"booked {made.starts // _DAY - made.booked // _DAY} days ahead"
        case "notice_minutes":
            return f"booked {length(made.ahead)} ahead" if made.ahead else "booked at the last minute"
        case "opening":
            ends = made.ends % _DAY or _DAY
            return f"on a {weekday(made.day)}, {minute_of_day(made.starts % _DAY)}-{minute_of_day(ends)}"
        case "cutoff_from":
            return f"booked at {minute_of_day(made.booked % _DAY)}"
        case _:
            return _WHY[rule]


_WHY = {
    "guests_may_book": "booked by a guest",
    "holidays_country": "on a holiday",
    "one_at_a_time": "its booker held another room then",
    "setup_minutes": "too close to another meeting",
    "quota": "more than the quota",
    "rights": "its booker may not book it",
}
