"""What a channel hears of: the list of its subscriptions, and the form in which one is made or changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from uuid import UUID

from slack_sdk.models.blocks import (
    Block,
    ButtonElement,
    CheckboxesElement,
    ConfirmObject,
    DividerBlock,
    ExternalDataSelectElement,
    InputBlock,
    Option,
    OptionGroup,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.blocks.block_elements import InputInteractiveElement
from slack_sdk.models.views import View

from core import saying
from core.catalogue import Catalogue
from core.models import Location, Room
from core.notices import Subscription
from handlers.drafts import Carried
from handlers.ids import Action, Callback, Field
from handlers.replies import Message
from handlers.views import buttons
from handlers.views.text import Line, bold, code, cut, grey, joined, rich, spoken
from handlers.views.times import Reader

EVERYTHING, PLACE, ROOM = "all", "place:", "room:"
AT_ONCE = "at_once"
MOST_OPTIONS = 100
# Each takes two blocks, of which a view has a hundred.
MOST_LISTED = 40
KINDS = {
    "booked": ("A room is booked", "booked"),
    "changed": ("A booking moves or changes", "changed"),
    "cancelled": ("A booking is cancelled", "cancelled"),
    "released": ("A room is released, because nobody came", "released"),
    "ended": ("A meeting ends early", "ended early"),
}
USUAL_KINDS = frozenset({"booked", "changed", "cancelled", "released"})
_TIMES = range(6 * 60, 20 * 60 + 1, 30)


class InChannel(Carried):
    """The channel that a form or list is about; `subscription` is the one that is being changed."""

    channel: str
    subscription: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a channel is to hear: `scope` is EVERYTHING, or PLACE or ROOM with an id behind it."""

    scope: str = EVERYTHING
    kinds: frozenset[str] = USUAL_KINDS
    digest_at: time | None = None
    weekly_figures: bool = False


def subscribe_form(wanted: Wanted, channel: InChannel, catalogue: Catalogue, reader: Reader) -> View:
    """Return the form for one subscription."""
    return View(
        type="modal",
        callback_id=Callback.SUBSCRIBE.value,
        title="Notices" if channel.subscription else "Tell this channel",
        submit="Save",
        close="Cancel",
        private_metadata=channel.dump(),
        blocks=[
            _scope(wanted, channel, catalogue),
            _kinds(wanted, channel),
            _digest(wanted, channel, reader),
            _weekly(wanted, channel),
            grey("At once: one message for each booking, edited when the booking changes. Nobody is pinged."),
        ],
    )


def listed(subscriptions: Sequence[Subscription], channel_id: str, *, above: Line = ()) -> View:
    """Return what the channel hears of, each with Edit and Remove; `above` says what was just done."""
    count = len(subscriptions)
    title: Line = [bold("This channel hears of nothing yet." if not count else "This channel hears of")]
    blocks: list[Block] = [*([rich(above)] if above else []), rich(title)]
    for number, one in enumerate(subscriptions[:MOST_LISTED], start=1):
        blocks.append(rich(*_lines(one)))
        blocks += buttons.rows([_edit(one, number), _remove(one, number)], block_id=f"subscription:{one.id}")
    if count > MOST_LISTED:
        blocks.append(grey(f"These are the first {MOST_LISTED} of {count}."))
    add = buttons.button("Add another" if count else "Add one", Action.OPEN_NOTIFY)
    blocks += [DividerBlock(), *buttons.rows([add])]
    return View(
        type="modal",
        callback_id=Callback.NOTIFY.value,
        title="Notices here",
        close="Close",
        private_metadata=InChannel(channel=channel_id).dump(),
        blocks=blocks,
    )


def said(subscription: Subscription) -> Line:
    """Return "Apollo: booked, cancelled · at once" as a line."""
    kinds = saying.listed(short for kind, (_, short) in KINDS.items() if kind in subscription.kinds)
    when = "at once"
    if subscription.digest_at:
        when = f"once a day at {subscription.digest_at:%H:%M} ({zone_name(subscription.zone)})"
    parts: list[Line] = [[kinds], [when], ["figures on Mondays"] if subscription.weekly_figures else []]
    return [bold(cut(scope_name(subscription.room, subscription.location), 100)), ": ", *joined(parts, " · ")]


def scope_name(room: Room | None, location: Location | None) -> str:
    """Return what the subscription covers."""
    if room:
        return room.name
    return f"All rooms in {location.name}" if location else "All rooms"


def zone_name(zone: str) -> str:
    """Return "New York time" for "America/New_York"."""
    return f"{zone.rpartition('/')[2].replace('_', ' ')} time"


def not_here() -> Message:
    """Return how the bot comes into a channel."""
    line: Line = ["I am not in this channel, so I cannot write here. Type ", code("/invite @Bookroom"), ", then try again."]
    return Message(text=spoken(line), blocks=[rich(line), *buttons.rows([buttons.run("Try again", "notify")])])


def only_in_channels(reader: Reader) -> Message:
    """Return why direct messages cannot subscribe, and what is told there anyway."""
    line: Line = [
        "Type ",
        code(f"{reader.command} notify"),
        " in the channel that is to hear of bookings. Reminders, invitations and changes of yours come here anyway.",
    ]
    row = [buttons.button("My settings", Action.OPEN_SETTINGS)]
    return Message(text=spoken(line), blocks=[rich(line), *buttons.rows(row)])


