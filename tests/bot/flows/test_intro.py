"""The pages of the introduction as pure functions, compared with their diagram."""

import re
from dataclasses import replace
from itertools import product

import pytest

from bot.attachments.renderers import render_attachment
from bot.domain.event import EventKind
from bot.domain.message import Attachment, EditMessage, SendMessage
from bot.domain.turn import State, Turn
from bot.flows import intro, start
from bot.flows.callback_data import (
    ASK_CALLBACK,
    ENTRY_CALLBACK,
    INTRO_CALLBACK,
    REQUEST_ADVICE,
    SELFCHECK_START_CALLBACK,
)
from bot.flows.context import TurnContext
from bot.flows.dialogue import Dialogue
from knowledge.loader import BUILT_IN
from knowledge.records.intro import INTRO_AUDIENCES, PICTURES_FOLDER, read_steps, steps_in_language
from prompts.message_splitter import utf16_length
from prompts.telegram_html import html_to_plain
from tests.bot.flows.test_dialogue import EVENT, STEPS, shown_text
from tests.support.intro_pages import ACTION_PAGES, IntroPage, target_page

MAX_PICTURE = 40_000  # bytes
CAPTION_LIMIT = 1_024  # UTF-16 units; Bot API, editMessageMedia
TAP = replace(EVENT, kind=EventKind.BUTTON, callback_id="1")


def pages(context: TurnContext) -> dict[IntroPage, list[Turn]]:
    """Return every page, as it looks at the beginning, in the middle and at the end."""
    return {
        IntroPage.AUDIENCE: [intro.ask_audience(context)],
        IntroPage.STEP: [intro.show_step(context, number) for number in (1, 4, 9)],
        IntroPage.REPLY: [intro.show_step(context, number, 0) for number in (1, 4, 9)],
        IntroPage.OVERVIEW: [intro.show_overview(context)],
        IntroPage.PAUSED: [intro.pause_intro(context)],
    }


def buttons(turn: Turn) -> list[str]:
    """Return the data of all buttons that a turn shows."""
    shown = [message for message in turn.messages if isinstance(message, SendMessage | EditMessage)]
    return [button.data for message in shown for row in message.keyboard for button in row]


def labels(turn: Turn) -> list[str]:
    """Return the labels of all buttons that a turn shows."""
    shown = [message for message in turn.messages if isinstance(message, SendMessage | EditMessage)]
    return [button.label for message in shown for row in message.keyboard for button in row]


def test_introduction_follows_its_diagram(dialogue: Dialogue) -> None:
    """The transitions between pages, by their buttons, are exactly the arrows of the diagram."""
    assert set(ACTION_PAGES) == set(intro.INTRO_ACTIONS)
    arrows = set(re.findall(r"^ {4}(\w+) --> (\w+)", intro.__doc__ or "", re.MULTILINE))
    transitions = {
        (page.value, target.value)
        for page, turns in pages(TurnContext(dialogue, State(), EVENT)).items()
        for turn in turns
        for data in buttons(turn)
        if (target := target_page(data))
    }

    assert transitions == arrows


@pytest.mark.parametrize("lang", sorted({step.lang for step in STEPS}))
@pytest.mark.parametrize("audience", INTRO_AUDIENCES)
def test_every_button_of_every_page_works(dialogue: Dialogue, lang: str, audience: str) -> None:
    """Every page fits in a caption, each of its buttons works, and an entry opened from it leads back."""
    state = State(lang=lang, audience=audience)
    for step in steps_in_language(STEPS, lang):
        for chosen in (None, *range(len(step.choices))):
            page = intro.show_step(TurnContext(dialogue, state, EVENT), step.number, chosen)
            assert utf16_length(html_to_plain(shown_text(page))) <= CAPTION_LIMIT
            for data in buttons(page):
                turn = dialogue.handle(page.state, replace(TAP, text=data))
                assert data == SELFCHECK_START_CALLBACK or shown_text(turn), data
                if data.startswith(ENTRY_CALLBACK) and page.state.touring:
                    assert f"{INTRO_CALLBACK}go:{step.number}" in buttons(turn), data


def test_every_page_has_its_picture(dialogue: Dialogue) -> None:
    """Every page comes with a small PNG."""
    for turns in pages(TurnContext(dialogue, State(), replace(TAP, text="i:all:"))).values():
        for turn in turns:
            (message,) = turn.messages
            assert isinstance(message, EditMessage)
            assert isinstance(message.attachment, Attachment)
            content = render_attachment(message.attachment.kind, message.attachment.values).content
            assert content.startswith(b"\x89PNG")
            assert len(content) < MAX_PICTURE


def test_no_picture_is_unused() -> None:
    """Every picture belongs to a step or to the cover."""
    pictures = {path.stem for path in (BUILT_IN / "intro" / PICTURES_FOLDER).glob("*.png")}

    assert pictures == {step.picture for step in STEPS} | {intro.COVER_PICTURE}


