"""Blocking somebody who abuses the advisers, with an expiry and a way back."""

from dataclasses import replace

import pytest

from bot.answering.answerer import Answer, AnswerStatus
from bot.domain.calendar import DAY
from bot.domain.consultation import RequestStatus
from bot.domain.effects import CreateRequest, ErasePerson
from bot.domain.event import Event, EventKind
from bot.domain.message import RelayMessage, SendMessage
from bot.domain.turn import State
from bot.flows.dialogue import Dialogue
from bot.flows.relay.messages import render_card
from bot.flows.request_limits import ADVICE_CALLBACKS
from index.decision.calibration import Decision
from index.search.result import SearchResult
from knowledge.records.intents import ReplyKind
from prompts.render import render_template
from tests.conftest import Clock
from tests.support.fake_answerer import FakeAnswerer, answer_with
from tests.support.relay import (  # fmt: skip
    ADA,
    CLOSED,
    OPEN,
    REFERENCE,
    TALKING,
    command,
    kept,
    kinds,
    person,
    play,
    reads,
    stored,
    tap,
    told,
)

pytestmark = pytest.mark.durability

BAN, SPARE = f"q:ban:{REFERENCE}:30", f"q:spare:{REFERENCE}"
REFUSAL = "Das Beratungsteam nimmt bis 14. Februar 2027 nichts von Ihnen an"


def test_blocking_asks_first(services: Dialogue) -> None:
    """The command asks first, for 30 days or the number given; "no" changes nothing."""
    kept(services, TALKING)
    asked, week, wrong, zero, long = play(
        services,
        command("sperren"),
        command("sperren", "7 Tage"),
        command("sperren", "bald"),
        command("sperren", "0"),
        command("sperren", "366 Tage"),
    )
    (spared,) = play(services, tap(SPARE, message=150))

    reads(asked, ("desk", "Ada bis 14. Februar 2027 sperren?", [BAN, SPARE]))
    reads(week, ("desk", "Ada bis 22. Januar 2027 sperren?", [f"q:ban:{REFERENCE}:7", SPARE]))
    for turn in (wrong, zero, long):
        reads(turn, (None, "sperrt für 30 Tage", []))
    assert "Niemand ist gesperrt" in spared.messages[0].html  # type: ignore[union-attr]
    assert services.store.desk.blocked_until(ADA) == 0


def test_blocked_person_is_told_once_and_reaches_nobody(services: Dialogue) -> None:
    """Blocking ends all requests of the person and tells them; what they write afterwards reaches no adviser."""
    kept(services, TALKING)
    services.store.apply((), [CreateRequest(replace(OPEN, reference="BBBB-BBBB"))])
    play(services, tap(f"q:suggest:{REFERENCE}"))
    (banned,) = play(services, tap(BAN, message=150))
    question, reply, edit, form, reopen = play(
        services,
        person(text="Was ist Backbone?"),
        person(text="Hört ihr mich?", reply_to=77, message=11),
        person(EventKind.EDITED, "Hört ihr?", message=5),
        person(EventKind.COMMAND, "", command="beratung"),
        person(EventKind.BUTTON, f"h:reopen:{REFERENCE}", callback_id="1"),
    )

    assert told(banned)[0] == (ADA, told(banned)[0][1], [])
    assert f"hat Ihre Anfrage {REFERENCE} beendet und nimmt bis 14. Februar 2027" in told(banned)[0][1]
    assert [each for each in told(banned) if each[0] == "card"] == [
        ("card", "BBBB-BBBB", []),
        ("card", REFERENCE, []),
    ]
    requests = services.store.requests.requests_by_user(ADA)
    assert {request.status for request in requests} == {RequestStatus.CLOSED}
    assert "🚫 Gesperrt bis" in render_card(stored(services))
    assert "nichts von Ihnen an" not in told(question)[0][1]
    reads(reply, (None, REFUSAL, []), ("toast", "", []))
    assert edit.messages == ()
    reads(form, (None, REFUSAL, []), ("toast", "", []))
    reads(reopen, (None, REFUSAL, []), ("toast", "", []))


