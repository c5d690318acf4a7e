"""Hostile inline queries: results contain the bot's texts and links, never the attacker's."""

import pytest

from tests.security.conftest import RunningBot
from tests.security.hostile import HOSTILE_TEXTS


@pytest.mark.parametrize("kind", HOSTILE_TEXTS)
def test_a_hostile_inline_query(bot: RunningBot, kind: str) -> None:
    """An inline query gets results that link to the bot only, and nothing of it is stored."""
    eve = bot.add_person("Eve")
    query = eve.send_inline_query(HOSTILE_TEXTS[kind][:256])

    bot.until(lambda: query.answer is not None)

    links = [
        button["url"]
        for result in query.results
        for row in result["reply_markup"]["inline_keyboard"]
        for button in row
    ]
    assert all(link.startswith("https://t.me/standin_bot") for link in links)
    assert "evil.example" not in str(query.answer)
    assert "1337" not in str(query.answer)
    bot.until(lambda: bot.store.erasure.load_personal_data(eve.id) == {})  # shortly after the answer is sent
