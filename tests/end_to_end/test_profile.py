"""What the bot publishes about itself at its start."""

from collections import Counter

from bot.sandbox.fake_telegram import FakeTelegram, Group
from bot.settings import Settings
from index.search.live_index import LiveIndex
from tests.end_to_end.conftest import running

LANGUAGES = {"", "de", "en"}  # Leichte Sprache has no code of two letters, and Telegram knows no others
METHODS = ("setMyCommands", "setMyName", "setMyDescription", "setMyShortDescription")


def published(fake_telegram: FakeTelegram) -> Counter[str]:
    """How often each method that changes the profile was called."""
    return Counter(call.method for call in fake_telegram.calls if call.method in METHODS)


async def test_profile_is_published_once_in_each_language(
    fake_telegram: FakeTelegram, bot_settings: Settings, live: LiveIndex
) -> None:
    """Menu, name and descriptions are published in German, in English, and by default, and not again by a restart."""
    async with running(bot_settings, live, publishes=True):
        await fake_telegram.wait_for(lambda: published(fake_telegram).total() == len(METHODS) * len(LANGUAGES))
    async with running(bot_settings, live, publishes=True):
        await fake_telegram.wait_for(lambda: len(fake_telegram.calls_to("getMyShortDescription")) == 6)

    codes = {call.params.get("language_code", "") for call in fake_telegram.calls if call.method in METHODS}

    assert codes == LANGUAGES
    assert published(fake_telegram) == dict.fromkeys(METHODS, len(LANGUAGES))


async def test_advisers_have_a_menu_of_their_own(
    fake_telegram: FakeTelegram, bot_settings: Settings, live: LiveIndex, forum: Group
) -> None:
    """In the advisers' chat the menu also holds the commands for them."""
    connected = bot_settings.model_copy(update={"adviser_chat_id": forum.id})
    async with running(connected, live, publishes=True):
        calls = await fake_telegram.wait_for(lambda: fake_telegram.calls_to("setMyCommands")[3:])

    assert calls[0].params["scope"] == {"type": "chat", "chat_id": forum.id}
    assert "anfragen" in {command["command"] for command in calls[0].params["commands"]}
