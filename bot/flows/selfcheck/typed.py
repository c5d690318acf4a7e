"""Texts typed while the self-check waits: an answer, "weiter", "zurück", or that its question is not understood."""

from collections.abc import Iterator

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.commands import SELFCHECK_LINK, simplify_message
from bot.domain.selfcheck import SelfCheckProgress, SelfCheckStage
from bot.domain.turn import Turn
from bot.flows.context import TurnContext
from bot.flows.selfcheck import callbacks, result, team
from bot.flows.selfcheck.questionnaire import (
    UNKNOWN_LEVEL,
    WELCOME_SHOWN,
    find_questionnaire,
    level_label,
    require_questionnaire,
    show_question,
)
from bot.flows.typed_options import find_named_option, find_option
from knowledge.records.selfcheck import LEVEL_COUNT, SelfCheckQuestion
from prompts.render import format_label

# In knowledge/commands.yaml
UNCLEAR, NEXT, NOW, CHOICE, YES = ("gemeint", "unklar", "leichter", "bedeutung"), "weiter", "jetzt", "wahl", "ja"
REMARKS = ("bemerkung", "lob")
MAX_INTERRUPTION = 600.0  # seconds since a question, in which what reads like an answer still is one
MAX_HINT_WORDS, MAX_BRIEF_WORDS = 6, 3  # of a statement that hints at an answer, and by a single word
AFFIRMING_LEVELS = ("2", "3")
MAX_STATEMENT_WORDS = 12  # a longer text is a question or a story
MAX_ANSWER_WORDS = 5  # a longer text that names an answer is something else


def handle_selfcheck_text(context: TurnContext) -> Turn | None:
    """Return the turn of a text that is meant for the self-check; None for any other text."""
    text, progress = context.event.text, context.state.check
    word, _, number = context.services.command_words.get(simplify_message(text), "").partition(" ")
    if progress is None:
        if context.state.shown == WELCOME_SHOWN and context.event.private:
            return _answer_welcome(context, word, number)
        is_after_result = context.state.shown == SELFCHECK_LINK and word in (NEXT, NOW)
        return result.show_first_step(context) if is_after_result else None
    question = _find_current_question(context, progress)
    if question is None:
        return None
    is_back = find_option(_phrases("typed_back"), text) is not None
    if progress.stage is SelfCheckStage.PAUSED:
        if word == NEXT or is_back:
            return show_question(context, progress, "form_again")
        level = find_option([*_label_phrases(question, context.lang), *(_level_words() if not word else ())], text)
        if (
            level is None
            and not word
            and not _is_question(context)
            and context.services.now() - context.state.minute < MAX_INTERRUPTION
        ):
            return _record_guess(context, question, _guess_level(text))
        return callbacks.record_answer(context, f"{question.id}:{level}") if level else None
    if word in UNCLEAR or (not simplify_message(text) and "?" in text):
        return show_question(context, progress, explained=True)
    if find_option(_phrases("typed_how_many"), text) is not None:
        return show_question(context, progress, "check_left_over", number=_count_left(context, question))
    if word == NOW:
        return show_question(context, progress, "check_how")
    if word == NEXT:
        return _move_on(context, progress, question)
    if is_back:
        return callbacks.go_back(context, question.id) or show_question(context, progress, "check_first")
    if word == YES:
        return None  # an answer only to a question whose highest level is a yes
    is_question = _is_question(context)
    level = str(int(number) - 1) if word == CHOICE else _find_level(text, question, context.lang, is_question)
    if level:
        return callbacks.record_answer(context, f"{question.id}:{level}")
    if is_question or (word and word not in REMARKS) or len(text.split()) > MAX_STATEMENT_WORDS:
        return None
    if turn := _record_guess(context, question, _guess_level(text)):
        return turn
    is_about_us = any(_starts_with(text, phrase) for phrase, _ in _phrases("typed_about_us"))
    return show_question(context, progress, "check_how") if word or is_about_us else None


