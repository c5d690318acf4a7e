"""Search outcome -> what the bot says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.answering.language import LEICHTE_SPRACHE, base_language, choose_reply_language, detect_question_language
from bot.domain.message import Button, Keyboard
from index.search.explanation import build_explanation
from index.search.follow_up import MIN_INTENT_PROBABILITY, ContextualResult, search_message
from index.search.searcher import IntentMatch, MultipleMatches, NoMatch, Searcher, SingleMatch
from knowledge.records.contacts import Contact
from knowledge.records.discourse_markers import NO_MARKERS, DiscourseMarkers
from knowledge.records.entry import Entry, Layer
from knowledge.records.intents import ReplyKind
from prompts.render import format_label, render_template
from prompts.telegram_html import html_to_plain

MAX_BODY_CHARS = 3_000  # characters of a foreign document shown in one answer
NOTED_LANGUAGES = frozenset(("tr", "uk", "ru", "ar", "fr", "es", "pl"))  # languages in which we can at least say why
ENTRY_CALLBACK, REQUEST_ADVICE, FEEDBACK_CALLBACK = "e:", "talk", "f:"  # callback data


class AnswerStatus(StrEnum):
    """The kinds of answer; see `gwbot ask --jsonl`."""

    ANSWERED = "answered"
    CLARIFY = "clarify"
    ABSTAINED = "abstained"
    CONSULTATION = "consultation"
    SMALLTALK = "smalltalk"


@dataclass(frozen=True, slots=True)
class AnswerSource:
    """Where an answer comes from; ``score`` is the fused score of retrieval."""

    entry: str
    title: str
    layer: str
    url: str
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in Telegram HTML. ``confidence`` is the calibrated probability, 0 to 1.

    ``question`` is what it answers, ``also`` holds further questions that it answers too. ``entry`` is the entry it
    shows, ``about`` the one that the question was read together with.
    """

    status: AnswerStatus
    html: str
    lang: str
    confidence: float
    entry_id: str = ""
    context_entry_id: str = ""
    sources: tuple[AnswerSource, ...] = ()
    option_ids: tuple[str, ...] = ()
    related_ids: tuple[str, ...] = ()
    question: str = ""
    merged_questions: tuple[str, ...] = ()

    @property
    def plain_text(self) -> str:
        """The answer as a person reads it, without markup."""
        return html_to_plain(self.html)


