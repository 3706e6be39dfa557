"""What every page of administration is made of: lists with one button each, forms, and the way back. Pure.

One modal is replaced again and again, since Slack stacks three at most. What a page or form is about stands in its
metadata; block ids carry it too, so that what was typed for one thing never stands in the form of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import Field as Named
from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    DividerBlock,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    SectionBlock,
    StaticMultiSelectElement,
    StaticSelectElement,
    UserMultiSelectElement,
)
from slack_sdk.models.blocks.block_elements import InputInteractiveElement
from slack_sdk.models.views import View

from core import saying
from handlers.drafts import OUT_OF_DATE, Carried, UnreadableError
from handlers.ids import Action, Callback
from handlers.requests import Form
from handlers.views import buttons
from handlers.views.text import Line, cut, rich

TITLE_LENGTH = 24
PAGE = 30
MOST_BLOCKS = 100
MOST_OPTIONS = 100
TEXT_LENGTH = 3000


class Where(Carried):
    """A page of administration, and what it is about; `more` is what that page alone understands."""

    section: str = Named(alias="s")
    id: UUID | None = Named(default=None, alias="i")
    version: int | None = Named(default=None, alias="v")
    page: int = Named(default=0, alias="p", ge=0, le=100_000)
    more: str = Named(default="", alias="m")


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One line of a list: what it says, in plain words, and the button beside it."""

    text: str
    button: ButtonElement | None = None


def go(
    label: str, where: Where, *, number: int = 0, style: str | None = None, aloud: str | None = None
) -> ButtonElement | None:
    """Return a button that leads to another page."""
    return buttons.button(label, Action.ADMIN_GO.nth(number), where, style=style, aloud=aloud)


def do(
    label: str,
    where: Where,
    *,
    number: int = 0,
    style: str | None = None,
    ask: tuple[str, str] | None = None,
    aloud: str | None = None,
) -> ButtonElement | None:
    """Return a button that does something; `ask` is a question and what is lost, said before it does."""
    confirm = None
    if ask:
        confirm = ConfirmObject(
            title=PlainTextObject(text=cut(ask[0], 100)),
            text=PlainTextObject(text=cut(ask[1], 300)),
            confirm=PlainTextObject(text=cut(label, 30)),
            deny=PlainTextObject(text="Keep it"),
            style="danger" if style == "danger" else None,
        )
    return buttons.button(label, Action.ADMIN_DO.nth(number), where, style=style, confirm=confirm, aloud=aloud)


def row(*some: ButtonElement | None) -> list[ActionsBlock]:
    """Return buttons side by side, each with an id of its own."""
    shown = [one for one in some if one is not None]
    for number, one in enumerate(shown):
        if one.action_id:
            one.action_id = f"{one.action_id.partition(':')[0]}:{number}"
    return buttons.rows(shown)


def page(
    title: str,
    where: Where,
    blocks: Iterable[Block],
    *,
    back: Where | None = None,
    above: Line = (),
    below: Sequence[ButtonElement | None] = (),
) -> View:
    """Return a page to read and press; `above` says what was just done, `below` are its own buttons beside "Back"."""
    way_back = go("Back", back) if back else None
    body = [*([rich(above), DividerBlock()] if above else []), *blocks]
    foot = row(*below, way_back)
    return View(
        type="modal",
        callback_id=Callback.ADMIN.value,
        title=cut(title, TITLE_LENGTH),
        close="Close",
        private_metadata=where.dump(),
        blocks=[*body[: MOST_BLOCKS - len(foot)], *foot],
    )


def form(
    title: str,
    where: Where,
    inputs: Iterable[Block],
    *,
    submit: str = "Save",
    above: Line = (),
    below: Sequence[ButtonElement | None] = (),
) -> View:
    """Return a form to fill; `below` are buttons that do not send it, such as "Back"."""
    return View(
        type="modal",
        callback_id=Callback.ADMIN_FORM.value,
        title=cut(title, TITLE_LENGTH),
        submit=submit,
        close="Close",
        private_metadata=where.dump(),
        blocks=[*([rich(above)] if above else []), *inputs, *row(*below)],
    )


