"""Texts typed while the self-check waits for an answer."""

from dataclasses import replace

import pytest

from bot.domain.effects import SaveSelfCheck
from bot.domain.event import Event, EventKind
from bot.domain.message import EditMessage, SendMessage
from bot.domain.selfcheck import SelfCheckProgress, SelfCheckStage
from bot.domain.turn import State, Turn
from bot.flows.dialogue import Dialogue
from knowledge.loader import BUILT_IN
from knowledge.records.selfcheck import SELFCHECK_FOLDER, read_selfchecks

EVENT = Event(1, EventKind.TEXT, chat_id=10, user_id=20, message_id=5, language_code="de")
CHECKS = {check.lang: check for check in read_selfchecks(BUILT_IN / SELFCHECK_FOLDER)}
FIRST, SECOND, THIRD, *_ = (question.id for question in CHECKS["de"].questions)


def type_text(dialogue: Dialogue, check: SelfCheckProgress | None, text: str, **state: str) -> Turn:
    return dialogue.handle(State(check=check, **state), replace(EVENT, text=text))  # type: ignore[arg-type]


def progress_of(turn: Turn) -> SelfCheckProgress:
    assert turn.state.check is not None
    return turn.state.check


def html_of(turn: Turn) -> str:
    (message,) = turn.messages
    assert isinstance(message, SendMessage | EditMessage)
    return message.html


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("in Ansätzen", 1),
        ("eher weitgehend", 2),
        ("noch nicht", 0),
        ("3", 2),
        ("das zweite", 1),
        ("weiß nicht", None),
        ("5", None),
        ("Ja, das haben wir!", 3),
        ("nee", 0),
        ("eher nicht", 0),
        ("ein bisschen", 1),
        ("größtenteils", 2),
        ("ja klar", 3),
    ],
)
def test_answer_may_be_typed(dialogue: Dialogue, text: str, level: int | None) -> None:
    """The words of an answer, or its number, count as its button."""
    progress = progress_of(type_text(dialogue, SelfCheckProgress(at=FIRST), text))

    assert (progress.at, progress.answers) == (SECOND, {FIRST: level})


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("nicht wirklich", 0),
        ("haben wir noch nicht", 0),
        ("so gut wie gar nicht", 0),
        ("teils teils", 1),
        ("noch nicht alle", 1),
        ("naja, geht so", 1),
        ("ja schon", 2),
        ("fast immer", 2),
        ("machen wir schon", 3),
        ("stimmt", 3),
        ("das weiß ich nicht so genau", None),
    ],
)
def test_answer_in_other_words_is_named(dialogue: Dialogue, text: str, level: int | None) -> None:
    """An answer in words of one's own counts as the nearest one, and the next question says as which."""
    turn = type_text(dialogue, SelfCheckProgress(at=FIRST), text)

    assert progress_of(turn) == SelfCheckProgress(at=SECOND, answers={FIRST: level})
    assert "„zurück“" in html_of(turn)


@pytest.mark.parametrize("text", ["wir haben schon mal darüber geredet", "hm"])
def test_statement_without_an_answer_is_asked_again(dialogue: Dialogue, text: str) -> None:
    """What names no answer is not searched, nor taken for one: the question says how it is answered."""
    turn = type_text(dialogue, SelfCheckProgress(at=FIRST), text)

    assert progress_of(turn) == SelfCheckProgress(at=FIRST)
    assert "am ehesten stimmt" in html_of(turn)


def test_statement_about_others_is_searched(dialogue: Dialogue) -> None:
    """A word that could be an answer does not make one of a sentence about something else."""
    turn = type_text(dialogue, SelfCheckProgress(at=FIRST), "alle reden aneinander vorbei")
    assert (bool(turn.decisions), progress_of(turn).answers) == (True, {})


def test_answer_after_a_question_in_between(dialogue: Dialogue) -> None:
    """Soon after a question in between, words of one's own still answer the self-check; later, they do not."""
    paused, now = SelfCheckProgress(at=FIRST, stage=SelfCheckStage.PAUSED), dialogue.now()
    event = replace(EVENT, text="noch nicht so richtig")

    assert progress_of(dialogue.handle(State(check=paused, minute=now - 30), event)).answers == {FIRST: 1}
    assert progress_of(dialogue.handle(State(check=paused, minute=now - 3600), event)).answers == {}


