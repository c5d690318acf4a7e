"""German in Leichte Sprache, in a private chat."""

import pytest

from bot.menu import GERMAN
from bot.sandbox.standin import StandIn, User

pytestmark = pytest.mark.usefixtures("polling")


@pytest.fixture
async def easy(ada: User) -> User:
    """A person who chose Leichte Sprache."""
    ada.says("/sprache")
    await ada.wait_reply()
    chosen = await ada.wait_reply(ada.taps("Leichte Sprache"))
    assert "Ich schreibe jetzt in Leichter Sprache." in chosen.text
    assert "Prüf-Gruppe" in chosen.text
    return ada


async def test_three_languages_are_offered(ada: User) -> None:
    """/sprache offers three languages, and each can be left again for another."""
    ada.says("/sprache")

    offered = await ada.wait_reply()

    assert offered.labels == ["Deutsch", "English", "Leichte Sprache"]
    assert "auf Deutsch" in (await ada.wait_reply(ada.taps("Deutsch"))).text


async def test_an_entry_in_leichte_sprache(easy: User) -> None:
    """A question is understood as German; its answer stands one sentence a line."""
    easy.says("Was ist ein Backbone?")

    answer = await easy.wait_reply()

    assert "Backbone ist Englisch.\nMan spricht es: Bäck-Boun.\n" in answer.text
    assert "Das sagen Fach-Leute:" in answer.text
    assert "normalem Deutsch" not in answer.text


async def test_an_entry_that_has_none(easy: User) -> None:
    """Where there is no such text, one short sentence says so above the German one."""
    easy.says("Was ist Gastromio?")

    answer = await easy.wait_reply()

    assert answer.text.startswith("Diesen Text gibt es nur in normalem Deutsch.\n\nGastromio")


async def test_a_gap_in_leichte_sprache(easy: User) -> None:
    """What the sources do not say is said in Leichte Sprache too, with the contact."""
    easy.says("Was kostet eine Beratung?")

    answer = await easy.wait_reply()

    assert "In meinen Texten steht kein Preis." in answer.text
    assert "Telefon: +49" in answer.text


@pytest.mark.parametrize("command", GERMAN)
async def test_every_command_replies(easy: User, command: str) -> None:
    """No command is left without a reply."""
    easy.says(f"/{command}")

    assert "kenne ich nicht" not in (await easy.wait_reply()).text


async def test_telegram_is_told_of_no_code_it_does_not_know(standin: StandIn) -> None:
    """Nothing is published for Leichte Sprache: Telegram knows codes of two letters only."""
    await standin.wait_for(lambda: len(standin.calls_to("setMyCommands")) == 3)

    codes = {call.params.get("language_code", "") for call in standin.calls if call.method.startswith("setMy")}

    assert codes == {"", "de", "en"}
