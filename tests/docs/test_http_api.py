"""The page on routes says what the OpenAPI document says."""

import re

from tools.docs.http_api import openapi, routes_page

PAGE = routes_page()


def test_every_route_has_a_heading() -> None:
    routes = {(method.upper(), path) for path, methods in openapi()["paths"].items() for method in methods}

    assert set(re.findall(r"^### `([A-Z]+) (\S+)`$", PAGE, re.MULTILINE)) == routes


def test_every_field_of_a_message_has_a_row() -> None:
    for name, schema in openapi()["components"]["schemas"].items():
        message = PAGE.split(f"\n### {name}\n")[1].split("\n### ")[0]

        assert re.findall(r"^\| `([\w\[\]]+)` \|", message, re.MULTILINE) == list(schema.get("properties", {}))


def test_bounds_are_said_in_words() -> None:
    assert "| `papers` | list of [Paper](#message-paper), 1 or more, up to 1,000 | yes |" in PAGE


def test_links_lead_to_messages_that_are_there() -> None:
    assert set(re.findall(r"\(#(message-\w+)\)", PAGE)) <= set(re.findall(r"^\((message-\w+)\)=$", PAGE, re.MULTILINE))
