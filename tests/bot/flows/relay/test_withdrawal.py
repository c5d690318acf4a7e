"""Withdrawing a request: asked once, told to the advisers, undone for a moment, and then final."""

from dataclasses import replace

import pytest

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.calendar import DAY
from bot.domain.consultation import Form, FormStep, Request, RequestStatus
from bot.domain.effects import BlockRequester, CreateRequest, UpdateRequest
from bot.domain.event import EventKind
from bot.domain.message import AnswerCallback, EditMessage, RefreshCard, SendMail, SendMessage, SendWithdrawalMail
from bot.domain.turn import Turn
from bot.flows.dialogue import Advisers, Dialogue
from bot.flows.relay.messages import build_card_keyboard, format_topic_title, render_card
from bot.flows.relay.notices import report_undelivered
from bot.flows.relay.withdrawal import UNDO_PERIOD
from tests.support.relay import (
    CLOSED,
    OPEN,
    REFERENCE,
    STATE,
    TAKEN,
    TALKING,
    TOPIC,
    adviser,
    changed,
    kept,
    kinds,
    person,
    reads,
    told,
)

pytestmark = pytest.mark.durability

ASKED = [f"h:withdraw:{REFERENCE}:{answer}" for answer in ("yes", "no")]
WITHDRAWN = replace(CLOSED, withdrawn=True)


def tap(services: Dialogue, data: str) -> Turn:
    return services.handle(STATE, person(EventKind.BUTTON, data, callback_id="1"))


@pytest.mark.parametrize("request_", [OPEN, TAKEN, TALKING])
@pytest.mark.parametrize(
    "words",
    [
        "/zurueckziehen",
        "/withdraw",
        "Anfrage zurückziehen",
        "Withdraw my request!",
        "ich will meine anfrage zurückziehen",
        "zurückziehen",
        "anfrage zurückziehn",
        "anfrage stornieren",
        "Meine Anfrage hat sich erledigt.",
        "I’d like to withdraw my request",
        "zieh meine anfrage zurück",
        "ich ziehe die anfrage doch wieder zurück bitte",
        "nehmen Sie die Anfrage zurück",
    ],
)
def test_command_and_words_ask_first(services: Dialogue, request_: Request, words: str) -> None:
    """The command and the words for it ask once, also within a conversation, and change nothing yet."""
    kept(services, request_)
    kind = EventKind.COMMAND if words.startswith("/") else EventKind.TEXT
    command = words.removeprefix("/") if kind is EventKind.COMMAND else ""

    turn = services.handle(STATE, person(kind, words, command=command))

    reads(turn, (None, f"Anfrage {REFERENCE} zurückziehen?", ASKED))
    assert turn.effects == ()


@pytest.mark.parametrize(
    ("words", "moot"),
    [
        ("ich zieh meine anfrage zurück", True),
        ("kann ich die anfrage wieder zurücknehmen?", True),
        ("Was passiert, wenn ich meine Anfrage zurückziehe?", False),
    ],
)
def test_withdrawal_without_a_request(services: Dialogue, words: str, moot: bool) -> None:
    """Without an open request, whoever wants to withdraw one learns that there is none; a question is searched."""
    turn = services.handle(STATE, person(text=words))

    assert told(turn)[0][1].startswith("Sie haben gerade keine offene Anfrage.") is moot


def test_words_within_a_form_cancel_it(services: Dialogue) -> None:
    """What is being filled in is meant, and the words are no answer to it; an open request is asked about as well."""
    filling, words = (
        replace(STATE, form=Form(at=FormStep.CONCERN)),
        person(text="Ich will meine Anfrage zurückziehen"),
    )

    turn = services.handle(filling, words)
    kept(services, OPEN)
    beside = services.handle(filling, words)

    assert [(each.state.form, each.effects) for each in (turn, beside)] == [(None, ())] * 2
    reads(turn, (None, "Abgebrochen", []))
    reads(beside, (None, "Abgebrochen", []), (None, f"Anfrage {REFERENCE} zurückziehen?", ASKED))


