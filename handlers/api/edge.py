"""What every request of the API goes through: who asks, how often, what they say; then the answer, or the refusal.

The operations know none of it. Nothing that can be sent leads to a 500: what does is a fault of ours, and is logged.
"""

from __future__ import annotations

import json
import logging
import types
import typing
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from uuid import UUID

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, ValidationError

from core.consistency import Consistency, Written
from core.errors import BookingError, PersonNotFound
from core.feed import Position
from core.models import Actor, Person
from core.reading import elsewhere
from core.telling import FAILED
from core.tokens import Bearer, Scope, Token
from handlers import freshness, logbook
from handlers.api import conditions, demand, problems, refusing
from handlers.api.crossing import Crossing
from handlers.api.kept import Kept
from handlers.api.limiting import FAILURES_PER_MINUTE, Allowance, Limits
from handlers.api.operations import Call, NotModifiedError, Operation, Reply
from handlers.services import Services

log = logging.getLogger(__name__)

PREFIX = "/api/v1"
ON_BEHALF_OF = "Bookroom-Person"
FRESH = freshness.HEADER
HEADERS = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff", "Vary": "Authorization, Cookie"}

Session = Callable[[web.Request], Awaitable[Person | None]]


async def nobody(_: web.Request) -> Person | None:
    """Return nobody: there are no pages that people sign in to."""
    return None


