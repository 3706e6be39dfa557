"""Administration of holidays: those of a location's country, days of its own, and days on which people work all the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date

from slack_sdk.models.blocks import DatePickerElement
from slack_sdk.models.views import View

from core import saying
from core.errors import InvalidSetting
from core.holidays import Day
from handlers.admin_asked import Asked, fresh
from handlers.drafts import OUT_OF_DATE, UnreadableError
from handlers.views import admin as views
from handlers.views.admin import Item, Where, id_from
from handlers.views.admin_rules import RULES
from handlers.views.text import Line, bold, cut

Page = Callable[[Asked], Awaitable[View]]
HOLIDAYS = Where(section="holidays")
YEARS = range(2000, 2101)


async def which(asked: Asked) -> View:
    """Return the question for which location; with only one, its holidays."""
    places = asked.desk.catalogue.locations
    if len(places) == 1:
        return await of_place(replace(asked, where=Where(section="holidays_of", id=places[0].id)))
    options = [(str(place.id), place.name) for place in places]
    if not options:
        return views.page("Holidays", asked.where, [views.words("There are no locations yet.")], back=RULES)
    select = views.choice("location", "Where", options, None, asked.where)
    return views.form("Holidays", asked.where, [select], submit="Next", below=[views.go("Back", RULES)])


async def which_sent(asked: Asked) -> View:
    """Return the holidays of the location that was chosen."""
    place = id_from(asked.filled.option("location"))
    return await of_place(replace(asked, where=Where(section="holidays_of", id=place)))


async def of_place(asked: Asked, above: Line = ()) -> View:
    """Return the holidays of a location in one year."""
    asked = await fresh(asked)
    place = asked.desk.catalogue.location(asked.id)
    today = asked.desk.reader.now.astimezone(place.tz).date()
    year = asked.where.version or today.year
    if year not in YEARS:
        raise UnreadableError(OUT_OF_DATE)
    where = Where(section="holidays_of", id=place.id, version=year, page=asked.where.page)
    days = await asked.office.holidays.of_year(place.id, year)
    items = [_item(one, where, number, today) for number, one in enumerate(days)]
    nothing = f"No holidays in {year}. Set the country under Rules, or add a day."
    below = [
        views.go(str(year - 1), where.model_copy(update={"version": year - 1, "page": 0})),
        views.go(str(year + 1), where.model_copy(update={"version": year + 1, "page": 0})),
        views.go("Add a day", Where(section="add_holiday", id=place.id, version=year)),
    ]
    title: Line = [bold(f"{cut(place.name, 80)}, {year}")]
    return views.page(
        "Holidays", where, views.listed(items, where, nothing=nothing), back=RULES, above=above or title, below=below
    )


def _item(one: Day, where: Where, number: int, today: date) -> Item:
    state = "closed" if one.closed else "people work"
    said = f"{saying.short_date(one.day, today=today)} · {one.name} · {state}"
    deed = "work_on" if one.closed else "close_on"
    label = "Work then" if one.closed else "Close then"
    target = Where(section=deed, id=where.id, version=where.version, more=f"{one.day.isoformat()} {one.name}")
    return Item(text=said, button=views.do(label, target, number=number, aloud=f"{label}: {one.name}"))


async def add(asked: Asked) -> View:
    """Return the form for a day of one's own."""
    picker = views.field("day", "Day", DatePickerElement(action_id="day"), asked.where)
    back = Where(section="holidays_of", id=asked.where.id, version=asked.where.version)
    name = views.text("name", "Name", None, asked.where, longest=80, placeholder="Founders' day")
    return views.form("Close on a day", asked.where, [picker, name], below=[views.go("Back", back)])


async def add_sent(asked: Asked) -> View:
    """Close a location on a day."""
    typed = asked.filled.text("day")
    if not typed:
        raise InvalidSetting("Choose a day.", fields={"day": "Choose a day."})
    return await _closed(asked, _day(typed), asked.filled.text("name"))


async def close_on(asked: Asked) -> View:
    """Close on a day after all."""
    day, _, name = asked.where.more.partition(" ")
    return await _closed(asked, _day(day), name)


async def work_on(asked: Asked) -> View:
    """Let people work on a day all the same."""
    day, _, name = asked.where.more.partition(" ")
    await asked.office.holidays.work_on(asked.id, _day(day), by=asked.by)
    return await of_place(replace(asked, where=_back(asked)), ["✅ People work on: ", bold(cut(name, 100)), "."])


async def _closed(asked: Asked, day: date, name: str) -> View:
    await asked.office.holidays.close_on(asked.id, day, name, by=asked.by)
    return await of_place(replace(asked, where=_back(asked)), ["✅ Closed: ", bold(cut(name, 100)), "."])


def _back(asked: Asked) -> Where:
    return Where(section="holidays_of", id=asked.id, version=asked.where.version)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UnreadableError(OUT_OF_DATE) from error


PAGES: Mapping[str, Page] = {"holidays": which, "holidays_of": of_place, "add_holiday": add}
DEEDS: Mapping[str, Page] = {"close_on": close_on, "work_on": work_on}
FORMS: Mapping[str, Page] = {"holidays": which_sent, "add_holiday": add_sent}
