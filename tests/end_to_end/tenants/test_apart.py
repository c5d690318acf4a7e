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


async def test_own_knowledge_and_contact(installation: Settings, kiel: Town, ulm: Town, running: Running) -> None:
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
    assert [found[0].params["last_name"] for found in contacts] == ["neun", "elf"]


async def test_requests_go_to_own_advisers(installation: Settings, kiel: Town, ulm: Town, running: Running) -> None:
    """A request and its messages stay with the tenant where it was made, although the chats have the same ids."""
    async with running(installation):
        first = await request(kiel.fake_telegram, kiel.ada, "Wir suchen Partner in Kiel.")
        second = await request(ulm.fake_telegram, ulm.ada, "Wir suchen Partner in Ulm.")
        topics = [
            topic_of(await card(town.fake_telegram, town.bea, town.desk, reference))
            for town, reference in ((kiel, first), (ulm, second))
        ]
        kiel.bea.send_text("Gern, hier Kiel.", chat=kiel.desk, topic=topics[0])
        await kiel.wait_for_text("Gern, hier Kiel.")
        ulm.bea.send_text("Gern, hier Ulm.", chat=ulm.desk, topic=topics[1])
        await ulm.wait_for_text("Gern, hier Ulm.")

    for town, other in ((kiel, "Ulm"), (ulm, "Kiel")):
        said = [
            seen.text for who in ((town.ada, None), (town.bea, town.desk)) for seen in who[0].bot_messages(who[1])
        ]
        assert said
        assert not any(other in text for text in said)
        store = open_store_from_settings(load_tenant_settings(installation, town.name))
        assert [one.reference for one in store.requests.all_requests()] == [first if town is kiel else second]
        store.close()


def answer_of(tap: CallbackQuery) -> Json | None:
    """The answer to a tap."""
    return tap.answer


async def test_numbers_links_and_buttons_of_another_do_nothing(
    installation: Settings, kiel: Town, ulm: Town, running: Running
) -> None:
    """The number, link and buttons of one tenant's request have no effect at another tenant."""
    async with running(installation):
        reference = await request(kiel.fake_telegram, kiel.ada, "Wir suchen Partner in Kiel.")
        await card(kiel.fake_telegram, kiel.bea, kiel.desk, reference)
        ulm.bea.send_text("/anfragen", chat=ulm.desk)
        listed = await ulm.bea.wait_for_reply(chat=ulm.desk)
        taps = [
            ulm.bea.tap_stale_button(f"q:{done}:{reference}", chat=ulm.desk) for done in ("take", "close", "release")
        ]
        answers = [await ulm.fake_telegram.wait_for(partial(answer_of, tap)) for tap in taps]
        ulm.ada.open_deep_link(reference)
        opened = await ulm.ada.wait_for_reply()

    assert reference not in listed.text + opened.text
    assert {answer["text"] for answer in answers if answer} == {"Diese Anfrage gibt es nicht mehr."}
    assert len(ulm.bea.bot_messages(ulm.desk)) == 1
    store = open_store_from_settings(load_tenant_settings(installation, "kiel"))
    (kept,) = store.requests.all_requests()
    store.close()
    assert (kept.status, kept.taken_by) == ("open", 0)


async def test_own_data_only(installation: Settings, kiel: Town, ulm: Town, running: Running) -> None:
    """/meinedaten shows only that tenant's data, and /loeschen deletes only that tenant's data."""
    async with running(installation):
        await request(kiel.fake_telegram, kiel.ada, "Wir suchen Partner in Kiel.")
        await request(ulm.fake_telegram, ulm.ada, "Wir suchen Partner in Ulm.")
        held, page = await my_data(kiel.fake_telegram, kiel.ada)
        await deletes(kiel.ada)
        gone, _ = await my_data(kiel.fake_telegram, kiel.ada)
        kept, other = await my_data(ulm.fake_telegram, ulm.ada)

    assert "Partner in Kiel" in page
    assert "Ulm" not in str(held) + page
    assert not gone.get("requests")
    assert "Partner in Ulm" in other
    assert [row["user_id"] for row in kept["requests"]] == [ulm.ada.id]


async def deletes(person: User) -> None:
    """Delete everything."""
    person.send_text("/loeschen")
    await person.wait_for_reply()
    await person.wait_for_reply(person.tap_button("Ja, alles löschen"), count=2)


async def test_store_of_one_has_nothing_of_another(
    installation: Settings, kiel: Town, ulm: Town, running: Running
) -> None:
    """A store opened for one tenant neither finds nor deletes the data of another."""
    async with running(installation):
        reference = await request(kiel.fake_telegram, kiel.ada, "Wir suchen Partner in Kiel.")
        await card(kiel.fake_telegram, kiel.bea, kiel.desk, reference)
    store, theirs = (open_store_from_settings(load_tenant_settings(installation, town.name)) for town in (ulm, kiel))

    assert store.requests.all_requests() == []
    assert store.requests.find_request(reference) is None
    assert store.erasure.load_personal_data(ulm.ada.id) == {}
    assert store.erasure.erasure_queue(reference) == []
    store.erasure.purge_expired(4e9)
    store.delete_all_rows()
    assert theirs.requests.find_request(reference) is not None
    assert theirs.erasure.erasure_queue(reference)
    for one in (store, theirs):
        one.close()
