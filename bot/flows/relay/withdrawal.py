"""Withdraw a request: asked once, and told to the advisers. It can be undone for a few minutes, and is final then."""

import re
from dataclasses import replace

from bot.domain.calendar import DAY, times_within
from bot.domain.commands import simplify_message
from bot.domain.consultation import Request
from bot.domain.effects import UpdateRequest
from bot.domain.message import (
    AnswerCallback,
    Button,
    Message,
    RefreshCard,
    SendMail,
    SendMessage,
    SendWithdrawalMail,
    truncate_text,
)
from bot.domain.turn import Turn
from bot.flows import request_limits
from bot.flows.callback_data import REQUEST_ADVICE, REQUESTER_CALLBACK
from bot.flows.context import TurnContext
from bot.flows.relay import lifecycle
from bot.flows.relay.messages import message_to_advisers, requester_row, retire_suggestions
from prompts.render import format_label, render_template

COMMAND = "zurueckziehen"
UNDO_PERIOD = 10 * 60  # seconds
MAX_CONCERN_LENGTH = 40  # characters of it on the button that chooses a request
MAX_WISH_LENGTH = 100  # characters; whoever writes more has more to say
# Beside the listed words: "ich ziehe die Anfrage wieder zurück". It is asked before anything is withdrawn, but a form
# would be lost, whose concern may be somebody else's withdrawal: there only the listed words count.
_WISH = re.compile(
    r"(?=.*\b(?:anfrage|request)).*\b"
    r"(?:zur(?:ü|ue)ck ?(?:zu)?(?:zieh|nehm)|(?:zieh|nehm)\w*\b.*\bzur(?:ü|ue)ck\b|stornier|withdraw"
    r"|take\b.*\bback\b)"
)
# Questions about withdrawing: "was passiert, wenn ich meine Anfrage zurückziehe"
_QUESTION = re.compile(
    r"(?:was|wer|warum|wieso|wann|wie viele|wie oft|welche|what|who|why|when|how many|how often)\b"
    r"|.*\b(?:wenn|falls|if)\b"
)


def is_worded(context: TurnContext) -> bool:
    """Return whether a text is nothing but the wish to withdraw a request, as it is listed."""
    return context.services.command_words.get(simplify_message(context.event.text)) == COMMAND


def is_wish(context: TurnContext) -> bool:
    """Return whether a text is nothing but the wish to withdraw a request, and there is one to withdraw.

    While a form is filled in, the form is meant.
    """
    form = context.state.form
    is_form_meant = form is not None and not form.paused and context.active_conversation is None
    return not is_form_meant and bool(context.open_requests) and (is_worded(context) or _is_alike(context.event.text))


def is_moot(context: TurnContext) -> bool:
    """Return whether a text is nothing but the wish to withdraw a request, and there is none to withdraw."""
    text = context.event.text
    is_question = _QUESTION.match(simplify_message(text)) is not None
    return context.event.private and not context.open_requests and _is_alike(text) and not is_question


def _is_alike(written: str) -> bool:
    text = simplify_message(written)
    return len(text) <= MAX_WISH_LENGTH and _WISH.match(text) is not None


def choose_withdrawal(context: TurnContext) -> Turn:
    """Ask whether to withdraw the open request, or which one if there are several."""
    match context.open_requests:
        case []:
            return context.say("withdraw_nothing", blocked=context.is_blocked)
        case [request]:
            return ask_withdrawal(context, request)
    rows = tuple((_choice_button(request),) for request in context.open_requests)
    return context.reply(render_template("withdraw_which", context.lang), rows)


def ask_withdrawal(context: TurnContext, request: Request) -> Turn:
    """Ask whether to withdraw a request."""
    concern = truncate_text(" ".join(request.details.concern.split()), 3 * MAX_CONCERN_LENGTH, at_word=True)
    row = tuple(_answer_button(request, answer) for answer in ("yes", "no"))
    html = render_template("withdraw_ask", request.lang, number=request.reference, concern=concern)
    return Turn(context.state, (SendMessage(html, (row,), reference=request.reference),))


def answer_withdrawal(context: TurnContext, request: Request, answer: str) -> Turn | None:
    """Return the turn of a tap that asks for a withdrawal, confirms it or declines it; None if it is not valid."""
    match answer:
        case "":
            return ask_withdrawal(context, request)
        case "yes":
            return _withdraw(context, request)
        case "no":
            return Turn(context.state, (context.edit_tapped(format_label("person_waits", request.lang)),))
    return None


def undo_withdrawal(context: TurnContext, request: Request) -> Turn:
    """Let a request that was withdrawn a moment ago go on as before, and tell the advisers."""
    services, lang, now = context.services, request.lang, context.services.now()
    if now - request.closed > UNDO_PERIOD:
        return context.toast(format_label("withdraw_final", lang))
    if refusal := request_limits.refuse_reopening(context, request):
        return refusal
    reopened = (*times_within(request.reopened, now, DAY), now)
    resumed = replace(request.reopen(now), withdrawn=False, reopened=reopened)
    html = render_template("withdraw_undone", lang, number=request.reference)
    messages: tuple[Message, ...] = (context.edit_tapped(html, (requester_row(request, "withdraw"),)),)
    if context.adviser_chat is not None:
        messages += (RefreshCard(request.reference), lifecycle.announce_reopening(resumed))
    if services.sends_mail:
        was_mailed = services.store.erasure.was_mailed(request.reference)
        news = SendWithdrawalMail(request.reference, undone=True) if was_mailed else SendMail(request.reference)
        messages += (news,)
    return Turn(context.state, (*messages, AnswerCallback()), (UpdateRequest(resumed),))


def _withdraw(context: TurnContext, request: Request) -> Turn:
    services, lang = context.services, request.lang
    withdrawn = replace(request.close(services.now()), withdrawn=True)
    html = render_template(
        "request_withdrawn",
        lang,
        number=request.reference,
        told=context.reaches_advisers,
        days=services.retention_days,
        minutes=UNDO_PERIOD // 60,
    )
    new_request = Button(format_label("person_new", lang), REQUEST_ADVICE)
    messages: tuple[Message, ...] = (context.edit_tapped(html, (requester_row(request, "resume"), (new_request,))),)
    if context.adviser_chat is not None:
        notice = message_to_advisers(request, "withdraw")
        messages += (*retire_suggestions(request), RefreshCard(request.reference), notice)
    if services.sends_mail:
        messages += (SendWithdrawalMail(request.reference),)
    return Turn(context.state, (*messages, AnswerCallback()), (UpdateRequest(withdrawn),))


def _choice_button(request: Request) -> Button:
    concern = truncate_text(" ".join(request.details.concern.split()), MAX_CONCERN_LENGTH, at_word=True)
    return Button(f"{request.reference}: {concern}", f"{REQUESTER_CALLBACK}withdraw:{request.reference}")


def _answer_button(request: Request, answer: str) -> Button:
    label = format_label(f"withdraw_{answer}", request.lang)
    return Button(label, f"{REQUESTER_CALLBACK}withdraw:{request.reference}:{answer}")
