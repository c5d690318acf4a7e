"""Two groups of advisers, each for the requests of its contact, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.settings import Settings
from index.search.live_index import LiveIndex
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.conftest import running, wait_for_text

CONTACTS = """
contacts:
  - id: jacob
    name: Jacob Rohm
    role: Beratung
    phone: "+49 30 520 065 411"
    email: jacob@example.org
    default: true
  - id: kim
    name: Kim Ahrens
    role: Backbone
    phone: "+49 30 520 065 412"
    email: kim@example.org
    topics: [backbone]
    desk: rueckgrat
"""


@pytest.fixture
def second(fake_telegram: FakeTelegram, cem: User) -> Group:
    """Another advisers' group, in which only Cem is."""
    return fake_telegram.add_group("Rückgrat", [cem], forum=True, bot_is_admin=True)


@pytest.fixture
def first(fake_telegram: FakeTelegram, bea: User) -> Group:
    """The advisers' group for all other requests, in which only Bea is."""
    return fake_telegram.add_group("Beratung", [bea], forum=True, bot_is_admin=True)


@pytest.fixture
async def desks(
    first: Group,
    second: Group,
    live: LiveIndex,
    bot_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[None]:
    """A running bot with both groups."""
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "contacts.yaml").write_text(CONTACTS, encoding="utf-8")
    monkeypatch.setenv("GW_KNOWLEDGE_DIR", str(tmp_path / "knowledge"))
    monkeypatch.setenv("GW_ADVISER_CHAT_ID", str(first.id))
    monkeypatch.setenv("GW_ADVISER_CHATS", f"rueckgrat={second.id}")
    async with running(Settings(), live):
        yield


@pytest.mark.usefixtures("desks")
async def test_each_group_sees_only_its_requests(
    fake_telegram: FakeTelegram, first: Group, second: Group, ada: User, bea: User, cem: User
) -> None:
    """A request about a contact's topic goes to that contact's group only; from card to erasure all is there."""
    eve = fake_telegram.add_user("Eve", language_code="de", started=True)
    ada.send_text("Was macht ein Backbone?")
    await ada.wait_for_reply()
    special = await request(fake_telegram, ada, "Wir suchen ein Rückgrat.")
    other = await request(fake_telegram, eve, "Wir suchen Geld.")
    special_card = await card(fake_telegram, cem, second, special)
    await card(fake_telegram, bea, first, other)

    cem.send_text("/anfragen", second)
    listed = await wait_for_text(fake_telegram, cem, special, second)
    bea.send_text("/anfragen", first)
    await fake_telegram.wait_for(lambda: [seen for seen in bea.bot_messages(first) if seen.text.startswith("Offene")])
    cem.send_text("Guten Tag Ada!", second, topic=topic_of(special_card))
    await wait_for_text(fake_telegram, ada, "Guten Tag Ada!")
    ada.send_text("Danke für die Nachricht")
    thanks = await wait_for_text(fake_telegram, cem, "Danke für die Nachricht", second)
    ada.send_text("/loeschen")
    await ada.wait_for_reply()
    ada.tap_button("Ja, alles löschen")
    await wait_for_text(fake_telegram, cem, "gelöscht", second)

    assert other not in "".join(seen.text for seen in cem.bot_messages(second))
    assert special not in "".join(seen.text for seen in bea.bot_messages(first))
    assert "Danke für die Nachricht" not in "".join(seen.text for seen in bea.bot_messages(first))
    assert thanks.thread_id == special_card.thread_id
    assert special in listed.text
