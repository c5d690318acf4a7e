"""Why the bot answered as it did, what would have been right, and a chat kept as a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app.replay import read_replay
from bot.sandbox.simulation.answer_review import LABELLED_FILE
from index.evaluation.dataset import read_labelled_questions
from tests.bot.sandbox.conftest import Json, Page


@pytest.fixture
def labelled(prepared: Path) -> Iterator[Path]:
    """The file of labelled questions, which does not exist before and after a test."""
    path = prepared / LABELLED_FILE
    yield path
    path.unlink(missing_ok=True)


def explain(page: Page, person: int, message: Json) -> list[Json]:
    """Return the explanations of a message."""
    found: list[Json] = page.http.get(f"/api/why/{person}/{message['id']}").json()["answers"]
    return found


def test_answer_is_explained(page: Page) -> None:
    """An answer has question, entry, file, probability, sentence and the next entries; a command has no reasons."""
    ada = page.person("Ada Yıldız")
    help_text = page.send_text(ada, "/hilfe")
    answer = page.send_text(ada, "Was ist ein Backbone?", "Quelle")

    (explanation,) = explain(page, ada, answer)

    assert (explanation["question"], explanation["status"]) == ("Was ist ein Backbone?", "answered")
    assert explanation["probability"] > 0.9
    assert explanation["shown"][0]["file"] == "knowledge/content/de/backbone.md"
    assert explanation["sentence"] in answer["text"]
    assert len(explanation["nearest"]) == 4
    assert "backbone" not in [entry["id"] for entry in explanation["nearest"]]
    assert explain(page, ada, help_text) == []


def test_entries_can_be_read(page: Page) -> None:
    """Every entry that answers is listed, and can be read with its file and its questions."""
    listed = page.http.get("/api/entries/de").json()
    entry = page.http.get("/api/entries/de/backbone").json()

    assert {"id": "backbone", "title": entry["title"]} in listed
    assert entry["file"] == "knowledge/content/de/backbone.md"
    assert len(entry["questions"]) >= 24
    assert "Rückgrat" in entry["text"]
    assert page.http.get("/api/entries/de/gibt-es-nicht").status_code == 400


def test_label_is_kept(page: Page, labelled: Path) -> None:
    """What would have been right is kept once for each question, with the question before it."""
    ada = page.person("Ada Yıldız")
    page.send_text(ada, "Was ist Collective Impact?", "Quelle")
    answer = page.send_text(ada, "Was ist ein Backbone?", "Quelle")
    label = {"chat": ada, "message": answer["id"], "question": "Was ist ein Backbone?"}

    page.post("label", **label, expect="abstained")
    page.post("label", **label, expect="answered", entry="backbone-formen")

    (item,) = read_labelled_questions(labelled)
    assert (item.question, item.lang, item.kind) == ("Was ist ein Backbone?", "de", "answerable")
    assert (item.expect, item.entries) == ("answered", ("backbone-formen",))
    assert item.history == ("Was ist Collective Impact?",)
    page.post("label", **label, expect=None)
    assert not labelled.exists()
    assert "Diesen Eintrag" in page.refused("label", **label, expect="answered", entry="gibt-es-nicht")
    assert "Welcher Eintrag" in page.refused("label", **label, expect="answered")
    assert "keine solche Frage" in page.refused("label", **{**label, "question": "Andere?"}, expect="abstained")


def test_chat_becomes_a_test(page: Page, tmp_path: Path) -> None:
    """A chat is kept as turns with what was decided; a tapped button is named by its label."""
    ada = page.person("Ada Yıldız")
    page.send_text(ada, "/start")
    answer = page.send_text(ada, "Was ist ein Backbone?", "Quelle")
    button = answer["buttons"][0][0]
    page.post("tap", person=ada, chat=ada, message=answer["id"], data=button["data"])
    (tmp_path / "chat.yaml").write_text(page.http.get(f"/api/test/{ada}").text, "utf-8")

    replay = read_replay(tmp_path / "chat.yaml")

    assert replay.lang == "de"
    assert [turn.say or turn.tap for turn in replay.turns] == ["/start", "Was ist ein Backbone?", button["text"]]
    assert (replay.turns[1].status, replay.turns[1].entry) == ("answered", "backbone")
    jonas = page.person("Jonas Weber")
    assert page.http.get(f"/api/test/{jonas}").status_code == 400
    assert page.http.get("/api/test/1").status_code == 400
