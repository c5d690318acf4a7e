"""Answer questions: turn a search result into a text in the person's language."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from html import escape

from bot.answering.heeding import MIN_OPTIONS, answer_doubt, answer_introduced_question, heed_tone
from bot.answering.language import SUPPORTED_LANGUAGES, base_language, choose_reply_language, detect_question_language
from bot.answering.source_line import list_sources, shorten_source
from bot.answering.tone import Tone, read_tone, without_introduction, without_yes_or_no
from index.decision.calibration import Decision
from index.search.explanation import explain_result
from index.search.facets import find_named, names_in
from index.search.follow_up import (
    MIN_INTENT_PROBABILITY,
    MIN_SURE_PROBABILITY,
    names_subject,
    only_reacts,
    search_message,
)
from index.search.result import SearchResult
from index.search.searcher import Searcher
from knowledge.records.contacts import Contact
from knowledge.records.discourse_markers import NO_MARKERS, DiscourseMarkers
from knowledge.records.entry import DETAILS_GAP, LEICHTE_SPRACHE, Entry, Layer
from knowledge.records.facets import NO_FACETS, Facets
from knowledge.records.intents import ReplyKind
from prompts.render import format_label, render_template
from prompts.telegram_html import embolden_sentence, find_block, html_to_plain, markdown_to_html

MAX_BODY_CHARS = 3_000  # of an entry in one answer; only documents of an external folder are longer
LABELLED_LAYERS = frozenset((Layer.PAGE, Layer.LITERATURE, Layer.WEB))
MAX_RANKED = 300  # entries among which an example is looked for
NOTED_LANGUAGES = frozenset(("tr", "uk", "ru", "ar", "fr", "es", "pl"))  # have a label that names them


class AnswerStatus(StrEnum):
    """The kinds of answer; see `gwbot ask --jsonl`."""

    ANSWERED = "answered"
    CLARIFY = "clarify"
    ABSTAINED = "abstained"
    CONSULTATION = "consultation"
    SMALLTALK = "smalltalk"


@dataclass(frozen=True, slots=True)
class Answer:
    """A search result in words.

    Attributes:
        html: the text, in Telegram HTML.
        lang: the language of the text and of the result's entries.
        result: the search result, with the entries behind buttons and the data for an explanation.
        question: the question it answers; "" if an entry was shown without one.
        merged_questions: further questions of the same message that it also answers.
    """

    status: AnswerStatus
    html: str
    lang: str
    result: SearchResult
    question: str = ""
    merged_questions: tuple[str, ...] = ()

    @property
    def source(self) -> Entry | None:
        """The entry that answers; None for any other status."""
        return self.result.entry if self.status is AnswerStatus.ANSWERED else None

    @property
    def entry_id(self) -> str:
        """The id of the entry that answers, or of the gap that says that nothing does; "" if there is neither."""
        return self.result.entry.id if self.result.entry else ""

    @property
    def context_entry_id(self) -> str:
        """The id of the entry that gave the question its context; "" if it needed none."""
        return self.result.context.id if self.result.context else ""

    @property
    def plain_text(self) -> str:
        """The text as a person reads it, without markup."""
        return html_to_plain(self.html)


class Answerer:
    """Answers questions from the current index."""

    def __init__(
        self,
        get_searcher: Callable[[], Searcher],
        contact: Contact | None,
        default_lang: str,
        markers: Mapping[str, DiscourseMarkers],
        facets: Facets = NO_FACETS,
    ) -> None:
        self._get_searcher = get_searcher
        self._contact = contact
        self._default_lang = default_lang
        self._markers = markers
        self._facets = facets
        self._small_words = {lang: lang_markers.small_words for lang, lang_markers in markers.items()}

    def answer_question(
        self,
        question: str,
        telegram_lang: str = "",
        chosen_lang: str = "",
        recent_ids: Sequence[str] = (),
        last_question: str = "",
    ) -> Answer:
        """Answer a question.

        Args:
            telegram_lang: the language code of the person's Telegram, a prior for that of the question.
            chosen_lang: the language they chose for answers; "" if they didn't.
            recent_ids: the entries shown before, the latest first, which a follow-up may refer to.
            last_question: what the person wrote before; of two worries in a row, only the first gets a warm sentence.
        """
        telegram_lang = telegram_lang[:2].lower()
        question_lang = self._question_language(question, telegram_lang, chosen_lang)
        lang = chosen_lang or choose_reply_language(question_lang, telegram_lang, self._default_lang)
        note = "" if question_lang == lang or chosen_lang else _language_note(question_lang, lang)
        markers = self._markers.get(question_lang, NO_MARKERS)
        tone = read_tone(question, markers, last_question)
        recent_ids = () if tone.worries else recent_ids  # a worry says what it is about
        searcher = self._get_searcher()
        result = search_message(searcher, question, markers, recent_ids, lang, self._facets)
        if tone.introduces and (asked := without_introduction(question, markers)):
            apart = search_message(searcher, asked, markers, recent_ids, lang, self._facets)
            result = answer_introduced_question(result, apart)
        result = answer_doubt(searcher, question, result, markers, lang)
        result = heed_tone(searcher, result, tone, markers, lang)
        answer = replace(self._render_result(result, lang, note, tone), question=question)
        html = _take_up(answer, tone)
        if result.context and result.falls_back:
            html = f"<i>{escape(format_label('falls_back', lang, title=result.context.title))}</i>\n\n{html}"
        elif result.context and not result.already_shown and not names_subject(question, markers):
            html = f"{render_template('context', lang, title=result.context.title)}\n\n{html}"
        return replace(answer, html=html)

    def show_entry(self, entry_id: str, lang: str) -> Answer | None:
        """Return an entry as an answer, for a tapped button or a link; None if it no longer exists."""
        result = self._get_searcher().show_entry(entry_id, lang)
        return self._render_result(result, lang, "", Tone(asks=False)) if result else None

    def find_entry(self, entry_id: str, lang: str) -> Entry | None:
        """Return an entry that answers something; None for an unknown id or a gap."""
        return next(self._get_searcher().answering_entries((entry_id,), lang), None)

    def named_entry(self, text: str, entry_ids: Sequence[str], lang: str) -> Entry | None:
        """Return the only one of some entries that a text names, asking nothing else; None if it names none."""
        searcher = self._get_searcher()
        names = names_in(text, self._facets, self._markers.get(base_language(lang), NO_MARKERS))
        entries = searcher.answering_entries(entry_ids, lang)
        return find_named(names, entries, searcher.reader.proper_names, self._facets.telling)

    def nearest_entries(self, text: str, count: int, lang: str) -> list[Entry]:
        """Return the entries nearest to a text, best first, without gaps; at most ``count``."""
        searcher = self._get_searcher()
        ranked_ids = (hit.target for hit in searcher.rank_entries(text, 3 * count))
        return list(searcher.answering_entries(ranked_ids, lang))[:count]

    def is_example(self, entry: Entry) -> bool:
        """Return whether an entry tells of a real place or initiative nearby, as its title shows."""
        title = entry.title.lower()
        return any(place in title for place in self._markers.get(base_language(entry.lang), NO_MARKERS).places)

    def nearest_example(self, text: str, lang: str, seen_ids: Collection[str] = ()) -> Entry | None:
        """Return the entry nearest to a text of a real place or initiative nearby that was not seen yet."""
        searcher = self._get_searcher()
        ranked_ids = (hit.target for hit in searcher.rank_entries(text, MAX_RANKED) if hit.target not in seen_ids)
        entries = searcher.answering_entries(ranked_ids, base_language(lang))
        return next(filter(self.is_example, entries), None)

    def explain_answer(self, answer: Answer) -> str:
        """Explain an answer, in Telegram HTML."""
        result, lang = answer.result, answer.lang
        explanation = explain_result(self._get_searcher().reader, result, answer.question, lang)
        return render_template(
            "explanation",
            lang,
            status=answer.status.value,
            answer=answer,
            about=result.context.title if result.context else "",
            asked=result.facet_question,
            title=explanation.entry.title if explanation.entry else "",
            why=explanation,
        )

    def discourse_markers(self, text: str, telegram_lang: str = "", chosen_lang: str = "") -> DiscourseMarkers:
        """Return the discourse markers of a message's language; parameters as for `answer_question`."""
        return self._markers.get(self._question_language(text, telegram_lang[:2].lower(), chosen_lang), NO_MARKERS)

    def written_language(self, text: str, telegram_lang: str) -> str:
        """Return the language of a text if the bot writes it; else, or if that is not clear, ``telegram_lang``."""
        telegram_lang = telegram_lang[:2].lower()
        lang = self._question_language(text, telegram_lang, "")
        return lang if lang in SUPPORTED_LANGUAGES else telegram_lang

    def is_small_talk(self, sentence: str) -> bool:
        """Return whether a sentence is almost certainly a greeting, thanks or the like, and does not say who asks."""
        if read_tone(sentence, self.discourse_markers(sentence)).introduces:
            return False
        result = self._get_searcher().search(sentence)
        return result.reply is ReplyKind.SMALL_TALK and result.probability >= MIN_INTENT_PROBABILITY

    def resembles(self, text: str, examples: tuple[str, ...], entry_id: str) -> bool:
        """Return whether a text means what some examples or an entry about the bot do, and no other answers it."""
        searcher = self._get_searcher()
        if not searcher.resembles(text, examples, entry_id):
            return False
        result = searcher.search(text)
        return result.decision is not Decision.ANSWER or result.entry is None or result.entry.layer is Layer.BOT

    def _question_language(self, question: str, telegram_lang: str, chosen_lang: str) -> str:
        prior = base_language(chosen_lang) or telegram_lang or self._default_lang
        if only_reacts(question, self._markers.get(prior, NO_MARKERS)):
            return prior  # "ok" is a word of several languages
        return detect_question_language(question, prior, self._small_words)

    def _render_result(self, result: SearchResult, lang: str, note: str, tone: Tone) -> Answer:
        match result.decision:
            case Decision.ANSWER:
                assert result.entry is not None
                sentence = result.detail.text if result.detail and result.detail.is_sure else ""
                html = _render_entry(result.entry, lang, note, sentence, answers=tone.asks)
                return Answer(AnswerStatus.ANSWERED, html, lang, result)
            case Decision.CLARIFY:
                if tone.worries and not result.nearest and len(result.options) < MIN_OPTIONS:
                    topic = next((option.title for option in result.options), "")
                    html = render_template(
                        "worry", lang, topic=topic, again=tone.goes_on, contact=self._contact, note=note
                    )
                else:
                    html = _offer_choice(result, lang, note, tone)
                return Answer(AnswerStatus.CLARIFY, html, lang, result)
            case Decision.ABSTAIN:
                gap = result.entry
                note = note or (_missing_text_note(gap, lang) if gap else "")
                if result.off_topic and not gap:
                    html = render_template("offtopic", lang, note=note)
                else:
                    gap_text, has_related = gap.body if gap else "", bool(result.related)
                    html = render_template(
                        "abstained",
                        lang,
                        about=_sure_subject(self._get_searcher(), result, lang),
                        gap=gap_text,
                        near=has_related,
                        contact=self._contact,
                        note=note,
                    )
                return Answer(AnswerStatus.ABSTAINED, html, lang, result)
            case Decision.SMALL_TALK:
                if result.reply is ReplyKind.CONSULTATION:
                    html = render_template(
                        "consultation",
                        lang,
                        contact=self._contact,
                        topics=bool(result.related),
                        opening=_open_consultation(tone, lang),
                        note=note,
                    )
                    return Answer(AnswerStatus.CONSULTATION, html, lang, result)
                values = {"contact": self._contact, "welcome": welcome_writer(tone, lang)}
                html = render_template(result.intent, lang, question="", again=False, **values)
                return Answer(AnswerStatus.SMALLTALK, html, lang, result)


