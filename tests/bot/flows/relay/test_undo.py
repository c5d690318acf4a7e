"""Taking back what was sent to the requester by mistake."""

import pytest

from bot.answering.answerer import AnswerStatus
from bot.domain.calendar import HOUR
from bot.domain.consultation import Party
from bot.domain.event import EventKind
from bot.domain.message import DeleteRelayed, RefreshCard, SendMessage
from bot.flows.dialogue import Dialogue
from bot.flows.relay.notices import report_undelivered
from bot.store.records import DELETE_RELAYED
from tests.conftest import Clock
from tests.support.relay import (  # fmt: skip
    ADA,
    BEA,
    DESK,
    EVE,
    OPEN,
    REFERENCE,
    SEND_ENTRY,
    TALKING,
    adviser,
    command,
    kept,
    kinds,
    person,
    play,
    reads,
    send_all,
    stored,
    tap,
    told,
)

pytestmark = pytest.mark.durability


def texts(services: Dialogue) -> list[str]:
    return [line.text for line in services.store.requests.load_transcript(REFERENCE)]


def test_last_message_is_taken_back(services: Dialogue) -> None:
    """Without a reply, an adviser's own last message is deleted at the requester's side and in the transcript."""
    kept(services, TALKING)
    play(
        services,
        adviser(text="Guten Tag!", message=90),
        adviser(text="Falsch hier", message=91),
        adviser(text="Von Eve", user=EVE, message=92),
    )
    send_all(services)
    (turn,) = play(services, command("zurueck", message=93))
    (deletion,) = (call for call in send_all(services) if call.method == DELETE_RELAYED)
    (again,) = play(services, command("zurueck", message=94))

    assert turn.messages[0] == DeleteRelayed(REFERENCE, ADA, 91)
    reads(turn, ("desk", "Ich lösche diese Nachricht bei der Person", []))
    assert isinstance(turn.messages[1], SendMessage)
    assert turn.messages[1].reply_to == 91
    assert (deletion.chat_id, deletion.edit_of) == (ADA, (DESK, 91))
    assert again.messages[0] == DeleteRelayed(REFERENCE, ADA, 90)
    assert texts(services) == ["Von Eve"]


def test_message_replied_to_is_taken_back(services: Dialogue) -> None:
    """In reply to a message that one is taken back, also a colleague's; a message that nobody got is not."""
    kept(services, TALKING)
    play(services, adviser(text="Eins", message=90), adviser(text="Zwei", message=91))
    sent, note, topic = play(
        services,
        command("zurueck", user=EVE, message=92, reply_to=90),
        command("zurueck", message=93, reply_to=55),
        command("zurueck", user=EVE, message=94, reply_to=7),
    )

    assert sent.messages[0] == DeleteRelayed(REFERENCE, ADA, 90)
    reads(note, (None, "ist nicht an die Person gegangen", []))
    reads(topic, (None, "Von Ihnen steht hier keine Nachricht", []))
    assert texts(services) == ["Zwei"]


def test_message_that_waits_is_never_sent(services: Dialogue) -> None:
    """A message that is taken back before it could be sent is never sent, and nobody is told that it remains."""
    kept(services, TALKING)
    play(services, adviser(text="Halt", message=90), command("zurueck", message=91))
    calls = send_all(services)

    (deletion,) = (call for call in calls if call.method == DELETE_RELAYED)
    assert [call for call in calls if call.method == "copyMessage"] == []
    assert report_undelivered(services, deletion, "the message to edit was never sent") == ()


def test_album_is_taken_back_as_a_whole(services: Dialogue) -> None:
    """Of an album, all messages are taken back."""
    kept(services, TALKING)
    album = [adviser(EventKind.OTHER, "", message=n, media_type="photo", album_id="a") for n in (90, 91)]
    *_, turn = play(services, *album, command("zurueck", message=92, reply_to=91))

    assert turn.messages[:2] == (DeleteRelayed(REFERENCE, ADA, 90), DeleteRelayed(REFERENCE, ADA, 91))
    reads(turn, ("desk", "Ich lösche die 2 Nachrichten", []), ("card", REFERENCE, []))


