"""What the deployment files name exists: files, commands, settings, ports, roles."""

import asyncio
import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml
from typer.main import get_command

from bot import config, postgres
from bot.binaries import bundled_binaries
from bot.cli import app
from handlers.api.events import BEAT_SECONDS
from handlers.slack_install import BACK
from handlers.web.identity import CALLBACK
from migrations import head, upgrade

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text())
EXAMPLE = (ROOT / "deploy" / ".env.example").read_text()
SETTINGS = {name.upper() for name in config.Settings.model_fields}
PASSWORDS = {
    "POSTGRES_PASSWORD",
    "BOOKROOM_OWNER_PASSWORD",
    "BOOKROOM_APP_PASSWORD",
    "BOOKROOM_WORKER_PASSWORD",
    "BOOKROOM_REPLICA_PASSWORD",
}
BOTS = ("bot-a", "bot-b")
ROLES = {
    "DATABASE_URL": (postgres.APP, "postgres"),
    "DATABASE_OWNER_URL": (postgres.OWNER, "postgres"),
    "DATABASE_WORKER_URL": (postgres.WORKER, "postgres"),
    "DATABASE_REPLICA_URL": (postgres.APP, "replica"),
}


def instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name}\s+(.+)$", joined, re.MULTILINE)


def commands() -> set[str]:
    return set(get_command(app).commands)


def test_the_image_copies_what_exists_and_all_packages_of_the_product() -> None:
    copied = {words.split()[0] for words in instructions("COPY") if not words.startswith("--from")}
    assert all((ROOT / path).exists() for path in copied)
    assert {"bot", "handlers", "core", "migrations"} <= copied
    assert "sandbox" not in copied, "the stand-in for Slack is a development tool"
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert allowed == copied


def test_the_image_runs_a_command_that_exists_as_an_ordinary_user() -> None:
    assert json.loads(instructions("ENTRYPOINT")[0]) == ["python", "-m", "bot"]
    assert json.loads(instructions("CMD")[0])[0] in commands()
    assert instructions("USER") == ["bookroom"]


def test_the_image_sets_what_there_is_to_set_and_exposes_the_port() -> None:
    set_here = dict(word.split("=", 1) for line in instructions("ENV") for word in shlex.split(line))
    others = ("PATH", "PYTHON", "PIP_", "MPLCONFIGDIR")
    ours = {name: value for name, value in set_here.items() if not name.startswith(others)}
    assert set(ours) <= SETTINGS
    assert instructions("EXPOSE") == [ours["PORT"]] == [str(config.Settings.model_fields["port"].default)]
    assert "/healthz" in instructions("HEALTHCHECK")[0]


@pytest.mark.parametrize("service", ["migrate", *BOTS])
def test_each_service_runs_a_command_that_exists_with_settings_that_exist(service: str) -> None:
    described = COMPOSE["services"][service]
    assert described["command"][0] in commands()
    assert set(described["environment"]) <= SETTINGS
    for name, url in described["environment"].items():
        role, host = ROLES[name]
        assert url.startswith(f"postgresql://{role}:")
        assert url.endswith(f"@{host}:5432/bookroom")
        assert host in COMPOSE["services"]


def test_the_bots_wait_for_the_migrated_database_and_are_not_told_its_owner() -> None:
    services = COMPOSE["services"]
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert (ROOT / "deploy" / services["migrate"]["build"]["context"] / "Dockerfile").exists()
    assert "DATABASE_OWNER_URL" in services["migrate"]["environment"]
    for one in BOTS:
        assert services[one]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        assert services[one]["image"] == services["migrate"]["image"]
        assert "DATABASE_OWNER_URL" not in services[one]["environment"]


@pytest.mark.parametrize("service", sorted(COMPOSE["services"]))
def test_what_is_mounted_into_a_service_exists(service: str) -> None:
    kept = COMPOSE["volumes"]
    for volume in COMPOSE["services"][service].get("volumes", []):
        source = volume.split(":")[0]
        assert (ROOT / "deploy" / source).is_file() if source.startswith(".") else source in kept, source


