"""What a handler answers with; how and when it reaches Slack is the edge's matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """An ephemeral answer. `text` is the fallback that notifications and screen readers get: always set.

    For a click, `replace` puts it in the place of the message that was clicked; otherwise it stands below.
    `refused` is set by the edge where an error speaks.
    """

    text: str
    blocks: Sequence[Block | Mapping[str, Any]] = ()
    replace: bool = True
    refused: bool = False


class Place(StrEnum):
    """Where a view goes."""

    SAME = "update"
    ON_TOP = "push"


@dataclass(frozen=True, kw_only=True, slots=True)
class Show:
    """A view in answer to a submission or a click inside a view: in its place, or on top of it.

    `done` is the fallback text where the view says what has been done: that is told even when the view is gone.
    """

    view: View
    place: Place = Place.SAME
    done: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldErrors:
    """What is wrong in a form, by block id of its input blocks."""

    errors: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Close:
    """The modal is done with: close it, or all of them."""

    everything: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Nothing:
    """No answer is needed: what there was to show has been shown."""


CommandReply = Message | Nothing
ClickReply = Message | Show | Nothing
SubmissionReply = Show | FieldErrors | Close
