"""How many connections this process may hold: as many as its streams need, as far as the system lets it."""

from __future__ import annotations

import logging
import resource

log = logging.getLogger(__name__)

# What there is beside the streams: the database, Slack, requests, files.
BESIDE = 512


def make_room(streams: int) -> None:
    """Raise our limit of open files so that so many streams fit; say so where they do not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = streams + BESIDE
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning("the system lets us open %d files, which API_STREAMS may need more of: %d", allowed, wanted)
