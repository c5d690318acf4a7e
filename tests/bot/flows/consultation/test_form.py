"""The form and a request's life as functions, and their diagrams compared with them."""

import re
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from itertools import product

import pytest

from bot.domain.calendar import DAY, answer_deadline, is_working_day, next_opening
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
from bot.domain.message import AnswerCallback, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.consultation import form, review
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.relay import adviser, lifecycle, messages, requester
from prompts.dates import TIME_ZONE, to_local_time
from prompts.message_splitter import split_html
from tests.support.fake_answerer import FakeAnswerer, answer_with

pytestmark = pytest.mark.durability

EVENT = Event(1, EventKind.TEXT, chat_id=10, user_id=20, message_id=5, language_code="de", name="Ada")
MONDAY = 1_795_420_800.0  # 2026-11-23, 9 o'clock in Berlin


def edges(code: str | None) -> set[tuple[str, str]]:
    """The arrows of a Mermaid diagram between two named states."""
    return set(re.findall(r"^ {4}(\w+) --> (\w+)", code or "", re.MULTILINE))


def test_diagram_of_the_form() -> None:
    """Forth, the form goes exactly the ways that its diagram shows; back, it goes them the other way."""
    ways = set()
    for reach in ContactChannel:
        at = Form(details=Details(reach=reach))
        while at.at is not FormStep.REVIEW:
            after_it = replace(at, at=form.next_step(at))
            assert form.previous_step(after_it) is at.at
            ways.add((at.at.value, after_it.at.value))
            at = after_it

    assert ways == edges(form.__doc__)


def request(**more: object) -> Request:
    values = {
        "details": Details("Rat"),
        "brief": RequestContext(),
        "consent": "v",
        "contact": "jacob-rohm",
        "created": MONDAY,
    }
    return Request("AAAA-AAAA", 10, 20, "Ada", "de", **(values | {"since": MONDAY} | more))  # type: ignore[arg-type]


def changes(turn: Turn | None) -> Iterator[Request]:
    for effect in turn.effects if turn else ():
        if isinstance(effect, UpdateRequest):
            yield effect.request


def _in_time(dialogue: Dialogue, running: Request) -> list[Turn | None]:
    return [] if running.status is RequestStatus.CLOSED else [lifecycle.check_deadlines(dialogue, running)]


def test_diagram_of_a_request(dialogue: Dialogue) -> None:
    """A request goes exactly the ways that the diagram shows, whoever acts on it, and by the time alone."""
    ways = set()
    for status in RequestStatus:
        before = request(status=status, adviser="Bea", warned=1.0, turn=Party.REQUESTER)
        acts, context = adviser.ADVISER_ACTIONS.values(), TurnContext(dialogue, State(), EVENT)
        turns: list[Turn | None] = [act(context, before, "backbone") for act in acts]
        turns += [lifecycle.record_rating(State(), before, "3"), *_in_time(dialogue, replace(before, since=1.0))]
        dialogue.store.apply((), [CreateRequest(replace(before, reference=status))])
        turns += [
            requester.handle_requester_callback(TurnContext(dialogue, State(), EVENT), f"{action}:{status}")
            for action in ("done", "withdraw", "end")
        ]
        written = replace(EVENT, text="Hallo", reply_to=1)
        turns.append(
            adviser._relay_to_requester(TurnContext(dialogue, State(), written), before)
            if status is not RequestStatus.CLOSED
            else None
        )
        ways |= {(status.value, now.status.value) for turn in turns for now in changes(turn)}

    assert {way for way in ways if way[0] != way[1]} == edges(adviser.__doc__)


def test_only_consent_keeps_a_request(dialogue: Dialogue) -> None:
    """From the first word to the summary nothing is kept; then all that was told is, with consent and time."""
    dialogue = replace(dialogue, answerer=FakeAnswerer([answer_with("backbone")]))
    state, turns = State(last_question="Was ist ein Backbone?"), []
    steps = ("/beratung", "Wir suchen Rat.", "Brücken e. V.", "r:kind:npo", "r:skip:place", "r:reach:email",
             "ada@example.org", "r:skip:times", "r:send:")  # fmt: skip
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
    (kept,) = turns[-1].effects
    assert isinstance(kept, CreateRequest)
    told = kept.request
    assert told.details == Details(
        "Wir suchen Rat.", "Brücken e. V.", "npo", "", ContactChannel.EMAIL, "ada@example.org", ""
    )
    assert (told.brief.question, told.brief.entry) == ("Was ist ein Backbone?", "backbone")
    assert (told.consent, told.name, state.form) == ("2026-11-24", "Ada", None)


