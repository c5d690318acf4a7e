"""The handout as a pure function of what was read and answered."""

from dataclasses import replace
from typing import Any

from bot.domain.effects import CreateTeamCode, SaveSelfCheck
from bot.domain.event import Event, EventKind
from bot.domain.message import SendMessage
from bot.domain.turn import State
from bot.flows.dialogue import Dialogue
from bot.flows.questions import MAX_ANSWERS_READ
from prompts.telegram_html import html_to_plain
from tests.support.fake_answerer import FakeAnswerer, answer_with

EVENT = Event(1, EventKind.COMMAND, chat_id=10, user_id=20, message_id=5, language_code="de", command="mitnehmen")


def handout(dialogue: Dialogue, state: State) -> tuple[list[str], dict[str, Any]]:
    """Return the texts of the messages, and the values of the document."""
    messages = [message for message in dialogue.handle(state, EVENT).messages if isinstance(message, SendMessage)]
    attachment = messages[-1].attachment
    assert attachment is not None
    return [html_to_plain(message.html) for message in messages], dict(attachment.values)


def test_text_of_its_own_for_each_step(dialogue: Dialogue) -> None:
    """Message and document have the sentences of each step that are worth keeping, in each language."""
    for lang in ("de", "en", "de-leicht"):
        (kept, caption), values = handout(dialogue, State(lang=lang, read=tuple(range(1, 10))))
        takeaways = [step.takeaway for step in dialogue.steps if step.lang == lang]

        assert len(takeaways) == 9
        assert all(takeaway and takeaway in kept for takeaway in takeaways)
        assert [step["text"] for step in values["steps"]] == takeaways
        assert kept != caption


def test_step_without_a_takeaway(dialogue: Dialogue) -> None:
    """Of a step in a folder that gives no takeaway, the handout has the beginning."""
    bare = tuple(replace(step, takeaway="") for step in dialogue.steps)
    _, values = handout(replace(dialogue, steps=bare), State(read=(5,)))

    assert values["steps"][0]["text"] == "Komplexe Probleme brauchen keine Einzelkämpfer*innen. " + (
        "Verwaltung, Zivilgesellschaft, Bürgerschaft, Wirtschaft und die Zielgruppe tragen je einen Baustein bei "
        "und stärken das, was andere tun."
    )


def test_link_only_if_the_bot_has_a_name(dialogue: Dialogue) -> None:
    """Link and QR code are there only if the bot knows its name at Telegram."""
    _, without = handout(dialogue, State(read=(1,), answers_read=("backbone",)))
    _, named = handout(replace(dialogue, username="ExampleBot"), State(read=(1,), answers_read=("backbone",)))

    assert (without["link"]["url"], without["answers_read"][0]["url"]) == ("", "")
    assert named["link"]["url"] == "https://t.me/ExampleBot"
    assert named["answers_read"] == [{"title": "Backbone", "url": "https://t.me/ExampleBot?start=frage-backbone"}]


def test_answers_read_are_remembered_once_and_not_for_ever(dialogue: Dialogue) -> None:
    """Every answer that was shown is listed once, the latest last; of many, the oldest are forgotten."""
    ids = [f"entry-{number}" for number in range(MAX_ANSWERS_READ + 2)]
    dialogue = replace(dialogue, answerer=FakeAnswerer(map(answer_with, (*ids, ids[-2]))))
    state = State()
    for number in range(len(ids) + 1):
        event = replace(EVENT, kind=EventKind.TEXT, command="", text=f"Frage {number}?", message_id=number + 6)
        state = replace(dialogue.handle(state, event).state, asked=0)
    (caption,), values = handout(dialogue, state)

    assert state.answers_read == (*ids[2:-2], ids[-1], ids[-2])
    assert len(values["answers_read"]) == MAX_ANSWERS_READ
    assert "mit Ihren gelesenen Antworten." in caption
    assert "/einfuehrung" in values["empty"]
    assert "/selbstcheck" in values["empty"]


def test_every_question_of_the_selfcheck_with_its_answer(dialogue: Dialogue) -> None:
    """The document has every question of the self-check with the answer in words, and one next step."""
    (check,) = (check for check in dialogue.selfchecks if check.lang == "de")
    answers = {question.id: None if question.id == "mittel" else 1 for question in check.questions}
    dialogue.store.inbox.add_updates([(1, "10", "{}")])
    dialogue.store.finish_update(1, EVENT, None, (), [SaveSelfCheck(answers)])
    _, values = handout(dialogue, State())
    rows = {row["question"]: row["answer"] for group in values["check"]["answers"] for row in group["rows"]}

    assert list(rows) == [question.question for question in check.questions]
    assert rows["Spüren die Beteiligten, dass sich bald etwas ändern muss?"] == "einige"
    assert rows["Reicht das Geld, um gemeinsam anzufangen und dranzubleiben?"] == "weiß nicht"
    assert values["check"]["first_step"]["text"] == check.questions[0].first_step


def test_result_of_the_team(dialogue: Dialogue) -> None:
    """The document of a member has the words of the team's result and its first step, and no code."""
    code = "BCDFGHJKLM"
    for number, user in enumerate((20, 21, 22), start=1):
        event = replace(EVENT, user_id=user)
        dialogue.store.inbox.add_updates([(number, "10", "{}")])
        levels = {question.id: 0 if question.id == "messung" else 3 for question in dialogue.selfchecks[0].questions}
        effects = [CreateTeamCode(code)] if number == 1 else []
        dialogue.store.finish_update(number, event, None, (), [*effects, SaveSelfCheck(levels, code)])
    _, values = handout(dialogue, State())

    assert "3 Personen" in values["team"]["heading"]
    assert "Gemeinsame Messung: eher noch nicht da" in values["team"]["alt"]
    assert "Dringlichkeit: eher schon da" in values["team"]["alt"]
    assert values["team"]["first_step"]["text"].startswith("Einigen Sie sich auf wenige Zahlen")
    assert code not in str(values)