def test_withdrawal_as_the_concern_cancels_nothing(services: Dialogue) -> None:
    """In a form only the listed words count: a concern may be about somebody else's withdrawal."""
    kept(services, OPEN)
    filling = replace(STATE, form=Form(at=FormStep.CONCERN))

    turn = services.handle(filling, person(text="Eine Stiftung will ihre Anfrage an uns zurückziehen."))

    assert turn.state.form is not None
    assert turn.state.form.details.concern == "Eine Stiftung will ihre Anfrage an uns zurückziehen."


@pytest.mark.parametrize(("stored", "asks"), [(None, False), (OPEN, True)])
def test_words_beside_a_paused_form(services: Dialogue, stored: Request | None, asks: bool) -> None:
    """Beside a paused form an open request is meant; if there is none, the form."""
    if stored:
        kept(services, stored)

    turn = services.handle(replace(STATE, form=Form(paused=True)), person(text="zurückziehen"))

    assert ("zurückziehen?" in told(turn)[0][1], turn.state.form is not None) == (asks, asks)


def test_several_requests_can_be_chosen_from(services: Dialogue) -> None:
    """Of several open requests the person chooses one, and is asked about that one."""
    kept(services, OPEN)
    services.store.apply((), [CreateRequest(replace(OPEN, reference="BBBB-BBBB", created=OPEN.created + 1))])

    turn = services.handle(STATE, person(text="Anfrage zurückziehen"))

    choices = ["h:withdraw:BBBB-BBBB", f"h:withdraw:{REFERENCE}"]
    reads(turn, (None, "Welche Anfrage", choices))
    reads(tap(services, choices[1]), (None, f"Anfrage {REFERENCE} zurückziehen?", ASKED), ("toast", "", []))


def test_without_a_request_there_is_nothing_to_withdraw(services: Dialogue) -> None:
    """Without an open request the words lead to what can be done instead."""
    reads(services.handle(STATE, person(text="Anfrage zurückziehen")), (None, "keine offene Anfrage", []))


@pytest.mark.parametrize("mails", [True, False])
def test_both_sides_learn_of_the_withdrawal(services: Dialogue, mails: bool) -> None:
    """A withdrawal closes the request and is confirmed in place; card, topic and mail say so."""
    kept(services, TALKING)

    turn = tap(replace(services, sends_mail=mails), ASKED[0])

    withdrawn = changed(turn)
    assert (withdrawn.status, withdrawn.withdrawn, withdrawn.talking) == (RequestStatus.CLOSED, True, False)
    confirmation = turn.messages[0]
    assert isinstance(confirmation, EditMessage)
    assert f"Ihre Anfrage {REFERENCE} ist zurückgezogen" in confirmation.html
    assert [button.data for row in confirmation.keyboard for button in row] == [f"h:resume:{REFERENCE}", "talk"]
    assert (kinds(turn).count(RefreshCard), kinds(turn).count(SendWithdrawalMail)) == (1, int(mails))
    assert "hat die Anfrage zurückgezogen" in getattr(turn.messages[2], "html", "")


@pytest.mark.parametrize("status", [RequestStatus.OPEN, RequestStatus.TAKEN])
def test_withdrawal_is_undone_for_a_moment(services: Dialogue, status: RequestStatus) -> None:
    """Within minutes one tap lets the request go on where it was, and card, topic and mail say so."""
    before = OPEN if status is RequestStatus.OPEN else TAKEN
    now = services.now()
    kept(services, replace(before.close(now), withdrawn=True))

    turn = tap(replace(services, sends_mail=True), f"h:resume:{REFERENCE}")

    resumed = changed(turn)
    assert (resumed.status, resumed.adviser) == (status, before.adviser)
    assert (resumed.withdrawn, resumed.closed, resumed.reopened) == (False, 0.0, (now,))
    assert f"Ihre Anfrage {REFERENCE} gilt wieder" in getattr(turn.messages[0], "html", "")
    assert {RefreshCard, SendMail, SendMessage} <= set(kinds(turn))
    assert SendWithdrawalMail not in kinds(turn)  # who never got the request needs no news of it
    assert set(kinds(tap(replace(services, advisers=Advisers()), f"h:resume:{REFERENCE}"))) == {
        EditMessage,
        AnswerCallback,
    }


