"""The start: one question with three doors; who comes back is told where they were. Links lead past it."""

from bot.domain.consultation import RequestStatus
from bot.domain.deep_links import ENTRY_PREFIX, STEP_PREFIX
from bot.domain.event import Event
from bot.domain.message import Button, SendMessage
from bot.domain.turn import State, Turn
from bot.flows import intro, questions
from bot.flows.callback_data import START_CALLBACK
from bot.flows.consultation import form
from bot.flows.context import Services
from bot.flows.selfcheck import team
from knowledge.records.intro import steps_in_language
from prompts.render import format_label, render_template

MAX_QUOTE_LENGTH = 120  # characters of the last question


def handle_start(services: Services, state: State, event: Event) -> Turn:
    """The turn of /start, with or without a link."""
    link = event.text.strip()
    if link == "beratung":
        return (
            form.begin_form(services, state, event) if event.private else services.say(state, event, "private_only")
        )
    if link.startswith(ENTRY_PREFIX) and (
        turn := questions.show_entry(services, state, event, link.removeprefix(ENTRY_PREFIX))
    ):
        return turn
    if link == "intro":
        return intro.begin_intro(services, state, event)
    if event.private and (turn := team.handle_code_link(services, state, event, link)):
        return turn
    number = link.removeprefix(STEP_PREFIX)
    if link.startswith(STEP_PREFIX) and number.isdecimal():
        return intro.show_step(state, event, services.steps, int(number), services.lang(state, event))
    return _main_menu(services, state, event)


def _main_menu(services: Services, state: State, event: Event) -> Turn:
    lang = services.lang(state, event)
    path = steps_in_language(services.steps, lang)
    step_number = min(state.step, len(path))
    guide = format_label("guide", lang)
    if step_number:
        guide = (
            format_label("guide_again", lang)
            if step_number == len(path)
            else format_label("intro_go_on", lang, number=step_number)
        )
    buttons = (("ask", format_label("ask", lang)), ("guide", guide), ("talk", format_label("talk", lang)))
    open_requests = [
        request.reference
        for request in (services.store.requests_by_user(event.user_id) if event.private else ())
        if request.status is not RequestStatus.CLOSED
    ]
    question = " ".join(state.last_question.split()) if event.private else ""
    if len(question) > MAX_QUOTE_LENGTH:
        question = question[:MAX_QUOTE_LENGTH].rsplit(" ", 1)[0] + " …"
    html = render_template(
        "start",
        lang,
        step=step_number,
        total=len(path),
        title=path[step_number - 1].title if step_number else "",
        question=question,
        requests=", ".join(open_requests),
    )
    return Turn(
        state, (SendMessage(html, tuple((Button(text, f"{START_CALLBACK}{name}"),) for name, text in buttons)),)
    )
