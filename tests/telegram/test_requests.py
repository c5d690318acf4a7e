"""The form of a request for advice, over HTTP: whatever a person does in between, it goes on."""

import pytest

from bot.app import open_store
from bot.sandbox.standin import StandIn, User
from bot.settings import Settings
from index.live import LiveIndex
from tests.telegram.advice import reviewed
from tests.telegram.conftest import running, sees


@pytest.mark.usefixtures("polling")
async def test_summary_shows_exactly_what_was_told(ada: User) -> None:
    """Every line is in the summary, the telephone number in its usual spelling."""
    ada.says("/beratung")
    assert "Worum geht es?" in (await ada.wait_reply()).text
    ada.says("Wir wollen Jugendlichen den Einstieg erleichtern. Wie fangen wir an?")
    await ada.wait_reply()
    ada.says("Brücken e. V. <Kiel>")
    await ada.wait_reply()
    await ada.wait_reply(ada.taps("Stiftung"))
    ada.says("Kiel")
    await ada.wait_reply()
    await ada.wait_reply(ada.taps("Am Telefon"))
    ada.says("0431 / 98 76 54")
    await ada.wait_reply()
    ada.says("dienstags ab 14 Uhr")
    summary = (await ada.wait_reply()).text

    for line in (
        "Wie fangen wir an?",
        "Brücken e. V. <Kiel>",
        "Stiftung",
        "Ort: Kiel",
        "+49 431 987654",
        "ab 14 Uhr",
    ):
        assert line in summary
    assert "jacob.rohm@phineo.org" in summary


@pytest.mark.usefixtures("polling")
async def test_wrong_address_is_asked_again(ada: User) -> None:
    """What is no e-mail address is not taken; one typed where the way is asked is."""
    ada.says("/beratung")
    await ada.wait_reply()
    ada.says("Rat gesucht")
    await ada.wait_reply()
    await ada.wait_reply(ada.taps("Überspringen"))
    await ada.wait_reply(ada.taps("Kommune"))
    await ada.wait_reply(ada.taps("Überspringen"))
    await ada.wait_reply(ada.taps("Per E-Mail"))
    ada.says("ada at kiel")
    assert "nicht wie eine E-Mail-Adresse" in (await ada.wait_reply()).text
    await ada.wait_reply(ada.taps("‹ Zurück"))
    ada.says("ADA@Kiel.de")
    await ada.wait_reply()
    summary = await ada.wait_reply(ada.taps("Überspringen"))

    assert "ADA@kiel.de" in summary.text


@pytest.mark.usefixtures("polling")
async def test_question_in_the_middle_is_answered_and_the_form_goes_on(standin: StandIn, ada: User) -> None:
    """A question while the form waits for a name is answered; then the same is asked again."""
    ada.says("/beratung")
    await ada.wait_reply()
    ada.says("Rat gesucht")
    await ada.wait_reply()
    ada.says("Was ist eigentlich Gemeinsam Wirken?")
    again = await ada.wait_reply(count=2)

    assert "Wie heißt Ihre Organisation?" in again.text
    assert any("Quelle" in seen.text for seen in ada.sees())


@pytest.mark.usefixtures("polling")
async def test_doing_something_else_keeps_the_form(ada: User) -> None:
    """Another command sets the form aside; the next text is a question, and /beratung leads back to where it was."""
    ada.says("/beratung")
    await ada.wait_reply()
    ada.says("Rat gesucht")
    await ada.wait_reply()
    ada.says("/hilfe")
    assert "aufgehoben" in (await ada.wait_reply(count=2)).text
    ada.says("Was ist ein Backbone?")
    assert "Backbone" in (await ada.wait_reply()).text
    ada.says("/beratung")
    back = await ada.wait_reply()

    assert "Wie heißt Ihre Organisation?" in back.text


