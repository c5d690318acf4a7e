"""Texts in Leichte Sprache are shown, but not searched."""

import json
from pathlib import Path

from index.search.live_index import LiveIndex
from index.storage.entry_store import EntryStore
from knowledge.records.entry import LEICHTE_SPRACHE


def test_texts_in_leichte_sprache_are_shown(live: LiveIndex) -> None:
    """An entry is shown in Leichte Sprache if it has such a text, otherwise in German."""
    reader = live.current_searcher().reader

    assert reader.get_entry("backbone", LEICHTE_SPRACHE).lang == LEICHTE_SPRACHE
    assert reader.get_entry("gastromio", LEICHTE_SPRACHE).lang == "de"


def test_texts_in_leichte_sprache_are_not_searched(live: LiveIndex) -> None:
    """No passage, name or language of the index comes from them, and no searchable entry is one."""
    reader = live.current_searcher().reader
    ids = [
        json.loads(line)["id"] for line in (Path(reader.version) / "passages.jsonl").read_text("utf-8").splitlines()
    ]

    assert [passage_id for passage_id in ids if f"/{LEICHTE_SPRACHE}/" in passage_id] == []
    assert reader.manifest.languages == ("de", "en")
    assert {lang for lang, _ in reader.proper_names} == {"de", "en"}
    assert [entry.lang for entry in reader.searchable_entries("backbone")] == ["de", "en"]
    assert LEICHTE_SPRACHE in EntryStore.open_folder(Path(reader.version))["backbone"]


def test_words_only_in_leichte_sprache_find_nothing(live: LiveIndex) -> None:
    """A word that only those texts contain is unknown to the word index."""
    words = live.current_searcher().reader.word_index

    assert words.vocabulary_coverage("Fäkt-Schiht") < words.vocabulary_coverage("Rückgrat")
