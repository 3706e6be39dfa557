"""How long and how hard a fault run is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How often a fault strikes, and how many are granted something between two blows and at the end."""

    blows: int = 10
    between: int = 60
    away_seconds: float = 1.0
    seed: int = 1


SHORT = Measure(blows=2, between=15, away_seconds=0.2)
