"""Adds people up: "three attorneys and a paralegal", "me, Ana and two clients", "two teams of four", "6 reps plus me".

Kept out: single headcounts (see people.py), and numbers without people.
"""

# ruff: noqa: SIM905
# ruff: noqa: PLR0911
# word lists read better as text; matchers return from the first form that fits

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from handlers.sentence import names, nouns, roles, subjects, words
from handlers.sentence.items import Item
from handlers.sentence.numbers import whole
from handlers.sentence.tokens import Token

SELF = frozenset({"me", "myself", "i", "moi", "meself"})
_JOINS = frozenset({"and", "&", "+", "plus", ",", "n", "+-"})
_PRONOUNS = frozenset({"him", "her", "he", "she"})
_DETERMINERS = frozenset(
    {"a", "an", "one", "1", "another", "my", "our", "the", "his", "her", "their", "some", "1x", "your", "its"}
)
_OWNERS = frozenset({"my", "our", "the", "these", "those", "all", "both", "his", "her", "their", "your"})
_SIDES = frozenset("side end team office part camp org company firm department dept group".split())
_VERBS = frozenset(
    "need want would am will have can are shall could may might should must also just think know was do don't really had"
    " hope guess believe prefer wish like love require wanted needed meant mean only still forgot hate understand".split()
)
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
Single = Callable[[list[Token], int], Item | None]


@dataclass(slots=True)
class Term:
    """One part of a sum: how many, up to which token, and what kind: firm, side, one, self, mention, name, loose or bare."""

    n: int
    j: int
    kind: str
    others: bool = False


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
    first = _term(ts, i, counted)
    if first is None:
        return None
    if first.kind == "bare" and ts[first.j].low in roles.TRADES - {"am", "pm"} and ts[first.j + 1].low in _JOINS:
        first = Term(first.n, first.j + 1, "firm")  # "2 SWE and 1 EM"
    terms = _rest(ts, first, counted, loosely=True)
    if not any(term.kind == "self" for term in terms):
        terms = _rest(ts, first, counted, loosely=False)
    return _summed(ts, lead, terms, with_lead=with_lead)


def _rest(ts: list[Token], first: Term, counted: Single, *, loosely: bool) -> list[Term]:
    """The first term and those joined to it; a comma joins only where an "and" follows in the same list.

    `loosely` takes bare roles behind commas for people: "chair, secretary and me".
    """
    terms = [first]
    sure = 1
    while True:
        terms[-1].j = _origin(ts, terms[-1])
        j = terms[-1].j
        comma = ts[j].low == ","
        joins = 0
        while (ts[j].low in _JOINS or (ts[j].low == "an" and ts[j + 1].value is not None)) and joins < 2:
            comma = comma and ts[j].low == ","
            j, joins = j + 1, joins + 1
        if ts[j].low in ("also", "another") and joins and ts[j + 1].kind != "end" and ts[j].low == "also":
            j += 1
        joins += not joins and ts[j].kind == "mention" == ts[j - 1].kind
        if not joins and _two_kinds(ts, terms[-1], counted):
            joins, comma = 1, True
        if not joins and ts[j].low == "with" and terms[0].kind == "self":
            joins, j = 1, j + 1
        term = (_further(ts, j, terms, comma=comma) or _term(ts, j, counted)) if joins else None
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
    if len(terms) > sure and not (
        terms[0].kind == "self" and all(t.kind in ("name", "one", "mention", "loose") for t in terms[1:])
    ):
        terms = terms[:sure]
    return terms


def _further(ts: list[Token], j: int, terms: list[Term], *, comma: bool) -> Term | None:
    """What counts only behind other people: "(me and) jordan", "(2 devs,) 1 PM"."""
    if terms[-1].kind in ("self", "name", "mention") and not comma and not names.name(ts, j) and names.anyone(ts, j):
        return Term(1, names.honoured(ts, j + 1), "name")
    found = whole(ts, j)
    if (
        found is not None
        and ts[found[1]].low == "more"
        and (ts[found[1] + 1].kind != "word" or ts[found[1] + 1].low in _JOINS | {"from", "at", "on"})
    ):
        return Term(found[0], found[1] + 1, "firm", others=True)
    if found is None or ts[found[1]].low not in roles.TRADES or terms[-1].kind not in ("firm", "side", "self", "dept"):
        return None
    if ts[found[1]].low in ("pm", "am") and ts[found[1] + 1].low not in _JOINS:
        return None  # "2 devs, 1 pm" may be a time
    return Term(found[0], found[1] + 1, "firm")


