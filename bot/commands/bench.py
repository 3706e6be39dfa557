"""`bookroom bench`: the numbers that are to hold, measured here. What measures lies beside the product, in a checkout."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import typer

MISSING = (
    "The benchmarks are not part of an installation: get a checkout of Bookroom, and run `make bench` there. "
    "They measure a database of their own, never yours."
)


def bench(context: typer.Context) -> None:
    """Measure bookings, commands, the API, search and starting, both sides in one run; --help says what there is."""
    main = _measuring()
    if main is None:
        typer.echo(MISSING, err=True)
        raise typer.Exit(2)
    raise typer.Exit(main(context.args))


def _measuring() -> Any:  # noqa: ANN401 - a module that is no part of the product
    """Return what measures, None where it is not there."""
    # `bookroom` does not look beside the product by itself, `python -m` does.
    beside = str(Path(__file__).resolve().parents[2])
    if beside not in sys.path:
        sys.path.append(beside)
    try:
        return importlib.import_module("benchmarks.__main__").main
    except ModuleNotFoundError as missing:
        if str(missing.name).split(".")[0] in {"benchmarks", "sandbox"}:
            return None
        raise
