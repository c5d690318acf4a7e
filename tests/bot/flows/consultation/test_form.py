"""The form and the life of a request as pure functions, compared with their diagrams."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import product

import pytest

from bot.domain.calendar import DAY, answer_deadline, next_opening
from bot.domain.consultation import (
    MAX_LENGTHS,
    ContactChannel,
    Details,
    Form,
    FormStep,
    Party,
    Request,
    RequestContext,
    RequestStatus,
)
from bot.domain.contact_details import normalise_address, parse_contact
from bot.domain.effects import CreateRequest, UpdateRequest
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, RefreshCard, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.consultation import form, review
from bot.flows.context import Advisers, TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.relay import adviser, lifecycle, messages, requester
from prompts.dates import TIME_ZONE, to_local_time
from prompts.message_splitter import split_html
from tests.support.fake_answerer import FakeAnswerer, answer_with

pytestmark = pytest.mark.durability

EVENT = Event(1, EventKind.TEXT, chat_id=10, user_id=20, message_id=5, language_code="de", name="Ada")
MONDAY = 1_795_420_800.0  # 2026-11-23, 9:00 in Berlin


def edges(code: str | None) -> set[tuple[str, str]]:
    """Return the arrows between two named states of a Mermaid diagram."""
    return set(re.findall(r"^ {4}(\w+) --> (\w+)", code or "", re.MULTILINE))


def test_form_follows_its_diagram() -> None:
    """The form's steps forward are exactly the arrows of its diagram, and each can be undone."""
    transitions = set()
    for channel in ContactChannel:
        current = Form(details=Details(reach=channel))
        while current.at is not FormStep.REVIEW:
            following = replace(current, at=form.next_step(current))
            assert form.previous_step(following) is current.at
            transitions.add((current.at.value, following.at.value))
            current = following

    assert transitions == edges(form.__doc__)


def request(**more: object) -> Request:
    values = {
        "details": Details("Rat"),
        "brief": RequestContext(),
        "consent": "v",
        "contact": "jacob-rohm",
        "created": MONDAY,
    }
    return Request("AAAA-AAAA", 10, 20, "Ada", "de", **(values | {"since": MONDAY} | more))  # type: ignore[arg-type]


def updates(turn: Turn | None) -> Iterator[Request]:
    for effect in turn.effects if turn else ():
        if isinstance(effect, UpdateRequest):
            yield effect.request


def _by_time(dialogue: Dialogue, active: Request) -> list[Turn | None]:
    return [] if active.status is RequestStatus.CLOSED else [lifecycle.check_deadlines(dialogue, active)]


def test_request_follows_its_diagram(dialogue: Dialogue) -> None:
    """The transitions of a request, by anyone's action or by time alone, are exactly the arrows of its diagram."""
    transitions = set()
    for status in RequestStatus:
        before = request(status=status, adviser="Bea", warned=1.0, turn=Party.REQUESTER)
        actions, context = adviser.ADVISER_ACTIONS.values(), TurnContext(dialogue, State(), EVENT)
        turns: list[Turn | None] = [act(context, before, "backbone") for act in actions]
        if status is RequestStatus.CLOSED:
            turns.append(lifecycle.reopen_request(context, replace(before, adviser="")))
        turns += [lifecycle.record_rating(State(), before, "3"), *_by_time(dialogue, replace(before, since=1.0))]
        dialogue.store.apply((), [CreateRequest(replace(before, reference=status))])
        turns += [
            requester.handle_requester_callback(TurnContext(dialogue, State(), EVENT), data)
            for data in (f"done:{status}", f"withdraw:{status}:yes", f"end:{status}")
        ]
        reply = replace(EVENT, text="Hallo", reply_to=1)
        turns.append(
            adviser._relay_to_requester(TurnContext(dialogue, State(), reply), before, ())
            if status is not RequestStatus.CLOSED
            else None
        )
        transitions |= {(status.value, after.status.value) for turn in turns for after in updates(turn)}

    assert {(source, target) for source, target in transitions if source != target} == edges(adviser.__doc__)


