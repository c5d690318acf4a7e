"""Answers suggested to advisers: what they fit, and that the whole text is seen before it is sent."""

from dataclasses import replace

import pytest

from bot.answering.answerer import Answer
from bot.domain.consultation import Party, Request
from bot.domain.effects import AppendTranscript
from bot.domain.event import Event
from bot.domain.message import EditMessage, RetireButtons, SendMessage
from bot.flows.dialogue import Dialogue
from knowledge.records.entry import Entry, Layer
from prompts.render import render_template
from tests.support.fake_answerer import NO_ANSWER, FakeAnswerer, answer_with
from tests.support.relay import ADA, CLOSED, OPEN, REFERENCE, SEND_ENTRY, TALKING, kept, play, reads, tap

SUGGEST, LOOK = tap(f"q:suggest:{REFERENCE}"), tap(f"q:read:{REFERENCE}:backbone", message=120)


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        ([], ["Rat"]),
        (["Wer bezahlt das?", "[video_note]"], ["Wer bezahlt das?"]),
        (["Wie geht es los?", ">So.", "Wer bezahlt das?", "Danke!"], ["Wer bezahlt das?", "Danke!"]),
        (["Wer bezahlt das?", ">Das klären wir."], ["Wer bezahlt das?"]),
        (list("abcdef"), list("cdef")),
    ],
)  # fmt: skip
def test_what_is_looked_at(services: Dialogue, lines: list[str], asked: list[str]) -> None:
    """Suggestions fit all that the person wrote since the last reply, else their last words, else their concern."""
    kept(services, TALKING)
    written = [
        AppendTranscript(
            REFERENCE, Party.ADVISER if text.startswith(">") else Party.REQUESTER, text.removeprefix(">")
        )
        for text in lines
    ]
    services.store.apply((), written)
    answerer = FakeAnswerer()

    play(replace(services, answerer=answerer), SUGGEST)

    assert [question for question, _ in answerer.questions] == asked


def test_best_answer_stands_first(services: Dialogue) -> None:
    """What the bot would have answered to one of the messages stands first, even if thanks followed it."""
    kept(services, TALKING)
    lines = [AppendTranscript(REFERENCE, Party.REQUESTER, text) for text in ("Wer bezahlt das?", "Danke!")]
    services.store.apply((), lines)

    (turn,) = play(replace(services, answerer=FakeAnswerer([answer_with("geld"), NO_ANSWER])), SUGGEST)

    (message,) = (each for each in turn.messages if isinstance(each, SendMessage))
    assert "„Wer bezahlt das? … Danke!“" in message.html
    assert "mit <b>Geld</b> geantwortet" in message.html
    assert [button.label for row in message.keyboard for button in row] == ["Geld", "Backbone"]


def test_entry_is_sent_after_one_look(services: Dialogue) -> None:
    """A tap shows the whole text and sends nothing; a second one sends it, once, and can be taken back."""
    kept(services, TALKING)
    _, looked, sent, again = play(services, SUGGEST, LOOK, tap(SEND_ENTRY, message=121), tap(SEND_ENTRY, message=121))

    reads(looked, ("desk", "<code>Backbone</code>", [SEND_ENTRY]), ("toast", "", []))
    assert not looked.effects
    reads(
        sent,
        (ADA, "<b>Bea schickt Ihnen dazu:</b>\n\n<b>Backbone</b>", []),
        ("card", REFERENCE, []),
        ("toast", "", []),
    )
    (edit,) = (message for message in sent.messages if isinstance(message, EditMessage))
    assert (edit.message_id, edit.keyboard[0][0].label) == (121, "↩ Zurückholen")
    assert edit.html == "✓ Verschickt: Backbone\n\n<blockquote>Backbone</blockquote>"
    assert any(isinstance(message, RetireButtons) for message in sent.messages)
    reads(again, ("toast", "gerade schon verschickt", []))


@pytest.mark.parametrize(
    ("request_", "event", "toast"),
    [
        (OPEN, tap(f"q:answer:{REFERENCE}:backbone"), "Text wurde inzwischen geändert"),
        (OPEN, tap(SEND_ENTRY[:-1]), "Text wurde inzwischen geändert"),
        (CLOSED, tap(SEND_ENTRY), "gilt nicht mehr"),
        (CLOSED, LOOK, "gilt nicht mehr"),
    ],
)
def test_nothing_is_sent_unseen(services: Dialogue, request_: Request, event: Event, toast: str) -> None:
    """An entry that is not the one looked at is not sent, nor is any to a closed request."""
    kept(services, request_)

    (turn,) = play(services, event)

    reads(turn, ("toast", toast, []))


def test_long_text_is_folded_once_sent() -> None:
    """What was sent stays readable for colleagues; if it is long, at a tap."""
    html = render_template("sent", "advisers", title="Geld", text="<" * 301)

    assert html == f"✓ Verschickt: Geld\n\n<blockquote expandable>{'&lt;' * 301}</blockquote>"


class AboutContact(FakeAnswerer):
    """Finds mostly entries about the bot, and on the contact."""

    def nearest_entries(self, text: str, count: int, lang: str) -> list[Entry]:
        about_bot = [Entry(f"bot-{number}", lang, "Bot", "", Layer.BOT) for number in range(3)]
        return [*about_bot, Entry("kontakt", lang, "Kontakt", ""), Entry("geld", lang, "Geld", "")][:count]


@pytest.mark.parametrize("answer", [answer_with("kontakt"), NO_ANSWER])
def test_entries_on_bot_and_contact_are_not_suggested(services: Dialogue, answer: Answer) -> None:
    """A request has reached the advisers already, so nothing on how to reach them or on the bot is suggested."""
    kept(services, OPEN)

    (turn,) = play(replace(services, answerer=AboutContact([answer])), SUGGEST)

    reads(turn, ("desk", "mit keinem davon geantwortet", [f"q:read:{REFERENCE}:geld"]), ("toast", "", []))


class LongIds(FakeAnswerer):
    """Suggests an entry with a long id and one with a short id."""

    def nearest_entries(self, text: str, count: int, lang: str) -> list[Entry]:
        return [Entry(entry_id, lang, "Titel", "") for entry_id in ("lang" * 10, "kurz")]


def test_entry_with_too_long_an_id_is_not_suggested(services: Dialogue) -> None:
    """Entries whose ids leave no room for the checksum in a button's data are not suggested."""
    kept(services, OPEN)

    (turn,) = play(replace(services, answerer=LongIds()), SUGGEST)

    reads(turn, ("desk", "am besten", [f"q:read:{REFERENCE}:kurz"]), ("toast", "", []))
