"""A message with several questions: one answer for each, in order."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.answering.answerer import Answer, Answerer, Status
from bot.answering.question_splitter import questions
from prompts.render import render

MOST = 3  # answers to one message
MAX_READ = 2_000  # characters of a message that are looked at


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to one message, at least one; ``left`` says that it held more questions than were answered."""

    answers: tuple[Answer, ...]
    left: bool = False

    @property
    def best(self) -> Answer:
        """The first that answers; the first of all where none does."""
        silent = (Status.ABSTAINED, Status.SMALLTALK)
        return next((answer for answer in self.answers if answer.status not in silent), self.answers[0])

    def headed(self) -> tuple[Answer, ...]:
        """The answers as they are sent: of several each names its question, and the last says what is left."""
        if len(self.answers) == 1:
            return self.answers
        last = len(self.answers) - 1
        return tuple(_headed(answer, left=self.left and number == last) for number, answer in enumerate(self.answers))


def answer_each(answerer: Answerer, text: str, hint: str = "", chosen: str = "", last: str = "") -> Answers:
    """Answer every question of a message, at most MOST; a later one may lean on the answer before it.

    Greetings and thanks are answered only where nothing else is, and the wish for a human is answered once.
    """
    parts = questions(text[:MAX_READ], answerer.markers(text, hint, chosen), answerer.is_courtesy)
    if len(parts) == 1:
        return Answers((answerer.answer(parts[0], hint, chosen, last),))
    found: list[Answer] = []
    for part in parts:
        if len(_worth_sending(found)) == MOST:
            return Answers(_worth_sending(found), left=True)
        answer = answerer.answer(part, hint, chosen, last)
        last = answer.entry or answer.about or last
        found.append(answer)
    return Answers(_worth_sending(found))


def _worth_sending(found: Iterable[Answer]) -> tuple[Answer, ...]:
    kept: list[Answer] = []
    chatted: list[Answer] = []
    for answer in found:
        same = [other for other in kept if _says_the_same(answer, other)]
        if answer.status is Status.SMALLTALK:
            chatted.append(answer)
        elif same:
            kept[kept.index(same[0])] = replace(same[0], also=(*same[0].also, answer.question))
        else:
            kept.append(answer)
    return tuple(kept) or tuple(chatted[:1])


def _says_the_same(answer: Answer, other: Answer) -> bool:
    if answer.status is Status.CONSULTATION:
        return other.status is Status.CONSULTATION
    return bool(answer.entry) and answer.entry == other.entry


def _headed(answer: Answer, *, left: bool) -> Answer:
    html = render(
        "part", answer.lang, question=" ".join((answer.question, *answer.also)), answer=answer.html, left=left
    )
    return replace(answer, html=html)
