"""Messages that refer to the previous answer."""

from dataclasses import fields
from pathlib import Path

import pytest

from index.search.follow_up import FollowUp, classify_follow_up
from knowledge.errors import ContentError
from knowledge.loader import BUILT_IN
from knowledge.records.discourse_markers import MARKERS_FILE, NO_MARKERS, DiscourseMarkers, read_markers

MARKERS = read_markers(BUILT_IN / MARKERS_FILE)


@pytest.mark.parametrize(
    ("lang", "message"),
    [
        ("de", "Und wie fangen wir damit an?"),
        ("de", "gibt es dafür Beispiele?"),
        ("de", "Was kostet das?"),
        ("de", "wer noch?"),
        ("en", "and who pays for it?"),
        ("tr", "Peki buna örnek var mı?"),
        ("uk", "А хто це придумав?"),
        ("ru", "И с чего нам начать?"),
        ("ar", "هل هناك أمثلة على ذلك؟"),
        ("fr", "Et qui l'a inventé ?"),
        ("es", "¿Y cómo puedo contactarlos?"),
        ("pl", "Czy są na to jakieś dowody?"),
    ],
)
def test_follow_ups(lang: str, message: str) -> None:
    """Words that continue or refer back mark a follow-up, in every language with a list of such words."""
    assert classify_follow_up(message, MARKERS[lang]) is FollowUp.ANAPHORIC


@pytest.mark.parametrize(
    ("lang", "message"),
    [
        ("de", "Was ist Collective Impact?"),
        ("de", "Was brauchen wir, damit Gemeinsam Wirken gelingt?"),
        ("de", "Und wie binden wir in unserem Projekt die Zielgruppe ein?"),
        ("de", "Und wie wird morgen das Wetter in Kiel?"),
        ("en", "What are the five conditions of collective impact?"),
        ("en", "And how do foundations fund local alliances?"),
        ("fr", "Combien coûte un entretien avec un conseiller ?"),
        ("", "und damit?"),
        ("de", "?!"),
        ("de", ""),
    ],
)
def test_messages_with_their_own_subject(lang: str, message: str) -> None:
    """A message with its own subject is not a follow-up, nor is one in a language without a list."""
    assert classify_follow_up(message, MARKERS.get(lang, NO_MARKERS)) is FollowUp.NONE


@pytest.mark.parametrize(("lang", "message"), [("de", "Warum?"), ("de", "Beispiele?"), ("en", "Why?")])
def test_short_messages(lang: str, message: str) -> None:
    """A message of one word or two may be a follow-up."""
    assert classify_follow_up(message, MARKERS[lang]) is FollowUp.SHORT


@pytest.mark.parametrize("lang", sorted(MARKERS))
def test_every_request_for_more(lang: str) -> None:
    """Each listed request for more is recognised, with capitals, punctuation and a leading word."""
    markers = MARKERS[lang]
    for phrase in markers.more:
        assert classify_follow_up(f"{phrase.capitalize()}!", markers) is FollowUp.MORE
    assert classify_follow_up(
        f"{min(lead for lead in markers.leading if ' ' not in lead)} {min(markers.more)}", markers
    ) is (FollowUp.MORE)


LISTS = "\n".join(f"  {field.name}: []" for field in fields(DiscourseMarkers))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("de: [", "not valid YAML"),
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
