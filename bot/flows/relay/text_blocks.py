"""Text blocks: ready answers under short names, which the advisers keep themselves and send after one look."""

import html
import re

from bot.domain.consultation import Request, RequestStatus
from bot.domain.effects import DeleteTextBlock, SaveTextBlock
from bot.domain.message import AnswerCallback, Button, Keyboard, SendMessage
from bot.domain.turn import Turn
from bot.flows.callback_data import ADVISER_CALLBACK
from bot.flows.context import TurnContext
from bot.flows.relay.desk import find_addressed_request, refuse_tap, say_at_desk, send_ready_answer, text_checksum
from bot.flows.relay.messages import adviser_button, advisers_label, message_to_advisers

SAVE_WORD, DELETE_WORD = "neu", "weg"
MAX_NAME_BYTES = 36  # so that it fits into callback data
MAX_TEXT_LENGTH = 3_000  # characters; it goes out in one message, so that it can be taken back as a whole
MAX_BLOCKS = 200
MAX_LISTED, MAX_BUTTONS = 40, 12
_NAME = re.compile(r"[\w-]+")
_CONTACT_DETAILS = re.compile(r"\S@\S|\d(?:[\s/()-]?\d){5,}")  # an e-mail address; a number of six digits or more


def handle_block_command(context: TurnContext) -> Turn:
    """Return the turn of /baustein: list, save, delete, show or search."""
    word, *rest = context.event.text.split(None, 1) or [""]
    match word.casefold():
        case "":
            return _list_blocks(context, "")
        case "neu":
            return _save_block(context, *(rest[0].split(None, 1) if rest else ()))
        case "weg":
            return _delete_block(context, rest[0].strip().casefold() if rest else "")
        case name if name in _load_blocks(context) and not rest:
            return _show_block(context, name)
    return _list_blocks(context, context.event.text)


def look_at_block(context: TurnContext, request: Request, name: str) -> Turn:
    """Return the turn of a tap on a name: the text, to be sent with one more tap."""
    text = _load_blocks(context).get(name)
    if text is None or request.status is RequestStatus.CLOSED:
        return refuse_tap(context)
    return Turn(context.state, (_preview(request, name, text), AnswerCallback()))


def send_block(context: TurnContext, request: Request, value: str) -> Turn:
    """Return the turn that sends a text block; ``value`` is its name and the checksum of what was looked at."""
    name, _, checksum = value.partition(":")
    text = _load_blocks(context).get(name)
    if text is None or request.status is RequestStatus.CLOSED:
        return refuse_tap(context)
    if checksum != text_checksum(text):
        return context.toast(advisers_label("text_changed"))
    return send_ready_answer(context, request, name, html.escape(text, quote=False), text)


def _load_blocks(context: TurnContext) -> dict[str, str]:
    return context.services.store.desk.text_blocks(context.event.chat_id)


def _list_blocks(context: TurnContext, searched: str) -> Turn:
    """List the text blocks, or those with the searched words in name or text; in a topic with buttons."""
    words = searched.casefold().split()
    blocks = {
        name: text
        for name, text in _load_blocks(context).items()
        if all(word in f"{name} {text}".casefold() for word in words)
    }
    request = find_addressed_request(context)
    keyboard: Keyboard = ()
    if request and request.status is not RequestStatus.CLOSED:
        names = list(blocks)[:MAX_BUTTONS]
        keyboard = tuple((Button(name, f"{ADVISER_CALLBACK}look:{request.reference}:{name}"),) for name in names)
    listed = list(blocks.items())[:MAX_LISTED]
    return say_at_desk(context, "blocks", keyboard, blocks=listed, more=len(blocks) - len(listed), searched=searched)


def _save_block(context: TurnContext, name: str = "", text: str = "") -> Turn:
    name, blocks = name.rstrip(":").casefold(), _load_blocks(context)
    is_name = _NAME.fullmatch(name) and name not in (SAVE_WORD, DELETE_WORD) and len(name.encode()) <= MAX_NAME_BYTES
    if not is_name or not text:
        return say_at_desk(context, "block_usage")
    if len(text) > MAX_TEXT_LENGTH:
        return say_at_desk(context, "block_long", most=MAX_TEXT_LENGTH, length=len(text))
    if name not in blocks and len(blocks) >= MAX_BLOCKS:
        return say_at_desk(context, "blocks_full", most=MAX_BLOCKS)
    has_contact = _CONTACT_DETAILS.search(text) is not None
    turn = say_at_desk(context, "block_saved", name=name, text=text, old=blocks.get(name, ""), contact=has_contact)
    return Turn(turn.state, turn.messages, (SaveTextBlock(context.event.chat_id, name, text),))


def _delete_block(context: TurnContext, name: str) -> Turn:
    text = _load_blocks(context).get(name)
    if text is None:
        return say_at_desk(context, "block_usage")
    turn = say_at_desk(context, "block_deleted", name=name, text=text)
    return Turn(turn.state, turn.messages, (DeleteTextBlock(context.event.chat_id, name),))


def _show_block(context: TurnContext, name: str) -> Turn:
    text, request = _load_blocks(context)[name], find_addressed_request(context)
    if request is None or request.status is RequestStatus.CLOSED:
        return say_at_desk(context, "block", name=name, text=text)
    return Turn(context.state, (_preview(request, name, text),))


def _preview(request: Request, name: str, text: str) -> SendMessage:
    send = adviser_button(request, "block", f"{name}:{text_checksum(text)}")
    return message_to_advisers(request, "block", ((send,),), name=name, text=text)
