"""The page of figures and its CSV: tables with the same numbers as the pictures, without a login, for an hour.

The address is the right to look (`stats_links`). The page asks nothing of any other host and runs no script.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from core import saying, stats_export, stats_span
from core.errors import BookingError, Busy, Unavailable
from core.quiet import zone_of
from core.stats import LEADS, Figures
from core.suggestions import suggestions
from handlers import plots, stats_links
from handlers.services import Services
from handlers.stats_links import LinkOver, Links, Look
from handlers.views import stats as views
from handlers.web.within import at

BAR_WIDTH, BAR_HEIGHT = 120, 10
OTHER_DAYS = ("last week", "last month", "last quarter", "last year")
# The shades of the pictures, as they are in the dark.
_DARK = ("#232b28", "#26352f", "#2a4038", "#2e4c42", "#33594d", "#3a685a", "#5b9683", "#6fae98", "#80c0a9", "#8fd0b8")
STYLE = """
:root { color-scheme: light dark; --ground: #f6f5f1; --card: #fff; --ink: #1c2321; --soft: #57605d; --line: #d9dbd6;
  --accent: #1f4d3f; LIGHT --over: #fff; }
@media screen and (prefers-color-scheme: dark) { :root { --ground: #151918; --card: #1e2422; --ink: #eef1ef; --soft: #a9b4b0;
  --line: #38413e; --accent: #8fd0b8; DARK --over: #10211b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); padding: 1.5rem 1rem; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; }
h1 { font-size: 1.625rem; line-height: 1.2; margin: 0 0 .5rem; overflow-wrap: anywhere; }
.head { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: 0 1rem;
  margin: 0 0 .5rem; }
h2 { font-size: 1.125rem; line-height: 1.3; margin: 0 0 .5rem; }
.head h2, .head p { margin: 0; }
.files { display: flex; gap: 0 1rem; font-size: .875rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 0 0 1rem; }
a { color: var(--accent); padding: .25rem 0; }
a:focus-visible, .wide:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem 1.25rem;
  margin: 0 0 1rem; }
section p { margin: 0 0 .5rem; }
.share { font-size: 2.5rem; line-height: 1.1; font-weight: 700; color: var(--accent); }
ul { margin: 0; padding-left: 1.25rem; overflow-wrap: anywhere; }
.soft, footer { color: var(--soft); font-size: .875rem; font-weight: 400; }
.wide { overflow-x: auto; position: relative; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9375rem; }
th, td { padding: .3rem .5rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: baseline; }
thead th { color: var(--soft); font-size: .8125rem; font-weight: 600; }
th:first-child { text-align: left; font-weight: 600; min-width: 8rem; overflow-wrap: break-word; position: sticky; left: 0;
  background: var(--card); }
.bars { width: 8.5rem; text-align: left; }
.bars svg { display: block; width: 7.5rem; height: .625rem; }
.bars rect { fill: var(--accent); }
.bars rect.rest { fill: var(--s0); }
.shades { border-collapse: separate; border-spacing: 1px; }
.shades th, .shades td { border: 0; padding: .3rem; min-width: 2.25rem; }
.shades td, .shades th { text-align: center; }
.shades th:first-child { text-align: left; white-space: nowrap; min-width: 0; }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
SHADES
@media (max-width: 40rem) { .bars { display: none; } section { padding: .875rem; } th, td { padding: .3rem .35rem; } }
@media print { :root { --ground: #fff; } body { padding: 0; } nav, .files { display: none; }
  th:first-child { position: static; } .wide { overflow: visible; }
  section { border: 0; padding: .5rem 0; break-inside: avoid; }
  td { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
STYLE = (
    STYLE.replace("LIGHT", " ".join(f"--s{step}: {colour};" for step, colour in enumerate(plots.SHADES)))
    .replace("DARK", " ".join(f"--s{step}: {colour};" for step, colour in enumerate(_DARK)))
    .replace(
        "SHADES",
        "\n".join(
            f".s{step} {{ background: var(--s{step});{' color: var(--over);' if step >= plots.OVER else ''} }}"
            for step in range(len(plots.SHADES))
        ),
    )
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # The address is the right to look: it must not travel to anybody.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}


def routes(services: Services) -> list[web.RouteDef]:
    """Return the page and its tables as CSV: 403 for an address that is over or not ours."""

    async def page(request: web.Request) -> web.Response:
        try:
            look, figures = await _looked(services, request)
        except BookingError as error:
            return _response(_page(title="Figures", said=error.message), status=_status(error))
        return _response(_shown(services, look, figures))

    async def file(request: web.Request) -> web.Response:
        try:
            look, figures = await _looked(services, request)
        except BookingError as error:
            return web.Response(text=f"{error.message}\n", status=_status(error), headers=HEADERS)
        table = next((one for one in stats_export.Table if one == request.match_info["table"]), None)
        if table is None or (table in stats_export.FOR_ADMINS and not look.everything):
            return web.Response(text="There is no such table here.\n", status=404, headers=HEADERS)
        name = f"{table}-{figures.first}-{figures.last}.csv"
        return web.Response(
            text=stats_export.csv_text(figures, table, everything=look.everything),
            content_type="text/csv",
            headers={**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'},
        )

    return [web.get(stats_links.PATH, page), web.get(stats_links.CSV_PATH, file)]


async def _looked(services: Services, request: web.Request) -> tuple[Look, Figures]:
    links = _links(services)
    look = links.read(request.query_string, await services.catalogues.current(), services.clock.now())
    return look, await services.stats.figures(look.asked)


def _links(services: Services) -> Links:
    if services.links is None:
        raise LinkOver("There is no page of figures here.")
    return services.links


def _shown(services: Services, look: Look, figures: Figures) -> str:
    asked, links = figures.asked, _links(services)
    place = asked.location or (figures.rooms[0].location if asked.room and figures.rooms else None)
    today = services.clock.now().astimezone(zone_of(place.zone if place else "UTC")).date()
    others = []
    for name in OTHER_DAYS:
        days = stats_span.read(name, today)
        assert days is not None
        address = at(links.relative(stats_links.of_days(look, days.first, days.last)))
        others.append((name[:1].upper() + name[1:], address))
    title = views.title(look.asked, today)
    if not figures.use.open:
        nothing = "There is nothing to count yet: no day of it is over, or no room was open."
        return _page(title=title, said=nothing, others=others)
    days_open = [day for day in range(7) if figures.weekdays[day].open]
    hours = [hour for hour, use in figures.clock.items() if use.open]
    return _page(
        title=views.title(asked, today),
        others=others,
        csv={
            table.value: at(links.relative(look, path=stats_links.CSV_PATH.format(table=table)))
            for table in stats_export.Table
        },
        figures=figures,
        everything=look.everything,
        lines=views.plain_lines(figures, everything=look.everything),
        advice=suggestions(figures) if look.everything else (),
        hours=range(min(hours), max(hours) + 1),
        days=[(day, plots.WEEKDAYS[day], figures.weekdays[day]) for day in days_open],
        several=len(figures.locations) > 1,
        leads=list(zip(LEADS, figures.leads, strict=True)),
        total=sum(figures.leads),
        lacks=plots.lacks(figures),
        note=views.note(figures, everything=look.everything),
    )


@cache
def _templates() -> Environment:
    # What people typed, like a room's name, is escaped; a name that the template does not get is an error.
    made = Environment(
        loader=PackageLoader("handlers"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.globals |= {
        "percent": saying.percent,
        "number": lambda share: f"{share * 100:.0f}",
        "shade": plots.shade,
        "hours_of": lambda minutes: f"{minutes / 60:,.0f}",
        "bar": _bar,
        "style": Markup(STYLE),  # noqa: S704 - ours, as it stands above
    }
    return made


def _page(**said: Any) -> str:  # noqa: ANN401 - what the template is given
    usual: Mapping[str, Any] = {"said": "", "figures": None, "others": (), "advice": (), "everything": False}
    return _templates().get_template("stats.html").render({**usual, **said})


def _bar(share: float) -> Markup:
    """Return a bar as long as the share; the number stands beside it, so that nobody has to hear it."""
    width = max(0.0, min(1.0, share)) * BAR_WIDTH
    return Markup(  # noqa: S704 - numbers alone
        f'<svg viewBox="0 0 {BAR_WIDTH} {BAR_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="rest" width="{BAR_WIDTH}" height="{BAR_HEIGHT}"/>'
        f'<rect width="{width:.1f}" height="{BAR_HEIGHT}"/></svg>'
    )


def _status(error: BookingError) -> int:
    if isinstance(error, LinkOver):
        return 403
    return 503 if isinstance(error, Busy | Unavailable) else 404


def _response(page: str, *, status: int = 200) -> web.Response:
    return web.Response(text=page, status=status, content_type="text/html", headers=HEADERS)
