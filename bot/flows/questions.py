"""Questions, their answers and explanations, and limits on questions and taps per person and minute.

A person who exceeds the limit of questions is notified once; further questions within that minute are ignored. The
time a question was written counts, so that everything written while the bot was down for hours is answered. Commands
and text typed into a form do not count. The limit of taps is far above what anyone reads; a tap beyond it changes
nothing, so that the button can be tapped again.

Only answers to the last message are explained: its text is stored anyway, and no other text should be.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.answering import answerer
from bot.answering.answerer import Answer, AnswerStatus
from bot.answering.heeding import COMPLAINT
from bot.answering.language import SUPPORTED_LANGUAGES
from bot.answering.multi_question import MessageAnswers, answer_each_question
from bot.answering.source_line import render_sources
from bot.answering.tone import read_tone
from bot.domain.commands import CANONICAL_COMMANDS, ENTRY_PREFIX
from bot.domain.event import EventKind
from bot.domain.message import AnswerCallback, Button, EditMessage, Keyboard, SendMessage, truncate_text
from bot.domain.turn import AnswerDecision, State, Turn
from bot.flows import crisis
from bot.flows.answer_keyboard import build_answer_keyboard
from bot.flows.callback_data import ENTRY_CALLBACK, REQUEST_ADVICE, fits_button
from bot.flows.context import TurnContext
from index.search.follow_up import add_recent_entry
from knowledge.records.entry import Entry
from prompts.dates import format_date
from prompts.render import format_label, render_template

MAX_QUESTIONS = 15  # of one person in a minute, more than anyone reads answers to
MAX_TAPS = 60  # of one person in a minute, of those that send or change a message
RATE_WINDOW = 60.0  # seconds
MAX_OTHER_SUBJECTS = 2  # offered after a second complaint
MAX_QUOTE_LENGTH = 120  # characters of the last question
MAX_ANSWERS_READ = 20  # that are remembered for the handout
MAX_KEPT_LENGTH = 500  # characters of a message that are stored; answers to longer ones cannot be explained


def answer_question(context: TurnContext) -> Turn:
    """Answer each question of a message in a separate message; ask for a question if there is none.

    Whoever needs help at once gets the emergency numbers in place of an answer, whatever the limit.
    """
    event = context.event
    if turn := crisis.answer_with_help(context):
        return turn
    if not event.text.strip():
        return context.say("ask")
    context, refusal = count_question(context)
    if refusal:
        return refusal
    recent_ids = context.state.recent_entries
    answers = _answer_text(context, event.text, recent_ids)
    if event.private and _is_complaint(answers.answers[0]):
        return replace(apologise(context, answers.answers[0].lang), decisions=_list_decisions(answers))
    answers = _without_invitations(context, answers)
    reply_to = None if event.private else event.message_id
    first, *others = (
        SendMessage(answer.html, _answer_keyboard(context, answer, number), reply_to=reply_to)
        for number, answer in enumerate(answers.with_headings())
    )
    first = replace(first, html=_truncation_note(answers) + first.html, question_id=event.message_id)
    state = _remember_question(context, answers, recent_ids)
    return Turn(state, (first, *others), decisions=_list_decisions(answers))


def answer_edit(context: TurnContext) -> Turn:
    """Correct the answer to a question that was edited; of several answers, only the first."""
    event, state = context.event, context.state
    is_question = not event.command or CANONICAL_COMMANDS.get(event.command) == "frage"
    if not is_question or not event.text.strip():
        return Turn(state)
    if turn := crisis.answer_with_help(context):
        return turn
    context, refusal = count_question(context)
    if refusal:
        return refusal
    recent_ids = state.recent_contexts if event.message_id == state.last_message else ()
    answers = _answer_text(context, event.text, recent_ids)
    first = answers.with_headings()[0]
    edit = EditMessage(first.html, _answer_keyboard(context, first, 0), question_id=event.message_id)
    return Turn(_remember_question(context, answers, recent_ids), (edit,), decisions=_list_decisions(answers))


def show_entry(context: TurnContext, entry_id: str, lang: str = "") -> Turn | None:
    """Show an entry, by default in the person's language; None if it no longer exists."""
    answer = context.services.answerer.show_entry(entry_id, lang or context.lang)
    if answer is None:
        return None
    state = _remember_entry(context.state, context.state.recent_entries, entry_id)
    context = context.with_state(_remember_read(replace(state, shown=ENTRY_PREFIX + entry_id), [entry_id]))
    return context.reply(answer.html, build_answer_keyboard(answer))


