"""Perform what somebody at the page has the people do."""

import base64
import binascii
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

from bot.flows.relay.messages import advisers_label
from bot.sandbox.fake_telegram import FaultKind, Group, User
from bot.sandbox.fake_telegram.actors.user import DEFAULT_PHOTO
from bot.sandbox.fake_telegram.rules.images import read_image_size
from bot.sandbox.fake_telegram.rules.limits import TEXT_LIMIT
from bot.sandbox.fake_telegram.rules.schema import Json, is_known_method
from bot.sandbox.simulation.action_models import (
    Action,
    AddPersonAction,
    AnswerMailAction,
    ChatAction,
    ChooseAction,
    EditAction,
    FaultAction,
    InlineAction,
    LanguageAction,
    PersonAction,
    SendMediaAction,
    SendTextAction,
    StartAction,
    TapAction,
    TopicAction,
)
from bot.sandbox.simulation.smtp_sink import MAIL_FROM
from bot.sandbox.simulation.state import SimulationState
from prompts.message_splitter import utf16_length

FAULT_KINDS = {"rate_limit": FaultKind.RATE_LIMIT, "server_error": FaultKind.SERVER_ERROR, "timeout": FaultKind.HANG,
          "lost": FaultKind.LOST}  # fmt: skip
INLINE_ANSWER_TIMEOUT = 10.0  # seconds for the bot to answer an inline query


class ActionRefused(Exception):
    """An action cannot be done; a sentence in each language of the page says why."""

    def __init__(self, german: str, english: str) -> None:
        super().__init__(german)
        self.english = english


def send_text(simulation: SimulationState, action: SendTextAction) -> None:
    """Send a text."""
    user, group = _user_and_group(simulation, action)
    if action.reply_to is not None:
        _check_message(simulation, action.chat, action.reply_to)
    user.send_text(_check_text(action.text), group, topic=action.topic, reply_to=action.reply_to)


def edit_message(simulation: SimulationState, action: EditAction) -> None:
    """Change the text or caption of one's own message."""
    user, group = _user_and_group(simulation, action)
    message = simulation.world.chats[action.chat].messages.get(action.message)
    if message is None or message.sender.id != action.person:
        raise ActionRefused("Bearbeiten kann man nur eigene Nachrichten.", "Only one's own messages can be edited.")
    if "text" in message.content:
        user.edit_text(action.message, _check_text(action.text), group)
    elif "caption" in message.content:
        user.edit_caption(action.message, action.text, group)
    else:
        raise ActionRefused("In dieser Nachricht steht kein Text.", "This message has no text.")


def tap_button(simulation: SimulationState, action: TapAction) -> None:
    """Tap a button."""
    user, group = _user_and_group(simulation, action)
    _check_message(simulation, action.chat, action.message)
    try:
        user.tap_message_button(action.message, action.data, group)
    except LookupError:
        raise ActionRefused("Diesen Knopf gibt es nicht mehr.", "This button no longer exists.") from None


def send_media(simulation: SimulationState, action: SendMediaAction) -> None:
    """Send something other than a text."""
    user, group = _user_and_group(simulation, action)
    content = _decode_base64(action.bytes)
    caption, topic = action.caption.strip(), action.topic
    match action.kind:
        case "photo":
            if content and read_image_size(content) is None:
                raise ActionRefused(
                    "Das ist kein Bild, das Telegram kennt (PNG, JPEG, GIF oder WebP).",
                    "This is not a picture that Telegram knows (PNG, JPEG, GIF or WebP).",
                )
            user.send_photo(caption, group, topic=topic, content=content or DEFAULT_PHOTO)
        case "document":
            name = action.name or "Notiz.pdf"
            user.send_document(name, group, topic=topic, content=content or b"%PDF-1.4\n", caption=caption)
        case "voice":
            user.send_voice(group, topic=topic, content=content or b"OggS")
        case "contact":
            user.send_contact(chat=group, topic=topic)
        case "location":
            user.send_location(group, topic=topic)
        case "sticker":
            user.send_sticker(group, topic=topic)


def answer_mail(simulation: SimulationState, action: AnswerMailAction) -> None:
    """Send an answer to an e-mail of the bot into the mailbox that the bot reads."""
    mail = next((mail for mail in simulation.panel.mails if mail.answer_to == action.answer_to), None)
    if mail is None:
        raise ActionRefused("Diese E-Mail gibt es nicht mehr.", "This e-mail no longer exists.")
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Subject"] = mail.to, MAIL_FROM, f"Re: {mail.subject}"
    answer["Message-ID"], answer["In-Reply-To"] = make_msgid(domain="sandbox.example"), mail.answer_to
    answer.set_content(_check_text(action.text))
    simulation.mailbox.deliver(bytes(answer))


def block_bot(simulation: SimulationState, action: PersonAction) -> None:
    """Block the bot."""
    _find_user(simulation, action.person).block_bot()


def unblock_bot(simulation: SimulationState, action: PersonAction) -> None:
    """Unblock the bot."""
    _find_user(simulation, action.person).unblock_bot()


def start_bot(simulation: SimulationState, action: StartAction) -> None:
    """Start the bot, by a deep link if there is a parameter."""
    user = _find_user(simulation, action.person)
    if not action.parameter:
        user.send_text("/start")
        return
    try:
        user.open_deep_link(action.parameter)
    except ValueError:
        raise ActionRefused(
            "Ein Link enthält nur A-Z, a-z, 0-9, _ und -, höchstens 64 Zeichen.",
            "A link only has A-Z, a-z, 0-9, _ and -, at most 64 characters.",
        ) from None


