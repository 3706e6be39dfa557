"""What the app ever said: every message with every version of it, kept whole so that a script can reconcile with it.

Unlike conversations, which forget old messages, and the log of the wire, nothing here is dropped while the sandbox runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sandbox.errors import Json

Answered = bool | Literal["unknown"]


@dataclass(kw_only=True, slots=True)
class Version:
    """What a message said from one call on.

    `answered` tells whether the app got to know: False when a fault withheld the answer or the app had hung up,
    "unknown" while the answer is under way.
    """

    method: str
    at: float
    text: str
    blocks: list[Json]
    attachments: list[Json]
    metadata: Json | None
    answered: Answered = "unknown"

    def shown(self) -> Json:
        """The version as the control API shows it."""
        return {
            "method": self.method,
            "at": self.at,
            "text": self.text,
            "blocks": self.blocks,
            "attachments": self.attachments,
            "metadata": self.metadata,
            "answered": self.answered,
        }


@dataclass(kw_only=True, slots=True)
class Deletion:
    """The end of a message."""

    method: str
    at: float
    answered: Answered = "unknown"

    def shown(self) -> Json:
        """The deletion as the control API shows it."""
        return {"method": self.method, "at": self.at, "answered": self.answered}


@dataclass(kw_only=True, slots=True)
class Post:
    """One message of the app's; `n` is the number of its last change, `ephemeral_to` its only reader."""

    n: int
    channel: str
    ts: str
    thread_ts: str | None
    ephemeral_to: str | None
    versions: list[Version] = field(default_factory=list)
    deletion: Deletion | None = None

    def shown(self) -> Json:
        """The message as the control API shows it: as it stands, and all its versions."""
        last = self.versions[-1]
        return {
            "n": self.n,
            "channel": self.channel,
            "ts": self.ts,
            "thread_ts": self.thread_ts,
            "ephemeral_to": self.ephemeral_to,
            "text": last.text,
            "blocks": last.blocks,
            "attachments": last.attachments,
            "metadata": last.metadata,
            "answered": last.answered,
            "versions": [one.shown() for one in self.versions],
            "deleted": self.deletion.shown() if self.deletion else None,
        }


class Posts:
    """Every message of the app's, in the order of their last change."""

    def __init__(self) -> None:
        self._posts: dict[tuple[str, str], Post] = {}
        self._changes: list[Post] = []
        self._recent: list[Version | Deletion] = []

    @property
    def count(self) -> int:
        """How many messages the app ever posted."""
        return len(self._posts)

    @property
    def last(self) -> int:
        """The number of the last change; 0 when there was none."""
        return len(self._changes)

    def wrote(self, channel: str, ts: str, version: Version, *, thread_ts: str | None, ephemeral_to: str | None) -> None:
        """Keep a new message, or a new version of one."""
        post = self._posts.get((channel, ts))
        if post is None:
            post = Post(n=0, channel=channel, ts=ts, thread_ts=thread_ts, ephemeral_to=ephemeral_to)
            self._posts[channel, ts] = post
        post.versions.append(version)
        self._note(post, version)

    def removed(self, channel: str, ts: str, deletion: Deletion) -> None:
        """Keep that a message was taken away; what others wrote is not known here."""
        post = self._posts.get((channel, ts))
        if post is not None:
            post.deletion = deletion
            self._note(post, deletion)

    def _note(self, post: Post, change: Version | Deletion) -> None:
        self._changes.append(post)
        post.n = len(self._changes)
        self._recent.append(change)

    def recent(self) -> list[Version | Deletion]:
        """The changes since this was last asked, so that whoever answers the app can say how that went."""
        taken, self._recent = self._recent, []
        return taken

    def since(self, number: int, *, limit: int | None = None) -> list[Post]:
        """The messages changed after change `number`, each once, by their last change; at most `limit` of them."""
        found: list[Post] = []
        for position in range(max(number, 0), len(self._changes)):
            post = self._changes[position]
            if post.n == position + 1:
                found.append(post)
                if limit is not None and len(found) >= limit:
                    break
        return found