def test_examples_and_the_last_step_differ_by_audience(dialogue: Dialogue) -> None:
    """The first and the last step are different for every audience."""
    for number in (1, 9):
        texts = {
            shown_text(intro.show_step(TurnContext(dialogue, State(audience=name), EVENT), number)).casefold()
            for name in INTRO_AUDIENCES
        }
        assert len(texts) == len(INTRO_AUDIENCES)


def test_variety_without_steps_uses_those_of_the_language() -> None:
    """A variety of a language uses its own steps, and falls back to those of the language."""
    fourth = replace(steps_in_language(STEPS, "de")[3], lang="de-xx", title="Alles sehen")
    path = steps_in_language((*STEPS, fourth), "de-xx")

    assert [step.title for step in path] == [
        "Alles sehen" if step.number == 4 else step.title for step in steps_in_language(STEPS, "de")
    ]
    assert steps_in_language(read_steps(BUILT_IN / "intro"), "fr") == steps_in_language(STEPS, "de")


def test_start_says_where_the_user_left_off(dialogue: Dialogue) -> None:
    """/start names the step and the last question of a returning user, but not the question in a group."""
    state = State(step=4, last_question="Was kostet das?")
    event = replace(EVENT, kind=EventKind.COMMAND, command="start")
    private, group = (
        start.handle_start(TurnContext(dialogue, state, event)),
        start.handle_start(TurnContext(dialogue, state, replace(event, private=False))),
    )

    assert "Schritt 4 von 9" in shown_text(private)
    assert "Was kostet das?" in shown_text(private)
    assert "Was kostet das?" not in shown_text(group)
    assert "i:go:4" not in buttons(private)
    assert buttons(private) == ["go:ask", "go:guide", "go:talk"]


def test_choice_is_marked_without_a_verdict(dialogue: Dialogue) -> None:
    """A choice is marked as the person's own, never as right, in the text and on its button."""
    for number, choice in product(range(1, 10), range(3)):
        turn = intro.show_step(TurnContext(dialogue, State(), EVENT), number, choice)

        assert "✓" not in shown_text(turn) + "".join(labels(turn))
        assert "→ Ihre Wahl:" in shown_text(turn)
        assert [label[:2] for label in labels(turn)].index("→ ") == choice


def test_overview_marks_steps_seen_and_the_current_one(dialogue: Dialogue) -> None:
    """The overview marks the steps that were seen and the current one; after the last step it offers no pause."""
    overview = intro.show_overview(TurnContext(dialogue, State(step=4, read=(1, 4)), EVENT))
    finished = intro.show_overview(TurnContext(dialogue, State(step=9, read=(9,)), EVENT))

    assert [label[0] for label in labels(overview)[:5]] == ["✓", "2", "3", "▸", "5"]
    assert "i:pause:" in buttons(overview)
    assert "i:pause:" not in buttons(finished)


def test_last_step_leads_on(dialogue: Dialogue) -> None:
    """The last step offers a question, the self-check and a conversation, and nothing to pause."""
    data = buttons(intro.show_step(TurnContext(dialogue, State(), EVENT), 9))

    assert {ASK_CALLBACK, SELFCHECK_START_CALLBACK, REQUEST_ADVICE} <= set(data)
    assert "i:pause:" not in data


def test_no_step_ends_with_what_is_left_open() -> None:
    """No step tells the reader only that something is left open."""
    for step in STEPS:
        texts = (step.body, *step.examples.values(), *(choice.reply for choice in step.choices), step.takeaway)
        assert not [
            text for text in texts if re.search(r"lässt .*offen|leaves? open|remains open|bleibt offen", text)
        ]


def test_finished_introduction_shows_the_overview(dialogue: Dialogue) -> None:
    """After the last step, the command shows an overview of all steps."""
    turn = intro.begin_intro(
        TurnContext(dialogue, State(step=9, audience="npo"), replace(EVENT, kind=EventKind.COMMAND))
    )

    assert "Alle Schritte" in shown_text(turn)


def test_open_form_is_not_interrupted(dialogue: Dialogue) -> None:
    """While a form is open, answers do not lead back to the introduction."""
    form_turn = dialogue.handle(
        State(step=4, touring=True), replace(EVENT, kind=EventKind.COMMAND, command="beratung")
    )
    filled = dialogue.handle(form_turn.state, replace(EVENT, text="Rat gesucht"))
    turn = dialogue.handle(filled.state, replace(EVENT, text="Was ist ein Backbone?"))

    assert not [data for data in buttons(turn) if data.startswith("i:")]


