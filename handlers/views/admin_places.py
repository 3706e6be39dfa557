"""Rooms, locations and amenities as pages and forms of administration; the guide through an empty workspace."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, DividerBlock, ExternalDataSelectElement
from slack_sdk.models.blocks.block_elements import FileInputElement
from slack_sdk.models.views import View

from core import saying
from core.catalogue import Catalogue
from core.models import Booking, Location, Room
from core.photos import file_of
from core.places import Placed
from core.rerooming import Plan
from handlers.ids import Action
from handlers.views import admin, photos
from handlers.views.admin import Item, Where
from handlers.views.text import Line, bold, code, cut, rich
from handlers.views.times import Reader, floor, in_passing

OVERVIEW = Where(section="overview")
ROOMS = Where(section="rooms")
MOST_NAMED = 10
# What rooms usually have, offered before anybody has said what these have.
USUAL_AMENITIES = ("projector", "whiteboard", "video", "tv", "phone", "flipchart", "wheelchair access")


def rooms(
    placed: Sequence[Placed], catalogue: Catalogue, where: Where, *, mine: Sequence[Room], admin_: bool, above: Line = ()
) -> View:
    """Return the list of locations and rooms; `mine` are those that the reader may change."""
    items: list[Item] = []
    shown = {room.id for room in mine}
    for one in placed:
        place = one.location
        theirs = [room for room in catalogue.rooms if room.location_id == place.id and room.id in shown]
        if not admin_ and not theirs:
            continue
        state = "" if place.active else " · out of use"
        edit = admin.go("Edit", Where(section="location", id=place.id), aloud=f"Edit {place.name}") if admin_ else None
        items.append(Item(text=f"📍 {place.name} · {place.zone} · {saying.counted(one.rooms, 'room')}{state}", button=edit))
        for room in theirs:
            button = admin.go("Edit", Where(section="room", id=room.id), aloud=f"Edit {room.name}")
            items.append(Item(text=f"{room.name} · {facts(room)}", button=button))
    below = [
        admin.go("Add a room", Where(section="add_room")) if placed else None,
        admin.go("Add a location", Where(section="add_location")),
        admin.go("Amenities", Where(section="amenities")) if catalogue.rooms else None,
    ]
    return admin.page(
        "Rooms & locations",
        where,
        admin.listed(items, where, nothing="There are no locations yet. Add one, then its rooms."),
        back=OVERVIEW,
        above=above,
        below=below if admin_ else (),
    )


def facts(room: Room) -> str:
    """Return "seats 8 · 3rd floor · projector"."""
    parts = [f"seats {room.capacity}"]
    parts += [where] if (where := floor(room)) else []
    parts += [saying.listed(sorted(room.amenities))] if room.amenities else []
    parts += ["out of use"] if not room.active else []
    return " · ".join(parts)


def room_form(
    room: Room | None,
    places: Sequence[Location],
    catalogue: Catalogue,
    where: Where,
    *,
    above: Line = (),
    admin_: bool = True,
) -> View:
    """Return the form for a room; None adds one, at one of the places."""
    room = catalogue.own(room) if room else None
    blocks: list[Block] = []
    if room is None:
        options = [(str(place.id), place.name) for place in places]
        blocks.append(admin.choice("location", "Location", options, where.more or None, where))
    blocks += room_fields(room, catalogue, where)
    blocks += [
        admin.text(
            "setup_minutes",
            "Minutes to set up before each booking",
            str(room.setup_minutes) if room and room.setup_minutes else None,
            where,
            optional=True,
            longest=4,
        ),
        admin.text(
            "teardown_minutes",
            "Minutes to clear up after each booking",
            str(room.teardown_minutes) if room and room.teardown_minutes else None,
            where,
            optional=True,
            longest=4,
        ),
        *_photo_fields(room, where),
    ]
    below = [admin.go("Back", ROOMS)]
    if room:
        if admin_:
            below.append(admin.go("Divide", Where(section="parts", id=room.id), aloud=f"Say what {room.name} is made of"))
        use = Where(section="use_room", id=room.id, version=room.version)
        if room.active:
            below.append(admin.go("Take out of use", Where(section="close_room", id=room.id, version=room.version)))
        else:
            below.append(admin.do("Take into use", use.model_copy(update={"more": "on"})))
    return admin.form(room.name if room else "New room", where, blocks, above=above, below=below)


def _photo_fields(room: Room | None, where: Where) -> list[Block]:
    """Return the photo as it is, and the ways to give another."""
    now = room.photo if room else None
    file = FileInputElement(action_id="photo_file", filetypes=["png", "jpg", "jpeg", "gif"], max_files=1)
    address = admin.text(
        "photo",
        "Or the address of a photo",
        None if now and file_of(now) else now,
        where,
        optional=True,
        longest=2000,
        placeholder="https://…",
        hint="One that everybody can open without signing in.",
    )
    drop = admin.choice("photo_now", "Photo as it is", [("keep", "Keep"), ("drop", "Remove")], "keep", where)
    return [
        *photos.large(room),
        *([drop] if now and file_of(now) else []),
        admin.field("photo_file", "New photo" if now else "Photo", file, where, optional=True),
        address,
    ]


def room_fields(room: Room | None, catalogue: Catalogue, where: Where) -> list[Block]:
    """Return what every room is asked for: name, seats, floor, what it has."""
    known = sorted({word for one in catalogue.rooms for word in one.amenities} | set(USUAL_AMENITIES))
    has = sorted(room.amenities) if room else []
    amenities = admin.choices("amenities", "What it has", [(word, word) for word in known], has, where)
    return [
        admin.text("name", "Name", room.name if room else None, where, longest=80),
        admin.text("capacity", "Seats", str(room.capacity) if room else None, where, longest=5),
        admin.text("floor", "Floor", room.floor if room else None, where, optional=True, longest=40),
        *([amenities] if amenities else []),
        admin.text(
            "more_amenities",
            "Something else it has",
            None,
            where,
            optional=True,
            longest=400,
            hint="With commas between several.",
        ),
    ]


def location_form(placed: Placed | None, where: Where, *, zone: str, above: Line = ()) -> View:
    """Return the form for a location; None adds one, `zone` is the clock that is offered."""
    place = placed.location if placed else None
    below = [admin.go("Back", ROOMS)]
    if placed and place:
        if place.active:
            below.append(admin.go("Take out of use", Where(section="close_location", id=place.id, version=placed.version)))
        else:
            use = Where(section="use_location", id=place.id, version=placed.version, more="on")
            below.append(admin.do("Take into use", use))
    blocks = location_fields(place, where, zone=zone)
    if place:
        looks = [("closed", "Only people who have signed in"), ("open", "Everybody who has its address")]
        chosen = "open" if place.board_open else "closed"
        hint = "A page with all its rooms for a day. Titles of private meetings are never shown."
        blocks.append(admin.choice("board", "Who may look at its board", looks, chosen, where, hint=hint))
    return admin.form(place.name if place else "New location", where, blocks, above=above, below=below)


def location_fields(place: Location | None, where: Where, *, zone: str) -> list[Block]:
    """Return what every location is asked for: name and clock."""
    zone = place.zone if place else zone
    element = ExternalDataSelectElement(
        action_id=Action.ADMIN_ZONE.value,
        initial_option=admin.option(zone, zone),
        min_query_length=2,
        placeholder="Type a city, like Berlin",
    )
    return [
        admin.text(
            "name", "Name", place.name if place else None, where, longest=80, placeholder="A city, a building, a campus"
        ),
        admin.field("zone", "Time zone", element, where, hint="The clock by which its rooms are booked."),
    ]


def closing(name: str, plan: Plan, where: Where, *, back: Where, reader: Reader, what: str) -> View:
    """Return what taking something out of use would do, before it is done."""
    lines: list[Block] = [rich([bold(f"Take {cut(name, 80)} out of use?")]), *plan_blocks(plan, reader)]
    lines.append(
        admin.words(
            f"Nobody can book {what} from then on. What was booked stays on record, and it can be taken back into use."
        )
    )
    doing = admin.do("Take out of use", where, style="danger")
    return admin.page("Take out of use", where, lines, back=back, below=[doing])


def plan_blocks(plan: Plan, reader: Reader) -> list[Block]:
    """Return "12 bookings: 10 get another room, for 2 none is free", and which."""
    if not plan.bookings:
        return [admin.words("No bookings are affected.")]
    blocks: list[Block] = [rich([bold(plan_said(plan))])]
    moves = [f"{_booking(booking, reader)} → {room.name}" for booking, room in plan.placed]
    none = [f"{_booking(booking, reader)}: no room is free" for booking in plan.unplaced]
    shown = [*none[:MOST_NAMED], *moves[: MOST_NAMED * 2 - min(len(none), MOST_NAMED)]]
    blocks.append(admin.words("\n".join(f"• {line}" for line in shown)))
    if len(shown) < plan.bookings:
        blocks.append(admin.words(f"and {plan.bookings - len(shown)} more"))
    told = "Each booker is told at once"
    held = f"{told}: the other room is held for them, and they take it, pick another or cancel."
    blocks.append(admin.words(held if plan.placed else f"{told}, and picks another time or place, or cancels."))
    return blocks


def plan_said(plan: Plan) -> str:
    """Return "12 bookings: 10 get another room, for 2 none is free."."""
    placed, none = len(plan.placed), len(plan.unplaced)
    said = f"{saying.counted(plan.bookings, 'booking')}: "
    if not placed:
        return f"{said}no other room is free{' for any of them' if none > 1 else ''}."
    gets = f"{placed} {'gets' if placed == 1 else 'get'} another room"
    return f"{said}{gets}, for {none} none is free." if none else f"{said}{gets}."


def _booking(booking: Booking, reader: Reader) -> str:
    title = "Busy" if booking.private else booking.title or "No title"
    when = in_passing(booking.slot, booking.location, reader)
    return f"{booking.room.name}, {when} · {cut(title, 60)} · {booking.booker.name}"


def amenities(catalogue: Catalogue, where: Where, *, above: Line = ()) -> View:
    """Return what rooms have, each with how many have it, and the form that renames or merges."""
    counts: dict[str, int] = {}
    for room in catalogue.rooms:
        for word in room.amenities:
            counts[word] = counts.get(word, 0) + 1
    below = [admin.go("Back", ROOMS)]
    if not counts:
        return admin.page("Amenities", where, [admin.words("No room has anything yet.")], back=ROOMS, above=above)
    options = [(word, f"{word} ({saying.counted(count, 'room')})") for word, count in sorted(counts.items())]
    picked = admin.choices("words", "Rename or merge", options, (), where, hint="Several become one.")
    assert picked is not None
    picked.optional = False
    return admin.form(
        "Amenities",
        where,
        [picked, admin.text("into", "New name", None, where, longest=40)],
        submit="Rename",
        above=above,
        below=below,
    )


# -- an empty workspace ------------------------------------------------------------------------------------------------


def first_place(where: Where, *, zone: str) -> View:
    """Return the first step: where the rooms are."""
    return admin.form(
        "Set up Bookroom",
        where,
        [
            rich(["Welcome. Two steps, and the first room can be booked."]),
            rich([bold("1 of 2: Where are the rooms?")]),
            *location_fields(None, where, zone=zone),
        ],
        submit="Next",
        below=[admin.go("I have a list (CSV)", Where(section="import"))],
    )


def first_room(place: Location, catalogue: Catalogue, where: Where, *, above: Line = ()) -> View:
    """Return the second step: a room there."""
    return admin.form(
        "Set up Bookroom",
        where,
        [rich([bold(f"2 of 2: A room in {cut(place.name, 80)}")]), *room_fields(None, catalogue, where)],
        submit="Add room",
        above=above,
    )


def first_done(room: Room, place: Location, where: Where, reader: Reader) -> View:
    """Return that the first room is there, and what to type."""
    again = Where(section="first_room", id=place.id, more=str(where.page + 1), page=where.page + 1)
    return admin.page(
        "Set up Bookroom",
        where,
        [
            rich(["✅ ", bold(room.name), f" in {cut(place.name, 80)} can be booked now."]),
            rich(["Try it: ", code(f"{reader.command} {cut(room.name, 60)} tomorrow 10am")]),
            DividerBlock(),
            rich(["Opening hours, rights, closures and all else: ", code(f"{reader.command} admin")]),
        ],
        below=[
            admin.go("Add another room", again, style="primary"),
            admin.go("All settings", OVERVIEW),
        ],
    )
