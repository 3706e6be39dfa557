"""The alerts and the runbook: Prometheus takes them, each alert was tried on both sides, each has a page that works."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from bot.cli import app
from tests.operating.pages import TEXT, pages
from tests.operating.plant import Plant

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
RULES = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"][0]["rules"]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
TRIED = yaml.safe_load((DEPLOY / "alerts_test.yaml").read_text())["tests"]
DASHBOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(not PROMTOOL, reason="promtool is not there (Debian's package is called prometheus)")


def promtool(*words: str) -> None:
    assert PROMTOOL
    done = subprocess.run([PROMTOOL, *words], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_prometheus_takes_the_configuration_and_the_rules():
    promtool("check", "rules", str(DEPLOY / "alerts.yaml"))
    promtool("check", "config", str(DEPLOY / "prometheus.yaml"))


@needs_promtool
def test_each_alert_fires_when_it_should_and_not_when_it_should_not():
    promtool("test", "rules", str(DEPLOY / "alerts_test.yaml"))


@needs_promtool
def test_prometheus_understands_every_query_of_the_dashboard_and_the_runbook(tmp_path: Path):
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    asked += [query for page in pages().values() for query in page.promql]
    assert len(asked) > 60
    rules = [{"record": f"asked:{n}", "expr": query.replace("$__rate_interval", "5m")} for n, query in enumerate(asked)]
    written = tmp_path / "asked.yaml"
    written.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))
    promtool("check", "rules", str(written))


def test_every_alert_was_tried_on_both_sides():
    sides: dict[str, set[bool]] = {name: set() for name in ALERTS}
    for group in TRIED:
        for one in group["alert_rule_test"]:
            sides[one["alertname"]].add(bool(one.get("exp_alerts")))
    assert {name for name, seen in sides.items() if seen != {True, False}} == set()


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_is_wrong_how_bad_it_is_and_names_a_page_that_names_it(name: str):
    alert = ALERTS[name]
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert set(alert["annotations"]) == {"summary", "description", "runbook"}
    path, _, heading = alert["annotations"]["runbook"].partition("#")
    assert (ROOT / path).exists()
    page = pages()[heading]
    assert name in page.text


@pytest.mark.parametrize("slug", pages())
def test_a_page_has_all_its_parts(slug: str):
    page = pages()[slug]
    for part in ("Symptom", "Ask", "What misleads", "Mend", "Check after"):
        assert f"**{part}.**" in page.text, part
    assert page.sql or page.promql


def test_the_likely_calls_have_pages():
    calls = {"nothing-is-posted", "slack-says-dispatch_failed", "the-database-is-full", "a-migration-failed"}
    assert calls | {"a-workspaces-token-was-revoked", "restore"} <= set(pages())


def test_what_the_runbook_leads_to_exists():
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        path, _, heading = target.partition("#")
        assert not path or (ROOT / "docs" / path).exists(), target
        assert not heading or heading in pages(), target
    for command, further in re.findall(r"`bookroom (\w+)(?: (\w+))?[^`]*`", TEXT):
        known = get_command(app).commands  # type: ignore[attr-defined]
        assert command in known, command
        if further and hasattr(known[command], "commands"):
            assert further in known[command].commands, f"{command} {further}"
    for path in re.findall(r"`(deploy/[\w.-]+)`", TEXT):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("slug", [slug for slug, page in pages().items() if page.sql])
async def test_every_query_of_a_page_runs_as_the_role_that_it_names(slug: str, database: Any):
    asking = Plant(product=None, running=None, slack=None, urls=database, http=None)  # type: ignore[arg-type]
    for role, statement in pages()[slug].sql:
        await asking.sql(statement, role=role)
