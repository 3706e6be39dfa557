"""Administration of admins, of what is kept of people, of channels, undelivered messages, and files of rooms."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from uuid import UUID

from slack_sdk.models.blocks import InputBlock
from slack_sdk.models.blocks.block_elements import FileInputElement
from slack_sdk.models.views import View

from core import saying
from core.erasing import Keeping
from core.errors import InvalidImport, InvalidSetting, PersonNotFound
from core.models import Person
from core.rooms import ImportReport, decoded, parse_csv
from handlers.admin_asked import Asked, fresh
from handlers.admin_places import rooms
from handlers.given_files import MEGABYTE, fetched
from handlers.requests import Sender
from handlers.sending import send_file
from handlers.views import admin as views
from handlers.views import admin_people as shown
from handlers.views.admin import Where
from handlers.views.text import Line, bold, cut

Page = Callable[[Asked], Awaitable[View]]
LARGEST_FILE = 5 * MEGABYTE
FILE = "file:"


# -- people ------------------------------------------------------------------------------------------------------------


async def people(asked: Asked, above: Line = ()) -> View:
    """Return who are admins."""
    known, named = await asked.desk.services.people.admins(), await asked.desk.services.people.named_admins()
    where = asked.where if asked.where.section == "people" else shown.PEOPLE
    return shown.people(known, named, where, above=above)


async def add_admin(asked: Asked) -> View:
    """Return the form in which admins are named."""
    return shown.add_admin(asked.where)


async def add_admin_sent(asked: Asked) -> View:
    """Name admins."""
    desk = asked.desk
    chosen = asked.filled.users("people")
    if not chosen:
        raise InvalidSetting("Choose somebody.", fields={"people": "Choose somebody."})
    found = [
        await desk.services.directory.invitee(Sender(team_id=desk.sender.team_id, user_id=one), desk.client)
        for one in chosen
    ]
    if any(one.guest for one in found):
        raise InvalidSetting("Guests cannot be admins.", fields={"people": "Guests cannot be admins."})
    for one in found:
        await desk.services.people.make_admin(one.slack_team_id, one.slack_user_id, by=asked.by)
        desk.services.directory.forget(Sender(team_id=one.slack_team_id, user_id=one.slack_user_id))
    return await people(
        replace(asked, where=shown.PEOPLE), ["✅ ", saying.listed(one.name for one in found), " can come here now."]
    )


async def drop_admin(asked: Asked) -> View:
    """Take that right back."""
    desk, one = asked.desk, await asked.desk.services.people.get(asked.id)
    await desk.services.people.dismiss_admin(one.slack_team_id, one.slack_user_id, by=asked.by)
    desk.services.directory.forget(Sender(team_id=one.slack_team_id, user_id=one.slack_user_id))
    return await people(replace(asked, where=shown.PEOPLE), ["✅ ", bold(cut(one.name, 100)), " is no admin any more."])


async def person(asked: Asked) -> View:
    """Return the question about whom something is asked."""
    return shown.person(asked.where)


async def person_sent(asked: Asked) -> View:
    """Return what is kept of somebody."""
    user = asked.filled.text("person")
    if not user:
        raise InvalidSetting("Choose somebody.", fields={"person": "Choose somebody."})
    (person_id,) = await asked.desk.services.people.mentioned(asked.desk.sender.team_id, [user])
    return await of_person(replace(asked, where=Where(section="of_person", id=person_id)))


async def of_person(asked: Asked, above: Line = ()) -> View:
    """Return what is kept of somebody."""
    who = await _known(asked)
    kept = await asked.office.erasing.counts(who.id)
    ahead = len(await asked.office.erasing.ahead(who.id))
    return shown.of_person(who, kept, ahead, Where(section="of_person", id=who.id), above=above)


async def export_person(asked: Asked) -> View:
    """Send the asking admin all that is kept of somebody, as a file."""
    who = await _known(asked)
    found = await asked.office.erasing.export(who.id, by=asked.by)
    text = json.dumps(found, indent=2, ensure_ascii=False)
    name = f"bookroom-{who.slack_user_id}.json"
    back = Where(section="of_person", id=who.id)
    if not await send_file(asked.desk, name, text, about=f"What Bookroom keeps of {who.name}."):
        return shown.as_text(name, text, back, back=back)
    return await of_person(asked, shown.sent_file(name))


async def erase(asked: Asked) -> View:
    """Return the form in which somebody is erased."""
    who = await _known(asked)
    return shown.erase(who, len(await asked.office.erasing.ahead(who.id)), asked.where)


async def erase_sent(asked: Asked) -> View:
    """Erase somebody."""
    who, filled, desk = await _known(asked), asked.filled, asked.desk
    if filled.text("sure").strip().casefold() != cut(who.name, 80).casefold():
        said = f"Type {cut(who.name, 80)} to go on."
        raise InvalidSetting(said, fields={"sure": said})
    heir_id: UUID | None = None
    if heir := filled.text("heir"):
        found = await desk.services.directory.invitee(Sender(team_id=desk.sender.team_id, user_id=heir), desk.client)
        heir_id = found.id
    done = await asked.office.erasing.erase(who.id, by=asked.by, hand_over_to=heir_id)
    desk.services.directory.forget(Sender(team_id=who.slack_team_id, user_id=who.slack_user_id))
    ahead = [f"{saying.counted(done.cancelled, 'booking')} cancelled" if done.cancelled else ""]
    ahead += [f"{saying.counted(done.handed_over, 'booking')} handed over" if done.handed_over else ""]
    said = "; ".join(one for one in ahead if one)
    return await people(replace(asked, where=shown.PEOPLE), ["✅ Erased.", f" {said}." if said else ""])


async def _known(asked: Asked) -> Person:
    one = await asked.desk.services.people.get(asked.id)
    if one.slack_user_id.startswith("erased:"):
        raise PersonNotFound("Nothing is kept of them.")
    return one


async def keeping(asked: Asked, above: Line = ()) -> View:
    """Return how long things are kept."""
    return shown.keeping(await asked.office.erasing.keeping(), shown.KEEPING, above=above)


async def keeping_sent(asked: Asked) -> View:
    """Set how long things are kept."""
    filled = asked.filled

    def months(name: str) -> int | None:
        return filled.number(name) if filled.text(name).strip() else None

    wanted = Keeping(
        archive_days=filled.number("archive_days"),
        keep_bookings_months=months("keep_bookings_months"),
        keep_audit_months=months("keep_audit_months"),
    )
    await asked.office.erasing.keep(wanted, by=asked.by)
    return await people(replace(asked, where=shown.PEOPLE), ["✅ Saved how long things are kept."])


# -- channels and what could not be told -------------------------------------------------------------------------------


async def channels(asked: Asked, above: Line = ()) -> View:
    """Return what every channel hears of."""
    where = asked.where if asked.where.section == "channels" else shown.CHANNELS
    return shown.channels(await asked.desk.services.subscriptions.all(), where, above=above)


async def drop_channel(asked: Asked) -> View:
    """Remove a subscription."""
    await asked.desk.services.subscriptions.remove(asked.id, asked.by)
    return await channels(replace(asked, where=shown.CHANNELS), ["✅ Removed."])


async def resume(asked: Asked) -> View:
    """Tell a paused channel again."""
    await asked.desk.services.subscriptions.resume(asked.id)
    return await channels(replace(asked, where=shown.CHANNELS), ["✅ It is told again."])


async def undelivered(asked: Asked, above: Line = ()) -> View:
    """Return what could not be told."""
    overview = await asked.desk.services.outbox.overview(asked.desk.services.clock.now())
    names = [one.what.replace("_", " ").capitalize() for one in overview.given_up]
    return shown.undelivered(overview, names, shown.UNDELIVERED, asked.desk.reader, above=above)


async def retry(asked: Asked) -> View:
    """Try once more."""
    tried = await asked.desk.services.outbox.retry(None)
    return await undelivered(asked, [f"✅ {saying.counted(tried, 'message')} will be tried again."])


# -- files of rooms ----------------------------------------------------------------------------------------------------


async def files(asked: Asked, above: Line = ()) -> View:  # noqa: ARG001 - one shape for all
    """Return the form in which rooms are imported."""
    return shown.files(shown.FILES, above=above, with_file=_file_input(shown.FILES))


async def files_sent(asked: Asked) -> View:
    """Say what an import would do; asked for the same again, do it."""
    try:
        text, source, carried = await _source(asked)
        parsed = parse_csv(text)
        if asked.where.more == carried:
            return await _import(asked, text)
        report = await asked.office.rooms.import_rows(parsed, dry_run=True, by=asked.by)
    except InvalidImport as refused:
        return shown.import_refused(refused.lines or ((0, refused.message),), asked.where)
    return _checked(report, carried, text, source)


def _checked(report: ImportReport, carried: str, text: str, source: str) -> View:
    where = Where(section="import", more=carried)
    if carried.startswith(FILE):
        return shown.import_check(report, replace_section(where, "import_now"), source=source)
    return shown.import_again(report, where, source=source, typed=text)


def replace_section(where: Where, section: str) -> Where:
    """Return the same under another section's name."""
    return where.model_copy(update={"section": section})


