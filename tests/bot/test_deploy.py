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
from handlers.web.identity import CALLBACK
from migrations import head, upgrade

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text())
EXAMPLE = (ROOT / "deploy" / ".env.example").read_text()
SETTINGS = {name.upper() for name in config.Settings.model_fields}
PASSWORDS = {"POSTGRES_PASSWORD", "BOOKROOM_OWNER_PASSWORD", "BOOKROOM_APP_PASSWORD", "BOOKROOM_WORKER_PASSWORD"}


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
    ours = {name: value for name, value in set_here.items() if name != "PATH" and not name.startswith(("PYTHON", "PIP_"))}
    assert set(ours) <= SETTINGS
    assert instructions("EXPOSE") == [ours["PORT"]] == [str(config.Settings.model_fields["port"].default)]
    assert "/healthz" in instructions("HEALTHCHECK")[0]


@pytest.mark.parametrize("service", ["migrate", "bot"])
def test_each_service_runs_a_command_that_exists_with_settings_that_exist(service: str) -> None:
    described = COMPOSE["services"][service]
    assert described["command"][0] in commands()
    assert set(described["environment"]) <= SETTINGS
    for url, role in zip(described["environment"].values(), (postgres.APP, postgres.OWNER, postgres.WORKER), strict=True):
        assert url.startswith(f"postgresql://{role}:")
        assert url.endswith("@postgres:5432/bookroom")


def test_the_bot_waits_for_the_migrated_database() -> None:
    services = COMPOSE["services"]
    assert services["bot"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert (ROOT / "deploy" / services["migrate"]["build"]["context"] / "Dockerfile").exists()
    mounted = [volume.split(":")[0] for volume in services["postgres"]["volumes"] if volume.startswith(".")]
    assert mounted
    assert all((ROOT / "deploy" / path).exists() for path in mounted)


def test_the_bot_s_port_is_open_to_this_machine_alone() -> None:
    port = config.Settings.model_fields["port"].default
    assert COMPOSE["services"]["bot"]["ports"] == [f"127.0.0.1:{port}:{port}"]


def test_the_example_names_what_there_is_to_set() -> None:
    named = set(re.findall(r"^#? ?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert named <= SETTINGS | PASSWORDS
    interpolated = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "deploy" / "compose.yaml").read_text()))
    assert interpolated == PASSWORDS
    assert named >= PASSWORDS


def test_the_example_s_file_is_kept_out_of_the_repository_and_the_image() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    assert "**/.env" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_roles_file_makes_roles_that_can_migrate_and_read(tmp_path: Path) -> None:
    with postgres.Server(tmp_path / "data", settings={"fsync": "off"}, auth="trust") as server:
        login = ["-h", str(server.socket_folder), "-p", str(server.port), "-U", "postgres", "-d", "postgres"]
        subprocess.run(
            [bundled_binaries() / "psql", "-X", "-q", *login, "-f", ROOT / "deploy" / "roles.sql"],
            check=True,
            env={**os.environ, **dict.fromkeys(PASSWORDS, "test")},
            capture_output=True,
        )
        upgrade(server.url(postgres.OWNER, "bookroom"))
        for role in (postgres.APP, postgres.WORKER):
            assert revisions(server.url(role, "bookroom")) == [head()]


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
    assert MANIFEST["settings"]["event_subscriptions"]["bot_events"] == ["app_home_opened"]


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
    assert signing_in["oauth_config"]["redirect_urls"] == [f"https://bookroom.example.com{CALLBACK}"]


def test_the_sandbox_knows_the_manifest_s_command() -> None:
    company = json.loads((ROOT / "sandbox" / "company.json").read_text())
    (command,) = MANIFEST["features"]["slash_commands"]
    assert company["commands"][0]["command"] == command["command"]
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) <= set(company["scopes"])
