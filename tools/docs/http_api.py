"""The HTTP API, from the application's own OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any

from serve.http.api import create_api
from serve.service import Service
from serve.settings import Settings
from tools.docs.markdown import code, one_line, table

Schema = Mapping[str, Any]

REF = "#/components/schemas/"
TITLES = {
    "papers": "Reading papers",
    "openai": "OpenAI's protocol",
    "batches": "Files and batches",
    "agent": "Runs of the agent",
    "operations": "Running the service",
}


def openapi() -> dict[str, Any]:
    """The document that a running service answers at `/openapi.json`; no model is needed for it."""
    return create_api(Service(Settings(profile="cpu"), None)).openapi()  # type: ignore[arg-type]


def routes_page() -> str:
    """Every route by its kind, and what travels."""
    document = openapi()
    parts: list[str] = []
    for tag, title in TITLES.items():
        parts.append(f"## {title}\n")
        parts += [part for item in _operations(document) if tag in item[2]["tags"] for part in _operation(*item)]
    parts.append("## Messages\n")
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts += _message(name, schema)
    return "\n".join(parts)


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _operation(method: str, path: str, operation: Schema) -> Iterator[str]:
    yield f"### {code(f'{method} {path}')}\n"
    yield operation.get("description", "") + "\n"
    if body := operation.get("requestBody"):
        yield f"Body: {_content(body['content'])}.\n"
    parameters = operation.get("parameters", [])
    rows = [
        [code(parameter["name"]), parameter["in"], _type(parameter["schema"]), one_line(parameter.get("description"))]
        for parameter in parameters
    ]
    yield table(["parameter", "in", "type", "what"], rows)
    yield table(["status", "body", "when"], [_response(*item) for item in operation["responses"].items()])


def _response(status: str, response: Schema) -> list[str]:
    fine = response["description"] == "Successful Response"
    return [status, _content(response.get("content", {})), "Answered." if fine else response["description"]]


def _content(content: Schema) -> str:
    return " or ".join(
        _type(described["schema"]) if kind == "application/json" and described.get("schema") else code(kind)
        for kind, described in content.items()
    )


def _message(name: str, schema: Schema) -> Iterator[str]:
    yield f"(message-{name.lower()})=\n### {name}\n"
    yield schema.get("description", "") + "\n"
    if values := schema.get("enum"):
        yield f"One of {', '.join(map(code, values))}.\n"
    required = schema.get("required", [])
    rows = [
        [code(field), _type(described), "yes" if field in required else _default(described), _about(described)]
        for field, described in schema.get("properties", {}).items()
    ]
    yield table(["field", "type", "required, or default", "what"], rows)
    if schema.get("additionalProperties") is True:
        yield "Other fields are passed on.\n"


def _default(schema: Schema) -> str:
    default = schema.get("default")
    return code(default).replace("None", "null").replace("'", '"').replace("False", "false")


def _about(schema: Schema) -> str:
    examples = schema.get("examples", [])
    shown = f"For example {code(examples[0])}." if examples and isinstance(examples[0], str) else ""
    return one_line(f"{schema.get('description', '')} {shown}")


def _type(schema: Schema) -> str:
    """In words, with links to the messages it is made of."""
    if ref := schema.get("$ref"):
        name = ref.removeprefix(REF)
        return f"[{name}](#message-{name.lower()})"
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(_type(kind) for kind in schema[several])
    if values := schema.get("enum", [schema["const"]] if "const" in schema else None):
        return " or ".join(map(code, values))
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}{_bounds(schema)}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return f"{kind}{_bounds(schema)}"


def _bounds(schema: Schema) -> str:
    words = {
        "minimum": "at least {:,}", "maximum": "at most {:,}", "minItems": "{:,} or more", "maxItems": "up to {:,}",
        "minLength": "{:,} or more characters", "maxLength": "up to {:,} characters",
    }  # fmt: skip
    return "".join(f", {said.format(schema[bound])}" for bound, said in words.items() if bound in schema)
