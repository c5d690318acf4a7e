"""Questions and their answers."""

from dataclasses import replace

from bot.answering.answerer import Answer, AnswerStatus
from bot.answering.multi_question import MessageAnswers, answer_each_question
from bot.domain.commands import CANONICAL_COMMANDS
from bot.domain.deep_links import ENTRY_PREFIX
from bot.domain.event import Event
from bot.domain.message import Button, EditMessage, Keyboard, SendMessage
from bot.domain.turn import AnswerDecision, State, Turn
from bot.flows import burst
from bot.flows.callback_data import ENTRY_CALLBACK, FEEDBACK_CALLBACK, REQUEST_ADVICE, fits_button
from bot.flows.context import Services
from bot.flows.why import MAX_KEPT_LENGTH, explain_row
from prompts.render import load_labels, render_template


def answer_question(services: Services, state: State, event: Event) -> Turn:
    """Answer a question; asks for one where there is none."""
    if not event.text.strip():
        return services.say(state, event, "ask")
    state = burst.count_question(state, event, services.now())
    if turn := burst.limit_questions(services, state, event):
        return turn
    answers = answer_each_question(services.answerer, event.text, event.language_code, state.lang, state.last_entry)
    reply_to = None if event.private else event.message_id
    says = [
        SendMessage(answer.html, _question_keyboard(event, answer, number), reply_to=reply_to)
        for number, answer in enumerate(answers.with_headings())
    ]
    first = replace(says[0], html=_truncation_note(answers) + says[0].html, question_id=event.message_id)
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
    state = burst.count_question(state, event, services.now())
    if turn := burst.limit_questions(services, state, event):
        return turn
    context = state.last_context if event.message_id == state.last_message else ""
    answers = answer_each_question(services.answerer, event.text, event.language_code, state.lang, context)
    first = answers.with_headings()[0]
    change = EditMessage(first.html, _question_keyboard(event, first, 0), question_id=event.message_id)
    return Turn(_remember_question(state, event, answers, context), (change,), decisions=_list_decisions(answers))


def show_entry(services: Services, state: State, event: Event, entry_id: str) -> Turn | None:
    """Show an entry that was asked for by its id; None where there is no such entry any more."""
    answer = services.answerer.show_entry(entry_id, services.lang(state, event))
    if answer is None:
        return None
    return Turn(
        replace(state, last_entry=entry_id, shown=ENTRY_PREFIX + entry_id),
        (SendMessage(answer.html, build_answer_keyboard(answer)),),
    )


def _truncation_note(answers: MessageAnswers) -> str:
    if not answers.is_truncated:
        return ""
    return f"<i>{render_template('long_text', answers.answers[0].lang)}</i>\n\n"


def _list_decisions(answers: MessageAnswers) -> tuple[AnswerDecision, ...]:
    return tuple(
        AnswerDecision(
            answer.question,
            answer.status.value,
            answer.result.probability,
            tuple(entry.id for entry in ((answer.result.entry,) if answer.result.entry else answer.result.options)),
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


def build_answer_keyboard(answer: Answer) -> Keyboard:
    """Return the buttons under an answer: options or related entries, thumbs, and the way to a human."""
    if answer.status is AnswerStatus.SMALLTALK:
        return ()
    result, labels = answer.result, load_labels(answer.lang)
    entry_rows = tuple(
        (Button(entry.title if result.options else labels["read_on"].format(title=entry.title), data),)
        for entry in result.options or result.related
        if fits_button(data := f"{ENTRY_CALLBACK}{entry.id}")
    )
    source = answer.source
    rating_row = tuple(
        Button(labels[name], data)
        for name, value in (("helpful", 1), ("not_helpful", 0))
        if source and fits_button(data := f"{FEEDBACK_CALLBACK}{value}:{source.id}")
    )
    return (*entry_rows, *((rating_row,) if rating_row else ()), (Button(labels["talk"], REQUEST_ADVICE),))


def _question_keyboard(event: Event, answer: Answer, number: int) -> Keyboard:
    return (*build_answer_keyboard(answer), *explain_row(event, answer, number))
