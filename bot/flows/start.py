"""The greeting: one question with three buttons, and where a returning person left off; deep links skip it."""

from bot.domain.commands import ENTRY_PREFIX, SELFCHECK_LINK, STEP_PREFIX
from bot.domain.message import Button, Keyboard, truncate_text
from bot.domain.turn import Turn
from bot.flows import intro, questions
from bot.flows.callback_data import SELFCHECK_START_CALLBACK, START_ADVICE_CALLBACK, START_CALLBACK
from bot.flows.consultation import form
from bot.flows.context import TurnContext
from bot.flows.selfcheck import questionnaire, team
from prompts.render import format_label, render_template


def handle_start(context: TurnContext) -> Turn:
    """Return the turn of /start, with or without the parameter of a deep link."""
    link = context.event.text.strip()
    if link == "beratung":
        return form.begin_form(context) if context.event.private else context.say("private_only")
    if link.startswith(ENTRY_PREFIX) and (turn := questions.show_entry(context, link.removeprefix(ENTRY_PREFIX))):
        return turn
    if link == "intro":
        return intro.begin_intro(context)
    if link == SELFCHECK_LINK:
        return questionnaire.show_welcome(context) if context.event.private else context.say("private_only")
    if context.event.private and (turn := team.handle_code_link(context, link)):
        return turn
    if link.startswith(STEP_PREFIX) and (turn := intro.show_given_step(context, link.removeprefix(STEP_PREFIX))):
        return turn
    return _main_menu(context)


def next_step_keyboard(context: TurnContext) -> Keyboard:
    """Return the buttons to ask, to read the introduction, to fill in the self-check, and to talk to a person."""
    ask, guide, talk = _main_buttons(context)
    if not context.event.private:
        return ((ask,), (guide,))  # the others need a private chat
    check = Button(format_label("step_selbstcheck", context.lang), SELFCHECK_START_CALLBACK)
    return ((ask,), (guide,), (check,), (talk,))


def _main_buttons(context: TurnContext) -> tuple[Button, Button, Button]:
    lang, total = context.lang, len(context.path)
    number = min(context.state.step, total)
    guide_key = "guide" if not number else "guide_again" if number == total else "intro_go_on"
    return (
        Button(format_label("ask", lang), f"{START_CALLBACK}ask"),
        Button(format_label(guide_key, lang, number=number), f"{START_CALLBACK}guide"),
        Button(format_label("talk", lang), START_ADVICE_CALLBACK),
    )


def _main_menu(context: TurnContext) -> Turn:
    lang, path, state = context.lang, context.path, context.state
    step_number = min(state.step, len(path))
    is_private = context.event.private  # a group must not read the person's question and requests
    question = " ".join(state.last_question.split()) if is_private else ""
    html = render_template(
        "start",
        lang,
        step=step_number,
        total=len(path),
        title=path[step_number - 1].title if step_number else "",
        question=truncate_text(question, questions.MAX_QUOTE_LENGTH, at_word=True),
        requests=", ".join(request.reference for request in (context.open_requests if is_private else ())),
    )
    return context.reply(html, tuple((button,) for button in _main_buttons(context)))