def listed(items: Sequence[Item], where: Where, *, nothing: str) -> list[Block]:
    """Return one page of a list, with the way to the others."""
    if not items:
        return [_plain(nothing)]
    number = min(where.page, (len(items) - 1) // PAGE)
    shown = items[number * PAGE : (number + 1) * PAGE]
    blocks: list[Block] = [_plain(one.text, one.button) for one in shown]
    if len(items) > PAGE:
        first, last = number * PAGE + 1, number * PAGE + len(shown)
        turn = [
            go("Previous", where.model_copy(update={"page": number - 1})) if number else None,
            go("Next", where.model_copy(update={"page": number + 1})) if last < len(items) else None,
        ]
        blocks += [_plain(f"{first}-{last} of {len(items)}"), *row(*turn)]
    return blocks


def _plain(text: str, accessory: ButtonElement | None = None) -> SectionBlock:
    return SectionBlock(text=PlainTextObject(text=cut(text, TEXT_LENGTH), emoji=False), accessory=accessory)


def words(text: str) -> Block:
    """Return a paragraph that shows every character as it is."""
    return _plain(text)


# -- fields ------------------------------------------------------------------------------------------------------------


def field(
    name: str,
    label: str,
    element: InputInteractiveElement,
    where: Where,
    *,
    hint: str | None = None,
    optional: bool = False,
) -> InputBlock:
    """Return an input whose block id begins with its name."""
    return InputBlock(
        block_id=f"{name}.{_edition(where)}",
        label=cut(label, 2000),
        element=element,
        hint=cut(hint, 2000) if hint else None,
        optional=optional or None,
    )


def _edition(where: Where) -> str:
    about = f"{where.section}{where.id.hex[-8:] if where.id else ''}{where.version or ''}{where.more}"
    return "".join(letter for letter in about if letter.isalnum())[:100] or "new"


def text(
    name: str,
    label: str,
    value: str | None,
    where: Where,
    *,
    hint: str | None = None,
    optional: bool = False,
    longest: int = 200,
    lines: bool = False,
    placeholder: str | None = None,
) -> InputBlock:
    """Return a field for words."""
    element = PlainTextInputElement(
        action_id=name,
        initial_value=cut(value, longest) if value else None,
        multiline=lines or None,
        max_length=longest,
        placeholder=PlainTextObject(text=cut(placeholder, 150)) if placeholder else None,
    )
    return field(name, label, element, where, hint=hint, optional=optional)


def choice(
    name: str,
    label: str,
    options: Sequence[tuple[str, str]],
    chosen: str | None,
    where: Where,
    *,
    hint: str | None = None,
    optional: bool = False,
) -> InputBlock:
    """Return a select of (value, label); where nothing is chosen, the first."""
    made = [option(label_, value) for value, label_ in options[:MOST_OPTIONS]]
    known = next((one for one in made if one.value == chosen), None if optional else made[0])
    element = StaticSelectElement(action_id=name, options=made, initial_option=known)
    return field(name, label, element, where, hint=hint, optional=optional)


def choices(
    name: str,
    label: str,
    options: Sequence[tuple[str, str]],
    chosen: Iterable[str],
    where: Where,
    *,
    hint: str | None = None,
) -> InputBlock | None:
    """Return a select of any number of (value, label); None where there is nothing to choose from."""
    ticked = set(chosen)
    # What is chosen is always among what is shown, so that nothing is lost by saving.
    ordered = sorted(options, key=lambda one: one[0] not in ticked)[:MOST_OPTIONS]
    made = [option(label_, value) for value, label_ in ordered]
    if not made:
        return None
    initial = [one for one in made if one.value in ticked]
    element = StaticMultiSelectElement(action_id=name, options=made, initial_options=initial or None)
    return field(name, label, element, where, hint=hint, optional=True)


def users(
    name: str, label: str, chosen: Sequence[str], where: Where, *, hint: str | None = None, most: int | None = None
) -> InputBlock:
    """Return a field for people of Slack."""
    element = UserMultiSelectElement(action_id=name, initial_users=list(chosen) or None, max_selected_items=most)
    return field(name, label, element, where, hint=hint, optional=True)


def option(label: str, value: str) -> Option:
    """Return one thing to choose."""
    return Option(value=value, text=PlainTextObject(text=cut(label, 75), emoji=False))


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """What stands in a form that was sent, by field name; raises UnreadableError for what is not ours."""

    form: Form

    def _block(self, name: str) -> str:
        return next((one for one in self.form.values if one.partition(".")[0] == name), "")

    def text(self, name: str) -> str:
        """Return what was typed; nothing typed is empty."""
        return self.form.text(self._block(name)) or ""

    def number(self, name: str, *, empty: int | None = None) -> int:
        """Return a whole number; -1, which no field takes, for what is none."""
        typed = self.text(name).strip()
        if not typed and empty is not None:
            return empty
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else -1

    def option(self, name: str) -> str | None:
        """Return what was chosen."""
        return self.form.option(self._block(name))

    def options(self, name: str) -> tuple[str, ...]:
        """Return all that was chosen."""
        return self.form.options(self._block(name))

    def files(self, name: str) -> tuple[str, ...]:
        """Return the ids of the files that were given."""
        return self.form.files(self._block(name))

    def users(self, name: str) -> tuple[str, ...]:
        """Return the Slack ids of who was chosen."""
        return self.form.users(self._block(name))

    def has(self, name: str) -> bool:
        """Tell whether the form has such a field."""
        return bool(self._block(name))


def errors_at(form: Form, fields: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong by block id, as far as it is about fields that the form has."""
    blocks = {
        str(block.get("block_id")).partition(".")[0]: str(block["block_id"])
        for block in form.blocks
        if block.get("type") == "input"
    }
    return {blocks[name]: said for name, said in fields.items() if name in blocks}


def id_from(value: str | None) -> UUID:
    """Return an id that a select carried; raises UnreadableError."""
    try:
        return UUID(value or "")
    except ValueError as error:
        raise UnreadableError(OUT_OF_DATE) from error


def span(start: datetime, end: datetime, zone: Any, *, now: datetime) -> str:  # noqa: ANN401 - a zone, or UTC
    """Return "all of Wed 25 Nov", "Wed 25 Nov to Fri 27 Nov" for whole days, else both moments."""
    first, last, today = start.astimezone(zone), end.astimezone(zone), now.astimezone(zone).date()
    if (first.hour, first.minute, last.hour, last.minute) != (0, 0, 0, 0):
        if first.date() == last.date():
            return f"{stamp(start, zone, now=now)}-{last:%H:%M}"
        return f"{stamp(start, zone, now=now)} to {stamp(end, zone, now=now)}"
    whole = [saying.short_date(day, today=today) for day in (first.date(), last.date() - timedelta(days=1))]
    return f"all of {whole[0]}" if whole[0] == whole[1] else f"{whole[0]} to {whole[1]}"


def stamp(moment: datetime, zone: Any, *, now: datetime) -> str:  # noqa: ANN401 - a zone, or UTC
    """Return "Wed 25 Nov, 14:00"."""
    there, today = moment.astimezone(zone), now.astimezone(zone).date()
    return f"{saying.short_date(there.date(), today=today)}, {there:%H:%M}"
