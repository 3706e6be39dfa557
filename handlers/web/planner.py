"""A day of a location as the board draws it: places in a grid of five minutes, words, and what a place is asked about.

Pure: values in, plain dictionaries out, for the template and as JSON. Escaping is the template's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from core import saying
from core.board import DAY_MINUTES, DayBoard, Entry, RoomBoard, at, without
from core.models import Slot
from handlers.views.times import floor

STEP = timedelta(minutes=5)
CELL = timedelta(minutes=30)
# What is shown of a day on which nothing is open.
USUAL_HOURS = (8, 18)
LENGTHS = (30, 60, 90, 120)
USUAL_LENGTH = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """What is told of a place on the board; with a sentence where it can be booked."""

    title: str
    lines: tuple[str, ...]
    sentence: str | None = None
    lengths: tuple[dict[str, Any], ...] = ()


def drawn(board: DayBoard) -> dict[str, Any]:
    """Return the day as it is drawn: rooms with their cells, each from step `a` to step `b` of five minutes from `start`."""
    shown = _shown(board)
    zone = board.location.tz
    hours = _hours(shown)
    return {
        "id": str(board.location.id),
        "place": board.location.name,
        "zone": board.location.zone,
        "date": board.day.isoformat(),
        "today": board.today.isoformat(),
        "said": _day(board),
        "before": (board.day - timedelta(days=1)).isoformat(),
        "after": (board.day + timedelta(days=1)).isoformat(),
        "start": shown.start.isoformat(),
        "steps": _step(shown, shown.end),
        "hours": [{"step": _step(shown, hour), "said": saying.clock_time(hour, zone)} for hour in hours],
        "rooms": [_room(room, number, shown, board) for number, room in enumerate(board.rooms, 1)],
    }


def now_in(day: dict[str, Any], now: datetime) -> int | None:
    """Return the step of the now-line; None where now is not shown."""
    step = int((now - datetime.fromisoformat(day["start"])) // STEP)
    return step if 0 <= step <= day["steps"] else None


def panel(board: DayBoard, room: RoomBoard, asked: str, minutes: int | None, *, command: str, now: datetime) -> Panel | None:
    """Return what a place is about: a meeting, a time to book with its sentence, or why not; None for no time of the day."""
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", asked)
    if not found:
        return None
    zone = board.location.tz
    moment = Slot(start=at(board.day, int(found[1]) * 60 + int(found[2]), zone), end=board.window.end).start
    where = " · ".join(part for part in (room.room.name, _facts(room)) if part)
    for entry in room.taken:
        if entry.slot.start <= moment < entry.slot.end:
            lines = [_when(entry.slot, board), where]
            lines += ["This is yours."] if entry.mine and not entry.held_until else []
            lines += ["It is not approved yet."] if entry.pending else []
            return Panel(title=_words(entry, board), lines=tuple(lines))
    for shut in room.shut:
        if shut.slot.start <= moment < shut.slot.end:
            return Panel(title=f"{room.room.name} is closed then", lines=(shut.reason or _when(shut.slot, board), where))
    free = next((one for one in room.free if one.start <= moment < one.end), None)
    if free is None:
        return Panel(title=f"{room.room.name} is being made ready then", lines=("Choose another time.", where))
    if moment + CELL <= now:
        return Panel(title="That time is over", lines=("Choose a later one.", where))
    return _free(board, room, max(moment, _from_now(now, free)), free, minutes, command=command, where=where)


# -- parts -------------------------------------------------------------------------------------------------------------


def _free(
    board: DayBoard, room: RoomBoard, start: datetime, free: Slot, minutes: int | None, *, command: str, where: str
) -> Panel:
    name, zone = room.room.name, board.location.tz
    if start >= free.end:
        return Panel(title="That time is over", lines=("Choose a later one.", where))
    if not room.may_book:
        return Panel(title=f"{name} is free then", lines=("It is not for everybody: ask an admin.", where))
    left = int((free.end - start) / timedelta(minutes=1))
    fitting = [one for one in LENGTHS if room.shortest_minutes <= one <= left] or [left]
    wanted = minutes if minutes in fitting else max((one for one in fitting if one <= USUAL_LENGTH), default=fitting[0])
    assert wanted is not None
    slot = Slot(start=start, end=start + timedelta(minutes=wanted))
    ends = "24:00" if slot.end == board.window.end else saying.clock_time(slot.end, zone)
    begins = saying.clock_time(start, zone)
    until = "the end of the day" if free.end == board.window.end else saying.clock_time(free.end, zone)
    asked = {"date": board.day.isoformat(), "room": str(room.room.id), "at": begins}
    lengths = tuple(
        {
            "said": saying.length(one),
            "chosen": one == wanted,
            "address": f"/board/{board.location.id}?{urlencode({**asked, 'minutes': one})}",
        }
        for one in fitting
    )
    return Panel(
        title=f"Book {name}",
        lines=(f"{_when(slot, board)} · free until {until}", where),
        sentence=f"{command} {name} {board.day.isoformat()} {begins}-{ends}",
        lengths=lengths,
    )


def _from_now(now: datetime, free: Slot) -> datetime:
    """Return the earliest start that is not over: of a time under way, the next five minutes."""
    if now <= free.start:
        return free.start
    return free.start + -(-(now - free.start) // STEP) * STEP


def _when(slot: Slot, board: DayBoard) -> str:
    return f"{_day(board)}, {saying.hours(slot, board.location.tz)}"


def _day(board: DayBoard) -> str:
    said = saying.date_in_full(board.day, today=board.today)
    return said[0].upper() + said[1:]


def _shown(board: DayBoard) -> Slot:
    """Return whole hours from the first opening, or the first meeting, to the last."""
    used = [slot for room in board.rooms for slot in _in_use(room, board.window)]
    if not used:
        first, last = USUAL_HOURS
        return Slot(start=_at_hour(board.day, first, board), end=_at_hour(board.day, last, board))
    zone = board.location.tz
    start, end = min(one.start for one in used).astimezone(zone), max(one.end for one in used).astimezone(zone)
    last = 24 if end.date() > board.day else end.hour + (end.minute > 0 or end.second > 0)
    first = 0 if start.date() < board.day else start.hour
    return Slot(start=_at_hour(board.day, first, board), end=_at_hour(board.day, max(last, first + 1), board))


def _in_use(room: RoomBoard, window: Slot) -> Iterator[Slot]:
    yield from without(window, [one.slot for one in room.shut])
    for one in room.taken:
        slot = Slot(start=max(one.slot.start, window.start), end=min(one.slot.end, window.end))
        if slot.start < slot.end:
            yield slot


def _at_hour(day: date, hour: int, board: DayBoard) -> datetime:
    return at(day, min(hour * 60, DAY_MINUTES), board.location.tz)


def _hours(shown: Slot) -> list[datetime]:
    """Return the full hours as they pass: one more or less on the days when clocks change."""
    hours, moment = [], shown.start
    while moment < shown.end:
        hours.append(moment)
        moment += timedelta(hours=1)
    return hours


def _step(shown: Slot, moment: datetime, *, up: bool = False) -> int:
    gone = min(max(moment, shown.start), shown.end) - shown.start
    return -(-gone // STEP) if up else gone // STEP


def _room(room: RoomBoard, number: int, shown: Slot, board: DayBoard) -> dict[str, Any]:
    cells = [*_shut(room, shown, board), *_busy(room, shown, board), *_frees(room, shown, board)]
    return {
        "key": number,
        "id": str(room.room.id),
        "name": room.room.name,
        "facts": _facts(room),
        "cells": sorted((one for one in cells if one["a"] < one["b"]), key=lambda one: (one["a"], one["b"])),
    }


def _facts(room: RoomBoard) -> str:
    seats = f"seats {room.room.capacity}"
    return " · ".join(part for part in (seats, floor(room.room)) if part)


def _shut(room: RoomBoard, shown: Slot, board: DayBoard) -> Iterator[dict[str, Any]]:
    drawn_: list[Slot] = []
    for one in sorted(room.shut, key=lambda shut: not shut.closure):
        for slot in without(one.slot, drawn_):
            said = one.reason if one.closure else ""
            yield _cell("shut", slot, shown, said=said or "", hours=saying.hours(slot, board.location.tz))
        drawn_.append(one.slot)


def _busy(room: RoomBoard, shown: Slot, board: DayBoard) -> list[dict[str, Any]]:
    """Return what holds the room; where its parts are held at the same time, as one."""
    cells: list[dict[str, Any]] = []
    for one in room.taken:
        words, hours = _words(one, board), saying.hours(one.slot, board.location.tz)
        cell = _cell("busy", one.slot, shown, said=words, hours=hours)
        first = max(one.slot.start, shown.start)
        cell |= {
            "at": saying.clock_time(first, board.location.tz),
            "mine": one.mine,
            "pending": one.pending,
            "private": one.private,
            "held": one.held_until is not None,
            "booking": str(one.booking_id) if one.booking_id else None,
        }
        cell["b"] = max(cell["b"], min(cell["a"] + 1, _step(shown, shown.end)))
        if cells and cell["a"] < cells[-1]["b"]:
            before = cells[-1]
            before |= {"b": max(before["b"], cell["b"]), "said": f"{before['said']} · {words}", "hours": hours}
        else:
            cells.append(cell)
    return cells


def _words(entry: Entry, board: DayBoard) -> str:
    if entry.held_until:
        until = saying.clock_time(entry.held_until, board.location.tz)
        return f"Held for {'you' if entry.mine else 'somebody on the waiting list'} until {until}"
    words = ", ".join(part for part in (entry.title, entry.who) if part) or "Private meeting"
    return f"{entry.through.name}: {words}" if entry.through else words


def _frees(room: RoomBoard, shown: Slot, board: DayBoard) -> Iterator[dict[str, Any]]:
    for free in room.free:
        start = shown.start + _step(shown, free.start, up=True) * STEP
        while start < min(free.end, shown.end):
            # Cells begin and end on the half hour, wherever what is free does.
            end = min(shown.start + ((start - shown.start) // CELL + 1) * CELL, free.end)
            yield _cell("free", Slot(start=start, end=end), shown, at=saying.clock_time(start, board.location.tz))
            start = end


def _cell(kind: str, slot: Slot, shown: Slot, **more: object) -> dict[str, Any]:
    up = kind == "busy"
    return {"kind": kind, "a": _step(shown, slot.start), "b": _step(shown, slot.end, up=up), **more}
