"""Search outcome -> what the bot says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.answering.language import EASY, base, question_language, reply_language
from bot.domain.message import Button, Keyboard
from index.search.explanation import explain
from index.search.follow_up import SURE, Understood, understand
from index.search.searcher import Abstained, Ambiguous, Found, Intended, Searcher
from knowledge.records.contacts import Contact
from knowledge.records.discourse_markers import NONE, Markers
from knowledge.records.entry import Entry, Layer
from knowledge.records.intents import Reply
from prompts.render import label, render
from prompts.telegram_html import to_plain

MAX_BODY = 3_000  # characters of a foreign document shown in one answer
NOTED = frozenset(("tr", "uk", "ru", "ar", "fr", "es", "pl"))  # languages in which we can at least say why
ENTRY, TALK, THUMB = "e:", "talk", "f:"  # callback data


class Status(StrEnum):
    """The kinds of answer; see `gwbot ask --jsonl`."""

    ANSWERED = "answered"
    CLARIFY = "clarify"
    ABSTAINED = "abstained"
    CONSULTATION = "consultation"
    SMALLTALK = "smalltalk"


@dataclass(frozen=True, slots=True)
class Source:
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

    status: Status
    html: str
    lang: str
    confidence: float
    entry: str = ""
    about: str = ""
    sources: tuple[Source, ...] = ()
    options: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    question: str = ""
    also: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The answer as a person reads it, without markup."""
        return to_plain(self.html)


