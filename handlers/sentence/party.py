"""Adds people up: "three attorneys and a paralegal", "me, Ana and two clients", "two teams of four", "6 reps plus me".

Kept out: single headcounts (see people.py), and numbers without people.
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0911
# word lists read better as text; matchers return from the first form that fits

from __future__ import annotations

from handlers.sentence import names, nouns, roles, words
from handlers.sentence.items import Item
from handlers.sentence.numbers import whole
from handlers.sentence.terms import JOINS, SELF, VERBS, Single, Term, by_trade, further, term_at
from handlers.sentence.tokens import Token

_MOST_TERMS = 12  # of a list of people; a longer one is asked about, and would take long to read from each of its parts
_SIDES = frozenset("side end team office part camp org company firm department dept group".split())
_ANYBODY = frozenset(
    "people persons attendees participants guests nos folks members humans individuals bodies heads ppl folk pax"
    " colleagues coworkers employees staff".split()
)
_MEETS = frozenset(
    "meeting metting mtg meet chat yarn coffee catchup catch-up up down lunch session sync pairing 1:1 talk touchbase one"
    " discussion conversation breakfast tea meeting".split()
)
_CHATS = frozenset("chat yarn coffee catchup lunch breakfast tea one 1:1 pairing natter chinwag".split())
_BEYOND = tuple(
    tuple(text.split())
    for text in (
        "not counting, excluding, excl ., excl, minus, not incl, not incl ., besides, apart from, not including, in"
        " addition to, other than, on top of, aside from"
    ).split(", ")
)
_OURS = frozenset({"us", "them", "ours", "theirs"})


def named(ts: list[Token], i: int, counted: Single) -> Item | None:
    """Return the `count` of a list that starts with a name at token i and has its writer in it: "Ana, Tanaka-san and me"."""
    j = names.name(ts, i)
    if not j or (ts[i].line and ts[j].low == "," and j == i + 1 and ts[i].low not in words.GIVEN_NAMES):
        return None  # the first word of all may be what the meeting is called: "Bila, my lead and I"
    terms = _rest(ts, Term(1, j, "name"), counted, loosely=True)
    return _summed(ts, i, terms, with_lead=False) if any(term.kind == "self" for term in terms) else None


def match(ts: list[Token], i: int, counted: Single) -> Item | None:
    """Return the `count` of a sum of people at token i, or None; `counted` reads a single headcount."""
    if ts[i].low in ("and", "&", "plus", "+") and ts[i + 1].low in SELF:
        return _names_before(ts, i)
    lead = i
    with_lead = ts[i].low in ("with", "w/")
    i += with_lead
    first = by_trade(ts, i) or term_at(ts, i, counted)
    if first is None:
        return None
    with_writer = any(t.low in SELF or t.low == "undersigned" for t in ts[i : i + 80])
    terms = _rest(ts, first, counted, loosely=with_writer)
    if with_writer and not any(term.kind == "self" for term in terms):
        terms = _rest(ts, first, counted, loosely=False)
    return _summed(ts, lead, terms, with_lead=with_lead)


def _joined(ts: list[Token], terms: list[Term], counted: Single) -> tuple[int, int, bool]:
    """(Where the next term would start, how many words join it, whether only a comma does) behind the last term."""
    terms[-1].j = _origin(ts, terms[-1])
    j = terms[-1].j
    comma = ts[j].low == ","
    joins = 0
    while (ts[j].low in JOINS or (ts[j].low == "an" and ts[j + 1].value is not None)) and joins < 2:
        comma = comma and ts[j].low == ","
        j, joins = j + 1, joins + 1
    j += joins > 0 and (ts[j].low == "then" or (ts[j].low == "for" and ts[j + 1].low in SELF))
    if ts[j].low in ("also", "another") and joins and ts[j + 1].kind != "end" and ts[j].low == "also":
        j += 1
    joins += not joins and ts[j].kind == "mention" == ts[j - 1].kind
    if not joins and _two_kinds(ts, terms[-1], counted):
        joins, comma = 1, True
    if not joins and terms[-1].kind in ("self", "name") and ts[j].low in words.GIVEN_NAMES and ts[j].text.islower():
        joins, comma = 1, True  # "me raj and priya"
    if not joins and ts[j].low == "with" and terms[0].kind == "self":
        joins, j = 1, j + 1
    return j, joins, comma


def _rest(ts: list[Token], first: Term, counted: Single, *, loosely: bool) -> list[Term]:
    """The first term and those joined to it; a comma joins only where an "and" follows in the same list.

    `loosely` takes bare roles behind commas for people: "chair, secretary and me".
    """
    terms = [first]
    sure = 1
    while len(terms) <= _MOST_TERMS:
        j, joins, comma = _joined(ts, terms, counted)
        term = (further(ts, j, terms, comma=comma) or term_at(ts, j, counted)) if joins else None
        if term is not None and term.kind == "loose" and comma and not (loosely or any(t.kind == "self" for t in terms)):
            term = None
        if term is None or (term.kind == "bare" and (comma or not _bare_fits(ts, terms, term))):
            break
        if comma and len(terms) == 1 and first.kind == "loose" and not loosely:
            break  # "discussion with client, 3 people"
        if comma and term.kind == "self" and all(t.kind in ("tagged", "side") for t in terms):
            comma = False  # "legal (2), finance (3), me"
        terms.append(term)
        if not comma or _side_by_side(ts, terms):
            sure = len(terms)
    if len(terms) > _MOST_TERMS:
        return [first]
    if len(terms) > sure and not (
        terms[0].kind == "self" and all(t.kind in ("name", "one", "mention", "loose") for t in terms[1:])
    ):
        terms = terms[:sure]
    return terms


def _origin(ts: list[Token], term: Term) -> int:
    """The index behind "from our side", "from the client" where the list goes on behind it, or where it was."""
    j = term.j
    if term.kind not in ("firm", "side") or ts[j].low not in ("from", "on"):
        return j
    k = j + 1 + (ts[j + 1].low in ("the", "our", "their", "my", "your"))
    if ts[k].kind != "word" or nouns.dated(ts[k]) or ts[k].value is not None or ts[k].low in words.NAMED_CLOCKS:
        return j
    k += 1 + (ts[k + 1].low in _SIDES)
    joined = ts[k].low in JOINS and (ts[k + 1].value is not None or ts[k + 1].low in SELF)
    led = j + 1 < k and ts[j + 1].low in ("our", "their", "theirs", "ours", "us", "them")
    return k if joined or (led and ts[j].low == "from") else j


def _side_by_side(ts: list[Token], terms: list[Term]) -> bool:
    """ "3 engineers, 2 designers" are five people; "6 people, 2 guests" may be six."""
    if all(t.kind == "one" for t in terms[-2:]) and ts[terms[-2].j + 1].low in ("one", "1"):
        return True  # "one attorney, one witness, one court reporter"
    if all(t.kind == "tagged" for t in terms[-2:]):
        return True
    last = {ts[term.j - 1].low for term in terms[-2:]}
    if any(t.low == "from" for t in ts[terms[0].j - 3 : terms[-1].j]) or last <= {"side", "ours", "theirs"}:
        return all(t.kind in ("firm", "side") for t in terms[-2:])
    return len(last) == 2 and all(t.kind == "firm" for t in terms[-2:]) and last <= (roles.PLURAL - _ANYBODY) | _OURS


def _two_kinds(ts: list[Token], term: Term, counted: Single) -> bool:
    """ "4 adults 2 kids" are six, "5 of them 3 of us" eight."""
    if term.kind == "firm" and ts[term.j - 1].low in roles.TRADES and (number := whole(ts, term.j)):
        return ts[number[1]].low in roles.TRADES
    if term.kind == "firm" and ts[term.j - 1].low in _OURS:
        also = counted(ts, term.j)
        return also is not None and also.kind == "count" and ts[also.j - 1].low in _OURS - {ts[term.j - 1].low}
    if term.kind != "firm" or ts[term.j - 1].low not in roles.PLURAL - _ANYBODY:
        return False
    found = counted(ts, term.j)
    return found is not None and found.kind == "count" and ts[found.j - 1].low in roles.PLURAL - _ANYBODY


def _bare_fits(ts: list[Token], terms: list[Term], term: Term) -> bool:
    """Whether a number without people counts people: "me + 4", "4 + me"."""
    if nouns.timely(ts, term.j):
        return False
    if any(t.kind in ("self", "mention") for t in terms):
        return True
    ends = ts[term.j].kind in ("end", "punct") or ts[term.j].low in words.WEEKDAYS or ts[term.j].low in ("at", "on", "in")
    return ts[term.j - 2].low in ("+", "plus") and terms[-1].kind == "firm" and term.n < 10 and ends  # "4 pax + 1"


def _summed(ts: list[Token], i: int, terms: list[Term], *, with_lead: bool) -> Item | None:
    kinds = {term.kind for term in terms}
    total, j = sum(term.n for term in terms), terms[-1].j
    if kinds <= {"mention"} and ts[j].low == "only":
        return Item("count", total, i, j + 1, note="sum")
    if kinds <= {"mention"} or (len(terms) == 1 and kinds <= {"one", "name", "bare"} and not with_lead):
        return None
    if kinds == {"bare"} or ("bare" in kinds and not kinds & {"self", "mention", "firm"}):
        return None
    if len(terms) == 1 and terms[0].kind == "side":
        return Item("count", total, i, j, note="sum")
    if len(terms) == 1 and with_lead and _face_to_face(ts, i, terms[0]):
        return Item("count", 2, i, j, note="sum")
    if len(terms) == 1:
        if "self" in kinds or not with_lead or not _theirs(terms[0], ts):
            return None
        return Item("count", total + 1, i, j)
    if not kinds & {"firm", "side", "self", "tagged"} and not _attendance(ts, i, terms):
        return None
    others = any(term.others for term in terms)
    among = any(ts[term.j - 1].low in ("us", "ours", "ourselves") for term in terms)
    if "self" not in kinds and not among and (with_lead or others):
        total += 1
    total += _named_before(ts, i, terms)
    return Item("count" if total >= 1 else "badcount", total, i, j, note="sum")


def _attendance(ts: list[Token], i: int, terms: list[Term]) -> bool:
    """Three single people and more, each with an article, are who comes, unless they are talked about or one is missing."""
    topical = any(ts[n].low in nouns.TOPICAL for n in range(max(0, i - 3), i))
    return len(terms) > 2 and not topical and all(term.kind in ("one", "name", "loose") for term in terms)


def _named_before(ts: list[Token], i: int, terms: list[Term]) -> int:
    """How many are named right before a sum: "Priya + 2 from finance", "Dr. Osei and two residents"."""
    n, k = 0, i - 1
    while k >= 1 and ts[k].low in JOINS and ts[k].low != "," and nouns.person(ts, k - 1):
        titled = (
            ts[k - 2].low in names.TITLES or (ts[k - 2].low == "." and ts[k - 3].low in names.TITLES) if k > 1 else False
        )
        if not (titled or ts[k - 1].low in words.GIVEN_NAMES or any(term.kind == "self" for term in terms)):
            break
        n, k = n + 1, k - 2
    return n if terms[0].kind in ("firm", "side", "tagged") and not any(term.others for term in terms) else 0


def _face_to_face(ts: list[Token], i: int, term: Term) -> bool:
    """ "Quick chat with Sam" is two people; a call may be one at each end, and an interview may have a panel."""
    after = ts[term.j]
    if (
        after.kind == "word"
        and after.text[0].isupper()
        and ts[term.j - 1].low in words.GIVEN_NAMES
        and nouns.person_like(after)
    ):
        after = ts[term.j + 1]  # a surname
    alone = after.low not in (*JOINS, "'", "from", "or", "/") and not (after.kind == "word" and after.text[0].isupper())
    company = ts[term.j - 1].low not in words.GIVEN_NAMES and ts[i - 1].low not in _CHATS
    return (
        term.kind == "name"
        and i > 0
        and ts[i - 1].low in _MEETS
        and not company
        and (alone or after.kind == "end" or after.low == ",")
    )


def _theirs(term: Term, ts: list[Token]) -> bool:
    """ "With four colleagues" leaves out who writes; "with four people" may not."""
    return term.kind == "firm" and (
        term.others or ts[term.j - 1].low in roles.BELONGING or ts[term.j - 1].low in words.OTHERS
    )


def _names_before(ts: list[Token], i: int) -> Item | None:
    """Anna and I: everybody named before "and", and the person who writes."""
    if names.behind_two(ts, i) and ts[i + 1].low != "i":
        return Item("count", 2, i, i + 2, note="sum")
    n, k = 0, i - 1
    verb = ts[i + 1].low == "i" and ts[i + 2].low in VERBS
    while k >= 0 and (nouns.person(ts, k) or ts[k].low == "you" or (ts[k].low in roles.SINGULAR and ts[k].low != "person")):
        n += 1
        k -= 1
        if k >= 0 and ts[k].low in JOINS:
            k -= 1
        elif not (k >= 0 and ts[k].low in words.GIVEN_NAMES and ts[k].text.islower() and ts[k + 1].text.islower()):
            break
    if k >= 0 and ts[k].low in ("is", "am", "i'm", "im", "called", "named", "name", "me"):
        return None  # "my name is Karen and I work upstairs"
    titled = ts[k + 1].low in names.TITLES or (
        k >= 0 and (ts[k].low in names.TITLES or (ts[k].low == "." and ts[k - 1].low in names.TITLES))
    )
    if verb and not titled and k >= 0 and not (ts[k].kind == "punct" and ts[k].low in (".", "!", "?", ":", "-")):
        return None  # "for Ana and I need a tv"
    if n and k > 0 and ts[k].low in names.TITLES and ts[k - 1].low in ("and", "&") and ts[k - 2].low in names.TITLES:
        n += 1  # "Mr and Mrs Patel"
    return Item("count", n + 1, i, i + 2, note="sum") if n else None


def beyond(ts: list[Token], item: Item) -> Item:
    """Return the count with the writer added where the words say so: "6 people not counting me"."""
    j = item.j + (ts[item.j].low in (",", "("))
    for phrase in _BEYOND:
        if all(ts[j + n].low == word for n, word in enumerate(phrase)):
            k = j + len(phrase)
            if ts[k].low in SELF:
                return Item(item.kind, item.value + 1, item.i, k + 1, note=item.note)
    return item


def with_named(ts: list[Token], item: Item) -> Item:
    """Return a single headcount with those named right before it: "Dr. Osei and two residents" are three."""
    if item.note or item.kind != "count" or item.value > 30:
        return item
    return Item("count", item.value + _named_before(ts, item.i, [Term(item.value, item.j, "firm")]), item.i, item.j)


__all__ = ["SELF", "beyond", "match", "named", "with_named"]
