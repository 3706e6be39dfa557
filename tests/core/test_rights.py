"""Who may book, ask, override, manage and approve: from rights that are given for rooms, locations and everywhere."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from core import errors, rights
from core.catalogue import Catalogue
from core.ids import new_id
from core.models import Actor, Location, Right, Room, Wish
from core.regulations import Grant
from tests.core.office import Office, at
from tests.core.ruling import Ruling

PLACE = Location(id=new_id(), name="Berlin", zone="Europe/Berlin")
ROOM = Room(id=new_id(), name="Boardroom", location_id=PLACE.id, capacity=8)
CREW, OTHERS = new_id(), new_id()
ANA = Actor(person_id=new_id(), slack_user_id="UANA", name="ana", groups=frozenset({CREW}))
BOSS = replace(ANA, person_id=new_id(), admin=True, groups=frozenset())
SCOPES: dict[str, dict[str, UUID]] = {"all": {}, "place": {"location_id": PLACE.id}, "room": {"room_id": ROOM.id}}
HOLDERS: dict[str, dict[str, UUID]] = {
    "everybody": {},
    "ana": {"person_id": ANA.person_id},
    "crew": {"group_id": CREW},
    "others": {"group_id": OTHERS},
}


def grants(words: str) -> Catalogue:
    """Return a catalogue with rights such as "book room crew, request all everybody"."""
    given = [one.split() for one in words.split(",") if one.strip()]
    return Catalogue(
        rooms=(ROOM,),
        locations=(PLACE,),
        rights=tuple(
            Grant(id=new_id(), right=Right(right), holder=whom if whom != "everybody" else None, **SCOPES[scope],
                  **HOLDERS[whom])
            for right, scope, whom in given
        ),
    )  # fmt: skip


# What is given, and how Ana, who is of the crew, may book the room.
BOOKABLE: list[tuple[str, Right | None]] = [
    ("", Right.BOOK),
    # Rights of another kind say nothing about booking.
    ("manage room others, approve all others, override place others", Right.BOOK),
    # -- whoever is named books, nobody else ---------------------------------------------------------------------------
    ("book all everybody", Right.BOOK),
    ("book room ana", Right.BOOK),
    ("book room crew", Right.BOOK),
    ("book room others", None),
    ("request room crew", Right.REQUEST),
    ("request room others", None),
    # -- of two at one scope the better one ----------------------------------------------------------------------------
    ("request room everybody, book room crew", Right.BOOK),
    ("book room others, request room everybody", Right.REQUEST),
    # -- the nearest scope decides alone -------------------------------------------------------------------------------
    ("book all everybody, book room others", None),
    ("book room ana, book place others", Right.BOOK),
    ("book place crew, request all everybody", Right.BOOK),
    ("request place everybody, book all ana", Right.REQUEST),
    ("book place others, book all ana", None),
    # A manager is not named to book.
    ("manage room ana, book room others", None),
]


@pytest.mark.parametrize(("given", "expected"), BOOKABLE)
def test_the_nearest_scope_that_names_anybody_decides_who_books(given: str, expected: Right | None):
    catalogue = grants(given)
    assert rights.bookable_by(ANA, ROOM, catalogue) is expected
    assert (ROOM in catalogue.bookable_for(ANA)) == (expected is not None)
    assert rights.may(ANA, Right.BOOK, ROOM, catalogue) == (expected is Right.BOOK)
    assert rights.may(ANA, Right.REQUEST, ROOM, catalogue) == (expected is Right.REQUEST)
    assert rights.bookable_by(BOSS, ROOM, catalogue) is Right.BOOK
    assert catalogue.bookable_for(BOSS) == (ROOM,)


@pytest.mark.parametrize("right", [Right.OVERRIDE, Right.MANAGE, Right.APPROVE])
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("whom", HOLDERS)
def test_other_rights_add_up_over_the_scopes_and_none_includes_another(right: Right, scope: str, whom: str):
    catalogue = grants(f"{right.value} {scope} {whom}, {right.value} room others")
    assert rights.may(ANA, right, ROOM, catalogue) == (whom != "others")
    assert all(rights.may(BOSS, one, ROOM, catalogue) for one in Right)
    for other in {Right.OVERRIDE, Right.MANAGE, Right.APPROVE} - {right}:
        assert not rights.may(ANA, other, ROOM, catalogue)


def test_those_who_approve_and_manage_are_people_and_groups_of_all_scopes():
    catalogue = grants("approve room ana, approve place crew, approve all others, manage all crew")
    assert rights.approvers(ROOM, catalogue) == rights.Holders(
        people=frozenset({ANA.person_id}), groups=frozenset({CREW, OTHERS})
    )
    assert rights.managers(ROOM, catalogue).include(ANA)
    assert not rights.managers(ROOM, catalogue).include(BOSS)
    assert not rights.approvers(ROOM, grants(""))


REFUSALS = [
    ("book room others", "You cannot book Boardroom; ask an admin."),
    ("book room others, manage all ana", "You cannot book Boardroom; ana manages it."),
    ("book room others, manage room crew, manage all ana", "You cannot book Boardroom; ana and crew manage it."),
]


@pytest.mark.parametrize(("given", "sentence"), REFUSALS)
def test_the_refusal_says_who_manages_the_room(given: str, sentence: str):
    assert rights.may_not_book(ROOM, grants(given)).message == sentence


# -- with a database ---------------------------------------------------------------------------------------------------


@pytest.fixture
def ruling(office: Office) -> Ruling:
    return Ruling.of(office)


async def test_a_room_that_somebody_cannot_book_does_not_show_and_naming_it_says_who_could_help(
    office: Office, ruling: Ruling
):
    lobby, vault = await office.room("Lobby"), await office.room("Vault", seats=30)
    board = await ruling.group("Board", office.bob)
    bob = await ruling.anew(office.bob)
    await ruling.granting.give(Right.BOOK, room_id=vault.id, group_id=board.id, by=office.boss)
    await ruling.granting.give(Right.MANAGE, location_id=office.berlin.id, person_id=office.boss.person_id)

    async def found(by: Actor) -> set[str]:
        return {one.room.name for one in (await office.search.find(Wish(slot=at(10)), by=by)).free}

    assert await found(office.ana) == {"Lobby"}
    assert await found(bob) == await found(office.boss) == {"Lobby", "Vault"}
    assert await ruling.refusal(Wish(slot=at(10), room_id=vault.id), by=office.ana) == (
        "MayNotBook",
        "You cannot book Vault; boss manages it.",
    )
    # The largest that she may have is told, not the one that she may not.
    assert await ruling.refusal(Wish(slot=at(10), attendees_count=9), by=office.ana) == (
        "NothingFits",
        "No room seats 9; the largest, Lobby, seats 4.",
    )
    assert (await office.book(vault, at(10), by=bob)).room == vault
    await office.book(lobby, at(10), by=bob)
    offers = await office.search.alternatives(Wish(slot=at(10), room_id=lobby.id), by=office.ana)
    assert {offer.room.name for offer in offers} == {"Lobby"}


async def test_where_somebody_may_book_nothing_they_are_told_so(office: Office, ruling: Ruling):
    await office.room("Vault")
    await ruling.granting.give(Right.BOOK, location_id=office.berlin.id, person_id=office.bob.person_id)
    said = "There is no room in Berlin that you can book; ask an admin."
    assert await ruling.refusal(Wish(slot=at(10), location_id=office.berlin.id), by=office.ana) == ("MayNotBook", said)


async def test_a_right_is_given_once_taken_back_and_noted(office: Office, ruling: Ruling):
    vault = await office.room("Vault")
    first = await ruling.granting.give(Right.BOOK, room_id=vault.id, person_id=office.bob.person_id, by=office.boss)
    again = await ruling.granting.give(Right.BOOK, room_id=vault.id, person_id=office.bob.person_id)
    assert first == again
    (given,) = await ruling.granting.all()
    assert (given.right, given.holder, given.scope) == (Right.BOOK, "bob", vault.id)

    await ruling.granting.take(first, by=office.boss)
    await ruling.granting.take(first)

    assert await ruling.granting.all() == ()
    entries = [one for one in await ruling.audit.entries() if one.subject == "right"]
    assert [(one.action, one.actor_name, one.name) for one in entries] == [
        ("taken", "boss", "book: Vault"),
        ("given", "boss", "book: Vault"),
    ]
    assert entries[1].after == {"right": "book", "scope": "Vault", "holder": "bob"}


async def test_rights_that_cannot_be_meant_are_refused(office: Office, ruling: Ruling):
    vault = await office.room("Vault")
    crew = await ruling.group("Crew")
    with pytest.raises(errors.InvalidSetting, match="Name a location or a room, not both"):
        await ruling.granting.give(Right.BOOK, room_id=vault.id, location_id=office.berlin.id)
    with pytest.raises(errors.InvalidSetting, match="a person or to a group"):
        await ruling.granting.give(Right.BOOK, person_id=office.bob.person_id, group_id=crew.id)
    with pytest.raises(errors.InvalidSetting, match="Name who approves"):
        await ruling.granting.give(Right.APPROVE, room_id=vault.id)
    with pytest.raises(errors.PersonNotFound):
        await ruling.granting.give(Right.BOOK, person_id=new_id())
    with pytest.raises(errors.InvalidSetting, match="does not exist"):
        await ruling.granting.give(Right.BOOK, group_id=new_id())
    with pytest.raises(errors.RoomNotFound):
        await ruling.granting.give(Right.BOOK, room_id=new_id())
    assert await ruling.granting.all() == ()
