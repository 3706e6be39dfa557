"""What a page of administration is asked for, and by whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from core.models import Actor
from handlers.administration import Administration
from handlers.drafts import OUT_OF_DATE, UnreadableError
from handlers.requests import Form
from handlers.services import Desk
from handlers.views.admin import Filled, Where


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A page, button or form of administration that was asked for; `form` where something stands in one."""

    where: Where
    desk: Desk
    form: Form | None = None
    key: str = ""

    @property
    def id(self) -> UUID:
        """What it is about."""
        if self.where.id is None:
            raise UnreadableError(OUT_OF_DATE)
        return self.where.id

    @property
    def version(self) -> int:
        """As which version the person saw it; one that there never is where nothing is said of it."""
        return self.where.version or 0

    @property
    def filled(self) -> Filled:
        """What stands in the form."""
        if self.form is None:
            raise UnreadableError(OUT_OF_DATE)
        return Filled(form=self.form)

    @property
    def office(self) -> Administration:
        """The use cases."""
        return self.desk.services.administration

    @property
    def by(self) -> Actor:
        """Who asks."""
        return self.desk.actor


async def fresh(asked: Asked) -> Asked:
    """Return the same with the catalogue as it is after a change."""
    desk = asked.desk
    return replace(asked, desk=replace(desk, catalogue=await desk.services.catalogues.current()))
