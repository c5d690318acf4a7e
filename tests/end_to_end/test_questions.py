"""Questions in a private chat."""

import pytest

from bot.sandbox.fake_telegram import FakeTelegram, FaultKind, User
from bot.settings import Settings
from index.search.live_index import LiveIndex
from tests.end_to_end.conftest import running
from tests.end_to_end.mydata import my_data

QUESTION = "Was ist Collective Impact?"


@pytest.mark.usefixtures("polling")
async def test_answer_with_source(ada: User) -> None:
    """A question is answered with the entry, its layer and its source, and buttons to go on."""
    ada.send_text(QUESTION)
    answer = await ada.wait_for_reply()

    assert "Collective Impact" in answer.text
    assert "Aus der Fachliteratur:" in answer.text
    assert "Quelle:" in answer.text
    assert answer.button_labels == ["👍", "👎", "👤 Beratung", "Mehr"]


@pytest.mark.usefixtures("polling")
async def test_related_entry_by_button(ada: User) -> None:
    """Below the same answer, which does not count as edited, "Mehr" shows related entries, one tap away."""
    ada.send_text(QUESTION)
    answer = await ada.wait_for_reply()
    unfolded = await ada.wait_for_reply(ada.tap_button("Mehr"))
    label = unfolded.button_labels[-4]

    entry = await ada.wait_for_reply(ada.tap_button(label))

    assert (unfolded.id, unfolded.text, unfolded.edited) == (answer.id, answer.text, False)
    assert unfolded.button_labels[-3:] == ["Warum diese Antwort?", "Alle Quellen", "Weniger"]
    assert entry.text.startswith(label)


@pytest.mark.usefixtures("polling")
async def test_gap_names_the_contact(ada: User) -> None:
    """If the sources say nothing about a question, the bot says so and names the contact."""
    ada.send_text("Was kostet eine Beratung?")
    answer = await ada.wait_for_reply()

    assert "Jacob Rohm" in answer.text
    assert "Quelle:" not in answer.text


@pytest.mark.usefixtures("polling")
async def test_request_for_a_human(ada: User) -> None:
    """A person who asks for a human gets the contact."""
    ada.send_text("Ich möchte mit einem Menschen sprechen")

    assert "+49 30 520 065 411" in (await ada.wait_for_reply()).text


@pytest.mark.usefixtures("polling")
async def test_english_question(ada: User) -> None:
    """An English question is answered in English, whatever language Telegram is set to."""
    ada.send_text("What are the five conditions of collective impact?")

    assert "From the literature:" in (await ada.wait_for_reply()).text


@pytest.mark.usefixtures("polling")
async def test_unsupported_language(ada: User) -> None:
    """A question in an unsupported language is answered with a line that says so in that language."""
    ada.send_text("Какие пять условий есть у коллективного воздействия?")

    assert "поэтому отвечаю по-немецки" in (await ada.wait_for_reply()).text


@pytest.mark.usefixtures("polling")
async def test_edited_question_edits_the_answer(ada: User) -> None:
    """Editing a question edits its answer in place."""
    question = ada.send_text("Was kostet eine Beratung?")
    first = await ada.wait_for_reply()

    ada.edit_text(question, QUESTION)
    second = await ada.wait_for_reply(first)

    assert second.id == first.id
    assert second.edited
    assert "Aus der Fachliteratur:" in second.text
    assert len(ada.bot_messages()) == 1


@pytest.mark.usefixtures("polling")
async def test_thumb_is_stored(ada: User, fake_telegram: FakeTelegram, bot_settings: Settings) -> None:
    """A thumb is acknowledged and stored with the entry, but without the question."""
    ada.send_text(QUESTION)
    await ada.wait_for_reply()
    ada.tap_button("👍")
    await fake_telegram.wait_for(lambda: fake_telegram.calls_to("answerCallbackQuery"))

    stored, _ = await my_data(fake_telegram, ada)

    assert fake_telegram.calls_to("answerCallbackQuery")[0].params["text"] == "Danke für die Rückmeldung!"
    assert [(row["entry"], row["value"]) for row in stored["feedback"]] == [("collective-impact", 1)]
    assert stored["questions"] == []


@pytest.mark.usefixtures("polling")
async def test_messages_without_readable_text(ada: User) -> None:
    """Photos, voice messages, stickers, files and the like each get a sentence of their own."""
    kinds = ("photo", "voice", "sticker", "document", "poll", "contact", "location")
    replies = []
    for kind in kinds:
        getattr(ada, f"send_{kind}")()
        replies.append((await ada.wait_for_reply()).text)

    assert len(set(replies)) == len(kinds)
    assert "eine Anfrage beginnt dadurch nicht" in replies[kinds.index("contact")]


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize(
    "text",
    [
        "x" * 4096,
        "Was ist ein Backbone? " * 180,
        "😀" * 2048,
        "<b>Was</b> <script>alert(1)</script> & <i>",
        "{{ 7 * 7 }} {% for x in y %}",
        "\u202eneiw tsi saW\u202c \u200b\u200d",
        "a\u0301\u0301\u0301" * 300,
        "' OR 1=1; DROP TABLE inbox; -- \" NEAR(a b) *",
        "?",
        "¿¡…",
    ],
)
async def test_any_text_gets_a_reply(ada: User, text: str) -> None:
    """A text of any length and with any characters gets a reply within Telegram's limits."""
    ada.send_text(text)

    assert (await ada.wait_for_reply()).text


