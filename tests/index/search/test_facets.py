"""Messages that ask about a facet of the subject shown: its costs, its results, who decides."""

import pytest

from index.decision.calibration import Decision
from index.search.facets import find_facet, find_named
from index.search.follow_up import search_message
from index.search.live_index import LiveIndex
from index.search.result import SearchResult
from index.text.analyzer import WORD_PATTERN
from index.text.proper_names import NO_NAMES
from knowledge.loader import BUILT_IN
from knowledge.records.discourse_markers import MARKERS_FILE, read_markers
from knowledge.records.entry import Entry
from knowledge.records.facets import FACETS_FILE, read_facets

MARKERS = read_markers(BUILT_IN / MARKERS_FILE)
FACETS = read_facets(BUILT_IN / FACETS_FILE)
NAMES = {id(facet): name for name, facet in FACETS.facets.items()}
OFFERED = (
    Entry("duisburg", "de", "Bildung als Chance in Duisburg"),
    Entry("engagierte-stadt", "de", "Programm Engagierte Stadt"),
    Entry("bocholt", "de", "Bocholt im Münsterland"),
    Entry("bocholt-heute", "de", "Was aus Bocholt wurde"),
)


def ask(live: LiveIndex, message: str, *recent_ids: str, lang: str = "de") -> SearchResult:
    markers = MARKERS[lang.partition("-")[0]]
    return search_message(live.current_searcher(), message, markers, recent_ids, lang, FACETS)


@pytest.mark.parametrize(
    ("message", "facet", "names"),
    [
        ("und hats geklappt?", "ergebnis", ()),
        ("was kam dabei raus", "ergebnis", ()),
        ("wer hat das bezahlt", "geldgeber", ()),
        ("Wie lang hat das gedauert?", "dauer", ()),
        ("gibts dafür beweise??", "belege", ()),
        ("hast du auch was was schiefgegangen ist", "gescheitertes", ()),
        ("und bei uns?", "bei-uns", ()),
        ("hat das in duisburg geklappt", "ergebnis", ("duisburg",)),
        ("Was ist ein Backbone?", "", ()),
        ("das hat geklappt, danke", "ergebnis", None),  # thanks
        ("was kostet das hier", "kosten", None),  # the bot
    ],
)
def test_facet_of_a_message(message: str, facet: str, names: tuple[str, ...] | None) -> None:
    """A facet is found by its words, whatever function words surround them; other words may name the subject."""
    asked = find_facet(message, FACETS, MARKERS["de"])

    assert (asked and (NAMES[id(asked.facet)], asked.names)) == (
        (facet, names) if facet and names is not None else None
    )


@pytest.mark.parametrize(
    ("words", "entry_id"),
    [
        (["duisburg"], "duisburg"),
        (["duisbrug"], "duisburg"),
        (["engagierte", "stadt"], "engagierte-stadt"),
        (["stadt"], ""),  # many a subject is about one
        (["bocholt"], "bocholt"),  # two have the word, one has the name
        (["duisburg", "geklappt"], ""),
        ([], ""),
    ],
)
def test_named_entry(words: list[str], entry_id: str) -> None:
    """An entry is named by most of its name, in spite of a slip, and by nothing else."""
    entry = find_named(words, OFFERED, NO_NAMES)

    assert (entry.id if entry else "") == entry_id


@pytest.mark.parametrize(
    ("message", "recent_id", "entry_id"),
    [
        ("und was hats gebracht", "engagierte-stadt", "engagierte-stadt-belege"),
        ("was ist heute damit", "bocholt-anfang", "bocholt-heute"),
        ("wer hat das sagen?", "ruhrfutur", "ruhrfutur-struktur"),
        ("wer hat das sagen?", "backbone", "wer-hat-das-sagen"),
        ("was kostet das", "backbone", "backbone-kosten"),
        ("was kostet das", "vision-formulieren", "wie-viel-geld"),
        ("erzähl mal wie das in duisburg war", "beispiele-deutschland", "duisburg"),
        ("und wer hat das in medicine hat bezahlt", "beispiele-weltweit", "woher-geld"),
    ],
)
def test_facet_is_answered(live: LiveIndex, message: str, recent_id: str, entry_id: str) -> None:
    """The entry that tells the facet of the subject answers, else the one that tells what holds in general."""
    result = ask(live, message, recent_id)

    assert (result.decision, result.entry and result.entry.id) == (Decision.ANSWER, entry_id)


def test_facet_is_quoted_from_the_subject(live: LiveIndex) -> None:
    """What the entry shown tells itself is quoted from it, next to the general entry."""
    result = ask(live, "und hats geklappt?", "franklin-county")

    assert result.already_shown
    assert result.detail is not None
    assert "31 Prozent" in result.detail.text
    assert result.options[0].id == "wirkt-collective-impact"


def test_what_holds_in_general_does_not_change_the_subject(live: LiveIndex) -> None:
    """What is not known of a place is told in general, or else others are offered; the place stays the subject."""
    paid, started = ask(live, "wer hat bezahlt", "medicine-hat"), ask(live, "wer hat angefangen", "medicine-hat")

    assert (paid.falls_back, paid.subject_id) == (True, "medicine-hat")
    assert (started.already_shown, started.detail, started.subject_id) == (True, None, "medicine-hat")


def test_texts_in_leichte_sprache_are_shown_again(live: LiveIndex) -> None:
    """A text in Leichte Sprache is not indexed by sentences, so it is shown as a whole."""
    result = ask(live, "worum ging das", "backbone", lang="de-leicht")

    assert result.decision is Decision.ANSWER
    assert result.subject_id == "backbone"


def test_every_entry_of_a_facet_exists(live: LiveIndex) -> None:
    """Each entry that facets.yaml names exists, and so does the word of the sentence to quote, in each language."""
    searcher = live.current_searcher()
    named = {value for facet in FACETS.facets.values() for value in (*facet.entries.values(), facet.general) if value}

    for entry_id, _, word in (value.partition("#") for value in named):
        for lang in ("de", "en"):
            entry = searcher.find_entry(entry_id, lang)
            assert entry, entry_id
            assert not word or word.lower() in WORD_PATTERN.findall(entry.body.lower()), (entry_id, word, lang)
