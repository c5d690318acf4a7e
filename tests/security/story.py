"""One hostile text, brought by one person to every place where a text can be brought."""

import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cached_property

from bot.domain.consultation import Request
from bot.sandbox.fake_telegram import MessageView
from tests.security.conftest import Whole

OWN = {"bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "text_link", "text_mention",
       "blockquote", "expandable_blockquote", "custom_emoji", "date_time"}  # fmt: skip
MAIL = "ada@example.org"
Shape = tuple[list[tuple[str, str | None]], list[tuple[str, str | None, str | None]]]


@dataclass
class Story:
    """What came of a text, by place. ``shown`` holds messages that show it, ``titles`` plain texts that do."""

    text: str
    reference: str
    request: Request
    shown: dict[str, MessageView] = field(default_factory=dict)
    answers: dict[str, MessageView] = field(default_factory=dict)
    title: str = ""
    recipients: list[str] = field(default_factory=list)
    mail: EmailMessage = field(default_factory=EmailMessage)

    @cached_property
    def line(self) -> str:
        """The text as it stands where one line is asked for."""
        return " ".join(self.text.split())


def told(bot: Whole, text: str) -> Story:
    """Bring the text everywhere."""
    ada = bot.person(text)
    adviser = bot.fake_telegram.add_user(text, language_code="de")
    bot.forum.add_member(adviser.account)
    question = bot.send_text(ada, f"/frage {text}")
    again = bot.send_text(ada, "/start")
    bot.send_text(ada, "Was ist Collective Impact?")  # so that every story has the same last question
    reference = bot.request(ada, text, text, MAIL)
    review = next(seen for seen in ada.bot_messages() if "Genau das gebe ich" in seen.text)
    card = bot.card(reference)
    assert card.thread_id is not None
    title = bot.fake_telegram.view_chat(bot.forum).topic_names[card.thread_id]
    posted = bot.until(lambda: bot.post.about(reference))
    assert posted is not None
    recipients, mail = posted
    adviser.send_text("Guten Tag", bot.forum, topic=card.thread_id)
    begins = bot.wait_for_text(ada, f"zu Ihrer Anfrage {reference}")
    bot.wait_for_text(ada, "Guten Tag")
    message = ada.send_text(text)
    bot.wait_for_text(bot.forum, text, card.thread_id)
    bot.until(lambda: any(one.text == text for one in bot.store.requests.load_transcript(reference)))
    bot.until(lambda: bot.store.outbox.find_reply_to(bot.forum.id, (ada.id, message.id)))
    ada.edit_text(message, text + " und mehr")
    edited = bot.wait_for_text(bot.forum, text + " und mehr", card.thread_id, edited=True)
    bot.forum.delete_topic(card.thread_id)
    ada.send_text("Noch da.")
    anew = bot.until(lambda: _thread(bot, reference) not in (0, card.thread_id) and _thread(bot, reference))
    history = bot.wait_for_text(bot.forum, "Bisheriger Verlauf", anew)
    bot.tap_button(ada, "Wieder mit dem Bot")
    bot.tap_button(ada, "Mein Anliegen ist gelöst")
    bot.tap_button(ada, "😀")
    bot.send_text(ada, text.replace("?", "!"))
    request = bot.until(lambda: _commented(bot, reference))
    assert request is not None
    rated = bot.wait_for_text(bot.forum, f", „{request.comment}“", anew)
    return Story(
        text,
        reference,
        request,
        {"review": review, "card": card, "adviser": begins, "edit": edited, "history": history, "comment": rated},
        {"question": question, "start": again},
        title,
        recipients,
        mail,
    )


def _thread(bot: Whole, reference: str) -> int:
    thread = bot.store.requests.find_thread(reference)
    return thread.thread_id if thread else 0


def _commented(bot: Whole, reference: str) -> Request | None:
    request = bot.store.requests.find_request(reference)
    return request if request and request.comment else None


def shape(seen: MessageView) -> Shape:
    """What a message holds besides words: its formatting, and its buttons without what differs by request."""
    marks = [(one.type, one.url) for one in seen.entities if one.type in OWN]
    buttons = [(one.text, _masked(one.data), one.url) for row in seen.buttons for one in row]
    return marks, buttons


def _masked(data: str | None) -> str | None:
    return data and re.sub(r"[A-Z2-9]{4}-[A-Z2-9]{4}|:[0-9a-f]{8}$", "…", data)
