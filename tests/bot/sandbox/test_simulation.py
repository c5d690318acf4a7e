"""The whole simulation: stories, requests and mail, saving and loading, faults, and the clock."""

import asyncio

import pytest

from bot.sandbox.simulation.state import SimulationState, StoryStep
from bot.sandbox.simulation.stories import ScriptedStep, Story, read_stories
from bot.sandbox.simulation.story_player import StoryPlayer
from tests.bot.sandbox.conftest import Json, Page, group, messages


def send_request(page: Page, person: int) -> str:
    """Send a request, and return its reference."""
    page.send_text(person, "/beratung", "1 von 5")
    page.send_text(person, "Wir suchen Partner.", "2 von 5")
    taps = ("Überspringen", "Verein", "Überspringen", "Hier bei", "Ja, so")
    expected = ("3 von 5", "4 von 5", "5 von 5", "Genau das", "hat die Nummer")
    for label, text in zip(taps, expected, strict=True):
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


@pytest.mark.parametrize("story", [story.id for story in read_stories("de")])
def test_stories_play_to_their_end(page: Page, story: str) -> None:
    """Every story plays from empty chats to its last step, and the bot answers as the story expects."""
    page.post("story", id=story, pause=0)
    captions: list[str] = []

    def ended(state: Json) -> bool:
        step = state["story"]
        if step:
            captions.append(step["caption"])
            assert not step["stuck"]
            assert (step["id"], step["of"] >= step["step"] >= 1) == (story, True)
        return step is None

    page.until(ended)

    assert captions


async def test_story_that_cannot_go_on_says_so() -> None:
    """A story stays at the step that the bot did not answer as expected, and is marked as stuck."""
    simulation = SimulationState()
    simulation.set_bot_running(True)
    simulation.world.updates.poll_count += 1
    player = StoryPlayer(simulation, lambda hours: None)
    steps = (ScriptedStep(caption="Ada asks.", say="Hallo"), ScriptedStep(caption="A button?", tap="Gibt es nicht"))

    def is_stuck() -> bool:
        return bool(simulation.panel.story_step and simulation.panel.story_step.stuck)

    with simulation.fake_telegram:
        player.start(Story(id="stuck", title="", about="", steps=steps), 0)
        await asyncio.to_thread(simulation.world.wait_for, is_stuck, 10)

    assert simulation.panel.story_step == StoryStep("stuck", "", 2, 2, stuck=True)


def test_stories_are_listed_and_stopped(page: Page) -> None:
    """Every story is listed with title and description, and a running story can be stopped."""
    listed = page.http.get("/api/stories").json()
    page.post("story", id="anfrage", pause=60)
    running = page.state()["story"]
    page.post("story", stop=True)

    assert {"anfrage", "einfuehrung", "frage"} <= {story["id"] for story in listed}
    assert all(set(story) == {"id", "title", "about"} for story in listed)
    assert (running["id"], running["step"]) == ("anfrage", 1)
    assert page.state()["story"] is None


def test_request_reaches_group_and_mailbox(page: Page) -> None:
    """A request becomes a topic and a mail, an adviser's reply reaches Ada, and the topic can be deleted."""
    ada, bea = page.person("Ada Yıldız"), page.person("Beraterin Bea")
    reference = send_request(page, ada)
    adviser_chat = group(page.state())["id"]
    card = page.answer(adviser_chat, f"Anfrage {reference}")
    mail = page.until(lambda now: now["mails"])[-1]
    page.post("say", person=bea, chat=adviser_chat, topic=card["topic"], text="Guten Tag, ich bin Bea.")
    page.answer(ada, "Guten Tag, ich bin Bea.")
    page.post("topic/delete", topic=card["topic"])

    assert card["id"] in group(page.state())["pinned"] or not group(page.state())["topics"]
    assert reference in mail["subject"]
    assert "Wir suchen Partner." in mail["text"]
    assert "<" in mail["html"]
    assert mail["attachments"] == [f"{reference}.vcf", f"{reference}.txt"]
    assert messages(page.state(), adviser_chat)[0]["service"]["kind"] == "new_chat_members"
    assert group(page.state())["topics"] == []


