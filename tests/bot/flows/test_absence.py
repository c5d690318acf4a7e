"""What follows from the advisers being away: what people read, reminders, dates, and the command for it."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from bot.domain.absence import Absence
from bot.domain.calendar import DAY, day_end
from bot.domain.consultation import Details, Form, FormStep, Party, Request
from bot.domain.effects import CreateRequest, EndAbsences, SaveAbsence
from bot.domain.event import EventKind
from bot.domain.message import SendMessage
from bot.domain.turn import State, Turn
from bot.flows.consultation import form, review
from bot.flows.context import Advisers, TurnContext
from bot.flows.dialogue import Dialogue
from bot.flows.relay import lifecycle
from prompts.dates import TIME_ZONE, to_local_time
from tests.conftest import Clock
from tests.support.relay import ADA, BEA, DESK, OPEN, STATE, TALKING, TOPIC, adviser, changed, kept, person

pytestmark = pytest.mark.durability
AWAY = Absence(date(2026, 8, 3), date(2026, 8, 14))
DURING = datetime(2026, 8, 5, 10, tzinfo=TIME_ZONE).timestamp()
NOTICE = "Das Beratungsteam ist bis zum 14. August 2026 nicht da. Ihre Nachricht geht nicht verloren. Ab dem 17. August 2026 liest sie wieder jemand."  # noqa: E501


@pytest.fixture
def away(services: Dialogue) -> Dialogue:
    """A bot whose advisers are away at the moment."""
    return replace(services, away=(AWAY,), now=Clock(DURING), answer_days=2)


def texts(turn: Turn) -> list[str]:
    return [message.html for message in turn.messages if isinstance(message, SendMessage)]


def test_person_is_told_once_when_they_write(away: Dialogue) -> None:
    """A message to advisers who are away is passed on; the person is told so once in each absence."""
    kept(away, replace(TALKING, since=DURING))

    first = away.handle(STATE, person())
    away.store.apply((), first.effects[:1])
    second = away.handle(STATE, person(message=10))

    assert texts(first)[-1] == NOTICE
    assert NOTICE not in texts(second)
    assert changed(first).absence_told == changed(second).absence_told == day_end(AWAY.last)


def test_person_is_told_before_they_send(away: Dialogue) -> None:
    """The form's first question and its summary say that the advisers are away; the date promised lies after it."""
    context = TurnContext(away, State(lang="de"), person(EventKind.COMMAND, "", command="beratung"))
    filled = Form(FormStep.REVIEW, Details("Rat"), reviewed=True)

    begins, summary = form.begin_form(context), form.show_form(context.change(form=filled))
    sent = review.send_request(context.change(form=filled))

    assert NOTICE in texts(begins)[0]
    assert NOTICE in texts(summary)[0]
    (effect,) = sent.effects
    assert isinstance(effect, CreateRequest)
    assert to_local_time(effect.request.promised).date() == date(2026, 8, 19)  # two days after the first one back
    assert effect.request.absence_told == day_end(AWAY.last)


def test_nobody_is_told_of_a_distant_absence(services: Dialogue) -> None:
    """An absence that begins after the next working day is not mentioned; one that begins before is."""
    friday = datetime(2026, 7, 31, 10, tzinfo=TIME_ZONE).timestamp()
    lines = []
    for now in (friday - DAY, friday):
        bot = replace(services, away=(AWAY,), now=Clock(now))
        lines += texts(form.begin_form(TurnContext(bot, State(lang="de"), person(EventKind.COMMAND, ""))))

    assert ["vom 3. August 2026 bis zum 14. August 2026 nicht da" in line for line in lines] == [False, True]


@pytest.mark.parametrize(
    ("request_", "reminded_on"),
    [
        (replace(OPEN, since=DURING), "2026-08-18"),
        (replace(OPEN, since=DURING - 6 * DAY), "2026-08-17"),
        (replace(OPEN, since=DURING - 9 * DAY, reminded=DURING - 6 * DAY), "2026-08-17"),
    ],
)
def test_no_reminders_during_an_absence(away: Dialogue, request_: Request, reminded_on: str) -> None:
    """Advisers are reminded for the first time when a working day is over after they came back."""
    for day in range(20):
        now = DURING + day * DAY + 7.5 * 3_600
        turn = lifecycle.check_deadlines(replace(away, now=Clock(now)), request_)
        if turn and turn.messages:
            assert to_local_time(now).strftime("%Y-%m-%d") == reminded_on
            return
    raise AssertionError("nobody was reminded")


def test_a_promise_holds(away: Dialogue) -> None:
    """A date that was promised before the absence was entered counts, and the person hears that it is late."""
    early = replace(OPEN, since=DURING - 5 * DAY, promised=DURING - DAY)
    told = replace(OPEN, since=DURING, promised=DURING - DAY)

    late_turn = lifecycle.check_deadlines(away, early)

    assert late_turn is not None
    assert changed(late_turn).told
    assert lifecycle.check_deadlines(away, told) is None


def test_command_enters_shows_and_ends(services: Dialogue) -> None:
    """Advisers enter an absence with the command, see all of them, and end those they entered."""
    now = datetime(2026, 7, 20, 10, tzinfo=TIME_ZONE).timestamp()
    services.store.database.clock = lambda: now
    bot = replace(services, now=Clock(now), away=(Absence(date(2026, 12, 24), date(2026, 12, 24)),))

    def command(text: str) -> str:
        turn = bot.handle(
            State(), adviser(EventKind.COMMAND, text, command="abwesend", thread=0, in_adviser_chat=True)
        )
        bot.store.apply((), turn.effects)
        (answer,) = texts(turn)
        return answer

    assert "• 3. August 2026 bis 17. August 2026\n• 24. Dezember 2026 (aus den Einstellungen" in command(
        "3. bis 17. August"
    )
    assert "Eingetragen von Bea. Damit gilt das ganze Beratungsteam als abwesend" in command("3. bis 17. August")
    assert "• 3. August 2026 bis 17. August 2026" in command("")
    assert bot.absences[1] == Absence(date(2026, 8, 3), date(2026, 8, 17))
    assert "nicht verstanden" in command("wenn ich Lust habe")
    assert "Willkommen zurück" in command("Ende.")
    assert bot.store.absences.load_absences() == ()
    assert "Hier war nichts eingetragen" in command("ende")


def test_command_is_for_advisers_in_their_chat(services: Dialogue) -> None:
    """Nobody else can enter an absence, and advisers only in their own chat."""
    bot = replace(services, advisers=Advisers(DESK, frozenset({BEA})))
    stranger = adviser(EventKind.COMMAND, "morgen", user=ADA, command="abwesend", thread=TOPIC)
    elsewhere = replace(person(EventKind.COMMAND, "morgen", user=BEA), command="abwesend")

    for event in (stranger, elsewhere):
        assert not {SaveAbsence, EndAbsences} & {type(effect) for effect in bot.handle(State(), event).effects}


def test_requests_without_an_absence_say_nothing(services: Dialogue) -> None:
    """Without an absence nothing is said, and nothing noted."""
    kept(services, TALKING)

    turn = services.handle(STATE, person())

    assert "nicht da" not in "".join(texts(turn))
    assert changed(turn).absence_told == 0
    assert changed(turn).turn is Party.ADVISER
