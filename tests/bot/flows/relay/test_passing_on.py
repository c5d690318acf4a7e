"""Passing an unanswered question on to the advisers while a request is open, over a real store."""

from dataclasses import replace

import pytest

from bot.answering.answerer import Answer
from bot.domain.calendar import DAY
from bot.domain.consultation import Party, Request
from bot.domain.effects import AppendTranscript, CreateRequest, UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, RelayMessage, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.dialogue import Dialogue
from bot.flows.relay import lifecycle
from bot.pipeline.api_calls import build_calls
from tests.support.fake_answerer import FakeAnswerer, answer_with
from tests.support.queues import api_call
from tests.support.relay import ADA, CLOSED, DESK, OPEN, REFERENCE, STATE, changed, kept, person

pytestmark = pytest.mark.durability

HELLO = person(text="Sind Sie noch da?")
PASS = f"h:pass:{REFERENCE}:{HELLO.message_id}"


def offers(turn: Turn) -> list[str]:
    keyboards = [message.keyboard for message in turn.messages if isinstance(message, SendMessage)]
    callbacks = [button.data for keyboard in keyboards for row in keyboard for button in row]
    return [data for data in callbacks if data.startswith("h:pass:")]


def tap(services: Dialogue, state: State, data: str = PASS) -> Turn:
    return services.handle(state, person(EventKind.BUTTON, data, message=10, callback_id="1"))


def test_message_reaches_the_advisers_of_a_late_request(services: Dialogue) -> None:
    """After the notice of a late answer, the requester can pass a message on to the request's thread with one tap."""
    promised = services.now() - DAY
    waiting = replace(OPEN, since=promised - 9 * DAY, promised=promised)
    kept(services, waiting)
    services.store.apply((), [UpdateRequest(changed(lifecycle.check_deadlines(services, waiting)))])
    answered = services.handle(STATE, HELLO)

    passed_on = tap(services, answered.state)

    assert offers(answered) == [PASS]
    (call, *_) = build_calls(passed_on.messages, person(EventKind.BUTTON, message=10), DESK)
    copy = api_call(call)
    assert (copy.method, copy.source, copy.reference) == ("copyMessage", (ADA, HELLO.message_id), REFERENCE)
    assert AppendTranscript(REFERENCE, Party.REQUESTER, HELLO.text, HELLO.message_id) in passed_on.effects
    assert any(isinstance(message, AnswerCallback) and message.text for message in passed_on.messages)


def test_message_is_passed_on_once(services: Dialogue) -> None:
    """A second tap, or a tap under an older message, passes nothing on."""
    kept(services, OPEN)
    state = services.handle(STATE, HELLO).state
    second = tap(services, tap(services, state).state)
    older = tap(services, services.handle(state, replace(HELLO, message_id=11)).state)

    assert [turn.effects for turn in (second, older)] == [(), ()]
    assert not any(isinstance(message, RelayMessage) for turn in (second, older) for message in turn.messages)


def test_every_open_request_is_offered(services: Dialogue) -> None:
    """A message can be passed on to any open request, but not to a closed one."""
    kept(services, OPEN)
    for reference, request in (("BBBB-BBBB", OPEN), ("CCCC-CCCC", CLOSED)):
        services.store.apply((), [CreateRequest(replace(request, reference=reference, created=request.created - 1))])
    turn = services.handle(STATE, HELLO)

    assert offers(turn) == [PASS, PASS.replace("AAAA-AAAA", "BBBB-BBBB")]
    assert tap(services, turn.state, PASS.replace("AAAA-AAAA", "CCCC-CCCC")).effects == ()


@pytest.mark.parametrize(
    ("request_", "event", "answers"),
    [
        (OPEN, HELLO, [answer_with("backbone")]),
        (CLOSED, HELLO, []),
        (OPEN, replace(HELLO, private=False), []),
        (OPEN, replace(HELLO, text=" "), []),
    ],
)
def test_passing_on_is_not_offered(
    services: Dialogue, request_: Request, event: Event, answers: list[Answer]
) -> None:
    """Passing on is not offered under an answer, without an open request, in a group, or for an empty message."""
    kept(services, request_)
    services = replace(services, answerer=FakeAnswerer(answers))

    turn = services.handle(STATE, event)

    assert offers(turn) == []
    assert turn.state.unanswered == (0, "")


def test_passing_on_is_not_offered_without_advisers(dialogue: Dialogue) -> None:
    """Passing on is not offered if requests go by e-mail only, as there is no thread then."""
    dialogue.store.apply((), [CreateRequest(OPEN)])

    assert offers(dialogue.handle(STATE, HELLO)) == []
