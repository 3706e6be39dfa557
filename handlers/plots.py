"""The figures as pictures: one accent colour, light ground, every number legible; each with its text for those who hear it.

matplotlib is imported when the first picture is drawn, in a thread of its own, without its global state. Kept out: adding
up (`core.stats`), and sending.
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import saying
from core.demand import Lack
from core.stats import Figures, RoomFigures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ACCENT, INK, SOFT, GROUND = "#1f4d3f", "#1c2321", "#57605d", "#ffffff"
# Ten steps from almost nothing to the accent; from `OVER` on, light letters are legible on them, before it dark ones.
SHADES = ("#f3f6f5", "#e3ebe8", "#d0ddd8", "#bccdc6", "#a6beb5", "#8fada3", "#4f7d6e", "#3f7061", "#2f6152", "#1f4d3f")
OVER = 6
DOTS, LETTERS, SMALL = 190, 10, 9
MOST_ROOMS, MOST_LACKS, NAME_SHOWN = 14, 8, 22
LACKS = {
    Lack.SEATS: "a larger room",
    Lack.TAKEN: "a free room",
    Lack.EQUIPMENT: "equipment",
    Lack.RIGHT: "the right to book",
}
RULES = {
    "OutsideOpeningHours": "longer opening hours",
    "TooLong": "a longer meeting",
    "TooShort": "a shorter meeting",
    "TooFarAhead": "a date further ahead",
    "BookingCutoff": "a booking late in the day",
    "TooShortNotice": "a booking at short notice",
    "Holiday": "a holiday",
    "RoomClosed": "a closed room",
    "QuotaReached": "more than their quota",
    "AnotherRoomThen": "a second room at once",
}

# Drawing is not made for several threads at once.
_drawing = threading.Lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """A picture (PNG) with its title, its file's name, and what it shows in words."""

    title: str
    name: str
    alt: str
    png: bytes


async def drawn(figures: Figures, *, everything: bool) -> tuple[Plot, ...]:
    """Draw what there is something to see of, beside the event loop; `everything` adds what concerns admins."""
    return await asyncio.to_thread(draw, figures, everything=everything)


def draw(figures: Figures, *, everything: bool) -> tuple[Plot, ...]:
    """Return the pictures: when rooms are booked, which rooms, and (for admins) what people did not get."""
    if not figures.use.open:
        return ()
    wanted: list[tuple[str, str, str, Callable[[Figures], Figure]]] = [
        ("When rooms are booked", "hours", hours_in_words(figures), hours_figure)
    ]
    if len(figures.rooms) > 1:
        wanted.append(("Which rooms are booked", "rooms", rooms_in_words(figures), rooms_figure))
    if everything and lacks(figures):
        wanted.append(("What people did not get", "refused", lacks_in_words(figures), lacks_figure))
    with _drawing:
        return tuple(
            Plot(title=title, name=f"{name}.png", alt=alt, png=_png(make(figures))) for title, name, alt, make in wanted
        )


# -- in words ------------------------------------------------------------------------------------------------------


def hours_in_words(figures: Figures) -> str:
    """Return the busiest and the quietest hour of the week, and the share of each weekday."""
    open_hours = [(use.share, weekday, hour) for (weekday, hour), use in figures.hours.items() if use.open]
    most, least = max(open_hours), min(open_hours)
    days = ", ".join(
        f"{WEEKDAYS[weekday]} {saying.percent(use.share)}" for weekday, use in enumerate(figures.weekdays) if use.open
    )
    return (
        f"Booked share of the open time by weekday and hour. Busiest: {_hour(most)}. Quietest: {_hour(least)}."
        f" By weekday: {days}."
    )


def rooms_in_words(figures: Figures) -> str:
    """Return the shares of the rooms that are shown."""
    shown = "; ".join(f"{one.room.name} {saying.percent(one.use.share)}" for one in rooms_shown(figures))
    return f"Booked share of the open time by room: {shown}."


def lacks_in_words(figures: Figures) -> str:
    """Return how often what was missing."""
    return "Refused searches by what was missing: " + "; ".join(f"{name} {times}" for name, times in lacks(figures)) + "."


def lacks(figures: Figures) -> list[tuple[str, int]]:
    """Return what was missing and how often, the most first."""
    added: dict[str, int] = {}
    for one in figures.lacking:
        name = lack_name(one.what, one.detail)
        added[name] = added.get(name, 0) + one.times
    return sorted(added.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_LACKS]


def lack_name(what: str, detail: str | None) -> str:
    """Return what was missing in a few words."""
    if what == Lack.AMENITY:
        return detail or "an amenity"
    if what == Lack.EQUIPMENT and detail:
        return f"{detail} to borrow"
    if what == Lack.RULE:
        return RULES.get(detail or "", "what a rule forbids")
    return LACKS.get(Lack(what), what)


def rooms_shown(figures: Figures) -> list[RoomFigures]:
    """Return the rooms that a picture has place for: all, or the busiest and the emptiest."""
    rooms = list(figures.rooms)
    half = MOST_ROOMS // 2
    return rooms if len(rooms) <= MOST_ROOMS else rooms[:half] + rooms[-half:]


