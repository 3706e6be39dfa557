"""A request of another program, done once: its key is claimed, and its answer kept, in the transaction that does it.

For use cases that take no key of their own: who asks wraps the call, and the first transaction within is the one. Kept
out: keys and how long they live (`requests`), and what an answer looks like.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from core import requests
from core.db import WriteSession, guarded_by


class DoneBeforeError(Exception):
    """The request was done before; `answer` is what was said then. Reaches nobody but who wrapped the call."""

    def __init__(self, answer: Any) -> None:  # noqa: ANN401 - whatever was kept, as JSON
        super().__init__("done before")
        self.answer = answer


class Guard:
    """Claims a key in a transaction's first statement, and keeps the answer in its last."""

    def __init__(self, key: str, *, content: str, now: datetime, answer: Callable[[Any], Any]) -> None:
        """`answer` makes JSON of what the transaction returns."""
        self._key = key
        self._content = content
        self._now = now
        self._answer = answer
        # What the request writes behind its first transaction is its own; tasks that it has begun see that too.
        self.over = False

    async def begin(self, session: WriteSession) -> None:
        """Claim the key; raises DoneBeforeError with the answer that was kept, or KeyReused."""
        earlier = await requests.claim_for_answer(session, self._key, content=self._content, now=self._now)
        if earlier is not None:
            raise DoneBeforeError(earlier["answer"])

    async def end(self, session: WriteSession, result: Any) -> None:  # noqa: ANN401 - what the use case returns
        """Keep the answer."""
        await requests.keep_answer(session, self._key, json.dumps({"answer": self._answer(result)}))


@contextmanager
def once(guard: Guard) -> Iterator[None]:
    """Let the first transaction within be the one that does the request."""
    before = guarded_by.set(guard)
    try:
        yield
    finally:
        guarded_by.reset(before)
