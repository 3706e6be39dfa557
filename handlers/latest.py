"""The order of quick changes in a live form, as far as this process has seen them."""

from __future__ import annotations

from collections import OrderedDict

KEPT = 10_000


class Latest:
    """Remembers how many changes each open view has seen, of as many views as are likely to be open."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._kept = kept

    def begin(self, view_id: str) -> int:
        """Note a change and return its number."""
        number = self._seen.pop(view_id, 0) + 1
        self._seen[view_id] = number
        if len(self._seen) > self._kept:
            self._seen.popitem(last=False)
        return number

    def holds(self, view_id: str, number: int) -> bool:
        """Tell whether nothing came after that change."""
        return self._seen.get(view_id, number) == number
