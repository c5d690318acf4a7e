"""What is searched, parsed and cut: hostile input at every parser, and any input at all by Hypothesis."""

from collections.abc import Callable
from html import escape, unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answering.language import detect_question_language
from bot.answering.question_splitter import split_questions
from bot.domain.contact_details import parse_contact
from bot.sandbox.fake_telegram.rules import html_parser, images
from index.search.live_index import LiveIndex
from index.storage.bm25 import Bm25Index, WordIndexWriter
from index.storage.term_overlap import hash_tokens as grams
from index.text.analyzer import extract_terms
from knowledge.loader import BUILT_IN
from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.records.discourse_markers import MARKERS_FILE, read_markers
from prompts.message_splitter import MESSAGE_LIMIT, split_html, utf16_length
from prompts.telegram_html import html_to_plain, markdown_to_html

MARKERS = read_markers(BUILT_IN / MARKERS_FILE)

MOST = 4_096  # characters of a message
LONG = {
    "marks": "?!." * 1_300, "quotes": '?"»“”)' * 680, "numbers": "1. " * 1_300, "dots": "." * MOST, "blanks": "a" + " " * (MOST - 2) + "b",
    "lines": "\n" * MOST, "question-lines": "? \n" * 1_000, "combining": "a" + "\u0301\u0327" * 2_000, "ligature": "\ufdfa" * MOST,
    "zero-width": "a\u200b" * 2_000, "bidi": "\u202e\u2066" * 2_000, "plus": "+" * MOST, "digits": "1" * MOST, "at": "a@" * 2_000,
    "domain": "a@" + "b." * 2_000 + "de", "underscores": "_" * MOST, "gender": "a*inn:inn_inn/-" * 270, "ampersand": "&" * MOST, "less": "<" * MOST,
    "emoji": "😀" * 2_000, "stars": "*" * MOST, "phone": "+49 (" * 800, "extension": "0" * 99 + " ext. " * 600, "flags": "🇩" * 2_000, "hangul": "각" * MOST,
    "brackets": "[" * MOST, "links": "[a](" * 1_000, "ticks": "`" * MOST, "one-word": "a" * MOST, "half": "\ud800" * MOST,
}  # fmt: skip
PARSERS: dict[str, Callable[[str], object]] = {
    "sentences": lambda text: split_questions(text, MARKERS["de"], lambda _: False),
    "address": parse_contact,
    "language": lambda text: detect_question_language(text, "de"),
    "words": lambda text: extract_terms(text, "de"),
    "grams": lambda text: grams(text, ["de", "en"]),
    "split": lambda text: split_html(escape(text)),
    "markdown": markdown_to_html,
    "plain": lambda text: (markdown_to_plain(text), html_to_plain(escape(text))),
}
QUERIES = ['"', '""', "'", '" OR "', "a AND b", "NOT a", "NEAR(a b, 5)", "a*", "^a", "text:a", "{text questions}:a", "(a", "a)", "a + b", "-a", "\\", "\0", "a\0b",
           "%", "_", ";", "--", "/*", "*/", "'; DROP TABLE parts; --", "parts MATCH 'a'", "rowid:1", "entry : a", "€", "\ud800", "\u202e", "a" * 5_000, "a " * 3_000]  # fmt: skip


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("parser", PARSERS)
def test_the_longest_hostile_message(parser: str, kind: str) -> None:
    """No parser fails at, or never ends with, a message of full length that was made to hurt it."""
    PARSERS[parser](LONG[kind])


@pytest.fixture(scope="module")
def lexical(tmp_path_factory: pytest.TempPathFactory) -> Bm25Index:
    """Two entries."""
    path = tmp_path_factory.mktemp("words") / "words.db"
    with WordIndexWriter(path) as writer:
        writer.add_row("one", "de", "Brücken bauen", "Wie baut man?")
        writer.add_row("two", "de", "Geheime Brücke", "")
    return Bm25Index(path)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_words_and_never_syntax(lexical: Bm25Index, query: str) -> None:
    """Operators of FTS5 and SQL in a question are words: they find nothing by themselves, and the index stays."""
    found = lexical.search_entries(query, 10)

    assert found == []
    assert [entry for entry, _ in lexical.search_entries(f"brücken {query}", 10)] != []


@pytest.mark.parametrize("kind", LONG)
def test_the_whole_search_on_a_hostile_message(live: LiveIndex, kind: str) -> None:
    """A question made to hurt is decided on like any other, with a probability."""
    outcome = live.current_searcher().search(LONG[kind][:200])

    assert 0.0 <= outcome.probability <= 1.0


@given(st.text(st.characters(codec=None), max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_survives_every_parser(text: str) -> None:
    """Any text at all, halves of characters among it, goes through every parser."""
    for parse in PARSERS.values():
        parse(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400), st.integers(5, 60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_cut_into_valid_messages(text: str, limit: int) -> None:
    """Any text that is escaped and cut gives messages that Telegram takes, which hold its words in order."""
    cut = split_html(f"<b>{escape(text)}</b> <i>{escape(text)}</i>", limit)
    shown = [html_parser.parse_html(one)[0] for one in cut]

    assert all(utf16_length(one) <= limit for one in shown)
    assert "".join("".join(shown).split()) == "".join(unescape(escape(text * 2)).split())


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_markdown_is_telegram_html(text: str) -> None:
    """Any Markdown becomes HTML that Telegram takes."""
    html_parser.parse_html(markdown_to_html(text))


@given(
    st.binary(max_size=200),
    st.sampled_from(
        [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"RIFF\0\0\0\0WEBPVP8 ", b""]
    ),
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_that_pose_as_a_picture(content: bytes, head: bytes) -> None:
    """Any bytes behind a picture's beginning are a picture with sides, or none."""
    sides = images.read_image_size(head + content)

    assert sides is None or len(sides) == 2


def test_a_message_is_never_longer_than_telegram_takes() -> None:
    """The limit that all these are cut to is Telegram's."""
    assert MESSAGE_LIMIT == MOST
