"""The joint plan of rooms: as good as looking at every way, where one can; never two in one room."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from core.models import Slot
from core.rerooming_plan import Choice, Meeting, Placed, assigned, collide, total

MORNING = datetime(2040, 3, 5, 8, 0, tzinfo=UTC)


def span(start: int, length: int) -> Slot:
    begins = MORNING + timedelta(minutes=30 * start)
    return Slot(start=begins, end=begins + timedelta(minutes=30 * length))


def choice(room: int, held: Slot, cost: int = 0, leaves: tuple[int, ...] = ()) -> Choice:
    return Choice(room_id=UUID(int=room), leaves=tuple(UUID(int=n) for n in leaves or (room,)), held=held, cost=cost)


def meeting(number: int, *choices: Choice) -> Meeting:
    return Meeting(id=UUID(int=1000 + number), choices=choices)


def every_way(meetings: list[Meeting]) -> tuple[int, int]:
    """Return the most that can be placed, and the least that this costs, by looking at every way."""
    best = (0, 0)
    for way in itertools.product(*([None, *one.choices] for one in meetings)):
        taken = [one for one in way if one is not None]
        if not any(collide(a, b) for a, b in itertools.combinations(taken, 2)):
            best = max(best, (len(taken), -total(taken)))
    return best[0], -best[1]


def is_sound(meetings: list[Meeting], placed: Placed) -> bool:
    known = {one.id: one for one in meetings}
    mine = all(taken in known[who].choices for who, taken in placed.items())
    return mine and not any(collide(a, b) for a, b in itertools.combinations(placed.values(), 2))


@st.composite
def competitions(draw: st.DrawFn) -> list[Meeting]:
    # Room 9 is 1 and 2 put together.
    parts = {9: (1, 2)}
    made = []
    for number in range(draw(st.integers(1, 6))):
        held = span(draw(st.integers(0, 4)), draw(st.integers(1, 3)))
        rooms = draw(st.lists(st.sampled_from([1, 2, 3, 9]), max_size=3, unique=True))
        made.append(meeting(number, *(choice(r, held, draw(st.integers(0, 9)), parts.get(r, ())) for r in rooms)))
    return made


@settings(max_examples=300, deadline=None)
@given(competitions())
def test_it_is_as_good_as_looking_at_every_way(meetings: list[Meeting]):
    placed = assigned(meetings)

    assert is_sound(meetings, placed)
    assert (len(placed), total(placed.values())) == every_way(meetings)


@settings(max_examples=100, deadline=None)
@given(competitions())
def test_without_time_to_look_it_is_still_sound_and_nearly_as_many(meetings: list[Meeting]):
    placed = assigned(meetings, budget=0)

    assert is_sound(meetings, placed)
    assert len(placed) >= every_way(meetings)[0] - 1


def test_one_makes_way_so_that_another_is_placed_too():
    hour = span(0, 2)
    flexible = meeting(1, choice(1, hour, 0), choice(2, hour, 5))
    bound = meeting(2, choice(1, hour, 0))

    placed = assigned([flexible, bound])

    assert {who: taken.room_id.int for who, taken in placed.items()} == {flexible.id: 2, bound.id: 1}


def test_a_whole_building_is_planned_and_nobody_shares_a_room():
    # 12 rooms, five days, eight meetings an hour: 400 that compete day by day.
    meetings = [
        meeting(
            1000 * day + 10 * hour + number,
            *(choice(room, span(48 * day + 2 * hour, 2), abs(room - number)) for room in range(1, 13)),
        )
        for day in range(5)
        for hour in range(10)
        for number in range(8)
    ]

    placed = assigned(meetings)

    assert len(placed) == 400
    assert is_sound(meetings, placed)
