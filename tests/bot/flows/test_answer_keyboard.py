"""The buttons below an answer, and those behind "Mehr"."""

from dataclasses import replace

import pytest

from bot.answering.answerer import Answer, AnswerStatus
from bot.domain.effects import SaveFeedback
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, Button, EditKeyboard, Keyboard, SendMessage
from bot.domain.turn import State
from bot.flows.answer_keyboard import MAX_BUTTONS, build_answer_keyboard
from bot.flows.callback_data import COMMAND_CALLBACK, FEEDBACK_CALLBACK, MAX_CALLBACK_BYTES, REQUEST_ADVICE
from bot.flows.dialogue import Dialogue
from index.decision.calibration import Decision
from index.search.result import SearchResult
from knowledge.records.entry import Entry, Layer
from tests.support.fake_answerer import FakeAnswerer, answer_with

TAP = Event(1, EventKind.BUTTON, chat_id=20, user_id=20, message_id=5, callback_id="1", language_code="de")
NEAR = tuple(Entry(f"nah-{number}", "de", f"Thema {number}", "", Layer.PAGE) for number in range(3))
RELATED = replace(answer_with("backbone"), result=replace(answer_with("backbone").result, related=NEAR))
CHOICE = Answer(AnswerStatus.CLARIFY, "", "de", SearchResult(Decision.CLARIFY, 0.5, options=NEAR))
REFUSAL = Answer(AnswerStatus.ABSTAINED, "", "de", SearchResult(Decision.ABSTAIN, 0.9, related=NEAR[:2]))


class RelatedAnswerer(FakeAnswerer):
    """Every entry has three related ones; the entry "weg" was deleted."""

    def show_entry(self, entry_id: str, lang: str) -> Answer | None:
        return None if entry_id == "weg" else replace(RELATED, lang=lang)


@pytest.fixture
def dialogue(dialogue: Dialogue) -> Dialogue:
    """The dialogue in which entries have related ones."""
    return replace(dialogue, answerer=RelatedAnswerer())


def labels(keyboard: Keyboard) -> list[list[str]]:
    return [[button.label for button in row] for row in keyboard]


def tap(dialogue: Dialogue, keyboard: Keyboard, label: str) -> Keyboard:
    data = next(button.data for row in keyboard for button in row if button.label == label)
    edit, answer = dialogue.handle(State(), replace(TAP, text=data, keyboard=keyboard)).messages
    assert isinstance(edit, EditKeyboard)
    assert (edit.message_id, answer) == (TAP.message_id, AnswerCallback())
    return edit.keyboard


@pytest.mark.parametrize(
    ("asked", "row"), [("7.0", ["Warum diese Antwort?", "Alle Quellen"]), ("", ["Alle Quellen"])]
)
def test_all_sources_are_a_tap_away(asked: str, row: list[str]) -> None:
    """Below an answer that does not name all its sources in full, there is a button that does."""
    answer = answer_with("backbone")
    assert answer.source is not None
    several = replace(answer.source, source="FSG: Backbone (2011); PHINEO")
    keyboard = build_answer_keyboard(replace(answer, result=replace(answer.result, entry=several)), asked)

    assert labels(keyboard)[-1] == row
    assert keyboard[-1][-1].data == "s:de:backbone"


def test_four_buttons_at_first_sight() -> None:
    """An answer, a choice and a refusal show at most four buttons, one of which leads to a person."""
    shown = [build_answer_keyboard(answer, "7.0") for answer in (RELATED, CHOICE, REFUSAL)]

    assert [labels(keyboard) for keyboard in shown] == [
        [["👍", "👎", "👤 Beratung"], ["Mehr"]],
        [["Thema 0"], ["Thema 1"], ["Thema 2"], ["Beratung anfragen"]],
        [["Thema 0"], ["Thema 1"], ["Beratung anfragen"], ["Warum diese Antwort?"]],
    ]
    assert all(REQUEST_ADVICE in str(keyboard) for keyboard in shown)


def test_next_step_leads() -> None:
    """A command comes first below what the bot says of itself, and behind "Mehr" below anything else."""
    entry = RELATED.result.entry
    assert entry is not None
    entry = replace(entry, command="datenschutz")
    answer = replace(RELATED, result=replace(RELATED.result, entry=entry))
    about_bot = replace(RELATED, result=replace(RELATED.result, entry=replace(entry, layer=Layer.BOT)))

    assert labels(build_answer_keyboard(about_bot)) == [["Zum Datenschutz"], ["👍", "👎"], ["Mehr"]]
    assert ["Beratung anfragen"] in labels(build_answer_keyboard(about_bot, unfolded=True))
    assert labels(build_answer_keyboard(answer)) == [["👍", "👎", "👤 Beratung"], ["Mehr"]]
    assert build_answer_keyboard(answer, unfolded=True)[1][0].data == f"{COMMAND_CALLBACK}datenschutz"


