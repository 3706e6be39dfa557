"""`bookroom approvals`: what waits for approval, and deciding on it from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from bot.commands.connected import with_services

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.approval_deciding import Approvals
    from core.approval_rows import Request
    from core.models import Slot

app = typer.Typer(help="Bookings that wait for approval.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")]
RequestId = Annotated[UUID, typer.Argument(metavar="ID", help="Of a request, as `list` shows it.")]
Reason = Annotated[str | None, typer.Option("--reason", help="What the booker is told.")]


@app.command("list")
def list_approvals(*, as_json: AsJson = False) -> None:
    """Show what waits, the longest waiting first, with who is asked."""

    async def work(approvals: Approvals) -> None:
        waiting = await approvals.waiting()
        asked = {one.id: [who.name for who in await approvals.approvers(one.booking)] for one in waiting}
        if as_json:
            typer.echo(json.dumps([_facts(one, asked[one.id]) for one in waiting], indent=2))
            return
        for one in waiting:
            typer.echo(f"{one.id}  {_sentence(one)}; asked: {', '.join(asked[one.id]) or 'nobody'}")
        if not waiting:
            typer.echo("Nothing waits for approval.")

    _run(work)


@app.command("approve")
def approve(request: RequestId, *, as_json: AsJson = False) -> None:
    """Approve a request, with all dates of a series that were asked for in it."""
    _decide(lambda approvals: approvals.approve(request, by=None), "Approved", as_json=as_json)


@app.command("decline")
def decline(request: RequestId, reason: Reason = None, *, as_json: AsJson = False) -> None:
    """Decline a request; what was approved of it before stays."""
    _decide(lambda approvals: approvals.decline(request, by=None, reason=reason), "Declined", as_json=as_json)


def _decide(decision: Callable[[Approvals], Awaitable[Request]], said: str, *, as_json: bool) -> None:
    async def work(approvals: Approvals) -> None:
        decided = await decision(approvals)
        typer.echo(json.dumps(_facts(decided, []), indent=2) if as_json else f"{said}: {_sentence(decided)}.")

    _run(work)


def _run(work: Callable[[Approvals], Awaitable[None]]) -> None:
    with_services(lambda services, _: work(services.approvals))


def _sentence(request: Request) -> str:
    booking = request.booking
    more = f" and {request.dates - 1} more" if request.dates > 1 else ""
    rooms = ", ".join(room.name for room in booking.rooms)
    return f"{booking.booker.name}: {rooms}, {_hours(booking.slot)}{more}"


def _hours(slot: Slot) -> str:
    return f"{slot.start:%Y-%m-%d %H:%M}-{slot.end:%H:%M} UTC"


def _facts(request: Request, asked: list[str]) -> dict[str, Any]:
    booking = request.booking
    return {
        "id": str(request.id),
        "booking": str(booking.id),
        "status": booking.status.value,
        "rooms": [room.name for room in booking.rooms],
        "start": booking.start.isoformat(),
        "end": booking.end.isoformat(),
        "dates": request.dates,
        "booker": booking.booker.name,
        "people": booking.attendees_count,
        "title": None if booking.private else booking.title,
        "asked_at": request.asked_at.isoformat(),
        "expires_at": request.expires_at.isoformat(),
        "decision": request.decision,
        "reason": request.reason,
        "asked": asked,
    }