async def import_now(asked: Asked) -> View:
    """Import the file that was checked."""
    file_id = asked.where.more.removeprefix(FILE).partition(":")[0]
    try:
        text, _ = await _read(file_id, asked)
        return await _import(asked, text)
    except InvalidImport as refused:
        return shown.import_refused(refused.lines or ((0, refused.message),), shown.FILES)


async def _import(asked: Asked, text: str) -> View:
    """Import the rooms, saying how far it has come."""

    def progress(done: int, total: int) -> None:
        asked.desk.meanwhile.report(f"Importing: {done} of {total} rooms")

    report = await asked.office.rooms.import_rows(parse_csv(text), progress=progress, by=asked.by)
    said = f"✅ Imported: {report.created} new, {report.updated} changed, {report.unchanged} as they were."
    if report.bookings_affected:
        await asked.office.rerooming.advance(asked.desk.services.clock.now())
        said += f" {saying.counted(report.bookings_affected, 'booking')} affected: their bookers are told."
    return await rooms(replace(asked, where=Where(section="rooms")), [said])


async def _source(asked: Asked) -> tuple[str, str, str]:
    """Return the text of rooms, what it is called, and how it is known again."""
    typed = asked.filled.text("csv")
    chosen = asked.filled.files("file")
    if chosen:
        text, read_as = await _read(chosen[0], asked)
        return text, f"The file, read as {read_as}" if read_as else "The file", f"{FILE}{chosen[0]}"
    if not typed.strip():
        said = "Choose a file, or paste the rooms here."
        raise InvalidSetting(said, fields={"csv": said})
    return typed, "What you pasted", hashlib.sha256(typed.encode()).hexdigest()[:16]


