"""What the OpenAPI document promises of an answer, checked: the status is documented, and the body is of its schema."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from handlers import api
from handlers.api import openapi


@cache
def document() -> dict[str, Any]:
    """Return the document of the whole API."""
    return openapi.document(api.OPERATIONS)


def described(method: str, path: str) -> dict[str, Any] | None:
    """Return what the document says of a method at an address, None where it says nothing; names before parameters."""
    asked = path.removeprefix(api.PREFIX).split("/")
    found = [(known, one[method.lower()]) for known, one in document()["paths"].items() if method.lower() in one]
    alike = [(known, one) for known, one in found if _matches(known.split("/"), asked)]
    if any("{" not in known and _matches(known.split("/"), asked) for known in document()["paths"]):
        alike = [pair for pair in alike if "{" not in pair[0]]
    return min(alike, key=lambda pair: pair[0].count("{"), default=("", None))[1]


def _matches(known: list[str], asked: list[str]) -> bool:
    return len(known) == len(asked) and all(
        one == other or (one.startswith("{") and other) for one, other in zip(known, asked, strict=True)
    )


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document()["components"]})


def check(method: str, path: str, status: int, body: Any, headers: Mapping[str, str]) -> None:
    """Raise AssertionError where an answer is another than the document promises."""
    operation = described("GET" if method == "HEAD" else method, path)
    if method in {"HEAD", "OPTIONS"}:
        assert not body
        assert status == 204 or operation is None or str(status) in operation["responses"]
        return
    if operation is None and path.removeprefix(api.PREFIX) in {"", "/", "/docs", "/openapi.json"}:
        return
    if operation is None:
        assert status in {404, 405}, f"{method} {path} is not documented and answers {status}"
        return
    promised = operation["responses"].get(str(status))
    assert promised is not None, f"{operation['operationId']} answers {status}, which is not documented: {body}"
    content = promised.get("content", {})
    if "application/json" not in content:
        assert content or not body, f"{operation['operationId']} answers {status} with a body that is not documented"
        return
    name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
    wrong = [f"{error.json_path}: {error.message}" for error in _validator(name).iter_errors(body)]
    assert not wrong, f"{operation['operationId']} answers {status} with what is no {name}: {wrong[:3]}"
    assert headers["Content-Type"].startswith("application/json")
    if method == "GET" and status == 200:
        assert headers["ETag"]
        assert headers["Last-Modified"]
