"""Why a form that was sent could not be had: at the field, as another view with ways out, or on the booking as it is now."""

from __future__ import annotations

from slack_sdk.models.views import View

from core import errors
from core.errors import BookingError
from core.series_values import Scope
from handlers import booking_modal, edit_modal, filled, repeating, wall_time
from handlers.drafts import Draft, Target, UnreadableError
from handlers.edit_modal import which_of
from handlers.filled import Asked, Editing, Filled, Refused
from handlers.ids import BY_CORE_FIELD, Callback, Field
from handlers.refusals import refuse, waitable
from handlers.repeating import Repeating
from handlers.replies import FieldErrors, Message, Show, SubmissionReply
from handlers.requests import Click, Form, Submission
from handlers.services import Desk
from handlers.views import admin, refusals
from handlers.views.booking_form import offers, refused_form
from handlers.views.text import rich
from handlers.wanted import Wanted

# Forms that are not about a room and a time: what is wrong in them stands at the field, if there is one.
OWN_FIELDS = frozenset({Callback.SETTINGS, Callback.SUBSCRIBE, Callback.INVITE, Callback.AWAY})
# What another room or time would mend; everything else is mended in the form, or not at all.
ELSEWHERE = (errors.SlotTaken, errors.NothingFits, errors.LacksAmenities, errors.OutsideOpeningHours)
# What has ways out of its own, none of them in the form.
HELD = (errors.QuotaReached, errors.AnotherRoomThen)


async def refuse_form(error: BookingError, submission: Submission, desk: Desk) -> SubmissionReply | Message:
    """Return the answer to a booking or edit form that cannot be had as it was sent."""
    form = submission.form
    if form.callback_id not in {Callback.BOOK, Callback.EDIT}:
        if form.callback_id == Callback.ADMIN_FORM:
            own = admin.errors_at(form, error.fields)
        else:
            own = _named_fields(error, form) if form.callback_id in OWN_FIELDS else {}
        return FieldErrors(errors=own) if own else await refuse(error, desk)
    match error:
        case errors.StaleBooking(booking=booking):
            return await edit_modal.stale_form(booking, submission, desk)
        case errors.KeyReused():
            return refusals.plain(["This form was sent before; what it said then is done. Open it again for more."])
        case wall_time.TwoSuchTimes():
            return Show(view=await _again(form, desk))
    if isinstance(error, ELSEWHERE + HELD) and not _of_many(form) and (refused := await _elsewhere(error, form, desk)):
        return Show(view=refused)
    at_fields = _at_fields(error, form, desk)
    return FieldErrors(errors=at_fields) if at_fields else await refuse(error, desk)


async def take_instead(click: Click, desk: Desk) -> Show:
    """Move the booking of a refused form to the room and time that were offered, with all else that was changed in it."""
    refused, offer = _refused(click), Draft.load(click.value)
    if refused.editing is None:
        raise UnreadableError("This button or form is out of date. Run the command again.")
    wanted = refused.draft.model_copy(update={"start": offer.start, "end": offer.end, "room": offer.room, "place": None})
    return await edit_modal.saved(refused.editing, wanted, desk, key=click.key)


async def back_to_form(click: Click, desk: Desk) -> Show:
    """Show a refused form again, as it was filled."""
    refused = _refused(click)
    content = filled.of_draft(refused.draft, filled.place_of(refused.draft, desk.catalogue, desk.person))
    if refused.editing is None:
        return Show(view=await booking_modal.form_for(content, desk, repeats=Repeating()))
    booking = await edit_modal.changeable(refused.editing.booking, desk)
    return Show(view=await edit_modal.form_for(booking, refused.editing, content, desk))


def _of_many(form: Form) -> bool:
    """Tell whether the form is about many dates, for which another room or time of one is no way out."""
    if form.callback_id == Callback.EDIT:
        return (which_of(form) or Scope.THIS) is not Scope.THIS
    return repeating.read(form).repeats


def _refused(click: Click) -> Refused:
    return Refused.load(click.form.private_metadata if click.form else None)


def _content(form: Form) -> tuple[Filled, Editing | None]:
    if form.callback_id == Callback.EDIT:
        editing = Editing.load(form.private_metadata)
        return filled.read(form, editing.place), editing
    return filled.read(form, Asked.load(form.private_metadata).place), None


async def _again(form: Form, desk: Desk) -> View:
    content, editing = _content(form)
    if editing is None:
        return await booking_modal.form_for(content, desk, repeats=repeating.read(form))
    return await edit_modal.form_for(await edit_modal.changeable(editing.booking, desk), editing, content, desk)


async def _elsewhere(error: BookingError, form: Form, desk: Desk) -> View | None:
    """Return what stands in the form's place, where there is a way out other than changing the form."""
    content, editing = _content(form)
    draft = filled.wanted(content, desk.catalogue)
    refused = Refused(draft=draft, editing=editing)
    waits_for = await waitable(error, _target(editing) or draft, desk)
    if not error.alternatives and waits_for is None and not isinstance(error, HELD):
        return None
    if isinstance(error, HELD):
        error.wanted = Wanted(what=_target(editing) or draft)
        return refused_form(refused, (await refuse(error, desk)).blocks)
    if editing is None:
        error.wanted = Wanted(what=draft)
        return refused_form(refused, (await refuse(error, desk)).blocks)
    place = desk.catalogue.location(content.place)
    why = refusals.taken_line(error, place, desk.reader) if isinstance(error, errors.SlotTaken) else [error.message]
    return refused_form(refused, [rich(why), *offers(error, draft, place, desk.reader, waits_for=waits_for)])


def _target(editing: Editing | None) -> Target | None:
    return Target(booking=editing.booking, version=editing.version) if editing else None


def _at_fields(error: BookingError, form: Form, desk: Desk) -> dict[str, str]:
    """Return the error's sentences by block id, as far as the form has the fields."""
    blocks = filled.input_blocks(form)
    found: dict[str, str] = {}
    for name, text in error.fields.items():
        field = BY_CORE_FIELD.get(name)
        if field is Field.TIME and _about_the_date(error, form, desk):
            field = Field.DATE
        if field is not None and field in blocks:
            found.setdefault(blocks[field], text)
    return found


def _named_fields(error: BookingError, form: Form) -> dict[str, str]:
    """Return the error's sentences by block id, for a form in which a field is only what it is called."""
    blocks = filled.input_blocks(form)
    at = {BY_CORE_FIELD[name]: text for name, text in error.fields.items() if name in BY_CORE_FIELD}
    return {blocks[field]: text for field, text in at.items() if field in blocks}


def _about_the_date(error: BookingError, form: Form, desk: Desk) -> bool:
    if isinstance(error, errors.TooFarAhead):
        return True
    if not isinstance(error, errors.StartInPast):
        return False
    content, _ = _content(form)
    today = desk.services.clock.now().astimezone(desk.catalogue.location(content.place).tz).date()
    return content.day is not None and content.day < today