def test_consent_to_an_older_summary_sends_nothing(dialogue: Dialogue) -> None:
    """The button of a summary counts for what that summary showed, and for nothing else."""
    before, now = (Form(FormStep.REVIEW, Details(text), reviewed=True) for text in ("Vorher", "Nachher"))
    tap = replace(EVENT, kind=EventKind.BUTTON, text=f"r:send:{review.consent_digest(before)}", callback_id="1")
    turn = dialogue.handle(State(form=now), tap)

    assert (turn.state.form, turn.effects) == (now, ())
    assert "Nachher" in getattr(turn.messages[0], "html", "")


def test_no_request_without_the_address_it_needs(dialogue: Dialogue) -> None:
    """Who changes the way to be reached in the summary cannot go back past the missing address."""
    state = State(form=Form(FormStep.REVIEW, Details("Rat"), reviewed=True))
    for data in ("go:reach", "reach:phone", "back:address", "back:reach"):
        state = dialogue.handle(state, replace(EVENT, kind=EventKind.BUTTON, text=f"r:{data}", callback_id="1")).state

    assert state.form is not None
    assert state.form.at is FormStep.ADDRESS


@pytest.mark.parametrize("at", list(FormStep))
def test_cancel_ends_every_step(dialogue: Dialogue, at: FormStep) -> None:
    """/abbrechen leads out of each step and keeps nothing."""
    turn = dialogue.handle(State(form=Form(at=at)), replace(EVENT, kind=EventKind.COMMAND, command="abbrechen"))

    assert (turn.state.form, turn.effects) == (None, ())


OTHERS = ("kind:npo", "kind:x", "reach:fax", "skip:concern", "send:", "go:review", "share:all", "back:place", "x", "",
          "keep:place", "use:")  # fmt: skip


@pytest.mark.parametrize("data", OTHERS)
def test_button_of_another_step_changes_nothing(dialogue: Dialogue, data: str) -> None:
    """Old, forged or unknown data is answered with a toast."""
    state = State(form=Form())
    turn = dialogue.handle(state, replace(EVENT, kind=EventKind.BUTTON, text=f"r:{data}", callback_id="1"))

    assert (turn.state, turn.effects) == (state, ())
    assert isinstance(turn.messages[0], AnswerCallback)


@pytest.mark.parametrize("at", [FormStep.CONCERN, FormStep.ORGANISATION, FormStep.PLACE, FormStep.TIMES])
def test_too_long_a_text_is_asked_again(dialogue: Dialogue, at: FormStep) -> None:
    """The limit is named, and the step stays."""
    turn = dialogue.handle(State(form=Form(at=at)), replace(EVENT, text="x" * (MAX_LENGTHS[at] + 1)))

    assert turn.state.form is not None
    assert (turn.state.form.at, turn.state.form.details) == (at, Details())
    assert isinstance(turn.messages[0], SendMessage)
    assert str(MAX_LENGTHS[at]) in turn.messages[0].html


def test_every_tap_of_the_form_is_in_a_keyboard() -> None:
    """The table of buttons holds what keyboards show, and nothing else."""
    shown = set()
    for at, value, reviewed in product(FormStep, ("", "x"), (True, False)):
        details = Details(value, value, value, value, ContactChannel.TELEGRAM, value, value)
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
def test_telephone_numbers(text: str, number: str | None) -> None:
    """German numbers in any spelling, others with their country's code."""
    assert normalise_address(ContactChannel.PHONE, text) == number


@pytest.mark.parametrize(
    ("text", "address"),
    [(" Ada@Example.ORG ", "Ada@example.org"), ("mailto:a@b.de", "a@b.de"), ("a@b", None), ("a b@c.de", None),
     ("ü@müller.de", None), ("u@müller.de", "u@müller.de"), ("a@b.de\nBcc: c@d.de", None)],
)  # fmt: skip
def test_mail_addresses(text: str, address: str | None) -> None:
    """Checked without asking anybody over the network."""
    assert normalise_address(ContactChannel.EMAIL, text) == address


