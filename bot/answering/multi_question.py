"""A message with several questions: one answer for each, in order."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.answering.answerer import Answer, Answerer, AnswerStatus
from bot.answering.question_splitter import split_questions
from prompts.render import render_template

MAX_ANSWERS = 3  # answers to one message
MAX_MESSAGE_CHARS = 2_000  # characters of a message that are looked at


@dataclass(frozen=True, slots=True)
class MessageAnswers:
    """The answers to one message, at least one; ``left`` says that it held more questions than were answered."""

    answers: tuple[Answer, ...]
    has_more: bool = False

    @property
    def best_answer(self) -> Answer:
        """The first that answers; the first of all where none does."""
        not_answering = (AnswerStatus.ABSTAINED, AnswerStatus.SMALLTALK)
        return next((answer for answer in self.answers if answer.status not in not_answering), self.answers[0])

    def with_headings(self) -> tuple[Answer, ...]:
        """The answers as they are sent: of several each names its question, and the last says what is left."""
        if len(self.answers) == 1:
            return self.answers
        last = len(self.answers) - 1
        return tuple(
            _add_heading(answer, has_more=self.has_more and number == last)
            for number, answer in enumerate(self.answers)
        )


def answer_each_question(
    answerer: Answerer, text: str, telegram_lang: str = "", chosen_lang: str = "", last_entry_id: str = ""
) -> MessageAnswers:
    """Answer every question of a message, at most MOST; a later one may lean on the answer before it.

    Greetings and thanks are answered only where nothing else is, and the wish for a human is answered once.
    """
    question_texts = split_questions(
        text[:MAX_MESSAGE_CHARS], answerer.discourse_markers(text, telegram_lang, chosen_lang), answerer.is_small_talk
    )
    if len(question_texts) == 1:
        return MessageAnswers(
            (answerer.answer_question(question_texts[0], telegram_lang, chosen_lang, last_entry_id),)
        )
    answers: list[Answer] = []
    for question_text in question_texts:
        if len(_merge_answers(answers)) == MAX_ANSWERS:
            return MessageAnswers(_merge_answers(answers), has_more=True)
        answer = answerer.answer_question(question_text, telegram_lang, chosen_lang, last_entry_id)
        last_entry_id = answer.entry_id or answer.context_entry_id or last_entry_id
        answers.append(answer)
    return MessageAnswers(_merge_answers(answers))


def _merge_answers(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    merged: list[Answer] = []
    small_talk: list[Answer] = []
    for answer in answers:
        duplicates = [other for other in merged if _is_duplicate(answer, other)]
        if answer.status is AnswerStatus.SMALLTALK:
            small_talk.append(answer)
        elif duplicates:
            merged[merged.index(duplicates[0])] = replace(
                duplicates[0], merged_questions=(*duplicates[0].merged_questions, answer.question)
            )
        else:
            merged.append(answer)
    return tuple(merged) or tuple(small_talk[:1])


def _is_duplicate(answer: Answer, other: Answer) -> bool:
    if answer.status is AnswerStatus.CONSULTATION:
        return other.status is AnswerStatus.CONSULTATION
    return bool(answer.entry_id) and answer.entry_id == other.entry_id


def _add_heading(answer: Answer, *, has_more: bool) -> Answer:
    html = render_template(
        "partial_answer",
        answer.lang,
        question=" ".join((answer.question, *answer.merged_questions)),
        answer=answer.html,
        left=has_more,
    )
    return replace(answer, html=html)
