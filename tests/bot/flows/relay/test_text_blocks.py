"""Text blocks: kept by the advisers, sent after one look."""

import pytest

from bot.domain.effects import SaveTextBlock
from bot.domain.event import EventKind
from bot.domain.message import EditMessage, SendMessage
from bot.domain.turn import Turn
from bot.flows.dialogue import Dialogue
from bot.flows.relay.text_blocks import MAX_BLOCKS, MAX_TEXT_LENGTH
from tests.support.relay import (  # fmt: skip
    ADA,
    CLOSED,
    DESK,
    REFERENCE,
    TAKEN,
    TALKING,
    adviser,
    command,
    kept,
    person,
    play,
    reads,
    stored,
    tap,
    told,
)

pytestmark = pytest.mark.durability


def say(services: Dialogue, text: str = "", thread: int = 0) -> str:
    """Give the command with this text and return the answer."""
    (turn,) = play(services, command("baustein", text, thread=thread))
    (message,) = turn.messages
    assert isinstance(message, SendMessage)
    return message.html


def buttons(turn: Turn) -> list[str]:
    return [data for _, _, each in told(turn) for data in each]


def test_blocks_are_kept_listed_searched_and_deleted(services: Dialogue) -> None:
    """A block is saved under a name, listed and found by its words, replaced with the old text shown, and deleted."""
    empty = say(services)
    saved = say(services, "neu Termin: Gern können wir\ntelefonieren.")
    say(services, "neu dank Vielen Dank <b>für</b> alles.")
    listed, found, none = say(services), say(services, "gern TELEFONIEREN"), say(services, "zebra")
    shown = say(services, "TERMIN")
    replaced = say(services, "neu termin Rufen Sie an.")
    deleted, unknown = say(services, "weg termin"), say(services, "weg termin")

    assert "Noch gibt es keine Textbausteine" in empty
    assert "<code>termin</code> aufgehoben" in saved
    assert "<code>dank</code>" in listed
    assert "Gern können wir telefonieren." in listed
    assert "&lt;b&gt;" in listed
    assert ("<code>termin</code>" in found, "<code>dank</code>" in found) == (True, False)
    assert "Zu „zebra“ gibt es keinen" in none
    assert shown == "<b>termin</b>\n\nGern können wir\ntelefonieren."
    assert "geändert" in replaced
    assert "Gern können wir" in replaced
    assert "Rufen Sie an." in deleted
    assert "So geht es" in unknown
    assert list(services.store.desk.text_blocks(DESK)) == ["dank"]


@pytest.mark.parametrize(
    "text", ["neu", "neu termin", "neu neu Text", "neu a,b Text", "neu " + "ä" * 19 + " Text", "weg"]
)
def test_usage_is_explained(services: Dialogue, text: str) -> None:
    """A name without a text, or a word that can be no name, gets an explanation and saves nothing."""
    assert "So geht es" in say(services, text)
    assert services.store.desk.text_blocks(DESK) == {}


@pytest.mark.parametrize(
    ("text", "warns"),
    [
        ("Rufen Sie 0431 / 98 76 54 an.", True),
        ("An ada@example.org", True),
        ("Am 3. Mai um 10:30 Uhr", False),
    ],
)
def test_contact_details_get_a_warning(services: Dialogue, text: str, warns: bool) -> None:
    """A telephone number or an address in a block gets a warning; it is saved, since it may be the team's own."""
    assert ("⚠️" in say(services, f"neu x {text}")) == warns
    assert services.store.desk.text_blocks(DESK) == {"x": text}


def test_limits(services: Dialogue) -> None:
    """Too long a text, and one block too many, are refused; an existing block can still be changed."""
    long = say(services, f"neu x {'a' * (MAX_TEXT_LENGTH + 1)}")
    services.store.apply((), [SaveTextBlock(DESK, f"n{number}", "a") for number in range(MAX_BLOCKS)])
    full, changed = say(services, "neu x a"), say(services, "neu n1 b")

    assert "höchstens 3000" in long
    assert f"schon {MAX_BLOCKS} Textbausteine" in full
    assert "geändert" in changed
    assert f"und {MAX_BLOCKS - 40} weitere" in say(services)


def test_block_is_sent_after_one_look(services: Dialogue) -> None:
    """In a topic, a name shows the text with a button that sends it as the adviser's answer, once, with an undo."""
    kept(services, TAKEN)
    say(services, "neu termin Rufen <Sie> an.")
    listed, shown = play(services, command("baustein"), command("baustein", "termin"))
    (looked,) = play(services, tap(f"q:look:{REFERENCE}:termin"))
    (send,) = buttons(shown)
    (sent,) = play(services, tap(send, message=140))

    assert buttons(listed) == [f"q:look:{REFERENCE}:termin"]
    assert buttons(looked) == [send]
    assert told(sent)[0][:2] == (ADA, "<b>Bea schickt Ihnen dazu:</b>\n\nRufen &lt;Sie&gt; an.")
    (edit,) = (message for message in sent.messages if isinstance(message, EditMessage))
    assert (edit.message_id, edit.keyboard[0][0].data.startswith(f"q:undo:{REFERENCE}:-")) == (140, True)
    assert [line.text for line in services.store.requests.load_transcript(REFERENCE)] == ["Rufen <Sie> an."]
    assert stored(services).since == services.now()


def test_changed_block_has_to_be_looked_at_again(services: Dialogue) -> None:
    """If the text was changed or deleted after the look, nothing is sent."""
    kept(services, TAKEN)
    say(services, "neu termin Rufen Sie an.")
    (shown,) = play(services, command("baustein", "termin"))
    say(services, "neu termin Kommen Sie vorbei.")
    (changed,) = play(services, tap(buttons(shown)[0]))
    say(services, "weg termin")
    deleted, gone = play(services, tap(buttons(shown)[0]), tap(f"q:look:{REFERENCE}:termin"))

    reads(changed, ("toast", "inzwischen geändert", []))
    reads(deleted, ("toast", "gilt nicht mehr", []))
    reads(gone, ("toast", "gilt nicht mehr", []))


def test_nothing_is_sent_to_a_closed_request(services: Dialogue) -> None:
    """In the topic of a closed request a block is shown without a button, and an old button sends nothing."""
    kept(services, TALKING)
    say(services, "neu termin Rufen Sie an.")
    (shown,) = play(services, command("baustein", "termin"))
    play(services, tap(f"q:close:{REFERENCE}"))
    named, listed, sent, look = play(
        services,
        command("baustein", "termin"),
        command("baustein"),
        tap(buttons(shown)[0]),
        tap(f"q:look:{REFERENCE}:termin"),
    )

    assert buttons(named) == buttons(listed) == []
    reads(sent, ("toast", "gilt nicht mehr", []))
    reads(look, ("toast", "gilt nicht mehr", []))


def test_only_advisers_use_blocks(services: Dialogue) -> None:
    """Others, and advisers outside their chat, neither see nor change text blocks."""
    kept(services, CLOSED)
    stranger, private = play(
        services,
        adviser(EventKind.COMMAND, "", command="baustein", user=40),
        person(EventKind.COMMAND, "neu a b", command="baustein", in_adviser_chat=True),
    )

    reads(stranger, (None, "nur Berater*innen", []))
    reads(private, (None, "nur im Chat des Beratungsteams", []))
    assert services.store.desk.text_blocks(ADA) == {}
