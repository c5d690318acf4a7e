"""Hostile texts in every place of a request: what is shown is the text, and nothing else came to be."""

import pytest

from tests.security.conftest import Whole
from tests.security.hostile import CUT
from tests.security.story import MAIL, Story, shape, told

HARMLESS = "Brücke"
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type"]
PLACES = ("review", "card", "adviser", "edit", "history", "comment")


@pytest.fixture(scope="module")
def harmless(whole: Whole) -> Story:
    """The story of a text like any other."""
    return told(whole, HARMLESS)


@pytest.fixture(scope="module", params=CUT)
def story(whole: Whole, request: pytest.FixtureRequest) -> Story:
    """The story of one hostile text; pytest runs all its tests in a row."""
    return told(whole, CUT[request.param])


@pytest.mark.parametrize("place", PLACES)
def test_a_message_shows_the_text_and_nothing_else(story: Story, harmless: Story, place: str) -> None:
    """A message shows a hostile text as it is, with the formatting and the buttons of any other text."""
    seen = story.shown[place]

    told = story.text.replace("?", "!") if place == "comment" else story.text  # with ? it would be a question
    assert " ".join(told.split()) in " ".join(seen.text.split())
    assert shape(seen) == shape(harmless.shown[place])


def test_a_topic_has_the_text_as_its_title(story: Story) -> None:
    """The topic's title is one line: mark, number, and the text."""
    assert story.title == f"🆕 {story.reference} {story.line}"[:128]


def test_the_store_holds_the_very_text(story: Story) -> None:
    """Name, concern, fields and comment are kept as they were written, and no other request was touched."""
    request, text, line = story.request, story.text, story.line

    assert (request.name, request.details.concern) == (text, text)
    assert (request.details.organisation, request.details.place, request.details.times) == (line, line, line)
    assert request.details.address == MAIL


def test_the_mail_has_its_own_headers_only(story: Story, harmless: Story) -> None:
    """A mail goes to the contact alone, with the headers that every mail has, each once."""
    assert story.recipients == harmless.recipients
    assert story.mail.keys() == HEADERS
    assert [one.addr_spec for one in story.mail["Reply-To"].addresses] == [MAIL]
    assert [one.addr_spec for one in story.mail["To"].addresses] == story.recipients
    assert all(one.defects == () for one in story.mail.values())


def test_the_mail_has_its_own_parts_only(story: Story) -> None:
    """The mail's text shows the text, its HTML holds it escaped, and its attachments are the two of every mail."""
    text = story.text
    plain, html = (story.mail.get_body((kind,)) for kind in ("plain", "html"))
    names = [part.get_filename() for part in story.mail.iter_attachments()]

    assert plain is not None
    assert html is not None
    assert " ".join(text.split()) in " ".join(plain.get_content().split())
    assert "<script" not in html.get_content()
    assert 'evil.example"' not in html.get_content().replace("&#34;", "")
    assert names == [f"{story.reference}.vcf", f"{story.reference}.txt"]


def test_the_answer_to_a_text_holds_nothing_of_the_attacker(story: Story) -> None:
    """An answer holds no link, no mention and no button that the asked text would have made."""
    for seen in story.answers.values():
        marks, buttons = shape(seen)

        assert not [one for one in marks if one[0] in ("text_mention", "custom_emoji") or "evil" in (one[1] or "")]
        assert not [one for one in buttons if "evil" in f"{one[1]}{one[2]}"]
        assert "1337" not in seen.text
