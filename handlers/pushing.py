"""Showing open views anew when something has happened that they show: the App Home, and a search.

A push goes with the view's hash: it never covers what the person has just done there themselves.
"""

from __future__ import annotations

from slack_sdk.web.async_client import AsyncWebClient

from core.watching import OpenView
from handlers import home, search_modal
from handlers.looking import There
from handlers.requests import HomeOpened, Sender
from handlers.services import Desk, Services
from handlers.slack_errors import FAILED, reason

# Slack no longer knows the view, or the person has no Home any more.
GONE = frozenset({"not_found", "view_not_found", "user_not_found", "not_enabled", "account_inactive"})


class Pushes:
    """Draws an open view again for the person who has it open, and hands it to Slack."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def push(self, open_view: OpenView, client: AsyncWebClient) -> str:
        """Bring a view up to date and note it; return "pushed", "overtaken" (by the person's own act) or "gone".

        Raises what Slack answers otherwise (`slack_errors.FAILED`): the view then stays stale.
        """
        watching = self._services.watching
        try:
            there = await (self.home if open_view.kind == "home" else self.search)(open_view, client)
        except FAILED as error:
            said = reason(error)
            if said == "hash_conflict":
                # What the person has just done there has drawn it anew.
                await watching.pushed(open_view, None)
                return "overtaken"
            if said not in GONE:
                raise
            await watching.gone(open_view.view_id)
            return "gone"
        await watching.pushed(open_view, there.hash if there else None)
        return "pushed"

    async def home(self, open_view: OpenView, client: AsyncWebClient) -> There | None:
        """Publish somebody's App Home as things stand; return its new hash."""
        desk = await self._desk(open_view, client)
        view = await home.opened(HomeOpened(sender=desk.sender), desk)
        user = desk.person.slack_user_id
        return There.of(await client.views_publish(user_id=user, view=view, hash=open_view.hash))

    async def search(self, open_view: OpenView, client: AsyncWebClient) -> There | None:
        """Show the rooms of a search as they are now; what is typed in its fields stays."""
        desk = await self._desk(open_view, client)
        view = await search_modal.shown_again(dict(open_view.content), desk)
        return There.of(await client.views_update(view_id=open_view.view_id, view=view, hash=open_view.hash))

    async def _desk(self, open_view: OpenView, client: AsyncWebClient) -> Desk:
        """Return the desk of the person who has the view open, without asking Slack about them."""
        services = self._services
        person = await services.people.get(open_view.person_id)
        sender = Sender(team_id=open_view.team_id, user_id=person.slack_user_id)
        catalogue = await services.catalogues.current()
        return Desk(services=services, person=person, sender=sender, catalogue=catalogue, client=client)
