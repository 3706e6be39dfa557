"""Whether an alert would fire: its own rule, fed with what the bot has really told before and after a fault.

Counters go on as they went between the two pages, gauges stay as they were on the last: the fault, had it lasted so long.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.operating.plant import Figures

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "alerts.yaml"
_NAMES = re.compile(r"\b(?:bookroom|process)_[a-z_]+\b")
# How many minutes all is well before it begins.
WELL = 10


def fires(alert: str, before: Figures, after: Figures, folder: Path, *, minutes: int = 40, times: int = 1) -> bool:
    """Return whether the alert fires that many minutes after a fault which changes the figures so, so often a minute."""
    if not shutil.which("promtool"):
        pytest.skip("promtool is not there (Debian's package is called prometheus)")
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    asked = {
        name for rule in rules if rule.get("alert") == alert or "record" in rule for name in _NAMES.findall(rule["expr"])
    }
    series = [_series(key, before.get(key, 0.0), value, times) for key, value in after.items() if key[0] in asked]
    assert series, f"none of {sorted(asked)} is told"
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "alert_rule_test": [{"alertname": alert, "eval_time": f"{WELL + minutes}m", "exp_alerts": []}],
            }
        ],
    }
    written = folder / f"{alert}.yaml"
    written.write_text(yaml.safe_dump(test))
    done = subprocess.run(
        ["promtool", "test", "rules", str(written)], check=False, capture_output=True, text=True, timeout=60
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0 or f"alertname: {alert}" in said, said
    return done.returncode != 0


def _series(key: Any, before: float, after: float, times: int) -> dict[str, str]:
    name, labels = key
    inner = ", ".join(f'{label}="{value}"' for label, value in (*labels, ("instance", "a:3000"), ("job", "bookroom")))
    counts = name.endswith(("_total", "_bucket", "_count", "_sum"))
    goes_on = f"{before}+{times * (after - before)}x300" if counts else _constantly(after, 300)
    return {"series": f"{name}{{{inner}}}", "values": f"{_constantly(before, WELL - 1)} {goes_on}"}


def _constantly(value: float, times: int) -> str:
    # promtool knows no repetition of what is infinite.
    return " ".join(["Inf"] * times) if value == float("inf") else f"{value}x{times}"
