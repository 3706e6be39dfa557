"""The figures: all that is named of them exists, each moves when it should, and no person, title or token is in them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.metrics import Metrics
from core.tokens import Scope
from handlers.requests import Sender
from tests.handlers.firm import ANA, BEN
from tests.operating.plant import Plant, at_work, total

ROOT = Path(__file__).resolve().parents[2]
RULES = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text())["groups"][0]["rules"]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text())
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
# What Prometheus itself adds.
OF_PROMETHEUS = {"up"}


def of_dashboard() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]


def named(text: str) -> set[str]:
    """Return the names of figures in a query or a page, recording rules left out."""
    found = re.findall(r"\b(?:bookroom|process|python)_[a-z_]+\b(?!:)", text)
    return {name for name in found if name not in {"bookroom_app", "bookroom_worker", "bookroom_owner", "bookroom_happened"}}


def offered() -> set[str]:
    """Return every name that a bot's figures can have, with the suffixes of counters and histograms."""
    names: set[str] = set()
    for family in Metrics().registry.collect():
        names |= {family.name}
        names |= {
            family.name + end
            for end in {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [])
        }
    return names


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("the alerts", "\n".join(rule["expr"] for rule in RULES)),
        ("the dashboard", "\n".join(of_dashboard())),
        ("the runbook", RUNBOOK),
    ],
)
def test_every_figure_that_is_named_exists(where: str, text: str):
    assert len(named(text)) > 10
    assert named(text) - offered() == set(), where


def test_every_recording_rule_that_is_named_exists():
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    asked = set(re.findall(r"bookroom:[a-z_:0-9]+", "\n".join([*of_dashboard(), RUNBOOK, *(r["expr"] for r in RULES)])))
    assert asked <= recorded


def test_every_figure_of_ours_is_on_the_dashboard():
    shown = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in named("\n".join(of_dashboard()))}
    ours = {family.name for family in Metrics().registry.collect() if family.name.startswith("bookroom_")}
    assert ours - shown == set()


def test_panels_have_a_title_a_query_and_a_place_of_their_own():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in DASHBOARD["panels"]]
    assert len(places) == len(set(places))
    assert all(p["title"] and (p["type"] == "row" or p["targets"]) for p in DASHBOARD["panels"])


async def session(plant: Plant) -> str:
    """Do a little of everything that people and programs do, and return the token that was used."""
    await plant.subscribe()
    booked = await plant.say("/book Apollo tomorrow 14:00-15:00 Secret merger")
    assert "Apollo" in str(booked)
    await plant.say("/book Apollo tomorrow 14:00-15:00", user=BEN)
    await plant.say("/book mine")
    await plant.slack.open_home(ANA)
    form = await plant.slack.command(ANA, "C0NEWYORK", "/book")
    assert form["ok"]
    await plant.product.edge.drain(10)
    (view, *_) = await plant.slack.views(ANA)
    await plant.slack.submit(ANA, view)
    await plant.product.edge.drain(10)
    services = plant.product.services
    team = plant.running.company.team.id
    person = await services.directory.person(Sender(team_id=team, user_id=ANA), plant.product.slack)
    _, secret = await services.tokens.make(person.id, name="figures", scopes=frozenset(Scope) - {Scope.ADMIN})
    assert (await plant.ask("GET", "/rooms", secret))[0] == 200
    assert (await plant.ask("GET", "/rooms", "bkr_nobody"))[0] == 401
    async with plant.http.get(plant.url + "/no-such-page") as answer:
        assert answer.status == 404
    return secret


async def test_a_session_moves_what_it_should(database: Any):
    async with at_work(database) as plant:
        await plant.product.background.checking.look()
        before = await plant.figures()
        secret = await session(plant)
        after = await plant.until(lambda seen: total(seen, "bookroom_notices_sent_total") > 0)
        page = await plant.text()

    def moved(name: str, /, **labels: str) -> bool:
        return total(after, name, **labels) > total(before, name, **labels)

    assert moved("bookroom_bookings_total", action="book", surface="slack", outcome="done")
    assert moved("bookroom_bookings_total", action="book", surface="slack", outcome="SlotTaken")
    assert moved("bookroom_booking_conflicts_total", surface="slack")
    assert moved("bookroom_requests_total", surface="command", action="typed", outcome="done")
    assert moved("bookroom_requests_total", surface="api", outcome="done")
    assert moved("bookroom_requests_total", surface="api", outcome="Unauthorized")
    assert moved("bookroom_requests_total", surface="web", outcome="http_404")
    for surface in ("command", "view", "home", "api"):
        assert moved("bookroom_request_seconds_count", surface=surface), surface
    for kind in ("command", "view", "event"):
        assert moved("bookroom_ack_seconds_count", transport="http", kind=kind), kind
    assert moved("bookroom_http_responses_total", surface="api", status="200")
    assert moved("bookroom_http_responses_total", surface="api", status="401")
    assert moved("bookroom_slack_calls_total", method="views.open", outcome="ok")
    assert moved("bookroom_slack_calls_total", method="chat.postMessage", outcome="ok")
    assert moved("bookroom_slack_call_seconds_count", method="chat.postMessage")
    assert moved("bookroom_pool_wait_seconds_count", role="bookroom_app")
    assert moved("bookroom_pool_wait_seconds_count", role="bookroom_worker")
    assert total(after, "bookroom_pool_size", role="bookroom_app") == 10
    assert moved("bookroom_bells_total")
    assert moved("bookroom_job_runs_total", name="plan", outcome="ok")
    assert total(after, "bookroom_check_ok") == len({labels for name, labels in after if name == "bookroom_check_ok"}) >= 3
    assert total(after, "bookroom_build_info") == 1
    assert total(after, "process_resident_memory_bytes") > 0
    assert total(after, "bookroom_invariant_violations") == 0
    for word in ("merger", "Secret", secret, "xoxb", ANA, plant.running.company.team.id, str(plant.product.db.tenant)):
        assert word not in page, word


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not there (Debian's package is called prometheus)")
def test_prometheus_reads_what_we_write():
    checked = subprocess.run(
        ["promtool", "check", "metrics"], check=False, input=Metrics().text(), capture_output=True, timeout=30
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
