"""The modal in which a booking is changed: opened on what it is now, redrawn, saved, and brought up to date when stale."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from core import bookkeeping
from core.errors import NotActive
from core.models import KEEP, Booking, Change
from core.series_values import Scope
from handlers import filled, forms, series_editing
from handlers.differences import Part, differing, merge, told
from handlers.drafts import Draft, Target
from handlers.filled import Editing, Filled
from handlers.ids import Action, Field
from handlers.inviting import known_or_new
from handlers.lending import left_for
from handlers.opening import opened
from handlers.replies import Nothing, Show
from handlers.requests import Click, Form, Submission
from handlers.services import Desk
from handlers.views import repeat_fields
from handlers.views.booking_form import edit_form
from handlers.views.bookings import changed
from handlers.views.fields import Fields
from handlers.views.refusals import stale_line
from handlers.views.text import Line, rich
from handlers.wanted import wanting


async def clicked_edit(click: Click, desk: Desk) -> Show | Nothing:
    """Open the form on the booking as it is now, whatever version the button was made for."""
    return await opened(click, desk, _form(Target.load(click.value).booking, desk))


async def place_chosen(click: Click, desk: Desk) -> Show | Nothing:
    """Draw the form again for another place, its rooms, its clock; or unfolded."""
    assert click.form is not None
    editing = Editing.load(click.form.private_metadata)
    booking = await changeable(editing.booking, desk)
    content = filled.read(click.form, editing.place)
    content = replace(content, wide=content.wide or click.action_id == Action.UNFOLD)
    return Show(view=await form_for(booking, editing, content, desk))


async def sent(submission: Submission, desk: Desk) -> Show:
    """Save what differs from what the form showed, and show the change in its place."""
    editing = Editing.load(submission.form.private_metadata)
    draft = filled.wanted(filled.read(submission.form, editing.place), desk.catalogue)
    if (scope := which_of(submission.form)) in {Scope.FOLLOWING, Scope.ALL}:
        booking = await changeable(editing.booking, desk)
        return await series_editing.saved(booking, editing, draft, scope, desk, key=submission.key)
    return await saved(editing, draft, desk, key=submission.key)


def which_of(form: Form) -> Scope | None:
    """Return how much of its series a form is to change, None where it does not ask."""
    chosen = form.option(Field.WHICH)
    return Scope(chosen) if chosen in set(Scope) else None


async def saved(editing: Editing, draft: Draft, desk: Desk, *, key: str) -> Show:
    """Change the booking to what was typed, as far as it differs from what was shown."""
    with wanting(Target(booking=editing.booking, version=editing.version)):
        change = await _change(editing, draft, desk)
        done = await desk.services.bookings.change(editing.booking, change, version=editing.version, by=desk.actor, key=key)
    message = changed(done, desk.reader)
    return Show(view=forms.notice(message.text, message.blocks, final=True), done=message.text)


async def stale_form(booking: Booking, submission: Submission, desk: Desk) -> Show:
    """Return the form on the booking as it is now, with what was typed where nobody else changed the same."""
    editing = Editing.load(submission.form.private_metadata)
    typed = filled.wanted(filled.read(submission.form, editing.place), desk.catalogue)
    merged = merge(editing.shown, typed, filled.draft_of(booking))
    lines: list[Line] = [stale_line(booking, await desk.services.bookings.last_change(booking.id), desk.reader)]
    if merged.kept:
        yours = told(merged.kept, merged.draft, desk.catalogue)
        lines.append([f"Your change ({yours}) is not saved yet: Save puts it on the booking as it is now."])
    if merged.dropped:
        yours = told(merged.dropped, typed, desk.catalogue)
        lines.append([f"You both changed the same: yours ({yours}) is not saved, below is what holds now."])
    place = desk.catalogue.place_of(desk.catalogue.room(merged.draft.room or booking.room.id))
    content = filled.of_draft(merged.draft, place)
    # New ids, so that Slack forgets what was typed: the form shows the booking as it is, with what is kept.
    editing, banner = await _editing(booking, desk), list[Block]([rich(*lines)])
    return Show(view=await form_for(booking, editing, content, desk, banner=banner, fresh=True))


async def form_for(
    booking: Booking,
    editing: Editing,
    content: Filled,
    desk: Desk,
    *,
    banner: list[Block] | None = None,
    fresh: bool = False,
) -> View:
    """Return the form on a booking with this content."""
    place = desk.catalogue.location(content.place)
    edition = f"v{editing.version}" if fresh else ""
    left = await left_for(content, desk, but=booking.id)
    fields = Fields(filled=content, catalogue=desk.catalogue, place=place, reader=desk.reader, edition=edition, left=left)
    return edit_form(fields, booking=booking, editing=editing, which=_which(booking, desk), banner=banner or ())


def _which(booking: Booking, desk: Desk) -> list[Block]:
    """Return the question how much of its series is meant, for a date of one."""
    if booking.series_id is None:
        return []
    zone = booking.location.tz
    today = desk.services.clock.now().astimezone(zone).date()
    return [repeat_fields.which(booking.start.astimezone(zone).date(), today=today)]


async def _editing(booking: Booking, desk: Desk) -> Editing:
    found = await desk.services.series.get(booking.series_id) if booking.series_id else None
    return Editing(
        booking=booking.id,
        version=booking.version,
        place=booking.location.id,
        shown=filled.draft_of(booking),
        series_version=found.version if found else None,
    )


async def changeable(booking_id: UUID, desk: Desk) -> Booking:
    """Return a booking that the person may change; raises NotAllowed, or NotActive for one that is over."""
    booking = await desk.services.bookings.get(booking_id)
    bookkeeping.allow(booking, desk.actor, desk.catalogue)
    if not booking.holds_room or booking.end <= desk.services.clock.now():
        raise NotActive("This booking is over.", booking=booking)
    return booking


async def _form(booking_id: UUID, desk: Desk) -> View:
    booking = await changeable(booking_id, desk)
    content = filled.of_draft(filled.draft_of(booking), booking.location)
    return await form_for(booking, await _editing(booking, desk), content, desk)


async def _change(editing: Editing, draft: Draft, desk: Desk) -> Change:
    parts = differing(editing.shown, draft)
    room = draft.room if Part.ROOM in parts else None
    return Change(
        slot=draft.slot if Part.TIME in parts else KEEP,
        room_id=room or KEEP,
        # The form's first field is the first room; the further ones have a field of their own.
        instead_of=(room and editing.shown.room) or KEEP,
        title=draft.title if Part.TITLE in parts else KEEP,
        attendees_count=draft.people if Part.PEOPLE in parts else KEEP,
        private=draft.private if Part.PRIVATE in parts else KEEP,
        shared=draft.shared if Part.SHARED in parts else KEEP,
        more_room_ids=draft.more_rooms if Part.MORE_ROOMS in parts else KEEP,
        equipment=draft.things if Part.THINGS in parts else KEEP,
        invitees=await _invitees(editing, draft, desk) if Part.INVITEES in parts else KEEP,
    )


async def _invitees(editing: Editing, draft: Draft, desk: Desk) -> tuple[UUID, ...]:
    booking = await changeable(editing.booking, desk)
    return await known_or_new(booking, draft.invitees, desk)