@pytest.mark.usefixtures("polling")
async def test_people_get_their_own_answers(fake_telegram: FakeTelegram) -> None:
    """Each person gets the answers to their own questions, in order."""
    people = [fake_telegram.add_user(f"Person {number}", language_code="de", started=True) for number in range(6)]
    questions = {"Was ist Collective Impact?": "Collective Impact", "Was kostet eine Beratung?": "Jacob Rohm"}
    for question in questions:
        for person in people:
            person.send_text(question)
    for person in people:
        await fake_telegram.wait_for(lambda person=person: len(person.bot_messages()) == 2)  # type: ignore[misc]  # bound at once

    for person in people:
        for seen, expected in zip(person.bot_messages(), questions.values(), strict=True):
            assert expected in seen.text


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize(
    "kind", [FaultKind.SERVER_ERROR, FaultKind.BAD_GATEWAY, FaultKind.RESET, FaultKind.RATE_LIMIT]
)
async def test_answer_arrives_despite_a_fault(ada: User, fake_telegram: FakeTelegram, kind: FaultKind) -> None:
    """A failed call is retried, and the answer arrives once."""
    fake_telegram.fail_next("sendMessage", kind)
    ada.send_text(QUESTION)

    assert "Collective Impact" in (await ada.wait_for_reply()).text
    assert len(ada.bot_messages()) == 1


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize("kind", [FaultKind.RATE_LIMIT, FaultKind.LOST])
async def test_thumb_is_marked_despite_a_fault(ada: User, fake_telegram: FakeTelegram, kind: FaultKind) -> None:
    """Buttons change once the fault is over, in the order of the taps, even if the response to a change was lost."""
    ada.send_text(QUESTION)
    answer = await ada.wait_for_reply()
    fake_telegram.fail_next("editMessageReplyMarkup", kind)

    ada.tap_button("👍")
    ada.tap_button("Mehr")
    await fake_telegram.wait_for(lambda: "Weniger" in ada.bot_messages()[-1].button_labels)

    (shown,) = ada.bot_messages()
    assert (shown.id, shown.text) == (answer.id, answer.text)
    assert shown.button_labels[:3] == ["👍 ✓", "👎", "👤 Beratung"]


@pytest.mark.usefixtures("polling")
async def test_redelivered_update_is_answered_once(ada: User, fake_telegram: FakeTelegram) -> None:
    """An update that Telegram delivers twice is answered once."""
    ada.send_text(QUESTION)
    await ada.wait_for_reply()
    fake_telegram.redeliver_update(fake_telegram.last_update(ada)["update_id"])
    ada.send_text("Danke!")
    await ada.wait_for_reply()

    assert len(ada.bot_messages()) == 2


async def test_restart_answers_pending_questions(
    ada: User, fake_telegram: FakeTelegram, bot_settings: Settings, live: LiveIndex
) -> None:
    """After a restart, the bot answers what arrived meanwhile and remembers the chosen language."""
    async with running(bot_settings, live):
        ada.send_text("/sprache")
        await ada.wait_for_reply()
        await ada.wait_for_reply(ada.tap_button("English"))
    ada.send_text("Was ist Gemeinsam Wirken?")
    async with running(bot_settings, live):
        answer = await ada.wait_for_reply()

    assert "Source:" in answer.text


@pytest.mark.usefixtures("polling")
async def test_several_questions_in_one_message(ada: User, fake_telegram: FakeTelegram) -> None:
    """Each question in a message gets its own answer, in order."""
    ada.send_text("Hallo! Was ist Collective Impact? Und was kostet eine Beratung?")
    await fake_telegram.wait_for(lambda: len(ada.bot_messages()) == 2)

    first, second = ada.bot_messages()
    assert first.text.startswith("Zu Ihrer Frage „Was ist Collective Impact?“")
    assert "Jacob Rohm" in second.text
    assert "👍" in first.button_labels
    assert "👍" not in second.button_labels


@pytest.mark.usefixtures("polling")
async def test_follow_up(ada: User) -> None:
    """A follow-up question is understood in the context of the previous answer, and the reply says so."""
    ada.send_text("Was macht die Stiftung Bildung?")
    await ada.wait_for_reply()
    ada.send_text("Und wie erreiche ich die?")

    assert (await ada.wait_for_reply()).text.startswith("Bezogen auf: Stiftung Bildung")


async def test_why_this_answer(ada: User, bot_settings: Settings, live: LiveIndex) -> None:
    """One tap explains the answer in a reply to it, even after a restart."""
    async with running(bot_settings, live):
        ada.send_text(QUESTION)
        answer = await ada.wait_for_reply()
    query = ada.tap_button("Mehr")
    async with running(bot_settings, live):
        await ada.wait_for_reply(query)
    query = ada.tap_button("Warum diese Antwort?")
    async with running(bot_settings, live):
        why = await ada.wait_for_reply(query)

    assert why.reply_to == answer.id
    assert "Antworten treffen zu" in why.text
    assert "Ihre Frage ähnelt" in why.text
