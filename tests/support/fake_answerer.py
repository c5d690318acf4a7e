"""An answerer with prepared answers, for tests of flows without encoder and index."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from bot.answering.answerer import Answer, Answerer, AnswerStatus
from index.decision.calibration import Decision
from index.search.result import SearchResult
from knowledge.loader import BUILT_IN
from knowledge.records.discourse_markers import MARKERS_FILE, NO_MARKERS, DiscourseMarkers, read_markers
from knowledge.records.entry import Entry, Layer

NO_ANSWER = Answer(AnswerStatus.ABSTAINED, "Das weiß ich nicht.", "de", SearchResult(Decision.ABSTAIN, 0.9))


def answer_with(entry_id: str, lang: str = "de") -> Answer:
    """Return the answer that shows an entry."""
    entry = Entry(entry_id, lang, entry_id.title(), "", Layer.PAGE, url="https://example.org")
    return Answer(AnswerStatus.ANSWERED, f"<b>{entry.title}</b>", lang, SearchResult(Decision.ANSWER, 0.9, entry))


class FakeAnswerer(Answerer):
    """Answers questions from a queue, and with NO_ANSWER after its end; has every entry.

    Attributes:
        questions: the questions asked, each with the entry shown last that it could refer to.
        alike: the texts that resemble all examples.
        written: the language of texts that are not in that of the person's Telegram.
    """

    def __init__(
        self, answers: Iterable[Answer] = (), alike: Collection[str] = (), written: Mapping[str, str] | None = None
    ) -> None:
        self.alike = alike
        self.written = written or {}
        self._answers = deque(answers)
        self.questions: list[tuple[str, str]] = []

    def answer_question(
        self,
        question: str,
        telegram_lang: str = "",
        chosen_lang: str = "",
        recent_ids: Sequence[str] = (),
        last_question: str = "",
    ) -> Answer:
        self.questions.append((question, next(iter(recent_ids), "")))
        answer = self._answers.popleft() if self._answers else NO_ANSWER
        return replace(answer, question=question)

    def discourse_markers(self, text: str, telegram_lang: str = "", chosen_lang: str = "") -> DiscourseMarkers:
        return NO_MARKERS

    def written_language(self, text: str, telegram_lang: str) -> str:
        return self.written.get(text, telegram_lang)

    def is_small_talk(self, sentence: str) -> bool:
        return False

    def resembles(self, text: str, examples: tuple[str, ...], entry_id: str) -> bool:
        return text in self.alike

    def explain_answer(self, answer: Answer) -> str:
        return f"Weil: {answer.question}"

    def show_entry(self, entry_id: str, lang: str) -> Answer | None:
        return answer_with(entry_id, lang)

    def find_entry(self, entry_id: str, lang: str) -> Entry | None:
        return answer_with(entry_id, lang).source

    def named_entry(self, text: str, entry_ids: Sequence[str], lang: str) -> Entry | None:
        return next((Entry(entry_id, lang) for entry_id in entry_ids if entry_id in text.lower()), None)

    def is_example(self, entry: Entry) -> bool:
        return entry.id == "bocholt"

    def nearest_example(self, text: str, lang: str, seen_ids: Collection[str] = ()) -> Entry | None:
        return None if "bocholt" in seen_ids else Entry("bocholt", lang, "Bocholt", "")

    def nearest_entries(self, text: str, count: int, lang: str) -> list[Entry]:
        return [Entry("backbone", lang, "Backbone", "")][:count]


class EntryAnswerer(FakeAnswerer):
    """Has a single entry."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.entry = entry

    def find_entry(self, entry_id: str, lang: str) -> Entry | None:
        return self.entry if entry_id == self.entry.id else None


class MarkingAnswerer(FakeAnswerer):
    """Knows the German discourse markers."""

    def discourse_markers(self, text: str, telegram_lang: str = "", chosen_lang: str = "") -> DiscourseMarkers:
        return read_markers(BUILT_IN / MARKERS_FILE)["de"]