def test_contact_who_has_the_request_learns_that_it_goes_on(services: Dialogue) -> None:
    """If the request was sent by e-mail, one e-mail says that it goes on, and the request is not sent again."""
    kept(services, replace(OPEN.close(services.now()), withdrawn=True))
    services.store.apply([SendMail(REFERENCE)], ())

    turn = tap(replace(services, sends_mail=True), f"h:resume:{REFERENCE}")

    assert SendMail not in kinds(turn)
    assert [message for message in turn.messages if isinstance(message, SendWithdrawalMail)] == [
        SendWithdrawalMail(REFERENCE, undone=True)
    ]


def test_withdrawal_is_final_later(services: Dialogue) -> None:
    """Minutes later, or for somebody who is blocked, a withdrawal is not undone."""
    now = services.now()
    kept(services, replace(OPEN.close(now), withdrawn=True))

    late = tap(replace(services, now=lambda: now + UNDO_PERIOD + 1), f"h:resume:{REFERENCE}")
    reads(late, ("toast", "nur kurz", []))
    services.store.apply((), [BlockRequester(OPEN.user_id, now + DAY)])
    assert tap(services, f"h:resume:{REFERENCE}").effects == ()


def test_declining_keeps_the_request(services: Dialogue) -> None:
    """Whoever declines keeps the request as it is."""
    kept(services, TAKEN)

    turn = tap(services, ASKED[1])

    assert turn.effects == ()
    assert kinds(turn)[0] is EditMessage


def test_withdrawn_request_is_marked_and_final(services: Dialogue) -> None:
    """The card says that it is withdrawn and has no buttons; what either side writes afterwards goes to nobody."""
    kept(services, WITHDRAWN)

    assert "Von der Person zurückgezogen" in render_card(WITHDRAWN)
    assert "Das geht an die anfragende Person" not in render_card(WITHDRAWN)
    assert build_card_keyboard(WITHDRAWN) == ()
    assert format_topic_title(WITHDRAWN).startswith("↩️")
    reads(services.handle(STATE, adviser(thread=TOPIC)), ("desk", "zurückgezogen. Ihre Nachricht ist nicht", []))
    reads(services.handle(STATE, person(reply_to=77)), (None, "zurückgezogen, deshalb", ["talk"]))
    reopening = services.handle(STATE, adviser(EventKind.BUTTON, f"q:reopen:{REFERENCE}", in_adviser_chat=True))
    assert not any(isinstance(effect, UpdateRequest) for effect in reopening.effects)


def test_what_was_not_passed_on_is_not_reported(services: Dialogue) -> None:
    """That a mail about a withdrawn request was not sent any more is no failure to tell anybody about."""
    kept(services, WITHDRAWN)

    assert report_undelivered(services, SendMail(REFERENCE), "the request was deleted or withdrawn") == ()


@pytest.mark.parametrize("lang", SUPPORTED_LANGUAGES)
@pytest.mark.parametrize("data", [f"h:withdraw:{REFERENCE}", *ASKED])
def test_every_text_exists_in_each_language(services: Dialogue, lang: str, data: str) -> None:
    """Question, confirmation and refusal exist in each language."""
    kept(services, replace(OPEN, lang=lang))

    turn = services.handle(replace(STATE, lang=lang), person(EventKind.BUTTON, data, callback_id="1"))

    (first, *_) = turn.messages
    assert isinstance(first, SendMessage | EditMessage)
    german_words = ("zurückziehen", "zurückgezogen", "bleibt offen")
    assert any(word in first.html for word in german_words) is (lang == "de")
