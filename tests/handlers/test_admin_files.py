"""Files that admins give: rooms as spreadsheets write them, photos of rooms; and what is no such thing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core import photos
from tests.handlers.firm import ANA, BEN, Firm, words
from tests.handlers.modal_acts import block, forge, form, labels, push, send, state, top, values
from tests.handlers.test_admin_places import pressed, rooms, section

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
CSV = "name,capacity,location\nGarten Ü,6,Berlin\n"
IMPORT = 9


async def given(firm: Firm, name: str, content: bytes, user: str = ANA) -> list[str]:
    return [(await firm.slack.upload(user, name, content))["id"]]


async def checked(firm: Firm, name: str, content: bytes) -> dict[str, Any]:
    """Give a file to the import, and return what is said of it."""
    await send(firm, ANA, await section(firm, IMPORT), file=await given(firm, name, content))
    return await top(firm, ANA)


def images(view: dict[str, Any]) -> list[dict[str, Any]]:
    found = [one for one in view["blocks"] if one["type"] == "image"]
    return found + [held["accessory"] for held in view["blocks"] if (held.get("accessory") or {}).get("type") == "image"]


@pytest.mark.parametrize(
    ("content", "read_as"),
    [
        (CSV.encode(), "The file:"),
        (CSV.encode("utf-8-sig"), "The file:"),
        (CSV.encode("cp1252"), "The file, read as Windows-1252:"),
        (CSV.encode("utf-16"), "The file, read as UTF-16:"),
        (("sep=;\r\n" + CSV.replace(",", ";").replace("\n", "\r\n")).encode("utf-8-sig"), "The file:"),
        (CSV.replace(",", "\t").encode(), "The file:"),
    ],
    ids=["utf-8", "bom", "latin", "utf-16", "excel with semicolons", "tabs"],
)
async def test_rooms_are_imported_from_a_file_however_a_spreadsheet_wrote_it(firm: Firm, content: bytes, read_as: str):
    check = await checked(firm, "rooms.csv", content)
    assert f"{read_as} 1 new, 0 changed, 0 as they were." in words(check)
    assert "Garten Ü" not in await rooms(firm)

    done = await push(firm, ANA, check, "Import")

    assert "✅ Imported: 1 new" in words(done)
    assert (await rooms(firm))["Garten Ü"].capacity == 6
    (entry, *_) = await firm.services.administration.audit.entries()
    assert (entry.actor_name, entry.action, entry.subject, entry.name) == ("Ana Duarte", "added", "room", "Garten Ü")


async def test_every_line_at_fault_is_named_and_nothing_is_imported(firm: Firm):
    refused = await checked(firm, "rooms.csv", b"sep=;\nname;capacity;location\nA;x;Berlin\nB;0;Berlin\nC;4;Atlantis\n")

    assert "Nothing was imported." in words(refused)
    assert 'Line 3: capacity: "x" is no whole number.' in words(refused)
    assert labels(refused) == ["Back"]


@pytest.mark.parametrize("content", [b"PK\x03\x04 workbook", b"%PDF-1.7", b"a\x00b"])
async def test_what_is_no_text_is_said_to_be_none(firm: Firm, content: bytes):
    assert "That is no text: save the sheet as CSV." in words(await checked(firm, "rooms.csv", content))


async def test_two_thousand_rooms_come_at_once_and_five_megabytes_are_too_many_rooms(firm: Firm):
    lines = "".join(f"Room {number},{number % 40 + 1},Berlin\n" for number in range(2000))
    check = await checked(firm, "rooms.csv", f"name,capacity,location\n{lines}".encode())
    assert "2000 new" in words(check)
    await push(firm, ANA, check, "Import")
    assert "✅ Imported: 2000 new" in words(await top(firm, ANA))
    assert len(await rooms(firm)) > 2000

    many = "name,capacity,location\n" + "Room,1,Berlin\n" * 350_000
    assert len(many) < 5_000_000
    refused = await checked(firm, "rooms.csv", many.encode())
    assert "A file can have up to 20000 rooms." in words(refused)
    answer = await send(firm, ANA, await section(firm, IMPORT), file=await given(firm, "rooms.csv", b"a" * 5_000_001))
    assert list(answer["errors"].values()) == ["That file is larger than 5 MB."]


async def test_a_file_of_somebody_elses_is_not_read(firm: Firm):
    (theirs,) = await given(firm, "rooms.csv", CSV.encode(), BEN)
    mine = await given(firm, "rooms.csv", CSV.encode())
    view = await section(firm, IMPORT)
    await firm.slack.fill(ANA, view, values(view, file=mine))

    def theirs_instead(sent: dict[str, Any]) -> None:
        held = next(one["file"] for one in sent["state"]["values"].values() if "file" in one)
        held["files"][0]["id"] = theirs

    answer = await forge(firm, ANA, view, theirs_instead)

    assert list(answer["errors"].values()) == ["That file is somebody else's."]


async def test_rooms_that_a_file_takes_out_of_use_are_counted_with_their_bookings(firm: Firm):
    from tests.handlers.firm import new_york

    await firm.booked("Corner", new_york(14), title="Budget", by=BEN)
    check = await checked(firm, "rooms.csv", b"name,capacity,location,active\nCorner,4,New York,no\n")
    assert "1 room would go out of use. 1 booking ahead there: another room is looked for." in words(check)

    assert "1 booking affected: their bookers are told." in words(await push(firm, ANA, check, "Import"))
    proposals = await firm.db.read(lambda session: session.all("SELECT status FROM proposals"))
    assert len(proposals) == 1


# -- photos ------------------------------------------------------------------------------------------------------------


async def test_a_photo_that_is_uploaded_is_kept_and_shown_where_the_room_is(firm: Firm):
    edit = await pressed(firm, await section(firm), "Corner ·")
    await send(firm, ANA, edit, photo_file=await given(firm, "corner.png", PNG))
    assert "✅ Saved: Corner" in words(await top(firm, ANA))
    photo = (await rooms(firm))["Corner"].photo
    assert photo is not None
    file = photos.file_of(photo)
    assert file is not None
    kept = firm.running.sandbox.parts.ws.files.find(file)
    assert kept is not None
    assert (kept.owner, kept.content) == (firm.running.company.bot.user_id, PNG)

    day = await firm.say(BEN, "/book rooms corner")
    (shown,) = images(day)
    assert (shown["slack_file"], shown["alt_text"]) == ({"id": file}, "Photo of Corner")
    search = await form(firm, BEN, "search", text="/book find tomorrow 2pm")
    assert [one["alt_text"] for one in images(search)] == ["Photo of Corner"]

    again = await pressed(firm, await section(firm), "Corner ·")
    assert (images(again)[0]["alt_text"], state(again, "photo_now")) == ("Photo of Corner", "keep")
    await send(firm, ANA, again, capacity="5")
    assert (await rooms(firm))["Corner"].photo == photo
    again = await pressed(firm, await section(firm), "Corner ·")
    await send(firm, ANA, again, photo_now="drop")
    assert (await rooms(firm))["Corner"].photo is None


async def test_the_form_shows_the_photo_of_the_room_that_is_chosen(firm: Firm):
    await pictured(firm, "Corner", "https://example.com/corner.jpg")
    modal = await form(firm, BEN)
    assert images(modal) == []
    assert block(modal, "room")["dispatch_action"]

    await firm.slack.fill(BEN, modal, values(modal, room=str((await rooms(firm))["Corner"].id), title="Kept"))
    after = await top(firm, BEN, "book")

    assert [one["image_url"] for one in images(after)] == ["https://example.com/corner.jpg"]
    assert state(after, "title") == "Kept"


async def test_a_photo_that_is_gone_takes_no_words_with_it(firm: Firm):
    await pictured(firm, "Corner", "https://gone.example.com/corner.jpg")
    await firm.db.write(
        lambda session: session.run("UPDATE rooms SET photo = 'https://photos.invalid/a.jpg' WHERE photo IS NOT NULL"),
        repeatable=True,
    )
    firm.services.catalogues.forget()

    day = await firm.say(BEN, "/book rooms corner")
    assert "Nothing is booked." in words(day)
    assert images(day) == []
    search = await form(firm, BEN, "search", text="/book find tomorrow 2pm")
    assert "Corner" in words(search)
    assert images(search) == []
    edit = await pressed(firm, await section(firm), "Corner ·")
    assert state(edit, "photo") == "https://photos.invalid/a.jpg"


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/a.png", "https://localhost/a.png", "https://127.0.0.1/a", "https://[::1]/a",
        "https://2130706433/a", "https://0x7f.1/a", "https://user@example.com/a", "https://user:pw@example.com/a",
        "https://example.com:8443/a", "https://printer.local/a", "javascript:alert(1)", "https://intranet/a",
        "slack:F0123456", "https://example.com/a b", "data:image/png;base64,AAAA", "https://db.internal/a",
    ],
)  # fmt: skip
async def test_addresses_that_lead_inward_or_nowhere_are_refused(firm: Firm, address: str):
    edit = await pressed(firm, await section(firm), "Corner ·")

    answer = await send(firm, ANA, edit, photo=address)

    assert list(answer["errors"].values()) == [photos.WRONG]
    assert (await rooms(firm))["Corner"].photo is None


@pytest.mark.parametrize("content", [b"<svg onload='alert(1)'/>", b"GIF", b"MZ"])
async def test_what_is_no_picture_is_refused(firm: Firm, content: bytes):
    edit = await pressed(firm, await section(firm), "Corner ·")

    answer = await send(firm, ANA, edit, photo_file=await given(firm, "corner.png", content))

    assert list(answer["errors"].values()) == ["That is no picture: give a PNG, JPEG or GIF."]


async def pictured(firm: Firm, name: str, address: str) -> None:
    edit = await pressed(firm, await section(firm), f"{name} ·")
    answer = await send(firm, ANA, edit, photo=address)
    assert not answer.get("errors"), json.dumps(answer)
    assert (await rooms(firm))[name].photo == address
