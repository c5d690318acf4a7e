"""Writing among advisers: switched on for a request, it keeps everything from the requester until it is ended."""

import pytest

from bot.domain.consultation import RequestStatus
from bot.domain.event import EventKind
from bot.domain.message import ConfirmNote, EditRelayed, RelayMessage
from bot.domain.turn import Turn
from bot.flows.dialogue import Dialogue
from bot.flows.relay.messages import build_card_keyboard, format_topic_title, render_card
from tests.support.relay import (  # fmt: skip
    CLOSED,
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
    stored,
    tap,
    told,
)

pytestmark = pytest.mark.durability

ON, OFF = f"q:note_on:{REFERENCE}", f"q:note_off:{REFERENCE}"


def is_silent(turn: Turn) -> bool:
    return turn.messages == (ConfirmNote(REFERENCE),)


def test_notes_stay_among_advisers_until_they_are_ended(services: Dialogue) -> None:
    """While on, texts, files and replies stay among the advisers; what the requester writes still arrives."""
    kept(services, TALKING)

    on, text, file, reply, own, off, later = play(
        services,
        command("notiz"),
        adviser(text="Den kennen wir."),
        adviser(EventKind.OTHER, "", message=91, media_type="photo", album_id="a"),
        adviser(text="Ja?", message=92, reply_to=88),
        person(text="Sind Sie da?"),
        command("notiz", message=93),
        adviser(text="Guten Tag!", message=94),
    )

    reads(on, ("desk", "Bea hat umgeschaltet", [OFF]), ("card", REFERENCE, []), ("toast", "", []))
    assert [is_silent(turn) for turn in (text, file, reply)] == [True] * 3
    assert RelayMessage in kinds(own)
    reads(off, ("desk", "bekommt die Person", []), ("card", REFERENCE, []), ("toast", "", []))
    assert RelayMessage in kinds(later)


def test_card_and_title_show_notes(services: Dialogue) -> None:
    """Card and title show that notes are switched on, and a button ends them."""
    kept(services, OPEN)
    before = stored(services)
    play(services, tap(ON))

    request = stored(services)
    assert "Nur intern" in render_card(request)
    assert "Das geht an die anfragende Person" in render_card(before)
    assert "Das geht an die anfragende Person" not in render_card(request)
    assert format_topic_title(request).startswith("🔒 AAAA-AAAA")
    data = [[button.data for row in build_card_keyboard(each) for button in row] for each in (before, request)]
    assert [(ON in each, OFF in each) for each in data] == [(True, False), (False, True)]


def test_message_sent_before_can_be_corrected_during_notes(services: Dialogue) -> None:
    """What was sent before notes were switched on can still be edited, and the requester sees it."""
    kept(services, TALKING)
    _, _, edited = play(
        services,
        adviser(text="Um 9 Uhr", message=95),
        command("notiz", message=96),
        adviser(EventKind.EDITED, "Um 10 Uhr", message=95),
    )

    assert kinds(edited) == [EditRelayed]


def test_ready_answers_wait_for_the_end_of_notes(services: Dialogue) -> None:
    """While notes are on, neither a suggestion nor a text block is sent; the tap says why."""
    kept(services, TALKING)
    play(services, command("baustein", "neu termin Gern.", message=95))
    (look,) = play(services, command("baustein", "termin", message=96))
    ((_, _, (send,)),) = told(look)
    on, entry, block, *_, sent = play(services, tap(ON), tap(SEND_ENTRY), tap(send), tap(OFF), tap(send))

    assert "verschicken" not in told(on)[0][1]
    for turn in (entry, block):
        reads(turn, ("toast", "„Nur intern“ ist an.", []))
        assert turn.effects == ()
    assert "Gern." in told(sent)[0][1]


def test_notes_end_with_the_request(services: Dialogue) -> None:
    """Notes end when the request is closed, and cannot be switched on for a closed one."""
    kept(services, TALKING)
    play(services, tap(ON), tap(f"q:close:{REFERENCE}"))
    closed = stored(services)
    refused = play(services, command("notiz"), tap(ON))

    assert (closed.status, closed.private_notes) == (RequestStatus.CLOSED, False)
    reads(refused[0], (None, "bleibt ohnehin unter Ihnen", []))
    reads(refused[1], ("toast", "gilt nicht mehr", []))


def test_second_tap_changes_nothing(services: Dialogue) -> None:
    """If two advisers tap at once, the second tap does not undo the first."""
    kept(services, TALKING)
    _, second = play(services, tap(ON), tap(ON))

    reads(second, ("toast", "gilt nicht mehr", []))
    assert stored(services).private_notes


def test_one_note_with_the_command(services: Dialogue) -> None:
    """A text behind the command is a note by itself; nothing is switched."""
    kept(services, TALKING)
    (turn,) = play(services, command("notiz", "ruft morgen an"))

    reads(turn, (None, "bleibt unter Ihnen", []))
    assert not stored(services).private_notes


@pytest.mark.parametrize("name", ["notiz", "zurueck", "uebergabe", "sperren", "entsperren"])
def test_commands_need_a_request(services: Dialogue, name: str) -> None:
    """Outside a request's topic these commands say where they belong; only advisers may use them."""
    kept(services, CLOSED)
    (nowhere,) = play(services, command(name, thread=0))
    (stranger, private) = play(
        services,
        adviser(EventKind.COMMAND, "", command=name, user=40),
        person(EventKind.COMMAND, "", command=name, in_adviser_chat=True),
    )

    reads(nowhere, (None, "Zu welcher Anfrage?", []))
    reads(stranger, (None, "nur Berater*innen", []))
    reads(private, (None, "nur im Chat des Beratungsteams", []))
