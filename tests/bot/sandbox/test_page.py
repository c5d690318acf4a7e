"""The HTTP interface described in bot/sandbox/README.md."""

import base64

import httpx
import pytest

from bot.sandbox.fake_telegram.rules.images import plain_png
from tests.bot.sandbox.conftest import Page, group, messages


def test_question_is_answered(page: Page) -> None:
    """A question is answered with formatting and buttons, and the state has the API call and the decision."""
    ada = page.person("Ada Yıldız")
    answer = page.send_text(ada, "Was ist Collective Impact?", "Quelle:")
    page.until(lambda now: now["answers"])
    state = page.state()

    assert answer["own_bot"]
    assert answer["entities"][0]["type"] == "bold"
    assert {"text", "data", "url"} == set(answer["buttons"][0][0])
    sent = [call for call in state["log"] if call["method"] == "sendMessage"][-1]
    assert set(sent) == {"at", "method", "status", "ms", "summary"}
    assert sent["status"] == 200
    assert sent["summary"].startswith("→ Ada Yıldız: Collective Impact")
    decision = state["answers"][-1]
    assert (decision["person"], decision["question"], decision["status"]) == (
        ada,
        "Was ist Collective Impact?",
        "answered",
    )
    assert decision["confidence"] > 0.5
    assert decision["entries"][0]["entry"] == "collective-impact"
    assert decision["entries"][0]["score"] >= decision["entries"][1]["score"]
    assert decision["ms"] > 0


def test_parts_of_the_state(page: Page) -> None:
    """The state has every part that the page displays, including the people and the bot's profile."""
    page.until(lambda now: "anfragen" in [command["command"] for command in group(now)["commands"]])
    state = page.state()

    parts = "revision started bot people chats toasts mails log answers knowledge story faults undo"
    assert set(state) == set(parts.split())
    assert state["bot"] == {"name": "Gemeinsam Wirken", "username": "sandbox_bot", "ready": True, "clock": 0}
    advisers = {"Beraterin Bea": "adviser", "Berater Cem": "adviser"}
    roles = {"Ada Yıldız": "organisation", "Jonas Weber": "newcomer", **advisers}
    assert {person["name"]: person["role"] for person in state["people"]} == roles
    assert group(state)["title"] == "Beratung"
    assert state["knowledge"]["entries"] > 50
    assert state["story"] is None


def test_tap_and_toast(page: Page) -> None:
    """A tap reaches the bot, and its callback answer becomes a toast for the person who tapped."""
    ada = page.person("Ada Yıldız")
    answer = page.send_text(ada, "Was ist Collective Impact?", "Quelle:")
    thumb = next(button for row in answer["buttons"] for button in row if button["text"] == "👍")
    page.post("tap", person=ada, chat=ada, message=answer["id"], data=thumb["data"])

    toast = page.until(lambda now: now["toasts"])[-1]

    assert (toast["person"], bool(toast["text"])) == (ada, True)
    forged = page.refused("tap", person=ada, chat=ada, message=answer["id"], data="d:close:1")
    assert "Knopf" in forged


def test_edited_question(page: Page) -> None:
    """Editing a question edits the answer."""
    ada = page.person("Ada Yıldız")
    page.send_text(ada, "Was ist Collective Impact?", "Quelle:")
    question = messages(page.state(), ada)[0]
    page.post("edit", person=ada, chat=ada, message=question["id"], text="Was ist eine Backbone-Organisation?")

    answer = page.answer(ada, "die koordinierende Stelle")

    assert answer["edited"]
    assert messages(page.state(), ada)[0]["edited"]
    assert "eigene" in page.refused("edit", person=ada, chat=ada, message=answer["id"], text="x")


