"""The two kinds of refusal: what Slack's API answers, and what a person's client would not let them do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]
Value = Any
"""Any JSON value."""


class SlackError(Exception):
    """An answer `{"ok": false, "error": code, ...}` of the Web API."""

    def __init__(self, code: str, **extra: object) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra

    def body(self) -> Json:
        """The JSON that Slack would answer."""
        return {"ok": False, "error": self.code, **self.extra}


def invalid_arguments(problems: Sequence[str]) -> SlackError:
    """Slack's answer to arguments of the wrong shape; each problem ends in its json-pointer."""
    messages = [f"[ERROR] {problem}" for problem in problems]
    return SlackError("invalid_arguments", response_metadata={"messages": messages})


def invalid_blocks(problems: Sequence[str]) -> SlackError:
    """Slack's answer to blocks that break a rule of Block Kit."""
    messages = [f"[ERROR] {problem}" for problem in problems]
    return SlackError("invalid_blocks", errors=list(problems), response_metadata={"messages": messages})


class Refusal(Exception):
    """Something that a person's Slack client would not let them do, as the control API answers it."""

    def __init__(self, code: str, message: str = "", **extra: object) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message
        self.extra = extra

    def body(self) -> Json:
        """The control API's answer."""
        said = {"message": self.message} if self.message else {}
        return {"ok": False, "error": self.code, **said, **self.extra}
