"""Relaying advisers' messages to the requester, and reporting undelivered ones, over a real store."""

from dataclasses import replace

import pytest

from bot.answering.answerer import Answer
from bot.domain.consultation import ContactChannel, Details, Party, Request, RequestStatus
from bot.domain.effects import (
    AppendTranscript,
    CorrectTranscript,
    CreateRequest,
    ErasePerson,
    RetractMessages,
    UpdateRequest,
)
from bot.domain.event import Event, EventKind
from bot.domain.message import (
    AnswerCallback,
    ConfirmNote,
    DeleteRelayed,
    EditRelayed,
    RefreshCard,
    RelayMessage,
    SendMail,
    SendMessage,
)
from bot.domain.turn import Turn
from bot.flows.context import TurnContext
from bot.flows.dialogue import Advisers, Dialogue
from bot.flows.relay import adviser as adviser_flow
from bot.flows.relay.messages import render_card
from bot.flows.relay.notices import emptied_text, erased_title, report_undelivered
from bot.store import ApiCall, OutgoingCall
from bot.store.records import DELETE_RELAYED, AdviserThread, EraseThread, ErasureReason, RequestMailDeletion
from tests.support.fake_answerer import FakeAnswerer
from tests.support.relay import (
    ADA,
    BEA,
    CLOSED,
    DESK,
    EVE,
    OPEN,
    REFERENCE,
    STATE,
    TALKING,
    TOPIC,
    adviser,
    changed,
    kept,
    kinds,
    reads,
)

pytestmark = pytest.mark.durability


def test_adviser_message_is_relayed(services: Dialogue) -> None:
    """An adviser's first message takes an open request and opens the conversation; later ones are just relayed."""
    kept(services, OPEN)
    first = adviser_flow.handle_adviser_message(TurnContext(services, STATE, adviser()))
    services.store.apply((), [UpdateRequest(changed(first))])
    second = adviser_flow.handle_adviser_message(
        TurnContext(services, STATE, adviser(EventKind.OTHER, "", media_type="document", reply_to=88))
    )

    assert kinds(first) == [SendMessage, RelayMessage, RefreshCard]
    opening = f"Bea schreibt Ihnen zu Ihrer Anfrage {REFERENCE}"
    reads(first, (ADA, opening, [f"h:end:{REFERENCE}"]), ("card", REFERENCE, []))
    updated = changed(first)
    assert (updated.status, updated.taken_by, updated.adviser) == (RequestStatus.TAKEN, BEA, "Bea")
    assert (updated.talking, updated.turn, updated.since) == (True, Party.REQUESTER, services.now())
    assert first is not None
    signed = RelayMessage(REFERENCE, ADA, html="<b>Bea (Beratung):</b>\nGern.")
    assert (first.state, first.messages[1]) == (STATE, signed)
    assert first.effects[1] == AppendTranscript(REFERENCE, Party.ADVISER, "Gern.", signed=True)
    assert kinds(second) == [RelayMessage]
    assert second is not None
    assert second.messages[0] == RelayMessage(REFERENCE, ADA, reply_to=(DESK, 88))
    assert second.effects[1] == AppendTranscript(REFERENCE, Party.ADVISER, "[document]")


def test_message_of_another_adviser(services: Dialogue) -> None:
    """A message of another adviser leaves the request with the colleague who took it, makes it the requester's turn
    and restarts all reminders."""
    waiting = replace(TALKING, turn=Party.ADVISER, since=5.0, told=6.0, reminded=7.0, warned=8.0)
    kept(services, waiting)

    turn = adviser_flow.handle_adviser_message(
        TurnContext(
            services, STATE, Event(1, EventKind.TEXT, DESK, EVE, 90, text="Gern.", name="Eve", thread_id=TOPIC)
        )
    )

    assert kinds(turn) == [SendMessage, RelayMessage, RefreshCard]
    reads(turn, (ADA, "Eve schreibt jetzt auch mit", []), ("card", REFERENCE, []))
    updated = changed(turn)
    assert (updated.taken_by, updated.adviser, updated.participants) == (BEA, "Bea", ((EVE, "Eve"),))
    assert (updated.turn, updated.since) == (Party.REQUESTER, services.now())
    assert (updated.told, updated.reminded, updated.warned) == (0.0, 0.0, 0.0)


