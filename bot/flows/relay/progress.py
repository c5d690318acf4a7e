"""Say how one's own requests are progressing, to whoever asks for nothing else."""

from markupsafe import Markup

from bot.domain.consultation import ContactChannel, Party, Request
from bot.domain.turn import Turn
from bot.flows.absence import render_absence
from bot.flows.context import TurnContext
from prompts.dates import format_date_and_time
from prompts.render import render_template


def show_progress(context: TurnContext) -> Turn | None:
    """Say of each open request who has it and by when an answer is promised; None if there is none, or in a group."""
    requests = context.open_requests
    if not requests or not context.event.private:
        return None
    services, lang = context.services, context.lang
    waits = any(request.turn is Party.ADVISER for request in requests)
    html = render_template(
        "request_progress",
        lang,
        requests=[_describe_progress(context, request) for request in requests],
        desk=context.adviser_chat is not None,
        away=Markup(render_absence(context) if waits else ""),  # noqa: S704 - a rendered template
        contact=services.contact,
    )
    return context.reply(html)


def _describe_progress(context: TurnContext, request: Request) -> dict[str, object]:
    waits = request.turn is Party.ADVISER
    is_promised = (
        waits and 0 < request.promised >= request.since
    )  # else an earlier message was to be answered by then
    return {
        "number": request.reference,
        "adviser": request.adviser,
        "waits": waits,
        "by": format_date_and_time(request.promised, context.lang) if is_promised else "",
        "late": is_promised and request.promised < context.services.now(),
        "here": request.details.reach is ContactChannel.TELEGRAM and context.adviser_chat is not None,
    }