def test_blocked_person_in_need_gets_the_numbers(services: Dialogue) -> None:
    """A blocked person who writes of an emergency gets the emergency numbers first."""
    kept(services, TALKING)
    play(services, tap(BAN))
    (turn,) = play(services, person(text="Ich will nicht mehr leben", reply_to=77))

    assert "112" in told(turn)[0][1]
    assert RelayMessage not in kinds(turn)


@pytest.mark.parametrize("lang", ["de", "en", "de-leicht"])
def test_blocked_person_is_not_invited(services: Dialogue, lang: str) -> None:
    """While a person is blocked, what the bot cannot read or do is answered without the way to a new request."""
    events = (
        person(EventKind.OTHER, "", media_type="document"),
        person(EventKind.OTHER, "", media_type="contact"),
        person(EventKind.COMMAND, "", command="zurueckziehen"),
        person(EventKind.COMMAND, "", command="hilfe"),
        person(text="mir ist langweilig"),
        person(text="bist du ein Mensch"),
        person(text="sprechen Sie mit mir"),
        person(text="Was ist das?"),
        person(EventKind.COMMAND, "", command="start"),
    )
    way = "/consult" if lang == "en" else "/beratung"

    replies = [
        SearchResult(Decision.SMALL_TALK, 0.9, reply=ReplyKind.SMALL_TALK, intent=intent)
        for intent in ("mood", "identity")
    ]
    offers = [
        *(Answer(AnswerStatus.SMALLTALK, render_template(result.intent, lang), lang, result) for result in replies),
        Answer(AnswerStatus.CONSULTATION, way, lang, SearchResult(Decision.ANSWER, 0.9)),
        answer_with("backbone", lang),
    ]
    services = replace(services, answerer=FakeAnswerer(offers * 2))

    def is_invited(event: Event) -> bool:
        (_, text, buttons) = told(services.handle(State(lang=lang), event))[0]
        return way in text or not ADVICE_CALLBACKS.isdisjoint(buttons)

    kept(services, CLOSED)
    assert [is_invited(event) for event in events] == [True] * len(events)
    play(services, tap(BAN))
    assert [is_invited(event) for event in events] == [False] * len(events)


def test_blocking_ends_by_itself(services: Dialogue) -> None:
    """After its days the person can send requests and write again."""
    kept(services, TALKING)
    play(services, tap(BAN))
    clock = services.now
    assert isinstance(clock, Clock)
    clock.now += 30 * DAY
    (form,) = play(services, person(EventKind.COMMAND, "", command="beratung"))

    assert "nichts von Ihnen an" not in told(form)[0][1]


def test_blocking_is_lifted(services: Dialogue) -> None:
    """Lifting the block tells the person; until then advisers cannot reopen the request, afterwards they can."""
    kept(services, TALKING)
    play(services, tap(BAN))
    refused, lifted, again, reopened = play(
        services,
        tap(f"q:reopen:{REFERENCE}"),
        command("entsperren"),
        command("entsperren"),
        tap(f"q:reopen:{REFERENCE}"),
    )

    reads(refused, ("toast", "Erst /entsperren", []))
    reads(
        lifted,
        (ADA, "nimmt wieder Nachrichten von Ihnen an", []),
        ("desk", "Bea hat Ada entsperrt", []),
        ("card", REFERENCE, []),
    )
    reads(again, (None, "nicht gesperrt", []))
    assert told(reopened)[0][0] == ADA
    assert "Gesperrt" not in render_card(stored(services))


def test_blocked_person_can_delete_everything(services: Dialogue) -> None:
    """A blocked person can still delete their data, and with them the block."""
    kept(services, TALKING)
    play(services, tap(BAN))
    (turn,) = play(services, person(EventKind.BUTTON, "d:yes", callback_id="1"))

    assert ErasePerson() in turn.effects
    assert services.store.desk.blocked_until(ADA) == 0


def test_forged_number_of_days(services: Dialogue) -> None:
    """A button with anything but a number of days does nothing."""
    kept(services, TALKING)
    (turn,) = play(services, tap(f"q:ban:{REFERENCE}:x"))

    reads(turn, ("toast", "gilt nicht mehr", []))
    assert SendMessage not in kinds(turn)
