"""The words for what a room has: one for each thing, whatever somebody calls it."""

from __future__ import annotations

from collections.abc import Iterable

SAME = {
    "beamer": "projector",
    "wb": "whiteboard",
    "white board": "whiteboard",
    "vc": "video",
    "video conf": "video",
    "video conference": "video",
    "video conferencing": "video",
    "videoconference": "video",
    "speakerphone": "phone",
    "speaker phone": "phone",
    "conference phone": "phone",
    "screen": "tv",
    "display": "tv",
    "monitor": "tv",
}


def canonical(words: Iterable[str]) -> frozenset[str]:
    """Return the amenities in lower case under the name that the product knows them by; blanks are left out."""
    plain = (" ".join(word.replace("-", " ").replace("_", " ").lower().split()) for word in words)
    return frozenset(SAME.get(word, word) for word in plain if word)
