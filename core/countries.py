"""Public holidays of countries and their states, by a library that is loaded when the first is asked for.

Codes are "DE" for a country and "DE-BE" for one of its states. Kept out: which country holds where (`catalogue`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from core.errors import InvalidSetting
from core.saying import listed

FIELD = "holidays_country"


@lru_cache(maxsize=512)
def days(code: str, year: int) -> Mapping[date, str]:
    """Return the public holidays of a year with their English names, in order; nothing for a code that is not known."""
    import holidays

    country, _, state = code.partition("-")
    try:
        found = holidays.country_holidays(country, subdiv=state or None, years=year, language="en_US")
    except (NotImplementedError, KeyError):
        return {}
    return {day: found[day] for day in sorted(found)}


def checked(code: str) -> str:
    """Return a code as it is kept, "de-be" as "DE-BE"; raise InvalidSetting that names those near where there is none."""
    import holidays

    country, _, state = code.strip().upper().replace("_", "-").partition("-")
    countries = holidays.list_supported_countries(include_aliases=False)
    if country not in countries:
        raise _unknown(f"There are no holidays for {code!r}", _countries_like(country, tuple(countries)), "DE, US or DE-BE")
    states = {one.upper(): one for one in countries[country]}
    if state and state not in states:
        ways = [f"{country}-{one}" for one in near(state, tuple(states))]
        raise _unknown(f"{country} has no state {state!r}", ways, country)
    return f"{country}-{states[state]}" if state else country


def _countries_like(word: str, codes: tuple[str, ...]) -> list[str]:
    """Return codes that are like a word, with their names where the word is more like a name."""
    from holidays.registry import COUNTRIES

    if len(word) <= 3:
        return near(word, codes)
    names = {name.upper(): (name, code) for name, code, *_ in COUNTRIES.values()}
    return [f"{code} ({name})" for name, code in (names[found] for found in near(word, tuple(names), alike=70))]


def near(word: str, known: tuple[str, ...], *, alike: int = 40) -> list[str]:
    """Return up to three of the known words that are most like a word; `alike` is out of 100."""
    from rapidfuzz import process

    return [str(found) for found, *_ in process.extract(word, known, limit=3, score_cutoff=alike)]


def _unknown(said: str, ways: list[str], otherwise: str) -> InvalidSetting:
    meant = listed(ways, last="or") or otherwise
    message = f"{said}. Did you mean {meant}?" if ways else f"{said}. Codes are such as {otherwise}."
    return InvalidSetting(message, fields={FIELD: message})
