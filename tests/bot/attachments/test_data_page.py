"""A person's data as a page to read: every field has a name in plain words, and nothing raw is shown."""

import json
import re
from dataclasses import fields, replace
from typing import Any

import pytest

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.attachments.data_export import render_data_json
from bot.attachments.data_page import COUNTED_TABLES, UNSHOWN_FIELDS, referenced_ids, render_data_page
from bot.domain.calendar import DAY
from bot.domain.consultation import (
    REQUESTER_KINDS,
    ContactChannel,
    Details,
    Form,
    FormStep,
    Request,
    RequestContext,
    RequestStatus,
    SentRequest,
    TypedAnswer,
)
from bot.domain.selfcheck import SelfCheckProgress, SelfCheckStage
from bot.domain.turn import Album, PassableMessage, State
from bot.store.personal_data import DATA_CATALOGUE
from bot.store.sql.database import REQUEST_ADAPTER, STATE_ADAPTER
from bot.telegram.update_parser import ATTACHMENT_FIELDS
from prompts.render import load_labels

STORED_TYPES = (
    State,
    Album,
    PassableMessage,
    Form,
    Details,
    RequestContext,
    TypedAnswer,
    SentRequest,
    SelfCheckProgress,
    Request,
)
NOW = 1_800_000_000.0  # 2027-01-15
STATE = State(
    lang="de-leicht", last_question="Was ist ein Backbone?", last_entry="backbone", step=3, read=(1, 2, 3),
    audience="npo", shown="frage-backbone", improve="no", answers_read=("champion", "backbone"),
    passable=(PassableMessage(8, "Und wann?", "Und wann?"),), asked=4, minute=1.0, taps=5,
    form=Form(FormStep.PLACE, Details("Rat", "Brücken e. V.", "npo"), shares=frozenset(("question",)), paused=True),
    check=SelfCheckProgress(SelfCheckStage.PAUSED, "vision", {"vision": 2, "backbone-role": None}),
)  # fmt: skip
REQUEST = Request(
    "K7QM-2XFA", 10, 10, "Ada", "de", Details("Rat gesucht", reach=ContactChannel.PHONE, address="+49 30 1"),
    RequestContext("Was?", "backbone", "Backbone", 0.934), "2026-12-01", "jacob-rohm", NOW,
)  # fmt: skip
NAMES = {
    "entry": {"backbone": "Wer zusammenhält", "champion": "Wer vorangeht"},
    "question": {"vision": "Gemeinsames Ziel", "backbone-role": "Wer koordiniert"},
    "contact": {"jacob-rohm": "Jacob Rohm"},
}


def rows(**changes: Any) -> dict[str, list[dict[str, Any]]]:
    state = json.loads(STATE_ADAPTER.dump_json(STATE))
    request = json.loads(REQUEST_ADAPTER.dump_json(REQUEST))
    return {
        "states": [{"key": "10:10", "user_id": 10, "body": json.dumps(state), "updated": NOW}],
        "requests": [{"reference": "K7QM-2XFA", "chat_id": 10, "user_id": 10, "status": "open", "created": NOW,
                      "version": 0, "body": json.dumps(request)}],
        "lines": [{"id": 1, "reference": "K7QM-2XFA", "user_id": 10, "side": "person", "text": "Hallo & <b>fett</b>",
                   "created": NOW, "chat_id": 10, "message_id": 5}],
        "feedback": [{"id": 1, "user_id": 10, "entry": "backbone", "value": 0, "flaw": "wrong", "created": NOW}],
        "outbox": [{"id": number, "chat_id": 10, "method": "sendMessage", "params": '{"text": "<b>Nr.</b>"}',
                    "created": NOW + number} for number in range(40)],
    } | changes  # fmt: skip


def page(lang: str = "de", **changes: Any) -> str:
    values = {"held": rows(**changes), "lang": lang, "now": NOW, "days": 180, "names": NAMES}
    return render_data_page(values).content.decode()


def test_every_stored_field_has_a_name() -> None:
    """A new field of a state or a request, or a new column about a person, needs a name in each language."""
    columns = {name for info in DATA_CATALOGUE.values() if info.owner_condition for name, _ in info.columns}
    stored = columns | {field.name for stored_type in STORED_TYPES for field in fields(stored_type)}

    for lang in SUPPORTED_LANGUAGES:
        assert {name for name in stored if f"field_{name}" not in load_labels(lang)} == set()
    assert stored >= UNSHOWN_FIELDS