def _take_up(answer: Answer, tone: Tone) -> str:
    """Return an answer's text after a sentence on who asks, who learn of the self-check, or on what worries them."""
    if answer.status is AnswerStatus.SMALLTALK:
        return answer.html
    if tone.introduces and answer.status is not AnswerStatus.CONSULTATION:
        selfcheck = f"\n\n{format_label('warm_selfcheck', answer.lang)}" if tone.organisation else ""
        return f"{welcome_writer(tone, answer.lang)}\n\n{answer.html}{selfcheck}"
    if tone.is_burdened and not tone.goes_on and answer.status is not AnswerStatus.CONSULTATION:
        return f"{format_label('warm_worry', answer.lang)}\n\n{answer.html}"
    return answer.html


def welcome_writer(tone: Tone, lang: str) -> str:
    """Return a warm sentence for somebody who says who they are, as HTML; "" for anybody else."""
    if not tone.introduces:
        return ""
    name = tone.organisation or tone.role
    return escape(format_label("warm_organisation" if name else "warm_introduction", lang, organisation=name))


def _sure_subject(searcher: Searcher, result: SearchResult, lang: str) -> str:
    """Return the title of what a refused question is surely about; "" if that is unsure, or if its gap names it."""
    is_named = result.entry is not None and result.entry.id != DETAILS_GAP
    if is_named or result.probabilities is None or result.probabilities.top_correct < MIN_SURE_PROBABILITY:
        return ""
    entry = searcher.find_entry(result.hits[0].target, lang)
    return entry.title if entry and entry.layer is not Layer.BOT else ""


