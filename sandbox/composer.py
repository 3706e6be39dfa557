"""What Slack's client makes of typed text before anybody receives it: entities, mentions, links."""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.model import Workspace

_LINK = re.compile(r"https?://[^\s<>|]+[^\s<>|.,;:!?)\]}'\"]|(?<!\S)[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_EVERYBODY = ("here", "channel", "everyone")
_MENTION = re.compile(r"(?<![\w@#.])([@#])([\w.\-]+(?: [\w.\-]+)?)")


def entities(text: str) -> str:
    """The three characters that Slack's markup keeps for itself, written as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def command_text(ws: Workspace, text: str, *, should_escape: bool) -> str:
    """The text of a slash command as the app receives it."""
    if not should_escape:
        return text
    return _marked_up(ws, text, with_names=True)


def message_text(ws: Workspace, text: str) -> str:
    """The text of a message as it is kept."""
    return _marked_up(ws, text, with_names=False)


def _marked_up(ws: Workspace, text: str, *, with_names: bool) -> str:
    parts: list[str] = []
    end = 0
    for found in _LINK.finditer(text):
        parts += [_mentions(ws, text[end : found.start()], with_names=with_names), _link(found.group())]
        end = found.end()
    parts.append(_mentions(ws, text[end:], with_names=with_names))
    return "".join(parts)


def _link(written: str) -> str:
    if "://" in written:
        return f"<{entities(written)}>"
    return f"<mailto:{written}|{written}>"


def _mentions(ws: Workspace, text: str, *, with_names: bool) -> str:
    if "@" not in text and "#" not in text:
        return entities(text)
    people = _people(ws)
    parts: list[str] = []
    end = 0
    for found in _MENTION.finditer(text):
        written = found.group(2)
        resolve: Callable[[str], str | None] = (
            (lambda name: _person(people, name, with_names=with_names))
            if found.group(1) == "@"
            else (lambda name: _channel(ws, name))
        )
        for candidate in _shorter(written):
            marked = resolve(candidate)
            if marked is not None:
                parts += [entities(text[end : found.start()]), marked]
                end = found.start() + 1 + len(candidate)
                break
    parts.append(entities(text[end:]))
    return "".join(parts)


def _shorter(written: str) -> list[str]:
    """What was written, then without its second word, then without punctuation at its end."""
    first = written.split(" ", maxsplit=1)[0]
    candidates = [written, written.rstrip(".-"), first, first.rstrip(".-")]
    return [one for one in dict.fromkeys(candidates) if one]


def _people(ws: Workspace) -> dict[str, tuple[str, str]]:
    """Id and handle by each name that one can type."""
    bot = ws.company.bot
    people = {bot.name.lower(): (bot.user_id, bot.name)}
    for person in ws.people.values():
        if not person.deleted:
            people[person.real_name.lower()] = people[person.name.lower()] = (person.id, person.name)
    return people


def _person(people: dict[str, tuple[str, str]], name: str, *, with_names: bool) -> str | None:
    if name in _EVERYBODY:
        return f"<!{name}>"
    found = people.get(name.lower())
    if found is None:
        return None
    return f"<@{found[0]}|{found[1]}>" if with_names else f"<@{found[0]}>"


def _channel(ws: Workspace, name: str) -> str | None:
    for conversation in ws.conversations.values():
        if conversation.name == name.lower() and not conversation.is_direct:
            return f"<#{conversation.id}|{'' if conversation.is_private else conversation.name}>"
    return None
