"""Everything that happens, given once to each open stream of this process, in the order of commits.

One hub reads the feed when the bell rings, and each second in case a ring was missed; nothing while nobody listens. Who has
come to a position goes on from there: what is behind it is read page by page, at the listener's pace, then the hub's word
is taken. Whoever does not keep up is dropped, and may come again. Kept out: who may hear what, and how it is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from enum import StrEnum
from time import monotonic

from core import heard
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession
from core.errors import BookingError, Unavailable
from core.feed import BEGINNING, Position
from core.heard import Anew, Heard, Page, Standing

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
# What is held back by a transaction that is not over is looked for soon, then ever less often.
SOON_SECONDS = 0.03
# So many events a listener may be behind the hub: more than any one change of a series makes.
MOST_BEHIND = 2000
MOST_STREAMS = 2000
MOST_EACH = 50
# Those who come again all at once must not take every connection from those who book.
READING_AT_ONCE = 2
STOP_SECONDS = 1.0

Wants = Callable[[Heard], bool]


class End(StrEnum):
    """Why a stream is over before its listener left."""

    SLOW = "slow"
    STOPPING = "stopping"
    FAULT = "fault"


class NeverWasError(Exception):
    """There was no such position yet."""


class Full(StrEnum):
    """Why there is no room for another stream: as many as there may be are open, of this listener or of all."""

    EACH = "each"
    ALL = "all"


class Stream:
    """What one listener is told, in order and each event once; made by `Hub.open`."""

    def __init__(self, hub: Hub, wants: Wants, position: Position, *, caught_up: bool) -> None:
        self._hub = hub
        self._wants = wants
        self._read = position
        self._caught_up = caught_up
        self._joined = caught_up
        self._waiting: deque[Heard | Anew] = deque()
        self._live: deque[Heard | Anew] = deque()
        self._awake = asyncio.Event()
        self.over: End | None = None
        # Called where the stream is ended from outside; returns at once.
        self.when_over: Callable[[], None] | None = None

    @property
    def position(self) -> Position:
        """Where a listener may go on who has taken all that was given out; valid until the next `await`."""
        idle = self._caught_up and not self._live
        return max(self._read, self._hub.position) if idle else self._read

    def wants_anew(self, wants: Wants) -> None:
        """Listen for something else from now on."""
        self._wants = wants

    async def take(self, seconds: float) -> list[Heard | Anew]:
        """Return what there is to tell, at least one thing, or nothing after so many seconds; look at `over` then.

        Raises Unavailable and the like where the database does not answer while what was missed is read.
        """
        while self.over is None:
            if not self._caught_up:
                await self._catch_up()
            elif self._live:
                self._waiting.extend(self._live)
                self._live.clear()
            if self._waiting:
                return self._given()
            if self._caught_up:
                self._awake.clear()
                try:
                    async with asyncio.timeout(seconds):
                        await self._awake.wait()
                except TimeoutError:
                    return []
        return []

    def tell_first(self, told: Anew) -> None:
        """Have something told before all else."""
        self._waiting.append(told)

    def put(self, told: Heard | Anew) -> None:
        """Take what the hub says; returns at once, and never raises."""
        if self.over or not self._joined:
            return
        try:
            if isinstance(told, Heard) and (self._has(told) or not self._wants(told)):
                return
        except Exception:
            log.exception("a stream does not know what it wants", extra={"action": "stream"})
            self.end(End.FAULT)
            return
        if told is Anew.EVERYTHING:
            # Nothing that was still to be told is of any use, and positions may begin anew.
            self._live.clear()
            self._read = self._hub.position
        if len(self._live) >= MOST_BEHIND:
            self._behind()
            return
        self._live.append(told)
        self._awake.set()

    def end(self, why: End) -> None:
        """End it, whatever was still to be told."""
        if self.over:
            return
        self.over = why
        self._live.clear()
        self._waiting.clear()
        self._awake.set()
        if self.when_over:
            self.when_over()

    def _has(self, told: Heard) -> bool:
        """Tell whether something was read already: who catches up may come to be ahead of the hub."""
        return self._caught_up and told.position <= self._read

    def _behind(self) -> None:
        if self._caught_up:
            self.end(End.SLOW)
        else:
            # What is kept would have to be thrown away: it is read from the database, where it is anyway.
            self._live.clear()
            self._joined = False

    def _given(self) -> list[Heard | Anew]:
        given, self._waiting = list(self._waiting), deque()
        last = next((one for one in reversed(given) if isinstance(one, Heard)), None)
        if self._caught_up and last:
            self._read = max(self._read, last.position)
        return given

    async def _catch_up(self) -> None:
        """Read a page of what was missed, with the hub's word kept meanwhile, so that nothing falls between the two."""
        if not self._joined:
            self._live.clear()
            self._joined = True
        joined_at = self._hub.position
        page = await self._hub.page(self._read)
        if page.ahead:
            self._read, self._caught_up = self._hub.position, True
            self._waiting.append(Anew.EVERYTHING)
            return
        self._waiting.extend(one for one in page.heard if self._wants(one))
        # Everything up to where the hub was before the page was read is over, and on the page if it was there at all.
        self._read = max(page.reached, joined_at) if page.whole else page.reached
        if page.whole and self._joined:
            self._caught_up = True
            kept = (one for one in self._live if isinstance(one, Anew) or one.position > self._read)
            self._live = deque(kept)


