"""The page that explains the API, drawn from its OpenAPI document: no script, no other host, one answer for everybody."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from handlers.api.edge import PREFIX

STYLE = """
:root { color-scheme: light dark; --ground: #f6f5f1; --card: #fff; --ink: #1c2321; --soft: #57605d; --line: #d9dbd6;
  --accent: #1f4d3f; --on-accent: #fff; --code: #eef0ec; }
@media (prefers-color-scheme: dark) { :root { --ground: #151918; --card: #1e2422; --ink: #eef1ef; --soft: #a9b4b0;
  --line: #38413e; --accent: #8fd0b8; --on-accent: #10211b; --code: #29302d; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible, .wide:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem; z-index: 1; }
.page { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 2rem 0 .75rem; }
h3, h4 { font-size: 1rem; margin: 1rem 0 .375rem; }
p { margin: 0 0 .625rem; }
ul { margin: 0 0 .75rem; padding-left: 1.25rem; }
.contents ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
.contents a { display: inline-block; padding: .25rem 0; }
details { background: var(--card); border: 1px solid var(--line); border-radius: .625rem; margin: 0 0 .5rem; }
summary { padding: .625rem .875rem; cursor: pointer; overflow-wrap: anywhere; }
.inside { padding: 0 .875rem .875rem; }
.method { display: inline-block; min-width: 4.25rem; text-align: center; font: 600 .8125rem/1.6 ui-monospace, monospace;
  border-radius: .375rem; padding: 0 .375rem; background: var(--accent); color: var(--on-accent); }
.method.get { background: transparent; color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
code, pre { font-family: ui-monospace, monospace; font-size: .875rem; }
code { background: var(--code); border-radius: .25rem; padding: .0625rem .25rem; overflow-wrap: anywhere; }
summary code { background: none; padding: 0; }
pre { background: var(--code); border-radius: .5rem; padding: .75rem; overflow-x: auto; margin: 0 0 .75rem; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
.soft { color: var(--soft); }
.does { display: block; color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { text-align: left; padding: .375rem .75rem .375rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--soft); font-size: .8125rem; font-weight: 600; }
tbody th { font-weight: 400; }
td { min-width: 4rem; }
th code { white-space: nowrap; }
td:last-child { min-width: 8rem; }
@media (min-width: 48rem) { .does { display: inline; margin-left: .5rem; } }
@media print { details::details-content { content-visibility: visible; } .contents { display: none; } }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
SAID = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
LINKS = {"Link": f'<{PREFIX}/openapi.json>; rel="service-desc", <{PREFIX}/docs>; rel="service-doc"', **SAID}
INDEX = json.dumps(
    {"name": "Bookroom", "documentation": f"{PREFIX}/docs", "description": f"{PREFIX}/openapi.json"}, indent=2
).encode()
_LIMITS = {
    "minimum": "from {}",
    "maximum": "to {}",
    "minLength": "at least {} characters",
    "maxLength": "up to {} characters",
    "minItems": "at least {} of them",
    "maxItems": "up to {} of them",
}


def drawn(document: Mapping[str, Any]) -> str:
    """Return the whole page for an OpenAPI document."""
    environment = Environment(
        loader=PackageLoader("handlers"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("api_docs.html").render(
        style=Markup(STYLE),  # noqa: S704 - ours
        info=document["info"],
        prefix=PREFIX,
        tags=list(_tags(document)),
        schemas=[_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())],
    )


def _tags(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for tag in document["tags"]:
        operations = [
            _operation(method, path, one)
            for path, methods in document["paths"].items()
            for method, one in methods.items()
            if tag["name"] in one["tags"]
        ]
        yield {"name": tag["name"], "id": _anchor(tag["name"]), "operations": operations}


def _operation(method: str, path: str, one: Mapping[str, Any]) -> dict[str, Any]:
    content = one.get("requestBody", {}).get("content", {})
    return {
        "id": one["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": one["summary"],
        "description": [_words(part) for part in one["description"].split("\n\n")],
        "parameters": [_parameter(each) for each in one["parameters"]],
        "body": next((_type(kind["schema"]) for kind in content.values()), None),
        "body_needed": one.get("requestBody", {}).get("required", False),
        "answers": [_answer(status, told) for status, told in sorted(one["responses"].items())],
    }


def _parameter(each: Mapping[str, Any]) -> dict[str, Any]:
    said = each.get("description") or each["schema"].get("description", "")
    limits = ", ".join(_limits(each["schema"]))
    return {
        "name": each["name"],
        "where": {"path": "address", "query": "query", "header": "header"}[each["in"]],
        "needed": each["required"],
        "type": _type(each["schema"]),
        "said": _words(" · ".join(part for part in (said, limits) if part)),
    }


def _answer(status: str, told: Mapping[str, Any]) -> dict[str, Any]:
    kinds = told.get("content", {})
    types = [(None if media == "application/json" else media, _type(kind["schema"])) for media, kind in kinds.items()]
    media, kind = types[0] if types else (None, None)
    return {
        "status": status,
        "phrase": HTTPStatus(int(status)).phrase,
        "said": _words(told["description"]),
        "type": media or kind,
    }


def _schema(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    needed = schema.get("required", ())
    return {
        "name": name,
        "said": _words(schema.get("description", "")),
        "values": [json.dumps(value) for value in schema.get("enum", ())],
        "fields": [
            {
                "name": field,
                "type": _type(one),
                "needed": field in needed,
                "said": _words(" · ".join(part for part in (one.get("description", ""), *_limits(one)) if part)),
            }
            for field, one in schema.get("properties", {}).items()
        ],
    }


def _type(schema: Mapping[str, Any]) -> Markup:
    """Return what a schema takes, in a few words, with links to what it names."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    for way in ("anyOf", "oneOf", "allOf"):
        if way in schema:
            return Markup(" or ").join(dict.fromkeys(_type(one) for one in schema[way]))
    if values := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return Markup(" | ").join(json.dumps(value) for value in values)
    kind = schema.get("type", "anything")
    if kind == "array":
        return Markup("list of ") + _type(schema.get("items", {}))
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return Markup("by name: ") + _type(schema["additionalProperties"])
    return Markup("{}").format({"string": schema.get("format", "text")}.get(kind, kind))


def _limits(schema: Mapping[str, Any]) -> list[str]:
    known = schema.get("anyOf", [schema])
    found = [words.format(one[name]) for one in known for name, words in _LIMITS.items() if name in one]
    if isinstance(schema.get("default"), bool | int | float | str) and schema["default"] != "":
        found.append(f"{json.dumps(schema['default'])} where it is left out")
    return found


def _words(text: str) -> Markup:
    """Return words with what stands between backquotes as code."""
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


def _anchor(name: str) -> str:
    return "tag-" + "-".join(name.lower().split())
