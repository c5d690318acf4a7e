"""The self-check and the handout, from the first question to the file, over the fake Telegram."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, Group, MessageView, User
from bot.sandbox.fake_telegram.rules.images import read_image_size
from bot.settings import Settings
from index.search.live_index import LiveIndex
from knowledge.records.selfcheck import LEVEL_COUNT
from tests.end_to_end.conftest import running
from tests.end_to_end.mydata import my_data
from tests.support.missing_tools import needs_poppler
from tests.support.pdf import read_pdf

MIXED = (3, 2, 0, 1, 0, 3, 2, 1, 3, 2, 0)
HOSTILE = '#panic("x") <b>Eve</b> *fett* \u202eRTL مرحبا $x$'


async def answer_questions(person: User, levels: Sequence[int | None]) -> MessageView:
    """Answer the questions one after the other; return the result."""
    for level in levels[:-1]:
        await answer_question(person, level)
    return await answer_question(person, levels[-1], count=2)


async def answer_question(person: User, level: int | None, count: int = 1) -> MessageView:
    """Answer the current question with a level, or with the last answer: that the person does not know."""
    question = next(view for view in reversed(person.bot_messages()) if len(view.button_labels) > LEVEL_COUNT)
    label = question.button_labels[LEVEL_COUNT if level is None else level]
    return await person.wait_for_reply(person.tap_button(label), count=count)


async def complete_selfcheck(person: User, levels: Sequence[int | None]) -> MessageView:
    """Complete the self-check; return the result."""
    person.send_text("/selbstcheck")
    await person.wait_for_reply()
    await person.wait_for_reply(person.tap_button("Los geht’s"))
    return await answer_questions(person, levels)


async def complete_with_code(person: User, code: str, levels: Sequence[int]) -> MessageView:
    """Complete the self-check under a code from a link; return the result."""
    person.open_deep_link(f"check-{code}")
    await person.wait_for_reply()
    await person.wait_for_reply(person.tap_button("Unter diesem Code"))
    return await answer_questions(person, levels)


async def create_code(person: User) -> str:
    """Create a team code and return it."""
    person.send_text("/selbstcheck")
    await person.wait_for_reply()
    await person.wait_for_reply(person.tap_button("Mit anderen zusammen"))
    reply = await person.wait_for_reply(person.tap_button("Neuen Code"))
    return reply.text.split()[2]


def file_content(fake_telegram: FakeTelegram, seen: MessageView) -> bytes:
    """Return the photo or document of a message."""
    raw = seen.raw.get("document") or seen.raw["photo"][-1]
    return fake_telegram.world.files.by_id[raw["file_id"]].content


@pytest.mark.usefixtures("polling")
async def test_from_the_first_question_to_the_picture(fake_telegram: FakeTelegram, ada: User) -> None:
    """Eleven questions in one message lead to a picture, whose caption names strengths, gaps and limits."""
    result = await complete_selfcheck(ada, MIXED)

    assert len(ada.bot_messages()) == 2
    assert result.kind == "photo"
    assert read_image_size(file_content(fake_telegram, result)) is not None
    assert "Gesellschaftliche Vision, Abgestimmtes Tun, Fürsprache, Systemischer Ansatz" in result.text
    assert "Vernetztes Handeln, Gemeinsame Messung, Dringlichkeit, Gemeinsame Agenda" in result.text
    assert "Ihr nächster Schritt: Schreiben Sie auf, wer welchen Baustein beiträgt" in result.text
    assert "keine Diagnose" in result.text
    assert "Mehr: Vernetztes Handeln" in result.button_labels


@pytest.mark.usefixtures("polling")
async def test_in_english(fake_telegram: FakeTelegram) -> None:
    """The English self-check asks and reports in English."""
    eve = fake_telegram.add_user("Eve", language_code="en", started=True)
    eve.send_text("/selfcheck")
    await eve.wait_for_reply()
    await eve.wait_for_reply(eve.tap_button("Let’s begin"))
    result = await answer_questions(eve, MIXED)

    assert "What you can build on: A vision for society, Coordinated activities, Champion" in result.text
    assert "not a diagnosis" in result.text


@pytest.mark.usefixtures("polling")
async def test_result_is_compared_with_the_previous_one(ada: User) -> None:
    """The second result names the changes since the first; a question answered with don't know is none."""
    await complete_selfcheck(ada, (1,) * 11)
    await ada.wait_for_reply(ada.tap_button("Noch einmal"))
    result = await answer_questions(ada, (2, 0, None, *(1,) * 8))

    assert "weiter: Gesellschaftliche Vision\n" in result.text
    assert ": Systemischer Ansatz\n" in result.text.split("Zurückgefallen")[1]
    assert "eine Frage mit „weiß nicht“" in result.text


