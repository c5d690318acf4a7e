"""Hostile texts in every place of a request: the text is shown, and has no other effect."""

import pytest

from tests.security.conftest import RunningBot
from tests.security.hostile import HOSTILE_TEXTS
from tests.security.story import MAIL, Story, enter_everywhere, shape

HARMLESS = "Brücke"
KEYS = ["Auto-Submitted", "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type"]
PLACES = ("review", "card", "adviser", "edit", "history", "comment", "call review", "call card")


@pytest.fixture(scope="module")
def harmless(bot: RunningBot) -> Story:
    """The story of an ordinary text."""
    return enter_everywhere(bot, HARMLESS)


@pytest.fixture(scope="module", params=HOSTILE_TEXTS)
def story(bot: RunningBot, request: pytest.FixtureRequest) -> Story:
    """The story of one hostile text; pytest runs all its tests in a row."""
    return enter_everywhere(bot, HOSTILE_TEXTS[request.param])


@pytest.mark.parametrize("place", PLACES)
def test_message_shows_the_text_and_nothing_else(story: Story, harmless: Story, place: str) -> None:
    """A message shows a hostile text unchanged, with the same formatting and buttons as any other text."""
    seen = story.messages[place]

    expected = story.text.replace("?", "!") if place == "comment" else story.text  # with ? it would be a question
    assert " ".join(expected.split()) in " ".join(seen.text.split())
    assert shape(seen) == shape(harmless.messages[place])


def test_topic_title(story: Story) -> None:
    """The title of a topic is one line with status, reference and text."""
    assert story.title == f"🆕 {story.reference} {story.line}"[:128]


def test_text_is_stored_unchanged(story: Story) -> None:
    """Name, concern and fields are stored as they were written."""
    request, text, line = story.request, story.text, story.line

    assert (request.name, request.details.concern) == (text, text)
    assert (request.details.organisation, request.details.place) == (line, line)
    assert request.details.address == MAIL
    assert story.call.details.times == line


def test_mail_headers(story: Story, harmless: Story) -> None:
    """A mail goes to the contact only and has the usual headers, each once."""
    assert story.recipients == harmless.recipients
    assert story.mail.keys() == KEYS
    assert [address.addr_spec for address in story.mail["Reply-To"].addresses] == [MAIL]
    assert [address.addr_spec for address in story.mail["To"].addresses] == story.recipients
    assert story.call_mail.keys() == [name for name in KEYS if name != "Reply-To"]
    assert [address.addr_spec for address in story.call_mail["To"].addresses] == story.recipients
    assert all(header.defects == () for mail in (story.mail, story.call_mail) for header in mail.values())


def test_mail_parts(story: Story) -> None:
    """A mail has the text in plain, escaped in HTML, and the usual two attachments."""
    for reference, mail in ((story.reference, story.mail), (story.call.reference, story.call_mail)):
        plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
        names = [part.get_filename() for part in mail.iter_attachments()]

        assert plain is not None
        assert html is not None
        assert " ".join(story.text.split()) in " ".join(plain.get_content().split())
        assert "<script" not in html.get_content()
        assert 'evil.example"' not in html.get_content().replace("&#34;", "")
        assert names == [f"{reference}.vcf", f"{reference}.txt"]


def test_reply_contains_nothing_of_the_attacker(story: Story) -> None:
    """A reply contains no link, mention or button that the hostile text would have made."""
    for seen in story.answers.values():
        marks, buttons = shape(seen)

        assert not [
            mark for mark in marks if mark[0] in ("text_mention", "custom_emoji") or "evil" in (mark[1] or "")
        ]
        assert not [button for button in buttons if "evil" in f"{button[1]}{button[2]}"]
        assert "1337" not in seen.text
