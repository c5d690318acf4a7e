"""The sources of an answer, the first of them in one line of a phone."""

from textwrap import shorten

from knowledge.records.entry import Entry
from prompts.render import render_template

SEPARATOR = "; "  # between the sources of an entry
MAX_SINGLE_LENGTH, MAX_FIRST_LENGTH = 56, 44  # characters of the only source, and of the first of several


def list_sources(entry: Entry) -> tuple[str, ...]:
    """Return the sources that an entry names, the main one first."""
    return tuple(filter(None, entry.source.split(SEPARATOR)))


def shorten_source(entry: Entry) -> str:
    """Return the main source of an entry, cut at a word if it is long."""
    sources = list_sources(entry)
    return (
        shorten(sources[0], MAX_FIRST_LENGTH if sources[1:] else MAX_SINGLE_LENGTH, placeholder=" …")
        if sources
        else ""
    )


def is_source_shortened(entry: Entry) -> bool:
    """Return whether the line below an answer does not name all of an entry's sources in full."""
    return shorten_source(entry) != entry.source


def render_sources(entry: Entry, lang: str) -> str:
    """Return all sources of an entry in full, in Telegram HTML."""
    return render_template("sources", lang, title=entry.title, sources=list_sources(entry), url=entry.url)