def _open_consultation(tone: Tone, lang: str) -> str:
    """Return how the offer of a person begins to whoever is exhausted or angry; "" for anybody else."""
    name = "opening_exhausted" if tone.exhausted else "opening_sorry" if tone.scolds else ""
    return format_label(name, lang) if name else ""


def _render_entry(entry: Entry, lang: str, note: str = "", sentence: str = "", *, answers: bool = False) -> str:
    """Return an entry's text; ``answers``: it may begin with yes or no."""
    change = str if answers else without_yes_or_no
    return render_template(
        "answer",
        lang,
        note=note or _missing_text_note(entry, lang),
        title=entry.title,
        layer=layer_label(entry.layer, lang),
        body=change(_shorten_body(entry.body)),
        sentence=change(sentence),
        source=shorten_source(entry),
        more_sources=len(list_sources(entry)) - 1,
        url=entry.url,
    )


def _offer_choice(result: SearchResult, lang: str, note: str, tone: Tone) -> str:
    """Return the text that offers a choice; it shows the entry that is clearly the nearest, else a sure sentence."""
    titles = [option.title for option in result.options if option != result.nearest]
    if result.nearest or not result.context or not (result.offers_related or result.already_shown):
        nearest = _render_entry(result.nearest, lang) if result.nearest else ""
        return render_template("clarify", lang, titles=titles, answer=nearest, note=note, tells=tone.tells)
    quote = _quote_sentence(result.context, result.detail.text) if result.detail and result.detail.is_sure else ""
    about, told = result.context.title, result.already_shown
    return render_template("further", lang, titles=titles, about=about, told=told, quote=quote, note=note)


