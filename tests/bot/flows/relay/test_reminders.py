"""What reminders leave on a request's card, and suggestions whose buttons end."""

from dataclasses import replace

import pytest

from bot.domain.calendar import DAY
from bot.domain.consultation import Party
from bot.domain.message import RetireButtons, SendMessage
from bot.flows.dialogue import Dialogue
from bot.flows.relay import lifecycle
from bot.flows.relay.messages import build_card_keyboard, render_card
from bot.flows.relay.notices import report_undelivered
from bot.pipeline.api_calls import build_calls
from bot.store.records import ApiCall, Destination
from tests.conftest import Clock
from tests.support.fake_answerer import FakeAnswerer, answer_with
from tests.support.relay import (
    DESK,
    REFERENCE,
    SEND_ENTRY,
    TAKEN,
    TALKING,
    changed,
    kept,
    play,
    reads,
    stored,
    tap,
    told,
)

pytestmark = pytest.mark.durability


def test_card_shows_until_when_a_reminder_waits(services: Dialogue) -> None:
    """A reminder that was asked for is shown on the card, and can be cancelled once."""
    kept(services, TAKEN)
    (asked,) = play(services, tap(f"q:remind:{REFERENCE}"))
    waiting = stored(services)
    cancelled, again = play(services, tap(f"q:unremind:{REFERENCE}"), tap(f"q:unremind:{REFERENCE}"))

    reads(asked, ("card", REFERENCE, []), ("toast", "Ich erinnere Sie am Montag", []))
    assert "⏰ Ich erinnere Sie am Montag" in render_card(waiting)
    data = [button.data for row in build_card_keyboard(waiting) for button in row]
    assert (f"q:unremind:{REFERENCE}" in data, f"q:remind:{REFERENCE}" in data) == (True, False)
    reads(cancelled, ("card", REFERENCE, []), ("toast", "", []))
    reads(again, ("toast", "gilt nicht mehr", []))
    assert "⏰" not in render_card(stored(services))


def test_reminder_names_who_set_it_and_who_advises(services: Dialogue) -> None:
    """A reminder names who wanted it and who has the request now; the next one is anybody's again."""
    kept(services, TAKEN)
    play(services, tap(f"q:remind:{REFERENCE}"))
    handed = replace(stored(services), adviser="Cem")
    due = replace(services, now=Clock(handed.remind_at))
    turn = lifecycle.check_deadlines(due, handed)
    free = lifecycle.check_deadlines(due, handed.release())

    assert told(turn)[0][1].strip() == "⏰ Bea wollte hier an diese Anfrage erinnert werden. Zuständig: Cem."
    assert "Noch hat niemand übernommen." in told(free)[0][1]
    assert (changed(turn).remind_at, changed(turn).remind_by) == (0.0, "")


def test_card_shows_the_last_reminder(services: Dialogue) -> None:
    """While somebody waits, the card shows when the advisers were reminded last."""
    waiting = replace(TAKEN, turn=Party.ADVISER, since=services.now() - 9 * DAY)
    kept(services, waiting)

    reminded = changed(lifecycle.check_deadlines(services, waiting))

    assert "⏰ Zuletzt erinnert: Freitag, 15. Januar" in render_card(reminded)
    assert "Zuletzt erinnert" not in render_card(replace(reminded, turn=Party.REQUESTER))


def test_old_suggestions_end(services: Dialogue) -> None:
    """New suggestions, and the end of the request, take the buttons from the old ones."""
    kept(services, TALKING)
    first, second = play(services, tap(f"q:suggest:{REFERENCE}"), tap(f"q:suggest:{REFERENCE}"))
    number = stored(services).suggestions
    (closed,) = play(services, tap(f"q:close:{REFERENCE}"))

    assert not any(isinstance(message, RetireButtons) for message in first.messages)
    retired = [
        message for turn in (second, closed) for message in turn.messages if isinstance(message, RetireButtons)
    ]
    assert [message.number < 0 for message in retired] == [True, True]
    assert retired[1].number == number
    assert stored(services).suggestions == 0
    (call,) = build_calls(retired[1:], tap("x"), DESK)
    assert isinstance(call, ApiCall)
    assert (call.edit_of, call.destination, "reply_markup" in call.params) == (
        (DESK, number),
        Destination.THREAD,
        False,
    )
    assert report_undelivered(services, call, "message to edit not found") == ()
    assert build_calls(retired[1:], tap("x"), None) == []


def test_sent_suggestion_is_not_retired(services: Dialogue) -> None:
    """Once an answer is sent, its message offers to take it back, and nothing changes that when the request ends."""
    kept(services, TALKING)
    play(services, tap(f"q:suggest:{REFERENCE}"), tap(SEND_ENTRY))
    (closed,) = play(services, tap(f"q:close:{REFERENCE}"))

    assert not any(isinstance(message, RetireButtons) for message in closed.messages)


def test_suggestions_say_how_sure_the_bot_is(services: Dialogue) -> None:
    """Above the suggestions stands what the bot itself would have answered, in words, or that it would not have."""
    kept(services, TALKING)
    (unsure,) = play(services, tap(f"q:suggest:{REFERENCE}"))
    sure = replace(services, answerer=FakeAnswerer([answer_with("backbone")]))
    (certain,) = play(sure, tap(f"q:suggest:{REFERENCE}"))

    assert "mit keinem davon geantwortet" in told(unsure)[0][1]
    message = next(message for message in certain.messages if isinstance(message, SendMessage))
    assert "hätte mit <b>Backbone</b> geantwortet und bin mir sehr sicher" in message.html


def test_closing_can_be_undone_where_it_was_seen(services: Dialogue) -> None:
    """Closing leaves a line in the topic that says who did it and can open the request again."""
    kept(services, TAKEN)
    (closed,) = play(services, tap(f"q:close:{REFERENCE}"))

    assert ("desk", [f"q:reopen:{REFERENCE}"]) in [(to, data) for to, _, data in told(closed)]
    assert any("Bea hat diese Anfrage abgeschlossen" in html for _, html, _ in told(closed))
    assert "Das geht an die anfragende Person" not in render_card(stored(services))