def _origin(ts: list[Token], term: Term) -> int:
    """The index behind "from our side", "from the client" where the list goes on behind it, or where it was."""
    j = term.j
    if term.kind not in ("firm", "side") or ts[j].low not in ("from", "on"):
        return j
    k = j + 1 + (ts[j + 1].low in ("the", "our", "their", "my", "your"))
    if ts[k].kind != "word" or nouns.dated(ts[k]) or ts[k].value is not None or ts[k].low in words.NAMED_CLOCKS:
        return j
    k += 1 + (ts[k + 1].low in _SIDES)
    joined = ts[k].low in _JOINS and (ts[k + 1].value is not None or ts[k + 1].low in SELF)
    led = j + 1 < k and ts[j + 1].low in ("our", "their", "theirs", "ours", "us", "them")
    return k if joined or (led and ts[j].low == "from") else j


def _side_by_side(ts: list[Token], terms: list[Term]) -> bool:
    """ "3 engineers, 2 designers" are five people; "6 people, 2 guests" may be six."""
    if all(t.kind == "tagged" for t in terms[-2:]):
        return True
    last = {ts[term.j - 1].low for term in terms[-2:]}
    if "from" in {t.low for t in ts[terms[0].j - 3 : terms[-1].j]} or last <= {"side", "ours", "theirs"}:
        return all(t.kind in ("firm", "side") for t in terms[-2:])
    return len(last) == 2 and all(t.kind == "firm" for t in terms[-2:]) and last <= (roles.PLURAL - _ANYBODY) | _OURS


def _two_kinds(ts: list[Token], term: Term, counted: Single) -> bool:
    """ "4 adults 2 kids" are six, "5 of them 3 of us" eight."""
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
    while k >= 1 and ts[k].low in _JOINS and ts[k].low != "," and nouns.person(ts, k - 1):
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
    alone = after.low not in (*_JOINS, "'", "from", "or", "/") and not (after.kind == "word" and after.text[0].isupper())
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
    return term.kind == "firm" and (term.others or ts[term.j - 1].low in words.OTHERS)


def _term(ts: list[Token], i: int, counted: Single) -> Term | None:
    t = ts[i]
    if t.kind == "mention":
        return Term(1, i + 1, "mention")
    if t.low in SELF:
        return None if t.low == "i" and ts[i + 1].low in _VERBS else Term(1, i + 1, "self")
    if (t.low == "yours" and ts[i + 1].low == "truly") or (t.low == "the" and ts[i + 1].low == "undersigned"):
        return Term(1, i + 2, "self")
    if t.low in _PRONOUNS and ts[i + 1].low in _JOINS:
        return Term(1, i + 1, "self")
    if t.low in ("other", "another") and ts[i + 1].value is not None and ts[i + 1].kind == "word":
        i += 1
    team = nouns.teams(ts, i) or nouns.group(ts, i)
    if team:
        return Term(team[0], team[1], "firm")
    found = counted(ts, i)
    if found is None and t.low in _DETERMINERS:
        behind = counted(ts, i + 1)  # "the client (2)"
        found = behind if behind is not None and behind.note == "tagged" else None
    if found is not None and found.kind == "count" and not (found.note in ("total", "top") and ts[i - 1].low in _JOINS):
        return Term(found.value, found.j, "tagged" if found.note == "tagged" else "firm", others=found.note == "others")
    return _mine(ts, i) or _single(ts, i) or _from(ts, i) or _bare(ts, i) or _loose(ts, i)


def _mine(ts: list[Token], i: int) -> Term | None:
    """My three reports, our two leads."""
    if ts[i].low not in _OWNERS:
        return None
    found = whole(ts, i + 1)
    if found is None and ts[i].low == "both":
        found = 2, i + 1 + (ts[i + 1].low in ("my", "our", "the", "his", "her", "their", "of"))
    if found is None:
        return None
    n, k = found
    k = nouns.skip(ts, k)
    if ts[k].low in roles.BELONGING or ts[k].low in roles.PLURAL or ts[k].low in words.PEOPLE:
        return Term(n, k + 1, "firm")
    known = ts[k].low in roles.THINGS or ts[k].low in subjects.SUBJECTS or ts[k].low in words.UNIT or nouns.dated(ts[k])
    if ts[k].low.endswith("s") and len(ts[k].low) > 4 and not known and ts[i].low in ("my", "his", "her"):
        return Term(n, k + 1, "firm")  # whatever they are called, they are somebody's: "my two Padawans"
    return None


