"""The line below an answer that names its main source, and the list of all of them."""

from dataclasses import replace

import pytest

from bot.answering.source_line import is_source_shortened, list_sources, render_sources, shorten_source
from knowledge.records.entry import Entry
from prompts.render import render_template

ENTRY = Entry("ci", "de", "Collective Impact")
LONG = "Stanford Social Innovation Review: Does Collective Impact Really Make an Impact? (2018)"


@pytest.mark.parametrize(
    ("source", "line", "count"),
    [
        ("", "", 0),
        (
            "Initiative Zukunftsträger (PHINEO): Gemeinsam Wirken",
            "Initiative Zukunftsträger (PHINEO): Gemeinsam Wirken",
            1,
        ),
        ("Kania, Kramer: Collective Impact, SSIR 2011; PHINEO", "Kania, Kramer: Collective Impact, SSIR 2011", 2),
        (f"{LONG}; FSG 2014; PHINEO", "Stanford Social Innovation Review: Does …", 3),
    ],
)
def test_main_source_fits_a_line(source: str, line: str, count: int) -> None:
    """The main source is named, cut at a word if it is long; the others are counted."""
    entry = replace(ENTRY, source=source)

    assert (shorten_source(entry), len(list_sources(entry))) == (line, count)
    assert is_source_shortened(entry) == (line != source)


def test_all_sources_are_listed() -> None:
    """All sources are named in full, and the first leads to its page."""
    html = render_sources(replace(ENTRY, source=f"{LONG}; FSG <2014>", url="https://ssir.org/a"), "de")

    assert html == (
        f'<b>Quellen zu „Collective Impact“</b>\n\n• <a href="https://ssir.org/a">{LONG}</a>\n• FSG &lt;2014&gt;'
    )


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("de", 'Quelle: <a href="https://ssir.org/a">Kania</a> und 2 weitere'),
        ("en", 'Source: <a href="https://ssir.org/a">Kania</a> and 2 more'),
        ("de-leicht", 'Das steht hier: <a href="https://ssir.org/a">Kania</a> und an 2 anderen Stellen'),
    ],
)
def test_answer_counts_further_sources(lang: str, line: str) -> None:
    """Below an answer the main source leads to its page, and how many more there are is said."""
    values = {"note": "", "title": "T", "layer": "", "body": "B", "sentence": "", "url": "https://ssir.org/a"}
    html = render_template("answer", lang, source="Kania", more_sources=2, **values)

    assert html.endswith(f"\n\n<i>{line}</i>")
