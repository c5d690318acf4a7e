"""The start: one question with three doors; who comes back is told where they were. Links lead past it."""

from bot.domain.consultation import Status
from bot.domain.deep_links import ENTRY_LINK, STEP_LINK
from bot.domain.event import Event
from bot.domain.message import Button, Say
from bot.domain.turn import State, Turn
from bot.flows import intro, questions
from bot.flows.callback_data import GO
from bot.flows.consultation import form
from bot.flows.context import Parts
from bot.flows.selfcheck import team
from knowledge.records.intro import steps_in
from prompts.render import label, render

MAX_QUOTED = 120  # characters of the last question


def start(parts: Parts, state: State, event: Event) -> Turn:
    """The turn of /start, with or without a link."""
    link = event.text.strip()
    if link == "beratung":
        return form.begin(parts, state, event) if event.private else parts.say(state, event, "private_only")
    if link.startswith(ENTRY_LINK) and (turn := questions.show(parts, state, event, link.removeprefix(ENTRY_LINK))):
        return turn
    if link == "intro":
        return intro.begin(parts, state, event)
    if event.private and (turn := team.linked(parts, state, event, link)):
        return turn
    number = link.removeprefix(STEP_LINK)
    if link.startswith(STEP_LINK) and number.isdecimal():
        return intro.show_step(state, event, parts.steps, int(number), parts.lang(state, event))
    return _doors(parts, state, event)


def _doors(parts: Parts, state: State, event: Event) -> Turn:
    lang = parts.lang(state, event)
    path = steps_in(parts.steps, lang)
    at = min(state.step, len(path))
    guide = label("guide", lang)
    if at:
        guide = label("guide_again", lang) if at == len(path) else label("intro_go_on", lang, number=at)
    buttons = (("ask", label("ask", lang)), ("guide", guide), ("talk", label("talk", lang)))
    open_requests = [
        one.reference
        for one in (parts.store.requests_by(event.user_id) if event.private else ())
        if one.status is not Status.CLOSED
    ]
    question = " ".join(state.last_question.split()) if event.private else ""
    if len(question) > MAX_QUOTED:
        question = question[:MAX_QUOTED].rsplit(" ", 1)[0] + " …"
    html = render(
        "start",
        lang,
        step=at,
        total=len(path),
        title=path[at - 1].title if at else "",
        question=question,
        requests=", ".join(open_requests),
    )
    return Turn(state, (Say(html, tuple((Button(text, f"{GO}{name}"),) for name, text in buttons)),))
