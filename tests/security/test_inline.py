"""What is typed after the bot's name, in any chat: results hold our texts and links, never the attacker's."""

import pytest

from tests.security.conftest import Whole
from tests.security.hostile import CUT


@pytest.mark.parametrize("kind", CUT)
def test_a_hostile_inline_query(whole: Whole, kind: str) -> None:
    """An inline query is answered with results whose links lead to the bot alone, and nothing of it is kept."""
    eve = whole.person("Eve")
    asked = eve.send_inline_query(CUT[kind][:256])

    whole.until(lambda: asked.answer is not None)

    links = [
        button["url"] for one in asked.results for row in one["reply_markup"]["inline_keyboard"] for button in row
    ]
    assert all(link.startswith("https://t.me/standin_bot") for link in links)
    assert "evil.example" not in str(asked.answer)
    assert "1337" not in str(asked.answer)
    whole.until(
        lambda: whole.store.erasure.load_personal_data(eve.id) == {}
    )  # the answer goes out before the query is done
