"""Webhooks as pages and forms of administration, and the word that admins get when one is paused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from uuid import UUID

from slack_sdk.models.blocks import Block, ButtonElement
from slack_sdk.models.views import View

from core import saying
from core.catalogue import Catalogue
from core.events import Kind
from core.quiet import zone_of
from core.webhooks import LONGEST_DESCRIPTION, Sent, Webhook
from handlers.ids import Action
from handlers.replies import Message
from handlers.views import admin, buttons
from handlers.views.admin import Item, Where, stamp
from handlers.views.admin_places import OVERVIEW
from handlers.views.text import Line, bold, cut, grey, rich, spoken
from handlers.views.times import Reader

WEBHOOKS = Where(section="webhooks")
EVERYWHERE = "all"
MOST_SENT = 10
# A select holds a hundred: locations first.
MOST_ROOMS = 60
_KINDS: Mapping[Kind, str] = {
    Kind.BOOKED: "Booked",
    Kind.CHANGED: "Changed",
    Kind.CANCELLED: "Cancelled",
    Kind.RESPONDED: "Somebody answered an invitation",
    Kind.CHECKED_IN: "Checked in",
    Kind.LATE: "Somebody runs late",
    Kind.RELEASED: "Released, since nobody checked in",
    Kind.ENDED: "Ended",
    Kind.APPROVED: "Approved",
    Kind.DECLINED: "Declined",
    Kind.EXPIRED: "Not decided in time",
    Kind.RESTORED: "Cancelling undone",
}
_STATES = {"due": "waiting", "sent": "arrived", "failed": "given up", "dropped": "dropped"}


def paused(host: str, reason: str, webhook_id: UUID, *, command: str) -> Message:
    """Return the word to an admin that a webhook is paused."""
    said: Line = ["⚠️ The webhook to ", bold(cut(host, 100)), f" is paused: {cut(reason, 300)}."]
    more: Line = ["Nothing is lost: what it misses is sent when it is resumed. ", f"All of them: {command} admin, Webhooks."]
    look = buttons.button("Look at it", Action.ADMIN_GO, Where(section="webhook", id=webhook_id), aloud=f"Look at {host}")
    return Message(text=spoken(said, more), blocks=[rich(said, more), *buttons.rows([look])])


def webhooks(known: Sequence[Webhook], catalogue: Catalogue, where: Where, *, above: Line = ()) -> View:
    """Return the list of webhooks with how each stands."""
    items = [
        Item(
            text=f"{cut(one.name, 100)} · {state(one)}\n{heard(one, catalogue)}",
            button=admin.go("Open", Where(section="webhook", id=one.id), number=number, aloud=f"Open {cut(one.name, 60)}"),
        )
        for number, one in enumerate(known)
    ]
    nothing = "There are none. A webhook tells another program of each booking as it happens, signed."
    blocks = admin.listed(items, where, nothing=nothing)
    return admin.page(
        "Webhooks",
        where,
        blocks,
        back=OVERVIEW,
        above=above,
        below=[admin.go("Add a webhook", Where(section="add_webhook"))],
    )


def state(one: Webhook) -> str:
    """Return "well", "failing, 3 waiting" or "paused: …"."""
    waiting = f", {one.waiting} waiting" if one.waiting else ""
    if one.paused:
        return f"paused: {one.paused}{waiting}"
    return f"failing{waiting}" if one.failing_since else f"well{waiting}"


def heard(one: Webhook, catalogue: Catalogue) -> str:
    """Return what it is told of: "everything in Berlin"."""
    what = saying.listed(_KINDS[kind].lower() for kind in _KINDS if kind in one.kinds) if one.kinds else "everything"
    return f"{what}, {_scope(one, catalogue)}" if one.kinds else f"{what} {_scope(one, catalogue)}"


def _scope(one: Webhook, catalogue: Catalogue) -> str:
    names = {room.id: room.name for room in catalogue.rooms} | {place.id: place.name for place in catalogue.locations}
    scope = one.room_id or one.location_id
    return f"in {names.get(scope, 'a place that is gone')}" if scope else "everywhere"


def webhook(one: Webhook, sent: Sequence[Sent], catalogue: Catalogue, reader: Reader, *, above: Line = ()) -> View:
    """Return one webhook: where it goes, how it stands, what it was told last."""
    where, zone = Where(section="webhook", id=one.id, version=one.version), zone_of(reader.person.zone)
    details = "Private bookings in full." if one.details else "Of private bookings, room and time alone."
    blocks: list[Block] = [
        admin.words(f"{one.url}\n{cut(heard(one, catalogue), 500)}. {details}"),
        rich([bold(state(one)[:1].upper() + state(one)[1:])]),
        *(_told(told, where, zone, reader, number) for number, told in enumerate(sent[:MOST_SENT])),
    ]
    if not sent:
        blocks.append(admin.words("It was told of nothing yet."))
    return admin.page(cut(one.name, 24), where, blocks, back=WEBHOOKS, above=above, below=_deeds(one))


def _told(told: Sent, where: Where, zone: tzinfo, reader: Reader, number: int) -> Block:
    answer = f" · {told.status}" if told.status else ""
    note = f" · {cut(told.note, 200)}" if told.note and told.state != "sent" else ""
    tries = f" · {saying.counted(told.attempts, 'attempt')}" if told.attempts > 1 else ""
    when = stamp(told.created_at, zone, now=reader.now)
    again = admin.do(
        "Send again",
        Where(section="replay_webhook", id=where.id, more=str(told.id)),
        number=number,
        aloud=f"Send again what was told on {when}",
    )
    [block] = admin.listed(
        [Item(text=f"{when} · {told.kind} · {_STATES[told.state]}{answer}{tries}{note}", button=again)], where, nothing=""
    )
    return block


def _deeds(one: Webhook) -> list[ButtonElement | None]:
    edit = admin.go("Edit", Where(section="edit_webhook", id=one.id, version=one.version))
    ask = ("Remove this webhook?", f"{cut(one.host, 80)} is told nothing more. What waits is dropped.")
    gone = admin.do("Remove", Where(section="drop_webhook", id=one.id, version=one.version), style="danger", ask=ask)
    renew = admin.do(
        "New secret",
        Where(section="renew_webhook", id=one.id),
        ask=("Another secret?", "It holds at once: the other side refuses what we send until it knows it."),
    )
    if one.paused:
        again = admin.do("Resume", Where(section="resume_webhook", id=one.id), style="primary")
        skip = admin.do(
            "Resume without what it missed",
            Where(section="resume_webhook", id=one.id, more="skip"),
            ask=("Leave out what it missed?", "What happened while it was paused is never sent."),
        )
        return [again, skip, edit, renew, gone]
    ping = admin.do("Send a test", Where(section="ping_webhook", id=one.id))
    return [ping, edit, admin.do("Pause", Where(section="pause_webhook", id=one.id)), renew, gone]


def webhook_form(one: Webhook | None, catalogue: Catalogue, where: Where) -> View:
    """Return the form of a webhook; None adds one."""
    scopes = [(EVERYWHERE, "Everywhere")]
    scopes += [(str(place.id), f"All of {place.name}") for place in catalogue.locations if place.active]
    scopes += [(str(room.id), f"{room.name} · {catalogue.place_of(room).name}") for room in catalogue.rooms[:MOST_ROOMS]]
    chosen = (one.room_id or one.location_id) if one else None
    if chosen and str(chosen) not in {value for value, _ in scopes}:
        scopes.insert(1, (str(chosen), "The room or place that it has now"))
    kinds = [(kind.value, label) for kind, label in _KINDS.items()]
    several = admin.choices("kinds", "What it hears of", kinds, [kind.value for kind in one.kinds] if one else (), where,
                            hint="Nothing chosen: everything.")  # fmt: skip
    full = [("masked", "Room and time alone"), ("details", "In full")]
    blocks: list[Block] = [
        admin.text(
            "url", "Address", one.url if one else None, where, longest=2000, placeholder="https://example.com/bookings"
        ),
        admin.text(
            "description",
            "What it is for",
            one.description if one else None,
            where,
            optional=True,
            longest=LONGEST_DESCRIPTION,
        ),
        *([several] if several else []),
        admin.choice("scope", "Where", scopes, str(chosen or EVERYWHERE), where),
        admin.choice(
            "details",
            "Private bookings",
            full,
            "details" if one and one.details else "masked",
            where,
        ),
    ]
    back = Where(section="webhook", id=one.id) if one else WEBHOOKS
    return admin.form("Webhook" if one else "New webhook", where, blocks, below=[admin.go("Back", back)])


def secret(one: Webhook, value: str) -> View:
    """Return the secret of a webhook, which is shown this once."""
    blocks: list[Block] = [
        rich(["✅ The webhook to ", bold(cut(one.host, 100)), " has this secret:"]),
        admin.words(value),
        grey("Copy it now: it is shown this once. With it, the other side checks that what comes is ours."),
    ]
    where = Where(section="webhook", id=one.id)
    return admin.page("Secret", where, blocks, back=where)