def test_what_is_open_is_open_to_this_machine_alone() -> None:
    published = {name: one["ports"] for name, one in COMPOSE["services"].items() if "ports" in one}
    assert set(published) == {"proxy", "prometheus"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert published["proxy"] == [f"127.0.0.1:{config.Settings.model_fields['port'].default}:3000"]


def test_the_proxy_asks_each_bot_whether_it_is_ready_and_shows_nobody_what_operators_ask() -> None:
    told = (ROOT / "deploy" / "haproxy.cfg").read_text()
    port = config.Settings.model_fields["port"].default
    assert re.findall(r"^    server (\S+) (\S+)$", told, re.MULTILINE) == [(one, f"{one}:{port}") for one in BOTS]
    assert "http-check send meth GET uri /readyz" in told
    assert "deny deny_status 404 if { path /metrics /readyz }" in told
    assert f"bind :{port}" in told
    patience = int(re.findall(r"timeout server (\d+)s", told)[0])
    assert patience > 2 * BEAT_SECONDS, "event streams would be cut between two beats"
    assert "retry-on conn-failure" in told, "a request that may have been done is not for a proxy to repeat"


def test_the_example_names_all_that_there_is_to_set_and_nothing_else() -> None:
    named = re.findall(r"^#? ?([A-Z_]+)=", EXAMPLE, re.MULTILINE)
    assert len(named) == len(set(named))
    assert set(named) == SETTINGS | PASSWORDS
    interpolated = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "deploy" / "compose.yaml").read_text()))
    assert interpolated == PASSWORDS


def test_the_example_shows_what_holds_where_nothing_is_set() -> None:
    defaults = {name.upper(): str(field.default) for name, field in config.Settings.model_fields.items()}
    for name, shown in re.findall(r"^# ([A-Z_]+)=(.+)$", EXAMPLE, re.MULTILINE):
        assert defaults[name] in {shown, "None"}, name


def test_the_example_s_file_is_kept_out_of_the_repository_and_the_image() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    assert "**/.env" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_files_that_make_roles_and_a_replica_do(tmp_path: Path) -> None:
    binaries = bundled_binaries()
    assert binaries is not None
    with postgres.Server(tmp_path / "data", settings={"fsync": "off"}, auth="trust") as server:
        environment = {
            **os.environ,
            **dict.fromkeys(PASSWORDS, "test"),
            "PATH": f"{tmp_path}:{binaries}:{os.environ['PATH']}",
            "PGHOST": str(server.socket_folder),
            "PGPORT": str(server.port),
            "PGUSER": "postgres",
            "PGDATA": str(server.data_dir),
        }

        def run(*command: str | Path, **more: str) -> None:
            subprocess.run(command, check=True, env={**environment, **more}, capture_output=True)

        run("psql", "-X", "-q", "-d", "postgres", "-f", ROOT / "deploy" / "roles.sql")
        upgrade(server.url(postgres.OWNER, "bookroom"))
        for role in (postgres.APP, postgres.WORKER):
            assert revisions(server.url(role, "bookroom")) == [head()]

        run("bash", ROOT / "deploy" / "replication.sh")
        started = tmp_path / "docker-entrypoint.sh"
        started.write_text('#!/bin/bash\necho "$@" > "$PGDATA/started"\n')
        started.chmod(0o755)
        copy = tmp_path / "replica" / "18"
        for _ in range(2):  # the second start finds its copy and takes it up
            run(
                *("bash", ROOT / "deploy" / "replica.sh"),
                PGDATA=str(copy),
                PRIMARY_HOST="127.0.0.1",
                PRIMARY_PORT=str(server.port),
                PGPASSWORD="test",
            )
        assert (copy / "started").read_text() == "postgres\n"
        assert (copy / "standby.signal").exists()
        told = (copy / "postgresql.auto.conf").read_text()
        assert "primary_slot_name = 'bookroom_replica'" in told
        assert "user=bookroom_replica" in told
        assert not copy.with_name("18.unfinished").exists()


def revisions(url: str) -> list[str]:
    async def ask() -> list[str]:
        connection = await asyncpg.connect(url)
        try:
            return [row["version_num"] for row in await connection.fetch("SELECT version_num FROM alembic_version")]
        finally:
            await connection.close()

    with asyncio.Runner() as runner:
        return runner.run(ask())