def _quote_sentence(entry: Entry, sentence: str) -> str:
    """Return the paragraph or list item of an entry that has a sentence, with it in bold, as Telegram HTML."""
    html = markdown_to_html(entry.body)
    return embolden_sentence(find_block(html, sentence) or escape(sentence), sentence)


def layer_label(layer: Layer, lang: str) -> str:
    """Return the words that say where an answer comes from; "" where its source line, or nothing, says so."""
    return format_label(f"layer_{layer.value}", lang) if layer in LABELLED_LAYERS else ""


def _language_note(question_lang: str, lang: str) -> str:
    return format_label(f"note_{question_lang if question_lang in NOTED_LANGUAGES else 'other'}", lang)


def _missing_text_note(entry: Entry, lang: str) -> str:
    """Return the words that an entry is not written in the reader's language; "" if it is, or if nobody knows."""
    is_unknown = entry.layer is Layer.DOCUMENT and lang != LEICHTE_SPRACHE  # an external folder names no language
    return "" if entry.lang == lang or is_unknown else format_label("note_missing", lang)


def _shorten_body(body: str) -> str:
    if len(body) <= MAX_BODY_CHARS:
        return body
    end = body.rfind("\n\n", 0, MAX_BODY_CHARS)
    return body[: end if end > MAX_BODY_CHARS // 2 else MAX_BODY_CHARS].rstrip() + " …"
