"""Answer a message that may contain several questions: one answer each, in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.answering.answerer import Answer, Answerer, AnswerStatus
from bot.answering.question_splitter import split_questions
from index.search.follow_up import add_recent_entry
from index.search.searcher import MAX_QUESTION_CHARS
from prompts.render import render_template

MAX_ANSWERS = 3  # per message


@dataclass(frozen=True, slots=True)
class MessageAnswers:
    """The answers to one message, at least one.

    ``has_more``: it contained more questions than were answered; ``is_truncated``: its end was ignored.
    """

    answers: tuple[Answer, ...]
    has_more: bool = False
    is_truncated: bool = False

    @property
    def best_answer(self) -> Answer:
        """The first answer that is neither an abstention nor small talk, else the first of all."""
        not_answering = (AnswerStatus.ABSTAINED, AnswerStatus.SMALLTALK)
        return next((answer for answer in self.answers if answer.status not in not_answering), self.answers[0])

    def with_headings(self) -> tuple[Answer, ...]:
        """Return the answers as sent: each of several names its question, the last mentions further questions."""
        if len(self.answers) == 1:
            return self.answers

        *others, last = self.answers
        return (*(_add_heading(answer) for answer in others), _add_heading(last, has_more=self.has_more))


def answer_each_question(
    answerer: Answerer,
    text: str,
    telegram_lang: str = "",
    chosen_lang: str = "",
    recent_ids: Sequence[str] = (),
    last_question: str = "",
) -> MessageAnswers:
    """Answer every question of a message, at most ``MAX_ANSWERS``; a later one may refer to the answer before it.

    Small talk is answered only if it is all there is; a request for a human is answered once. Parameters are those of
    `Answerer.answer_question`.
    """
    is_truncated = len(text) > MAX_QUESTION_CHARS
    markers = answerer.discourse_markers(text, telegram_lang, chosen_lang)
    question_texts = split_questions(text[:MAX_QUESTION_CHARS], markers, answerer.is_small_talk)
    answers: list[Answer] = []
    for question_text in question_texts:
        if len(_merge_answers(answers)) == MAX_ANSWERS:
            return MessageAnswers(_merge_answers(answers), has_more=True, is_truncated=is_truncated)
        answer = answerer.answer_question(question_text, telegram_lang, chosen_lang, recent_ids, last_question)
        if answer.entry_id:  # nobody refers to a choice that is not yet seen
            recent_ids = add_recent_entry(recent_ids, answer.result.subject_id)
        answers.append(answer)
        last_question = question_text
    return MessageAnswers(_merge_answers(answers), is_truncated=is_truncated)


def _merge_answers(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    merged: list[Answer] = []
    small_talk: list[Answer] = []
    for answer in answers:
        index = next((index for index, other in enumerate(merged) if _is_duplicate(answer, other)), None)
        if answer.status is AnswerStatus.SMALLTALK:
            small_talk.append(answer)
        elif index is not None:
            merged_questions = (*merged[index].merged_questions, answer.question)
            merged[index] = replace(merged[index], merged_questions=merged_questions)
        else:
            merged.append(answer)
    return tuple(merged) or tuple(small_talk[:1])


def _is_duplicate(answer: Answer, other: Answer) -> bool:
    if answer.status is AnswerStatus.CONSULTATION:
        return other.status is AnswerStatus.CONSULTATION
    return bool(answer.entry_id) and answer.entry_id == other.entry_id


def _add_heading(answer: Answer, *, has_more: bool = False) -> Answer:
    questions = " ".join((answer.question, *answer.merged_questions))
    html = render_template("partial_answer", answer.lang, question=questions, answer=answer.html, left=has_more)
    return replace(answer, html=html)