def test_answer_by_email_reaches_the_requester(page: Page) -> None:
    """An answer to the mail about a request is read as from a mail server, and passed on without quotation."""
    ada = page.person("Ada Yıldız")
    send_request(page, ada)
    mail = page.until(lambda now: now["mails"])[-1]

    page.post("mail/answer", answer_to=mail["answer_to"], text="Guten Tag, gern!\n\n> Sie schrieben: nichts")

    answer = page.answer(ada, "Guten Tag, gern!")
    assert "Sie schrieben" not in answer["text"]
    assert page.answer(group(page.state())["id"], "Guten Tag, gern!")["topic"]
    assert "gibt es nicht mehr" in page.refused("mail/answer", answer_to="<x@y>", text="Hallo")


def test_saving_and_loading(page: Page) -> None:
    """Loading a saved state restores chats, files, mails and the bot's store."""
    ada = page.person("Ada Yıldız")
    page.post("send", person=ada, chat=ada, kind="photo")
    page.answer(ada)
    page.send_text(ada, "/beratung", "1 von 5")
    saved = page.http.get("/api/save").json()
    before = page.state()
    page.post("reset")
    after_reset = messages(page.state(), ada)
    page.post("load", **saved)

    loaded = page.until(lambda now: now["bot"]["ready"] and now)
    answer = page.send_text(ada, "Wir suchen Partner.", "2 von 5")

    assert after_reset == []
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
def test_damaged_states_change_nothing(page: Page, change: Json) -> None:
    """A damaged saved state is refused and changes nothing."""
    ada = page.person("Ada Yıldız")
    page.send_text(ada, "/start", "Guten Tag!")
    saved = page.http.get("/api/save").json()

    assert page.refused("load", **{**saved, **change})
    assert len(messages(page.state(), ada)) == 2
    page.until(lambda now: now["bot"]["ready"])
    assert page.send_text(ada, "Was ist Collective Impact?", "Quelle:")


@pytest.mark.parametrize(
    ("kind", "status"), [("rate_limit", 429), ("server_error", 500), ("lost", 0), ("timeout", 0)]
)
def test_faults(page: Page, kind: str, status: int) -> None:
    """A simulated fault is in the log, and the bot still delivers its message."""
    ada = page.person("Ada Yıldız")
    page.post("fault", kind=kind, method="sendMessage", times=1)
    page.post("say", person=ada, chat=ada, text="/start")

    failed = page.until(
        lambda now: [call for call in now["log"] if call["method"] == "sendMessage" and call["status"] != 200]
    )

    assert failed[0]["status"] == status
    assert page.answer(ada, "Guten Tag!")


def test_faults_can_be_removed(page: Page) -> None:
    """Pending faults can be removed."""
    ada = page.person("Ada Yıldız")
    page.answer(group(page.state())["id"], "So arbeiten Sie hier")  # nothing else is being sent
    page.post("fault", kind="server_error", method="sendMessage", times=9)
    page.post("fault", kind="none")

    page.send_text(ada, "/start", "Guten Tag!")

    assert {call["status"] for call in page.state()["log"]} == {200}


def test_clock_can_be_set_forward(page: Page) -> None:
    """Setting the clock forward triggers everything that is then due, and hours add up."""
    ada = page.person("Ada Yıldız")
    send_request(page, ada)
    page.post("clock", hours=100)
    page.post("clock", hours=68.5)

    late = page.answer(ada, "Das tut mir leid")
    reminder = page.answer(group(page.state())["id"], "wartet jemand")

    assert late["own_bot"]
    assert reminder["topic"]
    assert page.state()["bot"]["clock"] == 168.5


def test_blocked_bot(page: Page) -> None:
    """Messages to a person who has blocked the bot are rejected with Telegram's error text."""
    ada = page.person("Ada Yıldız")
    page.send_text(ada, "/start", "Guten Tag!")
    page.post("fault", kind="rate_limit", method="sendMessage")
    page.post("say", person=ada, chat=ada, text="/hilfe")
    page.until(lambda now: [call for call in now["log"] if call["status"] == 429])
    page.post("block", person=ada)

    rejected = page.until(lambda now: [call for call in now["log"] if call["status"] == 403])

    assert rejected[0]["summary"] == "Forbidden: bot was blocked by the user"