def test_request_is_stored_only_after_consent(dialogue: Dialogue) -> None:
    """Nothing is stored until the user agrees to the summary; then the whole request is, with their consent."""
    dialogue = replace(dialogue, answerer=FakeAnswerer([answer_with("backbone")]))
    state, turns = State(last_question="Was ist ein Backbone?"), []
    steps = ("/beratung", "Wir suchen Rat.", "Brücken e. V.", "r:kind:npo", "r:skip:place", "r:reach:email",
             "ada@example.org", "r:share:question", "r:send:")  # fmt: skip
    for step in steps:
        if step == "r:send:":
            assert state.form is not None
            step += review.consent_digest(state.form)
        kind = (
            EventKind.BUTTON
            if step.startswith("r:")
            else EventKind.COMMAND
            if step.startswith("/")
            else EventKind.TEXT
        )
        event = replace(EVENT, kind=kind, text=step, command=step.removeprefix("/"), callback_id="1")
        turns.append(dialogue.handle(state, event))
        state = turns[-1].state

    assert [len(turn.effects) for turn in turns] == [0] * 8 + [1]
    (effect,) = turns[-1].effects
    assert isinstance(effect, CreateRequest)
    stored = effect.request
    assert stored.details == Details(
        "Wir suchen Rat.", "Brücken e. V.", "npo", "", ContactChannel.EMAIL, "ada@example.org", ""
    )
    assert (stored.brief.question, stored.brief.entry) == ("Was ist ein Backbone?", "backbone")
    assert (stored.consent, stored.name, state.form) == (review.REQUEST_CONSENT_VERSION, "Ada", None)


@pytest.mark.parametrize(("days", "text"), [(2, "mit einer Antwort bis"), (0, "kann ich Ihnen nicht sagen")])
def test_date_is_promised_only_if_the_operator_set_one(dialogue: Dialogue, days: int, text: str) -> None:
    """The confirmation names a date only if the settings promise one; the request can be withdrawn from there."""
    sent = Form(FormStep.REVIEW, Details("Rat"), reviewed=True)
    tap = replace(EVENT, kind=EventKind.BUTTON, text=f"r:send:{review.consent_digest(sent)}", callback_id="1")
    turn = replace(dialogue, answer_days=days, advisers=Advisers(-1)).handle(State(form=sent), tap)
    (stored,) = (effect.request for effect in turn.effects if isinstance(effect, CreateRequest))
    (confirmation,) = (message for message in turn.messages if isinstance(message, SendMessage))

    assert bool(stored.promised) is bool(days)
    assert text in confirmation.html
    assert [button.data for row in confirmation.keyboard for button in row] == [f"h:withdraw:{stored.reference}"]


def test_consent_to_an_older_summary_sends_nothing(dialogue: Dialogue) -> None:
    """A summary's button gives consent only to what that summary showed."""
    before, now = (Form(FormStep.REVIEW, Details(text), reviewed=True) for text in ("Vorher", "Nachher"))
    tap = replace(EVENT, kind=EventKind.BUTTON, text=f"r:send:{review.consent_digest(before)}", callback_id="1")
    turn = dialogue.handle(State(form=now), tap)

    assert (turn.state.form, turn.effects) == (now, ())
    assert "Nachher" in getattr(turn.messages[0], "html", "")


def test_missing_address_cannot_be_skipped(dialogue: Dialogue) -> None:
    """After changing the contact channel in the summary, the user cannot step back past the missing address."""
    state = State(form=Form(FormStep.REVIEW, Details("Rat"), reviewed=True))
    for data in ("go:reach", "reach:phone", "back:address", "back:reach"):
        state = dialogue.handle(state, replace(EVENT, kind=EventKind.BUTTON, text=f"r:{data}", callback_id="1")).state

    assert state.form is not None
    assert state.form.at is FormStep.ADDRESS


@pytest.mark.parametrize("at", list(FormStep))
def test_cancel_works_at_every_step(dialogue: Dialogue, at: FormStep) -> None:
    """/abbrechen ends the form at every step, and nothing is stored."""
    turn = dialogue.handle(State(form=Form(at=at)), replace(EVENT, kind=EventKind.COMMAND, command="abbrechen"))

    assert (turn.state.form, turn.effects) == (None, ())


INVALID_DATA = ("kind:npo", "kind:x", "reach:fax", "skip:concern", "send:", "go:review", "share:all", "back:place",
                "x", "", "keep:place", "use:")  # fmt: skip


@pytest.mark.parametrize("data", INVALID_DATA)
def test_button_of_another_step_changes_nothing(dialogue: Dialogue, data: str) -> None:
    """Outdated, forged or unknown button data changes nothing and is answered with a toast."""
    state = State(form=Form())
    turn = dialogue.handle(state, replace(EVENT, kind=EventKind.BUTTON, text=f"r:{data}", callback_id="1"))

    assert (turn.state, turn.effects) == (state, ())
    assert isinstance(turn.messages[0], AnswerCallback)


@pytest.mark.parametrize("at", [FormStep.CONCERN, FormStep.ORGANISATION, FormStep.PLACE, FormStep.TIMES])
def test_too_long_text_is_asked_for_again(dialogue: Dialogue, at: FormStep) -> None:
    """If a text is too long, the limit is named and the same step is asked for again."""
    turn = dialogue.handle(State(form=Form(at=at)), replace(EVENT, text="x" * (MAX_LENGTHS[at] + 1)))

    assert turn.state.form is not None
    assert (turn.state.form.at, turn.state.form.details) == (at, Details())
    assert isinstance(turn.messages[0], SendMessage)
    assert str(MAX_LENGTHS[at]) in turn.messages[0].html


