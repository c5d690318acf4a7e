"""The sandbox page serves only this machine and its own origin, and only files that a browser may show."""

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
    """One sandbox page for all attacks; afterwards a question must still be answered."""
    page = Page(sandbox)
    page.until(lambda state: state["bot"]["ready"])
    yield page
    page.post("reset")
    page.until(lambda state: state["bot"]["ready"])
    assert page.send_text(page.person("Ada Yıldız"), "Was ist Collective Impact?", "Quelle:")
    page.http.close()


def send_request(page: Page, method: str, path: str, **headers: str) -> httpx.Response:
    """Return the response to a request with these headers."""
    return page.http.request(method, path, headers=headers, content=b"{}" if method == "POST" else None)


def ids_of_sent_messages(page: Page) -> list[tuple[int, list[int]]]:
    """Return the ids of people's messages by chat; the bot may still be answering some of them."""
    return [
        (chat["id"], [message["id"] for message in chat["messages"] if not message["own_bot"]])
        for chat in page.state()["chats"]
    ]


@pytest.mark.parametrize("host", HOSTS)
def test_another_host_name(page: Page, host: str) -> None:
    """Another host name that resolves to this machine gets no access (DNS rebinding)."""
    responses = [
        send_request(page, "GET", "/api/state", Host=host),
        send_request(page, "POST", "/api/reset", Host=host),
    ]

    assert {response.status_code for response in responses} <= {400, 403}
    assert all("people" not in response.text for response in responses)


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_post_from_another_site(page: Page, origin: str) -> None:
    """Another site, or another port of this machine, cannot change anything."""
    before = page.state()["people"]

    response = send_request(page, "POST", "/api/person", Origin=origin)

    assert response.status_code == 403
    assert page.state()["people"] == before


@pytest.mark.parametrize("scheme", ["https", "chrome-extension", "ftp", ""])
def test_a_post_from_another_scheme(page: Page, scheme: str) -> None:
    """The same host and port under another scheme is another origin, because the page is served over HTTP."""
    here = page.http.base_url.netloc.decode()

    assert send_request(page, "POST", "/api/none", Origin=f"{scheme}://{here}").status_code == 403
    assert send_request(page, "POST", "/api/none", Origin=f"http://{here}").status_code == 404


@pytest.mark.parametrize("number", range(len(BODIES)))
@pytest.mark.parametrize("action", ["say", "send", "load"])
def test_invalid_body(page: Page, action: str, number: int) -> None:
    """An invalid body is rejected with a sentence, not with a traceback."""
    response = page.http.post(f"/api/{action}", content=BODIES[number])

    assert response.status_code == 400
    assert set(response.json()) == {"error"}


@pytest.mark.parametrize("path", PATHS)
def test_path_to_another_file(page: Page, path: str) -> None:
    """Only the page's own files are served."""
    response = page.http.get(path)

    assert response.status_code in (400, 404, 405)
    assert "root:" not in response.text
    assert "Starlette" not in response.text


@pytest.mark.parametrize("kind", FILES)
def test_file_is_served_by_its_content(page: Page, kind: str) -> None:
    """A file is served by its content: as a picture, a text, or a page that may run nothing; else as a download."""
    ada = page.person("Ada Yıldız")
    page.post(
        "send", person=ada, chat=ada, kind="document", name="evil.html", bytes=base64.b64encode(FILES[kind]).decode()
    )
    newest = list(page.sandbox.simulation.world.files.by_id)[-1]

    response = page.http.get(f"/files/{newest}")

    assert response.headers["x-content-type-options"] == "nosniff"
    assert "script" not in response.headers["content-security-policy"]
    mime = response.headers["content-type"].partition(";")[0]
    if mime == "text/html":
        assert response.headers["content-security-policy"].startswith("sandbox; default-src 'none';")
    elif mime not in ("image/png", "text/plain"):
        assert response.headers["content-disposition"] == "attachment"


@pytest.mark.parametrize("kind", STATES)
def test_invalid_saved_state(page: Page, kind: str) -> None:
    """An invalid saved state changes nothing."""
    before = ids_of_sent_messages(page)

    response = page.http.post("/api/load", content=json.dumps(STATES[kind]).encode())

    assert response.status_code == 400
    assert ids_of_sent_messages(page) == before


@pytest.mark.parametrize("part", ["world", "roles", "cast", "group", "ahead", "mails", "answers", "store"])
@pytest.mark.parametrize("value", [None, "evil", [1], {"a": 1}, -1], ids=["null", "text", "list", "map", "minus"])
def test_saved_state_with_a_hostile_part(page: Page, part: str, value: object) -> None:
    """An invalid part of a saved state is rejected or interpreted harmlessly, and the page keeps working."""
    saved = page.http.get("/api/save").json() | {part: value}

    response = page.http.post("/api/load", content=json.dumps(saved).encode())

    assert response.status_code == 400 or (part, value) in (("ahead", -1), ("group", -1))
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
def test_security_headers(page: Page, path: str, header: str) -> None:
    """Every response has the security headers."""
    assert page.http.get(path).headers[header]


def test_a_body_beyond_the_limit(page: Page) -> None:
    """A body over the size limit is rejected."""
    response = page.http.post("/api/load", content=b" " * (MAX_BODY_BYTES + 1))

    assert response.status_code == 400
