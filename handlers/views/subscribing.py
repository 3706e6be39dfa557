"""The address of a calendar as its owner is shown it, and the buttons that lead there."""

from __future__ import annotations

from urllib.parse import quote, urlencode
from uuid import UUID

from pydantic import Field
from slack_sdk.models.blocks import ActionsBlock, ButtonElement, ConfirmObject, PlainTextObject

from handlers.drafts import Carried
from handlers.ids import Action
from handlers.replies import Message
from handlers.views import buttons
from handlers.views.text import Line, bold, code, cut, grey, rich, spoken
from handlers.views.times import Reader

GOOGLE = "https://calendar.google.com/calendar/r"
OUTLOOK = "https://outlook.office.com/calendar/0/addfromweb"


class CalendarOf(Carried):
    """Whose calendar is asked for: a room's, a place's, or with neither one's own."""

    room: UUID | None = Field(default=None, alias="r")
    place: UUID | None = Field(default=None, alias="p")


class CalendarAt(Carried):
    """A calendar that is to get another address."""

    feed: UUID = Field(alias="f")


def button(reader: Reader, wanted: CalendarOf, *, label: str = "Calendar", aloud: str) -> list[ButtonElement | None]:
    """Return the button that shows a calendar's address; none where nobody has said where people reach us."""
    return [buttons.button(label, Action.CALENDAR, wanted, aloud=aloud)] if reader.subscribes else []


def shown(name: str, address: str, webcal: str, feed_id: UUID, *, renewed: bool = False) -> Message:
    """Return a calendar's address, with ways to subscribe to it and the button that ends it for another."""
    what: Line = [bold(cut(name, 100)), ": the address before is of no use any more. Subscribe to this one:"]
    if not renewed:
        what = [bold(cut(name, 100)), ": subscribe to this address, and your calendar program keeps up with it."]
    lines = (what, [code(address)])
    confirm = ConfirmObject(
        title=PlainTextObject(text="A new address?"),
        text=PlainTextObject(text="The present one is of no use at once: every program that has it stops being kept up."),
        confirm=PlainTextObject(text="New address"),
        deny=PlainTextObject(text="Keep it"),
        style="danger",
    )
    row = [
        _link("Add to Google", f"{GOOGLE}?{urlencode({'cid': webcal}, quote_via=quote)}", 1),
        _link("Add to Outlook", f"{OUTLOOK}?{urlencode({'url': address, 'name': name}, quote_via=quote)}", 2),
        buttons.button("New address", Action.RENEW_CALENDAR, CalendarAt(feed=feed_id), style="danger", confirm=confirm),
    ]
    note = f"Other programs open {webcal} at once. Whoever has the address can read what you may see there."
    elements = [one for one in row if one is not None]
    return Message(text=spoken(*lines), blocks=[rich(*lines), grey(note), ActionsBlock(elements=elements)], replace=renewed)


def _link(label: str, address: str, number: int) -> ButtonElement:
    text = PlainTextObject(text=label, emoji=False)
    return ButtonElement(text=text, action_id=Action.OPEN_PAGE.nth(number), url=address)
