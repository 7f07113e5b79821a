"""The page and its files as they are served; what a browser makes of them is in tests/serve/web and tests/e2e."""

import re

import httpx
import pytest

from serve.http.web import WEB_DIR

pytestmark = pytest.mark.anyio

FILES = sorted(path.relative_to(WEB_DIR).as_posix() for path in WEB_DIR.rglob("*") if path.is_file())
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


async def test_the_page_is_at_the_root(http: httpx.AsyncClient) -> None:
    answer = await http.get("/")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "<title>Pubserve</title>" in answer.text


@pytest.mark.parametrize("path", ["/", "/web/js/main.js", "/web/style/theme.css"])
async def test_nothing_from_elsewhere_and_nothing_inline_may_run(http: httpx.AsyncClient, path: str) -> None:
    headers = (await http.get(path)).headers

    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("name", FILES)
async def test_every_file_has_its_type(http: httpx.AsyncClient, name: str) -> None:
    answer = await http.get(f"/web/{name}")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(TYPES[name.rsplit(".", 1)[1]])


async def test_an_unchanged_file_is_not_sent_twice(http: httpx.AsyncClient) -> None:
    first = await http.get("/web/js/main.js")
    again = await http.get("/web/js/main.js", headers={"if-none-match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


async def test_the_head_of_the_page_can_be_asked_for(http: httpx.AsyncClient) -> None:
    answer = await http.head("/")

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/web/../settings.py",
        "/web/..%2fsettings.py",
        "/web/js/..%2f..%2fsettings.py",
        "/web/%2e%2e/settings.py",
        "/web/..%5csettings.py",
        "/web//etc/passwd",
        "/web/%2fetc%2fpasswd",
        "/web/js",
        "/web/",
        "/web/%00",
        f"/web/{'a' * 5000}",
        "/web/nothing.js",
    ],
)
async def test_nothing_else_is_served(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


async def test_the_files_add_one_label_to_the_metrics(http: httpx.AsyncClient) -> None:
    for name in FILES[:3]:
        await http.get(f"/web/{name}")

    assert 'pubserve_requests_total{route="/web/{path:path}",status="200"} 3.0' in (await http.get("/metrics")).text


def test_scripts_make_no_markup_of_text() -> None:
    for path in WEB_DIR.rglob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", path.read_text()), path


async def test_the_documentation_loads_from_here(http: httpx.AsyncClient) -> None:
    docs = (await http.get("/docs")).text

    sources = re.findall(r'(?:src|href)="([^"]+)"', docs)
    assert len(sources) >= 3
    for source in sources:
        assert "://" not in source
        assert (await http.get(f"/{source.lstrip('/')}")).status_code == 200


async def test_the_status_answers_whatever_the_models_do(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/status")

    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert answer.json()["deployments"] == []
