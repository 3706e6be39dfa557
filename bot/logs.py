"""How the process logs: one line an event on stderr, for people on a terminal and as JSON elsewhere, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "***"
# Slack's tokens in any text, and the password in any URL. A URL's password ends at the last @ before the host.
_SECRETS = re.compile(r"\bx(?:ox[a-z]|app|oxe\.xox[a-z])-[\w.-]+|(?<=://)([^\s/:@]*):[^\s/]+(?=@)")
# PostgreSQL quotes the row or the key that a constraint refused, with all that people wrote.
_ROWS = re.compile(r"DETAIL:\s+(?:Failing row contains \(.*?\)\.|Key \([^\n]*)(?=\n|\Z)", re.DOTALL)
# Libraries that tell at INFO what only their authors want to read.
_TALKATIVE = ("alembic.runtime.plugins", "apscheduler", "aiohttp.access", "sqlalchemy", "asyncio")
# Libraries that tell, below WARNING, all that they send and get: titles, what people type, addresses with tokens in them.
_INDISCREET = ("slack_bolt", "slack_sdk", "aiohttp.client", "aiohttp.web", "aiohttp.server", "multipart", "urllib3")


def configure(level: str = "INFO", *, human: bool | None = None) -> None:
    """Set up logging for the process; `human` None decides by whether stderr is a terminal."""
    if human is None:
        human = sys.stderr.isatty()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    # Tracebacks become text before secrets are looked for: an error's message can quote a URL.
    last: list[Processor] = [structlog.processors.format_exc_info, without_secrets]
    last += [_for_people() if human else structlog.processors.JSONRenderer(default=str)]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level) if root.level > logging.DEBUG else root.level)
    for name in _INDISCREET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide tokens and passwords, wherever in an event they stand."""
    return {name: _hidden(value) for name, value in event.items()}


def _for_people() -> Processor:
    return structlog.dev.ConsoleRenderer(colors=True, exception_formatter=structlog.dev.plain_traceback)


def _hidden(value: Any) -> Any:  # noqa: ANN401 - an event holds anything
    if isinstance(value, str):
        if "DETAIL:" in value:
            value = _ROWS.sub(f"DETAIL: {HIDDEN}", value)
        return _SECRETS.sub(lambda found: f"{found[1] or ''}:{HIDDEN}" if found[1] is not None else HIDDEN, value)
    if isinstance(value, dict):
        return {name: _hidden(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(inner) for inner in value]
    if isinstance(value, BaseException):
        return _hidden(f"{type(value).__name__}: {value}")
    return value
