"""Lists how people misspell the words of the calendar and the office, and what only looks misspelt.

Kept out: deciding how near a word is (see tokens.py).
"""

# ruff: noqa: SIM905
# word lists read better as text

from __future__ import annotations

# Slips that are further from the word than two letters, and the short forms of text messages.
SLIPS: dict[str, str] = {
    "minits": "minutes", "minets": "minutes", "minuets": "minutes", "mintues": "minutes", "harf": "half", "haf": "half",
    "hafl": "half", "qarter": "quarter", "quater": "quarter", "whtbrd": "whiteboard", "whtboard": "whiteboard",
    "wipeboard": "whiteboard", "projctr": "projector", "prjctr": "projector", "prjktr": "projector",
    "wensday": "wednesday", "wendsday": "wednesday", "wenesday": "wednesday", "wedsday": "wednesday",
    "wednsday": "wednesday",
    "thersday": "thursday", "thirsday": "thursday", "thrsday": "thursday", "tusday": "tuesday", "twosday": "tuesday",
    "chewsday": "tuesday", "saterday": "saturday", "satday": "saturday", "tommoro": "tomorrow", "tmrow": "tomorrow",
    "tmorrow": "tomorrow", "poeple": "people", "peeple": "people", "peple": "people", "ppel": "people",
    "febuary": "february", "feburary": "february", "fone": "phone", "foan": "phone", "phon": "phone", "nite": "night",
    "hlf": "half", "oclok": "o'clock", "l8r": "later", "gr8": "great", "w8": "wait", "m8": "mate",
    "l8": "late", "thx": "thanks", "bfore": "before", "befor": "before", "aftr": "after", "btwn": "between",
    "betwn": "between", "frm": "from", "strating": "starting", "startng": "starting", "evry": "every", "teh": "the",
    "otehrs": "others", "ohters": "others", "tohers": "others", "othes": "others", "nex": "next", "roomm": "room",
    "rooom": "room",
    "romm": "room", "rrom": "room", "hdct": "headcount", "vtc": "vc", "metting": "meeting", "meting": "meeting",
    "meetign": "meeting", "meetin": "meeting", "rom": "room", "rume": "room",
    "mtng": "meeting", "aroom": "room", "arom": "room", "romo": "room", "roomfor": "room", "needa": "need",
    "pple": "people", "peopl": "people", "phnoe": "phone", "phoen": "phone", "nw": "now",
    "noww": "now", "hlaf": "half", "b4": "before", "ineed": "need",
    "bok": "book", "boook": "book", "hiur": "hour", "huor": "hour", "hourr": "hour",
    "houre": "hour", "huors": "hours", "hous": "hours", "horus": "hours", "mnis": "mins", "mintes": "minutes",
    "fir": "friday",
    "frid": "friday", "firday": "friday", "wde": "wednesday", "wendes": "wednesday", "teusday": "tuesday",
    "tuseday": "tuesday",
    "mnday": "monday", "monady": "monday", "ppeople": "people", "wth": "with",
    "wiht": "with", "witht": "with", "atendees": "attendees", "atendee": "attendee", "poject": "project",
    "hald": "half", "qurater": "quarter", "ofr": "for", "fo": "for", "tll": "till", "unil": "until", "utnil": "until",
    "elevn": "eleven", "elevin": "eleven", "twelv": "twelve", "tweleve": "twelve",
    "fiften": "fifteen", "forteen": "fourteen",
    "eigth": "eight", "fuor": "four", "foor": "four", "thre": "three", "threee": "three", "sevn": "seven", "sixe": "six",
    "twetny": "twenty", "ninty": "ninety", "n": "and", "att": "attendees",
}  # fmt: skip


# Words close to a weekday or "tomorrow" that mean something else.
NOT_MISSPELT = frozenset(
    "sundry money mandy mindy sunny monkey sunder fridge toddy toady monthly holiday holidays someday workday payday"
    " mayday friends fried minted muted minuet remember members purple temple simple morning moving mourning warning"
    " evenings screening screens project projects projected projecting boarding board whiteboarding booking thirsty"
    " thirty monitor monitors mondays wedding weeding weekday weekdays frida ever even event events level lever clever"
    " never very hourly halls hall halt mints house horse honors minister ministers pepper tuition sandy cindy"
    " monday's today's friday's tomorrow's broad boards boarded sunset sunrise".split()
)


SPELLING_TARGETS: dict[str, int] = (
    dict.fromkeys(["tuesday", "wednesday", "thursday", "saturday", "tomorrow"], 2)
    | dict.fromkeys(["monday", "friday", "sunday", "today", "tonight"], 1)
    | dict.fromkeys(["january", "february", "september", "october", "november", "december"], 2)
    | dict.fromkeys(["august", "phone", "display", "beamer", "telephone"], 1)
    | dict.fromkeys(["minutes", "minute", "people", "morning", "evening", "midnight"], 1)
    | dict.fromkeys(["afternoon", "projector", "whiteboard", "attendees", "weekday", "midday"], 2)
    | dict.fromkeys(["persons", "person", "catering", "until", "quarter", "between", "every", "without", "speakerphone"], 1)
    | dict.fromkeys(["whiteboards", "participants", "fortnightly", "biweekly", "hours", "video"], 1)
)