def test_address_is_recognised_without_a_button() -> None:
    """Who types an address where the way is asked has answered."""
    assert parse_contact("a@b.de") == (ContactChannel.EMAIL, "a@b.de")
    assert parse_contact("030 520065411") == (ContactChannel.PHONE, "+49 30 520065411")
    assert parse_contact("egal") is None


def test_next_morning_is_one_of_a_working_day() -> None:
    """A reminder asked for on Friday comes on Monday at nine."""
    friday = datetime(2026, 11, 27, 20, 15, tzinfo=TIME_ZONE).timestamp()

    assert to_local_time(next_opening(friday)) == datetime(2026, 11, 30, 9, tzinfo=TIME_ZONE)


@pytest.mark.parametrize(
    ("now", "days", "then"),
    [
        ("2026-11-23 09:00", 2, "2026-11-25 17:00"),  # Monday
        ("2026-11-27 16:00", 1, "2026-11-30 17:00"),  # over a weekend
        ("2026-11-27 18:00", 1, "2026-12-01 17:00"),  # after closing it counts from the next working day
        ("2026-11-28 12:00", 1, "2026-12-01 17:00"),  # Saturday
        ("2026-12-23 09:00", 2, "2026-12-28 17:00"),  # Christmas on Friday and Saturday
        ("2027-03-05 09:00", 1, "2027-03-09 17:00"),  # Women's Day is a holiday in Berlin
        ("2026-10-23 09:00", 1, "2026-10-26 17:00"),  # the clocks go back in between
    ],
)
def test_working_days(now: str, days: int, then: str) -> None:
    """Weekends and Berlin's holidays do not count."""
    moment = datetime.fromisoformat(now).replace(tzinfo=TIME_ZONE).timestamp()

    assert to_local_time(answer_deadline(moment, days)).strftime("%Y-%m-%d %H:%M") == then


def test_holidays_are_complete_for_every_thread() -> None:
    """Whoever asks first while others do, New Year's Day is one."""
    days = [date(year, 1, 1) for year in range(2040, 2101) if date(year, 1, 1).weekday() < 5]
    begin = threading.Barrier(8)

    def worked(_: int) -> bool:
        begin.wait(10)
        return sum(map(is_working_day, days)) > 0

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(worked, range(8)))
    finally:
        sys.setswitchinterval(before)

    assert not any(found)


def at(dialogue: Dialogue, days: float) -> Dialogue:
    return replace(dialogue, now=lambda: MONDAY + days * DAY)


def remarks(dialogue: Dialogue, running: Request, start: float, days: int) -> list[tuple[str, bool]]:
    """When somebody is told something, looked at every hour, and whether it is the advisers."""
    said: list[tuple[str, bool]] = []
    for hour in range(24 * days):
        moment = start + 3_600 * hour
        if turn := lifecycle.check_deadlines(replace(dialogue, now=lambda moment=moment: moment), running):  # type: ignore[misc]
            when = f"{to_local_time(moment):%a %H}"
            said += [(when, message.to_advisers) for message in turn.messages if isinstance(message, SendMessage)]
            (running,) = changes(turn)
    return said


def test_what_the_time_brings(dialogue: Dialogue) -> None:
    """Nobody takes it: advisers are reminded each working day, and the person is told once, with a choice."""
    said = remarks(dialogue, request(promised=answer_deadline(MONDAY, 2)), MONDAY, 9)

    assert [when for when, adviser in said if adviser] == ["Tue 17", "Wed 17", "Thu 17", "Fri 17", "Mon 17", "Tue 17"]
    assert [when for when, adviser in said if not adviser] == ["Wed 17"]


def test_no_reminder_on_a_holiday(dialogue: Dialogue) -> None:
    """Over Easter the advisers are reminded on Thursday and on Tuesday, and each working day after."""
    wednesday = datetime(2027, 3, 24, 9, tzinfo=TIME_ZONE).timestamp()
    said = remarks(dialogue, request(created=wednesday, since=wednesday), wednesday, 9)

    assert [when for when, _ in said] == ["Thu 17", "Tue 17", "Wed 17", "Thu 17"]


def test_reminder_that_comes_late_moves_no_other(dialogue: Dialogue) -> None:
    """Where the bot was away and reminds in the morning, the next reminder is on the next working day as ever."""
    reminded = datetime(2026, 11, 24, 10, tzinfo=TIME_ZONE).timestamp()
    said = remarks(dialogue, request(reminded=reminded), reminded, 3)

    assert [when for when, _ in said] == ["Wed 17", "Thu 17"]


