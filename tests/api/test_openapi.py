"""The OpenAPI document: valid, whole, and of one piece with what is done."""

from http import HTTPStatus
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi import definitions

from handlers import api
from tests.api import promised
from tests.api.outside import Outside

METHODS = {"get", "post", "put", "patch", "delete"}


def references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [found for one in part for found in references(one)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return own + [found for one in part.values() for found in references(one)]


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    paths = promised.document()["paths"]
    return [(method, path, one) for path, known in paths.items() for method, one in known.items()]


def test_the_document_is_openapi_3_1():
    errors = [str(error) for error in definitions.OPENAPI_31_VALIDATOR.iter_errors(promised.document())]
    assert errors == []
    assert promised.document()["openapi"] == "3.1.0"


def test_every_schema_is_one():
    for schema in promised.document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere():
    document = promised.document()
    for reference in set(references(document)):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_operation_has_a_name_of_its_own_and_tells_of_refusals():
    names = [one["operationId"] for _, _, one in operations()]
    assert len(names) == len(set(names)) == len(api.OPERATIONS)
    for method, path, one in operations():
        assert method in METHODS
        assert {"401", "429", "503"} <= set(one["responses"]), one["operationId"]
        assert one["summary"]
        assert all(HTTPStatus(int(status)) for status in one["responses"])
        named = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert {each["name"] for each in one["parameters"] if each["in"] == "path"} == named
        if method == "get" and "text/event-stream" not in one["responses"]["200"]["content"]:
            assert "304" in one["responses"]
        if method == "post":
            assert "Idempotency-Key" in {each["name"] for each in one["parameters"]}


@pytest.mark.parametrize("operation", api.OPERATIONS, ids=lambda one: one.name)
def test_every_operation_documents_what_it_may_answer(operation: Any):
    said = promised.described(operation.method, operation.path)
    assert said is not None
    assert said["operationId"] == operation.name
    if operation.changes:
        assert {"412", "428"} <= set(said["responses"])
    if operation.body:
        assert {"400", "413", "415", "422"} <= set(said["responses"])


async def test_the_document_is_served_as_it_is_made(outside: Outside):
    answer = await outside.ask("GET", "/openapi.json", by=None)
    assert answer.status == 200
    assert answer.body == promised.document()
