"""The self-check and the page to take along, from the first question to the file, over the stand-in."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.sandbox.fake_telegram import Group, Seen, StandIn, User
from bot.sandbox.fake_telegram.rules.image_size import sides
from bot.settings import Settings
from index.search.live_index import LiveIndex
from tests.pdf import needs_poppler, read_pdf
from tests.telegram.conftest import running
from tests.telegram.mydata import my_data

DE = ("noch gar nicht", "in Ansätzen", "weitgehend", "ja, das haben wir")
EN = ("not yet", "in parts", "largely", "yes, we have that")
MIXED = (3, 2, 0, 1, 0, 3, 2, 1, 3, 2, 0)
HOSTILE = '#panic("x") <b>Eve</b> *fett* \u202eRTL مرحبا $x$'


async def answers(person: User, levels: Sequence[int | None], words: Sequence[str] = DE) -> Seen:
    """Answer the questions that are being asked one by one; the result."""
    unknown = "weiß nicht" if words is DE else "don’t know"
    named = [unknown if level is None else words[level] for level in levels]
    for name in named[:-1]:
        await person.wait_reply(person.taps(name))
    return await person.wait_reply(person.taps(named[-1]), count=2)


async def fills_in(person: User, levels: Sequence[int | None]) -> Seen:
    """The whole self-check; the result."""
    person.says("/selbstcheck")
    await person.wait_reply()
    await person.wait_reply(person.taps("Los geht’s"))
    return await answers(person, levels)


async def joins(person: User, code: str, levels: Sequence[int]) -> Seen:
    """Fill in under a code that came by a link; the result."""
    person.opens_link(f"check-{code}")
    await person.wait_reply()
    await person.wait_reply(person.taps("Unter diesem Code"))
    return await answers(person, levels)


async def new_code(person: User) -> str:
    """A code of the person's own."""
    person.says("/selbstcheck")
    await person.wait_reply()
    await person.wait_reply(person.taps("Mit anderen zusammen"))
    told = await person.wait_reply(person.taps("Neuen Code"))
    return told.text.split()[2]


def content(standin: StandIn, seen: Seen) -> bytes:
    """The bytes of the picture or document of a message."""
    raw = seen.raw.get("document") or seen.raw["photo"][-1]
    return standin.world.files.by_id[raw["file_id"]].content


@pytest.mark.usefixtures("polling")
async def test_from_the_first_question_to_the_picture(standin: StandIn, ada: User) -> None:
    """Eleven questions in one message, then a picture; its caption says what it shows, and is honest."""
    result = await fills_in(ada, MIXED)

    assert len(ada.sees()) == 2
    assert result.kind == "photo"
    assert sides(content(standin, result)) is not None
    assert "Gesellschaftliche Vision, Abgestimmtes Tun, Fürsprache" in result.text
    assert "Vernetztes Handeln, Gemeinsame Messung, Dringlichkeit" in result.text
    assert "keine Diagnose" in result.text
    assert "Mehr: Vernetztes Handeln" in result.labels


@pytest.mark.usefixtures("polling")
async def test_in_english(standin: StandIn) -> None:
    """The English twin asks and tells in English."""
    eve = standin.user("Eve", language_code="en", started=True)
    eve.says("/selfcheck")
    await eve.wait_reply()
    await eve.wait_reply(eve.taps("Let’s begin"))
    result = await answers(eve, MIXED, EN)

    assert "What you can build on: A vision for society, Coordinated activities, Champion" in result.text
    assert "not a diagnosis" in result.text


@pytest.mark.usefixtures("polling")
async def test_compared_with_the_last_time(ada: User) -> None:
    """The second result says what moved since the first, and a question not known is no change."""
    await fills_in(ada, (1,) * 11)
    await ada.wait_reply(ada.taps("Noch einmal"))
    result = await answers(ada, (2, 0, None, *(1,) * 8))

    assert "weiter: Gesellschaftliche Vision\n" in result.text
    assert ": Systemischer Ansatz\n" in result.text.split("Weniger weit")[1]
    assert "eine Frage mit „weiß nicht“" in result.text


async def test_restart_between_any_two_questions(bot_settings: Settings, live: LiveIndex, ada: User) -> None:
    """With the bot started anew after each answer, nothing is lost, and a pause holds over it."""
    async with running(bot_settings, live):
        ada.says("/selbstcheck")
        await ada.wait_reply()
        await ada.wait_reply(ada.taps("Los geht’s"))
    for level in MIXED[:4]:
        async with running(bot_settings, live):
            await ada.wait_reply(ada.taps(DE[level]))
    async with running(bot_settings, live):
        await ada.wait_reply(ada.taps("Pause"))
    async with running(bot_settings, live):
        ada.says("/selbstcheck")
        again = await ada.wait_reply()
        result = await answers(ada, MIXED[4:])

    assert "Hier waren Sie stehen geblieben." in again.text
    assert "Frage 5 von 11" in again.text
    assert "Gesellschaftliche Vision, Abgestimmtes Tun, Fürsprache" in result.text


