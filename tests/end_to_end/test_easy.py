"""Leichte Sprache in a private chat."""

import pytest

from bot.domain.commands import GERMAN_COMMANDS
from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from tests.end_to_end.conftest import wait_for_text


async def choose_leichte_sprache(person: User) -> User:
    """Choose Leichte Sprache; return the person."""
    person.send_text("/sprache")
    await person.wait_for_reply()
    chosen = await person.wait_for_reply(person.tap_button("Leichte Sprache"))
    assert "Ich schreibe jetzt in Leichter Sprache." in chosen.text
    assert "Prüf-Gruppe" in chosen.text
    return person


@pytest.fixture
async def easy(polling: None, ada: User) -> User:
    """A person who chose Leichte Sprache."""
    return await choose_leichte_sprache(ada)


@pytest.mark.usefixtures("polling")
async def test_three_languages_are_offered(ada: User) -> None:
    """/sprache offers three languages and switches between them."""
    ada.send_text("/sprache")

    offered = await ada.wait_for_reply()

    assert offered.button_labels == ["Deutsch", "English", "Leichte Sprache"]
    assert "auf Deutsch" in (await ada.wait_for_reply(ada.tap_button("Deutsch"))).text


async def test_an_entry_in_leichte_sprache(easy: User) -> None:
    """A question is understood as German, and its answer has one sentence on each line."""
    easy.send_text("Was ist ein Backbone?")

    answer = await easy.wait_for_reply()

    assert "Auf Englisch heißt sie: das Backbone.\nMan spricht es: Bäck-Boun.\n" in answer.text
    assert "Das steht in Fach-Texten:" in answer.text
    assert "normalem Deutsch" not in answer.text


async def test_an_entry_without_leichte_sprache(easy: User) -> None:
    """If an entry has no text in Leichte Sprache, a short sentence above the German text says so."""
    easy.send_text("Was ist Gastromio?")

    answer = await easy.wait_for_reply()

    assert answer.text.startswith("Diesen Text gibt es nur in normalem Deutsch.\n\nGastromio")


async def test_a_gap_in_leichte_sprache(easy: User) -> None:
    """A gap is explained in Leichte Sprache too, with the contact."""
    easy.send_text("Was kostet eine Beratung?")

    answer = await easy.wait_for_reply()

    assert "Einen Preis kenne ich leider nicht." in answer.text
    assert "Telefon: +49" in answer.text


@pytest.mark.parametrize("command", GERMAN_COMMANDS)
async def test_every_command_gets_a_reply(easy: User, command: str) -> None:
    """Every command gets a reply."""
    easy.send_text(f"/{command}")

    assert "kenne ich nicht" not in (await easy.wait_for_reply()).text


async def test_an_answer_is_explained(easy: User) -> None:
    """The explanation gives the confidence in Leichte Sprache and without a percentage."""
    easy.send_text("Was ist ein Backbone?")
    await easy.wait_for_reply()
    await easy.wait_for_reply(easy.tap_button("Mehr"))

    why = await easy.wait_for_reply(easy.tap_button("Warum diese Antwort?"))

    assert "Ich bin ziemlich sicher." in why.text
    assert "Diese Wörter von Ihnen stehen auch in meinen Texten:\nBackbone" in why.text
    assert "%" not in why.text


async def test_the_introduction_in_leichte_sprache(easy: User) -> None:
    """Steps, questions and replies have one sentence on each line."""
    easy.send_text("/start intro-1")
    step = await easy.wait_for_reply()
    reply = await easy.wait_for_reply(easy.tap_button("Viele handeln zusammen"))

    assert "Deshalb handeln viele zusammen.\nDas heißt: Gemeinsam Wirken.\n" in step.text
    assert "Eine Aufgabe ist zu schwer für 1 Organisation.\nWas hilft?" in step.text
    assert "Richtig!\nDas ist Gemeinsam Wirken.\nMehr darüber lesen Sie gleich." in reply.text


@pytest.mark.usefixtures("connected")
async def test_card_asks_for_plain_answers(fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group) -> None:
    """A request is made in Leichte Sprache from beginning to end, and its card asks for plain answers."""
    person = await choose_leichte_sprache(ada)
    person.send_text("/beratung")
    assert "Schreiben Sie es mit Ihren eigenen Worten." in (await person.wait_for_reply()).text
    person.send_text("Wie fangen wir an?")
    await person.wait_for_reply()
    for button in (
        "Weiter ohne Antwort",
        "Verein",
        "Weiter ohne Antwort",
        "Hier bei Telegram",
    ):
        review = await person.wait_for_reply(person.tap_button(button))
    assert "Darf ich das an das Beratungs-Team geben?" in review.text
    person.tap_button("Ja, das darf das Team haben")
    await wait_for_text(fake_telegram, person, "Wie schnell kommt die Antwort?")

    card = await wait_for_text(fake_telegram, bea, "Wie fangen wir an?", forum)

    assert "Die Person liest Leichte Sprache." in card.text