class Edge:
    """Runs operations for requests. `session` says who has signed in to our pages; they may read by it."""

    def __init__(
        self,
        services: Services,
        *,
        per_minute: int,
        session: Session = nobody,
        crossing: Crossing | None = None,
        failures_per_minute: int = FAILURES_PER_MINUTE,
    ) -> None:
        self._services = services
        self._session = session
        self._crossing = crossing or Crossing()
        self._limits = Limits(per_minute)
        self._failures = Limits(failures_per_minute)
        self._kept = Kept()

    def handler(self, operation: Operation) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return what aiohttp calls for an operation."""

        async def handle(request: web.Request) -> web.StreamResponse:
            with logbook.Entry.of(self._services, "api", operation.name, {}, timed=operation.listen is None) as entry:
                response = await self._replied(operation, request, entry)
                entry.status = response.status
            return response

        return handle

    async def _replied(self, operation: Operation, request: web.Request, entry: logbook.Entry) -> web.StreamResponse:
        """Return the answer or the refusal; how it ended stands in the logbook's entry."""
        allowance: list[Allowance] = []
        response: web.StreamResponse
        try:
            response = await self._answered(operation, request, allowance)
        except NotModifiedError as had:
            response = _headed(web.Response(status=304), had.etag, had)
        except BookingError as error:
            entry.outcome = error.code
            response = refusing.response(error, operation.named)
        except (web.HTTPException, ConnectionError):
            raise
        except Exception:
            entry.outcome = FAILED
            log.exception("a request failed", extra={"action": f"api.{operation.name}"})
            response = refusing.response(
                problems.InternalError("Something went wrong here. It was noted; try again."), operation.named
            )
        if not response.prepared:
            response.headers.update(_headers(allowance))
        return response

    async def _answered(self, operation: Operation, request: web.Request, allowance: list[Allowance]) -> web.StreamResponse:
        call = await self._call(operation, request, allowance)
        if operation.listen:
            # A stream says of itself at its beginning who may read it.
            headers = self._crossing.marked(request, _headers(allowance))
            return await operation.listen(call, lambda: self._again(call), headers)
        assert operation.handle is not None
        reading = operation.method == "GET"
        where: AbstractContextManager[Written | None]
        # Whoever only reads may be told what a copy of the database knows; whoever writes is told where that stands.
        where = elsewhere(_consistent(request)) if reading else self._services.freshness.following()
        try:
            with where as written:
                reply = await operation.handle(call)
        except BookingError as error:
            # How things stand is told as the asker may see it.
            error.wanted = call
            if operation.wish:
                demand.note(call, operation.wish(call), error)
            raise
        response = _response(operation, call, reply)
        if written:
            response.headers[FRESH] = str(await written.place())
        return response

    async def _call(self, operation: Operation, request: web.Request, allowance: list[Allowance]) -> Call:
        """Return a request, read, of somebody who may make it."""
        person, token = await self._who(request, operation)
        left = self._limits.taken(token.id if token else person.id)
        if left:
            allowance.append(left)
            if left.over:
                raise problems.TooManyRequests(f"That was more than {left.quota} requests in a minute. Wait a moment.")
        actor = await self._entitled(operation, request, person, token)
        _consistent(request)
        return Call(
            services=self._services,
            catalogue=await self._services.catalogues.current(),
            now=self._services.clock.now(),
            person=person,
            actor=actor,
            token=token,
            request=request,
            operation=operation,
            parameters=request.match_info,
            asked=_asked(operation, request),
            said=await _said(operation, request),
            key=_key(operation, request, token),
            kept=self._kept,
        )

    async def _again(self, call: Call) -> Actor:
        """Return as whom a stream goes on; refuse it where it would not be opened any more."""
        person, token = await self._known(call.request, call.operation)
        return await self._entitled(call.operation, call.request, person, token)

    async def _entitled(self, operation: Operation, request: web.Request, person: Person, token: Token | None) -> Actor:
        """Return as whom is acted, of those who may."""
        if token and not token.allows(operation.scope):
            raise problems.Forbidden(f"This token is not good for that: it needs the scope “{operation.scope}”.")
        actor = await self._acting(request, person, token)
        if operation.scope is Scope.ADMIN and not operation.managers and not actor.admin:
            raise problems.Forbidden("Only admins can do that.")
        return actor

    async def _who(self, request: web.Request, operation: Operation) -> tuple[Person, Token | None]:
        """Return who asks; whoever guesses at tokens is soon told to wait, and nobody with a good one beside them is."""
        try:
            return await self._known(request, operation)
        except problems.Unauthorized:
            if "Authorization" not in request.headers:
                raise
            left = self._failures.taken(request.remote)
            if left and left.over:
                said = "Too many tokens of no use came from your address. Wait a moment."
                raise problems.TooManyRequests(said) from None
            raise

    async def _known(self, request: web.Request, operation: Operation) -> tuple[Person, Token | None]:
        """Return who asks, by token, or for reading by having signed in to our pages."""
        header = request.headers.get("Authorization")
        if header is None:
            person = await self._session(request) if operation.method == "GET" and operation.scope is Scope.READ else None
            if person is None:
                raise problems.Unauthorized("Send a token: Authorization: Bearer bkr_….")
            return person, None
        scheme, _, secret = header.partition(" ")
        bearer: Bearer | None = None
        if scheme.casefold() == "bearer" and secret.strip():
            bearer = await self._services.tokens.bearer(secret.strip())
        if bearer is None:
            raise problems.Unauthorized("This token is not good any more, or never was. Ask an admin for another.")
        await self._services.tokens.used(bearer)
        return bearer.person, bearer.token

    async def _acting(self, request: web.Request, person: Person, token: Token | None) -> Actor:
        """Return as whom is acted: nobody is an admin whose token is not for that, and admins may act for others."""
        header = request.headers.get(ON_BEHALF_OF)
        entitled = person.admin and (token is None or token.allows(Scope.ADMIN))
        if header is None:
            return replace(person.acting("api"), admin=entitled)
        if not entitled or token is None:
            raise problems.Forbidden(f"{ON_BEHALF_OF} is for admins with a token of the scope “admin”.")
        try:
            other = await self._services.people.get(UUID(header))
        except (ValueError, PersonNotFound):
            raise problems.BadRequest(f"{ON_BEHALF_OF} names nobody who is known here: send a person's id.") from None
        return other.acting("api")


def _headers(allowance: list[Allowance]) -> Mapping[str, str]:
    """Return what every answer says, and how much is left."""
    return {**HEADERS, **{name: value for one in allowance for name, value in one.headers().items()}}


def _consistent(request: web.Request) -> Consistency | Position | UUID | None:
    """Return how fresh the asker wants it at least; refuse a token that is none."""
    try:
        return freshness.wanted(request.headers)
    except ValueError:
        said = f"{FRESH} is neither what an answer has said nor an event's id: send it back as it came."
        raise problems.BadRequest(said) from None


