"""The demo's starter: what it starts it stops, and what goes wrong is told with the end of a log."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from bot import demo
from bot.demo import DemoFailed

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0

SANDBOX_THAT_FAILS = """
import sys
print("no such company")
sys.exit(3)
"""

SERVER = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
def serve(port):
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Page).serve_forever()
"""
SANDBOX = SERVER + 'serve(int(sys.argv[sys.argv.index("--port") + 1]))'
BOT = (
    SERVER
    + """
import json, os
names = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_API_URL", "DATABASE_URL", "SLACK_SIGNING_SECRET", "https_proxy")
print(json.dumps({"argv": sys.argv[1:], **{name: os.environ.get(name) for name in names}}), flush=True)
serve(int(os.environ["PORT"]))
"""
)
# What a shell does to a program that it starts in the background.
DEAF_TO_INTERRUPTS = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")
BOT_THAT_FAILS = "import sys; sys.exit('no such token')"


def free_port() -> int:
    """Return a port below those that the system gives away by itself, so that no other test gets it meanwhile."""
    while True:
        number = random.randint(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", number))
            return number


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def checkout(short_path: Path) -> Callable[..., Path]:
    """Make a checkout whose sandbox and bot are these scripts."""

    def make(sandbox: str = SANDBOX, bot: str = BOT) -> Path:
        for name, script in (("sandbox", sandbox), ("bot", bot)):
            (short_path / name).mkdir()
            (short_path / name / "__main__.py").write_text(script)
        shutil.copy(CHECKOUT / "sandbox" / "company.json", short_path / "sandbox")
        return short_path

    return make


def start(root: Path, port: int, *words: str, through: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return subprocess.Popen(
        # -P: the checkout under test has a bot of its own, for the child.
        [*through, sys.executable, "-P", "-m", "bot", "demo", "--port", str(port), *words],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def naming(folder: Path) -> list[int]:
    """Return the live processes whose command line names the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in words:
            found.append(int(process.parent.name))
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def test_a_port_in_use_is_told_in_one_sentence(checkout: Callable[..., Path], port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(DemoFailed, match=rf"^Port {port} is in use: choose another one, like PORT=\d+\.$"):
            demo.run(checkout(), port=port, fresh=False)


def test_elsewhere_than_in_a_checkout_it_says_so(tmp_path: Path, port: int) -> None:
    with pytest.raises(DemoFailed, match="needs a checkout"):
        demo.run(tmp_path, port=port, fresh=False)


@pytest.mark.parametrize(
    ("scripts", "told"),
    [
        ({"sandbox": SANDBOX_THAT_FAILS}, ("The sandbox stopped by itself (exit code 3)", "no such company")),
        ({"bot": BOT_THAT_FAILS}, ("The bot stopped by itself (exit code 1)", "no such token")),
    ],
)
def test_a_part_that_dies_is_named_with_the_end_of_its_log(
    checkout: Callable[..., Path],
    port: int,
    running: list[subprocess.Popen[str]],
    scripts: dict[str, str],
    told: tuple[str, str],
) -> None:
    root = checkout(**scripts)
    process = start(root, port)
    running.append(process)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert all(words in said for words in told)
    assert "Traceback" not in said
    assert naming(root) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_any_moment_stops_everything(
    checkout: Callable[..., Path], port: int, running: list[subprocess.Popen[str]], number: int
) -> None:
    root = checkout()
    process = start(root, port)
    running.append(process)
    if number == signal.SIGHUP:
        wait_until(lambda: answers(port))
    else:
        wait_until_welcome(process)
    process.send_signal(number)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert naming(root) == []
    assert not answers(port)


def test_the_bot_is_told_where_everything_is(
    checkout: Callable[..., Path],
    port: int,
    running: list[subprocess.Popen[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "the developer's own")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    root = checkout()
    (root / ".env").write_text("SLACK_SIGNING_SECRET=of-the-real-workspace\n")
    process = start(root, port)
    running.append(process)
    wait_until_welcome(process)
    told = json.loads((root / ".bookroom" / "demo" / "bot.log").read_text().splitlines()[0])
    assert told["argv"] == ["serve"]
    assert told["SLACK_API_URL"] == f"http://127.0.0.1:{port}/api/"
    assert (told["SLACK_BOT_TOKEN"], told["SLACK_APP_TOKEN"]) == ("xoxb-sandbox-bot", "xapp-sandbox-app")
    assert told["DATABASE_URL"].startswith("postgresql://bookroom_app:")
    assert told["SLACK_SIGNING_SECRET"] is None
    assert told["https_proxy"] is None


def test_fresh_forgets_the_database(checkout: Callable[..., Path], port: int, running: list[subprocess.Popen[str]]) -> None:
    root = checkout()
    database = root / ".bookroom" / "demo" / "postgres"
    made = []
    for words in ((), ("--fresh",)):
        process = start(root, port, *words)
        running.append(process)
        wait_until_welcome(process)
        made.append((database / "bookroom.secret").read_text())
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    assert made[0] != made[1]


def test_the_first_line_that_the_demo_proposes_books_a_room(
    short_path: Path, port: int, running: list[subprocess.Popen[str]]
) -> None:
    shutil.copytree(CHECKOUT / "sandbox", short_path / "sandbox")
    process = start(short_path, port)
    running.append(process)
    wait_until_welcome(process)
    ana = {"user": "U0ANA", "channel": "C0GENERAL"}
    line = re.search(r"/book room .*", demo.WELCOME)[0]
    assert ask(port, "command", {**ana, "text": line})["ok"]

    def answered() -> bool:
        messages = ask(port, f"messages?{urlencode(ana)}")["messages"]
        return any("is yours" in json.dumps(message) for message in messages)

    wait_until(answered)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert naming(short_path) == []


def ask(port: int, what: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    data = json.dumps(body).encode() if body else None
    request = Request(f"http://127.0.0.1:{port}/sandbox/{what}", data, {"Content-Type": "application/json"})
    with urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)


def wait_until_welcome(process: subprocess.Popen[str]) -> None:
    said = []
    for line in process.stdout:
        said.append(line)
        if "Bookroom is running" in line:
            return
    raise AssertionError("the demo ended before it was ready:\n" + "".join(said))


def test_an_interrupt_counts_even_where_the_shell_ignores_it(
    checkout: Callable[..., Path], port: int, running: list[subprocess.Popen[str]]
) -> None:
    process = start(checkout(), port, through=DEAF_TO_INTERRUPTS)
    running.append(process)
    wait_until_welcome(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0


def test_a_demo_killed_outright_leaves_nothing_that_blocks_the_next(
    checkout: Callable[..., Path], port: int, running: list[subprocess.Popen[str]]
) -> None:
    root = checkout()
    first = start(root, port)
    running.append(first)
    wait_until_welcome(first)
    first.kill()
    first.wait()
    second = start(root, port)
    running.append(second)
    wait_until_welcome(second)
    second.send_signal(signal.SIGINT)
    said, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0, said
    wait_until(lambda: naming(root) == [])


def test_a_demo_whose_make_is_killed_stops_by_itself(
    checkout: Callable[..., Path],
    port: int,
    running: list[subprocess.Popen[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAKELEVEL", "1")
    root = checkout()
    make = start(root, port, through=("sh", "-c", '"$@"; true', "sh"))
    running.append(make)
    wait_until_welcome(make)
    make.kill()
    make.wait()
    wait_until(lambda: naming(root) == [])
    assert not answers(port)


def test_two_demos_in_one_checkout_are_told_apart(
    checkout: Callable[..., Path], port: int, running: list[subprocess.Popen[str]]
) -> None:
    root = checkout()
    first = start(root, port)
    running.append(first)
    wait_until(lambda: answers(port))
    second = start(root, free_port())
    running.append(second)
    said, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 2
    assert "Another Bookroom is using the database" in said
    first.send_signal(signal.SIGINT)
    assert first.wait(PATIENCE) == 0
