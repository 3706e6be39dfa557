"""Looks up phrases of several words in a sentence, by their first word so that long lists of phrases cost little.

Kept out: the phrases, which stand where they mean something.
"""

from __future__ import annotations

from handlers.sentence.tokens import Token

Phrases = dict[str, tuple[tuple[str, ...], ...]]


def phrases(text: str) -> Phrases:
    """Return the phrases of a list with commas between them, by their first word, longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sorted({tuple(part.split()) for part in text.split(",")}, key=lambda p: (-len(p), p)):
        found.setdefault(phrase[0], []).append(phrase)
    return {first: tuple(group) for first, group in found.items()}


def behind(table: Phrases, ts: list[Token], i: int) -> int:
    """Return the index behind the longest phrase at token i, hyphens between its words passed over, or 0."""
    for phrase in table.get(ts[i].low, ()):
        j = i
        for n, word in enumerate(phrase):
            j += n > 0 and ts[j].low == "-" != word
            if ts[j].low != word:
                break
            j += 1
        else:
            return j
    return 0


def said(table: Phrases, ts: list[Token]) -> bool:
    """Whether one of the phrases stands somewhere in the sentence."""
    return any(t.low in table and behind(table, ts, i) for i, t in enumerate(ts))
