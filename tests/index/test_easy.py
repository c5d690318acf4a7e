"""Leichte Sprache is shown and never searched in."""

import json
from pathlib import Path

from index.search.live_index import LiveIndex
from index.storage.entry_store import Entries
from knowledge.records.entry import EASY


def test_texts_in_leichte_sprache_are_shown(live: LiveIndex) -> None:
    """An entry is given in Leichte Sprache where it has such a text, else in German."""
    opened = live.searcher().opened

    assert opened.entry("backbone", EASY).lang == EASY
    assert opened.entry("gastromio", EASY).lang == "de"


def test_texts_in_leichte_sprache_are_not_searched(live: LiveIndex) -> None:
    """No passage, name or language of the index comes from them, and no searched version of an entry is one."""
    opened = live.searcher().opened
    ids = [
        json.loads(line)["id"] for line in (Path(opened.version) / "passages.jsonl").read_text("utf-8").splitlines()
    ]

    assert [one for one in ids if f"/{EASY}/" in one] == []
    assert opened.manifest.languages == ("de", "en")
    assert {lang for lang, _ in opened.names} == {"de", "en"}
    assert [entry.lang for entry in opened.searched("backbone")] == ["de", "en"]
    assert EASY in Entries.open(Path(opened.version))["backbone"]


def test_words_only_in_leichte_sprache_find_nothing(live: LiveIndex) -> None:
    """A word that only those texts hold is unknown to the word index."""
    lexical = live.searcher().opened.lexical

    assert lexical.familiar("Fäkt-Schiht") < lexical.familiar("Rückgrat")
