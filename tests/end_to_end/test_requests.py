"""The form of a request, over HTTP: whatever a person does in between, it can be completed."""

from contextlib import closing

import pytest

from bot.app.bootstrap import open_store_from_settings
from bot.domain.consultation import ContactChannel, Details
from bot.flows.consultation.review import REQUEST_CONSENT_VERSION
from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.settings import Settings
from index.search.live_index import LiveIndex
from tests.end_to_end.advice import card, fill_in_form
from tests.end_to_end.conftest import running, wait_for_text


@pytest.mark.usefixtures("polling")
async def test_summary_shows_all_answers(ada: User) -> None:
    """The summary has every answer, and the telephone number in its usual format."""
    ada.send_text("/beratung")
    assert "Worum geht es?" in (await ada.wait_for_reply()).text
    ada.send_text("Wir wollen Jugendlichen den Einstieg erleichtern. Wie fangen wir an?")
    await ada.wait_for_reply()
    ada.send_text("Brücken e. V. <Kiel>")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Stiftung"))
    ada.send_text("Kiel")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Am Telefon"))
    ada.send_text("0431 / 98 76 54")
    await ada.wait_for_reply()
    ada.send_text("dienstags ab 14 Uhr")
    summary = (await ada.wait_for_reply()).text

    for line in (
        "Wie fangen wir an?",
        "Brücken e. V. <Kiel>",
        "Stiftung",
        "Ort: Kiel",
        "+49 431 987654",
        "ab 14 Uhr",
    ):
        assert line in summary
    assert "Jacob Rohm" in summary


@pytest.mark.usefixtures("polling")
async def test_invalid_address_is_rejected(ada: User) -> None:
    """An invalid e-mail address is rejected; a valid one is accepted even instead of a contact channel."""
    ada.send_text("/beratung")
    await ada.wait_for_reply()
    ada.send_text("Rat gesucht")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Überspringen"))
    await ada.wait_for_reply(ada.tap_button("Kommune"))
    await ada.wait_for_reply(ada.tap_button("Überspringen"))
    await ada.wait_for_reply(ada.tap_button("Per E-Mail"))
    ada.send_text("ada at kiel")
    assert "nicht wie eine E-Mail-Adresse" in (await ada.wait_for_reply()).text
    await ada.wait_for_reply(ada.tap_button("‹ Zurück"))
    ada.send_text("ADA@Kiel.de")
    summary = await ada.wait_for_reply()

    assert "ADA@kiel.de" in summary.text


@pytest.mark.usefixtures("polling")
async def test_question_during_the_form_is_answered(fake_telegram: FakeTelegram, ada: User) -> None:
    """A question asked during the form is answered, and then the form repeats its own question."""
    ada.send_text("/beratung")
    await ada.wait_for_reply()
    ada.send_text("Rat gesucht")
    await ada.wait_for_reply()
    ada.send_text("Was ist eigentlich Gemeinsam Wirken?")
    repeated = await ada.wait_for_reply(count=2)

    assert "Wie heißt Ihre Organisation?" in repeated.text
    assert any("Quelle" in seen.text for seen in ada.bot_messages())


@pytest.mark.usefixtures("polling")
async def test_command_suspends_the_form(ada: User) -> None:
    """Another command suspends the form; the next text is a question, and /beratung resumes the form."""
    ada.send_text("/beratung")
    await ada.wait_for_reply()
    ada.send_text("Rat gesucht")
    await ada.wait_for_reply()
    ada.send_text("/hilfe")
    assert "aufgehoben" in (await ada.wait_for_reply(count=2)).text
    ada.send_text("Was ist ein Backbone?")
    assert "Backbone" in (await ada.wait_for_reply()).text
    ada.send_text("/beratung")
    resumed = await ada.wait_for_reply()

    assert "Wie heißt Ihre Organisation?" in resumed.text


