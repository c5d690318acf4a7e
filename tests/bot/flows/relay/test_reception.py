"""The bot introduces itself among the advisers, and helps there."""

from dataclasses import replace

import pytest

from bot.domain.event import Event, EventKind
from bot.domain.message import RelayMessage
from bot.flows.context import Advisers
from bot.flows.dialogue import Dialogue
from bot.flows.relay.reception import greet_advisers
from tests.support.relay import ADA, BEA, DESK, TALKING, adviser, command, kept, kinds, person, play, reads, tap, told

pytestmark = pytest.mark.durability

HELP = "So arbeiten Sie hier"


def arrival(chat: int, sent_at: float) -> Event:
    return Event(1, EventKind.BOT_ADDED, chat, BEA, 0, private=False, addressed=False, sent_at=sent_at)


def test_group_is_greeted_once(services: Dialogue) -> None:
    """The advisers' group is greeted at the first start, and again if the bot is added later."""
    (first,) = greet_advisers(services)
    services.store.apply((), first.effects)
    earlier, other, later = play(
        services,
        arrival(DESK, services.now() - 5),
        arrival(DESK - 1, services.now() + 5),
        arrival(DESK, services.now() + 5),
    )

    reads(first, (DESK, "Guten Tag! Ich bin der Bot", ["q:here"]))
    assert HELP in told(first)[0][1]
    assert greet_advisers(services) == []
    assert (earlier.messages, other.messages) == ((), ())
    reads(later, (DESK, "Guten Tag! Ich bin der Bot", ["q:here"]))
    assert greet_advisers(replace(services, advisers=Advisers())) == []


def test_button_makes_an_adviser_known(services: Dialogue) -> None:
    """Whoever taps the button below the greeting can be handed requests."""
    (turn,) = play(services, tap("q:here", thread=0))

    reads(turn, ("toast", "jetzt kenne ich Sie", []))
    assert [colleague.user_id for colleague in services.store.desk.colleagues(DESK, 0)] == [BEA]


def test_help_among_advisers(services: Dialogue) -> None:
    """In the advisers' group /hilfe, and a mention outside a request, say how to work there."""
    kept(services, TALKING)
    asked, mentioned, talk = play(
        services,
        command("hilfe", thread=0),
        adviser(text="Hallo?", thread=0, mentions_bot=True),
        adviser(text="Wer hat Zeit?", thread=8),
    )

    reads(asked, (None, HELP, []))
    reads(mentioned, (None, HELP, []))
    assert talk.messages == ()


def test_mention_in_a_topic(services: Dialogue) -> None:
    """In a topic a message that begins with the bot's name is for the bot; one that only names it is not."""
    kept(services, TALKING)
    services = replace(services, username="gw_bot")
    to_bot, to_person = play(
        services,
        adviser(text="hilfe", html="@GW_bot hilfe", mentions_bot=True),
        adviser(text="Fragen Sie auch", html="Fragen Sie auch @gw_bot", mentions_bot=True, message=91),
    )

    reads(to_bot, (None, HELP, []))
    assert kinds(to_person) == [RelayMessage]


@pytest.mark.parametrize("name", ["start", "hilfe"])
def test_adviser_in_private_is_shown_the_way(services: Dialogue, name: str) -> None:
    """An adviser who greets the bot in private is told where the requests are; anybody else is not."""
    services = replace(services, advisers=Advisers(-1_001_234))
    visited, other = play(
        services,
        person(EventKind.COMMAND, "", command=name, in_adviser_chat=True),
        person(EventKind.COMMAND, "", command=name, user=ADA + 1),
    )

    assert 'href="https://t.me/c/1234/1"' in told(visited)[-1][1]
    assert "Beratungsteam" not in told(other)[-1][1] or "Sie gehören" not in told(other)[-1][1]
    assert len(visited.messages) == len(other.messages) + 1
