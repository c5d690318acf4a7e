"""The check for known vulnerabilities, against a vulnerability service on this machine."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.audit import audit_requirements, is_service_reachable, main

VULNERABILITY = {
    "id": "PYSEC-2000-1",
    "modified": "2000-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "harmful"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
}


class FakeService(BaseHTTPRequestHandler):
    """Knows one vulnerability, of the package `harmful`."""

    def do_POST(self) -> None:
        """Answer a query in the form of OSV."""
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"vulns": [VULNERABILITY]} if query["package"]["name"] == "harmful" else {}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def fake_service() -> Iterator[list[str]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), FakeService) as http_server:
        threading.Thread(target=http_server.serve_forever, daemon=True).start()
        yield ["-s", "osv", "--osv-url", f"http://127.0.0.1:{http_server.server_port}/query"]
        http_server.shutdown()


def test_vulnerability_is_reported(tmp_path: Path) -> None:
    """A locked package with a known vulnerability is reported with the version that fixes it."""
    lock = tmp_path / "some.lock"
    lock.write_text("harmful==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8")

    with fake_service() as options:
        result = audit_requirements(lock, options)

    assert result is not None
    assert result.vulnerabilities == ("harmful 1.0: PYSEC-2000-1, fixed in 1.1",)


def test_everything_locked_is_looked_up(capsys: pytest.CaptureFixture[str]) -> None:
    """Each package of the locks is looked up, and none is left out silently."""
    with fake_service() as options:
        code = main(options)

    output = capsys.readouterr().out
    assert code == 0
    assert "0 vulnerabilities known" in output
    assert "not found there" not in output


def test_unreachable_service_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    """If no service can be reached, that is not a finding, but not a clean result either."""
    unreachable = ["-s", "osv", "--osv-url", "http://127.0.0.1:9/query"]

    assert not is_service_reachable(unreachable)
    assert main(unreachable) == 0
    assert capsys.readouterr().out == "audit: skipped, no vulnerability service can be reached from here\n"