def test_more_unfolds_and_folds(dialogue: Dialogue) -> None:
    """ "Mehr" shows the related entries and the explanation below the same answer, "Weniger" hides them again."""
    first = build_answer_keyboard(RELATED, "7.0")

    unfolded = tap(dialogue, first, "Mehr")

    assert labels(unfolded) == [
        ["👍", "👎", "👤 Beratung"],
        ["Thema 0"],
        ["Thema 1"],
        ["Thema 2"],
        ["Warum diese Antwort?"],
        ["Weniger"],
    ]
    assert "w:7:0" in str(unfolded)
    assert tap(dialogue, unfolded, "Weniger") == first


def test_more_keeps_language_mark_and_other_buttons(dialogue: Dialogue) -> None:
    """The answer's language, a rating and the way back to the introduction outlast "Mehr", even after a restart."""
    dialogue.store.inbox.add_updates([(1, "20", "{}")])
    dialogue.store.finish_update(1, TAP, State(), (), (SaveFeedback("backbone", 0),))
    back = (Button("Weiter mit Schritt 2", "i:go:2"),)
    shown = (*build_answer_keyboard(replace(RELATED, lang="en"), "7.0"), back)

    unfolded = tap(dialogue, shown, "More")

    assert unfolded[0][1] == Button("👎 ✓", f"{FEEDBACK_CALLBACK}0:backbone")
    assert labels(unfolded)[0] == ["👍", "👎 ✓", "👤 Advisers"]
    assert labels(unfolded)[-2:] == [["Less"], ["Weiter mit Schritt 2"]]


@pytest.mark.parametrize(
    "data", ["m:", "m:1", "m:2:de:7.0:backbone", "m:1:xx:7.0:backbone", "m:1:de:7:backbone", "m:1:de::"]
)
def test_forged_more(dialogue: Dialogue, data: str) -> None:
    """Forged data of "Mehr" change nothing."""
    assert [type(message) for message in dialogue.handle(State(), replace(TAP, text=data)).messages] == [
        AnswerCallback
    ]


def test_more_of_a_deleted_entry(dialogue: Dialogue) -> None:
    """ "Mehr" below an answer whose entry was deleted says so."""
    (toast,) = dialogue.handle(State(), replace(TAP, text="m:1:de:7.0:weg")).messages

    assert toast == AnswerCallback("Diese Antwort gibt es so nicht mehr. Stellen Sie die Frage gern noch einmal.")


@pytest.mark.parametrize("length", [30, 44, 50, 60, 80])
def test_long_ids_fit(length: int) -> None:
    """However long an entry's id is, no button exceeds Telegram's limit, and no answer shows more than four."""
    entry = RELATED.result.entry
    assert entry is not None
    answer = replace(RELATED, result=replace(RELATED.result, entry=replace(entry, id="x" * length)))

    for unfolded in (False, True):
        buttons = [button for row in build_answer_keyboard(answer, "12345678.0", unfolded=unfolded) for button in row]
        assert all(len(button.data.encode()) <= MAX_CALLBACK_BYTES for button in buttons)
        assert len(buttons) <= MAX_BUTTONS or unfolded


def test_complaint_offers_a_person() -> None:
    """Small talk has no buttons, except a complaint."""
    small_talk = SearchResult(Decision.SMALL_TALK, 0.9, intent="thanks")
    thanks = Answer(AnswerStatus.SMALLTALK, "", "de", small_talk)
    complaint = replace(thanks, result=replace(small_talk, intent="feelings"))

    assert build_answer_keyboard(thanks) == ()
    assert labels(build_answer_keyboard(complaint)) == [["Beratung anfragen"]]


def test_message_is_sent_with_the_new_keyboard(dialogue: Dialogue) -> None:
    """A question is answered with the same buttons, which know the question's message."""
    dialogue = replace(dialogue, answerer=FakeAnswerer([RELATED]))
    question = replace(TAP, kind=EventKind.TEXT, text="Was ist ein Backbone?", message_id=7, callback_id="")

    (answer,) = dialogue.handle(State(), question).messages

    assert isinstance(answer, SendMessage)
    assert answer.keyboard == build_answer_keyboard(RELATED, "7.0")
