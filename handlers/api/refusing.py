"""A refusal as an HTTP answer: the code and sentence, what can be had instead, and how things stand now."""

from __future__ import annotations

from aiohttp import web

from core.errors import BookingError, NotActive, SeriesClash, StaleBooking, StalePlace, StaleSeries
from handlers.api import problems
from handlers.api.operations import Call
from handlers.api.seen import AlternativeOut, BookingOut
from handlers.api.seen_series import PreviewOut, SeriesOut
from handlers.api.values import Out

RETRY_SECONDS = {429: "5", 503: "1"}


class Problem(Out):
    """Every refusal. `error` is a code that does not change, `message` a sentence for people.

    `validationErrors` tells what is wrong by field; `alternatives` is what can be had instead, `current` the version
    that there is now, and `booking` or `series` how it stands; `preview` tells what would come of each date of a series.
    """

    error: str
    message: str
    validation_errors: dict[str, str] | None = None
    alternatives: list[AlternativeOut] | None = None
    current: int | None = None
    booking: BookingOut | None = None
    series: SeriesOut | None = None
    preview: PreviewOut | None = None


def response(error: BookingError, named: frozenset[str]) -> web.Response:
    """Return the answer to a request that is refused; `named` are the parameters of its address."""
    status = problems.status_of(type(error), named)
    problem = Problem(
        error=error.code,
        message=error.message,
        validation_errors={problems.field_name(name): said for name, said in error.fields.items()} or None,
        alternatives=[AlternativeOut.of(one) for one in error.alternatives] or None,
        current=_current(error),
        **_standing(error),
    )
    answer = web.Response(
        body=problem.model_dump_json(by_alias=True).encode(), status=status, content_type="application/json", charset="utf-8"
    )
    if status in RETRY_SECONDS:
        answer.headers["Retry-After"] = RETRY_SECONDS[status]
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Bookroom"'
    return answer


def _standing(error: BookingError) -> dict[str, Out]:
    """Return how things stand, as whoever was refused may see it."""
    call = error.wanted
    if not isinstance(call, Call):
        return {}
    match error:
        case StaleBooking(booking=booking) | NotActive(booking=booking):
            return {"booking": BookingOut.of(booking, by=call.actor, catalogue=call.catalogue)}
        case StaleSeries(series=series):
            return {"series": SeriesOut.of(series, by=call.actor, catalogue=call.catalogue)}
        case SeriesClash(preview=preview):
            return {"preview": PreviewOut.of(preview)}
    return {}


def _current(error: BookingError) -> int | None:
    match error:
        case StaleBooking():
            return error.booking.version
        case StaleSeries():
            return error.series.version
        case StalePlace():
            return None
    return None
