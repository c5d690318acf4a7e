"""Messages that refer to the previous answer."""

from dataclasses import fields
from pathlib import Path

import pytest

from index.encoder.encoder import OnnxEncoder
from index.search.follow_up import asks_for_more, search_message, split_announcement, strip_reaction
from index.search.live_index import LiveIndex
from index.search.sentences import find_best_sentence
from knowledge.errors import ContentError
from knowledge.loader import BUILT_IN
from knowledge.records.discourse_markers import MARKERS_FILE, DiscourseMarkers, read_markers

MARKERS = read_markers(BUILT_IN / MARKERS_FILE)


@pytest.mark.parametrize("lang", sorted(MARKERS))
def test_every_request_for_more(lang: str) -> None:
    """Each listed request for more is recognised, with capitals, punctuation and a leading word."""
    markers = MARKERS[lang]
    for phrase in markers.more:
        assert asks_for_more(f"{phrase.capitalize()}!", markers)
    assert asks_for_more(f"{min(lead for lead in markers.leading if ' ' not in lead)} {min(markers.more)}", markers)
    assert not asks_for_more("Was ist Collective Impact?", markers)
    assert not asks_for_more("", markers)


@pytest.mark.parametrize("lang", sorted(MARKERS))
def test_every_announcement_alone(lang: str) -> None:
    """A message that is nothing but the announcement of another subject is returned whole."""
    for phrase in MARKERS[lang].changing:
        assert split_announcement(phrase, MARKERS[lang])[1] == phrase


LISTS = "\n".join(f"  {field.name}: []" for field in fields(DiscourseMarkers) if not field.kw_only)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("de: [", "a bracket begins here"),
        ("- und", "expected lines of the form 'key: value'"),
        ("de:\n  leading: [und]", "the key 'pointing' is missing"),
        (f"de:\n{LISTS.replace('plain: []', 'plain: no')}", "understanding.yaml:6: 'plain' must be a list"),
        (f"de:\n{LISTS.replace('plain: []', 'plain: [[no]]')}", "understanding.yaml:6: 'plain' must be text"),
        (f"de:\n{LISTS.replace('more: []', 'more: [Mehr]')}", "understanding.yaml:7: 'Mehr' must be in lower case"),
    ],
)
def test_malformed_lists(tmp_path: Path, text: str, message: str) -> None:
    """A malformed file is rejected with an error that says what is wrong."""
    file = tmp_path / "understanding.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ContentError, match=r"understanding\.yaml:") as caught:
        read_markers(file)
    assert message in str(caught.value)


def test_words_are_read_as_written(tmp_path: Path) -> None:
    """Words that YAML takes for true, false or a number need no quotation marks."""
    file = tmp_path / "understanding.yaml"
    file.write_text(f"en:\n{LISTS.replace('plain: []', 'plain: [no, on, 2]')}", encoding="utf-8")

    assert read_markers(file)["en"].plain == {"no", "on", "2"}


def find_context(live: LiveIndex, message: str, recent_id: str) -> str:
    """Return the entry in whose context a message after this entry is read; "" for none."""
    context = search_message(live.current_searcher(), message, MARKERS["de"], (recent_id,), "de").context
    return context.id if context else ""


def test_a_refusal_is_no_subject(live: LiveIndex) -> None:
    """A message that leans on an answer does not lean on the text that says there is none."""
    assert find_context(live, "und wer zahlt das?", "backbone") == "backbone"
    assert find_context(live, "und wer zahlt das?", "einzelheiten") == ""


def test_a_question_on_the_subject_does_not_lean_on_what_the_bot_is(live: LiveIndex) -> None:
    """A question that finds entries by itself is no follow-up of what the bot said about itself."""
    assert find_context(live, "und wer hat am Ende das Sagen?", "bot-frage-gespeichert") == ""


def test_a_sentence_that_opens_a_list_is_not_quoted(live: LiveIndex, encoder: OnnxEncoder) -> None:
    """It is not even where it comes closest to the question."""
    searcher = live.current_searcher()
    entry = searcher.reader.get_entry("was-ist-gemeinsam-wirken", "de")
    opening = next(text for text in searcher.reader.entries.get_sentences(entry.id)["de"] if text.endswith(":"))

    sentence = find_best_sentence(searcher.reader, entry, encoder.encode_passages([opening])[0])

    assert sentence is not None
    assert not sentence.text.endswith(":")


@pytest.mark.parametrize(
    ("message", "question"),
    [
        ("Ok und was hab ich davon", "und was hab ich davon"),
        ("aha, klar: wer zahlt das?", "wer zahlt das?"),
        ("gut gemacht", "gut gemacht"),
        ("ok und", "ok und"),
        ("was ist gut und wer zahlt", "was ist gut und wer zahlt"),
    ],
)
def test_reaction_before_a_question(message: str, question: str) -> None:
    """Words of reaction before a question are left out; a mere reaction stays."""
    assert strip_reaction(message, MARKERS["de"]) == question
