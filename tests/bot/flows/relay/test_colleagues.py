"""Handing a request over to a colleague by name."""

from dataclasses import replace

import pytest

from bot.domain.calendar import DAY
from bot.domain.consultation import Party, RequestStatus
from bot.domain.effects import NoteColleague
from bot.domain.event import EventKind
from bot.domain.message import SendMessage
from bot.flows.dialogue import Dialogue
from bot.flows.relay.colleagues import ANONYMOUS_ADMIN
from bot.flows.relay.messages import advisers_label
from tests.conftest import Clock
from tests.support.relay import (  # fmt: skip
    ADA,
    BEA,
    CLOSED,
    DESK,
    EVE,
    OPEN,
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
)

pytestmark = pytest.mark.durability

GIVE = f"q:give:{REFERENCE}"
CEM = 41


def meet(services: Dialogue) -> None:
    """Let Eve and Cem write in the group."""
    play(
        services,
        adviser(text="Hallo", user=EVE, thread=0, name="Eve Ott", username="eve_o"),
        adviser(text="Hallo", user=CEM, thread=0, name="Cem"),
    )


@pytest.mark.parametrize("words", ["@eve_o", "Eve", "eve ott", "Ott", "EVE_O"])
def test_request_is_handed_over_by_name(services: Dialogue, words: str) -> None:
    """A colleague is found by name or username; is mentioned and shown on the card, and the requester is told."""
    kept(services, replace(TALKING, turn=Party.ADVISER))
    meet(services)
    (turn,) = play(services, command("uebergabe", words))

    reads(
        turn,
        ("desk", f'<a href="tg://user?id={EVE}">Eve Ott</a>, Bea übergibt Ihnen diese Anfrage', []),
        (ADA, f"Eve Ott kümmert sich jetzt um Ihre Anfrage {REFERENCE}", [f"h:end:{REFERENCE}"]),
        ("card", REFERENCE, []),
        ("toast", "", []),
    )
    request = stored(services)
    assert (request.taken_by, request.adviser, request.talking, request.turn) == (EVE, "Eve Ott", True, Party.ADVISER)


def test_request_is_handed_over_by_button(services: Dialogue) -> None:
    """Without a name, everybody seen here is offered except whoever has the request; one tap hands over."""
    kept(services, TAKEN)
    meet(services)
    offered, by_card = play(services, command("uebergabe"), tap(GIVE))
    (given,) = play(services, tap(f"{GIVE}:{CEM}", message=130))
    (again,) = play(services, tap(f"{GIVE}:{CEM}", message=130))

    assert isinstance(offered.messages[0], SendMessage)
    buttons = [f"{GIVE}:{EVE}", f"{GIVE}:{CEM}"]
    assert sorted(button.data for row in offered.messages[0].keyboard for button in row) == sorted(buttons)
    assert isinstance(by_card.messages[0], SendMessage)
    assert len(by_card.messages[0].keyboard) == 2
    assert (stored(services).adviser, stored(services).status) == ("Cem", RequestStatus.TAKEN)
    assert any(getattr(message, "message_id", None) == 130 for message in given.messages)
    reads(again, ("toast", "gilt nicht mehr", []))


def test_nobody_is_offered_themselves(services: Dialogue) -> None:
    """Of those seen here, whoever asks is not offered; if nobody else is, it says how colleagues become known."""
    kept(services, OPEN)
    play(services, adviser(text="Hallo", thread=0))
    (alone,) = play(services, tap(GIVE))
    meet(services)
    (typed, tapped) = play(services, command("uebergabe", user=CEM, name="Cem"), tap(GIVE))

    label = advisers_label("here")
    reads(alone, ("desk", f"auf „{label}“", []), ("toast", "", []))
    for turn, others in ((typed, {BEA, EVE}), (tapped, {EVE, CEM})):
        assert isinstance(turn.messages[0], SendMessage)
        data = {button.data for row in turn.messages[0].keyboard for button in row}
        assert data == {f"{GIVE}:{other}" for other in others}


def test_colleague_takes_over(services: Dialogue) -> None:
    """A colleague can take a request over by their own name."""
    kept(services, TAKEN)
    meet(services)
    (turn,) = play(services, command("uebergabe", "cem", user=CEM, name="Cem"))

    assert isinstance(turn.messages[0], SendMessage)
    assert "hat diese Anfrage übernommen" in turn.messages[0].html
    assert stored(services).taken_by == CEM


def test_unknown_and_ambiguous_names(services: Dialogue) -> None:
    """An unknown name offers all, an ambiguous one those whom it fits; if nobody is known, that is said."""
    kept(services, TAKEN)
    (alone,) = play(services, command("uebergabe", "Eve"))
    meet(services)
    play(services, adviser(text="Ich auch", user=42, thread=0, name="Eveline"))
    unknown, ambiguous = play(services, command("uebergabe", "Zoe"), command("uebergabe", "eve"))

    reads(alone, (None, "Ich kenne hier noch niemand anderen", []))
    assert isinstance(unknown.messages[0], SendMessage)
    assert isinstance(ambiguous.messages[0], SendMessage)
    assert ("„Zoe“ kenne ich hier nicht" in unknown.messages[0].html, len(unknown.messages[0].keyboard)) == (True, 3)
    assert "„eve“ passt auf mehrere" in ambiguous.messages[0].html
    assert len(ambiguous.messages[0].keyboard) == 2


def test_closed_request_is_not_handed_over(services: Dialogue) -> None:
    """A closed request has to be opened first."""
    kept(services, CLOSED)
    meet(services)
    typed, tapped = play(services, command("uebergabe", "Eve"), tap(f"{GIVE}:{EVE}"))

    reads(typed, (None, "Öffnen Sie sie erst wieder", []))
    reads(tapped, ("toast", "gilt nicht mehr", []))


def test_advisers_are_noted_once_a_day(services: Dialogue) -> None:
    """Whoever writes or taps in the advisers' group is noted once a day, or if their name changes; nobody else is."""
    kept(services, OPEN)
    clock = services.now
    assert isinstance(clock, Clock)
    first, second, renamed = play(
        services, adviser(thread=0), adviser(thread=0), adviser(thread=0, name="Bea B.", username="bea")
    )
    clock.now += DAY + 1
    later, anonymous, requester = play(
        services,
        tap(f"q:take:{REFERENCE}", name="Bea B.", username="bea"),
        adviser(thread=0, user=ANONYMOUS_ADMIN),
        person(EventKind.TEXT, "Hallo"),
    )

    turns = (first, second, renamed, later, anonymous, requester)
    noted = [[effect for effect in turn.effects if isinstance(effect, NoteColleague)] for turn in turns]
    bea = NoteColleague(DESK, BEA, "Bea B.", "bea")
    assert noted == [[NoteColleague(DESK, BEA, "Bea", "")], [], [bea], [bea], [], []]
