"""The modal in which a room is booked: opened, redrawn for another place, sent."""

from __future__ import annotations

from dataclasses import replace

from slack_sdk.models.views import View

from handlers import filled, forms, repeating
from handlers.drafts import Draft
from handlers.filled import Asked, Filled
from handlers.ids import Action
from handlers.inviting import invitee_ids
from handlers.lending import left_for
from handlers.opening import opened
from handlers.previewing import previewed, shown
from handlers.repeating import Repeating
from handlers.replies import Nothing, Place, Show
from handlers.requests import Click, Command, Submission
from handlers.series_drafts import SeriesDraft
from handlers.services import Desk
from handlers.views import repeat_fields
from handlers.views.booking_form import booking_form
from handlers.views.bookings import booked
from handlers.views.fields import Fields
from handlers.wanted import wanting


async def open_booking(
    request: Command | Click, desk: Desk, draft: Draft | None = None, *, repeats: Repeating | None = None
) -> Show | Nothing:
    """Open the form, prefilled with a wish and how often it repeats, else with the next half hour at one's usual place."""
    return await opened(request, desk, _new_form(desk, draft, repeats or Repeating()))


async def clicked_open(click: Click, desk: Desk) -> Show | Nothing:
    """Open the form from a button, which may carry a wish."""
    return await open_booking(click, desk, Draft.load(click.value) if click.value else None)


async def place_chosen(click: Click, desk: Desk) -> Show | Nothing:
    """Draw the form again for another place or another way to repeat, or unfolded; the rest stays as typed."""
    assert click.form is not None
    asked = Asked.load(click.form.private_metadata)
    content = filled.read(click.form, asked.place)
    content = replace(content, wide=content.wide or click.action_id == Action.UNFOLD)
    return Show(view=await form_for(content, desk, repeats=repeating.read(click.form)))


async def sent(submission: Submission, desk: Desk) -> Show:
    """Book what the form holds and show the booking in its place; of what repeats, show first what would come of it."""
    asked = Asked.load(submission.form.private_metadata)
    content = filled.read(submission.form, asked.place)
    draft, repeats = filled.wanted(content, desk.catalogue), repeating.read(submission.form)
    if not repeats.repeats:
        return await book(draft, desk, key=submission.key)
    assert content.day is not None
    whole = SeriesDraft.of(draft, repeats.rule(content.day), desk.catalogue.location(content.place).zone)
    return shown(await previewed(whole, desk), place=Place.ON_TOP, done=False)


async def book(draft: Draft, desk: Desk, *, key: str) -> Show:
    """Book a wish, and show the booking."""
    with wanting(draft):
        wish = draft.wish(await invitee_ids(draft.invitees, desk))
        booking = await desk.services.bookings.book(wish, by=desk.actor, key=key)
    message = booked(booking, desk.reader)
    return Show(view=forms.notice(message.text, message.blocks, final=True), done=message.text)


async def form_for(content: Filled, desk: Desk, *, repeats: Repeating) -> View:
    """Return the form with this content."""
    place = desk.catalogue.location(content.place)
    left = await left_for(content, desk)
    fields = Fields(filled=content, catalogue=desk.catalogue, place=place, reader=desk.reader, left=left)
    first_on = content.day or desk.services.clock.now().astimezone(place.tz).date()
    return booking_form(fields, repeat=repeat_fields.section(repeats, first_on))


async def _new_form(desk: Desk, draft: Draft | None, repeats: Repeating) -> View:
    place = filled.place_of(draft, desk.catalogue, desk.person) if draft else None
    usual = place or filled.usual_place(desk.catalogue, desk.person)
    content = filled.of_draft(draft, usual) if draft else filled.fresh(usual, now=desk.services.clock.now())
    return await form_for(content, desk, repeats=repeats)