def test_adviser_edit_is_relayed(services: Dialogue) -> None:
    """An adviser's edit of a text or caption is applied to the relayed copy and to the transcript."""
    kept(services, TALKING)
    text = adviser_flow.handle_adviser_message(
        TurnContext(services, STATE, adviser(EventKind.EDITED, "Sehr <b>gern</b>.", message=88))
    )
    caption = adviser_flow.handle_adviser_message(
        TurnContext(services, STATE, adviser(EventKind.EDITED, "Bild", message=88, media_type="photo"))
    )

    corrected = [CorrectTranscript(REFERENCE, Party.ADVISER, words) for words in ("Sehr <b>gern</b>.", "Bild")]
    assert text == Turn(STATE, (EditRelayed(REFERENCE, ADA, "Sehr <b>gern</b>."),), (corrected[0],))
    assert caption == Turn(STATE, (EditRelayed(REFERENCE, ADA, "Bild", is_caption=True),), (corrected[1],))


def test_editing_a_message_into_a_note_deletes_it(services: Dialogue) -> None:
    """Editing a message into a note deletes its copy, so the next one needs a name; editing a note relays nothing."""
    kept(services, replace(TALKING, speaker="adviser:30"))
    sent = adviser_flow.handle_adviser_message(
        TurnContext(services, STATE, adviser(EventKind.EDITED, "// doch nicht", message=88))
    )
    note = adviser_flow.handle_adviser_message(
        TurnContext(services, STATE, adviser(EventKind.EDITED, "// noch anders", message=89))
    )

    unnamed = UpdateRequest(replace(TALKING, speaker=""))
    sign = ConfirmNote(REFERENCE)
    effects = (RetractMessages(REFERENCE, (88,)), unnamed)
    assert sent == Turn(STATE, (DeleteRelayed(REFERENCE, ADA, 88), sign), effects)
    assert note == Turn(STATE, (sign,))


def test_message_to_a_closed_request_is_not_relayed(services: Dialogue) -> None:
    """A message about a closed request is not relayed; its thread says so and offers to reopen the request."""
    kept(services, CLOSED)

    turn = adviser_flow.handle_adviser_message(TurnContext(services, STATE, adviser()))

    reads(turn, ("desk", "Ihre Nachricht ist nicht hinausgegangen", [f"q:reopen:{REFERENCE}"]))
    assert turn is not None
    assert (turn.state, turn.effects) == (STATE, ())
    assert isinstance(turn.messages[0], SendMessage)
    assert turn.messages[0].reference == REFERENCE


def test_reply_without_request_is_reported(services: Dialogue) -> None:
    """An adviser who replies to a message of the bot that belongs to no request is told that nobody receives it."""
    kept(services, OPEN)

    turn = adviser_flow.handle_adviser_message(TurnContext(services, STATE, adviser(thread=0, reply_to=66)))

    reads(turn, (None, "Diese Nachricht ging an niemanden", []))
    assert turn is not None
    assert turn.state == STATE
    assert isinstance(turn.messages[0], SendMessage)
    assert turn.messages[0].reply_to == 90


@pytest.mark.parametrize(
    ("request_", "event", "expected"),
    [
        (OPEN, adviser(EventKind.BUTTON), None),
        (OPEN, adviser(text="// nur für uns"), [ConfirmNote]),
        (CLOSED, adviser(), [SendMessage]),
        (TALKING, adviser(EventKind.EDITED, message=88), [EditRelayed]),
        (TALKING, adviser(EventKind.EDITED, message=89), []),
        (TALKING, adviser(EventKind.EDITED, "// doch nicht", message=88), [DeleteRelayed, ConfirmNote]),
        (TALKING, adviser(EventKind.EDITED, message=88, thread=0), [EditRelayed]),
        (TALKING, adviser(thread=0, reply_to=88), [RelayMessage]),
        (OPEN, adviser(thread=0), None),
        (OPEN, adviser(thread=0, reply_to=66), [SendMessage]),
        (OPEN, adviser(thread=0, reply_to=66, addressed=False), None),
        (OPEN, adviser(thread=0, reply_to=66, private=True), None),
        (OPEN, adviser(thread=8, reply_to=66), None),
        (OPEN, adviser(text="// Notiz", thread=0, reply_to=66), None),
        (OPEN, adviser(EventKind.EDITED, thread=0, reply_to=66), None),
        (OPEN, adviser(thread=8), None),
    ],
)
def test_adviser_messages(services: Dialogue, request_: Request, event: Event, expected: list[type] | None) -> None:
    """A message that belongs to a request is relayed, a note is not, and a reply that belongs to none is reported."""
    kept(services, request_)

    turn = adviser_flow.handle_adviser_message(TurnContext(services, STATE, event))

    assert (None if turn is None else kinds(turn)) == expected
    assert turn is None or turn.state == STATE


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (adviser(), [SendMessage]),
        (adviser(text="// Notiz"), []),
        (adviser(EventKind.EDITED), []),
        (adviser(thread=0, reply_to=88), [SendMessage]),
        (adviser(thread=8), None),
    ],
)
def test_message_about_a_deleted_request_is_reported(
    services: Dialogue, event: Event, expected: list[type] | None
) -> None:
    """An adviser who writes about a deleted request is told that nobody receives it."""
    kept(services, TALKING)
    services.store.erasure.record_posted_message(REFERENCE, (DESK, 88))
    services.store.inbox.add_updates([(5, str(ADA), "{}")])
    services.store.finish_update(5, Event(5, EventKind.BUTTON, ADA, ADA, 9), None, (), [ErasePerson()])

    turn = adviser_flow.handle_adviser_message(TurnContext(services, STATE, event))

    assert (None if turn is None else kinds(turn)) == expected
    assert turn is None or turn.state == STATE