YEAR = 365 * DAY


@pytest.mark.parametrize(
    ("noted", "possible"),
    [
        ({"since": YEAR, "promised": YEAR}, {"since": 0, "promised": 2.0 * DAY + 8 * 3_600}),
        ({"reminded": YEAR, "promised": 4 * DAY}, {"reminded": 0, "promised": 4 * DAY}),
        ({"turn": Party.REQUESTER, "warned": YEAR}, {"turn": Party.REQUESTER, "warned": 0}),
        ({"turn": Party.REQUESTER, "remind_at": YEAR}, {"turn": Party.REQUESTER, "remind_at": DAY}),
    ],
)
def test_times_that_are_yet_to_come(dialogue: Dialogue, noted: dict[str, float], possible: dict[str, float]) -> None:
    """What was noted while the clock was a year ahead is brought to what can be, so that nobody waits for a year."""

    def since_monday(times: dict[str, float]) -> Request:
        return request(**{name: value if name == "turn" else MONDAY + value for name, value in times.items()})

    turn = lifecycle.check_deadlines(at(dialogue, 0), since_monday(noted))

    assert list(changes(turn)) == [since_monday(possible)]
    assert turn is not None
    assert turn.messages == ()


def test_times_of_another_clock(dialogue: Dialogue) -> None:
    """A request of another machine, whose clock is a little ahead, is left as it is."""
    assert (
        lifecycle.check_deadlines(at(dialogue, 0), request(since=MONDAY + 60, remind_at=next_opening(MONDAY))) is None
    )


def test_silence_is_warned_of_and_then_closes(dialogue: Dialogue) -> None:
    """Two days before the end a warning, then the closing; a word in between starts the time anew."""
    running = request(turn=Party.REQUESTER, status=RequestStatus.TAKEN)
    assert lifecycle.check_deadlines(at(dialogue, 11.9), running) is None
    (warned,) = changes(lifecycle.check_deadlines(at(dialogue, 12), running))
    assert lifecycle.check_deadlines(at(dialogue, 13.9), warned) is None
    (closed,) = changes(lifecycle.check_deadlines(at(dialogue, 14), warned))
    answered = replace(warned, turn=Party.ADVISER, since=MONDAY + 13 * DAY, warned=0.0)

    assert (warned.status, closed.status) == (RequestStatus.TAKEN, RequestStatus.CLOSED)
    assert all(
        now.status is not RequestStatus.CLOSED
        for now in changes(lifecycle.check_deadlines(at(dialogue, 14), answered))
    )


def test_reminder_that_an_adviser_asked_for(dialogue: Dialogue) -> None:
    """It comes once, at its time."""
    running = request(turn=Party.REQUESTER, remind_at=MONDAY + 60)
    assert lifecycle.check_deadlines(at(dialogue, 0), running) is None
    turn = lifecycle.check_deadlines(at(dialogue, 1), running)

    assert turn is not None
    (told,) = turn.messages
    assert isinstance(told, SendMessage)
    assert told.to_advisers
    assert next(changes(turn)).remind_at == 0.0


def test_comment_is_on_the_card_however_much_was_told(dialogue: Dialogue) -> None:
    """The longest request that can be sent fits on the card at the advisers, and so does what was said afterwards."""
    told = Details("x" * 1_870, "o" * 150, "npo", "p" * 150, ContactChannel.PHONE, "+49 431 987654", "t" * 200)
    brief = RequestContext("q" * 300, "backbone", "Backbone", 0.9, "y" * 300, 9, 9)
    sent = Form(FormStep.REVIEW, told, brief)
    assert (
        review.excess_length(
            review.render_summary(TurnContext(dialogue, State(lang="de"), replace(EVENT, name="N" * 128)), sent)
        )
        == 0
    )
    full = request(details=told, brief=brief, adviser="A" * 128, promised=MONDAY)
    full = replace(full, name="N" * 128, lang="de-leicht")

    rated = replace(full, rating=5, comment="c" * lifecycle.MAX_COMMENT_LENGTH)

    assert len(split_html(messages.render_card(full))) == 1
    assert f"„{rated.comment}“" in split_html(messages.render_card(rated))[0]
    assert rated.details.concern in split_html(messages.render_card(rated))[0]
