"""What begins with a slash never reaches the requester, whether or not it is a command."""

import pytest

from bot.domain.consultation import Party
from bot.domain.event import EventKind
from bot.domain.message import RelayMessage
from bot.flows.dialogue import Dialogue
from tests.support.relay import OPEN, REFERENCE, TALKING, adviser, command, kept, kinds, play, reads, stored, told

pytestmark = pytest.mark.durability
NOTE_HINT = "Nicht verschickt. Für eine Notiz beginnen Sie mit //."


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/zurück", "Nicht verschickt. Meinten Sie /zurueck?"),
        ("/zurük", "Nicht verschickt. Meinten Sie /zurueck?"),
        ("/Übergabe Cem", "Nicht verschickt. Meinten Sie /uebergabe?"),
        ("/notiz@other_bot nur wir", "Nicht verschickt. Meinten Sie /notiz?"),
        ("/xyz", "Nicht verschickt. Diesen Befehl kenne ich nicht."),
        ("/ Nur intern: den kennen wir", NOTE_HINT),
        (" // intern", NOTE_HINT),
        ("/", NOTE_HINT),
    ],
)
@pytest.mark.parametrize("kind", [EventKind.TEXT, EventKind.OTHER])
def test_slash_is_not_sent(services: Dialogue, text: str, answer: str, kind: EventKind) -> None:
    """A text or caption that begins with a slash is not sent; the nearest command is named, and the person waits."""
    kept(services, OPEN)
    (turn,) = play(services, adviser(kind, text, media_type="photo" * (kind is EventKind.OTHER)))

    reads(turn, (None, answer, []))
    assert stored(services).turn is Party.ADVISER
    assert services.store.requests.load_transcript(REFERENCE) == []


def test_mistyped_command_gets_the_answer_of_the_desk(services: Dialogue) -> None:
    """A command that there is not is answered in the advisers' words, in a topic and outside."""
    kept(services, TALKING)
    for turn in play(services, command("notitz", "ruft an"), command("notitz", thread=0)):
        reads(turn, (None, "Nicht verschickt. Meinten Sie /notiz?", []))


@pytest.mark.parametrize(
    ("text", "answer", "actions"),
    [
        ("/schliessen", "Meinten Sie diesen Knopf?", ["close"]),
        ("/Schließen", "Meinten Sie diesen Knopf?", ["close"]),
        ("/abgegeben", "Meinten Sie diesen Knopf?", ["release"]),
        ("/übernehmen", "„Übernehmen“ geht hier gerade nicht, aber das:", ["suggest", "note_on", "remind"]),
        ("/übergeben Cem", "Meinten Sie /uebergabe?", []),
    ],
)
def test_button_typed_as_a_command_is_shown(services: Dialogue, text: str, answer: str, actions: list[str]) -> None:
    """What is a button on the card, typed as a command, gets that button, or those that the request allows."""
    kept(services, TALKING)
    (turn,) = play(services, adviser(text=text))

    ((_, said, data),) = told(turn)
    assert said == f"Nicht verschickt. {answer}"
    assert [action.split(":")[1] for action in data][: len(actions) or 1] == actions


def test_command_for_a_private_chat_is_taken_for_the_desks(services: Dialogue) -> None:
    """Whoever wants to delete a message by the command that deletes a person's data learns the right one."""
    kept(services, TALKING)
    deletes, checks = play(services, command("loeschen"), command("selbstcheck"))

    reads(deletes, (None, "Nicht verschickt. Meinten Sie /zurueck?", []))
    reads(checks, (None, "in einem privaten Chat", []))


def test_button_typed_outside_a_topic_is_named(services: Dialogue) -> None:
    """Outside a request there is no button to show, so it is said where it is."""
    kept(services, TALKING)
    (turn,) = play(services, command("close", thread=0))

    reads(turn, (None, "Nicht verschickt. „Abschließen“ ist ein Knopf auf der Karte einer offenen Anfrage.", []))


def test_edit_into_a_command_is_not_sent(services: Dialogue) -> None:
    """A sent message that is edited to begin with a slash stays as it was; of what was not sent, nothing is said."""
    kept(services, TALKING)
    _, text, known, _, unsent = play(
        services,
        adviser(text="Guten Tag", message=91),
        adviser(EventKind.EDITED, "/ intern", message=91),
        adviser(EventKind.EDITED, "", message=91, command="zurueck"),
        adviser(text="/zurük", message=92),
        adviser(EventKind.EDITED, "/zurüc", message=92),
    )

    reads(text, (None, NOTE_HINT, []))
    reads(known, (None, "Meinten Sie /zurueck?", []))
    assert unsent.messages == ()


def test_album_with_a_slash_is_not_sent(services: Dialogue) -> None:
    """If a caption of an album begins with a slash, none of its pictures is sent, and one answer says so."""
    kept(services, TALKING)
    first, second, later = play(
        services,
        adviser(EventKind.OTHER, "", message=91, media_type="photo", album_id="a", captions=("/ intern",)),
        adviser(EventKind.OTHER, "/ intern", message=92, media_type="photo", album_id="a"),
        adviser(text="Guten Tag", message=93),
    )

    reads(first, (None, NOTE_HINT, []))
    assert second.messages == ()
    assert RelayMessage in kinds(later)
