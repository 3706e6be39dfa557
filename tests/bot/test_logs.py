"""Logs: one line an event, and never a secret."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot import logs


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in (*logs._TALKATIVE, *logs._INDISCREET)}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_event_is_one_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", human=False)
    structlog.get_logger("bookroom").info("booked", action="book", room="Apollo")
    logging.getLogger("core.db").warning("slow %s", "query", extra={"took": 3})
    first, second = written(capsys)
    assert (first["event"], first["action"], first["room"], first["level"]) == ("booked", "book", "Apollo", "info")
    assert (second["event"], second["logger"], second["took"]) == ("slow query", "core.db", 3)
    assert str(first["timestamp"]).endswith("Z")


SECRETS = [
    ("token xoxb-123-abcDEF refused", "token *** refused"),
    ("xapp-1-A0-9-ffff", "***"),
    ("xoxe.xoxb-1-abc", "***"),
    ("postgresql://us:hunter2@db/rooms", "postgresql://us:***@db/rooms"),
    ("postgresql://us:hun@ter2@db/rooms", "postgresql://us:***@db/rooms"),
    ("see http://127.0.0.1:3000/a@b", "see http://127.0.0.1:3000/a@b"),
    ("at 10:30, ana@example.com", "at 10:30, ana@example.com"),
    ("refused\nDETAIL:  Failing row contains (1, Cuts (all)\nof them, x).\nHINT: none", "refused\nDETAIL: ***\nHINT: none"),
    ("refused\nDETAIL:  Key (name)=(Cuts) already exists.", "refused\nDETAIL: ***"),
    ("deadlock\nDETAIL:  Process 1 waits for ShareLock.", "deadlock\nDETAIL:  Process 1 waits for ShareLock."),
]


@pytest.mark.parametrize(("text", "shown"), SECRETS)
def test_secrets_are_hidden_wherever_they_stand(text: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", human=False)
    structlog.get_logger().info(text, field=text, nested={"deep": [text]}, error=ValueError(text))
    event = written(capsys)[0]
    assert event["event"] == event["field"] == shown
    assert event["nested"] == {"deep": [shown]}
    assert event["error"] == f"ValueError: {shown}"


@pytest.mark.parametrize("human", [True, False])
def test_a_traceback_hides_them_too(capsys: pytest.CaptureFixture[str], human: bool) -> None:
    logs.configure("INFO", human=human)
    try:
        raise ValueError("postgresql://us:hunter2@db/rooms")
    except ValueError:
        logging.getLogger().exception("failed")
    line = capsys.readouterr().err
    assert "ValueError" in line
    assert "hunter2" not in line


def test_libraries_keep_quiet_unless_one_debugs(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", human=False)
    logging.getLogger("apscheduler.scheduler").info("Added job")
    assert written(capsys) == []
    logs.configure("DEBUG", human=False)
    logging.getLogger("apscheduler.scheduler").info("Added job")
    assert written(capsys)[0]["event"] == "Added job"


def test_on_a_terminal_it_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", human=True)
    structlog.get_logger().info("booked", token="xoxb-1-secret")
    line = capsys.readouterr().err
    assert "booked" in line
    assert "secret" not in line
