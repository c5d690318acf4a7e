"""Advisers who are away, over HTTP."""

from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from tests.end_to_end.conftest import ConnectedTo, wait_for_text


async def test_away_and_back(
    connected_to: ConnectedTo, fake_telegram: FakeTelegram, forum: Group, ada: User, bea: User
) -> None:
    """An adviser enters an absence in the group, people read it before they ask for advice, and it can be ended."""
    async with connected_to(forum):
        bea.send_text("/abwesend heute", forum)
        entered = await wait_for_text(fake_telegram, bea, "Eingetragen von", forum)
        ada.send_text("/beratung")
        asked = await ada.wait_for_reply()
        bea.send_text("/abwesend ende", forum)
        ended = await wait_for_text(fake_telegram, bea, "Willkommen zurück", forum)
        ada.send_text("/abbrechen")
        await ada.wait_for_reply()
        ada.send_text("/beratung")
        asked_again = await ada.wait_for_reply()

    assert "/abwesend ende" in entered.text
    assert "nicht da" in asked.text
    assert "Nicht da" not in ended.text
    assert "nicht da" not in asked_again.text
