"""Texts typed while the self-check waits: an answer, "weiter", "zurück", or that its question is not understood."""

from collections.abc import Iterator

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.commands import SELFCHECK_LINK, simplify_message
from bot.domain.selfcheck import SelfCheckProgress, SelfCheckStage
from bot.domain.turn import Turn
from bot.flows.context import TurnContext
from bot.flows.selfcheck import callbacks, result
from bot.flows.selfcheck.questionnaire import UNKNOWN_LEVEL, find_questionnaire, level_label, show_question
from bot.flows.typed_options import find_named_option, find_option
from knowledge.records.selfcheck import LEVEL_COUNT, SelfCheckQuestion
from prompts.render import format_label

# In knowledge/commands.yaml
UNCLEAR, NEXT, NOW, CHOICE, YES = ("gemeint", "unklar", "leichter"), "weiter", "jetzt", "wahl", "ja"
MAX_ANSWER_WORDS = 5  # a longer text that names an answer is something else


def handle_selfcheck_text(context: TurnContext) -> Turn | None:
    """Return the turn of a text that is meant for the self-check; None for any other text."""
    text, progress = context.event.text, context.state.check
    word, _, number = context.services.command_words.get(simplify_message(text), "").partition(" ")
    if progress is None:
        is_after_result = context.state.shown == SELFCHECK_LINK and word in (NEXT, NOW)
        return result.show_first_step(context) if is_after_result else None
    question = _find_current_question(context, progress)
    if question is None:
        return None
    is_back = find_option(_phrases("typed_back"), text) is not None
    if progress.stage is SelfCheckStage.PAUSED:
        if word == NEXT or is_back:
            return show_question(context, progress, "form_again")
        level = find_option(_label_phrases(question, context.lang), text)
        return callbacks.record_answer(context, f"{question.id}:{level}") if level else None
    if word in UNCLEAR or (not simplify_message(text) and "?" in text):
        return show_question(context, progress, explained=True)
    if word == NOW:
        return show_question(context, progress, "check_how")
    if word == NEXT:
        return _move_on(context, progress, question)
    if is_back:
        return callbacks.go_back(context, question.id) or show_question(context, progress, "check_first")
    if word == YES:
        return None  # an answer only to a question whose highest level is a yes
    level = str(int(number) - 1) if word == CHOICE else _find_level(text, question, context.lang)
    return callbacks.record_answer(context, f"{question.id}:{level}") if level else None


def _find_current_question(context: TurnContext, progress: SelfCheckProgress) -> SelfCheckQuestion | None:
    questionnaire = find_questionnaire(context)
    if questionnaire is None or progress.stage is SelfCheckStage.JOINING:
        return None
    return next((question for question in questionnaire.questions if question.id == progress.at), None)


def _move_on(context: TurnContext, progress: SelfCheckProgress, question: SelfCheckQuestion) -> Turn | None:
    """Show the next question; one that was not answered counts as not known."""
    level = progress.answers.get(question.id)
    return callbacks.record_answer(context, f"{question.id}:{UNKNOWN_LEVEL if level is None else level}")


def _find_level(text: str, question: SelfCheckQuestion, lang: str) -> str | None:
    """Return the level, as in callback data, that a text names by its number, from 1, or its wording."""
    phrases = _label_phrases(question, lang)
    if (level := find_option([*phrases, *_level_words()], text)) or "?" in text:
        return level
    return find_named_option(phrases, text) if len(text.split()) <= MAX_ANSWER_WORDS else None


def _label_phrases(question: SelfCheckQuestion, lang: str) -> list[tuple[str, str]]:
    """Return the wordings on the buttons of a question, and their numbers, from 1, each with its level."""
    levels = [(level_label(question, level, lang), str(level)) for level in range(LEVEL_COUNT)]
    levels.append((level_label(question, None, lang), UNKNOWN_LEVEL))
    return [*levels, *((str(number), level) for number, (_, level) in enumerate(levels, 1))]


def _level_words() -> Iterator[tuple[str, str]]:
    """Yield what people write instead of the wordings on the buttons, in all languages, each with its level."""
    for level in (*map(str, range(LEVEL_COUNT)), UNKNOWN_LEVEL):
        yield from ((phrase, level) for phrase, _ in _phrases(f"typed_level_{level}"))


def _phrases(label: str) -> Iterator[tuple[str, str]]:
    for lang in SUPPORTED_LANGUAGES:
        yield from ((phrase, label) for phrase in format_label(label, lang).split(", "))