class Seats:
    """How many streams there may be, `most`, and are, `taken`: in a process with many tenants, of all of them together."""

    def __init__(self, most: int) -> None:
        self.most, self.taken = most, 0


class Hub:
    """One process's reader of the feed and its open streams; `wake` is to be heard by the bell."""

    def __init__(
        self,
        db: Database,
        catalogues: Catalogues,
        clock: Clock,
        *,
        most: int | Seats = MOST_STREAMS,
        most_each: int = MOST_EACH,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._db, self._catalogues, self._clock = db, catalogues, clock
        self._seats = most if isinstance(most, Seats) else Seats(most)
        self._most_each, self._look_seconds = most_each, look_seconds
        self._streams: set[Stream] = set()
        self._of: Counter[Hashable] = Counter()
        self._reading = asyncio.Semaphore(READING_AT_ONCE)
        self._rung = asyncio.Event()
        self._beginning = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._doings = heard.Doings()
        self._looked_at = 0.0
        self._stopped = False
        self.position = BEGINNING

    @property
    def open_streams(self) -> int:
        """How many listen."""
        return sum(self._of.values())

    @property
    def reading(self) -> bool:
        """Whether the feed is read: as long as somebody listens, and a moment longer."""
        return self._task is not None and not self._task.done()

    def full(self, asker: Hashable, *, most_each: int | None = None) -> Full | None:
        """Tell whether there is no room for another stream of this listener."""
        if self._seats.taken >= self._seats.most:
            return Full.ALL
        return Full.EACH if self._of[asker] >= (most_each or self._most_each) else None

    def wake(self) -> None:
        """Look at once: something was committed, here or elsewhere."""
        self._rung.set()

    @asynccontextmanager
    async def open(self, wants: Wants, *, asker: Hashable, after: Position | None = None) -> AsyncIterator[Stream]:
        """Give a stream of what is wanted and comes behind a position; of what comes from now on, where there is none.

        It begins with EVERYTHING anew where what follows on the position is not kept any more. Raises NeverWasError for
        a position that there cannot have been, Unavailable where the database is away or we are stopping.
        """
        # Counted from here on: whoever comes while the database is asked is one of many, too.
        self._of[asker] += 1
        self._seats.taken += 1
        stream: Stream | None = None
        try:
            stream = await self._opened(wants, after)
            self._streams.add(stream)
            yield stream
        finally:
            self._of[asker] -= 1
            self._seats.taken -= 1
            if not self._of[asker]:
                del self._of[asker]
            if stream:
                self._streams.discard(stream)

    async def stop(self) -> None:
        """End every stream at once, and take no more."""
        self._stopped = True
        for stream in list(self._streams):
            stream.end(End.STOPPING)
        self._rung.set()
        if self._task:
            _, late = await asyncio.wait([self._task], timeout=STOP_SECONDS)
            for task in late:
                task.cancel()

    async def page(self, position: Position) -> Page:
        """Return what comes behind a position, for those who were away."""
        async with self._reading:
            return await self._read(position)

    async def _opened(self, wants: Wants, after: Position | None) -> Stream:
        await self._begin()
        if after is None:
            return Stream(self, wants, self.position, caught_up=True)
        position = after
        async with self._reading:
            now = self._clock.now()
            stands, anew = await self._db.read(lambda session: heard.standing(session, position, now=now))
        if self._stopped:
            raise _stopping()
        if stands is Standing.NEVER_WAS:
            raise NeverWasError
        if stands is Standing.FORGOTTEN:
            stream = Stream(self, wants, self.position, caught_up=True)
            stream.tell_first(Anew.EVERYTHING)
            return stream
        stream = Stream(self, wants, position, caught_up=False)
        if anew:
            stream.tell_first(Anew.CATALOGUE)
        return stream

    async def _begin(self) -> None:
        """See to it that the feed is read from now on."""
        async with self._beginning:
            if self._stopped:
                raise _stopping()
            if self._task is None or self._task.done():
                self._doings = heard.Doings()
                await self._db.read(self._doings.more)
                self.position = await self._db.read(heard.present)
                if self._stopped:
                    raise _stopping()
                self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        """Read as long as somebody listens."""
        soon = SOON_SECONDS
        while self._of and not self._stopped:
            self._rung.clear()
            held_back = await self._look()
            pause, soon = (soon, min(soon * 2, self._look_seconds)) if held_back else (self._look_seconds, SOON_SECONDS)
            try:
                async with asyncio.timeout(pause):
                    await self._rung.wait()
            except TimeoutError:
                pass

    async def _look(self) -> bool:
        """Tell everybody what is new; return whether more is there that is held back."""
        try:
            while self._of and not self._stopped:
                page = await self._read(self.position)
                if page.ahead:
                    self.position = await self._db.read(heard.present)
                    self._say(Anew.EVERYTHING)
                    return False
                await self._publish(page)
                if page.whole and not page.heard:
                    await self._look_at_doings()
                    return page.held_back
        except BookingError as error:
            log.warning("streams hear nothing new: %s", type(error).__name__)
        except Exception:
            log.exception("what is new cannot be told", extra={"action": "stream"})
        return False

    async def _look_at_doings(self) -> None:
        """Tell everybody where admins have changed something; a ring is not about that, so each second will do."""
        now = monotonic()
        if now - self._looked_at < self._look_seconds:
            return
        self._looked_at = now
        if await self._db.read(self._doings.more):
            self._catalogues.forget()
            self._say(Anew.CATALOGUE)

    async def _read(self, position: Position) -> Page:
        async def work(catalogue: Catalogue) -> Page:
            async def read(session: ReadSession) -> Page:
                return await heard.page(session, catalogue, position)

            return await self._db.read(read)

        return await self._catalogues.using(work)

    async def _publish(self, page: Page) -> None:
        for one in page.heard:
            # Whoever joins between two events has either read this one or is told it.
            self.position = one.position
            self._say(one)
            await asyncio.sleep(0)
        self.position = max(self.position, page.reached)

    def _say(self, told: Heard | Anew) -> None:
        for stream in list(self._streams):
            stream.put(told)


def _stopping() -> Unavailable:
    return Unavailable("Bookroom is being restarted. Try again in a moment.")