async def test_restart_between_any_two_questions(bot_settings: Settings, live: LiveIndex, ada: User) -> None:
    """Nothing is lost if the bot restarts after each answer and during a pause."""
    async with running(bot_settings, live):
        ada.send_text("/selbstcheck")
        await ada.wait_for_reply()
        await ada.wait_for_reply(ada.tap_button("Los geht’s"))
    for level in MIXED[:4]:
        async with running(bot_settings, live):
            await answer_question(ada, level)
    async with running(bot_settings, live):
        await ada.wait_for_reply(ada.tap_button("Pause"))
    async with running(bot_settings, live):
        ada.send_text("/selbstcheck")
        resumed = await ada.wait_for_reply()
        result = await answer_questions(ada, MIXED[4:])

    assert "Hier waren Sie stehen geblieben." in resumed.text
    assert "Frage 5 von 11" in resumed.text
    assert "Gesellschaftliche Vision, Abgestimmtes Tun, Fürsprache" in result.text


@pytest.mark.usefixtures("polling")
async def test_question_during_the_selfcheck(ada: User) -> None:
    """A question is answered, followed by a button that leads back to where the person was."""
    ada.send_text("/selbstcheck")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Los geht’s"))
    await answer_question(ada, 2)
    ada.send_text("Was ist ein Backbone?")
    reminder = await ada.wait_for_reply(count=2)
    back = await ada.wait_for_reply(ada.tap_button("Weiter mit dem Selbst-Check"))

    assert "wartet" in reminder.text
    assert "Frage 2 von 11" in back.text


@pytest.mark.usefixtures("polling")
async def test_cancel(ada: User) -> None:
    """/abbrechen discards the answers; the next self-check begins with the first question."""
    ada.send_text("/selbstcheck")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Los geht’s"))
    await answer_question(ada, 2)
    ada.send_text("/abbrechen")
    cancelled = await ada.wait_for_reply()
    ada.send_text("/selbstcheck")
    await ada.wait_for_reply()

    assert "abgebrochen" in cancelled.text
    assert "Frage 1 von 11" in (await ada.wait_for_reply(ada.tap_button("Los geht’s"))).text


@pytest.mark.usefixtures("polling")
async def test_deleting_leaves_no_result(ada: User, fake_telegram: FakeTelegram) -> None:
    """/meinedaten shows the results, /loeschen removes them."""
    await complete_selfcheck(ada, MIXED)
    before, _ = await my_data(fake_telegram, ada)
    ada.send_text("/loeschen")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Ja, alles"))
    after, _ = await my_data(fake_telegram, ada)

    assert [row["answers"]["vision"] for row in before["checks"]] == [3]
    assert after["checks"] == []


@pytest.mark.usefixtures("polling")
async def test_result_starts_a_request(ada: User) -> None:
    """A request that is started from the result has a concern already, which can be kept."""
    await complete_selfcheck(ada, MIXED)
    first_page = await ada.wait_for_reply(ada.tap_button("Beratung anfragen"))
    second_page = await ada.wait_for_reply(ada.tap_button("So lassen"))

    assert "Das fehlt uns noch: Vernetztes Handeln" in first_page.text
    assert "Wie heißt Ihre Organisation?" in second_page.text


