"""Rewrites the person's own sentence for the buttons under a question: a piece left out, or one put in another's place.

Kept out: sentences made from scratch (see render.py).
"""

from __future__ import annotations

from handlers.sentence.tokens import Token

_DANGLING = frozenset(
    {"with", "w/", "and", "or", "plus", "needs", "need", "a", "an", "the", "+", "&", ",", "has", "having", "/"}
)


def joined(tokens: list[Token]) -> str:
    """Return tokens as text, with the gaps that they had."""
    return "".join(
        (" " if t.space and n else "") + t.text for n, t in enumerate(t for t in tokens if t.kind != "end")
    ).strip()


def replaced(tokens: list[Token], i: int, j: int, text: str) -> str:
    """Return the sentence with tokens i to j replaced by `text`."""
    return " ".join(part for part in (joined(tokens[:i]), text, joined(tokens[j:])) if part)


def without(tokens: list[Token], i: int, j: int) -> str:
    """Return the sentence without tokens i to j and the "with" or "and" that held them."""
    while i > 0 and tokens[i - 1].low in _DANGLING:
        i -= 1
    dropped = tokens[i:j]
    rest = tokens[j:]
    while rest and rest[0].low in ("and", ",", "&", "+") and any(t.low in ("with", "w/", "needs", "need") for t in dropped):
        rest = [_with(), *rest[1:]]
        break
    return " ".join(part for part in (joined(tokens[:i]), joined(rest)) if part)


def _with() -> Token:
    return Token("word", "with", "with", 0, 0, space=True)
