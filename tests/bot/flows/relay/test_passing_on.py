"""Passing an unanswered question on to the advisers while a request is open, over a real store."""

from dataclasses import replace

import pytest

from bot.answering.answerer import Answer, AnswerStatus
from bot.domain.calendar import DAY
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import AppendTranscript, BlockRequester, CreateRequest, UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, Button, EditKeyboard, EditMessage, Keyboard, RelayMessage, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.dialogue import Dialogue
from bot.flows.relay import lifecycle, requester
from bot.pipeline.api_calls import build_calls
from tests.support.fake_answerer import NO_ANSWER, FakeAnswerer, answer_with
from tests.support.queues import api_call
from tests.support.relay import ADA, BEA, CLOSED, DESK, OPEN, REFERENCE, STATE, TAKEN, changed, kept, person, reads

pytestmark = pytest.mark.durability

HELLO = person(text="Sind Sie noch da?")
PASS = f"h:pass:{REFERENCE}:{HELLO.message_id}"


def offers(turn: Turn) -> list[str]:
    keyboards = [message.keyboard for message in turn.messages if isinstance(message, SendMessage | EditMessage)]
    callbacks = [button.data for keyboard in keyboards for row in keyboard for button in row]
    return [data for data in callbacks if data.startswith("h:pass:")]


def relayed(turn: Turn) -> str:
    (html,) = (message.html for message in turn.messages if isinstance(message, RelayMessage))
    return html


def tap(services: Dialogue, state: State, data: str = PASS, keyboard: Keyboard = ()) -> Turn:
    return services.handle(state, person(EventKind.BUTTON, data, message=10, callback_id="1", keyboard=keyboard))


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
    assert (copy.method, copy.source, copy.reference) == ("sendMessage", (ADA, HELLO.message_id), REFERENCE)
    assert copy.params["text"] == f"<b>Ada:</b>\n{HELLO.text}"
    assert AppendTranscript(REFERENCE, Party.REQUESTER, HELLO.text, HELLO.message_id, True) in passed_on.effects
    (said,) = (message for message in passed_on.messages if isinstance(message, SendMessage))
    assert ("ans Beratungsteam weitergegeben" in said.html, said.reply_to) == (True, HELLO.message_id)
    assert AnswerCallback() in passed_on.messages


def test_message_is_passed_on_once(services: Dialogue) -> None:
    """A second tap passes nothing on and says so; nor does a tap under a message that is no longer remembered."""
    kept(services, OPEN)
    state = services.handle(STATE, HELLO).state
    first = tap(services, state)
    services.store.apply(build_calls(first.messages, person(EventKind.BUTTON, message=10), DESK), ())
    second = tap(services, first.state)
    for number in range(11, 11 + requester.MAX_PASSABLE):
        state = services.handle(state, replace(HELLO, message_id=number)).state
    forgotten = tap(services, state, PASS.replace(":9", ":99"))

    assert second == Turn(first.state, (AnswerCallback("Das haben Sie schon weitergegeben."),))
    assert [message.id for message in state.passable] == [11, 12, 13]
    assert (forgotten.effects, forgotten.messages) == ((), (AnswerCallback("Dieser Knopf gilt nicht mehr."),))


def test_each_of_two_messages_can_be_passed_on(services: Dialogue) -> None:
    """An earlier message can be passed on as well; passing on one takes its button away, and leaves the other's."""
    kept(services, OPEN)
    first = services.handle(STATE, HELLO)
    second = services.handle(first.state, replace(HELLO, message_id=11, text="Hallo?", html="Hallo?"))

    others = (Button("Beratung anfragen", "talk"),)
    passed_on = tap(services, second.state, keyboard=((Button("Weitergeben", PASS),), others))

    assert EditKeyboard((others,), 10) in passed_on.messages
    assert relayed(passed_on) == f"<b>Ada:</b>\n{HELLO.text}"
    assert relayed(tap(services, passed_on.state, PASS.replace(":9", ":11"))) == "<b>Ada:</b>\nHallo?"


def test_edit_before_passing_on_counts(services: Dialogue) -> None:
    """A message that is edited before it is passed on keeps its button and arrives as edited."""
    kept(services, OPEN)
    state = services.handle(STATE, HELLO).state
    edited = services.handle(state, person(EventKind.EDITED, "Sind Sie <da>?", message=HELLO.message_id))
    answered = replace(services, answerer=FakeAnswerer([answer_with("backbone")])).handle(
        edited.state, person(EventKind.EDITED, "Was ist Backbone?", message=HELLO.message_id)
    )

    assert offers(edited) == [PASS]
    assert relayed(tap(services, edited.state)) == "<b>Ada:</b>\nSind Sie <da>?"
    assert (offers(answered), answered.state.passable) == ([], ())


def test_media_can_be_passed_on(services: Dialogue) -> None:
    """What the bot cannot read can be passed on too: with the name in the caption, or above it."""
    kept(services, OPEN)
    turns = [
        services.handle(STATE, person(EventKind.OTHER, text, message=HELLO.message_id, media_type=media_type))
        for text, media_type in (("Plan", "photo"), ("", "sticker"))
    ]

    photo, sticker = (build_calls(tap(services, turn.state).messages, person(), DESK) for turn in turns)

    assert [offers(turn) for turn in turns] == [[PASS], [PASS]]
    caption = {"caption": "<b>Ada:</b>\nPlan", "parse_mode": "HTML"}
    assert api_call(photo[0]).params == {"from_chat_id": ADA, "message_id": HELLO.message_id, **caption}
    assert [api_call(call).method for call in sticker[:2]] == ["sendMessage", "copyMessage"]
    assert [api_call(call).source for call in sticker[:2]] == [None, (ADA, HELLO.message_id)]


