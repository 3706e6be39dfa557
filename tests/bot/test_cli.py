"""The command line: what it does, and one sentence with exit code 2 for what is expected to fail."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bot import cli, config
from bot.failures import sentence_for
from bot.trial import own_database
from core.errors import Unavailable
from tests.conftest import Database

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bookroom(short_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in an empty folder; gives the exit code and both outputs."""
    monkeypatch.chdir(short_path)

    def run(*words: str, **environment: str) -> tuple[int, str, str]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["bookroom", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_help_imports_neither_database_nor_slack() -> None:
    script = (
        "import sys; sys.argv = ['bookroom', '--help']\n"
        "from bot import cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'slack_bolt', 'asyncpg', 'pydantic', 'dateparser'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "serve" in done.stdout


@pytest.mark.parametrize(
    ("words", "environment", "sentence"),
    [
        (["serve"], {}, config.MISSING["SLACK_BOT_TOKEN"]),
        (["serve"], {"SLACK_BOT_TOKEN": "xoxb-1"}, config.NO_TRANSPORT),
        (["serve"], {"SLACK_BOT_TOKEN": "xoxp-1"}, config.WRONG["SLACK_BOT_TOKEN"]),
        (["migrate"], {"DATABASE_URL": "sqlite:///rooms.db"}, config.WRONG["DATABASE_URL"]),
        (
            ["migrate"],
            {"DATABASE_URL": "postgresql://us:hunter2@127.0.0.1:1/rooms"},
            "The database cannot be reached: check host, port and sslmode in DATABASE_URL, and that it is running.",
        ),
        (
            ["admins", "list"],
            {"DATABASE_URL": "postgresql://us:hunter2@127.0.0.1:1/rooms"},
            "The database cannot be reached: check host, port and sslmode in DATABASE_URL, and that it is running.",
        ),
        (["demo"], {}, "The demo needs a checkout of Bookroom: clone it and run `make demo` there."),
    ],
)
def test_what_is_expected_to_fail_is_told_in_one_sentence(
    bookroom: Run, words: list[str], environment: dict[str, str], sentence: str
) -> None:
    assert bookroom(*words, **environment) == (2, "", f"{sentence}\n")


def test_a_database_that_does_not_exist_is_told(bookroom: Run, empty_database: Database) -> None:
    nowhere = empty_database.owner_url.replace(empty_database.name, "no_such_database")
    code, _, said = bookroom("migrate", DATABASE_URL=nowhere)
    assert code == 2
    assert said == "There is no such database: create it, or correct the name at the end of DATABASE_URL.\n"


@pytest.mark.parametrize("query", ["sslmode=verify-full", "sslmode=verify-full&sslrootcert=/no/such/file"])
def test_certificates_that_are_not_there_are_told(
    bookroom: Run, empty_database: Database, monkeypatch: pytest.MonkeyPatch, short_path: Path, query: str
) -> None:
    monkeypatch.setenv("HOME", str(short_path))
    for command in ("migrate", "check"):
        code, _, said = bookroom(command, DATABASE_URL=f"{empty_database.owner_url}?{query}")
        assert code == 2
        assert said == f"{sentence_for(Unavailable('not for a terminal'))}\n"
        assert "sslmode in DATABASE_URL" in said


def test_migrating_as_the_application_is_told(bookroom: Run, empty_database: Database) -> None:
    code, _, said = bookroom("migrate", DATABASE_URL=empty_database.app_url)
    assert code == 2
    assert "set DATABASE_OWNER_URL" in said
    assert said.count("\n") == 1


def test_migrating_twice_is_as_good_as_once(bookroom: Run, empty_database: Database) -> None:
    login = {"DATABASE_URL": empty_database.app_url, "DATABASE_OWNER_URL": empty_database.owner_url}
    first = bookroom("migrate", **login)
    assert first[0] == 0
    assert first[1].startswith("The database is at ")
    assert bookroom("migrate", **login) == first


def test_without_a_database_it_makes_one_below_the_folder(bookroom: Run, short_path: Path) -> None:
    assert bookroom("admins", "add", "U1", "--team", "T1") == (0, "U1 is an admin.\n", "")
    assert (short_path / "var" / "postgres" / "PG_VERSION").exists()
    assert bookroom("admins", "list") == (0, "U1\n", "")


def test_a_command_works_beside_a_running_bookroom(bookroom: Run, short_path: Path) -> None:
    assert bookroom("admins", "add", "U1", "--team", "T1")[0] == 0
    with own_database(short_path / "var"):
        assert bookroom("admins", "list") == (0, "U1\n", "")


def test_admins_come_and_go(bookroom: Run, database: Database) -> None:
    bookroom("admins", "add", "U1", "--team", "T1", DATABASE_URL=database.app_url)
    assert bookroom("admins", "list")[1] == "U1\n"
    assert bookroom("admins", "remove", "U1", "--team", "T1")[1] == "U1 is no admin any more.\n"
    assert bookroom("admins", "remove", "U1", "--team", "T1")[1] == "U1 was not named an admin here.\n"
    assert bookroom("admins", "list")[1] == ""


@pytest.mark.parametrize("wrong", ["@ana", "ana", "u024be7lh", "<@U024BE7LH>", "C024BE7LH"])
def test_what_is_no_member_id_is_refused(bookroom: Run, database: Database, wrong: str) -> None:
    code, _, said = bookroom("admins", "add", wrong, "--team", "T1", DATABASE_URL=database.app_url)
    assert code == 2
    assert "is no member ID" in said


def test_a_workspace_that_is_not_known_yet_has_to_be_named(bookroom: Run, database: Database) -> None:
    code, _, said = bookroom("admins", "add", "U1", DATABASE_URL=database.app_url)
    assert code == 2
    assert "--team" in said
    assert "SLACK_BOT_TOKEN is missing" in " ".join(said.replace("│", "").split())


def test_slack_is_asked_for_the_workspace_before_the_first_start(bookroom: Run, database: Database) -> None:
    with a_slack_that_answers({"ok": True, "team_id": "T7", "team": "Northbay"}) as api:
        tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_API_URL": api}
        assert bookroom("admins", "add", "U1", DATABASE_URL=database.app_url, **tokens)[0] == 0
    assert bookroom("admins", "remove", "U1", "--team", "T7")[1] == "U1 is no admin any more.\n"


def test_a_token_that_slack_refuses_is_told(bookroom: Run, database: Database) -> None:
    with a_slack_that_answers({"ok": False, "error": "invalid_auth"}) as api:
        tokens = {"SLACK_BOT_TOKEN": "xoxb-hunter2", "SLACK_APP_TOKEN": "xapp-1", "SLACK_API_URL": api}
        code, _, said = bookroom("admins", "add", "U1", DATABASE_URL=database.app_url, **tokens)
    assert code == 2
    assert "--team" in said
    assert "hunter2" not in said


@contextmanager
def a_slack_that_answers(answer: dict[str, object]) -> Iterator[str]:
    class Slack(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Slack) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/api/"
        finally:
            server.shutdown()
            thread.join()


def test_a_sound_database_passes_the_check(bookroom: Run, database: Database) -> None:
    code, said, _ = bookroom("check", DATABASE_URL=database.app_url)
    assert code == 0
    assert said.startswith("All is well")


def test_a_contradiction_is_shown_by_the_check(bookroom: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.checks.INVARIANTS", {"one is two": "SELECT 1 AS one WHERE $1::uuid IS NOT NULL"})
    assert bookroom("check", DATABASE_URL=database.app_url) == (1, "one is two:\n  one=1\n", "")


def test_an_empty_database_is_told_to_migrate(bookroom: Run, empty_database: Database) -> None:
    code, _, said = bookroom("check", DATABASE_URL=empty_database.app_url)
    assert (code, said) == (2, "The database has no tables of ours: run `bookroom migrate` first.\n")


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    assert sentence_for(ZeroDivisionError("division by zero")) is None
    assert sentence_for(KeyError("room")) is None


def test_what_a_wrapper_wraps_is_what_counts() -> None:
    wrapper = RuntimeError("wrapped")
    wrapper.__cause__ = Unavailable("not for a terminal")
    assert sentence_for(wrapper) == (
        "The database cannot be reached: check host, port and sslmode in DATABASE_URL, and that it is running."
    )
