"""Suggested answers: entries on what the requester wrote since the last reply, which advisers send after one look."""

import re
from dataclasses import replace

from bot.answering.language import base_language
from bot.domain.consultation import Party, Request, RequestStatus
from bot.domain.effects import UpdateRequest
from bot.domain.message import AnswerCallback, Button, Message, truncate_text
from bot.domain.turn import Turn
from bot.flows.callback_data import ADVISER_CALLBACK, fits_button
from bot.flows.context import TurnContext
from bot.flows.relay.desk import own_number, refuse_tap, send_ready_answer, text_checksum
from bot.flows.relay.messages import adviser_button, advisers_label, message_to_advisers, retire_suggestions
from knowledge.records.entry import Entry, Layer

MAX_SUGGESTIONS = 3
MAX_NEAREST = 9  # looked at for them; some are of no use to advisers
CONTACT_ENTRY = "kontakt"  # on how to reach those who have the request already
MAX_MESSAGES = 4  # of the requester's latest ones that are looked at
MAX_QUOTE_LENGTH = 160  # characters of them that are quoted
MEDIA_LINE = re.compile(r"\[[a-z_]+\]")  # a transcript's line about a message without words


def suggest_entries(context: TurnContext, request: Request, _: str) -> Turn:
    """Suggest the entries nearest to what waits for an answer, each with a button that shows it.

    Above them it says what the bot itself would have answered, and how sure it is; earlier suggestions end. Entries
    about the bot and on how to reach the advisers are left out: the requester has already written to them.
    """
    answerer, number = context.services.answerer, own_number(context.event)
    texts = _list_unanswered(context, request)
    lang = request.lang
    answers = [answerer.answer_question(text, lang, base_language(lang)) for text in texts]
    best = max(answers, key=lambda answer: (_is_of_use(answer.source), answer.result.probability))
    source = best.source if _is_of_use(best.source) else None
    nearest = answerer.nearest_entries("\n".join(texts), MAX_NEAREST, lang)
    found = ([source] if source else []) + [entry for entry in nearest if _is_of_use(entry)]
    entries = list({entry.id: entry for entry in found}.values())
    looks = [Button(entry.title, f"{ADVISER_CALLBACK}read:{request.reference}:{entry.id}") for entry in entries]
    fitting = [button for button in looks if fits_button(f"{button.data}:{'0' * 8}")]  # with the text's checksum
    rows = tuple((button,) for button in fitting[:MAX_SUGGESTIONS])
    suggestions = message_to_advisers(
        request,
        "suggestions",
        rows,
        query=truncate_text(" … ".join(" ".join(text.split()) for text in texts), MAX_QUOTE_LENGTH, at_word=True),
        found=bool(rows),
        title=source.title if source else "",
        probability=best.result.probability,
    )
    sent = replace(suggestions, question_id=number)
    messages: tuple[Message, ...] = (*retire_suggestions(request), sent, AnswerCallback())
    return Turn(context.state, messages, (UpdateRequest(replace(request, suggestions=number)),))


def preview_entry(context: TurnContext, request: Request, entry_id: str) -> Turn:
    """Show an entry's whole text to the advisers, who can adapt it or send it as it is."""
    answer = context.services.answerer.show_entry(entry_id, request.lang)
    if answer is None or answer.source is None or request.status is RequestStatus.CLOSED:
        return refuse_tap(context)
    send = adviser_button(request, "answer", f"{entry_id}:{text_checksum(answer.plain_text)}")
    preview = message_to_advisers(request, "text", ((send,),), title=answer.source.title, text=answer.plain_text)
    return Turn(context.state, (preview, AnswerCallback()))


def send_entry(context: TurnContext, request: Request, value: str) -> Turn:
    """Send an entry as the adviser's answer; ``value`` is its id and the checksum of what was looked at."""
    entry_id, _, checksum = value.partition(":")
    answer = context.services.answerer.show_entry(entry_id, request.lang)
    if answer is None or answer.source is None or request.status is RequestStatus.CLOSED:
        return refuse_tap(context)
    if checksum != text_checksum(answer.plain_text):
        return context.toast(advisers_label("text_changed"))
    return send_ready_answer(context, request, answer.source.title, answer.html, answer.plain_text)


def _is_of_use(entry: Entry | None) -> bool:
    return entry is not None and entry.layer is not Layer.BOT and entry.id != CONTACT_ENTRY


def _list_unanswered(context: TurnContext, request: Request) -> list[str]:
    """Return what the requester wrote since the last reply; else what they wrote last, or their concern."""
    lines = context.services.store.requests.load_transcript(request.reference)
    written = [line for line in lines if line.side == Party.ADVISER or not MEDIA_LINE.fullmatch(line.text)]
    texts = list[str]()
    for line in reversed(written):
        if line.side == Party.REQUESTER:
            texts.insert(0, line.text)
        elif texts:
            break
    return texts[-MAX_MESSAGES:] or [request.details.concern]