BLOCKED, TOO_LONG = "Forbidden: bot was blocked by the user", "Bad Request: message is too long"
AGAIN = "Schicken Sie sie bitte noch einmal"


@pytest.mark.parametrize(("chat", "source"), [(ADA, (DESK, 90)), (DESK, (ADA, 9))])
def test_undelivered_message_is_named(services: Dialogue, chat: int, source: tuple[int, int]) -> None:
    """The notice replies to the message that did not arrive, or to the one whose edit did not."""
    kept(services, TALKING)
    message = ApiCall(chat, "sendMessage", {}, source, reference=REFERENCE)
    edit = ApiCall(chat, "editMessageText", {}, edit_of=source, reference=REFERENCE)

    notices = [*report_undelivered(services, message, TOO_LONG), *report_undelivered(services, edit, TOO_LONG)]

    assert [notice.reply_to for notice in notices] == [source[1], source[1]]
    assert {notice.to_advisers for notice in notices} == {chat == ADA}


@pytest.mark.parametrize(
    ("outgoing", "reason", "expected"),
    [
        (ApiCall(ADA, "sendMessage", {}), BLOCKED, None),
        (ApiCall(ADA, "sendMessage", {}, reference="BBBB-BBBB"), BLOCKED, None),
        (SendMail(REFERENCE), "no mailbox", ("desk", "ließ sich nicht zustellen")),
        (RefreshCard(REFERENCE, DESK), TOO_LONG, None),
        (ApiCall(DESK, "setMessageReaction", {}, reference=REFERENCE), "REACTION_INVALID", None),
        (
            ApiCall(ADA, "copyMessage", {}, reference=REFERENCE),
            BLOCKED,
            ("desk", "Die Person hat den Bot blockiert"),
        ),
        (
            ApiCall(ADA, "copyMessage", {}, reference=REFERENCE),
            TOO_LONG,
            ("desk", "Telegram hat die Nachricht nicht"),
        ),
        (ApiCall(ADA, "copyMessage", {}, reference=REFERENCE), TOO_LONG, ("desk", "unter ada@example.org")),
        (ApiCall(DESK, "copyMessage", {}, reference=REFERENCE), TOO_LONG, (ADA, AGAIN)),
        (ApiCall(DESK, "copyMessage", {}, reference=REFERENCE), TOO_LONG, (ADA, "Jacob Rohm")),
    ],
)
def test_undelivered_message_is_reported(
    services: Dialogue, outgoing: OutgoingCall, reason: str, expected: tuple[object, str] | None
) -> None:
    """The sender of an undelivered message is told, with a way to reach the other side; nobody is told if the request
    itself has arrived or no longer exists."""
    kept(services, replace(TALKING, details=Details("Rat", reach=ContactChannel.EMAIL, address="ada@example.org")))

    notices = report_undelivered(services, outgoing, reason)

    reads(Turn(STATE, tuple(notices)), *([] if expected is None else [(*expected, [])]))
    assert all(notice.reference == REFERENCE for notice in notices if notice.to_advisers)


def test_undelivered_card_is_reported(services: Dialogue) -> None:
    """If the card of a request never reached the advisers, or only its topic was opened, the requester is told."""
    kept(services, OPEN)
    card = RefreshCard(REFERENCE, DESK)
    services.store.requests.save_thread(REFERENCE, AdviserThread(DESK, TOPIC, 0))
    only_topic = report_undelivered(services, card, "Bad Request: chat not found")
    services.store.requests.save_thread(REFERENCE, None)
    nothing = report_undelivered(services, card, "Bad Request: chat not found")

    assert [notice.chat_id for notice in (*only_topic, *nothing)] == [ADA, ADA]