@pytest.mark.parametrize(
    ("kind", "mime"),
    [("photo", "image/png"), ("document", "application/pdf"), ("voice", "audio/ogg"), ("sticker", "image/png")],
)
def test_files_are_sent_and_served(page: Page, kind: str, mime: str) -> None:
    """A file that a person sends appears in the chat, and is served with a safe media type."""
    ada = page.person("Ada Yıldız")
    content = plain_png(8, 4) if kind == "photo" else b""
    encoded = base64.b64encode(content).decode()
    page.post("send", person=ada, chat=ada, kind=kind, name="a.pdf", caption="dazu", bytes=encoded)

    media = messages(page.state(), ada)[0]["media"]
    served = page.http.get(f"/files/{media['file']}")

    assert media["kind"] == kind
    assert (served.status_code, served.headers["content-type"]) == (200, mime)
    assert media["size"] == len(served.content)
    assert not content or served.content == content
    page.answer(ada)


@pytest.mark.parametrize(
    ("content", "mime"),
    [(b"<script>alert(1)</script>", "text/plain"), (b"<!DOCTYPE html><script>alert(1)</script>", "text/html"),
     (bytes(range(128, 256)), "application/octet-stream")],
)  # fmt: skip
def test_files_cannot_run_scripts(page: Page, content: bytes, mime: str) -> None:
    """A text is served as such, a page without a right to scripts and origin, and anything unknown as a download."""
    ada = page.person("Ada Yıldız")
    encoded = base64.b64encode(content).decode()
    page.post("send", person=ada, chat=ada, kind="document", name="a.html", bytes=encoded)

    served = page.http.get(f"/files/{messages(page.state(), ada)[0]['media']['file']}")

    assert served.headers["content-type"].partition(";")[0] == mime
    assert served.headers["x-content-type-options"] == "nosniff"
    assert (served.headers["content-security-policy"].startswith("sandbox;")) == (mime == "text/html")
    assert ("content-disposition" in served.headers) == (mime == "application/octet-stream")


def test_contacts_and_locations(page: Page) -> None:
    """A contact and a location that a person sends appear in the chat."""
    ada = page.person("Ada Yıldız")
    page.post("send", person=ada, chat=ada, kind="contact")
    page.post("send", person=ada, chat=ada, kind="location")

    contact, location = messages(page.state(), ada)[:2]

    assert contact["contact"]["name"] == "Ada"
    assert set(location["location"]) == {"latitude", "longitude"}
    page.answer(ada, after=2)


def test_blocking(page: Page) -> None:
    """The state says whether a person has blocked the bot."""
    ada = page.person("Ada Yıldız")
    page.send_text(ada, "/start", "Guten Tag!")
    blocked = []
    for action in ("block", "unblock"):
        page.post(action, person=ada)
        blocked.append(page.state()["people"][0]["blocked"])

    assert blocked == [True, False]


def test_deep_links(page: Page) -> None:
    """A deep link starts the bot with its parameter, and without one it works like the start button."""
    jonas = page.person("Jonas Weber")
    page.post("start", person=jonas, parameter="")
    page.answer(jonas, "Guten Tag!")
    page.post("start", person=jonas, parameter="intro")

    assert page.answer(jonas, "Schritt 1 von 9")
    assert "Link" in page.refused("start", person=jonas, parameter="a b")


def test_inline_mode(page: Page) -> None:
    """An inline query brings results, and the chosen one is sent as in Telegram."""
    ada = page.person("Ada Yıldız")
    offered = page.post("inline", person=ada, query="Was ist eine Backbone-Organisation?")
    page.post("choose", person=ada, chat=ada, query=offered["query"], result="1")
    sent = messages(page.state(), ada)[-1]

    assert len(offered["results"]) == 3
    assert not sent["own_bot"]
    assert "<b>" not in sent["text"]
    assert sent["buttons"][0][0]["url"] == "https://t.me/sandbox_bot?start=frage-backbone"
    assert "nicht mehr an" in page.refused("choose", person=ada, chat=ada, query=offered["query"], result="9")


