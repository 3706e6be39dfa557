"""What the API can do, as a table: each operation says what it takes, what it gives, and who may ask.

Routes, reading, refusals and the OpenAPI document all come from it, so that none of them can say something else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel

from core import requests
from core.catalogue import Catalogue
from core.errors import BookingError
from core.models import Actor, Person, Wish
from core.once import DoneBeforeError, Guard, once
from core.tokens import Scope, Token
from handlers.api import conditions, problems
from handlers.api.kept import Kept
from handlers.api.values import Body, Out, Query
from handlers.services import Services

Q = TypeVar("Q", bound=Query)
B = TypeVar("B", bound=Body)
T = TypeVar("T")
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
LARGEST = 256 * 1024


class NotModifiedError(Exception):
    """The asker has it already."""

    def __init__(self, etag: str, modified: datetime | None) -> None:
        super().__init__("not modified")
        self.etag = etag
        self.modified = modified


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What is answered. Without an `etag`, the body's own is taken, with the `version` in front where there is one.

    `modified` None: nobody knows when it changed, and it may have been now. Not `dated`: something in it may have changed
    since, so that the date is told and compares with nothing. `at` is the address of what was made.
    """

    body: Out | None
    content: bytes | None = None
    """In place of a body: what is sent as it is, JSON unless the operation has another `media`."""
    status: int | None = None
    version: int | None = None
    etag: str | None = None
    modified: datetime | None = None
    dated: bool = True
    at: str | None = None
    following: str | None = None
    """The cursor of the next page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request, read: who asks, for what, at which moment. `key` is None where it need not be done once only."""

    services: Services
    catalogue: Catalogue
    now: datetime
    person: Person
    actor: Actor
    token: Token | None
    request: web.Request
    operation: Operation
    parameters: Mapping[str, str] = field(default_factory=dict)
    said: BaseModel | None = None
    asked: BaseModel | None = None
    key: str | None = None
    kept: Kept = field(default_factory=Kept)

    def query(self, kind: type[Q]) -> Q:
        """Return what stood behind the question mark."""
        assert isinstance(self.asked, kind)
        return self.asked

    def body(self, kind: type[B]) -> B:
        """Return what the body said."""
        assert isinstance(self.said, kind)
        return self.said

    def id(self, name: str) -> UUID:
        """Return an id from the address; raises NotFound where it is none."""
        try:
            return UUID(self.parameters[name])
        except ValueError:
            raise problems.NotFound("Nothing is at this address.") from None

    def unless_had(self, etag: str, modified: datetime | None) -> None:
        """Stop here where the asker has this state already: whatever it would cost to make it is saved."""
        headers = self.request.headers
        if conditions.had_before(
            etag,
            modified,
            if_none_match=headers.get("If-None-Match"),
            if_modified_since=headers.get("If-Modified-Since"),
            now=self.now,
        ):
            raise NotModifiedError(etag, modified)

    async def version(self, present: Callable[[], Awaitable[int]]) -> int:
        """Return the version that a change is meant for, from If-Match; `present` is asked where it names several, or any.

        A version that there never was where it names none of ours: the core then says what there is.
        """
        header = self.request.headers.get("If-Match")
        if header is None:
            raise problems.PreconditionRequired(
                "Send If-Match with the ETag of what you change, so that nobody's change is lost; * takes any state."
            )
        named = conditions.versions(header)
        if named is not None and len(named) == 1:
            return next(iter(named))
        if named is not None and not named:
            return 0
        now_at = await present()
        return now_at if named is None or now_at in named else 0

    async def once(self, work: Callable[[], Awaitable[T]], answer: Callable[[T], Out]) -> dict[str, Any]:
        """Do work whose use case takes no key of its own, once for each key; return its answer as JSON says it.

        `answer` makes the body of what the use case's transaction returns.
        """

        def said(result: T) -> dict[str, Any]:
            return answer(result).model_dump(mode="json", by_alias=True)

        if self.key is None:
            return said(await work())
        content = requests.fingerprint(
            self.operation.name, path=self.request.path, body=self._plain(), by=self.actor.person_id
        )
        guard = Guard(self.key, content=content, now=self.now, answer=said)
        try:
            with once(guard):
                return said(await work())
        except DoneBeforeError as earlier:
            kept: dict[str, Any] = earlier.answer
            return kept

    def _plain(self) -> object:
        return self.said.model_dump(mode="json", by_alias=True) if self.said else None


Handle = Callable[[Call], Awaitable[Reply]]
# Asks once more who it is, as a request of this moment would be asked; raises what would be refused then.
Again = Callable[[], Awaitable[Actor]]
# Given a call, the way to ask again, and headers to send: what goes on answering as long as somebody listens.
Listen = Callable[[Call, Again, Mapping[str, str]], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that the API can do. `answer` None: nothing is said (204). `changes` wants If-Match.

    `refusals` are the core's errors that can come of it, beside those that can come of anything; `public` needs no token.
    """

    method: Method
    path: str
    name: str
    tag: str
    summary: str
    handle: Handle | None = None
    """None where it is a stream, which `listen` answers."""
    listen: Listen | None = None
    scope: Scope = Scope.READ
    query: type[Query] | None = None
    body: type[Body] | None = None
    body_needed: bool = True
    answer: type[Out] | None = None
    media: str | None = None
    """What else than JSON is answered: text of this kind."""
    largest: int = LARGEST
    """How many bytes a body may have."""
    status: int = 200
    description: str = ""
    refusals: tuple[type[BookingError], ...] = ()
    changes: bool = False
    keyed: bool = False
    """Whether it is done once for its `Idempotency-Key`; every POST is."""
    managers: bool = False
    """With the scope “admin”: whether more than admins may, and the core says who."""
    wish: Callable[[Call], Wish] | None = None
    """What somebody wants by it, where a refusal is demand that was not met."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What the parts of the address are, for those that are no ids: a description by name."""

    @property
    def once(self) -> bool:
        """Whether it is done once for its key."""
        return self.keyed or self.method == "POST"

    @property
    def named(self) -> frozenset[str]:
        """The names of the parts of the address."""
        return frozenset(part[1:-1] for part in self.path.split("/") if part.startswith("{"))