@pytest.mark.usefixtures("polling")
async def test_any_line_can_be_changed_in_the_summary(ada: User) -> None:
    """A line is changed and the summary comes back; what the bot would add can be left out."""
    ada.says("Wie beginnt Gemeinsam Wirken?")
    await ada.wait_reply()
    first = await reviewed(ada, "Erst so")
    assert "Letzte Frage an den Bot: Wie beginnt Gemeinsam Wirken?" in first.text
    without = await ada.wait_reply(ada.taps("☑ Letzte Frage"))
    assert "Letzte Frage an den Bot" not in without.text
    await ada.wait_reply(ada.taps("✎ Anliegen"))
    ada.says("Jetzt so")
    changed = await ada.wait_reply()

    assert "Jetzt so" in changed.text
    assert "Erst so" not in changed.text
    assert "Letzte Frage an den Bot" not in changed.text


@pytest.mark.usefixtures("polling")
async def test_last_question_becomes_the_concern_with_one_tap(ada: User) -> None:
    """The button under an answer leads to the form, which offers the question."""
    ada.says("Wie finden wir eine gemeinsame Vision?")
    await ada.wait_reply()
    asked = await ada.wait_reply(ada.taps("Mit einem Menschen sprechen"))
    assert "Wie finden wir eine gemeinsame Vision?" in asked.text
    following = await ada.wait_reply(ada.taps("Diese Frage übernehmen"))

    assert "Wie heißt Ihre Organisation?" in following.text


@pytest.mark.usefixtures("polling")
async def test_too_long_a_concern_is_not_cut(ada: User) -> None:
    """Nothing of what a person wrote is dropped in silence."""
    ada.says("/beratung")
    await ada.wait_reply()
    ada.says("lang " * 500)

    assert "höchstens 2000 Zeichen" in (await ada.wait_reply()).text


@pytest.mark.usefixtures("polling")
async def test_cancelling_keeps_nothing(ada: User, bot_settings: Settings) -> None:
    """Cancelled at the summary, nothing is kept, and the direct way is named."""
    await reviewed(ada, "Geheim")
    gone = await ada.wait_reply(ada.taps("Abbrechen"))

    assert "nichts weitergegeben" in gone.text
    assert "jacob.rohm@phineo.org" in gone.text
    store = open_store(bot_settings)
    assert store.requests() == []
    store.close()


@pytest.mark.usefixtures("polling")
async def test_second_tap_skips_and_sends_nothing_twice(standin: StandIn, ada: User, bot_settings: Settings) -> None:
    """An impatient second tap is answered and changes nothing."""
    await reviewed(ada)
    first, second = ada.taps("Ja, so weitergeben"), ada.taps("Ja, so weitergeben")
    await standin.wait_for(lambda: first.answer is not None and second.answer is not None)

    store = open_store(bot_settings)
    assert len(store.requests()) == 1
    store.close()


@pytest.mark.usefixtures("polling")
async def test_without_advisers_the_person_is_told_the_truth(ada: User, bot_settings: Settings) -> None:
    """Where nobody is connected the request is kept with its consent, and the person is told so."""
    await reviewed(ada)
    kept = await ada.wait_reply(ada.taps("Ja, so weitergeben"), count=2)

    assert "erfährt davon aber noch nicht von selbst" in kept.text
    assert "jacob.rohm@phineo.org" in kept.text
    store = open_store(bot_settings)
    (request,) = store.running()
    store.close()
    assert (request.consent, request.contact, request.details.kind) == ("2026-11-24", "jacob-rohm", "npo")
    assert request.created > 0


async def test_form_survives_a_restart_between_any_two_steps(
    standin: StandIn, ada: User, bot_settings: Settings, live: LiveIndex
) -> None:
    """Each step is done by another run of the bot."""
    steps = (
        lambda: ada.says("/beratung"),
        lambda: ada.says("Über Nacht geschrieben"),
        lambda: ada.says("Brücken e. V."),
        lambda: ada.taps("Verein"),
        lambda: ada.says("Kiel"),
        lambda: ada.taps("Am Telefon"),
        lambda: ada.says("+49 431 987654"),
        lambda: ada.taps("Überspringen"),
        lambda: ada.taps("Ja, so weitergeben"),
    )
    for step in steps:
        async with running(bot_settings, live):
            step()
            await ada.wait_reply(count=2 if step is steps[-1] else 1)

    assert await sees(standin, ada, "gespeichert")