def test_form_actions_match_the_keyboards() -> None:
    """The form's actions are exactly those of the buttons in its keyboards."""
    shown = set()
    for at, value, reviewed in product(FormStep, ("", "x"), (True, False)):
        details = Details(value, value, value, value, ContactChannel.PHONE, value, value)
        filled = Form(at, details, RequestContext("Was?", step=1, steps=8), reviewed=reviewed)
        keyboard = (
            review.review_keyboard(filled, "de") if at is FormStep.REVIEW else form._step_keyboard(filled, "de")
        )
        shown |= {button.data.split(":")[1] for row in keyboard for button in row}

    assert shown | {"resume"} == set(form.FORM_ACTIONS)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("030 520065411", "+49 30 520065411"),
        ("(030) 52 00 65-411", "+49 30 520065411"),
        ("0049 30/520065411", "+49 30 520065411"),
        ("+49 (0) 30 520 065 411", "+49 30 520065411"),
        ("01512 3456789", "+49 1512 3456789"),
        ("+43 1 234567", "+43 1 234567"),
        ("12", None),
        ("dreißig fünf", None),
    ],
)
def test_phone_numbers_are_normalised(text: str, number: str | None) -> None:
    """German phone numbers are recognised in any notation, others if they start with a country code."""
    assert normalise_address(ContactChannel.PHONE, text) == number


@pytest.mark.parametrize(
    ("text", "address"),
    [(" Ada@Example.ORG ", "Ada@example.org"), ("mailto:a@b.de", "a@b.de"), ("a@b", None), ("a b@c.de", None),
     ("ü@müller.de", None), ("u@müller.de", "u@müller.de"), ("a@b.de\nBcc: c@d.de", None)],
)  # fmt: skip
def test_email_addresses_are_normalised(text: str, address: str | None) -> None:
    """E-mail addresses are checked and normalised without a network."""
    assert normalise_address(ContactChannel.EMAIL, text) == address


def test_address_selects_the_contact_channel() -> None:
    """An e-mail address or phone number that is typed instead of a contact channel also selects the channel."""
    assert parse_contact("a@b.de") == (ContactChannel.EMAIL, "a@b.de")
    assert parse_contact("030 520065411") == (ContactChannel.PHONE, "+49 30 520065411")
    assert parse_contact("egal") is None


def after_days(dialogue: Dialogue, days: float) -> Dialogue:
    return replace(dialogue, now=lambda: MONDAY + days * DAY)


def messages_over_time(dialogue: Dialogue, active: Request, start: float, days: int) -> list[tuple[str, bool]]:
    """Check the deadlines every hour; return when a message is sent, and whether it goes to the advisers."""
    sent: list[tuple[str, bool]] = []
    for hour in range(24 * days):
        moment = start + 3_600 * hour
        if turn := lifecycle.check_deadlines(replace(dialogue, now=lambda moment=moment: moment), active):  # type: ignore[misc]
            when = f"{to_local_time(moment):%a %H}"
            sent += [(when, message.to_advisers) for message in turn.messages if isinstance(message, SendMessage)]
            (active,) = updates(turn)
    return sent


def test_untaken_request_sends_reminders_and_one_notice(dialogue: Dialogue) -> None:
    """If nobody takes a request, advisers are reminded every working day and the requester is notified once."""
    sent = messages_over_time(dialogue, request(promised=answer_deadline(MONDAY, 2)), MONDAY, 9)

    assert [when for when, adviser in sent if adviser] == ["Tue 17", "Wed 17", "Thu 17", "Fri 17", "Mon 17", "Tue 17"]
    assert [when for when, adviser in sent if not adviser] == ["Wed 17"]


def test_no_promise_no_late_notice(dialogue: Dialogue) -> None:
    """If no date is promised, advisers are reminded all the same, and the requester is not told that it is late."""
    sent = messages_over_time(replace(dialogue, answer_days=0), request(), MONDAY, 9)

    assert [when for when, adviser in sent if adviser] == ["Tue 17", "Wed 17", "Thu 17", "Fri 17", "Mon 17", "Tue 17"]
    assert [when for when, adviser in sent if not adviser] == []


def test_no_reminder_on_a_holiday(dialogue: Dialogue) -> None:
    """Over Easter, advisers are reminded on Thursday, on Tuesday, and on every working day after."""
    wednesday = datetime(2027, 3, 24, 9, tzinfo=TIME_ZONE).timestamp()
    sent = messages_over_time(dialogue, request(created=wednesday, since=wednesday), wednesday, 9)

    assert [when for when, _ in sent] == ["Thu 17", "Tue 17", "Wed 17", "Thu 17"]