class Answerer:
    """Answers questions from the index that is current at that moment."""

    def __init__(
        self,
        get_searcher: Callable[[], Searcher],
        contact: Contact | None,
        default_lang: str,
        markers: Mapping[str, DiscourseMarkers],
    ) -> None:
        self._get_searcher = get_searcher
        self._contact = contact
        self._default_lang = default_lang
        self._markers = markers

    def answer_question(
        self, question: str, telegram_lang: str = "", chosen_lang: str = "", last_entry_id: str = ""
    ) -> Answer:
        """Answer a question.

        ``hint`` is the person's language by Telegram, ``chosen`` the one they asked for, ``last`` the entry that they
        saw before, on which the question may lean.
        """
        searcher = self._get_searcher()
        telegram_lang = telegram_lang[:2].lower()
        question_lang = self._question_language(question, telegram_lang, chosen_lang)
        lang = chosen_lang or choose_reply_language(question_lang, telegram_lang, self._default_lang)
        note = "" if question_lang == lang or chosen_lang else _language_note(question_lang, lang)
        result = search_message(
            searcher, question, self._markers.get(question_lang, NO_MARKERS), last_entry_id, base_language(lang)
        )
        answer = replace(self._to_answer(searcher, result, lang, note), question=question)
        if not result.context_entry_id:
            return answer
        context_html = render_template("context", lang, title=self._load_entry(searcher, last_entry_id, lang).title)
        return replace(answer, html=f"{context_html}\n\n{answer.html}", context_entry_id=last_entry_id)

    def discourse_markers(self, text: str, telegram_lang: str = "", chosen_lang: str = "") -> DiscourseMarkers:
        """The words by which a message in this one's language shows how it is meant."""
        return self._markers.get(self._question_language(text, telegram_lang[:2].lower(), chosen_lang), NO_MARKERS)

    def is_small_talk(self, sentence: str) -> bool:
        """Whether a sentence is a greeting, thanks or the like, and surely so."""
        outcome = self._get_searcher().search(sentence)
        return (
            isinstance(outcome, IntentMatch)
            and outcome.reply is ReplyKind.SMALL_TALK
            and outcome.probability >= MIN_INTENT_PROBABILITY
        )

    def explain_answer(self, answer: Answer) -> str:
        """Why this answer, in Telegram HTML."""
        searcher, lang = self._get_searcher(), answer.lang
        context_title = (
            self._load_entry(searcher, answer.context_entry_id, lang).title
            if answer.context_entry_id in searcher.reader.entries
            else ""
        )
        explanation = build_explanation(searcher, answer.question, context_title)
        title = self._load_entry(searcher, explanation.entry_id, lang).title if explanation.entry_id else ""
        return render_template(
            "explanation",
            lang,
            status=answer.status.value,
            answer=answer,
            about=context_title,
            title=title,
            why=explanation,
        )

    def _question_language(self, question: str, telegram_lang: str, chosen_lang: str) -> str:
        return detect_question_language(question, base_language(chosen_lang) or telegram_lang or self._default_lang)

    def _to_answer(self, searcher: Searcher, result: ContextualResult, lang: str, note: str) -> Answer:
        match result.outcome:
            case SingleMatch(entry_id, probability, score):
                return self._answer_with_entry(searcher, entry_id, lang, note, probability, score)
            case MultipleMatches(entry_ids, probability):
                titles = [self._load_entry(searcher, entry_id, lang).title for entry_id in entry_ids]
                if result.offers_related or result.already_shown:
                    html = render_template("further", lang, titles=titles, told=result.already_shown, note=note)
                else:
                    html = render_template("clarify", lang, titles=titles, note=note)
                return Answer(AnswerStatus.CLARIFY, html, lang, probability, option_ids=entry_ids)
            case NoMatch(gap_id, probability):
                return self._abstention_answer(searcher, gap_id, lang, note, probability)
            case IntentMatch(intent, reply, probability):
                if reply is ReplyKind.CONSULTATION:
                    html = render_template("consultation", lang, contact=self._contact, note=note)
                    return Answer(AnswerStatus.CONSULTATION, html, lang, probability)
                return Answer(AnswerStatus.SMALLTALK, render_template(intent, lang), lang, probability)

    def show_entry(self, entry_id: str, lang: str) -> Answer | None:
        """An entry as an answer, for a tapped button or a link; None where there is no such entry any more."""
        searcher = self._get_searcher()
        if entry_id not in searcher.reader.entries:
            return None
        if self._load_entry(searcher, entry_id, lang).layer is Layer.GAP:
            return self._abstention_answer(searcher, entry_id, lang, "", 1.0)
        return self._answer_with_entry(searcher, entry_id, lang, "", 1.0, 0.0)

    def find_entry(self, entry_id: str, lang: str) -> Entry | None:
        """An entry that answers something; None where there is none of this id, or it only says what is missing."""
        searcher = self._get_searcher()
        answering_ids = self._answering_ids(searcher, (entry_id,))
        return self._load_entry(searcher, entry_id, lang) if answering_ids else None

    def nearest_entries(self, text: str, count: int, lang: str) -> list[tuple[str, str]]:
        """Ids and titles of the entries nearest to a text, best first; none that only says what is missing."""
        searcher = self._get_searcher()
        ranked = tuple(hit.target for hit in searcher.rank_entries(text, 3 * count))
        entry_ids = self._answering_ids(searcher, ranked)[:count]
        return [(entry_id, self._load_entry(searcher, entry_id, lang).title) for entry_id in entry_ids]

    def build_keyboard(self, answer: Answer) -> Keyboard:
        """The buttons under an answer: options or related entries, thumbs, and the way to a human.

        An entry that the index has lost since the answer has none.
        """
        searcher = self._get_searcher()
        advice_row = (Button(format_label("talk", answer.lang), REQUEST_ADVICE),)
        if answer.status is AnswerStatus.SMALLTALK:
            return ()
        entry_ids = answer.option_ids or answer.related_ids
        buttons = [self._entry_button(searcher, entry_id, answer) for entry_id in entry_ids]
        entry_rows = tuple((button,) for button in buttons if button)
        if answer.status is AnswerStatus.ANSWERED:
            entry_id = answer.sources[0].entry
            rating_row = tuple(
                Button(format_label(name, answer.lang), f"{FEEDBACK_CALLBACK}{value}:{entry_id}")
                for name, value in (("helpful", 1), ("not_helpful", 0))
                if len(f"{FEEDBACK_CALLBACK}{value}:{entry_id}".encode()) <= 64
            )
            return (*entry_rows, rating_row, advice_row) if rating_row else (*entry_rows, advice_row)
        return (*entry_rows, advice_row)

    def _entry_button(self, searcher: Searcher, entry_id: str, answer: Answer) -> Button | None:
        data = f"{ENTRY_CALLBACK}{entry_id}"
        if len(data.encode()) > 64:
            return None  # a long file name of a foreign folder fits no button; the entry is still found by asking
        if entry_id not in searcher.reader.entries:
            return None
        title = self._load_entry(searcher, entry_id, answer.lang).title
        return Button(title if answer.option_ids else format_label("read_on", answer.lang, title=title), data)

    def _answer_with_entry(
        self, searcher: Searcher, entry_id: str, lang: str, note: str, probability: float, score: float
    ) -> Answer:
        entry = self._load_entry(searcher, entry_id, lang)
        html = render_template(
            "answer",
            lang,
            note=note or _missing_text_note(entry, lang),
            title=entry.title,
            layer=entry.layer.value,
            body=_shorten_body(entry.body),
            source=entry.source,
            url=entry.url,
        )
        source = AnswerSource(entry.id, entry.title, entry.layer.value, entry.url, round(score, 4))
        related_ids = self._answering_ids(searcher, entry.related)[:3]
        return Answer(
            AnswerStatus.ANSWERED, html, lang, probability, entry_id, sources=(source,), related_ids=related_ids
        )

    def _abstention_answer(
        self, searcher: Searcher, gap_id: str | None, lang: str, note: str, probability: float
    ) -> Answer:
        entry = self._load_entry(searcher, gap_id, lang) if gap_id else None
        note = note or (_missing_text_note(entry, lang) if entry else "")
        html = render_template("abstained", lang, gap=entry.body if entry else "", contact=self._contact, note=note)
        related_ids = self._answering_ids(searcher, entry.related) if entry else ()
        return Answer(AnswerStatus.ABSTAINED, html, lang, probability, gap_id or "", related_ids=related_ids[:2])

    def _answering_ids(self, searcher: Searcher, ids: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the entries that exist and answer something; a gap leads nowhere."""
        existing = [entry_id for entry_id in ids if entry_id in searcher.reader.entries]
        return tuple(
            other_id
            for other_id in existing
            if self._load_entry(searcher, other_id, self._default_lang).layer is not Layer.GAP
        )

    def _load_entry(self, searcher: Searcher, entry_id: str, lang: str) -> Entry:
        return searcher.reader.get_entry(entry_id, lang)


def _language_note(question_lang: str, lang: str) -> str:
    return (
        format_label(f"note_{question_lang}", lang)
        if question_lang in NOTED_LANGUAGES
        else format_label("note_other", lang)
    )


def _missing_text_note(entry: Entry, lang: str) -> str:
    return format_label("note_missing", lang) if lang == LEICHTE_SPRACHE and entry.lang != LEICHTE_SPRACHE else ""


def _shorten_body(body: str) -> str:
    if len(body) <= MAX_BODY_CHARS:
        return body
    end = body.rfind("\n\n", 0, MAX_BODY_CHARS)
    return body[: end if end > MAX_BODY_CHARS // 2 else MAX_BODY_CHARS].rstrip() + " …"