def archived() -> Message:
    """Return that nothing can be posted into an archived channel."""
    line: Line = ["This channel is archived: nothing can be posted here."]
    return Message(text=spoken(line), blocks=[rich(line)])


def scope_options(catalogue: Catalogue, typed: str = "") -> list[tuple[str, list[Option]]]:
    """Return what can be covered, in groups, as far as it holds every word typed."""
    used = {room.location_id for room in catalogue.bookable}
    places = [place for place in catalogue.locations if place.id in used]
    words = typed.casefold().split()

    def kept(options: list[Option]) -> list[Option]:
        return [one for one in options if all(word in str(one.text.text).casefold() for word in words)]  # type: ignore[union-attr]

    everywhere = [_option("All rooms", EVERYTHING)]
    if len(places) > 1:
        everywhere += [_option(scope_name(None, place), f"{PLACE}{place.id}") for place in places]
    groups = [("All or one location", kept(everywhere))]
    for place in places:
        rooms = [_option(room.name, f"{ROOM}{room.id}") for room in catalogue.rooms_at(place.id)]
        groups.append((f"One room in {place.name}" if len(places) > 1 else "One room", kept(rooms)))
    return [(label, options) for label, options in groups if options]


def _scope(wanted: Wanted, channel: InChannel, catalogue: Catalogue) -> InputBlock:
    groups = scope_options(catalogue)
    everything = [option for _, options in groups for option in options]
    chosen = next((option for option in everything if option.value == wanted.scope), everything[0])
    element: InputInteractiveElement
    if len(everything) > MOST_OPTIONS:
        element = ExternalDataSelectElement(
            action_id=Action.SCOPE, initial_option=chosen, min_query_length=0, placeholder="Type a room or a location"
        )
    else:
        shown = [OptionGroup(label=PlainTextObject(text=cut(label, 75), emoji=False), options=of) for label, of in groups]
        element = StaticSelectElement(action_id=Action.SCOPE, option_groups=shown, initial_option=chosen)
    return _input(Field.SCOPE, "Which rooms", element, channel)


def _kinds(wanted: Wanted, channel: InChannel) -> InputBlock:
    options = {kind: _option(label, kind) for kind, (label, _) in KINDS.items()}
    ticked = [option for kind, option in options.items() if kind in wanted.kinds]
    boxes = CheckboxesElement(action_id=Action.KINDS, options=list(options.values()), initial_options=ticked or None)
    return _input(Field.KINDS, "Tell when", boxes, channel)


def _digest(wanted: Wanted, channel: InChannel, reader: Reader) -> InputBlock:
    at = wanted.digest_at
    minutes = sorted({*_TIMES, *([at.hour * 60 + at.minute] if at else [])})
    options = [_option("At once", AT_ONCE)]
    options += [_option(f"Once a day, at {text}", text) for text in map(saying.minute_of_day, minutes)]
    chosen = next(option for option in options if option.value == (f"{at:%H:%M}" if at else AT_ONCE))
    select = StaticSelectElement(action_id=Action.DIGEST, options=options, initial_option=chosen)
    own = zone_name(reader.person.zone)
    hint = f"Once a day: by the rooms' own clock; where they are in several time zones, by yours ({own})."
    return _input(Field.DIGEST, "How", select, channel, hint=hint if reader.several_places else None)


def _weekly(wanted: Wanted, channel: InChannel) -> InputBlock:
    """Return the box for the figures, which may stay empty."""
    option = _option("On Mondays, how the rooms were used last week", "weekly")
    ticked = [option] if wanted.weekly_figures else None
    boxes = CheckboxesElement(action_id=Action.WEEKLY, options=[option], initial_options=ticked)
    block = _input(Field.WEEKLY, "Figures", boxes, channel)
    block.optional = True
    return block


def _input(
    field: Field, label: str, element: InputInteractiveElement, channel: InChannel, *, hint: str | None = None
) -> InputBlock:
    # Another subscription is another form: what was typed for one must not stand in the other.
    edition = channel.subscription.hex[-8:] if channel.subscription else "new"
    return InputBlock(block_id=f"{field}.{edition}", label=label, element=element, hint=hint)


def _lines(one: Subscription) -> tuple[Line, ...]:
    return (said(one), [f"Paused: {one.paused}. Edit and save it to go on."] if one.paused else [])


def _edit(one: Subscription, number: int) -> ButtonElement | None:
    aloud = f"Edit notices of {scope_name(one.room, one.location)}"
    return buttons.button("Edit", Action.EDIT_SUBSCRIPTION.nth(number), str(one.id), aloud=aloud)


def _remove(one: Subscription, number: int) -> ButtonElement | None:
    name = scope_name(one.room, one.location)
    return buttons.button(
        "Remove",
        Action.DROP_SUBSCRIPTION.nth(number),
        str(one.id),
        style="danger",
        confirm=ConfirmObject(
            title=PlainTextObject(text="Remove these notices?"),
            text=PlainTextObject(text=cut(f"This channel hears nothing more of: {name}. What was posted stays.", 300)),
            confirm=PlainTextObject(text="Remove"),
            deny=PlainTextObject(text="Keep"),
            style="danger",
        ),
        aloud=f"Remove notices of {name}",
    )


def _option(label: str, value: str) -> Option:
    return Option(value=value, text=PlainTextObject(text=cut(label, 75), emoji=False))
