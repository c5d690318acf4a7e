"""Questions and their answers."""

from dataclasses import replace

from bot.answering.answerer import Answer, AnswerStatus
from bot.answering.multi_question import MAX_MESSAGE_CHARS, MessageAnswers, answer_each_question
from bot.domain.commands import CANONICAL_COMMANDS
from bot.domain.deep_links import ENTRY_PREFIX
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, Button, EditMessage, Keyboard, SendMessage
from bot.domain.turn import AnswerDecision, State, Turn
from bot.flows.callback_data import EXPLAIN_CALLBACK
from bot.flows.context import Services
from prompts.render import format_label, render_template

MAX_QUESTIONS = 15  # questions of one person in a minute; more than anybody reads answers to
MAX_TAPS = 60  # taps of one person in a minute that bring a message or change one
RATE_WINDOW = 60.0
MAX_KEPT_LENGTH = (
    500  # characters of a message that are kept; a longer one cannot be read again, so it gets no button
)
EXPLAINABLE_STATUSES = frozenset((AnswerStatus.ANSWERED, AnswerStatus.CLARIFY, AnswerStatus.ABSTAINED))


def answer_question(services: Services, state: State, event: Event) -> Turn:
    """Answer a question; asks for one where there is none."""
    if not event.text.strip():
        return services.say(state, event, "ask")
    state = count_question(state, event, services.now())
    if turn := limit_questions(services, state, event):
        return turn
    answers = answer_each_question(services.answerer, event.text, event.language_code, state.lang, state.last_entry)
    reply_to = None if event.private else event.message_id
    says = [
        SendMessage(answer.html, _answer_keyboard(services, event, answer, number), reply_to=reply_to)
        for number, answer in enumerate(answers.with_headings())
    ]
    first = replace(says[0], html=_truncation_note(event, answers) + says[0].html, question_id=event.message_id)
    return Turn(
        _remember_question(state, event, answers, state.last_entry),
        (first, *says[1:]),
        decisions=_list_decisions(answers),
    )


def answer_edit(services: Services, state: State, event: Event) -> Turn:
    """Correct the answer to a question that was corrected; of several answers the first."""
    is_question = not event.command or CANONICAL_COMMANDS.get(event.command) == "frage"
    if not is_question or not event.text.strip():
        return Turn(state)
    state = count_question(state, event, services.now())
    if turn := limit_questions(services, state, event):
        return turn
    context = state.last_context if event.message_id == state.last_message else ""
    answers = answer_each_question(services.answerer, event.text, event.language_code, state.lang, context)
    first = answers.with_headings()[0]
    change = EditMessage(first.html, _answer_keyboard(services, event, first, 0), question_id=event.message_id)
    return Turn(_remember_question(state, event, answers, context), (change,), decisions=_list_decisions(answers))


def show_entry(services: Services, state: State, event: Event, entry_id: str) -> Turn | None:
    """Show an entry that was asked for by its id; None where there is no such entry any more."""
    answer = services.answerer.show_entry(entry_id, services.lang(state, event))
    if answer is None:
        return None
    return Turn(
        replace(state, last_entry=entry_id, shown=ENTRY_PREFIX + entry_id),
        (SendMessage(answer.html, services.answerer.build_keyboard(answer)),),
    )


def _answer_keyboard(services: Services, event: Event, answer: Answer, number: int) -> Keyboard:
    return (*services.answerer.build_keyboard(answer), *explain_row(event, answer, number))


def _truncation_note(event: Event, answers: MessageAnswers) -> str:
    if len(event.text) <= MAX_MESSAGE_CHARS:
        return ""
    return f"<i>{render_template('long_text', answers.answers[0].lang)}</i>\n\n"


def _list_decisions(answers: MessageAnswers) -> tuple[AnswerDecision, ...]:
    return tuple(
        AnswerDecision(
            answer.question,
            answer.status.value,
            answer.confidence,
            (answer.entry_id,) if answer.entry_id else answer.option_ids,
        )
        for answer in answers.answers
    )


def _remember_question(state: State, event: Event, answers: MessageAnswers, context: str) -> State:
    statuses = {answer.status for answer in answers.answers}
    if statuses == {AnswerStatus.SMALLTALK}:
        return state
    entry = next(
        (
            shown_entry
            for answer in reversed(answers.answers)
            if (shown_entry := answer.entry_id or answer.context_entry_id)
        ),
        "",
    )
    if statuses == {AnswerStatus.CONSULTATION}:  # the question before the wish is what the advice is about
        return replace(state, last_entry=entry)
    return replace(
        state,
        last_question=event.text[:MAX_KEPT_LENGTH],
        last_entry=entry,
        last_message=event.message_id,
        last_context=context,
        shown=ENTRY_PREFIX + entry if entry else "",
    )


def count_question(state: State, event: Event, now: float) -> State:
    """The state with this question counted. ``now`` stands in where Telegram says no time (both Unix)."""
    asked_at = event.sent_at or now
    if not 0 <= asked_at - state.minute < RATE_WINDOW:
        return replace(state, minute=asked_at, asked=1)
    return replace(state, asked=min(state.asked + 1, MAX_QUESTIONS + 2))


def limit_questions(services: Services, state: State, event: Event) -> Turn | None:
    """The turn where there have been too many questions; None where this one is answered."""
    if state.asked <= MAX_QUESTIONS:
        return None
    already_told = state.asked > MAX_QUESTIONS + 1 or event.kind is EventKind.EDITED
    return Turn(state) if already_told else services.say(state, event, "burst")


def limit_taps(services: Services, state: State, event: Event, turn: Turn) -> Turn:
    """The turn of a tap with the tap counted; where there have been too many, one that only says so.

    What is answered on the button alone does not count.
    """
    if all(isinstance(message, AnswerCallback) for message in turn.messages):
        return turn
    now = services.now()
    in_window = 0 <= now - state.taps_since < RATE_WINDOW
    if in_window and state.taps >= MAX_TAPS:
        return Turn(state, (AnswerCallback(format_label("taps", services.lang(state, event))),))
    taps, window_start = (state.taps + 1, state.taps_since) if in_window else (1, now)
    return replace(turn, state=replace(turn.state, taps=taps, taps_since=window_start))


def explain_row(event: Event, answer: Answer, number: int) -> Keyboard:
    """The row with the button; none where there is nothing to explain."""
    if answer.status not in EXPLAINABLE_STATUSES or len(event.text) > MAX_KEPT_LENGTH:
        return ()
    return ((Button(format_label("why", answer.lang), f"{EXPLAIN_CALLBACK}{event.message_id}:{number}"),),)


def explain_answer(services: Services, state: State, event: Event, data: str) -> Turn | None:
    """Explain one of the answers to the last message; says so where the tapped answer is an older one."""
    question_id, _, number = data.partition(":")
    if not question_id.removeprefix("-").isdecimal() or not number.isdecimal():
        return None
    outdated = Turn(state, (AnswerCallback(format_label("why_latest", services.lang(state, event))),))
    if int(question_id) != state.last_message or not state.last_question:
        return outdated
    answers = answer_each_question(
        services.answerer, state.last_question, event.language_code, state.lang, state.last_context
    )
    if int(number) >= len(answers.answers):
        return outdated
    html = services.answerer.explain_answer(answers.answers[int(number)])
    return Turn(state, (SendMessage(html, reply_to=event.message_id),))