def test_late_reminder_does_not_shift_the_next(dialogue: Dialogue) -> None:
    """A reminder that is late because the bot was down does not shift the next one."""
    reminded = datetime(2026, 11, 24, 10, tzinfo=TIME_ZONE).timestamp()
    sent = messages_over_time(dialogue, request(reminded=reminded), reminded, 3)

    assert [when for when, _ in sent] == ["Wed 17", "Thu 17"]


YEAR = 365 * DAY


@pytest.mark.parametrize(
    ("stored", "corrected"),
    [
        ({"since": YEAR, "promised": YEAR}, {"since": 0, "promised": 2.0 * DAY + 8 * 3_600}),
        ({"reminded": YEAR, "promised": 4 * DAY}, {"reminded": 0, "promised": 4 * DAY}),
        ({"turn": Party.REQUESTER, "warned": YEAR}, {"turn": Party.REQUESTER, "warned": 0}),
        ({"turn": Party.REQUESTER, "remind_at": YEAR}, {"turn": Party.REQUESTER, "remind_at": DAY}),
    ],
)
def test_times_in_the_future_are_corrected(
    dialogue: Dialogue, stored: dict[str, float], corrected: dict[str, float]
) -> None:
    """Times stored while the clock was a year ahead are corrected, so that nobody has to wait for a year."""

    def since_monday(times: dict[str, float]) -> Request:
        return request(**{name: value if name == "turn" else MONDAY + value for name, value in times.items()})

    turn = lifecycle.check_deadlines(after_days(dialogue, 0), since_monday(stored))

    assert list(updates(turn)) == [since_monday(corrected)]
    assert turn is not None
    assert turn.messages == ()


def test_slightly_fast_clock_is_tolerated(dialogue: Dialogue) -> None:
    """A request stored by a machine whose clock is slightly ahead is left unchanged."""
    assert (
        lifecycle.check_deadlines(after_days(dialogue, 0), request(since=MONDAY + 60, remind_at=next_opening(MONDAY)))
        is None
    )


def test_silent_request_is_closed_after_a_warning(dialogue: Dialogue) -> None:
    """A silent request is closed two days after a warning; a message in between restarts the period."""
    active = request(turn=Party.REQUESTER, status=RequestStatus.TAKEN)
    assert lifecycle.check_deadlines(after_days(dialogue, 11.9), active) is None
    (warned,) = updates(lifecycle.check_deadlines(after_days(dialogue, 12), active))
    assert lifecycle.check_deadlines(after_days(dialogue, 13.9), warned) is None
    (closed,) = updates(lifecycle.check_deadlines(after_days(dialogue, 14), warned))
    answered = replace(warned, turn=Party.ADVISER, since=MONDAY + 13 * DAY, warned=0.0)

    assert (warned.status, closed.status) == (RequestStatus.TAKEN, RequestStatus.CLOSED)
    assert all(
        after.status is not RequestStatus.CLOSED
        for after in updates(lifecycle.check_deadlines(after_days(dialogue, 14), answered))
    )


def test_reminder_set_by_an_adviser_is_sent_once(dialogue: Dialogue) -> None:
    """A reminder that an adviser asked for is sent once, when it is due."""
    active = request(turn=Party.REQUESTER, remind_at=MONDAY + 60)
    assert lifecycle.check_deadlines(after_days(dialogue, 0), active) is None
    turn = lifecycle.check_deadlines(after_days(dialogue, 1), active)

    assert turn is not None
    message, card = turn.messages
    assert isinstance(message, SendMessage)
    assert message.to_advisers
    assert isinstance(card, RefreshCard)
    assert (next(updates(turn)).remind_at, next(updates(turn)).last_reminder) == (0.0, MONDAY + DAY)


def test_comment_fits_on_the_longest_card(dialogue: Dialogue) -> None:
    """The longest possible request fits on the advisers' card, together with the longest comment."""
    details = Details("x" * 1_800, "o" * 150, "npo", "p" * 150, ContactChannel.PHONE, "+49 431 987654", "t" * 200)
    brief = RequestContext("q" * 300, "backbone", "Backbone", 0.9, "y" * 300, 9, 9)
    filled = Form(FormStep.REVIEW, details, brief)
    assert (
        review.excess_length(
            review.render_summary(TurnContext(dialogue, State(lang="de"), replace(EVENT, name="N" * 128)), filled)
        )
        == 0
    )
    full = request(details=details, brief=brief, adviser="A" * 128, promised=MONDAY)
    full = replace(full, name="N" * 128, lang="de-leicht")

    rated = replace(full, rating=5, comment="c" * lifecycle.MAX_COMMENT_LENGTH)

    assert len(split_html(messages.render_card(full))) == 1
    assert f"„{rated.comment}“" in split_html(messages.render_card(rated))[0]
    assert rated.details.concern in split_html(messages.render_card(rated))[0]