def shade(share: float) -> int:
    """Return which of the `SHADES` a share gets."""
    # By the number that stands on it: what reads alike looks alike.
    return min(len(SHADES) - 1, round(share * 100) * len(SHADES) // 100)


def _hour(found: tuple[float, int, int]) -> str:
    share, weekday, hour = found
    return f"{WEEKDAYS[weekday]} {hour:02d}:00 with {saying.percent(share)}"


# -- as pictures ---------------------------------------------------------------------------------------------------


def hours_figure(figures: Figures) -> Figure:
    """Return weekday by hour as a table of shades, with the share in each."""
    from matplotlib.colors import ListedColormap

    days = [day for day in range(7) if any(figures.hours[day, hour].open for hour in range(24))]
    hours = [hour for hour in range(24) if any(figures.hours[day, hour].open for day in days)]
    hours = list(range(min(hours), max(hours) + 1))
    shares = [[figures.hours[day, hour].share if figures.hours[day, hour].open else None for hour in hours] for day in days]
    figure, axes = _canvas(width=5.6, height=0.8 + 0.36 * len(days))
    values = [[float("nan") if share is None else shade(share) for share in row] for row in shares]
    axes.imshow(values, cmap=ListedColormap(SHADES), vmin=-0.5, vmax=len(SHADES) - 0.5, aspect="auto")
    for row, line in enumerate(shares):
        for column, share in enumerate(line):
            if share is not None:
                colour = GROUND if shade(share) >= OVER else INK
                axes.text(column, row, f"{share * 100:.0f}", ha="center", va="center", color=colour, fontsize=LETTERS)
    axes.set_yticks(range(len(days)), [WEEKDAYS[day] for day in days])
    axes.set_xticks([n - 0.5 for n in range(len(hours))], [f"{hour:02d}" for hour in hours])
    axes.set_xlabel("per cent of the open time that was booked, by hour", color=SOFT, fontsize=SMALL)
    axes.tick_params(length=0)
    # Thin lines of the ground keep the cells apart.
    for column in range(1, len(hours)):
        axes.axvline(column - 0.5, color=GROUND, linewidth=1)
    for row in range(1, len(days)):
        axes.axhline(row - 0.5, color=GROUND, linewidth=1)
    return figure


def rooms_figure(figures: Figures) -> Figure:
    """Return the rooms as bars, the busiest above."""
    rooms = rooms_shown(figures)
    left_out = len(figures.rooms) - len(rooms)
    label = "per cent of the open time that was booked"
    if left_out:
        label = f"{label}; {left_out} rooms in between left out"
    names = [_legible(saying.shortened(one.room.name, NAME_SHOWN)) for one in rooms]
    # A gap stands for those between the busiest and the emptiest.
    gap = len(rooms) // 2 if left_out else None
    return _bars(names, [one.use.share * 100 for one in rooms], label=label, most=100, gap=gap)


def lacks_figure(figures: Figures) -> Figure:
    """Return what was missing as bars."""
    found = lacks(figures)
    names = [_legible(saying.shortened(name, NAME_SHOWN + 6)) for name, _ in found]
    return _bars(names, [float(times) for _, times in found], label="refused searches", most=None)


def _bars(
    names: Sequence[str], values: Sequence[float], *, label: str, most: float | None, gap: int | None = None
) -> Figure:
    places = [number + (gap is not None and number >= gap) for number in range(len(names))]
    figure, axes = _canvas(width=5.6, height=0.6 + 0.28 * (max(places) + 1))
    axes.barh(places, values, color=ACCENT, height=0.62)
    axes.set_yticks(places, names)
    # As thick as they are with many.
    axes.set_ylim(max(places) + 0.6, -0.6)
    end = most or max(values, default=1)
    axes.set_xlim(0, end * 1.08)
    for place, value in zip(places, values, strict=True):
        axes.text(value + end * 0.012, place, f"{value:.0f}", va="center", ha="left", color=INK, fontsize=LETTERS)
    axes.set_xticks([])
    axes.set_xlabel(label, color=SOFT, fontsize=SMALL)
    axes.tick_params(length=0)
    return figure


def _legible(name: str) -> str:
    """Return a name as our letters can draw it: a box for what they lack, no formulas."""
    from matplotlib.font_manager import findfont, get_font

    there = get_font(findfont("DejaVu Sans")).get_charmap()
    return "".join(letter if ord(letter) in there else "\u25a1" for letter in name).replace("$", r"\$")


def _canvas(*, width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure (inches) without frame."""
    from matplotlib.figure import Figure as Empty

    figure = Empty(figsize=(width, height), dpi=DOTS, facecolor=GROUND, layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor(GROUND)
    axes.tick_params(colors=INK, labelsize=LETTERS)
    for side in axes.spines.values():
        side.set_visible(False)
    return figure, axes


def _png(figure: Any) -> bytes:  # noqa: ANN401 - a type that is not imported before it is needed
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    out = io.BytesIO()
    FigureCanvasAgg(figure).print_png(out)  # type: ignore[no-untyped-call]
    return out.getvalue()