def test_the_manifest_asks_for_the_least() -> None:
    needed = ["commands", "channels:read", "groups:read", "chat:write", "users:read"]
    # Without these something is done in another way: groups by hand, figures in words, a list of rooms pasted.
    optional = ["usergroups:read", "files:write", "files:read"]
    # What those who sign in to our pages agree to.
    signing_in = ["openid", "profile"]
    assert MANIFEST["oauth_config"]["scopes"] == {"user": signing_in, "bot": [*needed, *optional]}
    assert MANIFEST["settings"]["event_subscriptions"]["bot_events"] == [
        "app_home_opened",
        "app_uninstalled",
        "tokens_revoked",
    ]


def test_the_manifest_turns_on_what_slack_would_refuse_otherwise() -> None:
    home = MANIFEST["features"]["app_home"]
    assert home["home_tab_enabled"]
    assert home["messages_tab_enabled"]
    (command,) = MANIFEST["features"]["slash_commands"]
    assert command["command"] == config.Settings.model_fields["bookroom_command"].default
    assert command["should_escape"]
    assert MANIFEST["settings"]["interactivity"]["is_enabled"]


def test_the_manifest_without_its_comments_serves_http() -> None:
    text = (ROOT / "manifest.yml").read_text()
    urls = r"# ((?:url|request_url|message_menu_options_url): https://)"
    over_http = yaml.safe_load(re.sub(urls, r"\1", text).replace("socket_mode_enabled: true", "socket_mode_enabled: false"))
    settings = over_http["settings"]
    addresses = {
        over_http["features"]["slash_commands"][0]["url"],
        settings["event_subscriptions"]["request_url"],
        settings["interactivity"]["request_url"],
        settings["interactivity"]["message_menu_options_url"],
    }
    assert addresses == {"https://bookroom.example.com/slack/events"}


def test_the_manifest_without_its_comments_lets_people_sign_in() -> None:
    text = (ROOT / "manifest.yml").read_text()
    signing_in = yaml.safe_load(re.sub(r"# (redirect_urls:|  - https://)", r"\1", text))
    there = [f"https://bookroom.example.com{path}" for path in (CALLBACK, BACK)]
    assert signing_in["oauth_config"]["redirect_urls"] == there


def test_the_sandbox_knows_the_manifest_s_command() -> None:
    company = json.loads((ROOT / "sandbox" / "company.json").read_text())
    (command,) = MANIFEST["features"]["slash_commands"]
    assert company["commands"][0]["command"] == command["command"]
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) <= set(company["scopes"])


def test_the_page_on_operating_names_every_setting_with_what_holds_without_it() -> None:
    page = (ROOT / "docs" / "operating.md").read_text()
    table = page.partition("## Settings")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| (.*?) ?\|$", table, re.MULTILINE)
    assert sorted(name for name, _, _ in rows) == sorted(SETTINGS)
    defaults = {name.upper(): str(field.default) for name, field in config.Settings.model_fields.items()}
    for name, _, without in rows:
        if shown := re.fullmatch(r"`(.+)`", without):
            assert shown[1] == defaults[name] or shown[1] in SETTINGS, name


def test_the_pages_name_files_headings_and_commands_that_exist() -> None:
    for page in ("operating.md", "decisions/0007-expand-then-contract.md"):
        path = ROOT / "docs" / page
        text = path.read_text()
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            assert (path.parent / link).exists(), link
        for words in re.findall(r"`bookroom ([a-z ]+)`", text):
            command: Any = get_command(app)
            for word in words.split():
                command = command.commands[word]
        for target in re.findall(r"`make ([a-z-]+)`", text):
            assert f"\n{target}:" in (ROOT / "Makefile").read_text(), target
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "operating.md").read_text(), re.MULTILINE)
    for file in sorted((ROOT / "deploy").rglob("*.yaml")):
        for heading in re.findall(r'docs/operating\.md[^"\n]*"([^"]+)"', file.read_text()):
            assert heading in headings, (file.name, heading)
