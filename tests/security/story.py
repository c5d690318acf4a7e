"""One hostile text, entered by one person in every place that takes a text."""

import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cached_property

from bot.domain.consultation import Request
from bot.sandbox.fake_telegram import MessageView
from tests.security.conftest import RunningBot

FORMATTING_TYPES = {"bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "text_link", "text_mention",
       "blockquote", "expandable_blockquote", "custom_emoji", "date_time"}  # fmt: skip
MAIL = "ada@example.org"
TELEPHONE = "+49 431 123456"
Shape = tuple[list[tuple[str, str | None]], list[tuple[str, str | None, str | None]]]


@dataclass
class Story:
    """What became of a text: ``messages`` has those that display it, by place, ``answers`` the replies to it.

    ``call`` is a second request, of somebody who asks for a call: only there the times are a place for the text.
    """

    text: str
    reference: str
    request: Request
    call: Request
    messages: dict[str, MessageView] = field(default_factory=dict)
    answers: dict[str, MessageView] = field(default_factory=dict)
    title: str = ""
    recipients: list[str] = field(default_factory=list)
    mail: EmailMessage = field(default_factory=EmailMessage)
    call_mail: EmailMessage = field(default_factory=EmailMessage)

    @cached_property
    def line(self) -> str:
        """The text as it appears in a field of one line."""
        return " ".join(self.text.split())


def enter_everywhere(bot: RunningBot, text: str) -> Story:
    """Enter a text in every place."""
    ada = bot.add_person(text)
    adviser = bot.fake_telegram.add_user(text, language_code="de")
    bot.forum.add_member(adviser.account)
    question = bot.send_text(ada, f"/frage {text}")
    start = bot.send_text(ada, "/start")
    bot.send_text(ada, "Was ist Collective Impact?")  # so that every story has the same last question
    reference = bot.request(ada, text, text, MAIL)
    review = next(message for message in ada.bot_messages() if "Ihre Anfrage an" in message.text)
    card = bot.card(reference)
    assert card.thread_id is not None
    title = bot.fake_telegram.view_chat(bot.forum).topic_names[card.thread_id]
    mail_found = bot.until(lambda: bot.mail_server.find_mail(reference))
    assert mail_found is not None
    recipients, mail = mail_found
    adviser.send_text("Guten Tag", bot.forum, topic=card.thread_id)
    first_reply = bot.wait_for_text(ada, f"zu Ihrer Anfrage {reference}")
    bot.wait_for_text(ada, "Guten Tag")
    message = ada.send_text(text)
    bot.wait_for_text(bot.forum, text, card.thread_id)
    bot.until(lambda: any(line.text == text for line in bot.store.requests.load_transcript(reference)))
    bot.until(lambda: bot.store.outbox.find_reply_to(bot.forum.id, (ada.id, message.id)))
    ada.edit_text(message, text + " und mehr")
    edited = bot.wait_for_text(bot.forum, text + " und mehr", card.thread_id, edited=True)
    bot.forum.delete_topic(card.thread_id)
    ada.send_text("Noch da.")
    new_thread = bot.until(lambda: _thread(bot, reference) not in (0, card.thread_id) and _thread(bot, reference))
    history = bot.wait_for_text(bot.forum, "Bisheriger Verlauf", new_thread)
    bot.tap_button(ada, "Wieder mit dem Bot")
    bot.tap_button(ada, "Mein Anliegen ist gelöst")
    bot.tap_button(ada, "😀")
    bot.send_text(ada, text.replace("?", "!"))
    request = bot.until(lambda: _commented(bot, reference))
    assert request is not None
    rating = bot.wait_for_text(bot.forum, f", „{request.comment}“", new_thread)
    caller = bot.add_person()
    call = bot.request(caller, "Bitte rufen Sie an.", address=TELEPHONE, times=text)
    call_review = next(message for message in caller.bot_messages() if "Ihre Anfrage an" in message.text)
    call_request = bot.store.requests.find_request(call)
    call_mail_found = bot.until(lambda: bot.mail_server.find_mail(call))
    assert call_request is not None
    assert call_mail_found is not None
    return Story(
        text,
        reference,
        request,
        call_request,
        {
            "review": review,
            "card": card,
            "adviser": first_reply,
            "edit": edited,
            "history": history,
            "comment": rating,
            "call review": call_review,
            "call card": bot.card(call),
        },
        {"question": question, "start": start},
        title,
        recipients,
        mail,
        call_mail_found[1],
    )


def _thread(bot: RunningBot, reference: str) -> int:
    thread = bot.store.requests.find_thread(reference)
    return thread.thread_id if thread else 0


def _commented(bot: RunningBot, reference: str) -> Request | None:
    request = bot.store.requests.find_request(reference)
    return request if request and request.comment else None


def shape(message: MessageView) -> Shape:
    """Return the formatting of a message and its buttons, without what differs between requests."""
    marks = [(item.type, item.url) for item in message.entities if item.type in FORMATTING_TYPES]
    buttons = [(item.text, _masked(item.data), item.url) for row in message.buttons for item in row]
    return marks, buttons


def _masked(data: str | None) -> str | None:
    return data and re.sub(r"[A-Z2-9]{4}-[A-Z2-9]{4}|:[0-9a-f]{8}$", "…", data)
