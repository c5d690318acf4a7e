"""The self-check of several people under a code, over the fake Telegram."""

import sqlite3
from contextlib import closing

import pytest
from sqlite_utils import Database

from bot.sandbox.fake_telegram import FakeTelegram, MessageView, User
from bot.settings import Settings
from bot.store.sqlite.migrations import migrations
from index.search.live_index import LiveIndex
from tests.end_to_end.conftest import running
from tests.end_to_end.test_selfcheck import answers, joins, new_code

DA = (3,) * 11
NOT_YET = (0,) * 11


async def looks(person: User) -> MessageView:
    """The picture of the team that the person was in last."""
    person.send_text("/selbstcheck")
    await person.wait_for_reply()
    return await person.wait_for_reply(person.tap_button("Gemeinsames Bild"))


@pytest.mark.usefixtures("polling")
async def test_team_of_three_six_and_ten(fake_telegram: FakeTelegram, ada: User) -> None:
    """With each third person there is a new picture; in between it stays, whoever fills in again."""
    code = await new_code(ada)
    seen = []
    for number in range(1, 11):
        person = fake_telegram.add_user(f"P{number}", language_code="de", started=True)
        await joins(person, code, DA if number in (1, 2, 4, 7) else NOT_YET)
        seen.append(await looks(person))

    assert [one.kind for one in seen] == ["text"] * 2 + ["photo"] * 8
    assert "2 Personen" in seen[1].text
    people = [one.text.split(" Personen")[0] for one in seen[2:]]
    assert people == ["3", "3", "3", "6", "6", "6", "9", "9"]
    assert ["Seitdem" in one.text for one in seen[2:]] == [False, True, True, False, True, True, False, True]
    for at, says in (
        (2, "Darauf können Sie bauen"),
        (5, "Das sehen Sie verschieden"),
        (8, "Das sehen Sie verschieden"),
    ):
        assert f"{says}: Gesellschaftliche Vision, Systemischer Ansatz" in seen[at].text
    assert not any(name in one.text for one in seen for name in ("P1", "P2", "Mittelwert", "Streuung"))


@pytest.mark.usefixtures("polling")
async def test_filling_in_again_changes_nothing(fake_telegram: FakeTelegram, ada: User, bea: User, cem: User) -> None:
    """Who is in a picture fills in once more for themselves; what all see stays, also by the link."""
    code = await new_code(ada)
    for person in (ada, bea, cem):
        await joins(person, code, DA)
    before = await looks(cem)
    cem.send_text("/selbstcheck")
    await cem.wait_for_reply()
    await cem.wait_for_reply(cem.tap_button("Los geht’s"))
    await answers(cem, NOT_YET)
    after = await looks(cem)
    cem.open_deep_link(f"check-{code}")

    assert after.text == before.text
    assert "stecken schon im gemeinsamen Bild" in (await cem.wait_for_reply()).text


@pytest.mark.usefixtures("polling")
async def test_who_deletes_is_no_longer_part_of_it(ada: User, bea: User, cem: User) -> None:
    """With the data of one of three the picture is gone as well; the others are told how to get a new one."""
    code = await new_code(ada)
    for person in (ada, bea, cem):
        await joins(person, code, DA)
    shown = await looks(bea)
    ada.send_text("/loeschen")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Ja, alles"))
    after = await looks(bea)

    assert (shown.kind, after.kind) == ("photo", "text")
    assert "kein gemeinsames Bild mehr" in after.text
    assert "Ihr Code" in (await bea.wait_for_reply(bea.tap_button("Neuen Code"))).text


@pytest.mark.usefixtures("polling")
async def test_code_is_typed(ada: User, bea: User) -> None:
    """A code can be typed; an unknown one is named as such, and a word or a question in between is answered."""
    code = await new_code(ada)
    bea.send_text("/selbstcheck")
    await bea.wait_for_reply()
    await bea.wait_for_reply(bea.tap_button("Mit anderen zusammen"))
    await bea.wait_for_reply(bea.tap_button("Mit einem Code"))
    bea.send_text("QQQQQQQQQQ")
    unknown = await bea.wait_for_reply()
    bea.send_text("Spende")
    word = await bea.wait_for_reply()
    bea.send_text("Was ist ein Backbone?")
    answer = await bea.wait_for_reply()
    bea.send_text(code.lower())

    assert "kenne ich nicht" in unknown.text
    assert "kenne ich nicht" not in word.text
    assert "Rückgrat" in answer.text
    assert f"unter dem Code {code} mit" in (await bea.wait_for_reply()).text


async def test_guessing_is_slow_also_after_a_restart(
    bot_settings: Settings, live: LiveIndex, ada: User, bea: User
) -> None:
    """After ten wrong codes the right one is not let in either, by a link or typed, and a restart is no way around
    it; who made the code is not held up."""
    async with running(bot_settings, live):
        code = await new_code(ada)
        for letter in "BCDFGHJKLM":
            bea.open_deep_link(f"check-QQQQQQQQQ{letter}")
            unknown = await bea.wait_for_reply()
    async with running(bot_settings, live):
        bea.open_deep_link(f"check-{code}")
        linked = await bea.wait_for_reply()
        bea.send_text("/selbstcheck")
        await bea.wait_for_reply()
        await bea.wait_for_reply(bea.tap_button("Mit anderen zusammen"))
        await bea.wait_for_reply(bea.tap_button("Mit einem Code"))
        bea.send_text(code)
        typed = await bea.wait_for_reply()
        own = await ada.wait_for_reply(ada.tap_button("Unter diesem Code"))

    assert "kenne ich nicht" in unknown.text
    assert "in einer Stunde wieder" in linked.text
    assert "in einer Stunde wieder" in typed.text
    assert "Frage 1 von 11" in own.text


async def test_team_of_a_store_of_before(
    bot_settings: Settings, live: LiveIndex, fake_telegram: FakeTelegram
) -> None:
    """Codes of six letters and the answers under them are taken over: the team has its picture, others can join."""
    people = [fake_telegram.add_user(f"P{number}", language_code="de", started=True) for number in range(4)]
    bot_settings.sqlite_path.unlink()
    with closing(sqlite3.connect(bot_settings.sqlite_path, isolation_level=None)) as file:
        migrations.apply(Database(file), stop_before="0011_pictures")
        file.execute("INSERT INTO codes VALUES ('ABCDEF', 1)")
        for person in people[:3]:
            told = ("ABCDEF", person.id, '{"vision": 2, "ansatz": 0}', 4_000_000_000.0)
            file.execute("INSERT INTO shares (code, user_id, answers, created) VALUES (?, ?, ?, ?)", told)
    async with running(bot_settings, live):
        seen = await looks(people[0])
        result = await joins(people[3], "ABCDEF", DA)
        after = await looks(people[3])

    assert "Darauf können Sie bauen: Gesellschaftliche Vision\n" in seen.text
    assert "Hier ist noch etwas zu tun: Systemischer Ansatz" in seen.text
    assert result.kind == "photo"
    assert "Seitdem ist eine Person dazugekommen" in after.text
