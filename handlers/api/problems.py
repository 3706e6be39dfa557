"""Which status goes with which refusal, in one table; and the refusals that only HTTP knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import ValidationError

from core import errors
from core.errors import BookingError


class ApiError(BookingError):
    """A refusal of the API itself; `status` goes with it."""

    status: ClassVar[int] = 400


class BadRequest(ApiError):
    """The request cannot be read: no JSON, not UTF-8, a header that says nothing."""

    code = "BadRequest"


class Unauthorized(ApiError):
    """No token, or one of no use."""

    code = "Unauthorized"
    status = 401


class Forbidden(ApiError):
    """The token is not good for this."""

    code = "Forbidden"
    status = 403


class NotFound(ApiError):
    """Nothing is at that address."""

    code = "NotFound"
    status = 404


class MethodNotAllowed(ApiError):
    """The address knows other methods."""

    code = "MethodNotAllowed"
    status = 405


class ToldOnce(ApiError):
    """What the request made was told in its first answer, and is kept nowhere."""

    code = "ToldOnce"
    status = 409


class PreconditionFailed(ApiError):
    """If-Match names another state than the present one."""

    code = "PreconditionFailed"
    status = 412


class TooLarge(ApiError):
    """The body is larger than any that can be meant."""

    code = "BodyTooLarge"
    status = 413


class UnsupportedMediaType(ApiError):
    """The body is not said to be JSON."""

    code = "UnsupportedMediaType"
    status = 415


class Invalid(ApiError):
    """Fields that cannot be meant: missing, unknown, of another type or out of bounds."""

    code = "InvalidRequest"
    status = 422


class PreconditionRequired(ApiError):
    """A change without If-Match."""

    code = "PreconditionRequired"
    status = 428


class TooManyRequests(ApiError):
    """More requests than the token is good for."""

    code = "TooManyRequests"
    status = 429


class InternalError(ApiError):
    """A fault of ours; its details are in the log alone."""

    code = "InternalError"
    status = 500


# What is missing where the address names it; elsewhere it was named in a field, which is then at fault.
_NAMED_BY: Mapping[type[BookingError], str] = {
    errors.RoomNotFound: "room_id",
    errors.LocationNotFound: "location_id",
    errors.PersonNotFound: "person_id",
    errors.EquipmentNotFound: "equipment_id",
}
_STATUSES: Mapping[int, tuple[type[BookingError], ...]] = {
    403: (errors.NotAllowed, errors.MayNotBook, errors.GuestsMayNotBook, errors.NotAttending),
    404: (
        errors.BookingNotFound,
        errors.SeriesNotFound,
        errors.WaitingNotFound,
        errors.RequestNotFound,
        errors.SubscriptionNotFound,
        errors.TokenNotFound,
        errors.CalendarNotFound,
        errors.WebhookNotFound,
        errors.ChangeNotFound,
        errors.ProposalNotFound,
        errors.WebhookDeliveryNotFound,
    ),
    409: (
        errors.SlotTaken,
        errors.NothingFits,
        errors.EquipmentTaken,
        errors.QuotaReached,
        errors.AnotherRoomThen,
        errors.TooLateToCancel,
        errors.SeriesClash,
        errors.SeriesNotActive,
        errors.NotWaiting,
        errors.NotActive,
        errors.CheckInNotOpen,
        errors.NothingToUndo,
        errors.AlreadyFree,
        errors.OfferGone,
        errors.StillUsed,
        errors.WebhookPaused,
    ),
    412: (errors.StaleBooking, errors.StaleSeries, errors.StalePlace, errors.StaleWebhook),
    503: (errors.Busy, errors.Unavailable, errors.SchemaMismatch),
}
_BY_ERROR = {error: status for status, family in _STATUSES.items() for error in family}
# Everything else is about what was asked for: a rule, or a field.
OTHERWISE = 422
# The names of the core's fields as the API calls them, where that is not their camelCase.
_FIELDS = {"room": "roomId", "location": "locationId", "zone": "timeZone"}


def status_of(error: type[BookingError], named: frozenset[str]) -> int:
    """Return the status that goes with a kind of refusal; `named` are the parameters of the address."""
    if issubclass(error, ApiError):
        return error.status
    for kind, parameter in _NAMED_BY.items():
        if issubclass(error, kind):
            return 404 if parameter in named else OTHERWISE
    return next((status for kind, status in _BY_ERROR.items() if issubclass(error, kind)), OTHERWISE)


def field_name(name: str) -> str:
    """Return what the API calls a field of the core."""
    if name in _FIELDS:
        return _FIELDS[name]
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def invalid(error: ValidationError) -> ApiError:
    """Return what pydantic found wrong as one refusal, by field."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    if found and found[0]["type"] == "json_invalid":
        return BadRequest("The body is no JSON that can be read.")
    fields: dict[str, str] = {}
    for one in found:
        where = ".".join(str(part) for part in one["loc"]) or "body"
        fields.setdefault(where, _sentence(one["type"], one["msg"]))
    names = ", ".join(list(fields)[:5])
    return Invalid(f"Something in the request cannot be meant: {names}.", fields=fields)


def _sentence(kind: str, said: str) -> str:
    if kind == "extra_forbidden":
        return "There is no such field."
    if kind == "missing":
        return "This is needed."
    said = said.removeprefix("Value error, ")
    return said[:1].upper() + said[1:] + ("" if said.endswith(".") else ".")
