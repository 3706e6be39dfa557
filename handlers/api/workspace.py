"""The workspace over the API: files of rooms, how long things are kept, what channels hear, what could not be told."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from core import errors
from core.erasing import Keeping
from core.notices import Subscription
from core.rooms import ImportReport, parse_csv
from core.tokens import Scope
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page
from handlers.api.people import Clock
from handlers.api.values import Body, Line, Out

LARGEST_FILE = 5 * 1024 * 1024
Event = Literal["booked", "changed", "cancelled", "released", "ended"]


class RoomsFile(Body):
    """Rooms as CSV, as a spreadsheet or `/rooms.csv` writes them. With `dryRun`, it is said what would change."""

    csv: Annotated[str, Field(min_length=1, max_length=LARGEST_FILE)]
    dry_run: bool = False


class ImportedOut(Out):
    """What an import did, or would do: numbers of rooms, and of locations that were new."""

    created: int
    updated: int
    unchanged: int
    locations_created: int
    closed: int
    bookings_affected: int
    dry_run: bool

    @classmethod
    def of(cls, report: ImportReport, *, dry_run: bool) -> ImportedOut:
        """Return a report as it is told."""
        return cls(**asdict(report), dry_run=dry_run)


class Retention(Out):
    """Days until a booking that is over is archived, and months for which the rest is kept; null: for ever."""

    archive_days: int
    keep_bookings_months: int | None
    keep_audit_months: int | None


class RetentionSet(Body):
    """For how long things are kept, all of it."""

    archive_days: Annotated[int, Field(ge=1, le=100_000)]
    keep_bookings_months: Annotated[int, Field(ge=1, le=100_000)] | None
    keep_audit_months: Annotated[int, Field(ge=1, le=100_000)] | None


class SubscriptionOut(Out):
    """A channel that hears of bookings: of a room, a location or all; at once, or at `digestAt`. `paused` says why not."""

    id: UUID
    version: int
    slack_team_id: str
    slack_channel_id: str
    location_id: UUID | None
    room_id: UUID | None
    kinds: list[str]
    digest_at: str | None
    time_zone: str
    weekly_figures: bool
    paused: str | None

    @classmethod
    def of(cls, one: Subscription) -> SubscriptionOut:
        """Return a subscription as it is told."""
        return cls(
            id=one.id,
            version=one.version,
            slack_team_id=one.team_id,
            slack_channel_id=one.channel_id,
            location_id=one.location.id if one.location else None,
            room_id=one.room.id if one.room else None,
            kinds=sorted(one.kinds),
            digest_at=f"{one.digest_at:%H:%M}" if one.digest_at else None,
            time_zone=one.zone,
            weekly_figures=one.weekly_figures,
            paused=one.paused,
        )


class SubscriptionsOut(Out):
    """A page of subscriptions."""

    items: list[SubscriptionOut]
    next: str | None


class SubscriptionNew(Body):
    """What a channel is to hear. One of the same channel for the same room, location or all is changed."""

    slack_channel_id: Annotated[Line, Field(pattern=r"^[CGD][A-Z0-9]{1,40}$")]
    location_id: UUID | None = None
    room_id: UUID | None = None
    kinds: Annotated[tuple[Event, ...], Field(min_length=1, max_length=10)]
    digest_at: Clock | None = None
    time_zone: Annotated[Line, Field(max_length=80)]
    weekly_figures: bool = False


class GivenUpOut(Out):
    """Something that could not be told: a notice or card, to a Slack user or channel, and why."""

    id: UUID
    what: str
    whom: str
    reason: str
    at: datetime


class SendingOut(Out):
    """How sending stands: due and not sent, how late the oldest of it is, tried before, and what was given up."""

    pending: int
    oldest_due_seconds: float
    retrying: int
    given_up: list[GivenUpOut]


class Retry(Body):
    """Which of what was given up is tried again; all of it where none is named."""

    ids: Annotated[tuple[UUID, ...], Field(max_length=500)] | None = None


class RetriedOut(Out):
    """How much is tried again."""

    retried: int


async def import_rooms(call: Call) -> Reply:
    """Create or change rooms from CSV, all of them or none."""
    said, office = call.body(RoomsFile), call.services.administration
    rows = parse_csv(said.csv.replace("\x00", "\ufffd"))
    done = await call.once(
        lambda: office.rooms.import_rows(rows, dry_run=said.dry_run, by=call.actor),
        lambda report: ImportedOut.of(report, dry_run=said.dry_run),
    )
    if not said.dry_run:
        await office.rerooming.advance(call.now)
    return Reply(body=ImportedOut.model_validate(done))


async def export_rooms(call: Call) -> Reply:
    """Return every room as CSV."""
    text = await call.services.administration.rooms.export()
    return Reply(body=None, content=text.encode(), modified=call.catalogue.changed_at)


async def keeping(call: Call) -> Reply:
    """Return for how long things are kept."""
    return Reply(body=_kept(await call.services.administration.erasing.keeping()), modified=call.catalogue.changed_at)


async def keep(call: Call) -> Reply:
    """Set for how long things are kept."""
    wanted = Keeping(**call.body(RetentionSet).model_dump())
    return Reply(body=_kept(await call.services.administration.erasing.keep(wanted, by=call.actor)))


def _kept(one: Keeping) -> Retention:
    return Retention(**asdict(one))


async def subscriptions(call: Call) -> Reply:
    """Return a page of what channels hear."""
    found = [SubscriptionOut.of(one) for one in await call.services.subscriptions.all()]
    page, following = call.query(Page).of(found, key=lambda one: (one.slack_team_id, one.slack_channel_id, str(one.id)))
    return Reply(body=SubscriptionsOut(items=page, next=following), modified=call.now, dated=False, following=following)


async def subscribe(call: Call) -> Reply:
    """Let a channel hear of bookings."""
    said = call.body(SubscriptionNew)

    async def save() -> Subscription:
        return await call.services.subscriptions.save(
            None,
            team_id=call.person.slack_team_id,
            channel_id=said.slack_channel_id,
            location_id=said.location_id,
            room_id=said.room_id,
            kinds=said.kinds,
            digest_at=time.fromisoformat(said.digest_at) if said.digest_at else None,
            zone=said.time_zone,
            by=call.actor,
            weekly_figures=said.weekly_figures,
        )

    return Reply(body=SubscriptionOut.model_validate(await call.once(save, SubscriptionOut.of)))


async def unsubscribe(call: Call) -> Reply:
    """Let a channel hear of that no more."""
    if not await call.services.subscriptions.remove(call.id("subscription_id"), call.actor):
        raise errors.SubscriptionNotFound("That subscription has been removed.")
    return Reply(body=None)


async def resume(call: Call) -> Reply:
    """Let a paused subscription go on; one that is not paused does anyway."""
    one = await call.services.subscriptions.get(call.id("subscription_id"))
    await call.services.subscriptions.resume(one.id)
    return Reply(body=SubscriptionOut.of(await call.services.subscriptions.get(one.id)))


async def sending(call: Call) -> Reply:
    """Return how sending stands."""
    found = await call.services.outbox.overview(call.now)
    body = SendingOut(
        pending=found.pending,
        oldest_due_seconds=found.oldest_due_seconds,
        retrying=found.retrying,
        given_up=[GivenUpOut(**asdict(one)) for one in found.given_up],
    )
    return Reply(body=body, modified=call.now, dated=False)


async def retry(call: Call) -> Reply:
    """Try what was given up once more."""
    ids = call.body(Retry).ids
    done = await call.once(lambda: call.services.outbox.retry(ids), lambda count: RetriedOut(retried=count))
    return Reply(body=RetriedOut.model_validate(done))


OPERATIONS = (
    Operation(
        method="POST",
        path="/rooms/import",
        name="importRooms",
        tag="Rooms",
        summary="Create or change rooms from CSV, all of them or none",
        description="The first line names the columns: name, capacity, location; and zone, floor, amenities (with ; between "
        "them), setup_minutes, teardown_minutes, active.",
        handle=import_rooms,
        scope=Scope.ADMIN,
        body=RoomsFile,
        largest=2 * LARGEST_FILE,
        answer=ImportedOut,
        refusals=(errors.InvalidImport, errors.NotAllowed),
    ),
    Operation(
        method="GET",
        path="/rooms.csv",
        name="exportRooms",
        tag="Rooms",
        summary="Get every room as CSV, as it can be imported",
        handle=export_rooms,
        scope=Scope.ADMIN,
        media="text/csv",
    ),
    Operation(
        method="GET",
        path="/workspace/retention",
        name="getRetention",
        tag="Workspace",
        summary="Get for how long things are kept",
        handle=keeping,
        scope=Scope.ADMIN,
        answer=Retention,
    ),
    Operation(
        method="PUT",
        path="/workspace/retention",
        name="setRetention",
        tag="Workspace",
        summary="Set for how long things are kept",
        handle=keep,
        scope=Scope.ADMIN,
        body=RetentionSet,
        answer=Retention,
        refusals=(errors.InvalidSetting, errors.NotAllowed),
    ),
    Operation(
        method="GET",
        path="/subscriptions",
        name="listSubscriptions",
        tag="Workspace",
        summary="List what channels hear",
        handle=subscriptions,
        scope=Scope.ADMIN,
        query=Page,
        answer=SubscriptionsOut,
    ),
    Operation(
        method="POST",
        path="/subscriptions",
        name="subscribe",
        tag="Workspace",
        summary="Let a channel hear of bookings",
        handle=subscribe,
        scope=Scope.ADMIN,
        body=SubscriptionNew,
        answer=SubscriptionOut,
        refusals=(errors.InvalidSubscription, errors.RoomNotFound, errors.LocationNotFound, errors.NotAllowed),
    ),
    Operation(
        method="DELETE",
        path="/subscriptions/{subscription_id}",
        name="unsubscribe",
        tag="Workspace",
        summary="Let a channel hear of that no more",
        handle=unsubscribe,
        scope=Scope.ADMIN,
        refusals=(errors.SubscriptionNotFound, errors.NotAllowed),
    ),
    Operation(
        method="POST",
        path="/subscriptions/{subscription_id}/resume",
        name="resumeSubscription",
        tag="Workspace",
        summary="Let a paused subscription go on",
        handle=resume,
        scope=Scope.ADMIN,
        answer=SubscriptionOut,
        refusals=(errors.SubscriptionNotFound,),
    ),
    Operation(
        method="GET",
        path="/notices",
        name="getSending",
        tag="Workspace",
        summary="See how sending stands, and what could not be told",
        handle=sending,
        scope=Scope.ADMIN,
        answer=SendingOut,
    ),
    Operation(
        method="POST",
        path="/notices/retry",
        name="retryNotices",
        tag="Workspace",
        summary="Try what was given up once more",
        handle=retry,
        scope=Scope.ADMIN,
        body=Retry,
        body_needed=False,
        answer=RetriedOut,
    ),
)
