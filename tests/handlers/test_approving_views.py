"""The words of approval without Slack or a database, and Slack's limits at their edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.models.views import View

from core.approval_deciding import Suggestion
from core.approval_rows import Request
from core.ids import new_id
from core.models import Alternative, OfferKind, Status
from handlers.replies import Message
from handlers.views import approving, bookings
from sandbox.views import problems_of
from tests.handlers.test_message_views import HUGE, LONG, NEW_YORK, NOW, accepted, at, room
from tests.handlers.test_notice_views import ANA, BASE, coming, labels, reader

OFFERS = tuple(
    Alternative(kind=OfferKind.OTHER_ROOM, room=replace(HUGE, id=new_id()), location=NEW_YORK, slot=at(n, day=26))
    for n in range(12)
)
FULL = replace(
    BASE,
    room=HUGE,
    more_rooms=(HUGE, HUGE),
    title=LONG,
    status=Status.PENDING,
    attendees=tuple(coming(ANA) for _ in range(50)),
)


def request(**facts: Any) -> Request:
    """Return what Ben asks for, held for a day, as Ana sees it."""
    whole = {
        "id": new_id(),
        "booking": replace(BASE, status=Status.PENDING),
        "asked_at": NOW,
        "expires_at": NOW + timedelta(days=1),
    }
    return Request(**{**whole, **facts})


def decided(decision: str, **facts: Any) -> Request:
    by = {"decided_by": ANA.id, "decided_by_slack": "UANA", "decided_by_name": "ana"} if decision != "expired" else {}
    return request(**{"decision": decision, "decided_at": NOW, **by, **facts})


def every_message() -> list[Message]:
    ana = reader(ANA)
    many = {"dates": 520, "last": FULL, "approved_before": FULL, "booking": FULL}
    suggestion = Suggestion(id=new_id(), booking=FULL, offer=OFFERS[0], by=ANA.id, note=LONG * 3)
    gone, stays = replace(FULL, status=Status.DECLINED), replace(FULL, status=Status.CONFIRMED)
    return [
        approving.card(request(**many), ana),
        approving.reminder(request(**many, by_right=True), ana),
        *(approving.card(decided(one, **many, reason=LONG * 3), ana) for one in ("approved", "declined", "expired")),
        approving.card(decided("withdrawn", booking=gone), ana),
        approving.overtaken(LONG * 40, request(**many), ana),
        approving.suggested(request(**many), OFFERS[0], ana),
        approving.suggestion(suggestion, "UANA", reader()),
        approving.decided(decided("approved", booking=stays), (), reader()),
        approving.decided(decided("declined", booking=stays, reason=LONG * 9), (), reader()),
        approving.decided(decided("declined", booking=gone, reason=LONG * 9), OFFERS, reader()),
        approving.decided(decided("expired", booking=replace(gone, status=Status.EXPIRED)), OFFERS, reader()),
        bookings.booked(FULL, replace(reader(), approvers=lambda _booking: (LONG,) * 30), tellable=True),
    ]


@pytest.mark.parametrize("number", range(len(every_message())))
def test_every_message_at_its_longest_is_taken_by_slack(number: int):
    assert accepted(every_message()[number]) == []


def every_form() -> list[View]:
    ana, full = reader(ANA), request(booking=FULL, dates=520, last=FULL, approved_before=FULL)
    return [
        approving.decline_form(full, ana),
        approving.suggest_form(full, OFFERS, ana),
        approving.suggest_form(full, (), ana),
    ]


@pytest.mark.parametrize("number", range(len(every_form())))
def test_every_form_at_its_longest_is_taken_by_slack(number: int):
    assert problems_of(every_form()[number].to_dict()) == []


def said(message: Message) -> list[str]:
    return message.text.split("\n")


def test_a_series_says_how_many_dates_one_answer_is_for():
    shown = approving.card(request(dates=8, last=replace(BASE, slot=at(19, day=30, month=12))), reader(ANA))
    assert said(shown)[0].endswith("14:00-15:00 (New York; 20:00-21:00 for you) and 7 more until Wed 30 Dec")
    assert "one answer is for all 8 dates." in said(shown)[-1]


def test_who_may_only_ask_is_said_to():
    shown = approving.card(request(by_right=True), reader(ANA))
    assert said(shown)[-1].startswith("They may ask for Apollo, not book it. It is held until Wed 25 Nov")


def test_what_was_approved_before_stays_or_goes_by_whether_it_lies_within():
    longer = request(booking=replace(BASE, slot=at(19, minutes=90), status=Status.PENDING), approved_before=BASE)
    assert "for 3 people; if you decline, that stays." in said(approving.card(longer, reader(ANA)))[2]
    moved = request(booking=replace(BASE, slot=at(22), status=Status.PENDING), approved_before=BASE)
    assert "if you decline, that is given up too." in said(approving.card(moved, reader(ANA)))[2]


def test_a_decision_from_the_command_line_names_nobody():
    nobody = {"decided_by": None, "decided_by_slack": None, "decided_by_name": None}
    assert said(approving.card(decided("approved", **nobody), reader(ANA)))[0].startswith("✅ Approved, Tue 24 Nov")
    told = approving.decided(decided("approved", booking=BASE, **nobody), (), reader())
    assert said(told)[0].startswith("✅ An admin approved it: Apollo is yours")


def test_what_was_declined_offers_three_rooms_and_a_search_while_it_is_ahead():
    offers = [replace(one, room=room(f"Room {n}")) for n, one in enumerate(OFFERS)]
    gone = decided("declined", booking=replace(BASE, status=Status.DECLINED))
    assert labels(approving.decided(gone, offers, reader()))[-1] == "Find a room"
    assert len(labels(approving.decided(gone, offers, reader()))) == 4
    late = replace(reader(), now=BASE.end)
    assert labels(approving.decided(gone, offers, late)) == []


NAMES = [
    ((), "until an admin approves it"),
    (("Ana",), "until Ana approves it"),
    (("Ana", "Ben"), "until Ana or Ben approves it"),
    (("Ana", "Ben", "Chloe", "Deepa"), "until Ana, Ben, Chloe or somebody else approves it"),
]


@pytest.mark.parametrize(("names", "words"), NAMES)
def test_who_has_to_approve_is_named(names: tuple[str, ...], words: str):
    assert bookings.until_approved(names) == words
