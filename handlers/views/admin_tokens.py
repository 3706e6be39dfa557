"""Tokens of the API as pages and forms of administration; a token itself is shown once, in the modal that made it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from slack_sdk.models.blocks import Block, ButtonElement, InputBlock, UserSelectElement
from slack_sdk.models.views import View

from core import saying
from core.quiet import zone_of
from core.tokens import LONGEST_NAME, Scope, Token, TokenKind
from handlers.views import admin
from handlers.views.admin import Item, Where
from handlers.views.admin_places import OVERVIEW
from handlers.views.text import Line, bold, cut, grey, rich
from handlers.views.times import Reader

TOKENS = Where(section="tokens")
SCOPES = {
    Scope.READ: "Read: rooms, free times, bookings",
    Scope.BOOK: "Book: also book, change and cancel",
    Scope.ADMIN: "Administer: also rooms, rules and people, if the person may",
}
KINDS = {
    TokenKind.PERSONAL: "The person's own program",
    TokenKind.SERVICE: "A service that the person answers for",
}
LASTING = {"30": "30 days", "90": "90 days", "365": "A year", "never": "Until it is revoked"}
USUAL = "90"


def lasts(chosen: str | None, now: datetime) -> datetime | None:
    """Return when a token is over that lasts as long as was chosen; None for never, and for what is no choice."""
    if chosen is None or chosen not in LASTING or not chosen.isdecimal():
        return None
    return now + timedelta(days=int(chosen))


def tokens(known: Sequence[Token], where: Where, reader: Reader, *, above: Line = ()) -> View:
    """Return the list of tokens: what each is good for, whose it is, when it was used last."""
    zone = zone_of(reader.person.zone)
    items = [Item(text=_said(one, zone, reader), button=_revoke(one, number)) for number, one in enumerate(known)]
    nothing = "There are none. A program that books or reads over the HTTP API needs one."
    blocks = admin.listed(items, where, nothing=nothing)
    make = admin.go("Make a token", Where(section="make_token"))
    return admin.page("API tokens", where, blocks, back=OVERVIEW, above=above, below=[make])


def _said(one: Token, zone: tzinfo, reader: Reader) -> str:
    widest = max(one.scopes, key=list(Scope).index)
    whose = f"a service, acts as {one.person_name}" if one.kind is TokenKind.SERVICE else one.person_name
    used = f"last used {_day(one.last_used_at, zone, reader)}" if one.last_used_at else "never used"
    over = ""
    if one.expires_at:
        verb = "until" if one.good(reader.now) else "over since"
        over = f" · {verb} {_day(one.expires_at, zone, reader)}"
    return f"{cut(one.name, 100)}\n{widest.value} · {cut(whose, 120)} · {used}{over}"


def _day(moment: datetime, zone: tzinfo, reader: Reader) -> str:
    return saying.short_date(moment.astimezone(zone).date(), today=reader.now.astimezone(zone).date())


def _revoke(one: Token, number: int) -> ButtonElement | None:
    ask = ("Revoke this token?", f"Whatever uses {cut(one.name, 80)} is refused within seconds. It cannot be taken back.")
    gone = Where(section="revoke_token", id=one.id)
    return admin.do("Revoke", gone, number=number, style="danger", ask=ask, aloud=f"Revoke {cut(one.name, 60)}")


def make_token(where: Where, slack_user_id: str) -> View:
    """Return the form of a new token; whoever asks is chosen as the one for whom it acts."""
    person = UserSelectElement(action_id="person", initial_user=slack_user_id)
    blocks: list[InputBlock] = [
        admin.text("name", "What it is for", None, where, longest=LONGEST_NAME, placeholder="Door panel, 3rd floor"),
        admin.field("person", "Acts as", person, where, hint="It may do what they may, never more."),
        admin.choice("kind", "Whose", [(kind.value, label) for kind, label in KINDS.items()], None, where),
        admin.choice("scope", "Good for", [(scope.value, label) for scope, label in SCOPES.items()], None, where),
        admin.choice("lasting", "For", list(LASTING.items()), USUAL, where),
    ]
    return admin.form("Make a token", where, blocks, submit="Make", below=[admin.go("Back", TOKENS)])


def made(one: Token, secret: str) -> View:
    """Return the token itself, which is shown this once."""
    blocks: list[Block] = [
        rich(["✅ ", bold(cut(one.name, 100)), f" acts as {cut(one.person_name, 100)}:"]),
        admin.words(secret),
        grey("Copy it now: it is shown this once. Whoever has it may do what it is good for."),
    ]
    return admin.page("API token", TOKENS, blocks, back=TOKENS)
