"""The self-check and the page to take along, from the first question to the file, over the fake Telegram."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, Group, MessageView, User
from bot.sandbox.fake_telegram.rules.images import read_image_size
from bot.settings import Settings
from index.search.live_index import LiveIndex
from tests.end_to_end.conftest import running
from tests.end_to_end.mydata import my_data
from tests.support.missing_tools import needs_poppler
from tests.support.pdf import read_pdf

DE = ("noch gar nicht", "in Ansätzen", "weitgehend", "ja, das haben wir")
EN = ("not yet", "in parts", "largely", "yes, we have that")
MIXED = (3, 2, 0, 1, 0, 3, 2, 1, 3, 2, 0)
HOSTILE = '#panic("x") <b>Eve</b> *fett* \u202eRTL مرحبا $x$'


async def answers(person: User, levels: Sequence[int | None], words: Sequence[str] = DE) -> MessageView:
    """Answer the questions that are being asked one by one; the result."""
    unknown = "weiß nicht" if words is DE else "don’t know"
    named = [unknown if level is None else words[level] for level in levels]
    for name in named[:-1]:
        await person.wait_for_reply(person.tap_button(name))
    return await person.wait_for_reply(person.tap_button(named[-1]), count=2)


async def fills_in(person: User, levels: Sequence[int | None]) -> MessageView:
    """The whole self-check; the result."""
    person.send_text("/selbstcheck")
    await person.wait_for_reply()
    await person.wait_for_reply(person.tap_button("Los geht’s"))
    return await answers(person, levels)


async def joins(person: User, code: str, levels: Sequence[int]) -> MessageView:
    """Fill in under a code that came by a link; the result."""
    person.open_deep_link(f"check-{code}")
    await person.wait_for_reply()
    await person.wait_for_reply(person.tap_button("Unter diesem Code"))
    return await answers(person, levels)


async def new_code(person: User) -> str:
    """A code of the person's own."""
    person.send_text("/selbstcheck")
    await person.wait_for_reply()
    await person.wait_for_reply(person.tap_button("Mit anderen zusammen"))
    told = await person.wait_for_reply(person.tap_button("Neuen Code"))
    return told.text.split()[2]


def content(fake_telegram: FakeTelegram, seen: MessageView) -> bytes:
    """The bytes of the picture or document of a message."""
    raw = seen.raw.get("document") or seen.raw["photo"][-1]
    return fake_telegram.world.files.by_id[raw["file_id"]].content


@pytest.mark.usefixtures("polling")
async def test_from_the_first_question_to_the_picture(fake_telegram: FakeTelegram, ada: User) -> None:
    """Eleven questions in one message, then a picture; its caption says what it shows, and is honest."""
    result = await fills_in(ada, MIXED)

    assert len(ada.bot_messages()) == 2
    assert result.kind == "photo"
    assert read_image_size(content(fake_telegram, result)) is not None
    assert "Gesellschaftliche Vision, Abgestimmtes Tun, Fürsprache" in result.text
    assert "Vernetztes Handeln, Gemeinsame Messung, Dringlichkeit" in result.text
    assert "keine Diagnose" in result.text
    assert "Mehr: Vernetztes Handeln" in result.button_labels


@pytest.mark.usefixtures("polling")
async def test_in_english(fake_telegram: FakeTelegram) -> None:
    """The English twin asks and tells in English."""
    eve = fake_telegram.add_user("Eve", language_code="en", started=True)
    eve.send_text("/selfcheck")
    await eve.wait_for_reply()
    await eve.wait_for_reply(eve.tap_button("Let’s begin"))
    result = await answers(eve, MIXED, EN)

    assert "What you can build on: A vision for society, Coordinated activities, Champion" in result.text
    assert "not a diagnosis" in result.text


@pytest.mark.usefixtures("polling")
async def test_compared_with_the_last_time(ada: User) -> None:
    """The second result says what moved since the first, and a question not known is no change."""
    await fills_in(ada, (1,) * 11)
    await ada.wait_for_reply(ada.tap_button("Noch einmal"))
    result = await answers(ada, (2, 0, None, *(1,) * 8))

    assert "weiter: Gesellschaftliche Vision\n" in result.text
    assert ": Systemischer Ansatz\n" in result.text.split("Weniger weit")[1]
    assert "eine Frage mit „weiß nicht“" in result.text


async def test_restart_between_any_two_questions(bot_settings: Settings, live: LiveIndex, ada: User) -> None:
    """With the bot started anew after each answer, nothing is lost, and a pause holds over it."""
    async with running(bot_settings, live):
        ada.send_text("/selbstcheck")
        await ada.wait_for_reply()
        await ada.wait_for_reply(ada.tap_button("Los geht’s"))
    for level in MIXED[:4]:
        async with running(bot_settings, live):
            await ada.wait_for_reply(ada.tap_button(DE[level]))
    async with running(bot_settings, live):
        await ada.wait_for_reply(ada.tap_button("Pause"))
    async with running(bot_settings, live):
        ada.send_text("/selbstcheck")
        again = await ada.wait_for_reply()
        result = await answers(ada, MIXED[4:])

    assert "Hier waren Sie stehen geblieben." in again.text
    assert "Frage 5 von 11" in again.text
    assert "Gesellschaftliche Vision, Abgestimmtes Tun, Fürsprache" in result.text


