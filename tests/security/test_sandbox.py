"""The sandbox's page: only this machine, only its own site, and only files that a browser may show."""

import base64
import json
from collections.abc import Iterator

import httpx
import pytest

from bot.sandbox.launcher import Sandbox
from bot.sandbox.page.routes import MAX_BODY_BYTES
from tests.bot.sandbox.conftest import Page, sandbox  # noqa: F401 - a fixture

HOSTS = ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.1@evil.example", "[::2]", "", "127.0.0.2", "x" * 2_000, "[", "169.254.169.254", "localhost\\.evil.example"]  # fmt: skip
ORIGINS = ["http://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:1", "http://localhost.evil.example", "file://", "", "http://127.0.0.1:1", "evil", "http://[::1]"]  # fmt: skip
BODIES = [b"", b"evil", b"[]", b"null", b"[" * 100_000, b'{"person": "evil"}', b'{"person": 1e400}', b'{"person": null}', b"\xff", b'{"person": [1]}', b'{"person": -1, "chat": -1, "text": "a"}', b'{"person": %d, "chat": 1, "text": "a"}' % 10**30]  # fmt: skip
PATHS = ["/static/../page.py", "/static/%2e%2e/page.py", "/static/..%2fpage.py", "/static/....//page.py", "/static//etc/passwd", "/files/../../etc/passwd", "/files/%2e%2e", "/files/evil", "/static/page.js%00.html", "/api/evil", "/etc/passwd"]  # fmt: skip
FILES = {"html": b"<script>evil()</script>", "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='evil()'/>", "xml": b"<?xml version='1.0'?><evil/>", "script": b"evil()", "png-tail": b"\x89PNG\r\n\x1a\n<script>evil()</script>", "zip": b"PK\x03\x04", "empty-like": b" "}  # fmt: skip
STATES: dict[str, object] = {
    "none": None,
    "list": [],
    "text": "evil",
    "format": {"format": "evil"},
    "only-format": {"format": "gwbot sandbox 1"},
}


@pytest.fixture(scope="module")
def page(sandbox: Sandbox) -> Iterator[Page]:  # noqa: F811 - the fixture
    """The page of one sandbox for all attacks; afterwards a question is still answered."""
    opened = Page(sandbox)
    opened.until(lambda state: state["bot"]["ready"])
    yield opened
    opened.post("reset")
    opened.until(lambda state: state["bot"]["ready"])
    assert opened.send_text(opened.person("Ada Yıldız"), "Was ist Collective Impact?", "Quelle:")
    opened.http.close()


def status(page: Page, method: str, path: str, **headers: str) -> httpx.Response:
    """The answer to a request with these headers."""
    return page.http.request(method, path, headers=headers, content=b"{}" if method == "POST" else None)


def said(page: Page) -> list[tuple[int, list[int]]]:
    """The messages of people by chat; the bot may still be answering some of them."""
    return [
        (chat["id"], [one["id"] for one in chat["messages"] if not one["own_bot"]]) for chat in page.state()["chats"]
    ]


@pytest.mark.parametrize("host", HOSTS)
def test_another_host_name(page: Page, host: str) -> None:
    """A name that somebody points at this machine opens nothing (DNS rebinding)."""
    answers = [status(page, "GET", "/api/state", Host=host), status(page, "POST", "/api/reset", Host=host)]

    assert {one.status_code for one in answers} <= {400, 403}
    assert all("people" not in one.text for one in answers)


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_post_from_another_site(page: Page, origin: str) -> None:
    """Another site, or another port of this machine, can have nothing changed."""
    before = page.state()["people"]

    answer = status(page, "POST", "/api/person", Origin=origin)

    assert answer.status_code == 403
    assert page.state()["people"] == before


@pytest.mark.parametrize("scheme", ["https", "chrome-extension", "ftp", ""])
def test_a_post_from_another_scheme(page: Page, scheme: str) -> None:
    """The page is served by http: what has the same host and port in another scheme is another site."""
    here = page.http.base_url.netloc.decode()

    assert status(page, "POST", "/api/none", Origin=f"{scheme}://{here}").status_code == 403
    assert status(page, "POST", "/api/none", Origin=f"http://{here}").status_code == 404


@pytest.mark.parametrize("number", range(len(BODIES)))
@pytest.mark.parametrize("action", ["say", "send", "load"])
def test_a_body_that_is_nothing(page: Page, action: str, number: int) -> None:
    """A body that asks for nothing is refused with a sentence, and not with a traceback."""
    answer = page.http.post(f"/api/{action}", content=BODIES[number])

    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_leads_elsewhere(page: Page, path: str) -> None:
    """Only the page's own files are given."""
    answer = page.http.get(path)

    assert answer.status_code in (400, 404, 405)
    assert "root:" not in answer.text
    assert "Starlette" not in answer.text


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_poses_as_something_else(page: Page, kind: str) -> None:
    """A file is shown by what it is, never as a page: what a browser could run is only downloaded."""
    ada = page.person("Ada Yıldız")
    page.post(
        "send", person=ada, chat=ada, kind="document", name="evil.html", bytes=base64.b64encode(FILES[kind]).decode()
    )
    newest = list(page.sandbox.simulation.world.files.by_id)[-1]

    answer = page.http.get(f"/files/{newest}")

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script" not in answer.headers["content-security-policy"]
    assert "html" not in answer.headers["content-type"]
    assert "svg" not in answer.headers["content-type"]
    assert (
        answer.headers["content-type"].startswith("image/png")
        or answer.headers["content-disposition"] == "attachment"
    )


@pytest.mark.parametrize("kind", STATES)
def test_a_saved_state_that_is_none(page: Page, kind: str) -> None:
    """What is no saved state changes nothing."""
    before = said(page)

    answer = page.http.post("/api/load", content=json.dumps(STATES[kind]).encode())

    assert answer.status_code == 400
    assert said(page) == before


@pytest.mark.parametrize("part", ["world", "roles", "cast", "group", "ahead", "mails", "answers", "store"])
@pytest.mark.parametrize("value", [None, "evil", [1], {"a": 1}, -1], ids=["null", "text", "list", "map", "minus"])
def test_a_saved_state_with_one_hostile_part(page: Page, part: str, value: object) -> None:
    """A part of another form is refused, or read as what it can mean; the page goes on."""
    saved = page.http.get("/api/save").json() | {part: value}

    answer = page.http.post("/api/load", content=json.dumps(saved).encode())

    assert answer.status_code == 400 or (part, value) in (("ahead", -1), ("group", -1))
    assert page.state()["people"]


@pytest.mark.parametrize(
    "header",
    [
        "content-security-policy",
        "x-frame-options",
        "x-content-type-options",
        "referrer-policy",
        "cross-origin-resource-policy",
        "cache-control",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/state", "/static/page.js", "/none"])
def test_headers_on_every_answer(page: Page, path: str, header: str) -> None:
    """Every answer tells the browser what it may do with it."""
    assert page.http.get(path).headers[header]


def test_a_body_beyond_the_limit(page: Page) -> None:
    """A body of more than the limit is refused."""
    answer = page.http.post("/api/load", content=b" " * (MAX_BODY_BYTES + 1))

    assert answer.status_code == 400
