"""The simulation as a whole: stories, requests and mail, saving and loading, faults, the clock."""

import pytest

from bot.sandbox.simulation.stories import read_stories
from bot.sandbox.simulation.story_player import STUCK_MESSAGE
from tests.bot.sandbox.conftest import Json, Page, group, messages


def requested(page: Page, person: int) -> str:
    """Send a request; return its reference."""
    page.send_text(person, "/beratung", "1 von 6")
    page.send_text(person, "Wir suchen Partner.", "2 von 6")
    taps = ("Überspringen", "Verein", "Überspringen", "Hier bei", "Überspringen", "Ja, so")
    awaited = ("3 von 6", "4 von 6", "5 von 6", "6 von 6", "Genau das", "hat die Nummer")
    for label, text in zip(taps, awaited, strict=True):
        tap(page, person, person, label)
        sent = str(page.answer(person, text)["text"])
    return next(word for word in sent.split() if "-" in word and word.isupper())


def tap(page: Page, person: int, chat: int, label: str) -> None:
    """Tap the newest button whose label begins with ``label``."""
    for message in reversed(messages(page.state(), chat)):
        for button in (button for row in message["buttons"] for button in row):
            if button["text"].startswith(label):
                page.post("tap", person=person, chat=chat, message=message["id"], data=button["data"])
                return
    raise AssertionError(f"no button {label}")


@pytest.mark.parametrize("story", [story.id for story in read_stories()])
def test_stories_play_to_their_end(page: Page, story: str) -> None:
    """Each story plays from empty chats to its last step, and the bot answers as the story expects."""
    page.post("story", id=story, pause=0)
    captions: list[str] = []

    def ended(state: Json) -> bool:
        step = state["story"]
        if step:
            captions.append(step["caption"])
            assert (step["id"], step["of"] >= step["step"] >= 1) == (story, True)
        return step is None

    page.until(ended)

    assert captions
    assert STUCK_MESSAGE not in captions


def test_stories_are_listed_and_stopped(page: Page) -> None:
    """Each story has a title and a description, and a playing story can be stopped."""
    listed = page.http.get("/api/stories").json()
    page.post("story", id="anfrage", pause=60)
    running = page.state()["story"]
    page.post("story", stop=True)

    assert {"anfrage", "einfuehrung", "frage"} <= {story["id"] for story in listed}
    assert all(set(story) == {"id", "title", "about"} for story in listed)
    assert (running["id"], running["step"]) == ("anfrage", 1)
    assert page.state()["story"] is None


def test_a_request_reaches_group_and_mailbox(page: Page) -> None:
    """A request becomes a topic and a mail; the adviser's reply reaches the person; the topic can be deleted."""
    ada, bea = page.person("Ada Yıldız"), page.person("Beraterin Bea")
    reference = requested(page, ada)
    desk = group(page.state())["id"]
    card = page.answer(desk, f"Anfrage {reference}")
    mail = page.until(lambda now: now["mails"])[-1]
    page.post("say", person=bea, chat=desk, topic=card["topic"], text="Guten Tag, ich bin Bea.")
    page.answer(ada, "Guten Tag, ich bin Bea.")
    page.post("topic/delete", topic=card["topic"])

    assert card["id"] in group(page.state())["pinned"] or not group(page.state())["topics"]
    assert reference in mail["subject"]
    assert "Wir suchen Partner." in mail["text"]
    assert "<" in mail["html"]
    assert mail["attachments"] == [f"{reference}.vcf", f"{reference}.txt"]
    assert messages(page.state(), desk)[0]["service"] == "Der Bot ist jetzt dabei"
    assert group(page.state())["topics"] == []


def test_saving_and_loading(page: Page) -> None:
    """Loading a saved state restores chats, files, mails and the bot's memory."""
    ada = page.person("Ada Yıldız")
    page.post("send", person=ada, chat=ada, kind="photo")
    page.answer(ada)
    page.send_text(ada, "/beratung", "1 von 6")
    kept = page.http.get("/api/save").json()
    before = page.state()
    page.post("reset")
    emptied = messages(page.state(), ada)
    page.post("load", **kept)

    loaded = page.until(lambda now: now["bot"]["ready"] and now)
    answer = page.send_text(ada, "Wir suchen Partner.", "2 von 6")

    assert emptied == []
    for part in ("people", "mails", "answers"):
        assert loaded[part] == before[part]
    assert messages(loaded, ada) == messages(before, ada)
    assert page.http.get(f"/files/{messages(loaded, ada)[0]['media']['file']}").status_code == 200
    assert answer["own_bot"]


@pytest.mark.parametrize(
    "change",
    [
        {"world": {}},
        {"store": "bm8gc3RvcmU="},
        {"roles": [[5, "adviser"]]},
        {"format": "gwbot sandbox 0"},
        {"mails": [{"to": "x"}]},
        {"ahead": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_broken_states_change_nothing(page: Page, change: Json) -> None:
    """A damaged state is refused as a whole and changes nothing."""
    ada = page.person("Ada Yıldız")
    page.send_text(ada, "/start", "Guten Tag!")
    kept = page.http.get("/api/save").json()

    assert page.refused("load", **{**kept, **change})
    assert len(messages(page.state(), ada)) == 2
    page.until(lambda now: now["bot"]["ready"])
    assert page.send_text(ada, "Was ist Collective Impact?", "Quelle:")


@pytest.mark.parametrize(
    ("kind", "status"), [("rate_limit", 429), ("server_error", 500), ("lost", 0), ("timeout", 0)]
)
def test_faults(page: Page, kind: str, status: int) -> None:
    """A failed call is in the log, and the bot still delivers its message."""
    ada = page.person("Ada Yıldız")
    page.post("fault", kind=kind, method="sendMessage", times=1)
    page.post("say", person=ada, chat=ada, text="/start")

    failed = page.until(
        lambda now: [call for call in now["log"] if call["method"] == "sendMessage" and call["status"] != 200]
    )

    assert failed[0]["status"] == status
    assert page.answer(ada, "Guten Tag!")


def test_faults_end(page: Page) -> None:
    """Pending faults can be removed."""
    ada = page.person("Ada Yıldız")
    page.post("fault", kind="server_error", method="sendMessage", times=9)
    page.post("fault", kind="none")

    page.send_text(ada, "/start", "Guten Tag!")

    assert {call["status"] for call in page.state()["log"]} == {200}


def test_the_clock_goes_ahead(page: Page) -> None:
    """Setting the clock forward triggers at once what is due then; hours add up."""
    ada = page.person("Ada Yıldız")
    requested(page, ada)
    page.post("clock", hours=100)
    page.post("clock", hours=68.5)

    late = page.answer(ada, "Das tut mir leid")
    warned = page.answer(group(page.state())["id"], "wartet jemand")

    assert late["own_bot"]
    assert warned["topic"]
    assert page.state()["bot"]["clock"] == 168.5


def test_a_blocked_bot(page: Page) -> None:
    """Messages to a person who blocked the bot are refused with Telegram's error text."""
    ada = page.person("Ada Yıldız")
    page.send_text(ada, "/start", "Guten Tag!")
    page.post("fault", kind="rate_limit", method="sendMessage")
    page.post("say", person=ada, chat=ada, text="/hilfe")
    page.until(lambda now: [call for call in now["log"] if call["status"] == 429])
    page.post("block", person=ada)

    refused = page.until(lambda now: [call for call in now["log"] if call["status"] == 403])

    assert refused[0]["summary"] == "Forbidden: bot was blocked by the user"
