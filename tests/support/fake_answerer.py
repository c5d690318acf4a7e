"""An answerer that gives prepared answers, for tests of flows without encoder and index."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from bot.answering.answerer import REQUEST_ADVICE, Answer, Answerer, AnswerSource, AnswerStatus
from bot.domain.message import Button, Keyboard
from knowledge.records.discourse_markers import NO_MARKERS, DiscourseMarkers
from knowledge.records.entry import Entry

NO_ANSWER = Answer(AnswerStatus.ABSTAINED, "Das weiß ich nicht.", "de", 0.9)


def answer_with(entry_id: str, lang: str = "de") -> Answer:
    """Return the answer that shows an entry."""
    source = AnswerSource(entry_id, entry_id.title(), "page", "https://example.org", 1.0)
    return Answer(AnswerStatus.ANSWERED, f"<b>{entry_id.title()}</b>", lang, 0.9, entry_id, sources=(source,))


class FakeAnswerer(Answerer):
    """Answers questions from a queue, and those after its end with NO_ANSWER; has every entry.

    Attributes:
        questions: what was asked, with the entry that a question could refer to.
    """

    def __init__(self, answers: Iterable[Answer] = ()) -> None:
        self._answers = deque(answers)
        self.questions: list[tuple[str, str]] = []

    def answer_question(
        self, question: str, telegram_lang: str = "", chosen_lang: str = "", last_entry_id: str = ""
    ) -> Answer:
        self.questions.append((question, last_entry_id))
        answer = self._answers.popleft() if self._answers else NO_ANSWER
        return replace(answer, question=question)

    def discourse_markers(self, text: str, telegram_lang: str = "", chosen_lang: str = "") -> DiscourseMarkers:
        return NO_MARKERS

    def is_small_talk(self, sentence: str) -> bool:
        return False

    def explain_answer(self, answer: Answer) -> str:
        return f"Weil: {answer.question}"

    def show_entry(self, entry_id: str, lang: str) -> Answer | None:
        return answer_with(entry_id, lang)

    def find_entry(self, entry_id: str, lang: str) -> Entry | None:
        return None

    def nearest_entries(self, text: str, count: int, lang: str) -> list[tuple[str, str]]:
        return [("backbone", "Backbone")][:count]

    def build_keyboard(self, answer: Answer) -> Keyboard:
        return () if answer.status is AnswerStatus.SMALLTALK else ((Button("Beratung", REQUEST_ADVICE),),)
