"""The OpenAPI 3.1 document, made of the operations and their models: what it says is what is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from handlers.api import edge, problems
from handlers.api.operations import Operation
from handlers.api.refusing import Problem
from handlers.api.values import Query

VERSION = "1.0.0"
_REF = "#/components/schemas/{model}"
_WORDS = {
    400: "The request cannot be read.",
    401: "No token came, or one of no use.",
    403: "The token, or the person, may not do that.",
    404: "There is no such thing.",
    409: "Something stands in the way; `alternatives` may say what can be had instead.",
    412: "Somebody has changed it meanwhile; `current` is its version now.",
    413: "The body is too large.",
    415: "The body is not said to be JSON.",
    422: "Something that was said cannot be meant, or breaks a rule.",
    428: "A change needs If-Match.",
    429: "Too many requests; Retry-After says when to come again.",
    500: "A fault of ours.",
    503: "The database is busy or away; nothing was changed.",
}


def document(operations: Sequence[Operation], *, server: str = edge.PREFIX) -> dict[str, Any]:
    """Return the whole document."""
    schemas = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(_address(operation), {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bookroom",
            "version": VERSION,
            "description": (
                "Rooms and bookings for whatever is not Slack: the same rules, the same referee, the same refusals.\n\n"
                "Send a token as `Authorization: Bearer …`. Times are moments with a zone, answers are in UTC."
            ),
        },
        "servers": [{"url": server}],
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
            "headers": _HEADERS,
        },
    }


_HEADERS: dict[str, Any] = {
    "ETag": {"description": "The state that was told.", "schema": {"type": "string"}},
    "LastModified": {"description": "When it last changed.", "schema": {"type": "string"}},
    "Consistency": {
        "description": "Send it back with a read that must be as fresh; the id of an event that was heard is as good.",
        "schema": {"type": "string"},
    },
    "RetryAfter": {"description": "In how many seconds to come again.", "schema": {"type": "string"}},
}


def _address(operation: Operation) -> str:
    return "/".join(_camel(part) for part in operation.path.split("/"))


def _camel(part: str) -> str:
    return "{" + problems.field_name(part[1:-1]) + "}" if part.startswith("{") else part


def _schemas(operations: Sequence[Operation]) -> dict[str, Any]:
    wanted: dict[tuple[type[BaseModel], str], None] = {(Problem, "serialization"): None}
    for operation in operations:
        if operation.body:
            wanted[operation.body, "validation"] = None
        if operation.answer:
            wanted[operation.answer, "serialization"] = None
    _, made = models_json_schema(list(wanted), ref_template=_REF)  # type: ignore[arg-type]
    schemas: dict[str, Any] = made["$defs"]
    return schemas


def _described(operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": "\n\n".join(part for part in (operation.description, f"Scope: `{operation.scope}`.") if part),
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if operation.body:
        told["requestBody"] = {
            "required": operation.body_needed,
            "content": {"application/json": {"schema": {"$ref": _REF.format(model=operation.body.__name__)}}},
        }
    return told


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found = [_of_address(operation, part[1:-1]) for part in operation.path.split("/") if part.startswith("{")]
    if operation.query:
        found += _of_query(operation.query)
    if operation.listen:
        found.append(_header("Last-Event-ID", "The `id` that was told last: what came after it is told first.", 50))
    elif operation.method == "GET":
        found += [_header("If-None-Match", "ETags that the asker has already."), _header("If-Modified-Since", "A date.")]
    found += _OF_ALL
    if operation.once:
        found.append(_header("Idempotency-Key", "Sent again with the same body: done once, and answered the same.", 255))
    if operation.changes:
        found.append(
            _header("If-Match", "The ETag of what is changed, or `*`. Without it, the answer is 428.", required=False)
        )
    return found


_OF_ALL: tuple[dict[str, Any], ...] = (
    {
        "name": edge.ON_BEHALF_OF,
        "in": "header",
        "required": False,
        "description": "As whom an admin's program acts: a person's id.",
        "schema": {"type": "string", "format": "uuid"},
    },
    {
        "name": edge.FRESH,
        "in": "header",
        "required": False,
        "description": "What an answer to a write said: the answer is at least that fresh.",
        "schema": {"type": "string", "pattern": "^[1-9][0-9]{0,9}-[0-9A-F]{1,8}/[0-9A-F]{1,8}$"},
    },
)


def _of_address(operation: Operation, name: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if name not in operation.parameters:
        schema["format"] = "uuid"
    told = {"name": problems.field_name(name), "in": "path", "required": True, "schema": schema}
    return told | ({"description": operation.parameters[name]} if name in operation.parameters else {})


def _of_query(kind: type[Query]) -> list[dict[str, Any]]:
    schema = kind.model_json_schema(ref_template=_REF)
    needed = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in needed, "schema": _inlined(one, schema.get("$defs", {}))}
        for name, one in schema["properties"].items()
    ]


def _inlined(schema: Any, known: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a piece of JSON schema
    """Return a schema of a parameter without null, which nobody can write there, and without references."""
    if isinstance(schema, list):
        return [_inlined(one, known) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(known[schema["$ref"].rpartition("/")[2]], known)
    schema = {name: _inlined(one, known) for name, one in schema.items() if not (name == "default" and one is None)}
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(kinds) == 1:
        return {name: one for name, one in schema.items() if name != "anyOf"} | kinds[0]
    return schema


def _header(name: str, description: str, longest: int | None = None, *, required: bool = False) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"} | ({"maxLength": longest} if longest else {})
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


def _responses(operation: Operation) -> dict[str, Any]:
    told = _success(operation)
    for status in sorted(_statuses(operation)):
        told[str(status)] = {
            "description": _WORDS[status],
            "content": {"application/json": {"schema": {"$ref": _REF.format(model="Problem")}}},
        }
    return told


def _success(operation: Operation) -> dict[str, Any]:
    if operation.listen:
        said = {"type": "string", "description": "Server-sent events, as HTML has them."}
        content: dict[str, Any] = {"text/event-stream": {"schema": said}}
        return {"200": {"description": "It goes on as long as somebody listens.", "content": content}}
    told: dict[str, Any] = {}
    headers: dict[str, Any] = {"ETag": {"$ref": "#/components/headers/ETag"}}
    if operation.method == "GET":
        headers["Last-Modified"] = {"$ref": "#/components/headers/LastModified"}
        told["304"] = {"description": "The asker has it already."}
    else:
        headers["Bookroom-Consistency"] = {"$ref": "#/components/headers/Consistency"}
    if operation.media:
        text = {operation.media: {"schema": {"type": "string"}}}
        told[str(operation.status)] = {"description": "It is this.", "headers": headers, "content": text}
    elif operation.answer:
        told[str(operation.status)] = {
            "description": "Done." if operation.method != "GET" else "It is this.",
            "headers": headers,
            "content": {"application/json": {"schema": {"$ref": _REF.format(model=operation.answer.__name__)}}},
        }
    else:
        told["204"] = {"description": "Done."}
    return told


def _statuses(operation: Operation) -> set[int]:
    found = {400, 401, 403, 422, 429, 500, 503}
    found |= {problems.status_of(kind, operation.named) for kind in operation.refusals}
    if operation.body:
        found |= {413, 415}
    if operation.named:
        found.add(404)
    if operation.changes:
        found |= {412, 428}
    return found
