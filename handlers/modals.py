"""The modals as tables: what opens them, what is used inside them, what is sent from them."""

from __future__ import annotations

from typing import Any

from slack_sdk.models.blocks import Option

from handlers import (
    admin,
    booking_modal,
    edit_modal,
    filled,
    inviting_modal,
    modal_refusals,
    notify,
    own_tokens,
    preferring,
    search_modal,
    series,
    series_choosing,
    series_dates,
)
from handlers.booking_modal import open_booking
from handlers.edge import OnClick, OnClosed, OnLookup, OnSubmission
from handlers.filled import Asked, Editing
from handlers.ids import Action, Callback
from handlers.modal_refusals import refuse_form
from handlers.replies import Nothing, Show
from handlers.requests import Click, Lookup
from handlers.search_modal import open_search
from handlers.services import Desk
from handlers.views.fields import MOST_OPTIONS, room_options

__all__ = ["ACTIONS", "CLOSINGS", "LOOKUPS", "SUBMISSIONS", "open_booking", "open_search", "refuse_form"]


async def place_chosen(click: Click, desk: Desk) -> Show | Nothing:
    """Go on with the form in which another place was chosen."""
    match click.form and click.form.callback_id:
        case Callback.BOOK:
            return await booking_modal.place_chosen(click, desk)
        case Callback.EDIT:
            return await edit_modal.place_chosen(click, desk)
        case _:
            return await search_modal.changed(click, desk)


async def rooms_typed(lookup: Lookup, desk: Desk) -> list[dict[str, Any]]:
    """Return the rooms at the form's place that hold what was typed."""
    form = lookup.form
    assert form is not None
    editing = form.callback_id == Callback.EDIT
    held: Asked | Editing = (Editing if editing else Asked).load(form.private_metadata)
    content = filled.read(form, held.place)
    found: list[Option] = room_options(desk.catalogue, content, named=editing, by=desk.actor, typed=lookup.typed)
    return [option.to_dict() for option in found[:MOST_OPTIONS]]


ACTIONS: dict[Action, OnClick] = {
    Action.OPEN_BOOKING: booking_modal.clicked_open,
    Action.OPEN_SEARCH: search_modal.clicked_open,
    Action.EDIT: edit_modal.clicked_edit,
    Action.PLACE: place_chosen,
    Action.ROOM: place_chosen,
    Action.UNFOLD: place_chosen,
    Action.REPEAT: booking_modal.place_chosen,
    Action.ENDS: booking_modal.place_chosen,
    Action.DATE: search_modal.changed,
    Action.TIME: search_modal.changed,
    Action.FOLD: search_modal.changed,
    Action.LENGTH: search_modal.changed,
    Action.PEOPLE: search_modal.changed,
    Action.FLOOR: search_modal.changed,
    Action.AMENITIES: search_modal.changed,
    Action.PAGE_RESULTS: search_modal.turned,
    Action.BOOK_RESULT: search_modal.book_result,
    Action.TAKE_INSTEAD: modal_refusals.take_instead,
    Action.BACK_TO_FORM: modal_refusals.back_to_form,
    Action.INVITE: inviting_modal.clicked,
    Action.OPEN_SETTINGS: preferring.clicked,
    Action.OPEN_NOTIFY: notify.add,
    Action.EDIT_SUBSCRIPTION: notify.edit,
    Action.DROP_SUBSCRIPTION: notify.drop,
    **own_tokens.ACTIONS,
    **admin.ACTIONS,
}

SUBMISSIONS: dict[Callback, OnSubmission] = {
    Callback.BOOK: booking_modal.sent,
    Callback.EDIT: edit_modal.sent,
    Callback.SEARCH: search_modal.sent,
    Callback.INVITE: inviting_modal.sent,
    Callback.SETTINGS: preferring.sent,
    Callback.SUBSCRIBE: notify.sent,
    **own_tokens.SUBMISSIONS,
    **admin.SUBMISSIONS,
    **series.SUBMISSIONS,
    **series_choosing.SUBMISSIONS,
    **series_dates.SUBMISSIONS,
}

LOOKUPS: dict[Action, OnLookup] = {Action.ROOM: rooms_typed, Action.SCOPE: notify.scopes_typed, **admin.LOOKUPS}

# Those that say when they are closed.
CLOSINGS: dict[Callback, OnClosed] = {Callback.SEARCH: search_modal.closed}
