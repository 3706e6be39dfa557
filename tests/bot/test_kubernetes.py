"""The manifests for Kubernetes: what they name exists, agrees with the code and with each other, and is complete."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

import bot.app
from bot import config, postgres
from bot.app import Bookroom
from bot.cli import app
from tests.bot.test_deploy import DOCKERFILE, instructions

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"
SETTINGS = {name.upper() for name in config.Settings.model_fields}
OPERATORS = {"/metrics", "/healthz", "/readyz"}
# What each kind cannot do without, by the API's own reference.
REQUIRED: dict[tuple[str, str], tuple[str, ...]] = {
    ("v1", "Namespace"): (),
    ("v1", "Secret"): ("stringData",),
    ("v1", "ConfigMap"): ("data",),
    ("batch/v1", "Job"): ("spec.template.spec.containers", "spec.template.spec.restartPolicy"),
    ("apps/v1", "Deployment"): (
        "spec.selector.matchLabels",
        "spec.template.metadata.labels",
        "spec.template.spec.containers",
    ),
    ("v1", "Service"): ("spec.ports", "spec.selector"),
    ("policy/v1", "PodDisruptionBudget"): ("spec.selector.matchLabels", "spec.minAvailable"),
    ("networking.k8s.io/v1", "Ingress"): ("spec.rules",),
    ("networking.k8s.io/v1", "NetworkPolicy"): ("spec.podSelector", "spec.policyTypes"),
}


def documents() -> list[dict[str, Any]]:
    return [one for path in sorted(FOLDER.glob("*.yaml")) for one in yaml.safe_load_all(path.read_text())]


def only(kind: str, name: str = "bookroom") -> dict[str, Any]:
    (found,) = [one for one in documents() if one["kind"] == kind and one["metadata"]["name"] == name]
    return found


def within(document: Any, path: str) -> Any:
    for step in path.split("."):
        document = document.get(step) if isinstance(document, dict) else None
    return document


def pod(kind: str, name: str = "bookroom") -> dict[str, Any]:
    found: dict[str, Any] = only(kind, name)["spec"]["template"]["spec"]
    return found


def container(kind: str, name: str = "bookroom") -> dict[str, Any]:
    (found,) = pod(kind, name)["containers"]
    return dict(found)


BOT, MIGRATE = ("Deployment", "bookroom"), ("Job", "bookroom-migrate")


def mebibytes(text: str) -> int:
    return int(text.removesuffix("Mi"))


@pytest.mark.parametrize("document", documents(), ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_each_is_of_a_kind_that_there_is_with_all_that_it_needs(document: dict[str, Any]) -> None:
    kind = document["apiVersion"], document["kind"]
    assert all(within(document, path) for path in REQUIRED[kind]), kind
    name = document["metadata"]["name"]
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name)
    space = document["metadata"].get("namespace")
    assert space == (None if document["kind"] == "Namespace" else only("Namespace")["metadata"]["name"])
    # Only text is taken for a setting or a secret; a bare number or "true" is refused by the server.
    told = {**document.get("data", {}), **document.get("stringData", {})}
    assert all(isinstance(value, str) for value in told.values())


@pytest.mark.parametrize("which", [BOT, MIGRATE], ids=lambda one: one[0])
def test_each_runs_a_command_that_exists_as_the_image_s_user_on_a_system_that_it_cannot_change(which: Any) -> None:
    one, around = container(*which), pod(*which)
    assert one["args"][0] in get_command(app).commands
    uid = int(re.findall(r"--uid (\d+)", DOCKERFILE)[0])
    assert around["securityContext"]["runAsUser"] == around["securityContext"]["runAsGroup"] == uid
    assert around["securityContext"]["runAsNonRoot"]
    assert around["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert one["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not around["automountServiceAccountToken"]


def test_both_run_the_same_image_of_this_version() -> None:
    version = re.findall(r'^version = "(.+)"$', (FOLDER.parents[1] / "pyproject.toml").read_text(), re.MULTILINE)[0]
    assert container(*BOT)["image"] == container(*MIGRATE)["image"] == f"bookroom:{version}"


def test_what_is_set_there_is_to_set_and_the_bot_is_not_told_the_owner_s_login() -> None:
    told: dict[str, set[str]] = {}
    for which in (BOT, MIGRATE):
        names: set[str] = set()
        for source in container(*which)["envFrom"]:
            kind, field = ("Secret", "stringData") if "secretRef" in source else ("ConfigMap", "data")
            names |= set(only(kind, next(iter(source.values()))["name"])[field])
        told[which[0]] = names
    assert told["Deployment"] | told["Job"] <= SETTINGS
    assert "DATABASE_OWNER_URL" not in told["Deployment"]
    assert {"DATABASE_URL", "DATABASE_OWNER_URL"} <= told["Job"]
    secrets = {**only("Secret")["stringData"], **only("Secret", "bookroom-owner")["stringData"]}
    for name, role in {
        "DATABASE_URL": postgres.APP,
        "DATABASE_OWNER_URL": postgres.OWNER,
        "DATABASE_WORKER_URL": postgres.WORKER,
    }.items():
        assert secrets[name].startswith(f"postgresql://{role}:PASSWORD@HOST")
    sealed = {name.upper() for name, field in config.Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert not sealed & set(only("ConfigMap")["data"]), "a secret among the settings"


def test_the_settings_are_ones_that_the_bot_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**only("Secret")["stringData"], **only("ConfigMap")["data"]}.items():
        monkeypatch.setenv(name, {"SLACK_SIGNING_SECRET": "hush", "SESSION_SECRET": "0123456789abcdef"}.get(name, value))
    taken = config.load()
    assert not taken.socket_mode
    assert taken.public_url == f"https://{only('Ingress')['spec']['rules'][0]['host']}"


def test_labels_and_selectors_agree() -> None:
    labels = only(*BOT)["spec"]["template"]["metadata"]["labels"]
    (spread,) = pod(*BOT)["topologySpreadConstraints"]
    selectors = [
        only(*BOT)["spec"]["selector"]["matchLabels"],
        spread["labelSelector"]["matchLabels"],
        only("Service")["spec"]["selector"],
        only("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
    ]
    assert all(selector == labels for selector in selectors)
    migrating = only(*MIGRATE)["spec"]["template"]["metadata"]["labels"]
    assert migrating != labels, "people would be sent to the migration"
    policy = only("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    assert policy.items() <= labels.items()
    assert policy.items() <= migrating.items()


def test_ports_agree_with_the_image_s() -> None:
    (exposed,) = instructions("EXPOSE")
    (port,) = container(*BOT)["ports"]
    (offered,) = only("Service")["spec"]["ports"]
    assert str(port["containerPort"]) == exposed
    assert only(*BOT)["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"] == exposed
    assert str(only("NetworkPolicy")["spec"]["ingress"][0]["ports"][0]["port"]) == exposed
    assert offered["targetPort"] == port["name"]
    for path in only("Ingress")["spec"]["rules"][0]["http"]["paths"]:
        assert path["backend"]["service"] == {
            "name": only("Service")["metadata"]["name"],
            "port": {"name": offered["name"]},
        }


def test_there_is_always_one_that_serves() -> None:
    spec = only(*BOT)["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert 0 < only("PodDisruptionBudget")["spec"]["minAvailable"] < spec["replicas"]


def test_a_bot_that_goes_has_the_time_that_it_takes() -> None:
    (_, pause) = container(*BOT)["lifecycle"]["preStop"]["exec"]["command"]
    # Until readiness has failed, whoever has not heard otherwise goes on sending.
    assert int(pause) >= 3
    assert pod(*BOT)["terminationGracePeriodSeconds"] >= int(pause) + bot.app.STOP_SECONDS + 3


def test_memory_is_asked_for_that_a_bot_needs() -> None:
    resources = container(*BOT)["resources"]
    # The measured size, by docs/operating.md, and half as much again.
    said = re.findall(r"^\| one bot.* \| (\d+) MB", (FOLDER.parents[1] / "docs" / "operating.md").read_text(), re.MULTILINE)
    assert said
    asked, most = (mebibytes(resources[name]["memory"]) for name in ("requests", "limits"))
    assert max(int(size) for size in said) <= asked < most
    assert "cpu" not in resources["limits"], "a bot that is held back does not answer in time"


def test_probes_and_paths_are_those_that_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "hush",
        "DATABASE_URL": "postgresql://h/d",
    }.items():
        monkeypatch.setenv(name, value)
    served = {resource.canonical for resource in Bookroom(config.load())._web().router.resources()}
    probes = [container(*BOT)[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")]
    assert probes == ["/healthz", "/healthz", "/readyz"]
    scraped = only(*BOT)["spec"]["template"]["metadata"]["annotations"]["prometheus.io/path"]
    assert {*probes, scraped} <= served
    paths = [(one["path"], one["pathType"]) for one in only("Ingress")["spec"]["rules"][0]["http"]["paths"]]

    def outside(path: str) -> bool:
        return any(path == start or (kind == "Prefix" and path.startswith(f"{start}/")) for start, kind in paths)

    assert {path for path in served if not outside(path)} == OPERATORS
    assert all(any(outside(path) and path.startswith(start) for path in served) for start, _ in paths)
