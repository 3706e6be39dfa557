"""The runbook as its parts: headings, and the queries below each, with the role that each is to be run as."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "runbook.md").read_text()
ROLES = {"worker": "bookroom_worker", "superuser": "postgres"}
_FENCED = re.compile(r"^```(\w+) ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page; `sql` are pairs of role and statement, in order."""

    heading: str
    text: str
    sql: tuple[tuple[str, str], ...]
    promql: tuple[str, ...]

    @property
    def slug(self) -> str:
        """How a link names the heading."""
        return re.sub(r"[^\w\- ]", "", self.heading.casefold()).replace(" ", "-")


def pages() -> dict[str, Page]:
    """Return every page by its slug."""
    found = {}
    for part in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]:
        heading, _, text = part.partition("\n")
        blocks = _FENCED.findall(text)
        page = Page(
            heading=heading,
            text=text,
            sql=tuple((ROLES[role], statement) for kind, role, statement in blocks if kind == "sql"),
            promql=tuple(query.strip() for kind, _, query in blocks if kind == "promql"),
        )
        found[page.slug] = page
    return found
