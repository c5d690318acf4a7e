"""What the bot publishes about itself at its start."""

from functools import partial

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, FaultKind, Group, User
from bot.settings import Settings
from index.search.live_index import LiveIndex
from tests.end_to_end.conftest import running

LANGUAGES = {"", "de", "en"}  # Leichte Sprache has no code of two letters, and Telegram knows no others


async def test_menu_is_published_in_each_language(
    fake_telegram: FakeTelegram, bot_settings: Settings, live: LiveIndex
) -> None:
    """The bot publishes its menu and texts in German, in English and by default, and nothing when it restarts."""
    for starts in (1, 2):
        async with running(bot_settings, live, publishes=True):
            await fake_telegram.wait_for(partial(_were_texts_read, fake_telegram, starts * len(LANGUAGES)))

    published = [call for call in fake_telegram.calls if call.method.startswith("setMy")]

    assert {call.params.get("language_code", "") for call in published} == LANGUAGES
    assert len([call for call in published if call.method == "setMyCommands"]) == len(LANGUAGES)


async def test_advisers_have_a_menu_of_their_own(
    fake_telegram: FakeTelegram, bot_settings: Settings, live: LiveIndex, forum: Group
) -> None:
    """In the advisers' chat the menu also holds the commands for them."""
    connected = bot_settings.model_copy(update={"adviser_chat_id": forum.id})
    async with running(connected, live, publishes=True):
        calls = await fake_telegram.wait_for(lambda: fake_telegram.calls_to("setMyCommands")[3:])

    assert calls[0].params["scope"] == {"type": "chat", "chat_id": forum.id}
    assert "anfragen" in {command["command"] for command in calls[0].params["commands"]}


@pytest.mark.parametrize("kind", [FaultKind.RATE_LIMIT, FaultKind.SERVER_ERROR, FaultKind.LOST])
@pytest.mark.usefixtures("polling")
async def test_menu_of_a_chat_follows_the_language_chosen(
    fake_telegram: FakeTelegram, ada: User, kind: FaultKind
) -> None:
    """Whatever Telegram refuses or loses, the chat ends with the menu of the language chosen last, or with none."""

    def menu() -> set[str]:
        commands = fake_telegram.world.profile.visible_commands(chat, ada.account)
        return {command["command"] for command in commands}

    chat = fake_telegram.world.find_chat(ada.id)
    fake_telegram.fail_next("setMyCommands", kind)
    await ada.wait_for_reply(ada.send_text("Leichte Sprache bitte"))
    await fake_telegram.wait_for(lambda: "hilfe" in menu())
    await ada.wait_for_reply(ada.send_text("English please"))
    await fake_telegram.wait_for(lambda: "help" in menu() and "hilfe" not in menu())
    fake_telegram.fail_next("deleteMyCommands", kind)
    await ada.wait_for_reply(ada.send_text("/delete"))
    ada.tap_button("Yes, delete everything")
    await fake_telegram.wait_for(lambda: not menu())


def _were_texts_read(fake_telegram: FakeTelegram, times: int) -> bool:
    return len(fake_telegram.calls_to("getMyShortDescription")) == times