@pytest.mark.usefixtures("polling")
async def test_question_in_the_middle(ada: User) -> None:
    """A question is answered, and then the way back is shown, which leads to where it was."""
    ada.send_text("/selbstcheck")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Los geht’s"))
    await ada.wait_for_reply(ada.tap_button(DE[2]))
    ada.send_text("Was ist ein Backbone?")
    reminder = await ada.wait_for_reply(count=2)
    back = await ada.wait_for_reply(ada.tap_button("Weiter mit dem Selbst-Check"))

    assert "wartet" in reminder.text
    assert "Frage 2 von 11" in back.text


@pytest.mark.usefixtures("polling")
async def test_cancel(ada: User) -> None:
    """/abbrechen throws away what was answered; the next self-check begins with the first question."""
    ada.send_text("/selbstcheck")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Los geht’s"))
    await ada.wait_for_reply(ada.tap_button(DE[2]))
    ada.send_text("/abbrechen")
    cancelled = await ada.wait_for_reply()
    ada.send_text("/selbstcheck")
    await ada.wait_for_reply()

    assert "abgebrochen" in cancelled.text
    assert "Frage 1 von 11" in (await ada.wait_for_reply(ada.tap_button("Los geht’s"))).text


@pytest.mark.usefixtures("polling")
async def test_deleting_leaves_no_result(ada: User, fake_telegram: FakeTelegram) -> None:
    """/meinedaten shows the results, /loeschen removes them."""
    await fills_in(ada, MIXED)
    before, _ = await my_data(fake_telegram, ada)
    ada.send_text("/loeschen")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Ja, alles"))
    after, _ = await my_data(fake_telegram, ada)

    assert [row["answers"]["vision"] for row in before["checks"]] == [3]
    assert after["checks"] == []


@pytest.mark.usefixtures("polling")
async def test_result_begins_a_request(ada: User) -> None:
    """From the result to the advice: the concern is written already and can be kept or changed."""
    await fills_in(ada, MIXED)
    form = await ada.wait_for_reply(ada.tap_button("Damit zur Beratung"))
    following = await ada.wait_for_reply(ada.tap_button("So lassen"))

    assert "Das fehlt uns noch: Vernetztes Handeln" in form.text
    assert "Wie heißt Ihre Organisation?" in following.text


@pytest.mark.usefixtures("polling")
async def test_result_leads_on(ada: User) -> None:
    """The buttons under the result lead to the entry of the gap, and to the step of the path that tells of it."""
    await fills_in(ada, MIXED)
    entry = await ada.wait_for_reply(ada.tap_button("Mehr: Gemeinsame Messung"))
    step = await ada.wait_for_reply(ada.tap_button("Dazu in der Einführung"))

    assert "denselben Indikatoren" in entry.text
    assert "Schritt 5 von" in step.text


@needs_poppler
@pytest.mark.usefixtures("polling")
async def test_page_to_take_along(fake_telegram: FakeTelegram, tmp_path: Path) -> None:
    """One tagged page in the person's language with what was read and told, and nothing of who they are."""
    eve = fake_telegram.add_user(HOSTILE, language_code="de", started=True)
    await fills_in(eve, MIXED)
    eve.send_text("/start intro-1")
    await eve.wait_for_reply()
    await eve.wait_for_reply(eve.tap_button("Weiter ›"))
    eve.send_text("/mitnehmen")
    sent = await eve.wait_for_reply()
    read = read_pdf(content(fake_telegram, sent), tmp_path)

    assert sent.raw["document"]["file_name"] == "gemeinsam-wirken-zum-mitnehmen.pdf"
    assert "nicht das Factsheet der Initiative" in sent.text
    assert "nicht das „Factsheet Gemeinsam Wirken“" in read.text
    assert "1 Warum allein nicht reicht" in read.text
    assert "2 Was es bringt" in read.text
    assert "3 " not in read.text.split("Ihr Selbst-Check")[0].split("Was es bringt")[1]
    assert "Ihr Selbst-Check vom" in read.text
    assert "panic" not in read.text
    assert "Eve" not in read.text


@pytest.mark.usefixtures("polling")
async def test_nothing_to_take_along_yet(ada: User) -> None:
    """Who has neither read nor told anything is shown the ways there."""
    ada.send_text("/mitnehmen")

    assert "/einfuehrung" in (await ada.wait_for_reply()).text


@pytest.mark.usefixtures("polling")
async def test_end_of_the_introduction(ada: User) -> None:
    """The last step offers the self-check and the page."""
    ada.send_text("/start intro-9")
    await ada.wait_for_reply()
    document = await ada.wait_for_reply(ada.tap_button("Zum Mitnehmen"))
    check = await ada.wait_for_reply(ada.tap_button("Zum Selbst-Check"))

    assert document.kind == "document"
    assert "Passt Gemeinsam Wirken zu unserem Vorhaben?" in check.text


@pytest.mark.usefixtures("polling")
async def test_not_in_front_of_a_group(fake_telegram: FakeTelegram, ada: User) -> None:
    """Answers of a person are not for the others of a group."""
    group: Group = fake_telegram.add_group("Verein", [ada], bot_is_admin=True)
    for command in ("/selbstcheck", "/mitnehmen"):
        ada.send_text(command, group)

        assert "privaten Chat" in (await ada.wait_for_reply(chat=group)).text
