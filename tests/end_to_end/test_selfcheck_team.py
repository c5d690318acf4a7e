"""The self-check of a team with a shared code, over the fake Telegram."""

import sqlite3
from contextlib import closing

import pytest
from sqlite_utils import Database

from bot.sandbox.fake_telegram import FakeTelegram, MessageView, User
from bot.settings import Settings
from bot.store.sqlite.schema import migrations
from index.search.live_index import LiveIndex
from tests.end_to_end.conftest import running
from tests.end_to_end.test_selfcheck import answer_questions, complete_with_code, create_code

ALL_PRESENT = (3,) * 11
NOT_YET = (0,) * 11


async def view_team_result(person: User) -> MessageView:
    """Open the result of the person's latest team."""
    person.send_text("/selbstcheck")
    await person.wait_for_reply()
    return await person.wait_for_reply(person.tap_button("Gemeinsames Bild"))


@pytest.mark.usefixtures("polling")
async def test_team_of_three_six_and_ten(fake_telegram: FakeTelegram, ada: User) -> None:
    """Every third person renews the team result; in between it stays the same, whoever takes part again."""
    code = await create_code(ada)
    results = []
    for number in range(1, 11):
        person = fake_telegram.add_user(f"P{number}", language_code="de", started=True)
        await complete_with_code(person, code, ALL_PRESENT if number in (1, 2, 4, 7) else NOT_YET)
        results.append(await view_team_result(person))

    assert [result.kind for result in results] == ["text"] * 2 + ["photo"] * 8
    assert "2 Personen" in results[1].text
    people = [result.text.split(" Personen")[0] for result in results[2:]]
    assert people == ["3", "3", "3", "6", "6", "6", "9", "9"]
    assert ["Seitdem" in result.text for result in results[2:]] == [False, True, True, False, True, True, False, True]
    for index, finding in (
        (2, "Darauf können Sie bauen"),
        (5, "Das sehen Sie verschieden"),
        (8, "Das sehen Sie verschieden"),
    ):
        assert f"{finding}: Gesellschaftliche Vision, Systemischer Ansatz" in results[index].text
    assert not any(name in result.text for result in results for name in ("P1", "P2", "Mittelwert", "Streuung"))


@pytest.mark.usefixtures("polling")
async def test_repeated_selfcheck_leaves_the_team_result_unchanged(
    fake_telegram: FakeTelegram, ada: User, bea: User, cem: User
) -> None:
    """Members can repeat the self-check for themselves; the team result stays the same."""
    code = await create_code(ada)
    for person in (ada, bea, cem):
        await complete_with_code(person, code, ALL_PRESENT)
    before = await view_team_result(cem)
    cem.send_text("/selbstcheck")
    await cem.wait_for_reply()
    await cem.wait_for_reply(cem.tap_button("Los geht’s"))
    await answer_questions(cem, NOT_YET)
    after = await view_team_result(cem)
    cem.open_deep_link(f"check-{code}")

    assert after.text == before.text
    assert "stecken schon im gemeinsamen Bild" in (await cem.wait_for_reply()).text


@pytest.mark.usefixtures("polling")
async def test_deletion_removes_the_team_result(ada: User, bea: User, cem: User) -> None:
    """When one of three deletes their data the team result is gone too; the others can get a new code."""
    code = await create_code(ada)
    for person in (ada, bea, cem):
        await complete_with_code(person, code, ALL_PRESENT)
    before = await view_team_result(bea)
    ada.send_text("/loeschen")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Ja, alles"))
    after = await view_team_result(bea)

    assert (before.kind, after.kind) == ("photo", "text")
    assert "kein gemeinsames Bild mehr" in after.text
    assert "Ihr Code" in (await bea.wait_for_reply(bea.tap_button("Neuen Code"))).text


@pytest.mark.usefixtures("polling")
async def test_code_is_typed(ada: User, bea: User) -> None:
    """A code can be typed; an unknown one is rejected, and words and questions in between are answered."""
    code = await create_code(ada)
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
    assert "Spenden" in word.text
    assert "Rückgrat" in answer.text
    assert f"unter dem Code {code} mit" in (await bea.wait_for_reply()).text


async def test_guessing_codes_is_limited(bot_settings: Settings, live: LiveIndex, ada: User, bea: User) -> None:
    """After ten wrong codes even the right one is refused, also after a restart, but not for its creator."""
    async with running(bot_settings, live):
        code = await create_code(ada)
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


async def test_team_from_an_older_store(bot_settings: Settings, live: LiveIndex, fake_telegram: FakeTelegram) -> None:
    """A team with a code of six letters from an older store keeps its result, and others can join it."""
    people = [fake_telegram.add_user(f"P{number}", language_code="de", started=True) for number in range(4)]
    bot_settings.sqlite_path.unlink()
    with closing(sqlite3.connect(bot_settings.sqlite_path, isolation_level=None)) as file:
        migrations.apply(Database(file), stop_before="0011_pictures")
        file.execute("INSERT INTO codes VALUES ('ABCDEF', 1)")
        for person in people[:3]:
            row = ("ABCDEF", person.id, '{"vision": 2, "ansatz": 0}', 4_000_000_000.0)
            file.execute("INSERT INTO shares (code, user_id, answers, created) VALUES (?, ?, ?, ?)", row)
    async with running(bot_settings, live):
        seen = await view_team_result(people[0])
        result = await complete_with_code(people[3], "ABCDEF", ALL_PRESENT)
        after = await view_team_result(people[3])

    assert "Darauf können Sie bauen: Gesellschaftliche Vision\n" in seen.text
    assert "Hier ist noch etwas zu tun: Systemischer Ansatz" in seen.text
    assert result.kind == "photo"
    assert "Seitdem ist eine Person dazugekommen" in after.text