@pytest.mark.usefixtures("polling")
async def test_any_line_can_be_changed_in_the_summary(ada: User) -> None:
    """A line can be changed in the summary, and what the bot could add is added only if it is ticked."""
    ada.send_text("Wie beginnt Gemeinsam Wirken?")
    await ada.wait_for_reply()
    first = await fill_in_form(ada, "Erst so")
    assert "Letzte Frage an den Bot" not in first.text
    ticked = await ada.wait_for_reply(ada.tap_button("☐ Letzte Frage"))
    assert "Letzte Frage an den Bot: Wie beginnt Gemeinsam Wirken?" in ticked.text
    without = await ada.wait_for_reply(ada.tap_button("☑ Letzte Frage"))
    assert "Letzte Frage an den Bot" not in without.text
    await ada.wait_for_reply(ada.tap_button("✎ Anliegen"))
    ada.send_text("Jetzt so")
    changed = await ada.wait_for_reply()

    assert "Jetzt so" in changed.text
    assert "Erst so" not in changed.text
    assert "Letzte Frage an den Bot" not in changed.text


@pytest.mark.usefixtures("polling")
async def test_last_question_becomes_the_concern_with_one_tap(ada: User) -> None:
    """The button under an answer opens the form, which offers the question as the concern."""
    ada.send_text("Wie finden wir eine gemeinsame Vision?")
    await ada.wait_for_reply()
    first_page = await ada.wait_for_reply(ada.tap_button("👤 Beratung"))
    assert "Wie finden wir eine gemeinsame Vision?" in first_page.text
    second_page = await ada.wait_for_reply(ada.tap_button("Diese Frage übernehmen"))

    assert "Wie heißt Ihre Organisation?" in second_page.text


@pytest.mark.usefixtures("polling")
async def test_overlong_concern_is_rejected(ada: User) -> None:
    """A concern that is too long is rejected, not truncated."""
    ada.send_text("/beratung")
    await ada.wait_for_reply()
    ada.send_text("lang " * 500)

    assert "höchstens 2000 Zeichen" in (await ada.wait_for_reply()).text


@pytest.mark.usefixtures("polling")
async def test_cancelling_stores_nothing(ada: User, bot_settings: Settings) -> None:
    """Cancelling at the summary stores nothing and names the contact."""
    await fill_in_form(ada, "Das ist geheim")
    cancelled = await ada.wait_for_reply(ada.tap_button("Abbrechen"))

    assert "nichts weitergegeben" in cancelled.text
    assert "jacob.rohm@phineo.org" in cancelled.text
    store = open_store_from_settings(bot_settings)
    assert store.requests.all_requests() == []
    store.close()


@pytest.mark.usefixtures("polling")
async def test_double_tap_sends_one_request(fake_telegram: FakeTelegram, ada: User, bot_settings: Settings) -> None:
    """An impatient second tap is answered and changes nothing."""
    await fill_in_form(ada)
    first, second = ada.tap_button("Ja, so weitergeben"), ada.tap_button("Ja, so weitergeben")
    await fake_telegram.wait_for(lambda: first.answer is not None and second.answer is not None)

    store = open_store_from_settings(bot_settings)
    assert len(store.requests.all_requests()) == 1
    store.close()


@pytest.mark.usefixtures("polling")
async def test_request_without_an_adviser_chat(ada: User, bot_settings: Settings) -> None:
    """Without an adviser chat, the request is stored with its consent; the person learns that nobody is notified."""
    await fill_in_form(ada)
    reply = await ada.wait_for_reply(ada.tap_button("Ja, so weitergeben"), count=2)

    assert "Weitergeben kann ich sie aber noch nicht" in reply.text
    assert "jacob.rohm@phineo.org" in reply.text
    store = open_store_from_settings(bot_settings)
    (request,) = store.requests.active_requests()
    store.close()
    assert (request.consent, request.contact, request.details.kind) == (REQUEST_CONSENT_VERSION, "jacob-rohm", "npo")
    assert request.created > 0


async def test_form_survives_a_restart_between_any_two_steps(
    fake_telegram: FakeTelegram, ada: User, bot_settings: Settings, live: LiveIndex
) -> None:
    """The form can be completed with a restart of the bot between any two steps."""
    steps = (
        lambda: ada.send_text("/beratung"),
        lambda: ada.send_text("Über Nacht geschrieben"),
        lambda: ada.send_text("Brücken e. V."),
        lambda: ada.tap_button("Verein"),
        lambda: ada.send_text("Kiel"),
        lambda: ada.tap_button("Am Telefon"),
        lambda: ada.send_text("+49 431 987654"),
        lambda: ada.tap_button("Überspringen"),
        lambda: ada.tap_button("Ja, so weitergeben"),
    )
    for step in steps:
        async with running(bot_settings, live):
            step()
            await ada.wait_for_reply(count=2 if step is steps[-1] else 1)

    assert await wait_for_text(fake_telegram, ada, "gespeichert")


