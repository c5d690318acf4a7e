"""The guided introduction: one message whose pages, each with a picture, replace one another.

```mermaid
stateDiagram-v2
    [*] --> audience: the first time
    [*] --> step: /einfuehrung, a link, go on
    audience --> step: chosen or skipped
    step --> step: next, back
    step --> reply: a choice
    reply --> reply: another choice
    reply --> step: next, back
    step --> overview
    reply --> overview
    overview --> step: any of them
    overview --> audience: another audience
    overview --> paused
    step --> paused
    reply --> paused
    paused --> step: go on
    paused --> overview
    step --> [*]: /abbrechen
```

Questions in between are answered, with a button to return (see `add_intro_button`).
"""

from dataclasses import dataclass, replace

from bot.answering.language import SUPPORTED_LANGUAGES as LANGUAGES
from bot.domain.commands import CANONICAL_COMMANDS, STEP_PREFIX, simplify_message
from bot.domain.event import Event, EventKind
from bot.domain.message import Attachment, Button, EditMessage, Keyboard, SendMessage
from bot.domain.selfcheck import SelfCheckStage
from bot.domain.turn import State, Turn
from bot.flows import questions
from bot.flows.callback_data import (
    ASK_CALLBACK,
    ENTRY_CALLBACK,
    HANDOUT_PDF_CALLBACK,
    INTRO_CALLBACK,
    LANGUAGE_CALLBACK,
    REQUEST_ADVICE,
    SELFCHECK_START_CALLBACK,
    START_CALLBACK,
)
from bot.flows.context import CallbackHandler, TurnContext, dispatch_action
from bot.flows.typed_options import find_named_option, find_option
from knowledge.records.entry import LEICHTE_SPRACHE
from knowledge.records.intro import INTRO_AUDIENCES, Choice, IntroStep, steps_in_language
from prompts.render import format_label, render_template