@pytest.mark.usefixtures("polling")
async def test_result_leads_on(ada: User) -> None:
    """The buttons under the result open the entry about a gap, and the step of the introduction about it."""
    await complete_selfcheck(ada, MIXED)
    entry = await ada.wait_for_reply(ada.tap_button("Mehr: Gemeinsame Messung"))
    step = await ada.wait_for_reply(ada.tap_button("Dazu in der Einführung"))

    assert "dieselben wenigen" in entry.text
    assert "Schritt 5 von" in step.text


@needs_poppler
@pytest.mark.usefixtures("polling")
async def test_handout(fake_telegram: FakeTelegram, tmp_path: Path) -> None:
    """The handout has what they read and answered in words, and the way to the bot, but not their name."""
    eve = fake_telegram.add_user(HOSTILE, language_code="de", started=True)
    await complete_selfcheck(eve, MIXED)
    eve.send_text("/start intro-1")
    await eve.wait_for_reply()
    await eve.wait_for_reply(eve.tap_button("Weiter ›"))
    eve.send_text("/mitnehmen")
    sent = await eve.wait_for_reply(count=2)
    kept = eve.bot_messages()[-2]
    read = read_pdf(file_content(fake_telegram, sent), tmp_path)

    assert sent.raw["document"]["file_name"] == "gemeinsam-wirken-zum-mitnehmen.pdf"
    assert "nicht das Factsheet der Initiative" in sent.text
    assert "nicht das „Factsheet Gemeinsam Wirken“" in read.text
    assert "Manche Aufgaben sind so komplex, dass keine Organisation sie allein löst." in kept.text
    assert "1 Warum es allein nicht reicht" in read.text
    assert "2 Was es bringt" in read.text
    assert "3 " not in read.text.split("Ihr Selbst-Check")[0].split("Was es bringt")[1]
    assert "Ihr Selbst-Check vom" in read.text
    assert "dass sich bald etwas ändern muss? noch niemand" in read.text
    assert "Ihr nächster Schritt Schreiben Sie auf" in read.text
    assert f"t.me/{fake_telegram.bot.username}" in read.text
    assert "panic" not in read.text
    assert "Eve" not in read.text


@pytest.mark.usefixtures("polling")
async def test_handout_without_content(ada: User) -> None:
    """A person who has neither read nor answered anything is told where to begin."""
    ada.send_text("/mitnehmen")

    assert "/einfuehrung" in (await ada.wait_for_reply()).text


@pytest.mark.usefixtures("polling")
async def test_end_of_the_introduction(ada: User) -> None:
    """The last step offers the self-check and the handout."""
    ada.send_text("/start intro-9")
    await ada.wait_for_reply()
    document = await ada.wait_for_reply(ada.tap_button("Zum Mitnehmen"), count=2)
    check = await ada.wait_for_reply(ada.tap_button("Zum Selbst-Check"))

    assert document.kind == "document"
    assert "Was ist bei uns schon da, und was fehlt noch?" in check.text


@pytest.mark.usefixtures("polling")
async def test_selfcheck_is_shared(fake_telegram: FakeTelegram, ada: User, bea: User) -> None:
    """After the result, /teilen gives the link to the self-check, which opens it for somebody else."""
    await complete_selfcheck(ada, MIXED)
    ada.send_text("/teilen")
    shared = await ada.wait_for_reply()
    bea.open_deep_link("selbstcheck")

    assert f"t.me/{fake_telegram.bot.username}?start=selbstcheck" in shared.text
    assert "Was ist bei uns schon da, und was fehlt noch?" in (await bea.wait_for_reply()).text


@pytest.mark.usefixtures("polling")
async def test_not_available_in_groups(fake_telegram: FakeTelegram, ada: User) -> None:
    """The self-check and the handout are available in private chats only."""
    group: Group = fake_telegram.add_group("Verein", [ada], bot_is_admin=True)
    for command in ("/selbstcheck", "/mitnehmen"):
        ada.send_text(command, group)

        assert "privaten Chat" in (await ada.wait_for_reply(chat=group)).text
