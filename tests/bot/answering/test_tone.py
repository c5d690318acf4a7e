"""What a message says besides its question."""

from pathlib import Path

import pytest

from bot.answering.answerer import Answerer, AnswerStatus
from bot.answering.tone import Tone, asks_for_example, read_tone, without_introduction, without_yes_or_no
from knowledge.loader import BUILT_IN
from knowledge.records.discourse_markers import MARKERS_FILE, read_markers

GERMAN = read_markers(Path(BUILT_IN) / MARKERS_FILE)["de"]


@pytest.mark.parametrize(
    ("message", "tone"),
    [
        (
            "hallo, wir sind ein kleiner sportverein. passt das für uns?",
            Tone("Sportverein", introduces=True),
        ),
        ("Wir sind uns mit der Stiftung nicht einig, was nun?", Tone()),
        ("Wir sind eine Gruppe von der Stadt?", Tone(introduces=True)),
        ("hey ich bin lehrerin an ner schule", Tone(role="Lehrerin", introduces=True, asks=False)),
        ("hi bin neu im Rathaus, wo fang ich an", Tone(introduces=True)),
        ("Mein Name ist Krause, was kostet das", Tone(introduces=True)),
        ("moin, jugendamt hier. wie messt ihr das", Tone("Jugendamt", introduces=True)),
        ("moin, kita leitung hier", Tone(introduces=True, asks=False)),
        ("Wer steckt hinter dem Verein hier", Tone(asks=False)),
        ("noch mehr lange sitzungen", Tone(worries=True, asks=False)),
        ("noch mehr beispiele bitte", Tone(asks=False)),
        ("Wir sind uns nicht einig", Tone(asks=False)),
        ("Unser Verein ist klein", Tone(asks=False)),
        ("Ich hab Angst, dass das zu viel wird", Tone(worries=True, asks=False)),
        ("die anderen ziehen nicht mit", Tone(worries=True, asks=False)),
        ("Was tun, wenn keiner mitmacht", Tone(asks=False)),
        ("Macht denn keiner mit?", Tone()),
        ("Gibt es Beispiele", Tone()),
        ("ich kann einfach nicht mehr, es reicht", Tone(exhausted=True, asks=False)),
        ("Wir können nicht mehr zahlen", Tone(asks=False)),
        ("so ein saftladen", Tone(scolds=True, asks=False)),
    ],
)
def test_tone(message: str, tone: Tone) -> None:
    """Who somebody is and what worries them is read from a message; a question is no worry."""
    assert read_tone(message, GERMAN) == tone


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Ja, es geht.", "Es geht."),
        ("Nein, so nicht.", "So nicht."),
        ("Ja, aber nur so.",) * 2,
        ("Jahre, viele.",) * 2,
    ],
)
def test_text_without_yes_or_no(text: str, rest: str) -> None:
    """A yes or no at the beginning is left out, unless the rest needs it."""
    assert without_yes_or_no(text) == rest


def test_organisation_is_welcomed_and_learns_of_the_selfcheck(answerer: Answerer) -> None:
    """Whoever says what they are is welcomed as that, answered, and told of the self-check."""
    text = "Wir sind ein kleiner Sportverein in einer Kleinstadt, 80 Leute, passt das für uns?"

    answer = answerer.answer_question(text, "de")

    assert answer.plain_text.startswith("Schön, dass Sie als Sportverein hier sind.\n\n")
    assert answer.plain_text.endswith("/selbstcheck")
    assert answer.entry_id == "rolle-verein"


@pytest.mark.parametrize(
    ("message", "rest"),
    [
        ("servus, mir san a trachtenverein, braucht ma do an vertrag", "braucht ma do an vertrag"),
        ("Guten Tag, mein Name ist Krause. Was kostet das?", "Was kostet das?"),
        ("hallo ich bin lehrer wie fang ich an", "wie fang ich an"),
        ("Was kostet das? Wir sind ein Verein", "Was kostet das? Wir sind ein Verein"),
        ("wir sind ein kleiner verein", ""),
    ],
)
def test_message_without_introduction(message: str, rest: str) -> None:
    """What somebody says of themselves before they ask is left out."""
    assert without_introduction(message, GERMAN) == rest


