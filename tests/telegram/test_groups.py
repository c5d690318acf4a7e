"""In groups the bot speaks only when it is spoken to."""

import pytest

from bot.sandbox.standin import Group, StandIn, User

pytestmark = pytest.mark.usefixtures("polling")


@pytest.fixture
def group(standin: StandIn, ada: User) -> Group:
    """A group with the bot in it, which sees every message because it is administrator."""
    return standin.group("Bündnis", [ada, standin.user("Ben")], admin=True)


async def test_mention_is_answered_as_a_reply(ada: User, group: Group) -> None:
    """A question that mentions the bot is answered with a reply to it."""
    question = ada.says("@standin_bot Was ist Collective Impact?", chat=group)
    answer = await ada.wait_reply(chat=group)

    assert "Aus der Fachliteratur:" in answer.text
    assert answer.reply_to == question.id


async def test_reply_is_answered(ada: User, group: Group) -> None:
    """A reply to a message of the bot is a question to it."""
    ada.says("@standin_bot Was ist Collective Impact?", chat=group)
    answer = await ada.wait_reply(chat=group)
    ada.says("Was ist ein Backbone?", chat=group, reply_to=answer)

    assert "Backbone" in (await ada.wait_reply(chat=group)).text


async def test_other_talk_is_left_alone(ada: User, group: Group) -> None:
    """What people say to each other is not answered, and neither are other bots' commands."""
    ada.says("Was ist Collective Impact?", chat=group)
    ada.says("/start@other_bot", chat=group)
    ada.says("@standin_bot Was ist ein Backbone?", chat=group)
    await ada.wait_reply(chat=group)

    assert len(ada.sees(group)) == 1


async def test_mention_without_a_word(ada: User, group: Group) -> None:
    """A bare mention is asked what it wants to know."""
    ada.says("@standin_bot", chat=group)

    assert "Was möchten Sie wissen?" in (await ada.wait_reply(chat=group)).text


@pytest.mark.parametrize("command", ["/beratung", "/meinedaten", "/loeschen"])
async def test_private_matters_stay_private(ada: User, group: Group, command: str) -> None:
    """Requests and personal data are not dealt with in front of a group."""
    ada.says(f"{command}@standin_bot", chat=group)

    assert "privaten Chat" in (await ada.wait_reply(chat=group)).text


@pytest.mark.parametrize("button", ["Meine Daten ansehen", "Alles löschen"])
async def test_buttons_of_the_notice_stay_private(ada: User, group: Group, button: str) -> None:
    """The notice may be read in a group; what is held on a person is neither shown nor deleted there."""
    ada.says("/datenschutz@standin_bot", chat=group)
    await ada.wait_reply(chat=group)

    assert "privaten Chat" in (await ada.wait_reply(ada.taps(button, chat=group), chat=group)).text
