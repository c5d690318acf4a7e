"""A wish for advice reaches the advisers, and the answer comes back."""

from collections.abc import AsyncIterator

import pytest

from bot.settings import Settings
from index.live import LiveIndex
from tests.standin import Group, StandIn, User
from tests.telegram.conftest import running, sees


@pytest.fixture
def bea(standin: StandIn) -> User:
    """An adviser."""
    return standin.user("Bea", language_code="de")


@pytest.fixture
def advisers(standin: StandIn, bea: User) -> Group:
    """The advisers' group."""
    return standin.group("Beratung", [bea], admin=True)


@pytest.fixture
async def connected(
    bot_settings: Settings, live: LiveIndex, advisers: Group, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """A bot that is connected to the advisers' group."""
    monkeypatch.setenv("GW_ADVISER_CHAT_ID", str(advisers.id))
    async with running(Settings(), live):
        yield


async def request(person: User, text: str) -> str:
    """Send a request; returns its reference."""
    person.says("/beratung")
    await person.wait_reply()
    person.says(text)
    await person.wait_reply()
    sent = await person.wait_reply(person.taps("Ja, so weitergeben"))
    return next(word for word in sent.text.split() if "-" in word and word.isupper())


@pytest.mark.usefixtures("connected")
async def test_request_and_answer(standin: StandIn, ada: User, bea: User, advisers: Group) -> None:
    """The advisers see the request with its text; a reply to it reaches the person."""
    reference = await request(ada, "Wir sind ein Verein in Kiel und suchen Partner.")
    brief = await bea.wait_reply(chat=advisers)
    assert "Verein in Kiel" in brief.text
    assert reference in brief.text

    bea.says("Gern! Passt Ihnen Dienstag <10 Uhr>?", chat=advisers, reply_to=brief)
    answer = await sees(standin, ada, "Passt Ihnen Dienstag <10 Uhr>?")

    assert f"Antwort der Beratung zu Anfrage {reference}" in answer.text


@pytest.mark.usefixtures("connected")
async def test_two_requests_are_not_mixed_up(standin: StandIn, ada: User, bea: User, advisers: Group) -> None:
    """Each reply goes to the person whose request it replies to, and replies go both ways."""
    cem = standin.user("Cem", language_code="de", started=True)
    first, second = await request(ada, "Anliegen von Ada"), await request(cem, "Anliegen von Cem")
    await standin.wait_for(lambda: len(bea.sees(advisers)) == 2)
    briefs = {name: seen for seen in bea.sees(advisers) for name in ("Ada", "Cem") if f"von {name}\n" in seen.text}

    bea.says("Für Cem", chat=advisers, reply_to=briefs["Cem"])
    answer = await sees(standin, cem, "Für Cem")
    cem.says("Danke, noch eine Frage dazu.", reply_to=answer)
    further = await sees(standin, bea, "noch eine Frage", advisers)

    assert second in answer.text
    assert second in further.text
    assert all("Für Cem" not in seen.text for seen in ada.sees())
    assert first != second


@pytest.mark.usefixtures("connected")
async def test_nothing_is_passed_on_without_consent(ada: User, bea: User, advisers: Group) -> None:
    """Cancelling keeps and sends nothing."""
    ada.says("/beratung")
    await ada.wait_reply()
    ada.says("Geheim")
    await ada.wait_reply()
    await ada.wait_reply(ada.taps("Abbrechen"))
    await request(ada, "Öffentlich")
    await bea.wait_reply(chat=advisers)

    assert len(bea.sees(advisers)) == 1
    assert "Geheim" not in bea.sees(advisers)[0].text


@pytest.mark.usefixtures("connected")
async def test_second_tap_sends_nothing_twice(ada: User, bea: User, standin: StandIn, advisers: Group) -> None:
    """An impatient second tap on the consent is answered and changes nothing."""
    await request(ada, "Einmal genügt")
    ada.taps("Ja, so weitergeben")
    await standin.wait_for(lambda: len(standin.calls_to("answerCallbackQuery")) == 2)

    assert standin.calls_to("answerCallbackQuery")[-1].params["text"] == "Dieser Knopf gilt nicht mehr."
    assert len(bea.sees(advisers)) == 1


@pytest.mark.usefixtures("connected")
async def test_only_advisers_see_requests(ada: User, bea: User, advisers: Group) -> None:
    """/anfragen lists open requests to advisers and refuses everybody else."""
    reference = await request(ada, "Bitte melden")
    ada.says("/anfragen")
    assert "nur Berater*innen" in (await ada.wait_reply()).text

    bea.says("/anfragen", chat=advisers)

    assert reference in (await bea.wait_reply(chat=advisers)).text


@pytest.mark.usefixtures("connected")
async def test_advisers_talk_undisturbed(bea: User, advisers: Group) -> None:
    """What advisers say to each other is not answered by the bot."""
    bea.says("Wer übernimmt das?", chat=advisers)
    bea.says("/anfragen", chat=advisers)
    await bea.wait_reply(chat=advisers)

    assert len(bea.sees(advisers)) == 1


@pytest.mark.usefixtures("polling")
async def test_without_advisers_the_person_is_told_the_truth(ada: User) -> None:
    """Where no chat is connected the request is kept, and the person is told so and given the contact."""
    ada.says("/beratung")
    await ada.wait_reply()
    ada.says("Wir brauchen Rat.")
    await ada.wait_reply()
    kept = await ada.wait_reply(ada.taps("Ja, so weitergeben"))

    assert "niemand wird automatisch benachrichtigt" in kept.text
    assert "jacob.rohm@phineo.org" in kept.text


async def test_request_survives_restarts(
    standin: StandIn,
    ada: User,
    bea: User,
    advisers: Group,
    bot_settings: Settings,
    live: LiveIndex,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The form goes on after a restart between any two of its steps, and so does the conversation."""
    monkeypatch.setenv("GW_ADVISER_CHAT_ID", str(advisers.id))
    settings = Settings()
    async with running(settings, live):
        ada.says("/beratung")
        await ada.wait_reply()
    async with running(settings, live):
        ada.says("Über Nacht geschrieben")
        await ada.wait_reply()
    async with running(settings, live):
        await ada.wait_reply(ada.taps("Ja, so weitergeben"))
        brief = await bea.wait_reply(chat=advisers)
    async with running(settings, live):
        bea.says("Am Morgen geantwortet", chat=advisers, reply_to=brief)

        assert await sees(standin, ada, "Am Morgen geantwortet")