def _single(ts: list[Token], i: int) -> Term | None:
    """A paralegal, my boss, the CEO; Ana."""
    somebody = names.somebody(ts, i)
    if somebody:
        return Term(1, somebody, "one")
    if ts[i].low in _DETERMINERS:
        k = nouns.skip(ts, i + 1)
        if not (roles.personal(ts[k].low) or ts[k].low in ("other", "more")):
            k = names.head(ts, i + 1)
        if k > 0 and _alone(ts, k):
            return Term(1, k + 1, "one", others=ts[k].low in ("other", "more"))
        return None
    j = names.name(ts, i)
    return Term(1, j, "name") if j and _alone(ts, j - 1) else None


def _alone(ts: list[Token], k: int) -> bool:
    """Whether the word at k is a person and not the first half of "client call"."""
    after = ts[k + 1]
    return not (
        after.kind == "word" and (after.low in subjects.SUBJECTS or after.low in ("meeting", "room", "mtg", "office"))
    )


def _loose(ts: list[Token], i: int) -> Term | None:
    """A bare role, or "the SENCo": somebody, where the rest of the list is people."""
    t = ts[i]
    k = nouns.skip(ts, i)
    if ts[k].low in roles.SINGULAR and _alone(ts, k) and ts[k].low not in ("person", "human", "individual", "body"):
        return Term(1, k + 1, "loose")
    named = t.low in _DETERMINERS - {"one", "1"} and ts[i + 1].kind == "word" and ts[i + 1].text[0].isupper()
    if named and _alone(ts, i + 1) and nouns.person_like(ts[i + 1]):
        return Term(1, i + 2, "loose")
    return None


def _from(ts: list[Token], i: int) -> Term | None:
    """Two from legal."""
    a_couple = ts[i].low == "a" and ts[i + 1].low == "couple"
    found = (2, i + 2) if a_couple else whole(ts, i)
    if found is None or ts[found[1]].low not in ("from", "on") or ts[i - 1].low in ("at", "until", "till", "to", ":", "-"):
        return None
    after = ts[found[1] + 1]
    k = found[1] + 1 + (after.low in ("the", "our"))
    if ts[found[1]].low == "on" and ts[found[1] + 1].low in (
        "ours",
        "theirs",
        "our",
        "their",
        "my",
        "his",
        "her",
        "client's",
    ):
        return Term(found[0], found[1] + 2 + (ts[found[1] + 2].low in ("side", "end", "team")), "side")
    if ts[found[1]].low != "from":
        return None
    timely = ts[k].low in words.WEEKDAYS or ts[k].low in words.MONTHS or ts[k].low in words.PARTS or ts[k].value is not None
    timely = timely or ts[k].low in words.TODAY | words.TOMORROW or ts[k].low in words.NAMED_CLOCKS or ts[k].low == "now"
    clocked = ts[i - 1].low in ("am", "pm") or ts[i - 1].low in words.ZONE_FAMILIES
    opened = (
        i == 0 or clocked or ts[i - 1].kind == "punct" or ts[i - 1].low in ("and", "for", "with", "plus", "are", "be", "of")
    )
    if ts[k].kind != "word" or timely or not opened:
        return None
    return Term(found[0], k + 1 + (ts[k + 1].low in ("team", "side", "dept", "department")), "side")


def _bare(ts: list[Token], i: int) -> Term | None:
    found = whole(ts, i)
    if found is None or (i and ts[i - 1].low in ("at", "@", "until", "till", "to", ":", "-", "/", ".")):
        return None
    return None if nouns.timely(ts, found[1]) else Term(found[0], found[1], "bare")


def _names_before(ts: list[Token], i: int) -> Item | None:
    """Anna and I: everybody named before "and", and the person who writes."""
    if names.behind_two(ts, i) and ts[i + 1].low != "i":
        return Item("count", 2, i, i + 2, note="sum")
    n, k = 0, i - 1
    verb = ts[i + 1].low == "i" and ts[i + 2].low in _VERBS
    while k >= 0 and (nouns.person(ts, k) or ts[k].low == "you" or (ts[k].low in roles.SINGULAR and ts[k].low != "person")):
        n += 1
        k -= 1
        if k >= 0 and ts[k].low in _JOINS:
            k -= 1
        else:
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