class Answerer:
    """Answers questions from the index that is current at that moment."""

    def __init__(
        self,
        searcher: Callable[[], Searcher],
        contact: Contact | None,
        default_lang: str,
        markers: Mapping[str, Markers],
    ) -> None:
        self._searcher = searcher
        self._contact = contact
        self._default = default_lang
        self._markers = markers

    def answer(self, question: str, hint: str = "", chosen: str = "", last: str = "") -> Answer:
        """Answer a question.

        ``hint`` is the person's language by Telegram, ``chosen`` the one they asked for, ``last`` the entry that they
        saw before, on which the question may lean.
        """
        searcher = self._searcher()
        hint = hint[:2].lower()
        asked = self._asked(question, hint, chosen)
        lang = chosen or reply_language(asked, hint, self._default)
        note = "" if asked == lang or chosen else _note(asked, lang)
        understood = understand(searcher, question, self._markers.get(asked, NONE), last, base(lang))
        answer = replace(self._told(searcher, understood, lang, note), question=question)
        if not understood.about:
            return answer
        context = render("context", lang, title=self._entry(searcher, last, lang).title)
        return replace(answer, html=f"{context}\n\n{answer.html}", about=last)

    def markers(self, text: str, hint: str = "", chosen: str = "") -> Markers:
        """The words by which a message in this one's language shows how it is meant."""
        return self._markers.get(self._asked(text, hint[:2].lower(), chosen), NONE)

    def is_courtesy(self, sentence: str) -> bool:
        """Whether a sentence is a greeting, thanks or the like, and surely so."""
        outcome = self._searcher().search(sentence)
        return isinstance(outcome, Intended) and outcome.reply is Reply.SMALLTALK and outcome.probability >= SURE

    def explain(self, answer: Answer) -> str:
        """Why this answer, in Telegram HTML."""
        searcher, lang = self._searcher(), answer.lang
        about = self._entry(searcher, answer.about, lang).title if answer.about in searcher.opened.entries else ""
        why = explain(searcher, answer.question, about)
        title = self._entry(searcher, why.entry, lang).title if why.entry else ""
        return render("why", lang, status=answer.status.value, answer=answer, about=about, title=title, why=why)

    def _asked(self, question: str, hint: str, chosen: str) -> str:
        return question_language(question, base(chosen) or hint or self._default)

    def _told(self, searcher: Searcher, understood: Understood, lang: str, note: str) -> Answer:
        match understood.outcome:
            case Found(entry, probability, score):
                return self._found(searcher, entry, lang, note, probability, score)
            case Ambiguous(entries, probability):
                titles = [self._entry(searcher, entry, lang).title for entry in entries]
                if understood.more or understood.told:
                    html = render("further", lang, titles=titles, told=understood.told, note=note)
                else:
                    html = render("clarify", lang, titles=titles, note=note)
                return Answer(Status.CLARIFY, html, lang, probability, options=entries)
            case Abstained(gap, probability):
                return self._abstained(searcher, gap, lang, note, probability)
            case Intended(intent, reply, probability):
                if reply is Reply.CONSULTATION:
                    html = render("consultation", lang, contact=self._contact, note=note)
                    return Answer(Status.CONSULTATION, html, lang, probability)
                return Answer(Status.SMALLTALK, render(intent, lang), lang, probability)

    def show(self, entry_id: str, lang: str) -> Answer | None:
        """An entry as an answer, for a tapped button or a link; None where there is no such entry any more."""
        searcher = self._searcher()
        if entry_id not in searcher.opened.entries:
            return None
        if self._entry(searcher, entry_id, lang).layer is Layer.GAP:
            return self._abstained(searcher, entry_id, lang, "", 1.0)
        return self._found(searcher, entry_id, lang, "", 1.0, 0.0)

    def entry(self, entry_id: str, lang: str) -> Entry | None:
        """An entry that answers something; None where there is none of this id, or it only says what is missing."""
        searcher = self._searcher()
        known = self._answering(searcher, (entry_id,))
        return self._entry(searcher, entry_id, lang) if known else None

    def nearest(self, text: str, count: int, lang: str) -> list[tuple[str, str]]:
        """Ids and titles of the entries nearest to a text, best first; none that only says what is missing."""
        searcher = self._searcher()
        ranked = tuple(hit.target for hit in searcher.rank(text, 3 * count))
        found = self._answering(searcher, ranked)[:count]
        return [(entry, self._entry(searcher, entry, lang).title) for entry in found]

    def keyboard(self, answer: Answer) -> Keyboard:
        """The buttons under an answer: options or related entries, thumbs, and the way to a human.

        An entry that the index has lost since the answer has none.
        """
        searcher = self._searcher()
        talk = (Button(label("talk", answer.lang), TALK),)
        if answer.status is Status.SMALLTALK:
            return ()
        shown = answer.options or answer.related
        buttons = [self._entry_button(searcher, entry, answer) for entry in shown]
        entries = tuple((button,) for button in buttons if button)
        if answer.status is Status.ANSWERED:
            entry = answer.sources[0].entry
            thumbs = tuple(
                Button(label(name, answer.lang), f"{THUMB}{value}:{entry}")
                for name, value in (("helpful", 1), ("not_helpful", 0))
                if len(f"{THUMB}{value}:{entry}".encode()) <= 64
            )
            return (*entries, thumbs, talk) if thumbs else (*entries, talk)
        return (*entries, talk)

    def _entry_button(self, searcher: Searcher, entry_id: str, answer: Answer) -> Button | None:
        data = f"{ENTRY}{entry_id}"
        if len(data.encode()) > 64:
            return None  # a long file name of a foreign folder fits no button; the entry is still found by asking
        if entry_id not in searcher.opened.entries:
            return None
        title = self._entry(searcher, entry_id, answer.lang).title
        return Button(title if answer.options else label("read_on", answer.lang, title=title), data)

    def _found(
        self, searcher: Searcher, entry_id: str, lang: str, note: str, probability: float, score: float
    ) -> Answer:
        entry = self._entry(searcher, entry_id, lang)
        html = render(
            "answer",
            lang,
            note=note or _missing(entry, lang),
            title=entry.title,
            layer=entry.layer.value,
            body=_shortened(entry.body),
            source=entry.source,
            url=entry.url,
        )
        source = Source(entry.id, entry.title, entry.layer.value, entry.url, round(score, 4))
        related = self._answering(searcher, entry.related)[:3]
        return Answer(Status.ANSWERED, html, lang, probability, entry_id, sources=(source,), related=related)

    def _abstained(self, searcher: Searcher, gap: str | None, lang: str, note: str, probability: float) -> Answer:
        entry = self._entry(searcher, gap, lang) if gap else None
        note = note or (_missing(entry, lang) if entry else "")
        html = render("abstained", lang, gap=entry.body if entry else "", contact=self._contact, note=note)
        related = self._answering(searcher, entry.related) if entry else ()
        return Answer(Status.ABSTAINED, html, lang, probability, gap or "", related=related[:2])

    def _answering(self, searcher: Searcher, ids: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the entries that exist and answer something; a gap leads nowhere."""
        known = [entry_id for entry_id in ids if entry_id in searcher.opened.entries]
        return tuple(other for other in known if self._entry(searcher, other, self._default).layer is not Layer.GAP)

    def _entry(self, searcher: Searcher, entry_id: str, lang: str) -> Entry:
        return searcher.opened.entry(entry_id, lang)


def _note(asked: str, lang: str) -> str:
    return label(f"note_{asked}", lang) if asked in NOTED else label("note_other", lang)


def _missing(entry: Entry, lang: str) -> str:
    return label("note_missing", lang) if lang == EASY and entry.lang != EASY else ""


def _shortened(body: str) -> str:
    if len(body) <= MAX_BODY:
        return body
    end = body.rfind("\n\n", 0, MAX_BODY)
    return body[: end if end > MAX_BODY // 2 else MAX_BODY].rstrip() + " …"
