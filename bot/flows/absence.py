"""Tell people that the advisers are away: before they send a request, and once when they write to an open one."""

from dataclasses import replace

from bot.domain.calendar import day_end, return_day
from bot.domain.effects import UpdateRequest
from bot.domain.message import RelayMessage, SendMessage
from bot.domain.turn import Turn
from bot.flows.context import TurnContext
from prompts.dates import format_date, to_local_time
from prompts.render import render_template


def render_absence(context: TurnContext, lang: str = "") -> str:
    """Return until when the advisers are away, in Telegram HTML; "" if a message written now need not wait."""
    absence, services = context.absence, context.services
    if absence is None:
        return ""
    lang = lang or context.lang
    has_begun = absence.first <= to_local_time(services.now()).date()
    first, last = (format_date(day_end(day), lang) for day in (absence.first, absence.last))
    back = format_date(return_day(absence, services.absences), lang)
    return render_template("away", lang, first=first, last=last, back=back, has_begun=has_begun)


def add_absence_notice(context: TurnContext, turn: Turn) -> Turn:
    """Tell the person once, when a message of theirs goes to advisers who are away."""
    relayed = {
        message.reference for message in turn.messages if isinstance(message, RelayMessage) and message.to_advisers
    }
    if not relayed or context.absence is None:
        return turn
    end = day_end(context.absence.last)
    for number, effect in enumerate(turn.effects):
        if isinstance(effect, UpdateRequest) and effect.request.reference in relayed:
            request = effect.request
            if request.absence_told == end:
                return turn
            notice = SendMessage(render_absence(context, request.lang), reference=request.reference)
            told = UpdateRequest(replace(request, absence_told=end))
            effects = (*turn.effects[:number], told, *turn.effects[number + 1 :])
            return replace(turn, messages=(*turn.messages, notice), effects=effects)
    return turn
