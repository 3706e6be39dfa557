"""One's own API tokens: the list, the form of a new one, and the token itself, which is shown once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from slack_sdk.models.blocks import (
    Block,
    ConfirmObject,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from core import saying
from core.quiet import zone_of
from core.tokens import LONGEST_NAME, Scope, Token
from handlers.ids import Action, Callback, Field
from handlers.views import buttons
from handlers.views.admin_tokens import LASTING, SCOPES, USUAL
from handlers.views.text import Line, bold, code, cut, grey, rich
from handlers.views.times import Reader

# Whoever has more revokes some before the others are seen.
MOST_SHOWN = 40


def opener() -> list[Block]:
    """Return the row of the settings that leads to one's tokens."""
    aloud = "Look at your API tokens, with which programs act as you"
    return [*buttons.rows([buttons.button("API tokens", Action.OPEN_TOKENS, aloud=aloud)])]


def tokens(known: Sequence[Token], reader: Reader, *, above: Line = ()) -> View:
    """Return the list; `above` says what was just done."""
    shown: list[Block] = [_one(one, number, reader) for number, one in enumerate(known[:MOST_SHOWN])]
    if len(known) > MOST_SHOWN:
        shown.append(grey(f"And {len(known) - MOST_SHOWN} more: revoke some of these to see them."))
    nothing = grey("You have none. A program that books or reads for you over the HTTP API needs one.")
    return View(
        type="modal",
        callback_id=Callback.TOKENS.value,
        title="Your API tokens",
        close="Back",
        blocks=[
            *([rich(above)] if above else []),
            *(shown or [nothing]),
            *buttons.rows([buttons.button("Make a token", Action.MAKE_TOKEN)]),
        ],
    )


def make(scopes: Iterable[Scope]) -> View:
    """Return the form of a new token; `scopes` are those that can be chosen."""
    name = PlainTextInputElement(action_id=Field.TOKEN_NAME.value, max_length=LONGEST_NAME)
    return View(
        type="modal",
        callback_id=Callback.TOKEN.value,
        title="Make a token",
        submit="Make",
        close="Back",
        blocks=[
            InputBlock(
                block_id=Field.TOKEN_NAME.value, label="What it is for", element=name, hint="So that you know it again."
            ),
            _choice(Field.TOKEN_SCOPE, "Good for", [(scope.value, SCOPES[scope]) for scope in scopes], Scope.READ.value),
            _choice(Field.TOKEN_LASTING, "For", list(LASTING.items()), USUAL),
        ],
    )


def made(one: Token, secret: str) -> View:
    """Return the token itself."""
    return View(
        type="modal",
        callback_id=Callback.MESSAGE.value,
        title="Your API token",
        close="Done",
        blocks=[
            rich(["✅ ", bold(cut(one.name, 100)), " acts as you:"], [code(secret)]),
            grey("Copy it now: it is shown this once. Whoever has it may do for you what it is good for."),
        ],
    )


def _one(one: Token, number: int, reader: Reader) -> SectionBlock:
    confirm = ConfirmObject(
        title=PlainTextObject(text="Revoke this token?"),
        text=PlainTextObject(text=cut(f"Whatever uses {one.name} is refused within seconds. It cannot be taken back.", 300)),
        confirm=PlainTextObject(text="Revoke"),
        deny=PlainTextObject(text="Keep it"),
        style="danger",
    )
    revoke = buttons.button(
        "Revoke",
        Action.REVOKE_TOKEN.nth(number),
        str(one.id),
        style="danger",
        confirm=confirm,
        aloud=f"Revoke {cut(one.name, 60)}",
    )
    return SectionBlock(text=PlainTextObject(text=_said(one, reader), emoji=False), accessory=revoke)


def _said(one: Token, reader: Reader) -> str:
    zone = zone_of(reader.person.zone)
    today = reader.now.astimezone(zone).date()
    widest = max(one.scopes, key=list(Scope).index)
    parts = [widest.value]
    if one.last_used_at:
        parts.append(f"last used {saying.short_date(one.last_used_at.astimezone(zone).date(), today=today)}")
    else:
        parts.append("never used")
    if one.expires_at:
        verb = "until" if one.good(reader.now) else "over since"
        parts.append(f"{verb} {saying.short_date(one.expires_at.astimezone(zone).date(), today=today)}")
    return f"{cut(one.name, 100)}\n{' · '.join(parts)}"


def _choice(field: Field, label: str, known: Sequence[tuple[str, str]], usual: str) -> InputBlock:
    options = [Option(value=value, text=PlainTextObject(text=cut(said, 75), emoji=False)) for value, said in known]
    chosen = next(option for option in options if option.value == usual)
    select = StaticSelectElement(action_id=field.value, options=options, initial_option=chosen)
    return InputBlock(block_id=field.value, label=label, element=select)
