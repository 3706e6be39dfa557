"""People as Slack tells of them, who is an admin, and the catalogue that is read once for everybody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core import errors
from core.catalogue import Catalogues
from core.ids import new_id
from core.people import Profile
from core.rooms import RoomRow, Rooms
from core.telling import SILENT
from tests.core.office import Office, at


async def test_a_person_is_the_same_person_whatever_slack_says_later(office: Office):
    first = await office.people.seen(Profile(slack_team_id="T1", slack_user_id="U7", name="Kim", zone="Asia/Seoul"))
    again = await office.people.seen(
        Profile(slack_team_id="T1", slack_user_id="U7", name="Kim Lee", zone="Europe/Oslo", locale="nb-NO", guest=True)
    )
    assert again == replace(first, name="Kim Lee", zone="Europe/Oslo", locale="nb-NO", guest=True)
    assert await office.people.get(first.id) == again
    elsewhere = await office.people.seen(Profile(slack_team_id="T2", slack_user_id="U7", name="Kim"))
    assert elsewhere.id != first.id


async def test_seeing_the_same_again_writes_nothing(office: Office):
    profile = Profile(slack_team_id="T1", slack_user_id="U7", name="Kim")
    await office.people.seen(profile)
    version = "SELECT xmin::text || ctid::text FROM people WHERE slack_user_id = 'U7'"
    before = await office.count(version)
    await office.people.seen(profile)
    assert await office.count(version) == before


async def test_people_who_are_mentioned_are_noted_until_slack_says_more(office: Office):
    noted = await office.people.mentioned("T1", ["Unew", "Uana", "Unew"])
    assert noted == (noted[0], office.ana.person_id)
    assert (await office.people.get(noted[0])).name == "Unew"
    assert await office.people.mentioned("T1", ["Uana", "Unew"]) == noted[::-1]
    assert await office.people.mentioned("T1", []) == ()
    seen = await office.people.seen(Profile(slack_team_id="T1", slack_user_id="Unew", name="Noor"))
    assert (seen.id, seen.name) == (noted[0], "Noor")


@pytest.mark.race
async def test_sentences_that_name_the_same_new_people_at_once_agree_on_them(office: Office):
    names = [f"U{number}" for number in range(20)]
    answers = await asyncio.gather(*(office.people.mentioned("T9", names[n:] + names[:n]) for n in range(20)))
    assert all(
        dict(zip(names[n:] + names[:n], a, strict=True)) == dict(zip(names, answers[0], strict=True))
        for n, a in enumerate(answers)
    )
    assert await office.count("SELECT count(*) FROM people WHERE slack_team_id = 'T9'") == 20


async def test_admins_are_slacks_own_and_those_who_were_made(office: Office):
    made = await office.people.make_admin("T1", "Ubob")
    await office.people.make_admin("T1", "Ubob")
    assert made.admin
    assert [person.name for person in await office.people.admins()] == ["bob", "boss"]
    assert await office.people.dismiss_admin("T1", "Ubob")
    assert not await office.people.dismiss_admin("T1", "Ubob")
    assert not await office.people.dismiss_admin("T1", "Uboss")
    assert [person.name for person in await office.people.admins()] == ["boss"]


async def test_the_last_admin_stays_one_whoever_takes_the_right_back(office: Office):
    await office.people.make_admin("T1", "Ubob")
    await office.people.make_admin("T1", "Uana")
    await office.people.seen(Profile(slack_team_id="T1", slack_user_id="Uboss", name="boss"))
    bob, ana = [await office.people.get(one.person_id) for one in (office.bob, office.ana)]

    said = await asyncio.gather(
        office.people.dismiss_admin("T1", "Uana", by=bob.acting()),
        office.people.dismiss_admin("T1", "Ubob", by=ana.acting()),
        return_exceptions=True,
    )

    (refusal,) = [one for one in said if one is not True]
    assert isinstance(refusal, errors.InvalidSetting)
    assert refusal.message == "Nobody would be left who can administrate Bookroom. Make somebody else an admin first."
    (left,) = await office.people.admins()
    with pytest.raises(errors.InvalidSetting):
        await office.people.dismiss_admin("T1", left.slack_user_id, by=left.acting())
    # An owner in Slack always can, and so can the command line.
    await office.people.seen(Profile(slack_team_id="T1", slack_user_id="Uboss", name="boss", admin=True))
    assert await office.people.dismiss_admin("T1", left.slack_user_id, by=left.acting())


async def test_a_usual_place_is_kept_when_slack_tells_news(office: Office):
    await office.people.settle(office.ana.person_id, location_id=office.tokyo.id)
    await office.people.seen(Profile(slack_team_id="T1", slack_user_id="Uana", name="Ana B"))
    assert (await office.people.get(office.ana.person_id)).default_location_id == office.tokyo.id
    await office.people.settle(office.ana.person_id, location_id=None)
    assert (await office.people.get(office.ana.person_id)).default_location_id is None
    with pytest.raises(errors.LocationNotFound):
        await office.people.settle(office.ana.person_id, location_id=new_id())


async def test_strangers_are_not_found(office: Office):
    with pytest.raises(errors.PersonNotFound):
        await office.people.get(new_id())


async def test_somebody_unknown_cannot_book(office: Office):
    with pytest.raises(errors.PersonNotFound):
        await office.book(await office.room("Apollo"), at(10), by=replace(office.ana, person_id=new_id()))


async def test_slack_teams_of_one_tenant_are_listed(office: Office):
    await office.people.team("T1", name="One")
    await office.people.team("T2", enterprise_id="E1")
    await office.people.team("T1", name="Renamed")
    assert await office.people.teams() == ("T1", "T2")


# -- the catalogue -----------------------------------------------------------------------------------------------------


class Counting:
    """Counts how often the catalogue is read from the database."""

    def __init__(self, db: Any) -> None:
        self._db = db
        self.telling = SILENT
        self.reads = 0
        self.broken = False

    async def read_here(self, work: Any) -> Any:
        self.reads += 1
        if self.broken:
            raise errors.Unavailable("No answer.")
        return await self._db.read_here(work)


async def test_one_read_serves_everybody_who_waits_for_it(office: Office):
    db = Counting(office.db)
    catalogues = Catalogues(db, fresh_seconds=3600)  # type: ignore[arg-type]
    answers = await asyncio.gather(*(catalogues.current() for _ in range(50)))
    assert db.reads == 1
    assert all(answer is answers[0] for answer in answers)
    assert await catalogues.current() is answers[0]


async def test_a_stale_or_forgotten_catalogue_is_read_again(office: Office):
    db = Counting(office.db)
    always = Catalogues(db, fresh_seconds=0)  # type: ignore[arg-type]
    await always.current()
    await always.current()
    assert db.reads == 2
    kept = Catalogues(db, fresh_seconds=3600)  # type: ignore[arg-type]
    await kept.current()
    kept.forget()
    await kept.current()
    assert db.reads == 4


async def test_one_impatient_asker_does_not_end_the_read_for_the_others(office: Office):
    db = Counting(office.db)
    catalogues = Catalogues(db, fresh_seconds=3600)  # type: ignore[arg-type]
    impatient, patient = asyncio.create_task(catalogues.current()), asyncio.create_task(catalogues.current())
    await asyncio.sleep(0)
    impatient.cancel()
    await patient
    assert impatient.cancelled()
    assert db.reads == 1


async def test_a_failed_read_is_not_remembered(office: Office):
    db = Counting(office.db)
    catalogues = Catalogues(db, fresh_seconds=3600)  # type: ignore[arg-type]
    db.broken = True
    with pytest.raises(errors.Unavailable):
        await catalogues.current()
    db.broken = False
    assert len((await catalogues.current()).locations) == 2


async def test_a_catalogue_forgotten_while_it_is_read_is_not_kept(office: Office):
    await Rooms(office.db, office.catalogues).import_rows([RoomRow(name="Apollo", location="Berlin", capacity=4)])
    reading = asyncio.create_task(office.catalogues.current())
    await asyncio.sleep(0)
    office.catalogues.forget()
    await office.room("Zeus")
    await reading
    assert [room.name for room in (await office.catalogues.current()).rooms] == ["Apollo", "Zeus"]


async def test_the_catalogue_finds_rooms_places_and_amenities(office: Office):
    apollo = await office.room("Apollo", has=["tv"])
    cellar = await office.room("Cellar", has=["sauna"], active=False, place=office.tokyo)
    catalogue = await office.catalogues.current()
    assert catalogue.rooms == (apollo, cellar)
    assert catalogue.bookable == (apollo,)
    assert catalogue.amenities == {"tv"}
    assert catalogue.rooms_at(office.tokyo.id) == ()
    assert catalogue.place_of(cellar) == office.tokyo
    with pytest.raises(errors.RoomNotFound):
        catalogue.room(new_id())
    with pytest.raises(errors.LocationNotFound):
        catalogue.location(new_id())
    assert timedelta(minutes=catalogue.policy(apollo).longest_minutes) == timedelta(hours=12)