def test_more_people(page: Page) -> None:
    """An added person gets a chat in their language, and an added adviser also joins the group."""
    emma = page.post("person", name="Emma Clark", lang="en")["id"]
    cem = page.post("person", name="Cem", lang="de", adviser=True)["id"]

    answer = page.send_text(emma, "/start", "Hello")
    page.post("say", person=cem, chat=group(page.state())["id"], text="Guten Morgen!")

    assert answer["own_bot"]
    assert cem in group(page.state())["members"]
    assert messages(page.state(), group(page.state())["id"])[-1]["from"] == cem
    assert "nicht in diesem Chat" in page.refused("say", person=emma, chat=group(page.state())["id"], text="Hi")


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("say", {"person": 1, "chat": 1, "text": "x"}),
        ("say", {"person": "x"}),
        ("say", {}),
        ("send", {"person": 100_001, "chat": 100_001, "kind": "photo", "bytes": "AAAA"}),
        ("send", {"person": 100_001, "chat": 100_001, "kind": "photo", "bytes": "%"}),
        ("say", {"person": 100_001, "chat": 100_001, "text": "x" * 4097}),
        ("say", {"person": 100_001, "chat": 100_001, "text": "x", "topic": 9}),
        ("say", {"person": 100_001, "chat": 100_001, "text": "x", "reply_to": 99}),
        ("topic/delete", {"topic": 99}),
        ("fault", {"kind": "server_error", "method": "sendNothing"}),
        ("clock", {"hours": -1}),
        ("story", {"id": "keine"}),
        ("load", {"format": "etwas anderes"}),
    ],
)
def test_invalid_actions_are_refused(page: Page, action: str, body: dict[str, object]) -> None:
    """An invalid action is refused with an error message and changes nothing."""
    before = [chat["messages"] for chat in page.state()["chats"]]

    error = page.refused(action, **body)

    assert error
    assert [chat["messages"] for chat in page.state()["chats"]] == before


def test_invalid_json_is_refused(page: Page) -> None:
    """A request body that is not JSON is refused."""
    answer = page.http.post("/api/say", content=b"{")

    assert (answer.status_code, answer.json()["error"]) == (400, "Das ist kein JSON.")


@pytest.mark.parametrize(
    "path", ["/static/../page.py", "/static/..%2fpage.py", "/static/%2e%2e/page.py", "/files/..%2f..%2fbot.db"]
)
def test_paths_out_of_the_folder_are_not_found(page: Page, path: str) -> None:
    """No path leads out of the served folders."""
    answer = httpx.get(f"{page.sandbox.url}{path}")

    assert answer.status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "192.168.0.7", ""])
@pytest.mark.parametrize("path", ["/", "/api/state", "/api/save", "/static/page.js"])
def test_other_host_names_are_refused(page: Page, host: str, path: str) -> None:
    """Requests with another host name (DNS rebinding) are refused."""
    assert page.http.get(path, headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"])
def test_changes_from_other_sites_are_refused(page: Page, origin: str) -> None:
    """Other sites cannot change anything; the sandbox's own page can."""
    ada = page.person("Ada Yıldız")
    body = {"person": ada}
    own = page.sandbox.url

    assert page.http.post("/api/block", json=body, headers={"Origin": origin}).status_code == 403
    assert not page.state()["people"][0]["blocked"]
    assert page.http.post("/api/unblock", json=body, headers={"Origin": own}).status_code == 200


def test_headers(page: Page) -> None:
    """Every response has a content security policy and disables caching and MIME sniffing."""
    headers = page.http.get("/api/state").headers

    assert headers["content-security-policy"] == "default-src 'self'; img-src 'self' data: blob:"
    assert headers["cache-control"] == "no-cache"
    assert headers["x-content-type-options"] == "nosniff"


def test_events(page: Page) -> None:
    """The event stream begins with the current revision and sends a higher one after each change."""
    with page.http.stream("GET", "/api/events") as events:
        lines = (line for line in events.iter_lines() if line)
        first = int(next(lines).removeprefix("data: "))
        page.post("person", name="Neu", lang="de")
        second = int(next(lines).removeprefix("data: "))

    assert second > first