def query_inline(simulation: SimulationState, action: InlineAction) -> Json:
    """Send an inline query; return no results if the bot offers none or something newer was typed meanwhile."""
    user = _find_user(simulation, action.person)
    if not simulation.world.updates.is_wanted("inline_query"):
        return {"query": "", "results": []}
    inline_query = user.send_inline_query(action.query)
    queries = simulation.world.inline_queries

    def is_settled() -> bool:
        newest = next(result for result in reversed(queries.values()) if result.person is inline_query.person)
        return inline_query.answer is not None or newest is not inline_query

    try:
        simulation.world.wait_for(is_settled, INLINE_ANSWER_TIMEOUT)
    except TimeoutError:
        return {"query": inline_query.id, "results": []}
    return {"query": inline_query.id, "results": [_inline_result(result) for result in inline_query.results]}


def choose_result(simulation: SimulationState, action: ChooseAction) -> None:
    """Send a result of an inline query."""
    user, group = _user_and_group(simulation, action)
    inline_query = simulation.world.inline_queries.get(action.query)
    if (
        inline_query is None
        or inline_query.person.id != action.person
        or action.result not in [result["id"] for result in inline_query.results]
    ):
        raise ActionRefused("Das bietet der Bot nicht mehr an.", "The bot no longer offers this.")
    user.choose_result(inline_query, action.result, group, topic=action.topic)


def add_person(simulation: SimulationState, action: AddPersonAction) -> Json:
    """Add a person, to the advisers' group if they are an adviser."""
    user = simulation.add_person(action.name, action.lang, "adviser" if action.adviser else "newcomer")
    if action.adviser:
        group = simulation.adviser_chat()
        group.add_member(user.account)
        with suppress(LookupError):  # the bot has not greeted the group yet
            user.tap_button(advisers_label("here"), group)  # so that requests can be handed to them
    return {"id": user.id}


def use_language(simulation: SimulationState, action: LanguageAction) -> None:
    """Have those who have not written yet use Telegram in this language."""
    simulation.use_language(action.lang)


def delete_topic(simulation: SimulationState, action: TopicAction) -> None:
    """Delete a topic of the advisers' group."""
    if action.topic not in simulation.adviser_chat().chat.topics:
        raise ActionRefused("Dieses Thema gibt es nicht mehr.", "This topic no longer exists.")
    simulation.adviser_chat().delete_topic(action.topic)


def inject_fault(simulation: SimulationState, action: FaultAction) -> None:
    """Make the next calls fail, or remove all faults."""
    if action.kind == "none":
        simulation.fake_telegram.clear_faults()
        return
    if action.method and not is_known_method(action.method):
        raise ActionRefused(
            f"Die Bot-Schnittstelle kennt keinen Aufruf „{action.method}“.",
            f"The Bot API has no method {action.method!r}.",
        )
    simulation.fake_telegram.fail_next(action.method, FAULT_KINDS[action.kind], action.times)


ACTIONS: dict[str, tuple[type[Action], Callable[[SimulationState, Any], Json | None]]] = {
    "say": (SendTextAction, send_text),
    "edit": (EditAction, edit_message),
    "tap": (TapAction, tap_button),
    "send": (SendMediaAction, send_media),
    "mail/answer": (AnswerMailAction, answer_mail),
    "block": (PersonAction, block_bot),
    "unblock": (PersonAction, unblock_bot),
    "start": (StartAction, start_bot),
    "inline": (InlineAction, query_inline),
    "choose": (ChooseAction, choose_result),
    "person": (AddPersonAction, add_person),
    "lang": (LanguageAction, use_language),
    "topic/delete": (TopicAction, delete_topic),
    "fault": (FaultAction, inject_fault),
}


def _find_user(simulation: SimulationState, person_id: int) -> User:
    try:
        return simulation.find_user(person_id)
    except KeyError:
        raise ActionRefused("Diese Person gibt es hier nicht.", "There is no such person here.") from None


def _user_and_group(simulation: SimulationState, action: ChatAction) -> tuple[User, Group | None]:
    """Return who does something, and in which group; None is the private chat."""
    user = _find_user(simulation, action.person)
    group = None if action.chat == action.person else simulation.adviser_chat()
    if group and (action.chat != group.id or action.person not in group.chat.members):
        raise ActionRefused("Diese Person ist nicht in diesem Chat.", "This person is not in this chat.")
    if action.topic is not None and (group is None or action.topic not in group.chat.topics):
        raise ActionRefused("Dieses Thema gibt es nicht mehr.", "This topic no longer exists.")
    return user, group


def _check_message(simulation: SimulationState, chat: int, message: int) -> None:
    if message not in simulation.world.chats[chat].messages:
        raise ActionRefused("Diese Nachricht gibt es nicht mehr.", "This message no longer exists.")


def _check_text(text: str) -> str:
    text = text.strip()
    if not text:
        raise ActionRefused("Die Nachricht ist leer.", "The message is empty.")
    if utf16_length(text) > TEXT_LIMIT:
        raise ActionRefused(
            f"Eine Nachricht hat höchstens {TEXT_LIMIT} Zeichen.", f"A message has at most {TEXT_LIMIT} characters."
        )
    return text


def _decode_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ActionRefused(
            "Die Datei kam beschädigt an (kein Base64).", "The file arrived damaged (not Base64)."
        ) from None


def _inline_result(result: Json) -> Json:
    content = result.get("input_message_content", {})
    names = ("id", "title", "description")
    return {name: result.get(name, "") for name in names} | {"text": content.get("message_text", "")}
