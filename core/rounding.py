"""Times as people say them: what is offered begins and ends on a whole five minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

FIVE = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rounded_down(moment: datetime) -> datetime:
    """Return the last whole five minutes that is not after the moment."""
    return moment - (moment - _EPOCH) % FIVE


def rounded_up(moment: datetime) -> datetime:
    """Return the next whole five minutes that is not before the moment."""
    return moment + (_EPOCH - moment) % FIVE
