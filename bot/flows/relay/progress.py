"""Say how one's own requests are progressing, to whoever asks for nothing else, in whatever words."""

from markupsafe import Markup

from bot.domain.consultation import ContactChannel, Party, Request
from bot.domain.turn import Turn
from bot.flows.absence import render_absence
from bot.flows.context import TurnContext
from bot.flows.relay.messages import requester_row
from prompts.dates import format_date, format_date_and_time
from prompts.render import render_template

MAX_QUESTION_LENGTH = 200  # characters; whoever writes more has more to say
ANSWER_TIME_ENTRY = "bot-antwortzeit"  # says in general what is said here of the person's own request


def is_asked(context: TurnContext, wordings: tuple[str, ...]) -> bool:
    """Return whether a message means what one of the wordings says; only if the person has an open request."""
    text = context.event.text
    if not context.event.private or len(text) > MAX_QUESTION_LENGTH or not context.open_requests:
        return False
    return context.services.answerer.resembles(text, wordings, ANSWER_TIME_ENTRY)


def show_progress(context: TurnContext) -> Turn | None:
    """Say of each open request who has it and by when an answer is promised, or when the last one was closed.

    None if the person has no request, and in a group.
    """
    requests = context.open_requests
    if not context.event.private:
        return None
    if not requests:
        return _show_closed(context)
    services, lang = context.services, context.lang
    waits = any(request.turn is Party.ADVISER for request in requests)
    html = render_template(
        "request_progress",
        lang,
        requests=[_describe_progress(context, request) for request in requests],
        desk=context.adviser_chat is not None,
        reaches=context.reaches_advisers,
        away=Markup(render_absence(context) if waits else ""),  # noqa: S704 - a rendered template
        contact=services.contact,
    )
    return context.reply(html)


def _show_closed(context: TurnContext) -> Turn | None:
    """Say when the request closed last was closed, with a button to reopen it; None if there is none."""
    closed = [request for request in context.requests if not request.withdrawn]
    if not closed or context.is_blocked:
        return None
    last = max(closed, key=lambda request: request.closed)
    when = format_date(last.closed, context.lang)
    html = render_template("request_was_closed", context.lang, number=last.reference, closed=when)
    return context.reply(html, (requester_row(last, "reopen"),))


def _describe_progress(context: TurnContext, request: Request) -> dict[str, object]:
    waits = request.turn is Party.ADVISER
    requests, lang = context.services.store.requests, context.lang
    thread = requests.find_thread(request.reference)
    lines = [line for line in requests.load_transcript(request.reference) if line.side == Party.REQUESTER]
    is_promised = (
        waits and 0 < request.promised >= request.since
    )  # else an earlier message was to be answered by then
    return {
        "number": request.reference,
        "adviser": request.adviser,
        "waits": waits,
        "arrived": thread is not None and bool(thread.card),
        "since": format_date_and_time(request.since, lang),
        "written": format_date_and_time(lines[-1].created, lang) if lines and waits else "",
        "by": format_date_and_time(request.promised, lang) if is_promised else "",
        "late": is_promised and request.promised < context.services.now(),
        "here": request.details.reach is ContactChannel.TELEGRAM and context.adviser_chat is not None,
    }