@pytest.mark.usefixtures("polling")
async def test_question_in_the_middle(ada: User) -> None:
    """A question is answered, and then the way back is shown, which leads to where it was."""
    ada.says("/selbstcheck")
    await ada.wait_reply()
    await ada.wait_reply(ada.taps("Los geht’s"))
    await ada.wait_reply(ada.taps(DE[2]))
    ada.says("Was ist ein Backbone?")
    reminder = await ada.wait_reply(count=2)
    back = await ada.wait_reply(ada.taps("Weiter mit dem Selbst-Check"))

    assert "wartet" in reminder.text
    assert "Frage 2 von 11" in back.text


@pytest.mark.usefixtures("polling")
async def test_cancel(ada: User) -> None:
    """/abbrechen throws away what was answered; the next self-check begins with the first question."""
    ada.says("/selbstcheck")
    await ada.wait_reply()
    await ada.wait_reply(ada.taps("Los geht’s"))
    await ada.wait_reply(ada.taps(DE[2]))
    ada.says("/abbrechen")
    cancelled = await ada.wait_reply()
    ada.says("/selbstcheck")
    await ada.wait_reply()

    assert "abgebrochen" in cancelled.text
    assert "Frage 1 von 11" in (await ada.wait_reply(ada.taps("Los geht’s"))).text


@pytest.mark.usefixtures("polling")
async def test_deleting_leaves_no_result(ada: User, standin: StandIn) -> None:
    """/meinedaten shows the results, /loeschen removes them."""
    await fills_in(ada, MIXED)
    before, _ = await my_data(standin, ada)
    ada.says("/loeschen")
    await ada.wait_reply()
    await ada.wait_reply(ada.taps("Ja, alles"))
    after, _ = await my_data(standin, ada)

    assert [row["answers"]["vision"] for row in before["checks"]] == [3]
    assert after["checks"] == []


@pytest.mark.usefixtures("polling")
async def test_result_begins_a_request(ada: User) -> None:
    """From the result to the advice: the concern is written already and can be kept or changed."""
    await fills_in(ada, MIXED)
    form = await ada.wait_reply(ada.taps("Damit zur Beratung"))
    following = await ada.wait_reply(ada.taps("So lassen"))

    assert "Das fehlt uns noch: Vernetztes Handeln" in form.text
    assert "Wie heißt Ihre Organisation?" in following.text


@pytest.mark.usefixtures("polling")
async def test_result_leads_on(ada: User) -> None:
    """The buttons under the result lead to the entry of the gap, and to the step of the path that tells of it."""
    await fills_in(ada, MIXED)
    entry = await ada.wait_reply(ada.taps("Mehr: Gemeinsame Messung"))
    step = await ada.wait_reply(ada.taps("Dazu in der Einführung"))

    assert "denselben Indikatoren" in entry.text
    assert "Schritt 5 von" in step.text


@needs_poppler
@pytest.mark.usefixtures("polling")
async def test_page_to_take_along(standin: StandIn, tmp_path: Path) -> None:
    """One tagged page in the person's language with what was read and told, and nothing of who they are."""
    eve = standin.user(HOSTILE, language_code="de", started=True)
    await fills_in(eve, MIXED)
    eve.says("/start intro-1")
    await eve.wait_reply()
    await eve.wait_reply(eve.taps("Weiter ›"))
    eve.says("/mitnehmen")
    sent = await eve.wait_reply()
    read = read_pdf(content(standin, sent), tmp_path)

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
    ada.says("/mitnehmen")

    assert "/einfuehrung" in (await ada.wait_reply()).text


@pytest.mark.usefixtures("polling")
async def test_end_of_the_introduction(ada: User) -> None:
    """The last step offers the self-check and the page."""
    ada.says("/start intro-9")
    await ada.wait_reply()
    document = await ada.wait_reply(ada.taps("Zum Mitnehmen"))
    check = await ada.wait_reply(ada.taps("Zum Selbst-Check"))

    assert document.kind == "document"
    assert "Passt Gemeinsam Wirken zu unserem Vorhaben?" in check.text


@pytest.mark.usefixtures("polling")
async def test_not_in_front_of_a_group(standin: StandIn, ada: User) -> None:
    """Answers of a person are not for the others of a group."""
    group: Group = standin.group("Verein", [ada], admin=True)
    for command in ("/selbstcheck", "/mitnehmen"):
        ada.says(command, group)

        assert "privaten Chat" in (await ada.wait_reply(chat=group)).text
