"""`/abwesend` in the advisers' chat: enter, show and end when they are away."""

from dataclasses import replace

from bot.domain.absence import Absence, parse_absence
from bot.domain.calendar import day_end
from bot.domain.effects import Effect, EndAbsences, SaveAbsence
from bot.domain.turn import Turn
from bot.flows.context import TurnContext
from bot.flows.relay.desk import say_at_desk
from bot.flows.relay.messages import ADVISERS_LANG
from prompts.dates import format_date, to_local_time

END_WORDS = ("ende", "beenden", "aus", "stopp", "wieder da")


def change_absences(context: TurnContext) -> Turn:
    """Return the turn of the command: it shows the absences, enters the one that is named, or ends those entered."""
    services, event = context.services, context.event
    today = to_local_time(services.now()).date()
    set_ones = [absence for absence in services.away if absence.last >= today]
    entered = list(services.store.absences.load_absences())
    words, effects, result = event.text.strip(), list[Effect](), "shown"
    if words.casefold().strip(" .!") in END_WORDS:
        result, effects = ("ended" if entered else "nothing"), [EndAbsences()]
        entered = []
    elif words:
        absence = parse_absence(words, today)
        result = "entered" if absence else "unclear"
        if absence:
            effects = [SaveAbsence(absence)]
            entered = sorted({*entered, absence})
    turn = say_at_desk(
        context,
        "away",
        result=result,
        adviser=event.name,
        entered=_describe(entered),
        set_ones=_describe(set_ones),
    )
    return replace(turn, effects=tuple(effects))


def _describe(absences: list[Absence]) -> list[str]:
    days = ([format_date(day_end(day), ADVISERS_LANG) for day in (each.first, each.last)] for each in absences)
    return [first if first == last else f"{first} bis {last}" for first, last in days]