def test_question_behind_an_introduction_is_answered(answerer: Answerer) -> None:
    """Who introduces themselves is welcomed, and their question is answered as if it stood alone."""
    answer = answerer.answer_question("grüezi, mein name ist Huber, wer bezahlt denn das backbone", "de")

    assert answer.plain_text.startswith("Schön, dass Sie hier sind.\n\n")
    assert answer.entry_id == "backbone-finanzierung"


def test_introduction_alone_gets_subjects_to_begin_with(answerer: Answerer) -> None:
    """Who only tells who they are is offered how to begin, in place of a refusal."""
    answer = answerer.answer_question("ich bin rentner und sammle briefmarken", "de")

    assert answer.plain_text.startswith("Schön, dass Sie als Rentner hier sind.\n\n")
    assert [option.id for option in answer.result.options] == list(GERMAN.starting)


@pytest.mark.parametrize("text", ["ich hab angst dass das zu viel wird", "mein chef blockt immer alles ab"])
def test_worry_without_a_sure_subject_is_asked_about(answerer: Answerer, text: str) -> None:
    """A worry that no subject surely fits is taken up with a sentence and a question; a second one gets a person."""
    first = answerer.answer_question(text, "de")
    second = answerer.answer_question(text, "de", last_question=text)

    assert first.status is AnswerStatus.CLARIFY
    assert first.result.options == ()
    assert first.plain_text.startswith("Das ist nicht leicht.\n\nWas macht Ihnen dabei am meisten zu schaffen?")
    assert second.plain_text.startswith("Dazu kann Ihnen ein Mensch mehr sagen als ich: Jacob Rohm")


def test_worry_with_a_sure_subject_is_answered(answerer: Answerer) -> None:
    """A worry that an entry surely answers is taken up and answered, even if it sounds like small talk."""
    answer = answerer.answer_question("die verwaltung mauert", "de")

    assert answer.plain_text.startswith("Das ist nicht leicht.\n\nWenn die Verwaltung nicht mitmacht")


def test_exhaustion_and_scolding_lead_to_a_person(answerer: Answerer) -> None:
    """Whoever is exhausted or angry is offered a person, with a fitting sentence and without subjects."""
    exhausted = answerer.answer_question("mir wächst das alles über den kopf", "de")
    scolding = answerer.answer_question("ihr seid echt doof, das hilft mir null", "de")

    assert exhausted.status is scolding.status is AnswerStatus.CONSULTATION
    assert exhausted.plain_text.startswith("Das ist wirklich viel auf einmal")
    assert scolding.plain_text.startswith("Es tut mir leid, dass ich Ihnen nicht geholfen habe. Sprechen Sie mit")
    assert exhausted.result.related == scolding.result.related == ()


@pytest.mark.parametrize(
    ("text", "entry_id"),
    [
        ("Wem gehört dieser Bot eigentlich?", "initiative-zukunftstraeger"),
        ("ist das hier reklame für irgendwas", "bot-serioes"),
        ("ist das hier so ne abzockmasche", "bot-serioes"),
        ("kann da wer mitlesen", "bot-liest-mit"),
        ("Habt ihr dafür Belege?", "wirkt-collective-impact"),
        ("könnt ihr sehen wer ich bin", "bot-datenschutz"),
    ],
)
def test_distrust_is_answered(answerer: Answerer, text: str, entry_id: str) -> None:
    """Distrust is answered by the entry that says what is asked, also within another subject."""
    assert answerer.answer_question(text, "de").entry_id == entry_id
    assert answerer.answer_question(text, "de", recent_ids=("ende-der-zusammenarbeit",)).entry_id == entry_id


def test_entries_that_answer_distrust_exist(answerer: Answerer) -> None:
    """The entries named in understanding.yaml exist."""
    named = {
        entry_id for markers in read_markers(Path(BUILT_IN) / MARKERS_FILE).values() for entry_id in markers.doubting
    }

    assert named
    assert all(answerer.find_entry(entry_id, "de") for entry_id in named)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("versteh ich nicht, mit Beispiel bitte", True),
        ("hast du ein beispiel aus deutschland", True),
        ("konkretes beispiel aus ner kleinstadt", True),
        ("Beispiel für eine gemeinsame Messung?", False),
        ("aus der kleinstadt", False),
    ],
)
def test_wish_for_an_example(message: str, expected: bool) -> None:
    """Who asks for an example and names no subject means what was said before."""
    assert asks_for_example(message, GERMAN) is expected