def test_every_stored_word_has_a_name() -> None:
    """What is stored as a word of the program is shown in words, in each language."""
    words = {
        *(f"kind_{kind}" for kind in REQUESTER_KINDS),
        *(f"reach_{channel}" for channel in ContactChannel),
        *(f"status_{status}" for status in RequestStatus),
        *(f"stage_{stage}" for stage in SelfCheckStage),
        *(f"line_{step}" for step in FormStep),
        *(f"media_{media}" for media in ATTACHMENT_FIELDS),
    }

    for lang in SUPPORTED_LANGUAGES:
        assert words <= load_labels(lang).keys()


@pytest.mark.parametrize("lang", SUPPORTED_LANGUAGES)
def test_nothing_raw_is_shown(lang: str) -> None:
    """The page shows names instead of ids, and no name of a field, no number of a chat and no markup."""
    html = page(lang)
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.S)

    for name in (
        "Wer vorangeht, Wer zusammenhält",
        "Gemeinsames Ziel",
        "Wer koordiniert",
        "Jacob Rohm",
        "Ada",
        "Und wann?",
        "93",
    ):
        assert name in text
    for raw in (
        "backbone-role",
        "jacob-rohm",
        "frage-",
        "_",
        "0.93",
        "10:10",
        "sendMessage",
        "Nr.",
        "1970",
        "{",
        "de-",
    ):
        assert raw not in text
    assert "Hallo &amp; &lt;b&gt;fett&lt;/b&gt;" in html  # what the person wrote themselves


def test_page_begins_with_an_overview() -> None:
    """Each kind of data has one line: what, how many, since when and until when; calls have no boxes."""
    overview = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", page())

    lines = {heading: re.findall(r"<td[^>]*>(.*?)</td>", cells) for heading, cells in overview}
    assert lines["Was ich mir gemerkt habe"][0] == "1"
    assert lines["Was ich mir gemerkt habe"][2].startswith("14. Juli 2027")
    assert lines["Ihre Anfragen an das Beratungsteam"] == ["1", "15. Januar 2027", "180 Tage nach dem Abschluss"]
    assert lines["Nummern verschickter Nachrichten, und was noch zu senden ist"][0] == "40"
    assert len(lines) == len(rows())
    assert page().count("<dl>") == 2  # the state and the request
    assert not set(COUNTED_TABLES) & set(re.findall(r"<h2>(.*?)</h2>", page()))


def test_closed_requests_have_a_date() -> None:
    """Once all requests are closed, the day is named after which they are deleted."""
    closed = replace(REQUEST, status=RequestStatus.CLOSED, closed=NOW + DAY)
    row = rows()["requests"][0] | {"status": "closed", "body": REQUEST_ADAPTER.dump_json(closed).decode()}

    assert page(requests=[row]).count("15. Juli 2027") == 2  # for the request and for its messages


def test_person_without_data_reads_one_sentence() -> None:
    """Without data the page says so, and has no empty table."""
    html = render_data_page({"held": {}, "lang": "de", "now": NOW, "days": 180}).content.decode()

    assert "Über Sie ist nichts gespeichert." in html
    assert "<table>" not in html


def test_json_has_everything_else() -> None:
    """The JSON file has the calls, the counters, and a name for each field."""
    whole = json.loads(render_data_json({"held": rows(), "lang": "de", "now": NOW}).content)

    assert len(whole["data"]["outbox"]) == 40
    assert whole["data"]["states"][0]["body"]["asked"] == 4
    assert whole["names"]["last_question"] == "Letzte Frage"


def test_entries_are_named_by_their_ids() -> None:
    """The ids of all entries that a person's data refer to are found, so that they can be named."""
    assert referenced_ids(rows()) == {"backbone", "champion"}


def test_selfcheck_seen_last_has_a_name() -> None:
    """The self-check that was seen last is named, not its link."""
    body = json.loads(STATE_ADAPTER.dump_json(State(shown="selbstcheck")))
    html = page(states=[{"key": "10:10", "user_id": 10, "body": json.dumps(body), "updated": NOW}])

    assert "Selbst-Check zu Gemeinsam Wirken" in html
    assert "selbstcheck" not in html
