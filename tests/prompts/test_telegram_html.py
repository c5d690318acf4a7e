"""Markdown to Telegram's HTML, and HTML to plain text."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prompts.message_splitter import MESSAGE_LIMIT, split_html, utf16_length
from prompts.telegram_html import embolden_sentence, find_block, fold_text, html_to_plain, markdown_to_html

ALLOWED = {"b", "i", "s", "u", "a", "code", "pre", "blockquote"}


class StrictParser(HTMLParser):
    """Fails on a tag that Telegram does not know, or that is not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert tag in ALLOWED
        self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag


def visible_text(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def check_html(html: str) -> None:
    parser = StrictParser()
    parser.feed(html)
    parser.close()
    assert parser.opened == []


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**fett** und *schräg*", "<b>fett</b> und <i>schräg</i>"),
        ("Bürger\\*innen", "Bürger*innen"),
        ("eins\n\nzwei", "eins\n\nzwei"),
        ("- a\n- b", "• a\n• b"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("# Kopf\n\nText", "<b>Kopf</b>\n\nText"),
        ("[x](https://x.de?a=1&b=2)", '<a href="https://x.de?a=1&amp;b=2">x</a>'),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("`a < b`", "<code>a &lt; b</code>"),
        ("> Zitat *eins*\n>\n> noch\n\nText", "<blockquote>Zitat <i>eins</i>\n\nnoch</blockquote>\n\nText"),
        ("> außen\n> > innen\n\nText", "<blockquote>außen\n\ninnen</blockquote>\n\nText"),
        ("- a\n  > Zitat\n- b", "• a\n<blockquote>Zitat</blockquote>\n• b"),
        ("> \n\nText", "Text"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
    ],
)
def test_markdown_to_html(markdown: str, expected: str) -> None:
    """Each kind of markup becomes HTML that Telegram can show."""
    assert markdown_to_html(markdown) == expected


@given(st.text(max_size=400))
def test_any_markdown_is_valid_telegram_html(markdown: str) -> None:
    """Whatever the text, the tags are Telegram's and closed in order."""
    check_html(markdown_to_html(markdown))


BODY = 'Ja &amp; <b>nein</b>: „So“ ist es (wirklich). Zwei\n\n• Punkt, <a href="https://a.de/x">Link</a> da.\n• Ende'


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("„So“ ist es (wirklich).", "<b>„So“ ist es (wirklich).</b> Zwei"),
        ("So ist es wirklich", "<b>„So“ ist es (wirklich).</b> Zwei"),
        ("Ja & nein:", "<b>Ja</b> &amp; <b>nein</b>: „So“"),
        ("– Punkt, Link da.", '• <b>Punkt</b>, <a href="https://a.de/x"><b>Link</b></a> <b>da.</b>'),
        ("Ende", "• <b>Ende</b>"),
        ("Zwei Punkt", "<b>Zwei\n\n• Punkt</b>, <a"),
    ],
)
def test_sentence_in_bold(sentence: str, expected: str) -> None:
    """A sentence is found whatever signs and marks of lists stand in it, and only its text becomes bold."""
    html = embolden_sentence(BODY, sentence)

    assert expected in html
    assert html_to_plain(html) == html_to_plain(BODY)
    check_html(html)


@pytest.mark.parametrize("sentence", ["", "…", "Das steht nicht da."])
def test_sentence_that_is_not_there(sentence: str) -> None:
    """Without the sentence the text stays as it is."""
    assert embolden_sentence(BODY, sentence) == BODY


@example("Erst *…* dann", "")  # marked signs without a letter, within the sentence
@given(st.text(max_size=200), st.text(max_size=40))
def test_any_sentence_in_bold_is_valid_html(markdown: str, sentence: str) -> None:
    """Whatever is looked for in whatever text, the tags are closed in order and the words stay."""
    html = markdown_to_html(markdown)

    check_html(embolden_sentence(html, sentence))
    check_html(embolden_sentence(html, markdown))
    assert html_to_plain(embolden_sentence(html, markdown)) == html_to_plain(html)
    check_html(fold_text(html, sentence))
    check_html(find_block(html, sentence))


def test_plain_text_keeps_addresses() -> None:
    """The address of a link is readable without markup, once."""
    assert html_to_plain('Siehe <a href="https://x.de">Seite</a>.') == "Siehe Seite (https://x.de)."
    assert html_to_plain('<a href="https://x.de">https://x.de</a>') == "https://x.de"


pieces = st.sampled_from(
    [
        "<b>",
        "</b>",
        "<i>",
        "</i>",
        "&amp;",
        "&lt;",
        "Wort ",
        "Satz. ",
        "\n\n",
        "😀",
        "x" * 50,
        "ä",
        '<a href="https://x.de">',
        "</a>",
    ]
)


def balanced(parts: list[str]) -> str:
    """Turn a random list of pieces into valid HTML: closing tags only if one is open, and all closed in the end."""
    opened: list[str] = []
    html = []
    for part in parts:
        if part.startswith("</"):
            if not opened:
                continue
            part = f"</{opened.pop()}>"
        elif part.startswith("<"):
            opened.append(part[1])
        html.append(part)
    return "".join(html) + "".join(f"</{name}>" for name in reversed(opened))


@given(st.lists(pieces, max_size=400), st.integers(20, 300))
def test_split_messages_fit_and_are_valid(parts: list[str], limit: int) -> None:
    """Every message fits and is valid, and together they have every visible character in order."""
    html = balanced(parts)

    messages = split_html(html, limit)

    for message in messages:
        check_html(message)
        assert 0 < utf16_length(visible_text(message)) <= limit
    assert "".join("".join(map(visible_text, messages)).split()) == "".join(visible_text(html).split())


def test_telegram_counts_utf16() -> None:
    """An emoji counts twice, as Telegram counts it."""
    messages = split_html("😀" * MESSAGE_LIMIT)

    assert [utf16_length(message) for message in messages] == [MESSAGE_LIMIT, MESSAGE_LIMIT]


def test_short_text_is_one_message() -> None:
    """A text that fits is not changed."""
    assert split_html("<b>Guten Tag</b>") == ["<b>Guten Tag</b>"]


def test_long_text_is_folded_behind_its_opening() -> None:
    """Of a long text the opening stays visible, through the sentence that answers; a short one is not folded."""
    blocks = ["Kurz.", "a " * 60 + "Ende.", "Das hilft:", "b " * 150, "c " * 150 + "Am Schluss."]
    html = "\n\n".join(blocks)
    opening = "\n\n".join(blocks[:2])

    assert fold_text(html).startswith(f"{opening}\n\n<blockquote expandable>Das hilft:")
    assert html_to_plain(fold_text(html)) == html
    assert fold_text(html, "Am Schluss.") == html
    assert fold_text(opening) == opening
    assert fold_text(f"{html}\n\n<blockquote>d</blockquote>") == f"{html}\n\n<blockquote>d</blockquote>"


def test_block_of_a_sentence() -> None:
    """The paragraph or list item that has a sentence is found, without its bullet."""
    html = "Eins. Zwei.\n\n• <b>Drei:</b> vier.\n• Fünf."

    assert find_block(html, "Zwei.") == "Eins. Zwei."
    assert find_block(html, "– Drei: vier.") == "<b>Drei:</b> vier."
    assert find_block(html, "Sechs.") == ""