def test_requester_waits_again(services: Dialogue, clock: Clock) -> None:
    """If nothing else answers what the requester wrote last, they wait again, since they wrote it."""
    kept(services, TALKING)
    play(services, person(text="Geht das?"))
    written_at = services.store.requests.load_transcript(REFERENCE)[0].created
    play(services, adviser(text="Ups", message=90))
    answered = stored(services)
    (turn,) = play(services, command("zurueck", message=91))
    request = stored(services)

    assert answered.turn is Party.REQUESTER
    assert (request.turn, request.since) == (Party.ADVISER, written_at)
    assert RefreshCard in kinds(turn)


def test_first_message_is_taken_back(services: Dialogue) -> None:
    """If the only message is taken back, the requester waits since they sent the request."""
    kept(services, OPEN)
    play(services, adviser(text="Ups", message=90), command("zurueck", message=91))

    request = stored(services)
    assert (request.turn, request.since, request.taken_by) == (Party.ADVISER, OPEN.created, BEA)


def test_closed_request_stays_as_it_is(services: Dialogue) -> None:
    """After the request is closed a message can still be taken back; nobody waits because of it."""
    kept(services, TALKING)
    play(services, adviser(text="Ups", message=90), tap(f"q:close:{REFERENCE}"))
    (turn,) = play(services, command("zurueck", message=91))

    assert kinds(turn) == [DeleteRelayed, SendMessage]


def test_telegram_deletes_for_two_days_only(services: Dialogue) -> None:
    """After 48 hours nothing is deleted, the transcript keeps the message, and the adviser is told so."""
    kept(services, TALKING)
    play(services, adviser(text="Alt", message=90))
    clock = services.now
    assert isinstance(clock, Clock)
    clock.now += 48 * HOUR + 1
    (turn,) = play(services, command("zurueck", message=91))

    reads(turn, ("desk", "länger als 48 Stunden", []))
    assert texts(services) == ["Alt"]


def test_suggested_answer_is_taken_back_with_a_button(services: Dialogue) -> None:
    """A sent entry replaces its suggestions by a button that takes it back, which works once."""
    kept(services, TALKING)
    _, sent = play(services, tap(f"q:suggest:{REFERENCE}"), tap(SEND_ENTRY, message=120))
    (edit,) = (message for message in sent.messages if getattr(message, "message_id", None) == 120)
    undo = edit.keyboard[0][0].data  # type: ignore[union-attr]
    send_all(services)
    back, again = play(services, tap(undo, message=120), tap(undo, message=120))
    (deletion,) = (call for call in send_all(services) if call.method == DELETE_RELAYED)

    assert services.answerer.show_entry("backbone", "de").status is AnswerStatus.ANSWERED  # type: ignore[union-attr]
    assert services.store.outbox.find_reply_to(ADA, deletion.edit_of or (0, 0)) is not None
    (done,) = (message for message in back.messages if getattr(message, "message_id", None) == 120)
    assert "Ich lösche diese Nachricht bei der Person" in done.html  # type: ignore[union-attr]
    assert [to for to, _, _ in told(back)] == ["card", "toast"]
    reads(again, ("toast", "gilt nicht mehr", []))
    assert texts(services) == []


def test_button_after_two_days_keeps_the_answer(services: Dialogue) -> None:
    """After 48 hours the button changes nothing either."""
    kept(services, TALKING)
    (sent,) = play(services, tap(SEND_ENTRY, message=120))
    (edit,) = (message for message in sent.messages if getattr(message, "message_id", None) == 120)
    clock = services.now
    assert isinstance(clock, Clock)
    clock.now += 49 * HOUR
    (turn,) = play(services, tap(edit.keyboard[0][0].data, message=120))  # type: ignore[union-attr]

    reads(turn, ("desk", "länger als 48 Stunden", []), ("toast", "", []))
