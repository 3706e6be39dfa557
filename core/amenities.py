"""The words for what a room has: one for each thing, whatever somebody calls it."""

from __future__ import annotations

from collections.abc import Iterable

SAME = {
    "beamer": "projector",
    "projectors": "projector",
    "wb": "whiteboard",
    "white board": "whiteboard",
    "whiteboards": "whiteboard",
    "vc": "video",
    "video conf": "video",
    "video conference": "video",
    "video conferencing": "video",
    "videoconference": "video",
    "videoconferencing": "video",
    "speakerphone": "phone",
    "speaker phone": "phone",
    "conference phone": "phone",
    "telephone": "phone",
    "screen": "tv",
    "display": "tv",
    "monitor": "tv",
    "television": "tv",
}


def canonical(words: Iterable[str]) -> frozenset[str]:
    """Return amenities in lower case under the one name that the product knows them by; blanks are left out."""
    plain = (" ".join(word.lower().split()) for word in words)
    return frozenset(SAME.get(word.replace("-", " ").replace("_", " "), word) for word in plain if word)
