"""Curves of growth as small SVG pictures: labelled lines on white, the median drawn, up to the slowest in a hundred shaded.

Times stand on a logarithmic scale, rates on a plain one with the rounds that were lowest and highest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

# Apart in lightness too, so that they are told apart in grey.
_COLOURS = ("#1f5fa8", "#d1720f")
_WORDS: dict[str, tuple[str, str, str]] = {
    "bookings": ("Bookings ahead, in 200 rooms", "bookings ahead", "ms"),
    "rooms": ("Rooms, with 50 bookings ahead in each", "rooms", "ms"),
    "history": ("Archived bookings", "archived bookings", "ms"),
    "replicas": ("Processes of the bot on one machine of two cores", "processes", "bookings a second"),
    "streams": ("Open streams of one process", "open streams", "ms"),
}


def draw(name: str, curve: dict[str, Any], file: Path) -> None:
    """Write a curve's picture."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    title, along, unit = _WORDS[name]
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    axes = figure.add_subplot()
    for (label, line), colour in zip(curve["lines"].items(), _COLOURS, strict=False):
        xs, middle = curve["x"], line["p50"]
        low, high = line.get("low", middle), line.get("high", line.get("p99"))
        said = f"{label}: {middle[0]:,.0f} to {middle[-1]:,.0f} {unit}"
        axes.plot(xs, middle, color=colour, marker="o", markersize=4, linewidth=1.8, label=said)
        axes.fill_between(xs, low, high, color=colour, alpha=0.13, linewidth=0)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel(along, fontsize=9)
    axes.set_ylabel(unit, fontsize=9)
    if unit == "ms":
        # A hundred times longer once in a hundred is as visible as a median that stays where it is.
        axes.set_yscale("log")
        axes.set_ylim(1, 1000)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    else:
        axes.set_ylim(bottom=0)
    axes.legend(loc="lower right", fontsize=8, frameon=False)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.tick_params(labelsize=8)
    axes.grid(axis="y", color="#dddddd", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    # Words as words, and the same file for the same numbers.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bookroom"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None}, facecolor="white")
