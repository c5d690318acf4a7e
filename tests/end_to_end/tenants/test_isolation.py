"""Two tenants in one process are isolated from each other, on either store."""

from functools import partial

from bot.app.bootstrap import open_store_from_settings
from bot.app.tenants import load_tenant_settings
from bot.sandbox.fake_telegram import User
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world.queries import CallbackQuery
from bot.settings import Settings
from tests.end_to_end.advice import card, request, topic_of
from tests.end_to_end.mydata import my_data
from tests.end_to_end.tenants.conftest import QUESTION, Running, Town


async def test_each_tenant_uses_its_own_knowledge_and_contact(
    installation: Settings, kiel: Town, ulm: Town, running: Running
) -> None:
    """Each tenant answers the same question from its own knowledge and names its own contact."""
    async with running(installation):
        for town in (kiel, ulm):
            town.ada.send_text(QUESTION)
            town.ada.send_text("/kontakt")
        answers = [await town.wait_for_text("Der Stadtgarten öffnet") for town in (kiel, ulm)]
        contacts = [
            await town.fake_telegram.wait_for(partial(town.fake_telegram.calls_to, "sendContact"))
            for town in (kiel, ulm)
        ]

    assert "um neun Uhr" in answers[0]
    assert "um elf Uhr" in answers[1]
    assert [calls[0].params["last_name"] for calls in contacts] == ["neun", "elf"]


async def test_requests_stay_with_their_tenant(
    installation: Settings, kiel: Town, ulm: Town, running: Running
) -> None:
    """A request and its messages stay with the tenant where it was made, although the chats have the same ids."""
    async with running(installation):
        first = await request(kiel.fake_telegram, kiel.ada, "Wir suchen Partner in Kiel.")
        second = await request(ulm.fake_telegram, ulm.ada, "Wir suchen Partner in Ulm.")
        topics = [
            topic_of(await card(town.fake_telegram, town.bea, town.adviser_chat, reference))
            for town, reference in ((kiel, first), (ulm, second))
        ]
        kiel.bea.send_text("Gern, hier Kiel.", chat=kiel.adviser_chat, topic=topics[0])
        await kiel.wait_for_text("Gern, hier Kiel.")
        ulm.bea.send_text("Gern, hier Ulm.", chat=ulm.adviser_chat, topic=topics[1])
        await ulm.wait_for_text("Gern, hier Ulm.")

    for town, other in ((kiel, "Ulm"), (ulm, "Kiel")):
        texts = [
            seen.text
            for who in ((town.ada, None), (town.bea, town.adviser_chat))
            for seen in who[0].bot_messages(who[1])
        ]
        assert texts
        assert not any(other in text for text in texts)
        store = open_store_from_settings(load_tenant_settings(installation, town.name))
        assert [stored.reference for stored in store.requests.all_requests()] == [first if town is kiel else second]
        store.close()


def answer_of(tap: CallbackQuery) -> Json | None:
    """Return the bot's answer to a tap."""
    return tap.answer


async def test_requests_of_another_tenant_are_out_of_reach(
    installation: Settings, kiel: Town, ulm: Town, running: Running
) -> None:
    """The number, link and buttons of one tenant's request have no effect at another tenant."""
    async with running(installation):
        reference = await request(kiel.fake_telegram, kiel.ada, "Wir suchen Partner in Kiel.")
        await card(kiel.fake_telegram, kiel.bea, kiel.adviser_chat, reference)
        ulm.bea.send_text("/anfragen", chat=ulm.adviser_chat)
        listed = await ulm.bea.wait_for_reply(chat=ulm.adviser_chat)
        taps = [
            ulm.bea.tap_stale_button(f"q:{action}:{reference}", chat=ulm.adviser_chat)
            for action in ("take", "close", "release")
        ]
        answers = [await ulm.fake_telegram.wait_for(partial(answer_of, tap)) for tap in taps]
        ulm.ada.open_deep_link(reference)
        start = await ulm.ada.wait_for_reply()

    assert reference not in listed.text + start.text
    assert {answer["text"] for answer in answers if answer} == {"Diese Anfrage gibt es nicht mehr."}
    assert len(ulm.bea.bot_messages(ulm.adviser_chat)) == 2  # the greeting and the list
    store = open_store_from_settings(load_tenant_settings(installation, "kiel"))
    (stored,) = store.requests.all_requests()
    store.close()
    assert (stored.status, stored.taken_by) == ("open", 0)


async def test_data_export_and_deletion_are_limited_to_one_tenant(
    installation: Settings, kiel: Town, ulm: Town, running: Running
) -> None:
    """/meinedaten shows only that tenant's data, and /loeschen deletes only that tenant's data."""
    async with running(installation):
        await request(kiel.fake_telegram, kiel.ada, "Wir suchen Partner in Kiel.")
        await request(ulm.fake_telegram, ulm.ada, "Wir suchen Partner in Ulm.")
        kiel_data, kiel_page = await my_data(kiel.fake_telegram, kiel.ada)
        await delete_all_data(kiel.ada)
        after_deletion, _ = await my_data(kiel.fake_telegram, kiel.ada)
        ulm_data, ulm_page = await my_data(ulm.fake_telegram, ulm.ada)

    assert "Partner in Kiel" in kiel_page
    assert "Ulm" not in str(kiel_data) + kiel_page
    assert not after_deletion.get("requests")
    assert "Partner in Ulm" in ulm_page
    assert [row["user_id"] for row in ulm_data["requests"]] == [ulm.ada.id]


async def delete_all_data(person: User) -> None:
    """Delete all data of a person."""
    person.send_text("/loeschen")
    await person.wait_for_reply()
    await person.wait_for_reply(person.tap_button("Ja, alles löschen"), count=2)


async def test_store_is_limited_to_its_tenant(
    installation: Settings, kiel: Town, ulm: Town, running: Running
) -> None:
    """A store opened for one tenant neither finds nor deletes the data of another."""
    async with running(installation):
        reference = await request(kiel.fake_telegram, kiel.ada, "Wir suchen Partner in Kiel.")
        await card(kiel.fake_telegram, kiel.bea, kiel.adviser_chat, reference)
    store, other_store = (
        open_store_from_settings(load_tenant_settings(installation, town.name)) for town in (ulm, kiel)
    )

    assert store.requests.all_requests() == []
    assert store.requests.find_request(reference) is None
    assert store.erasure.load_personal_data(ulm.ada.id) == {}
    assert store.erasure.erasure_queue(reference) == []
    store.erasure.purge_expired(4e9)
    store.delete_all_rows()
    assert other_store.requests.find_request(reference) is not None
    assert other_store.erasure.erasure_queue(reference)
    for opened in (store, other_store):
        opened.close()