def show_sources(context: TurnContext, data: str) -> Turn | None:
    """Name all sources of an entry in a reply to it; ``data`` is "<language>:<entry>"; None if there are none."""
    lang, _, entry_id = data.partition(":")
    entry = context.services.answerer.find_entry(entry_id, lang) if lang in SUPPORTED_LANGUAGES else None
    if entry is None or not entry.source:
        return None
    return Turn(context.state, (SendMessage(render_sources(entry, lang), reply_to=context.event.message_id),))


def explain_answer(context: TurnContext, data: str) -> Turn | None:
    """Explain an answer to the last message in a reply to it; an answer to an older message only gets a notice.

    ``data`` is "<id of the question's message>:<number of the answer, from 0>".
    """
    state, event = context.state, context.event
    question_id, _, number = data.partition(":")
    if not question_id.removeprefix("-").isdecimal() or not number.isdecimal():
        return None
    is_latest = int(question_id) == state.last_message and state.last_question
    answers = _answer_text(context, state.last_question, state.recent_contexts).answers if is_latest else ()
    if int(number) >= len(answers):
        return context.toast(format_label("why_latest", context.lang))
    html = context.services.answerer.explain_answer(answers[int(number)])
    return Turn(state, (SendMessage(html, reply_to=event.message_id),))


def apologise(context: TurnContext, lang: str) -> Turn:
    """Return the reply to a complaint about the bot; a second one gets other subjects and a person to turn to.

    In a group it quotes no question, since that may be somebody else's.
    """
    state, services = context.state, context.services
    is_again = state.complaints > 0 and not context.is_blocked
    question = state.last_question if context.event.private else ""
    values = {"again": is_again, "contact": services.contact, "blocked": context.is_blocked}
    html = render_template(COMPLAINT, lang, question=quote_question(question), **values)
    nearest = (
        services.answerer.nearest_entries(question, MAX_OTHER_SUBJECTS + 1, lang) if is_again and question else []
    )
    others = [entry for entry in nearest if entry.id != state.last_entry][:MAX_OTHER_SUBJECTS]
    talk = Button(format_label("talk", lang), REQUEST_ADVICE)
    return context.change(complaints=state.complaints + 1).reply(html, ((talk,), *subject_rows(others)))


def subject_rows(entries: Iterable[Entry]) -> Keyboard:
    """Return a button for each entry."""
    rows = ((Button(entry.title, f"{ENTRY_CALLBACK}{entry.id}"),) for entry in entries)
    return tuple(row for row in rows if fits_button(row[0].data))


def count_question(context: TurnContext) -> tuple[TurnContext, Turn | None]:
    """Count a message that is answered; also return the turn that refuses it if there were too many, else None."""
    state = context.state
    asked_at = context.event.sent_at or context.services.now()
    if not 0 <= asked_at - state.minute < RATE_WINDOW:
        context = context.change(minute=asked_at, asked=1)
    else:
        context = context.change(asked=min(state.asked + 1, MAX_QUESTIONS + 2))
    return context, _limit_questions(context)


def welcome_writer(context: TurnContext, turn: Turn) -> Turn:
    """Put a warm sentence before a reply to a message in which somebody also says who they are."""
    event, state = context.event, context.state
    markers = context.services.answerer.discourse_markers(event.text, event.language_code, state.lang)
    welcome = answerer.welcome_writer(read_tone(event.text, markers), context.lang)
    if not welcome or not turn.messages or not isinstance(first := turn.messages[0], SendMessage):
        return turn
    return replace(turn, messages=(replace(first, html=f"{welcome}\n\n{first.html}"), *turn.messages[1:]))


def quote_question(question: str) -> str:
    """Return a question in one line, shortened to be quoted."""
    return truncate_text(" ".join(question.split()), MAX_QUOTE_LENGTH, at_word=True)


def limit_taps(context: TurnContext, turn: Turn) -> Turn:
    """Return the turn of a tap with the tap counted, or a notice if there were too many.

    A tap that sends and changes no message does not count.
    """
    if all(isinstance(message, AnswerCallback) for message in turn.messages):
        return turn
    state, now = context.state, context.services.now()
    in_window = 0 <= now - state.taps_since < RATE_WINDOW
    if in_window and state.taps >= MAX_TAPS:
        return context.toast(format_label("taps", context.lang))
    taps, window_start = (state.taps + 1, state.taps_since) if in_window else (1, now)
    return replace(turn, state=replace(turn.state, taps=taps, taps_since=window_start))


