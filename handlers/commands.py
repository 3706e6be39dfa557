"""What may follow the slash command: a word that says what to do, or a sentence that says what to book."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from rapidfuzz.distance import OSA
from structlog.contextvars import bind_contextvars

from handlers import admin, cancelling, guide, leaving, mine, moving, notify, preferring, rooms, series_dates, stats
from handlers.booking import book_reading, book_sentence
from handlers.booking_modal import open_booking
from handlers.replies import ClickReply, CommandReply, Show
from handlers.requests import Click, Command
from handlers.search_modal import open_search
from handlers.sentence.model import Fragment, Reading
from handlers.services import Desk
from handlers.understanding import LONGEST, as_typed, understood, understood_part
from handlers.views import questions

Handler = Callable[[Command | Click, str, Desk], Awaitable[ClickReply]]

# The names that are used instead of ours by people who know other programs.
ALSO = {
    "preferences": "settings",
    "subscribe": "notify",
    "setup": "admin",
    "administration": "admin",
    "search": "find",
    "list": "mine",
    "statistics": "stats",
    "figures": "stats",
    "my": "mine",
    "reschedule": "move",
    "?": "help",
}

# Words near them begin many a meeting's title: "status", "state".
_NEVER_GUESSED = frozenset({"stats", "away"})


async def typed(command: Command, desk: Desk) -> CommandReply:
    """Answer the slash command."""
    reply = await run(command, as_typed(command.text), desk)
    assert not isinstance(reply, Show)  # only a click inside a view is answered by one
    return reply


async def run_button(click: Click, desk: Desk) -> ClickReply:
    """Answer a button that stands for a command."""
    return await run(click, click.value or "", desk)


async def run(request: Command | Click, text: str, desk: Desk) -> ClickReply:
    """Do what a text after the command's name says."""
    first, rest = _split(text, desk.command)
    name = ALSO.get(first.casefold(), first.casefold())
    handler = _COMMANDS.get(name)
    # In the log as well: one of ours, and never what somebody has typed.
    bind_contextvars(command=(name or "form") if handler else "sentence")
    if handler:
        return await handler(request, rest, desk)
    return await _sentence_or_slip(request, f"{first} {rest}".strip(), desk)


def _split(text: str, command: str) -> tuple[str, str]:
    """Return the first word and the rest; a slash before it, or the command's own name again, is a slip."""
    words = text.split(maxsplit=1)
    if words and words[0].startswith("/"):
        text = text.strip()[1:]
        words = text.split(maxsplit=1)
    if words and words[0].casefold() == command.lstrip("/"):
        words = words[1].split(maxsplit=1) if len(words) > 1 else []
    return (words[0] if words else ""), (words[1].strip() if len(words) > 1 else "")


async def _sentence_or_slip(request: Command | Click, sentence: str, desk: Desk) -> ClickReply:
    """Book a sentence without "room"; where its first word is nearly a command, ask which of the two is meant."""
    first, _, rest = sentence.partition(" ")
    nearest = _nearest(first, desk)
    if nearest == "room":
        return await _room(request, rest, desk)
    if not desk.catalogue.bookable:
        return await guide.no_rooms(desk)
    reading = understood(sentence, desk)
    if nearest is None:
        return await book_reading(request, reading, sentence, desk)
    meant = f"{nearest} {rest}".strip()[:LONGEST]
    as_booking = sentence if isinstance(reading, Reading) else None
    return questions.nearest_command(first, meant, desk.reader, sentence=as_booking)


def _nearest(word: str, desk: Desk) -> str | None:
    """Return the command that a word is one or two slips away from, unless it belongs to a room or place."""
    folded = word.casefold()
    distance, name = min((OSA.distance(folded, name), name) for name in _COMMANDS if name and name not in _NEVER_GUESSED)
    # A command's own name that is followed by a sentence is a word of that.
    if not distance or len(folded) < 3 or distance > (1 if len(name) < 6 else 2):
        return None
    names = [room.name for room in desk.catalogue.bookable] + [place.name for place in desk.catalogue.locations]
    return None if any(folded in known.casefold().split() for known in names) else name


async def _room(request: Command | Click, rest: str, desk: Desk) -> ClickReply:
    if not rest:
        return await _form(request, rest, desk)
    if rest.casefold() in {"help", "?"}:
        return await guide.shown(request, "", desk)
    return await book_sentence(request, rest, desk)


async def _form(request: Command | Click, rest: str, desk: Desk) -> ClickReply:
    if not desk.catalogue.bookable:
        # Whoever can set rooms up is led to it; the others are told whom to ask.
        if desk.person.admin:
            return await admin.typed(request, rest, desk)
        return await guide.no_rooms(desk)
    if not desk.may_book:
        return questions.not_for_guests()
    return await open_booking(request, desk)


async def _find(request: Command | Click, rest: str, desk: Desk) -> ClickReply:
    if not desk.catalogue.bookable:
        return await guide.no_rooms(desk)
    if not desk.may_book:
        return questions.not_for_guests()
    part = understood_part(rest, desk) if rest else None
    # What cannot be read of a search is left open: the form shows what was understood, and the rest is picked there.
    return await open_search(request, desk, fragment=part if isinstance(part, Fragment) else None)


async def _settings(request: Command | Click, rest: str, desk: Desk) -> ClickReply:
    # "settings review tomorrow 2pm" is a meeting.
    if rest:
        return await _sentence_or_slip(request, f"settings {rest}", desk)
    return await preferring.typed(request, rest, desk)


async def _admin(request: Command | Click, rest: str, desk: Desk) -> ClickReply:
    # "admin meeting tomorrow 2pm" is a meeting.
    if rest:
        return await _sentence_or_slip(request, f"admin {rest}", desk)
    return await admin.typed(request, rest, desk)


async def _away(request: Command | Click, rest: str, desk: Desk) -> ClickReply:
    # "away day planning tomorrow 2pm" is a meeting.
    away = leaving.understood(rest, desk)
    if away and away.stretches and not away.words and not away.clock and (asked := await leaving.asked(away, desk)):
        return asked
    return await _sentence_or_slip(request, f"away {rest}".strip(), desk)


async def _series(request: Command | Click, rest: str, desk: Desk) -> ClickReply:
    # "series of talks tomorrow 2pm" is a meeting.
    if rest:
        return await _sentence_or_slip(request, f"series {rest}", desk)
    return await series_dates.listed(request, rest, desk)


async def _stats(request: Command | Click, rest: str, desk: Desk) -> ClickReply:
    # "stats review tomorrow 2pm" is a meeting.
    if stats.asked_for(rest, desk) is None and isinstance(understood(f"stats {rest}", desk), Reading):
        return await _sentence_or_slip(request, f"stats {rest}", desk)
    return await stats.typed(request, rest, desk)


_COMMANDS: dict[str, Handler] = {
    "": _form,
    "room": _room,
    "find": _find,
    "mine": mine.shown,
    "move": moving.typed,
    "cancel": cancelling.typed,
    "away": _away,
    "series": _series,
    "rooms": rooms.shown,
    "settings": _settings,
    "notify": notify.typed,
    "stats": _stats,
    "admin": _admin,
    "help": guide.shown,
}