def test_failed_deletion_of_a_message_is_reported(services: Dialogue) -> None:
    """The advisers are told of a message that could not be deleted, unless it has not been delivered."""
    kept(services, TALKING)
    services.store.apply([ApiCall(ADA, "copyMessage", {}, (DESK, 90), reference=REFERENCE)], ())
    call = ApiCall(ADA, DELETE_RELAYED, {}, edit_of=(DESK, 90), reference=REFERENCE)
    waiting = report_undelivered(services, call, "the message to edit was never sent")
    services.store.outbox.mark_sent(services.store.outbox.due_calls(services.now())[0].id, 78)
    delivered = report_undelivered(services, call, "Bad Request: message can't be deleted for everyone")

    assert waiting == ()
    reads(Turn(STATE, tuple(delivered)), ("desk", "steht noch im Chat der Person", []))


def test_failed_mail_is_reported_to_the_requester(dialogue: Dialogue) -> None:
    """If there is no adviser chat and a request's e-mail fails for good, the requester is told."""
    dialogue.store.apply((), [CreateRequest(OPEN)])

    (notice,) = report_undelivered(dialogue, SendMail(REFERENCE), "no mailbox")

    assert notice.chat_id == ADA


def test_failed_erasure_is_reported(services: Dialogue) -> None:
    """If erasing a request fails, the advisers are told what to delete by hand, or nobody if there is no adviser
    chat."""
    services.store.apply((), [CreateRequest(OPEN)])
    services.store.erasure.record_posted_message(REFERENCE, (DESK, 88))
    thread_erasure = EraseThread(DESK, REFERENCE, ErasureReason.REQUESTER)
    mail_deletion = RequestMailDeletion(REFERENCE, "")

    reads(Turn(STATE, tuple(report_undelivered(services, thread_erasure, TOO_LONG))), (DESK, "t.me/c/9900/88", []))
    reads(
        Turn(STATE, tuple(report_undelivered(services, mail_deletion, TOO_LONG))),
        (DESK, "Bitte sagen Sie es der Anspr", []),
    )
    assert report_undelivered(replace(services, advisers=Advisers()), mail_deletion, TOO_LONG) == ()


class NoEntries(FakeAnswerer):
    """Has no entry any more."""

    def show_entry(self, entry_id: str, lang: str) -> Answer | None:
        return None


TAP = adviser(EventKind.BUTTON, f"q:suggest:{REFERENCE}", callback_id="1", in_adviser_chat=True)


@pytest.mark.parametrize(
    ("event", "data", "answer"),
    [
        (replace(TAP, chat_id=ADA), f"suggest:{REFERENCE}", None),
        (TAP, f"unknown:{REFERENCE}", None),
        (TAP, "suggest:ZZZZ-ZZZZ", "gibt es nicht mehr"),
        (replace(TAP, user_id=EVE, in_adviser_chat=False), f"suggest:{REFERENCE}", "nur Berater"),
        (TAP, f"read:{REFERENCE}:weg", "gilt nicht mehr"),
        (TAP, f"answer:{REFERENCE}:weg:00000000", "gilt nicht mehr"),
    ],
)
def test_invalid_tap_does_nothing(services: Dialogue, event: Event, data: str, answer: str | None) -> None:
    """A button works only for advisers, in the adviser chat, and on something that still exists."""
    kept(services, OPEN)
    services = replace(services, answerer=NoEntries())

    turn = adviser_flow.handle_adviser_callback(TurnContext(services, STATE, event), data)

    if answer is None:
        assert turn is None
        return
    assert turn is not None
    (toast,) = turn.messages
    assert isinstance(toast, AnswerCallback)
    assert answer in toast.text


def test_tap_at_a_desk_that_no_longer_has_the_request(services: Dialogue) -> None:
    """A card that was left in another group does nothing there."""
    other_desk = DESK - 1
    services = replace(services, advisers=replace(services.advisers, desks={"kiel": other_desk}))
    kept(services, OPEN)

    context = TurnContext(services, STATE, replace(TAP, chat_id=other_desk))
    turn = adviser_flow.handle_adviser_callback(context, f"take:{REFERENCE}")

    assert turn is not None
    (toast,) = turn.messages
    assert isinstance(toast, AnswerCallback)
    assert "gilt nicht mehr" in toast.text


def test_replacement_texts_say_that_the_request_was_deleted() -> None:
    """The texts that replace a message and a topic that cannot be deleted say that the request was deleted."""
    assert "gelöscht" in emptied_text()
    assert REFERENCE in erased_title(REFERENCE)


def test_card_names_the_wished_channel(services: Dialogue) -> None:
    """As long as a request is open, the card says that a call is wanted: answers below it arrive at Telegram."""
    by_phone = replace(OPEN, details=replace(OPEN.details, reach=ContactChannel.PHONE, address="+49 365 1"))

    shown = [("Gewünscht ist ein" in render_card(each)) for each in (by_phone, OPEN, by_phone.close(services.now()))]
    assert shown == [True, False, False]
