"""Asking how one's request is progressing, and nothing else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.absence import Absence
from bot.domain.calendar import DAY
from bot.domain.consultation import ContactChannel, Party, Request
from bot.domain.effects import AppendTranscript, BlockRequester, CreateRequest
from bot.domain.message import RelayMessage
from bot.flows.dialogue import Dialogue
from bot.store.records import AdviserThread
from prompts.dates import format_date_and_time, to_local_time
from tests.support.fake_answerer import NO_ANSWER, FakeAnswerer
from tests.support.relay import (
    ADA,
    CLOSED,
    DESK,
    OPEN,
    REFERENCE,
    STATE,
    TAKEN,
    TALKING,
    TOPIC,
    kept,
    kinds,
    person,
    told,
)

PASS = f"h:pass:{REFERENCE}:9"
HERE = replace(OPEN.details, reach=ContactChannel.TELEGRAM)


def ask(services: Dialogue, request: Request, text: str = "Wie ist der Stand?") -> str:
    """Return the reply, which must have the button that passes the words on."""
    kept(services, request)
    ((_, html, buttons),) = told(services.handle(replace(STATE, lang=request.lang), person(text=text)))
    assert buttons == [PASS]
    return html


@pytest.mark.parametrize(
    "text",
    ["wann meldet sich wer", "Hat schon jemand geantwortet?", "wie lange dauert das jetzt", "Stand meiner Anfrage"],
)
def test_open_request(services: Dialogue, text: str) -> None:
    """The reply names the request and promises nothing that was not promised."""
    html = ask(services, replace(OPEN, details=HERE), text)

    assert f"<b>{REFERENCE}</b> ist beim Beratungsteam angekommen. Übernommen hat sie noch niemand." in html
    assert "kann ich Ihnen nicht sagen" in html
    assert "sehe ich hier im Chat nicht" not in html


def test_taken_request_with_a_promised_date(services: Dialogue) -> None:
    """Whoever took it is named, and so is the promised date."""
    promised = services.now() + DAY

    html = ask(services, replace(TAKEN, promised=promised, since=services.now()))

    assert "Bea kümmert sich darum." in html
    assert f"Rechnen Sie mit einer Antwort bis {format_date_and_time(promised, 'de')}." in html


@pytest.mark.parametrize(
    ("turn", "words"),
    [(Party.ADVISER, "noch warten, tut mir leid"), (Party.REQUESTER, "letzte Nachricht dazu kam vom Beratungsteam")],
)
def test_after_the_promised_date(services: Dialogue, turn: Party, words: str) -> None:
    """A promise that was not kept is regretted; after an answer it is not mentioned."""
    now = services.now()

    assert words in ask(services, replace(TAKEN, promised=now - DAY, since=now - 2 * DAY, turn=turn))


@pytest.mark.parametrize("lang", SUPPORTED_LANGUAGES)
def test_absence_is_named_in_each_language(services: Dialogue, lang: str) -> None:
    """Until when the advisers are away belongs to the reply."""
    today = to_local_time(services.now()).date()
    away = Absence(today, today + timedelta(days=9))
    text = {"en": "has anyone answered yet"}.get(lang, "wann meldet sich wer")

    html = ask(replace(services, away=(away,)), replace(OPEN, lang=lang), text)

    assert {"de": "ist bis zum", "en": "away until", "de-leicht": "ist bis zum"}[lang] in html


def test_without_a_request_it_is_a_question(services: Dialogue) -> None:
    """Without an open request the words are searched, and within a conversation they go to the advisers."""
    turn = services.handle(STATE, person(text="Wie ist der Stand?"))
    assert told(turn)[0][1] == NO_ANSWER.html

    kept(services, TALKING)
    assert RelayMessage in kinds(services.handle(STATE, person(text="Wie ist der Stand?")))


OWN_WORDS = "Guten Morgen, hat da schon wer draufgeschaut?"


@pytest.mark.parametrize(
    ("request_", "text", "is_asked"),
    [
        (OPEN, OWN_WORDS, True),
        (OPEN, "Was ist ein Backbone?", False),
        (OPEN, OWN_WORDS * 5, False),
        (CLOSED, OWN_WORDS, False),
    ],
)
def test_own_words(services: Dialogue, request_: Request, text: str, is_asked: bool) -> None:
    """While a request is open, whatever means the same as the listed wordings gets the same reply."""
    kept(services, request_)
    services = replace(services, answerer=FakeAnswerer(alike=(OWN_WORDS, OWN_WORDS * 5)))

    assert (REFERENCE in told(services.handle(STATE, person(text=text)))[0][1]) is is_asked


def test_what_has_arrived(services: Dialogue) -> None:
    """The reply says whether the request has reached the advisers, and of when the person's last message is."""
    services.store.apply((), [CreateRequest(OPEN)])
    assert (
        "ist auf dem Weg zum Beratungsteam."
        in told(services.handle(STATE, person(text="Stand meiner Anfrage")))[0][1]
    )

    services.store.requests.save_thread(REFERENCE, AdviserThread(DESK, TOPIC, 70))
    services.store.apply((), [AppendTranscript(REFERENCE, Party.REQUESTER, "Hallo?")])
    html = told(services.handle(STATE, person(text="Stand meiner Anfrage")))[0][1]

    assert "ist beim Beratungsteam angekommen." in html
    assert f"Ihre letzte Nachricht dazu ist vom {format_date_and_time(services.now(), 'de')}." in html


@pytest.mark.parametrize("lang", SUPPORTED_LANGUAGES)
def test_closed_request(services: Dialogue, lang: str) -> None:
    """After its end, the reply says so and offers to reopen the request, except to who is blocked."""
    kept(services, replace(CLOSED, lang=lang))
    state, event = replace(STATE, lang=lang), person(text="Stand meiner Anfrage")

    reply = told(services.handle(state, event))
    services.store.apply((), [BlockRequester(ADA, services.now() + DAY)])
    blocked = told(services.handle(state, event))

    assert [(REFERENCE in html, buttons) for _, html, buttons in reply] == [(True, [f"h:reopen:{REFERENCE}"])]
    assert blocked[0][1] == NO_ANSWER.html