@pytest.mark.usefixtures("polling")
async def test_whole_form_can_be_typed(ada: User, bot_settings: Settings) -> None:
    """Typed button labels and a number with spaces lead to the summary, and a typed word sends it."""
    ada.send_text("/beratung")
    await ada.wait_for_reply()
    for text in ("Wir suchen Rat.", "überspringen", "Verein", "weiter", "per Telefon", "030 123 45 67", "keine"):
        ada.send_text(text)
        answer = await ada.wait_for_reply()
    assert "+49 30 1234567" in answer.text
    ada.send_text("Ja, bitte")
    await ada.wait_for_reply()

    with closing(open_store_from_settings(bot_settings)) as store:
        (request,) = store.requests.active_requests()
    assert request.details == Details("Wir suchen Rat.", "", "npo", "", ContactChannel.PHONE, "+49 30 1234567", "")


@pytest.mark.usefixtures("polling")
async def test_typed_number_sets_the_contact_channel(ada: User) -> None:
    """A number typed instead of a contact channel sets both the channel and the number."""
    ada.send_text("/beratung")
    await ada.wait_for_reply()
    ada.send_text("Wir suchen Rat.")
    await ada.wait_for_reply()
    for label in ("Überspringen", "Verein oder NPO", "Überspringen"):
        await ada.wait_for_reply(ada.tap_button(label))
    ada.send_text("+49 30 901820")
    assert "Wann passt es Ihnen gut?" in (await ada.wait_for_reply()).text

    assert "+49 30 901820" in (await ada.wait_for_reply(ada.tap_button("Überspringen"))).text


@pytest.mark.usefixtures("connected")
async def test_corrections_before_and_after_sending(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group
) -> None:
    """An edit changes the summary; after sending, the person is told how to reach the advisers, and can."""
    ada.send_text("/beratung")
    await ada.wait_for_reply()
    concern = ada.send_text("Wir suchen Raad.")
    await ada.wait_for_reply()
    for label in ("Überspringen", "Verein oder NPO", "Überspringen", "Hier bei Telegram"):
        await ada.wait_for_reply(ada.tap_button(label))
    ada.edit_text(concern, "Wir suchen Rat.")
    assert "Anliegen: Wir suchen Rat." in (await ada.wait_for_reply()).text
    await ada.wait_for_reply(ada.tap_button("Ja, so weitergeben"), count=2)
    reference = next(
        word for word in (await wait_for_text(fake_telegram, ada, "hat die Nummer")).text.split() if word.isupper()
    )
    assert "Wir suchen Rat." in (await card(fake_telegram, bea, forum, reference)).text

    ada.edit_text(concern, "Wir suchen Geld.")
    notice = await wait_for_text(fake_telegram, ada, "schon weitergegeben")
    ada.send_text("Geld, nicht Rat.", reply_to=notice)

    assert (await wait_for_text(fake_telegram, bea, "Geld, nicht Rat.", forum)).thread_id


@pytest.mark.usefixtures("polling")
async def test_question_is_edited_while_a_form_is_suspended(fake_telegram: FakeTelegram, ada: User) -> None:
    """While a form is suspended, editing an earlier question edits its answer in place."""
    question = ada.send_text("Was ist ein Backbone?")
    answer = await ada.wait_for_reply()
    for command in ("/beratung", "/hilfe"):
        ada.send_text(command)
        await ada.wait_for_reply(count=1 if command == "/beratung" else 2)
    ada.edit_text(question, "Was ist Collective Impact?")
    await fake_telegram.wait_for(
        lambda: [seen for seen in ada.bot_messages() if seen.id == answer.id and seen.edited]
    )

    assert "Collective Impact" in next(seen for seen in ada.bot_messages() if seen.id == answer.id).text
