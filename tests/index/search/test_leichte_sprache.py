"""Leichte Sprache is shown and never searched in."""

import json
from pathlib import Path

from index.search.live_index import LiveIndex
from index.storage.entry_store import EntryStore
from knowledge.records.entry import LEICHTE_SPRACHE


def test_texts_in_leichte_sprache_are_shown(live: LiveIndex) -> None:
    """An entry is given in Leichte Sprache where it has such a text, else in German."""
    opened = live.current_searcher().reader

    assert opened.get_entry("backbone", LEICHTE_SPRACHE).lang == LEICHTE_SPRACHE
    assert opened.get_entry("gastromio", LEICHTE_SPRACHE).lang == "de"


def test_texts_in_leichte_sprache_are_not_searched(live: LiveIndex) -> None:
    """No passage, name or language of the index comes from them, and no searched version of an entry is one."""
    opened = live.current_searcher().reader
    ids = [
        json.loads(line)["id"] for line in (Path(opened.version) / "passages.jsonl").read_text("utf-8").splitlines()
    ]

    assert [one for one in ids if f"/{LEICHTE_SPRACHE}/" in one] == []
    assert opened.manifest.languages == ("de", "en")
    assert {lang for lang, _ in opened.proper_names} == {"de", "en"}
    assert [entry.lang for entry in opened.searchable_entries("backbone")] == ["de", "en"]
    assert LEICHTE_SPRACHE in EntryStore.open_folder(Path(opened.version))["backbone"]


def test_words_only_in_leichte_sprache_find_nothing(live: LiveIndex) -> None:
    """A word that only those texts hold is unknown to the word index."""
    lexical = live.current_searcher().reader.word_index

    assert lexical.vocabulary_coverage("Fäkt-Schiht") < lexical.vocabulary_coverage("Rückgrat")
