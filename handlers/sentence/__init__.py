"""Understands sentences like "tomorrow 2-3:30pm for 6 with projector": pure, deterministic, without a network.

Kept out: Slack, the database, the clock (it comes in as `now`).
"""

from handlers.sentence.away import Away, Stretch, read_away
from handlers.sentence.days import warm
from handlers.sentence.explain import explain
from handlers.sentence.model import Assumption, Book, Fragment, Option, Reading, Refusal, Trouble
from handlers.sentence.read import read, read_part
from handlers.sentence.record import from_jsonl, to_record

__all__ = [
    "Assumption",
    "Away",
    "Book",
    "Fragment",
    "Option",
    "Reading",
    "Refusal",
    "Stretch",
    "Trouble",
    "explain",
    "from_jsonl",
    "read",
    "read_away",
    "read_part",
    "to_record",
    "warm",
]