def test_media_with_an_answered_caption_can_be_passed_on(services: Dialogue) -> None:
    """If a caption is answered, the picture can still be passed on; beyond the limit of questions nothing is said."""
    kept(services, OPEN)
    services = replace(services, answerer=FakeAnswerer([answer_with("backbone")]))
    photo = person(EventKind.OTHER, "Was ist Backbone?", media_type="photo")
    too_many = replace(STATE, minute=services.now(), asked=99)

    assert offers(services.handle(STATE, photo)) == [PASS]
    assert services.handle(too_many, photo).messages == ()


@pytest.mark.parametrize(
    ("request_", "text", "expected"),
    [
        (TAKEN, "Ich habe noch eine Frage an Bea", True),
        (replace(OPEN, participants=((30, "Bea"),)), "Was ist ein Backbone?", True),
        (OPEN, "Und was sagt Herr Rohm?", True),
        (OPEN, f"Wie steht es um {REFERENCE.lower()}?", True),
        (replace(TAKEN, participants=((30, "Bea"),)), "Was ist ein Beamer?", False),
    ],
)
def test_answered_message_may_be_meant_for_the_advisers(
    services: Dialogue, request_: Request, text: str, expected: bool
) -> None:
    """An answered message can be passed on if it names an adviser, the contact or the request, or nobody has it."""
    request_ = request_.add_participant(30, "Bea") if request_ is TAKEN else request_
    kept(services, request_)
    services = replace(services, answerer=FakeAnswerer([answer_with("backbone")]))

    assert offers(services.handle(STATE, person(text=text))) == ([PASS] if expected else [])


def test_every_open_request_is_offered(services: Dialogue) -> None:
    """A message can be passed on to any open request, and a withdrawn one never gets it."""
    kept(services, OPEN)
    for reference, request in (("BBBB-BBBB", OPEN), ("CCCC-CCCC", replace(CLOSED, withdrawn=True))):
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
    assert turn.state.passable == ()


def test_passing_on_is_not_offered_without_advisers(dialogue: Dialogue) -> None:
    """Passing on is not offered if requests go by e-mail only, as there is no thread then."""
    dialogue.store.apply((), [CreateRequest(OPEN)])

    assert offers(dialogue.handle(STATE, HELLO)) == []


@pytest.fixture
def just_closed(services: Dialogue) -> Request:
    """A request that Bea closed an hour ago."""
    request = replace(CLOSED, taken_by=BEA, adviser="Bea", closed=services.now() - 3_600, turn=Party.REQUESTER)
    kept(services, request)
    return request


@pytest.mark.parametrize("replies", [True, False])
def test_one_tap_reopens_and_passes_on(services: Dialogue, just_closed: Request, replies: bool) -> None:
    """After the end of a request, what the bot cannot answer, or a reply, reaches its adviser with one tap, once."""
    said = services.handle(STATE, replace(HELLO, reply_to=77 if replies else None))

    turn = tap(services, said.state)

    assert offers(said) == [PASS]
    end = [f"h:end:{REFERENCE}"]
    reads(
        turn,
        ("desk", f'Zuständig bleibt <a href="tg://user?id={BEA}">Bea</a>', []),
        ("card", REFERENCE, []),
        (None, "ist wieder offen, und das habe ich weitergegeben", end),
        ("toast", "", []),
    )
    assert relayed(turn) == f"<b>Ada:</b>\n{HELLO.text}"
    updated = changed(turn)
    assert (updated.status, updated.taken_by, updated.talking) == (RequestStatus.TAKEN, BEA, True)
    assert (updated.promised, updated.closed, updated.reopened) == (0.0, 0.0, (services.now(),))
    assert tap(services, turn.state).effects == ()


@pytest.mark.parametrize(
    ("status", "days", "offered"),
    [
        (AnswerStatus.SMALLTALK, 0, False),
        (AnswerStatus.CLARIFY, 0, False),
        (AnswerStatus.CONSULTATION, 0, True),
        (AnswerStatus.ABSTAINED, 8, False),
    ],
)
def test_when_reopening_is_offered(
    services: Dialogue, just_closed: Request, status: AnswerStatus, days: int, offered: bool
) -> None:
    """Thanks after the end reopen nothing, nor does anything after a week; who wants a human again, may."""
    later = replace(services, now=lambda: services.now() + days * DAY)
    later = replace(later, answerer=FakeAnswerer([replace(NO_ANSWER, status=status)]))

    turn = later.handle(STATE, HELLO)

    assert offers(turn) == ([PASS] if offered else [])
    (message,) = (message for message in turn.messages if isinstance(message, SendMessage))
    assert (f"Ihre Anfrage {REFERENCE}? Dann tippen Sie auf „Wieder öffnen" in message.html) is offered


def test_nothing_is_offered_to_who_is_blocked(services: Dialogue, just_closed: Request) -> None:
    """Whom the advisers block is not invited to write to them, and an earlier button refuses."""
    state = services.handle(STATE, HELLO).state
    services.store.apply((), [BlockRequester(ADA, services.now() + DAY)])

    refused = tap(services, state)

    assert offers(services.handle(STATE, HELLO)) == []
    reads(refused, (None, "nimmt bis", []), ("toast", "", []))
    assert refused.effects == ()
