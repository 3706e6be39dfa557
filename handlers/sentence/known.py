"""Tells which words the grammar knows: prepositions, and words that mean nothing, or nothing on their own.

Kept out: what prepositions hold together (see numerals.py and timeline.py).
"""

from __future__ import annotations

from handlers.sentence import spelling, subjects, words

PREPOSITIONS: dict[str, str] = {
    "at": "at", "@": "at", "from": "from", "between": "between", "betwen": "between", "btw": "between", "btwn": "between",
    "until": "until", "till": "until", "til": "until", "untill": "until", "unitl": "until",
    "through": "until", "thru": "until", "to": "to", "for": "for", "4": "for", "on": "on", "in": "in", "and": "and",
    "&": "and", "+": "and", "n": "and", "by": "by", "before": "before", "after": "after", "since": "since",
    "within": "within",
    "starting": "from", "starts": "from", "start": "from", "begin": "from", "begins": "from", "beginning": "from",
    "commencing": "from", "commences": "from", "during": "for",
    "kl": "at", "klo": "at", "wrapping": "until", "winding": "until", "concluding": "until", "concludes": "until",
    "tp": "to", "tto": "to",
    "ends": "until", "ending": "until", "end": "until", "finish": "until", "finishing": "until",
    "finishes": "until", "dtstart": "from", "dtend": "until", "time": "at", "fro": "for", "fr": "for",
    "ot": "to", "form": "from",
}  # fmt: skip


JOINED_TO_NUMBERS = frozenset({"x", "p", "a", "am", "pm", "st", "nd", "rd", "th", "ppl", "room", "rm", "h"})


EMPTY = words.POLITE | subjects.SUBJECTS | words.PEOPLE_KINDS | words.PEOPLE | words.GIVEN_NAMES


_KNOWN = EMPTY | words.VAGUE_TIME | words.NEGATION | spelling.NOT_MISSPELT | words.FOREIGN_TIME | frozenset(PREPOSITIONS)


def known(low: str) -> bool:
    """Whether the grammar knows the word and means nothing by it."""
    return low in _KNOWN