# In knowledge/commands.yaml
YES, AGAIN, CHOICE, UNCLEAR = "ja", "nochmal", "wahl", ("gemeint", "unklar", "leichter", "bedeutung")
MOVING_ON = ("weiter", "jetzt")
ADVANCING_WORDS = (*MOVING_ON, YES)
SKIPPING_WORDS = (*ADVANCING_WORDS, "nein", "unsicher", "verzicht", "bemerkung")
AUDIENCE_PAGE = f"{STEP_PREFIX}0"  # what was shown last, in place of a step
AUDIENCE_KINDS = {
    "npo": "kind_npo", "stiftung": "kind_foundation", "kommune": "kind_municipality", "unternehmen": "kind_company",
    "engagierte": "kind_citizen", "neugierige": "curious",
}  # what people type for each audience: the labels typed_...  # fmt: skip
MAX_ROLE_WORDS = 12  # a longer text than that is no answer to who somebody is
COVER_PICTURE = "weg"  # above pages that show no step
EDITING_CALLBACKS = tuple(f"{INTRO_CALLBACK}{action}" for action in ("a:", "who:", "all:", "pause:", *"0123456789"))
INTERLUDE_COMMANDS = frozenset(("start", "frage", "kontakt", "sprache", "hilfe", "datenschutz", "meinedaten"))


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of the introduction."""

    html: str
    keyboard: Keyboard
    picture: str
    alt: str


def begin_intro(context: TurnContext) -> Turn:
    """Begin or continue the introduction; a person who has seen all of it gets the overview."""
    state = context.state
    if not state.audience and not state.step:
        return ask_audience(context)
    return show_overview(context) if state.step >= len(context.path) else show_step(context, state.step)


def ask_audience(context: TurnContext, *, explained: bool = False) -> Turn:
    """Ask which audience the examples should be for; ``explained`` says how to answer in writing."""
    lang = context.lang
    buttons = [Button(format_label(f"audience_{key}", lang), f"{INTRO_CALLBACK}a:{key}") for key in INTRO_AUDIENCES]
    rows = tuple(tuple(buttons[start : start + 2]) for start in range(0, len(buttons), 2))
    keyboard = (*rows, (Button(format_label("audience_skip", lang), f"{INTRO_CALLBACK}a:"),))
    values = {"number": max(context.state.step, 1), "total": len(context.path), "explained": explained}
    html = render_template("intro_audience", lang, **values)
    return _show_cover(context.change(touring=True, shown=AUDIENCE_PAGE), html, keyboard)


def show_step(
    context: TurnContext, number: int, choice_index: int | None = None, note: str = "", left: int = 0
) -> Turn:
    """Show a step in the tapped message or in a new one.

    Args:
        number: of the step, from 1; clamped to the valid range.
        choice_index: from 0, the choice whose reply is shown below the step; ignored if it does not exist.
        note: key of the label above it, "" for none.
        left: number of steps after this one, which a label may name.
    """
    path, state = context.path, context.state
    number = max(1, min(number, len(path)))
    step = path[number - 1]
    has_choice = choice_index is not None and 0 <= choice_index < len(step.choices)
    choice = step.choices[choice_index] if choice_index is not None and has_choice else None
    note_text = format_label(note, context.lang, number=left) if note else ""
    values = {"number": number, "total": len(path), "step": step, "choice": choice, "note": note_text}
    html = render_template("intro_step", context.lang, **values, body=step.text_for_audience(state.audience))
    read, shown = tuple(sorted({*state.read, number})), f"{STEP_PREFIX}{number}"
    context = context.change(step=number, touring=number < len(path), shown=shown, read=read)
    return _show_page(context, _Page(html, _step_keyboard(context, step, choice), step.picture, step.alt))


def show_overview(context: TurnContext) -> Turn:
    """Show the titles of all steps as buttons."""
    lang, state = context.lang, context.state
    rows = [
        (Button(f"{_step_mark(state, number)}{number} · {step.title}", f"{INTRO_CALLBACK}{number}"),)
        for number, step in enumerate(context.path, start=1)
    ]
    last_row = [Button(format_label("audience_change", lang), f"{INTRO_CALLBACK}who:")]
    if state.step < len(rows):
        last_row.append(_pause_button(lang))
    html = render_template("intro_overview", lang, step=state.step, total=len(rows), read=len(state.read))
    return _show_cover(context, html, (*rows, tuple(last_row)))


def pause_intro(context: TurnContext) -> Turn:
    """Leave the introduction at the step shown last."""
    lang, path = context.lang, context.path
    number = max(1, min(context.state.step, len(path)))
    keyboard = ((_continue_button(number, lang),), (_overview_button(lang),))
    html = render_template("intro_paused", lang, number=number, total=len(path), title=path[number - 1].title)
    return _show_cover(context.change(touring=False), html, keyboard)


def handle_intro_callback(context: TurnContext, data: str) -> Turn | None:
    """Return the turn of a tap; None if the button is not valid."""
    number, _, choice = data.partition(":")
    if number.isdecimal():
        return show_step(context, int(number), int(choice) if choice.isdecimal() else None)
    return dispatch_action(INTRO_ACTIONS, context, data)


def handle_intro_text(context: TurnContext) -> Turn | None:
    """Return the turn of a text meant for the page shown last: where to go, a choice, or that it is unclear."""
    state, text = context.state, context.event.text
    if context.event.private and state.touring and (state.shown == AUDIENCE_PAGE or not state.step):
        return _answer_audience(context)
    if not (context.event.private and state.step):
        return None
    choices = [(choice.text, str(index)) for index, choice in enumerate(_shown_step(context).choices)]
    if state.touring and state.step < len(context.path) and find_option(_typed_phrases("how_many"), text) is not None:
        return show_step(context, state.step, note="steps_left", left=len(context.path) - state.step)
    if state.shown != f"{STEP_PREFIX}{state.step}":
        chosen = find_option(choices, text) if state.touring else None
        return show_step(context, state.step, int(chosen)) if chosen else None
    word, _, number = context.services.command_words.get(simplify_message(text), "").partition(" ")
    is_yes_to_other = word == YES and (state.offered or context.open_requests)
    if state.touring and word in ADVANCING_WORDS and not is_yes_to_other:
        return show_step(context, state.step + 1)
    if word in MOVING_ON and state.step >= len(context.path):
        return context.reply(render_template("intro_end", context.lang), _ways_on(context.lang))
    if find_option(_typed_phrases("source"), text) is not None:
        return questions.show_entry(context.change(touring=True), _shown_step(context).entries[0])
    if word == AGAIN:
        return show_step(context, state.step)
    if word in UNCLEAR or (not simplify_message(text) and "?" in text):
        return _explain_step(context)
    if find_option(_typed_phrases("back"), text) is not None:
        return show_step(context, state.step - 1)
    numbers = [(str(index + 1), str(index)) for index in range(len(choices))]
    chosen = str(int(number) - 1) if word == CHOICE else find_option([*choices, *numbers], text)
    return show_step(context, state.step, int(chosen)) if chosen else None


def show_given_step(context: TurnContext, number: str) -> Turn | None:
    """Show the step whose number is given in callback data or a link; None if it is not a number."""
    return show_step(context, int(number)) if number.isdecimal() else None


def add_intro_button(context: TurnContext, turn: Turn) -> Turn:
    """Add a button that returns to the introduction to the last message of an interlude."""
    state = turn.state
    is_asked = (state.form and not state.form.paused) or (state.check and state.check.stage is SelfCheckStage.ASKING)
    if not state.touring or is_asked or not _is_interlude(context.event):
        return turn
    shown = [message for message in turn.messages if isinstance(message, SendMessage | EditMessage)]
    buttons = [button for message in shown for row in message.keyboard for button in row]
    index = max((index for index, message in enumerate(turn.messages) if _is_sent_here(message)), default=None)
    leads_back = (INTRO_CALLBACK, START_CALLBACK)
    if index is None or any(button.data.startswith(leads_back) for button in buttons):
        return turn
    last = turn.messages[index]
    assert isinstance(last, SendMessage | EditMessage)
    button = _continue_button(max(state.step, 1), context.with_state(state).lang, action="go:")
    extended = replace(last, keyboard=(*last.keyboard, (button,)))
    return replace(turn, messages=(*turn.messages[:index], extended, *turn.messages[index + 1 :]))


def _answer_audience(context: TurnContext) -> Turn | None:
    """Return the turn of who somebody says they are, or that they do not say it; None for anything else."""
    text, number = context.event.text, max(context.state.step, 1)
    word, _, choice = context.services.command_words.get(simplify_message(text), "").partition(" ")
    is_skipped = word in SKIPPING_WORDS or find_option(_typed_phrases("skip"), text) is not None
    audience = _find_audience(text) if word != CHOICE else INTRO_AUDIENCES[int(choice) - 1]
    if audience and not is_skipped:
        return show_step(context.change(audience=audience), number)
    if context.state.shown != AUDIENCE_PAGE:
        return None  # what else is short answers what was asked in between
    general = context.change(audience=INTRO_AUDIENCES[-1])
    if is_skipped:
        return show_step(general, number)
    if word in UNCLEAR or find_option(_typed_phrases("why"), text) is not None:
        return ask_audience(context, explained=True)
    roles = tuple(phrase.casefold() for phrase, _ in _typed_phrases("role"))
    is_role = "?" not in text and len(text.split()) <= MAX_ROLE_WORDS and text.casefold().startswith(roles)
    return show_step(general, number, note="audience_general") if is_role else None


def _find_audience(text: str) -> str | None:
    """Return the audience that a text names by its label, its number, or in other words."""
    phrases = [(format_label(f"audience_{key}", lang), key) for lang in LANGUAGES for key in INTRO_AUDIENCES]
    phrases += [(phrase, key) for key, label in AUDIENCE_KINDS.items() for phrase, _ in _typed_phrases(label)]
    numbers = [(str(number), key) for number, key in enumerate(INTRO_AUDIENCES, 1)]
    if (audience := find_option([*phrases, *numbers], text)) or "?" in text or len(text.split()) > MAX_ROLE_WORDS:
        return audience
    return find_named_option(phrases, text)


def _typed_phrases(name: str) -> list[tuple[str, str]]:
    return [(phrase, name) for lang in LANGUAGES for phrase in format_label(f"typed_{name}", lang).split(", ")]


def _explain_step(context: TurnContext) -> Turn | None:
    """Show the step in Leichte Sprache if the person reads German, else the entry that says more about it."""
    state, lang, step = context.state, context.lang, _shown_step(context)
    easy_path = steps_in_language(context.services.steps, LEICHTE_SPRACHE)
    if lang != "de" or state.step > len(easy_path):
        return questions.show_entry(context.change(touring=True), step.entries[0])
    easy_step = easy_path[state.step - 1]
    html = render_template("intro_plain", lang, body=easy_step.text_for_audience(state.audience))
    learn_more = Button(format_label("learn_more", lang), f"{ENTRY_CALLBACK}{step.entries[0]}")
    return context.reply(html, ((learn_more,), (_continue_button(state.step, lang, action="go:"),)))


def _shown_step(context: TurnContext) -> IntroStep:
    return context.path[min(context.state.step, len(context.path)) - 1]


def _is_interlude(event: Event) -> bool:
    if event.kind is EventKind.COMMAND:
        return CANONICAL_COMMANDS.get(event.command) in INTERLUDE_COMMANDS
    is_question = event.kind in (EventKind.TEXT, EventKind.EDITED)
    return is_question or event.text.startswith((ENTRY_CALLBACK, LANGUAGE_CALLBACK))


def _is_sent_here(message: object) -> bool:
    if isinstance(message, SendMessage):
        return message.chat_id is None and not message.to_advisers
    return isinstance(message, EditMessage)


def _choose_audience(context: TurnContext, name: str) -> Turn | None:
    if name and name not in INTRO_AUDIENCES:
        return None
    return show_step(context.change(audience=name or INTRO_AUDIENCES[-1]), context.state.step)


def _show_cover(context: TurnContext, html: str, keyboard: Keyboard) -> Turn:
    return _show_page(context, _Page(html, keyboard, COVER_PICTURE, format_label("cover_alt", context.lang)))


def _show_page(context: TurnContext, page: _Page) -> Turn:
    picture = Attachment("picture", {"name": page.picture, "alt": page.alt})
    return context.send_or_edit(page.html, page.keyboard, edited_by=EDITING_CALLBACKS, attachment=picture)


def _step_keyboard(context: TurnContext, step: IntroStep, choice: Choice | None) -> Keyboard:
    lang, number, total = context.lang, context.state.step, len(context.path)
    choices = tuple(
        (Button(f"{'→ ' if option is choice else ''}{option.text}", f"{INTRO_CALLBACK}{number}:{choice_index}"),)
        for choice_index, option in enumerate(step.choices)
    )
    moves = []
    if number > 1:
        moves.append(Button(format_label("back", lang), f"{INTRO_CALLBACK}{number - 1}"))
    if number < total:
        moves.append(Button(format_label("next", lang), f"{INTRO_CALLBACK}{number + 1}"))
    entry = (choice.entry if choice else "") or step.entries[0]
    learn_more = Button(format_label("learn_more", lang), f"{ENTRY_CALLBACK}{entry}")
    if number == total:
        return (*choices, *_ways_on(lang), (*moves, learn_more, _overview_button(lang)))
    return (*choices, tuple(moves), (learn_more, _overview_button(lang), _pause_button(lang)))


def _ways_on(lang: str) -> Keyboard:
    """Return what a person can do after the last step."""
    rows = (
        (("check_start", SELFCHECK_START_CALLBACK),),
        (("ask", ASK_CALLBACK), ("talk", REQUEST_ADVICE)),
        (("take_along", HANDOUT_PDF_CALLBACK),),
    )
    return tuple(tuple(Button(format_label(label, lang), data) for label, data in row) for row in rows)


def _step_mark(state: State, number: int) -> str:
    return "▸ " if number == state.step else "✓ " if number in state.read else ""


def _continue_button(number: int, lang: str, action: str = "") -> Button:
    return Button(format_label("intro_go_on", lang, number=number), f"{INTRO_CALLBACK}{action}{number}")


def _overview_button(lang: str) -> Button:
    return Button(format_label("intro_all", lang), f"{INTRO_CALLBACK}all:")


def _pause_button(lang: str) -> Button:
    return Button(format_label("intro_pause", lang), f"{INTRO_CALLBACK}pause:")


INTRO_ACTIONS: dict[str, CallbackHandler] = {
    "a": _choose_audience,
    "who": lambda context, _: ask_audience(context),
    "go": show_given_step,  # in a new message: the one above stays
    "all": lambda context, _: show_overview(context),
    "pause": lambda context, _: pause_intro(context),
}