async def _read(file_id: str, asked: Asked) -> tuple[str, str | None]:
    """Return the text of a file, and what it was read as where it is not in UTF-8."""
    return decoded(await fetched(file_id, asked.desk, field="file", most=LARGEST_FILE))


def _file_input(where: Where) -> InputBlock:
    element = FileInputElement(action_id="file", filetypes=["csv", "txt"], max_files=1)
    return views.field("file", "A CSV file", element, where, optional=True)


async def export_rooms(asked: Asked) -> View:
    """Send the rooms as a file that can be imported again."""
    asked = await fresh(asked)
    text = await asked.office.rooms.export()
    name = "bookroom-rooms.csv"
    if not await send_file(asked.desk, name, text, about="The rooms."):
        return shown.as_text(name, text, shown.FILES, back=shown.FILES)
    return await files(asked, shown.sent_file(name))


PAGES: Mapping[str, Page] = {
    "people": people,
    "add_admin": add_admin,
    "person": person,
    "of_person": of_person,
    "erase": erase,
    "keeping": keeping,
    "channels": channels,
    "undelivered": undelivered,
    "import": files,
}
DEEDS: Mapping[str, Page] = {
    "drop_admin": drop_admin,
    "export_person": export_person,
    "drop_channel": drop_channel,
    "resume": resume,
    "retry": retry,
    "import_now": import_now,
    "export_rooms": export_rooms,
}
FORMS: Mapping[str, Page] = {
    "add_admin": add_admin_sent,
    "person": person_sent,
    "erase": erase_sent,
    "keeping": keeping_sent,
    "import": files_sent,
}