@pytest.mark.parametrize(
    ("text", "step"), [("weiter", 3), ("ja", 3), ("ok und jetzt?", 3), ("zurück", 1), ("nochmal", 2), ("2", 2)]
)
def test_moving_in_words(dialogue: Dialogue, text: str, step: int) -> None:
    """Words lead on, back, to the step again, or choose an answer; a question asked since then comes first."""
    state = State(step=2, touring=True, shown="intro-2", audience="npo")
    turn = dialogue.handle(state, replace(EVENT, kind=EventKind.TEXT, text=text))

    assert (turn.state.step, bool(turn.decisions)) == (step, False)
    offered = replace(state, offered=("d:yes", "d:no"), offered_at=dialogue.now())
    assert text != "ja" or dialogue.handle(offered, replace(EVENT, kind=EventKind.TEXT, text=text)).state.step != 3


@pytest.mark.parametrize(("lang", "words"), [("de", "In einfachen Worten"), ("en", "<b>"), ("de-leicht", "<b>")])
def test_step_is_explained(dialogue: Dialogue, lang: str, words: str) -> None:
    """Who does not understand a step gets it in plain words, with the way back to it."""
    for number in range(1, 9):
        state = State(lang=lang, step=number, touring=True, shown=f"intro-{number}")
        (message,) = dialogue.handle(state, replace(EVENT, kind=EventKind.TEXT, text="Was heißt das?")).messages

        assert isinstance(message, SendMessage)
        assert words in message.html
        assert f"i:go:{number}" in [button.data for row in message.keyboard for button in row]


def test_choice_after_a_question(dialogue: Dialogue) -> None:
    """The words of a choice count for the step also after a question in between; a number does not."""
    state = State(step=2, touring=True, shown="frage-backbone")
    chosen = dialogue.handle(state, replace(EVENT, kind=EventKind.TEXT, text="eine gemeinsame Vision"))
    numbered = dialogue.handle(state, replace(EVENT, kind=EventKind.TEXT, text="zu 2 noch etwas"))

    assert (chosen.state.shown, bool(numbered.decisions)) == ("intro-2", True)


@pytest.mark.parametrize(
    ("text", "audience"),
    [
        ("ich arbeite in der stadtverwaltung", "kommune"),
        ("Verein", "npo"),
        ("wir sind eine Bürgerstiftung", "stiftung"),
        ("3", "kommune"),
        ("das zweite", "stiftung"),
        ("nur so aus Neugier", "neugierige"),
        ("ich bin Lehrerin", "neugierige"),
        ("weiter", "neugierige"),
        ("egal", "neugierige"),
        ("sag ich nicht", "neugierige"),
        ("I work for the council", "kommune"),
    ],
)
def test_audience_may_be_typed(dialogue: Dialogue, text: str, audience: str) -> None:
    """Who somebody is may be written; who says nothing of it gets the general examples."""
    asked = intro.begin_intro(TurnContext(dialogue, State(), EVENT))
    turn = dialogue.handle(asked.state, replace(EVENT, text=text))

    assert (turn.state.audience, turn.state.step) == (audience, 1)
    assert ("keine eigenen Beispiele" in shown_text(turn)) is ("Lehrerin" in text)


def test_audience_is_explained_and_other_questions_answered(dialogue: Dialogue) -> None:
    """ "Warum?" says how to answer; a question is answered, and the audience may still be written after it."""
    asked = intro.begin_intro(TurnContext(dialogue, State(), EVENT))
    assert "von 1 bis 6" in shown_text(dialogue.handle(asked.state, replace(EVENT, text="Warum?")))

    answered = dialogue.handle(asked.state, replace(EVENT, text="Was kostet eine Stiftung?"))
    assert (bool(answered.decisions), answered.state.step) == (True, 0)


@pytest.mark.parametrize("text", ["und jetzt?", "weiter"])
def test_what_follows_the_last_step(dialogue: Dialogue, text: str) -> None:
    """After the last step, "und jetzt?" names the self-check and the other ways on, whatever was asked before."""
    last = intro.show_step(TurnContext(dialogue, State(last_entry="backbone"), EVENT), 9)
    turn = dialogue.handle(last.state, replace(EVENT, text=text))

    assert SELFCHECK_START_CALLBACK in buttons(turn)
    assert "letzte Schritt" in shown_text(turn)


def test_questions_about_a_step_in_words(dialogue: Dialogue) -> None:
    """How many steps are left is said above the step; who asks for its source gets the entry that names it."""
    third = intro.show_step(TurnContext(dialogue, State(), EVENT), 3)
    assert "Danach noch 6" in shown_text(
        dialogue.handle(third.state, replace(EVENT, text="wie viele Schritte noch?"))
    )

    source = dialogue.handle(third.state, replace(EVENT, text="Wer sagt das?"))
    assert source.state.last_entry == TurnContext(dialogue, third.state, EVENT).path[2].entries[0]