def _answer_welcome(context: TurnContext, word: str, number: str) -> Turn | None:
    """Return the turn of a text that begins the self-check, alone or with others; None for any other text."""
    options = [(phrase, "begin") for label in ("check_begin", "typed_begin") for phrase, _ in _phrases(label)]
    options += [(phrase, "team") for label in ("check_team", "typed_together") for phrase, _ in _phrases(label)]
    chosen = find_option([*options, ("1", "begin"), ("2", "team")], context.event.text)
    if chosen == "team" or (word, number) == (CHOICE, "2"):
        return team.show_team_options(context, "")
    is_begun = chosen or word in (YES, NEXT, NOW) or (word, number) == (CHOICE, "1")
    return show_question(context, SelfCheckProgress()) if is_begun else None


def _find_current_question(context: TurnContext, progress: SelfCheckProgress) -> SelfCheckQuestion | None:
    questionnaire = find_questionnaire(context)
    if questionnaire is None or progress.stage is SelfCheckStage.JOINING:
        return None
    return next((question for question in questionnaire.questions if question.id == progress.at), None)


def _count_left(context: TurnContext, question: SelfCheckQuestion) -> int:
    questions = require_questionnaire(context).questions
    return len(questions) - questions.index(question)


def _move_on(context: TurnContext, progress: SelfCheckProgress, question: SelfCheckQuestion) -> Turn | None:
    """Show the next question; one that was not answered counts as not known."""
    level = progress.answers.get(question.id)
    return callbacks.record_answer(context, f"{question.id}:{UNKNOWN_LEVEL if level is None else level}")


def _is_question(context: TurnContext) -> bool:
    text, event = context.event.text, context.event
    markers = context.services.answerer.discourse_markers(text, event.language_code, context.state.lang)
    return "?" in text or simplify_message(text).partition(" ")[0] in markers.question_words


def _find_level(text: str, question: SelfCheckQuestion, lang: str, is_question: bool) -> str | None:
    """Return the level, as in callback data, that a text names by its number, from 1, or its wording."""
    phrases = _label_phrases(question, lang)
    if (level := find_option([*phrases, *_level_words()], text)) or is_question:
        return level
    return find_named_option(phrases, text) if len(text.split()) <= MAX_ANSWER_WORDS else None


def _guess_level(text: str) -> str | None:
    """Return the level that a short statement hints at by the longest of the words that do; None if there are none.

    "Alle reden aneinander vorbei" is no "alle": what affirms in a single word does so only beside few others, and
    "haben wir noch nicht" is no "haben wir".
    """
    written = simplify_message(text).split()
    if len(written) > MAX_HINT_WORDS:
        return None
    negations = _words_of("typed_negations")
    is_brief, is_denied = len(written) <= MAX_BRIEF_WORDS, not negations.isdisjoint(written)
    best_level, most_letters = None, 0
    for level in (UNKNOWN_LEVEL, *map(str, range(LEVEL_COUNT))):
        for phrase, _ in _phrases(f"typed_hint_{level}"):
            hint = simplify_message(phrase)
            if len(hint) <= most_letters or f" {hint} " not in f" {' '.join(written)} ":
                continue
            is_lone_word, denies = " " not in hint, not negations.isdisjoint(hint.split())
            if level in AFFIRMING_LEVELS and ((is_lone_word and not is_brief) or (is_denied and not denies)):
                continue
            best_level, most_letters = level, len(hint)
    return best_level


def _words_of(label: str) -> frozenset[str]:
    return frozenset(word for lang in SUPPORTED_LANGUAGES for word in format_label(label, lang).split())


def _record_guess(context: TurnContext, question: SelfCheckQuestion, level: str | None) -> Turn | None:
    """Record an answer in other words, and say how it was understood; None without one."""
    if level is None:
        return None
    echo = level_label(question, None if level == UNKNOWN_LEVEL else int(level), context.lang)
    return callbacks.record_answer(context, f"{question.id}:{level}", echo=echo)


def _starts_with(text: str, phrase: str) -> bool:
    return f"{simplify_message(text)} ".startswith(f"{simplify_message(phrase)} ")


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
