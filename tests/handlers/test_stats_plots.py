"""The pictures show the figures that they are made of, in names that can be drawn, and say so in words."""

from __future__ import annotations

import threading
from dataclasses import replace

from core.demand import Lack
from core.stats import Lacking, Use
from handlers import plots
from tests.core.test_stats_words import figures, room

HOURS = {(day, hour): Use() for day in range(7) for hour in range(24)}
HOURS |= {(day, hour): Use(open=60, inside=15 * (day % 4), booked=15) for day in range(5) for hour in range(9, 17)}


def year(*names: str):
    """Return figures of rooms of these names, each booked less than the one before."""
    rooms = [room(name, use=Use(open=1000, inside=1000 - 40 * number)) for number, name in enumerate(names)]
    return replace(
        figures(*rooms, lacking=(Lacking(what="amenity", detail="projector", location_id=None, times=34),)), hours=HOURS
    )


def letters(figure: object) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]  # type: ignore[attr-defined]


def test_every_open_hour_stands_in_the_table_of_shades():
    figure = plots.hours_figure(year("Apollo"))
    [image] = figure.axes[0].images
    assert image.get_array().shape == (5, 8)
    assert letters(figure)[:8] == ["0"] * 8
    assert letters(figure)[-8:] == ["0"] * 8
    assert letters(figure)[8:16] == ["25"] * 8
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["Mon", "Tue", "Wed", "Thu", "Fri"]


def test_bars_are_as_long_as_the_shares_and_named():
    figure = plots.rooms_figure(year("Apollo", "Big Ben", "Corner"))
    bars = [patch.get_width() for patch in figure.axes[0].patches]
    assert [round(bar) for bar in bars] == [100, 96, 92]
    assert letters(figure) == ["100", "96", "92"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["Apollo", "Big Ben", "Corner"]


def test_of_many_rooms_the_busiest_and_the_emptiest_are_shown_with_a_gap():
    names = [f"Room {number}" for number in range(20)]
    figure = plots.rooms_figure(year(*names))
    assert len(figure.axes[0].patches) == plots.MOST_ROOMS
    assert "6 rooms in between left out" in figure.axes[0].get_xlabel()
    assert list(figure.axes[0].get_yticks())[6:8] == [6, 8]


def test_names_that_cannot_be_drawn_get_boxes_and_no_name_is_a_formula():
    drawn = plots.draw(year("会議室", "$\\frac{1}{2}$", "Ünïcode"), everything=True)
    assert [plot.name for plot in drawn] == ["hours.png", "rooms.png", "refused.png"]
    assert all(plot.png.startswith(b"\x89PNG") for plot in drawn)


def test_words_tell_what_the_pictures_show():
    [hours, rooms, refused] = plots.draw(year("Apollo", "Big Ben"), everything=True)
    assert "Busiest: Thu " in hours.alt
    assert "Apollo 100 %; Big Ben 96 %" in rooms.alt
    assert refused.alt == "Refused searches by what was missing: projector 34."


def test_what_people_did_not_get_is_for_admins_and_nothing_is_drawn_of_nothing():
    assert [plot.name for plot in plots.draw(year("Apollo", "Big Ben"), everything=False)] == ["hours.png", "rooms.png"]
    assert plots.draw(replace(year("Apollo"), use=Use()), everything=True) == ()


def test_several_threads_draw_at_once():
    made: list[int] = []
    threads = [
        threading.Thread(target=lambda: made.append(len(plots.draw(year("Apollo", "Big Ben"), everything=True))))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [3, 3, 3]


def test_every_lack_has_its_words():
    assert all(plots.lack_name(lack.value, None) for lack in Lack)
