"""Settings: read once, frozen, and a wrong one is told in one sentence without its value."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot import config
from bot.config import NO_TRANSPORT, SettingsError
from bot.sealing import new_key

GOOD = {"SLACK_BOT_TOKEN": "xoxb-1-secret", "SLACK_APP_TOKEN": "xapp-1-secret"}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a .env."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in {**GOOD, **values}.items():
        monkeypatch.setenv(name, value)


def test_two_tokens_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch)
    settings = config.load()
    assert settings.socket_mode
    assert settings.database_url is None
    assert (settings.host, settings.port, settings.bookroom_command) == ("127.0.0.1", 3000, "/book")
    assert settings.slack_api_url == "https://slack.com/api/"


def test_a_signing_secret_instead_of_an_app_token_means_http(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="0123456789abcdef")
    assert not config.load().socket_mode


def test_a_file_named_env_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> None:
    (elsewhere / ".env").write_text("SLACK_BOT_TOKEN=xoxb-file\nSLACK_APP_TOKEN=xapp-file\nPORT=8001\nOTHERS=1\n")
    monkeypatch.setenv("PORT", "8002")
    settings = config.load()
    assert settings.slack_bot_token.get_secret_value() == "xoxb-file"
    assert settings.port == 8002


def test_a_token_pasted_with_its_line_end_works(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_BOT_TOKEN=" xoxb-1-secret\n")
    assert config.load().slack_bot_token.get_secret_value() == "xoxb-1-secret"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-of-a-user"),
        ("SLACK_BOT_TOKEN", "nonsense"),
        ("SLACK_APP_TOKEN", "xoxb-wrong-one"),
        ("SLACK_SIGNING_SECRET", "xoxb-wrong-one"),
        ("SLACK_CLIENT_SECRET", "without-its-id"),
        ("SESSION_SECRET", "short"),
        ("SLACK_API_URL", "slack.com/api"),
        ("SLACK_API_URL", "ftp://slack.com"),
        ("DATABASE_URL", "mysql://somebody:hunter2@localhost/rooms"),
        ("DATABASE_URL", "postgresql://somebody:hunter2@localhost"),
        ("DATABASE_URL", "postgresql://somebody:hunter2@localhost:port/rooms"),
        ("DATABASE_URL", "postgresql://somebody:hunter2@one,two:port/rooms"),
        ("DATABASE_URL", "postgresql://somebody:hunter2@localhost/rooms?sslmode=on"),
        ("DATABASE_OWNER_URL", "hunter2"),
        ("DATABASE_WORKER_URL", "hunter2"),
        ("DATABASE_REPLICA_URL", "hunter2"),
        ("DATABASE_REPLICA_URL", "mysql://somebody:hunter2@localhost/rooms"),
        ("DATABASE_REPLICA_LAG_SECONDS", "0"),
        ("DATABASE_REPLICA_LAG_SECONDS", "inf"),
        ("DATABASE_REPLICA_LAG_SECONDS", "soon"),
        ("DB_POOL_SIZE", "0"),
        ("DB_POOL_SIZE", "many"),
        ("PORT", "http"),
        ("PORT", "70000"),
        ("LOG_LEVEL", "LOUD"),
        ("BOOKROOM_COMMAND", "book"),
        ("BOOKROOM_COMMAND", "/Book Rooms"),
        ("BOOKROOM_TENANT", "us"),
        ("PUBLIC_URL", "rooms.firm.com"),
        ("TENANT_DATABASES", "postgresql://somebody:hunter2@localhost/rooms"),
        ("TENANT_DATABASES", "eu=mysql://somebody:hunter2@localhost/rooms"),
        ("TENANT_DATABASES", "main=postgresql://somebody:hunter2@localhost/rooms"),
        ("TENANT_DATABASES", "eu=postgresql://a:hunter2@one/rooms eu=postgresql://a:hunter2@two/rooms"),
        ("TENANT_OWNER_DATABASES", "eu=hunter2"),
    ],
)
def test_a_wrong_value_is_told_by_name_and_not_by_value(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    given(monkeypatch, **{name: value})
    with pytest.raises(SettingsError) as refused:
        config.load()
    sentence = str(refused.value)
    assert sentence == config.WRONG[name]
    assert "hunter2" not in repr(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("sentence", [NO_TRANSPORT, *config.MISSING.values(), *config.WRONG.values()])
def test_each_message_is_one_sentence_that_names_a_variable(sentence: str) -> None:
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert ". " not in sentence.replace("xapp-...,", "").replace("(xoxb-...)", "")
    assert any(
        name in sentence
        for name in (
            "SLACK_",
            "SECRETS_",
            "TENANT_",
            "DATABASE_",
            "DB_",
            "BOOKROOM_",
            "PORT",
            "LOG_LEVEL",
            "PUBLIC_URL",
            "API_",
            "SESSION_",
            "WEBHOOK_",
        )
    )


def test_where_people_reach_us_is_kept_without_a_slash_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, PUBLIC_URL=" https://rooms.firm.com/ ")
    assert config.load().public_url == "https://rooms.firm.com"
    monkeypatch.delenv("PUBLIC_URL")
    assert config.load().public_url is None


def test_a_missing_bot_token_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_BOT_TOKEN="")
    with pytest.raises(SettingsError, match=r"^SLACK_BOT_TOKEN is missing"):
        config.load()


def test_no_way_to_hear_from_slack_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_APP_TOKEN="")
    with pytest.raises(SettingsError) as refused:
        config.load()
    assert str(refused.value) == NO_TRANSPORT


def test_a_file_named_env_that_is_no_text_is_told(monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> None:
    (elsewhere / ".env").write_bytes(b"SLACK_BOT_TOKEN=\xff\xfe\n")
    with pytest.raises(SettingsError, match=r"\.env cannot be read"):
        config.load()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_each_common_spelling_of_a_database_url_becomes_the_same(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://us:pw@db.example:5432/rooms?sslmode=require")
    settings = config.load_storage()
    assert settings.app_url == "postgresql://us:pw@db.example:5432/rooms?sslmode=require"
    assert settings.owner_url == settings.worker_url == settings.app_url


def test_the_owner_and_the_worker_may_log_in_differently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@db/rooms")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner@db/rooms")
    monkeypatch.setenv("DATABASE_WORKER_URL", "postgresql://worker@db/rooms")
    settings = config.load_storage()
    assert settings.owner_url == "postgresql://owner@db/rooms"
    assert settings.worker_url == "postgresql://worker@db/rooms"


def test_a_copy_of_the_database_is_read_where_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.load_storage().replica_url is None
    monkeypatch.setenv("DATABASE_REPLICA_URL", "postgres://app@copy/rooms")
    monkeypatch.setenv("DATABASE_REPLICA_LAG_SECONDS", "2.5")
    settings = config.load_storage()
    assert settings.replica_url == "postgresql://app@copy/rooms"
    assert settings.database_replica_lag_seconds == 2.5


def test_storage_needs_no_slack() -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL is missing"):
        _ = config.load_storage().app_url


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, DATABASE_URL="postgresql://us:hunter2@db/rooms")
    shown = repr(config.load()) + str(config.load())
    names = ("secrets_keys", "slack_signing_secret", "slack_client_secret", "session_secret", "SecretStr")
    for name in names:
        shown = shown.replace(name, "")
    assert "secret" not in shown
    assert "hunter2" not in shown


MANY = {
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "of-the-app",
    "SLACK_SIGNING_SECRET": "hush",
    "SECRETS_KEYS": new_key(),
    "PUBLIC_URL": "https://rooms.example",
}


def test_without_a_bot_token_every_workspace_that_installs_the_app_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="", **MANY)
    settings = config.load()
    assert settings.many
    assert len(settings.sealing_keys) == 1
    assert MANY["SECRETS_KEYS"] not in repr(settings)


def test_with_a_bot_token_it_stays_one_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **MANY)
    assert not config.load().many


@pytest.mark.parametrize("name", ["SLACK_CLIENT_ID", "SLACK_SIGNING_SECRET", "PUBLIC_URL"])
def test_what_many_workspaces_need_and_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    wanting = {other: value for other, value in MANY.items() if other != name}
    if name == "SLACK_CLIENT_ID":
        del wanting["SLACK_CLIENT_SECRET"]
    given(monkeypatch, SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="", **wanting)
    with pytest.raises(SettingsError, match=f"^{name} is missing, which many workspaces need"):
        config.load()


def test_many_workspaces_are_not_heard_over_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_BOT_TOKEN="", **MANY)
    with pytest.raises(SettingsError, match="SLACK_APP_TOKEN is set without SLACK_BOT_TOKEN"):
        config.load()


def test_keys_that_are_none_are_told_without_showing_them(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **(MANY | {"SECRETS_KEYS": "hunter2"}))
    with pytest.raises(SettingsError, match="SECRETS_KEYS is not a list of keys") as refused:
        config.load()
    assert "hunter2" not in str(refused.value)


def test_settings_are_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch)
    with pytest.raises(ValidationError):
        config.load().port = 1


def test_a_blank_signing_secret_is_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="   ")
    with pytest.raises(SettingsError) as refused:
        config.load()
    assert str(refused.value) == NO_TRANSPORT


def test_a_blank_bot_token_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_BOT_TOKEN="  ")
    with pytest.raises(SettingsError, match=r"^SLACK_BOT_TOKEN "):
        config.load()


def test_signing_in_needs_the_app_s_id_and_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_CLIENT_ID="1.2", SLACK_CLIENT_SECRET="of-the-app")
    settings = config.load()
    assert (settings.slack_client_id, settings.session_key) == ("1.2", "xoxb-1-secret")
    monkeypatch.setenv("SESSION_SECRET", "a word that is long enough")
    assert config.load().session_key == "a word that is long enough"
    monkeypatch.delenv("SLACK_CLIENT_SECRET")
    with pytest.raises(SettingsError, match="go together"):
        config.load()


def test_databases_of_tenants_are_named_and_their_owners_logins_may_be_others(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch,
        TENANT_DATABASES="eu=postgres://bot:hunter2@one/rooms  big=postgresql://bot:hunter2@two/rooms",
        TENANT_OWNER_DATABASES="big=postgresql://owner:hunter2@two/rooms",
    )
    settings = config.load()
    assert settings.placements == {
        "eu": "postgresql://bot:hunter2@one/rooms",
        "big": "postgresql://bot:hunter2@two/rooms",
    }
    assert settings.owner_placements == {**settings.placements, "big": "postgresql://owner:hunter2@two/rooms"}
    assert "hunter2" not in repr(settings) + str(settings)