@pytest.mark.parametrize(("text", "begins"), [("Los geht's", True), ("ja", True), ("1", True), ("zusammen", False)])
def test_self_check_begins_in_words(dialogue: Dialogue, text: str, begins: bool) -> None:
    """Below its welcome, words begin the self-check, alone or with others."""
    welcome = dialogue.handle(State(), replace(EVENT, kind=EventKind.COMMAND, command="selbstcheck"))
    turn = dialogue.handle(welcome.state, replace(EVENT, text=text))

    assert bool(turn.state.check) is begins
    assert begins or "Code" in html_of(turn)


@pytest.mark.parametrize("text", ["Was heißt das?", "versteh ich nicht", "?"])
@pytest.mark.parametrize("lang", sorted(CHECKS))
def test_question_is_explained(dialogue: Dialogue, lang: str, text: str) -> None:
    """Each question can be explained in plain words, and stays."""
    for question in CHECKS[lang].questions:
        turn = type_text(dialogue, SelfCheckProgress(at=question.id), text, lang=lang)

        assert question.explained
        assert question.explained in html_of(turn)
        assert progress_of(turn) == SelfCheckProgress(at=question.id)


def test_moving_in_words(dialogue: Dialogue) -> None:
    """Words lead on and back; on the way a question without an answer counts as not known, an answer is kept."""
    at_second = SelfCheckProgress(at=SECOND, answers={SECOND: 2})

    assert progress_of(type_text(dialogue, SelfCheckProgress(at=FIRST), "weiter")).answers == {FIRST: None}
    assert progress_of(type_text(dialogue, at_second, "weiter")) == replace(at_second, at=THIRD)
    assert progress_of(type_text(dialogue, at_second, "zurück")).at == FIRST
    assert "erste Frage" in html_of(type_text(dialogue, SelfCheckProgress(at=FIRST), "zurück"))
    assert "am ehesten stimmt" in html_of(type_text(dialogue, at_second, "ok und jetzt?"))
    paused = replace(at_second, stage=SelfCheckStage.PAUSED)
    assert progress_of(type_text(dialogue, paused, "weiter")) == at_second
    assert progress_of(type_text(dialogue, paused, "zurück")) == at_second
    assert progress_of(type_text(dialogue, paused, "in Ansätzen")).answers == {SECOND: 1}
    assert progress_of(type_text(dialogue, paused, "2")).answers == {SECOND: 1}


def test_other_texts_are_questions(dialogue: Dialogue) -> None:
    """A question that happens to name an answer is answered, and so is what stands beside no question."""
    asked = type_text(dialogue, SelfCheckProgress(at=FIRST), "Was heißt hier in Ansätzen?")
    assert (bool(asked.decisions), progress_of(asked).answers) == (True, {})
    joining = SelfCheckProgress(stage=SelfCheckStage.JOINING)
    assert progress_of(type_text(dialogue, joining, "in Ansätzen")) == joining
    assert type_text(dialogue, None, "was machen wir als erstes?", shown="selfcheck").decisions


def test_first_step_after_the_result(dialogue: Dialogue) -> None:
    """Whoever asks what to do right after the result gets the first step from it."""
    question = CHECKS["de"].questions[0]
    answers = {each.id: 3 for each in CHECKS["de"].questions} | {FIRST: 0}
    dialogue.store.inbox.add_updates([(1, "10", "{}")])
    dialogue.store.finish_update(1, EVENT, None, (), [SaveSelfCheck(answers, "")])

    assert question.first_step in html_of(
        type_text(dialogue, None, "Was machen wir als erstes?", shown="selbstcheck")
    )


def test_what_is_left_is_named(dialogue: Dialogue) -> None:
    """ "Wie lange noch?" is about the self-check itself, and the question stays."""
    turn = type_text(dialogue, SelfCheckProgress(at=THIRD), "wie lange noch?")

    assert progress_of(turn) == SelfCheckProgress(at=THIRD)
    assert f"Mit dieser noch {len(CHECKS['de'].questions) - 2}" in html_of(turn)
