"""`bookroom bench` runs what lies beside the product, tells both sides as JSON, and says so where there is nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.rows import Check, Report, Row, Size, of_rounds, share_of_rate, verdicts
from benchmarks.sides import Side, in_turn

ROOT = Path(__file__).parents[2]


def run(*arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from bot.cli import main; main()", "bench", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(root)})


def test_where_there_are_no_benchmarks_it_says_where_they_are(tmp_path: Path):
    for package in ("core", "handlers", "migrations"):
        (tmp_path / package).symlink_to(ROOT / package)
    # Copies: where they lie is how they find what lies beside them.
    shutil.copytree(ROOT / "bot", tmp_path / "bot", ignore=shutil.ignore_patterns("__pycache__"))

    done = run("--quick", root=tmp_path)

    assert done.returncode == 2
    assert "make bench" in done.stderr
    assert done.stdout == ""


def test_what_is_unknown_is_refused_with_what_there_is():
    done = run("tea")
    assert done.returncode == 2
    assert "nothing is called tea; there are booking, command, api" in done.stderr


async def test_two_sides_take_turns_and_their_first_round_is_forgotten():
    order: list[str] = []

    async def ours() -> None:
        order.append("ours")

    async def theirs() -> None:
        order.append("theirs")

    sides = Side(name="ours", act=ours), Side(name="theirs", act=theirs)
    await in_turn(*sides, acts=4, clients=2, rounds=2)

    assert order == (["theirs"] * 4 + ["ours"] * 4) + (["ours"] * 4 + ["theirs"] * 4) + (["theirs"] * 4 + ["ours"] * 4)
    assert [(len(side.rates), len(side.ms)) for side in sides] == [(2, 8), (2, 8)]
    assert [len(side.rounds(0.99)) for side in sides] == [2, 2]


def test_a_missed_figure_is_told_by_name_in_json_and_in_the_table():
    async def nothing() -> None: ...

    ours = Side(name="ours", act=nothing, rates=[50, 40, 70], ms=[20.0, 25.0, 14.0])
    theirs = Side(name="theirs", act=nothing, rates=[100, 100, 100], ms=[10.0, 10.0, 10.0])
    row = Row(
        name="booking",
        title="booking",
        sides=[ours, theirs],
        checks=[share_of_rate(ours, theirs, 0.6), Check(what="deadlocks", value=0, limit=0), of_rounds("p50", [1, 3], None)],
    )
    report = Report(size=Size(quick=True), rows=[row])

    dumped = json.loads(json.dumps(report.dump()))

    assert dumped["missed"] == ["booking: our rate / theirs"]
    ratio, deadlocks, p50 = dumped["rows"][0]["checks"]
    assert (ratio["value"], ratio["spread"], ratio["kept"], ratio["at"]) == (0.5, [0.4, 0.7], False, "least")
    assert (deadlocks["kept"], p50["kept"], p50["value"]) == (True, None, 2)
    assert {"cores", "load_before", "load_after", "python", "packages"} <= dumped["machine"].keys()
    assert dumped["form"] == "quick"
    assert verdicts(report.rows).row_count == 3
