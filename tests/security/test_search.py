"""The search and every parser with hostile input, and with any input at all by Hypothesis."""

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

MAX_LENGTH = 4_096  # characters of a message
LONG_TEXTS = {
    "marks": "?!." * 1_300, "quotes": '?"»“”)' * 680, "numbers": "1. " * 1_300, "dots": "." * MAX_LENGTH, "blanks": "a" + " " * (MAX_LENGTH - 2) + "b",
    "lines": "\n" * MAX_LENGTH, "question-lines": "? \n" * 1_000, "combining": "a" + "\u0301\u0327" * 2_000, "ligature": "\ufdfa" * MAX_LENGTH,
    "zero-width": "a\u200b" * 2_000, "bidi": "\u202e\u2066" * 2_000, "plus": "+" * MAX_LENGTH, "digits": "1" * MAX_LENGTH, "at": "a@" * 2_000,
    "domain": "a@" + "b." * 2_000 + "de", "underscores": "_" * MAX_LENGTH, "gender": "a*inn:inn_inn/-" * 270, "ampersand": "&" * MAX_LENGTH, "less": "<" * MAX_LENGTH,
    "emoji": "😀" * 2_000, "stars": "*" * MAX_LENGTH, "phone": "+49 (" * 800, "extension": "0" * 99 + " ext. " * 600, "flags": "🇩" * 2_000, "hangul": "각" * MAX_LENGTH,
    "brackets": "[" * MAX_LENGTH, "links": "[a](" * 1_000, "ticks": "`" * MAX_LENGTH, "one-word": "a" * MAX_LENGTH, "half": "\ud800" * MAX_LENGTH,
}  # fmt: skip
PARSERS: dict[str, Callable[[str], object]] = {
    "sentences": lambda text: split_questions(text, MARKERS["de"], lambda _: False),
    "address": parse_contact,
    "language": lambda text: detect_question_language(text, "de", {"de": MARKERS["de"].small_words}),
    "words": lambda text: extract_terms(text, "de"),
    "grams": lambda text: grams(text, ["de", "en"]),
    "split": lambda text: split_html(escape(text)),
    "markdown": markdown_to_html,
    "plain": lambda text: (markdown_to_plain(text), html_to_plain(escape(text))),
}
QUERIES = ['"', '""', "'", '" OR "', "a AND b", "NOT a", "NEAR(a b, 5)", "a*", "^a", "text:a", "{text questions}:a", "(a", "a)", "a + b", "-a", "\\", "\0", "a\0b",
           "%", "_", ";", "--", "/*", "*/", "'; DROP TABLE parts; --", "parts MATCH 'a'", "rowid:1", "entry : a", "€", "\ud800", "\u202e", "a" * 5_000, "a " * 3_000]  # fmt: skip


@pytest.mark.parametrize("kind", LONG_TEXTS)
@pytest.mark.parametrize("parser", PARSERS)
def test_hostile_message_of_maximum_length(parser: str, kind: str) -> None:
    """No parser fails or hangs on a hostile message of maximum length."""
    PARSERS[parser](LONG_TEXTS[kind])


@pytest.fixture(scope="module")
def word_index(tmp_path_factory: pytest.TempPathFactory) -> Bm25Index:
    """A word index with two entries."""
    path = tmp_path_factory.mktemp("words") / "words.db"
    with WordIndexWriter(path) as writer:
        writer.add_row("one", "de", "Brücken bauen", "Wie baut man?")
        writer.add_row("two", "de", "Geheime Brücke", "")
    return Bm25Index(path)


@pytest.mark.parametrize("query", QUERIES)
def test_query_operators_are_only_words(word_index: Bm25Index, query: str) -> None:
    """FTS5 and SQL operators in a question are only words: they match nothing, and the index is intact."""
    hits = word_index.search_entries(query, 10)

    assert hits == []
    assert [entry for entry, _ in word_index.search_entries(f"brücken {query}", 10)] != []


@pytest.mark.parametrize("kind", LONG_TEXTS)
def test_search_with_a_hostile_message(live: LiveIndex, kind: str) -> None:
    """A hostile question gets a decision with a probability, like any other."""
    result = live.current_searcher().search(LONG_TEXTS[kind][:200])

    assert 0.0 <= result.probability <= 1.0


@given(st.text(st.characters(codec=None), max_size=300))
@settings(max_examples=150, deadline=None)
def test_every_parser_accepts_any_text(text: str) -> None:
    """Every parser accepts any text, even with lone surrogates."""
    for parse in PARSERS.values():
        parse(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400), st.integers(5, 60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_split_into_valid_messages(text: str, limit: int) -> None:
    """Any text, escaped and split, gives messages that Telegram accepts and that keep its words in order."""
    messages = split_html(f"<b>{escape(text)}</b> <i>{escape(text)}</i>", limit)
    texts = [html_parser.parse_html(part)[0] for part in messages]

    assert all(utf16_length(part) <= limit for part in texts)
    assert "".join("".join(texts).split()) == "".join(unescape(escape(text * 2)).split())


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_markdown_is_telegram_html(text: str) -> None:
    """Any Markdown becomes HTML that Telegram accepts."""
    html_parser.parse_html(markdown_to_html(text))


@given(
    st.binary(max_size=200),
    st.sampled_from(
        [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"RIFF\0\0\0\0WEBPVP8 ", b""]
    ),
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_after_an_image_signature(content: bytes, head: bytes) -> None:
    """Any bytes after an image signature are an image with two sides, or not an image."""
    size = images.read_image_size(head + content)

    assert size is None or len(size) == 2


def test_message_limit_is_telegrams() -> None:
    """The limit that these texts are split at is Telegram's."""
    assert MESSAGE_LIMIT == MAX_LENGTH