def _limit_questions(context: TurnContext) -> Turn | None:
    asked = context.state.asked
    if asked <= MAX_QUESTIONS:
        return None
    is_silent = asked > MAX_QUESTIONS + 1 or context.event.kind is EventKind.EDITED
    return Turn(context.state) if is_silent else context.say("burst", blocked=context.is_blocked)


def _answer_text(context: TurnContext, text: str, recent_ids: Sequence[str]) -> MessageAnswers:
    language_code, lang = context.event.language_code, context.state.lang
    last_question = context.state.last_question if context.event.private else ""
    return answer_each_question(context.services.answerer, text, language_code, lang, recent_ids, last_question)


def _is_complaint(answer: Answer) -> bool:
    return answer.status is AnswerStatus.SMALLTALK and answer.result.intent == COMPLAINT


def _without_invitations(context: TurnContext, answers: MessageAnswers) -> MessageAnswers:
    """Return the answers; while the advisers block the person, none invites to write to them."""
    inviting = {answer.status for answer in answers.answers} & {AnswerStatus.SMALLTALK, AnswerStatus.CONSULTATION}
    if not inviting or not context.is_blocked:
        return answers
    return replace(answers, answers=tuple(_without_invitation(context, answer) for answer in answers.answers))


def _without_invitation(context: TurnContext, answer: Answer) -> Answer:
    if answer.status is AnswerStatus.CONSULTATION:
        until = format_date(context.blocked_until, answer.lang)
        return replace(answer, html=render_template("request_blocked", answer.lang, number="", until=until))
    if answer.status is not AnswerStatus.SMALLTALK:
        return answer
    return replace(
        answer, html=render_template(answer.result.intent, answer.lang, question="", again=False, blocked=True)
    )


def _answer_keyboard(context: TurnContext, answer: Answer, number: int) -> Keyboard:
    is_explainable = len(context.event.text) <= MAX_KEPT_LENGTH
    return build_answer_keyboard(answer, f"{context.event.message_id}.{number}" if is_explainable else "")


def _truncation_note(answers: MessageAnswers) -> str:
    if not answers.is_truncated:
        return ""
    return f"<i>{render_template('long_text', answers.answers[0].lang)}</i>\n\n"


def _list_decisions(answers: MessageAnswers) -> tuple[AnswerDecision, ...]:
    decisions = []
    for answer in answers.answers:
        entries = (answer.entry_id,) if answer.entry_id else tuple(option.id for option in answer.result.options)
        decisions.append(AnswerDecision(answer.question, answer.status.value, answer.result.probability, entries))
    return tuple(decisions)


def _remember_question(context: TurnContext, answers: MessageAnswers, recent_ids: Sequence[str]) -> State:
    state, event = context.state, context.event
    statuses = {answer.status for answer in answers.answers}
    if statuses == {AnswerStatus.SMALLTALK}:
        return state
    shown_ids = (answer.entry_id or answer.context_entry_id for answer in reversed(answers.answers))
    shown_id = next(filter(None, shown_ids), "")
    subject_ids = [answer.result.subject_id for answer in answers.answers]
    subject_id = next(filter(None, reversed(subject_ids)), "")
    if statuses == {AnswerStatus.CONSULTATION}:  # the request will be about the previous question
        return _remember_entry(state, recent_ids, subject_id)
    question, shown = event.text[:MAX_KEPT_LENGTH], ENTRY_PREFIX + shown_id if shown_id else ""
    last_context, earlier_context, *_ = *recent_ids, "", ""
    state = replace(state, last_context=last_context, earlier_context=earlier_context, shown=shown)
    state = replace(state, last_question=question, last_message=event.message_id, complaints=0)
    state = _remember_read(state, [answer.source.id for answer in answers.answers if answer.source])
    for recent_id in subject_ids:
        recent_ids = add_recent_entry(recent_ids, recent_id)
    return _remember_entry(state, recent_ids, subject_id)


def _remember_read(state: State, entry_ids: Sequence[str]) -> State:
    """Return the state after entries were shown; the oldest ones are forgotten."""
    others = [entry_id for entry_id in state.answers_read if entry_id not in entry_ids]
    return replace(state, answers_read=(*others, *entry_ids)[-MAX_ANSWERS_READ:])


def _remember_entry(state: State, recent_ids: Sequence[str], entry_id: str) -> State:
    """Return the state after an entry was shown, or "" for none; ``recent_ids`` are those shown before."""
    earlier = next((recent_id for recent_id in recent_ids if recent_id != entry_id), "")
    return replace(state, last_entry=entry_id, earlier_entry=earlier)
