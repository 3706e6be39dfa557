"""What would come of a series, looked up and put into words, for whoever asks: a sentence, a form, a button."""

from __future__ import annotations

from collections.abc import Sequence

from core.series_values import Preview
from handlers import forms
from handlers.inviting import invitee_ids
from handlers.replies import Message, Place, Show
from handlers.sentence.model import Assumption
from handlers.series_drafts import SeriesDraft
from handlers.services import Desk
from handlers.views.series_preview import preview


async def previewed(draft: SeriesDraft, desk: Desk, *, assumptions: Sequence[Assumption] = ()) -> Message:
    """Return what would come of a series."""
    return preview(await found_for(draft, desk), draft, desk.reader, assumptions=assumptions)


async def found_for(draft: SeriesDraft, desk: Desk) -> Preview:
    """Return what would come of each date of a series."""
    wish = draft.wish(await invitee_ids(draft.invitees, desk))
    return await desk.services.series.preview(wish, by=desk.actor)


def shown(message: Message, *, place: Place = Place.SAME, done: bool = True) -> Show:
    """Return a message as a view, which says what has been done unless it only asks."""
    view = forms.notice(message.text, message.blocks, final=done)
    return Show(view=view, place=place, done=message.text if done else "")