def _asked(operation: Operation, request: web.Request) -> BaseModel | None:
    kind, given = operation.query, request.query
    if kind is None:
        if given:
            raise problems.Invalid("Nothing can be asked for here.", fields=dict.fromkeys(given, "There is no such field."))
        return None
    said: dict[str, Any] = {}
    for name in dict.fromkeys(given):
        values = given.getall(name)
        several = name in _lists(kind)
        if len(values) > 1 and not several:
            raise problems.Invalid(f"{name} is said twice.", fields={name: "Say it once."})
        said[name] = values if several else values[0]
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        raise problems.invalid(error) from None


def _lists(kind: type[BaseModel]) -> set[str]:
    """Return the names of the fields that may come several times."""
    return {field.alias or name for name, field in kind.model_fields.items() if _is_list(field.annotation)}


def _is_list(annotation: Any) -> bool:  # noqa: ANN401 - an annotation
    origin = typing.get_origin(annotation)
    if origin in {typing.Union, types.UnionType}:
        return any(_is_list(one) for one in typing.get_args(annotation))
    return (origin or annotation) in {list, tuple, set, frozenset}


async def _said(operation: Operation, request: web.Request) -> BaseModel | None:
    try:
        most, content = operation.largest, b""
        # A body may come in pieces, of which one reading gets the first.
        while len(content) <= most and (more := await request.content.read(most + 1 - len(content))):
            content += more
    except (HttpProcessingError, web.RequestPayloadError) as error:
        raise problems.BadRequest("The body ends before it is over.") from error
    if len(content) > operation.largest:
        raise problems.TooLarge(f"The body is larger than {operation.largest // 1024} kB.")
    if operation.body is None:
        if content.strip():
            raise problems.BadRequest("Nothing can be said here: send no body.")
        return None
    if not content.strip():
        if not operation.body_needed:
            return operation.body.model_validate_json("{}")
        raise problems.BadRequest("Send a body of JSON.")
    if request.content_type not in {"application/json", "application/merge-patch+json"}:
        raise problems.UnsupportedMediaType("Send the body as Content-Type: application/json.")
    try:
        said = operation.body.model_validate_json(content)
    except ValidationError as error:
        raise problems.invalid(error) from None
    # Of a name that is said twice, readers take the first or the last: neither may be what was meant.
    try:
        json.loads(content, object_pairs_hook=_said_once)
    except (ValueError, RecursionError):
        raise problems.BadRequest("The body is no JSON that can be read.") from None
    return said


def _said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name in found if sum(name == other for other, _ in pairs) > 1)
        raise problems.BadRequest(f"The body says {twice[:50]} twice: say it once.")
    return found


def _key(operation: Operation, request: web.Request, token: Token | None) -> str | None:
    header = request.headers.get("Idempotency-Key")
    if header is None or not operation.once:
        return None
    key = header.strip().strip('"')
    if not key or len(header) > 255 or not key.isprintable() or not key.isascii():
        raise problems.BadRequest("Idempotency-Key is up to 255 plain characters, such as a UUID.")
    return f"api:{token.id if token else '-'}:{operation.name}:{key}"


def _response(operation: Operation, call: Call, reply: Reply) -> web.Response:
    status = reply.status or operation.status
    if reply.content is not None:
        content = reply.content
    elif reply.body is not None:
        content = reply.body.model_dump_json(by_alias=True).encode()
    else:
        return web.Response(status=204 if status == 200 else status)
    etag = reply.etag or conditions.tag(content, reply.version)
    if operation.method == "GET":
        call.unless_had(etag, reply.modified if reply.dated else None)
    response = web.Response(body=content, status=status, content_type=operation.media or "application/json", charset="utf-8")
    if reply.at:
        response.headers["Location"] = PREFIX + reply.at
    if reply.following:
        there = call.request.rel_url.update_query(cursor=reply.following)
        response.headers["Link"] = f'<{there}>; rel="next"'
    if operation.method == "GET":
        # Where nobody knows when it changed, it may have been now; by that date alone nothing is ever left out.
        response.headers["Last-Modified"] = conditions.http_date(call.now)
    return _headed(response, etag, reply)


def _headed(response: web.Response, etag: str, told: Reply | NotModifiedError) -> web.Response:
    response.headers["ETag"] = etag
    if told.modified:
        response.headers["Last-Modified"] = conditions.http_date(told.modified)
    return response
