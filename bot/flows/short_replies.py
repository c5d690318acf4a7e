"""Whole short messages that answer or react: "ja", "nein", "?", "verstehe ich nicht", "das erste", "👍".

"Yes" and "no" answer the question that the bot asked last. They count as a tap on its buttons for an hour, unless
something about a request came in between, to which they may refer. Which messages mean what: knowledge/commands.yaml.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.answering.answerer import AnswerStatus
from bot.answering.tone import asks_for_example
from bot.domain.calendar import HOUR
from bot.domain.commands import STEP_PREFIX, simplify_message
from bot.domain.consultation import ContactChannel, Request
from bot.domain.effects import UpdateRequest
from bot.domain.event import EventKind
from bot.domain.message import AnswerCallback, Button, EditKeyboard, EditMessage, Keyboard, SendMessage
from bot.domain.selfcheck import SelfCheckProgress, SelfCheckStage
from bot.domain.turn import AnswerDecision, Turn
from bot.flows import callbacks, questions, rewording, start
from bot.flows.callback_data import (
    COMMAND_CALLBACK,
    EASY_CALLBACK,
    ENTRY_CALLBACK,
    EXPLAIN_CALLBACK,
    INTRO_CALLBACK,
    REQUEST_ADVICE,
    REQUESTER_CALLBACK,
    SELFCHECK_CALLBACK,
    fits_button,
)
from bot.flows.context import TurnContext
from bot.flows.relay import progress
from bot.flows.selfcheck.questionnaire import UNKNOWN_LEVEL, level_label, require_questionnaire, show_question
from knowledge.records.entry import LEICHTE_SPRACHE
from knowledge.records.selfcheck import LEVEL_COUNT
from prompts.render import format_label, render_template

YES, NO, UNSURE, UNCLEAR, WHY, AGAIN, COMPLAINT, GO_ON, PAUSE, STAND, PRAISE, REMARK, CHOICE, MEANING, NOW = (
    "ja", "nein", "unsicher", "unklar", "warum", "nochmal", "beschwerde", "weiter", "pause", "stand", "lob",
    "bemerkung", "wahl", "gemeint", "jetzt",
)  # fmt: skip
SHORTER, SIMPLER, WHAT_IS_THIS, LET_BE, EXAMPLE, WORD, MEANING_OF = (
    "kuerzer", "leichter", "vorstellung", "verzicht", "beispiel", "wort", "bedeutung",
)  # fmt: skip
AFTER_GREETING = (SHORTER, SIMPLER, WHAT_IS_THIS, EXAMPLE)  # others may answer a question, and are taken literally
HOW_TO_BEGIN = f"{NOW} erstes"  # outside of the introduction and the self-check, it is searched
ONLY_AT_FIRST = f"{WHAT_IS_THIS} zuerst"  # after an answer, it asks about that
MAX_QUESTION_AGE = HOUR
PRAISING_SIGNS = frozenset("👍👏🙏🎉💪🤝😊😀🙂😃❤💚💙🧡💛")
_CLAUSE_END = re.compile(r"[.,;:!\n]+")
_YES_OR_NO = re.compile(r"(?:d|v|h:withdraw:[^:]+):(yes|no)(?::.*)?")  # data of the buttons of a question


def answer_reply(context: TurnContext) -> Turn | None:
    """Return the turn of a short reply; None if the text is none, or is better searched."""
    reply, _, argument = _find_reply(context).partition(" ")
    if not reply and progress.is_asked(context, _stand_wordings(context)):
        reply = STAND
    named = "" if reply else _find_named_option(context)
    if not reply and not named:
        return None
    context, refusal = questions.count_question(context)
    if refusal:
        return refusal
    if named:
        return _tap(context, named)
    if turn := _answer_last_question(context, reply, argument):
        return turn
    turn = rewording.explain_word(context, argument) if reply == WORD else REACTIONS[reply](context)
    # It counts as small talk, so that it can be passed on to the advisers of an open request.
    decision = AnswerDecision(context.event.text, AnswerStatus.SMALLTALK.value, 1.0)
    return replace(turn, decisions=(decision,)) if turn else None


def answer_comment_offer(context: TurnContext) -> Turn | None:
    """Return the turn of a "yes" or "no" to whether the person has something to add to their rating."""
    reply = _find_reply(context) if context.state.rated else ""
    if reply == YES:
        return context.reply(format_label("comment_now", context.lang))
    return _tap(context, f"{REQUESTER_CALLBACK}nothing:{context.state.rated}") if reply == NO else None


def remember_question(context: TurnContext, turn: Turn) -> Turn:
    """Remember which buttons answer the question at the end of a turn; a turn that says anything else replaces it."""
    shown = [message for message in turn.messages if _is_shown_here(context, message)]
    if not shown:
        return turn
    last = shown[-1]
    assert isinstance(last, SendMessage | EditMessage)
    data = [button.data for row in last.keyboard for button in row]
    answers = {match[1]: match[0] for match in map(_YES_OR_NO.fullmatch, data) if match}
    is_choice = bool(turn.decisions) and turn.decisions[-1].status in (AnswerStatus.CLARIFY, AnswerStatus.ABSTAINED)
    options = tuple(each for each in data if each.startswith(ENTRY_CALLBACK)) if is_choice else ()
    step = _find_offered_step(data) if turn.decisions else ()  # not below emergency numbers, nor below a command
    offered = (answers["yes"], answers["no"]) if len(answers) == 2 else options or step
    if not offered and not turn.state.offered:
        return turn
    offered_at = context.services.now() if offered else 0.0
    return replace(turn, state=replace(turn.state, offered=offered, offered_at=offered_at))


def _find_offered_step(data: Sequence[str]) -> tuple[str, ...]:
    """Return the data of the step that buttons lead to, if it is the first of them and the only one."""
    steps = [each for each in data if each.startswith(COMMAND_CALLBACK) or each == REQUEST_ADVICE]
    return (steps[0],) if steps[:1] == list(data[:1]) and len(set(steps)) == 1 else ()


def _find_reply(context: TurnContext) -> str:
    text = context.event.text
    if simplified := simplify_message(text):
        wording = context.services.command_words.get(simplified) or _find_loose_wording(context, simplified)
        is_word_alone = wording.startswith(f"{WORD} ") and simplified in context.services.command_words
        return wording if wording.partition(" ")[0] in REACTIONS and not is_word_alone else ""
    if "?" in text:
        return UNCLEAR
    return PRAISE if PRAISING_SIGNS.intersection(text) else REMARK if text.strip() else ""


def _find_loose_wording(context: TurnContext, simplified: str) -> str:
    """Return what a text means that asks for a word, for an example, for plainer words or what this is.

    Something else may precede that: a greeting, or that one did not understand.
    """
    words, state, event = context.services.command_words, context.state, context.event
    for wording, meaning in words.items():
        asked = words.get(simplified.removeprefix(f"{wording} "), "") if meaning == MEANING_OF else ""
        if asked.startswith(f"{WORD} "):
            return asked
        wish = words.get(simplified.removeprefix(f"{wording} "), "") if meaning == UNCLEAR else ""
        if wish in (SIMPLER, SHORTER):  # "versteh ich nicht, geht das einfacher?"
            return wish
    markers = context.services.answerer.discourse_markers(event.text, event.language_code, state.lang)
    if state.last_entry and asks_for_example(event.text, markers):
        return EXAMPLE
    *before, last = _CLAUSE_END.split(event.text.rstrip(" .!?"))
    if words.get(simplify_message(last)) == WHAT_IS_THIS and not any("?" in clause for clause in before):
        return WHAT_IS_THIS
    first, _, rest = simplified.partition(" ")
    wording = words.get(rest, "") if first in markers.reacting | markers.leading else ""
    return wording if wording.partition(" ")[0] in AFTER_GREETING else ""


def _find_named_option(context: TurnContext) -> str:
    """Return the data of the topic offered last that the text names: "wie war das in Duisburg?"; "" for none."""
    if not context.state.offered or not context.state.offered[0].startswith(ENTRY_CALLBACK):
        return ""
    entry_ids = [data.removeprefix(ENTRY_CALLBACK) for data in context.state.offered]
    entry = context.services.answerer.named_entry(context.event.text, entry_ids, context.lang)
    return f"{ENTRY_CALLBACK}{entry.id}" if entry and _is_still_asked(context) else ""


def _stand_wordings(context: TurnContext) -> tuple[str, ...]:
    return tuple(text for text, meaning in context.services.command_words.items() if meaning == STAND)


def _answer_last_question(context: TurnContext, reply: str, argument: str) -> Turn | None:
    """Return the turn of a reply to the question that the bot asked last; None if it is none."""
    state = context.state
    if state.check and state.check.stage is SelfCheckStage.ASKING and reply in (YES, NO, UNSURE, PAUSE):
        pause = f"{SELFCHECK_CALLBACK}pause:"
        return _tap(context, pause) if reply == PAUSE else _answer_selfcheck(context, state.check, reply)
    if reply == GO_ON and state.touring:
        step = state.step + 1 if state.shown.startswith(STEP_PREFIX) else max(state.step, 1)
        return _tap(context, f"{INTRO_CALLBACK}go:{step}")
    if reply == PAUSE and state.touring:
        return _tap(context, f"{INTRO_CALLBACK}pause:")
    offered = state.offered if _is_still_asked(context) else ()
    if not offered:
        return _answer_reminder(context, reply)
    if not offered[0].startswith(ENTRY_CALLBACK) and len(offered) == 1:
        return _tap(context, offered[0]) if reply == YES else None
    if not offered[0].startswith(ENTRY_CALLBACK):
        return _tap(context, offered[0 if reply == YES else 1]) if reply in (YES, NO, LET_BE) else None
    if reply == CHOICE or (reply == YES and len(offered) == 1):
        number = int(argument or 1)
        return _tap(context, offered[number - 1]) if number <= len(offered) else None
    if reply == YES:
        return context.reply(format_label("which_topic", context.lang))
    if reply != NO:
        return None
    return context.reply(render_template("other_words", context.lang, blocked=context.is_blocked), _talk_row(context))


def _answer_selfcheck(context: TurnContext, check: SelfCheckProgress, reply: str) -> Turn | None:
    """Return the turn of a reply to a question of the self-check; "yes" counts only if an answer begins so."""
    questions_by_id = {question.id: question for question in require_questionnaire(context).questions}
    question, highest = questions_by_id.get(check.at), LEVEL_COUNT - 1
    if question is None:
        return None
    label = level_label(question, highest, context.lang).casefold()
    if reply == YES and not label.startswith(("ja", "yes")):
        return show_question(context, check, "form_choose")
    level = {YES: str(highest), NO: "0", UNSURE: UNKNOWN_LEVEL}[reply]
    return _tap(context, f"{SELFCHECK_CALLBACK}a:{question.id}:{level}")


def _is_still_asked(context: TurnContext) -> bool:
    """Return whether the question asked last is recent, and no message about a request was sent since then."""
    state, services = context.state, context.services
    if not state.offered or not 0 <= services.now() - state.offered_at <= MAX_QUESTION_AGE:
        return False
    return not services.store.outbox.has_written_since(context.event.chat_id, state.offered_at)


def _answer_reminder(context: TurnContext, reply: str) -> Turn | None:
    """Return the turn of a reply to a reminder's question about the only open request; None if it asked none."""
    if reply not in (YES, NO) or not context.event.private or len(context.open_requests) != 1:
        return None
    (request,) = context.open_requests
    if request.warned:  # "is it still open?"
        return (
            _keep_open(context, request)
            if reply == YES
            else _tap(context, f"{REQUESTER_CALLBACK}done:{request.reference}")
        )
    asked_whether_answered = request.told and request.details.reach is not ContactChannel.TELEGRAM
    if not asked_whether_answered:
        return None
    if reply == YES:
        return _tap(context, f"{REQUESTER_CALLBACK}done:{request.reference}")
    return context.reply(format_label("person_waits", request.lang))


def _keep_open(context: TurnContext, request: Request) -> Turn:
    kept = replace(request, warned=0.0, since=context.services.now())
    turn = context.reply(format_label("person_waits", request.lang))
    return replace(turn, effects=(UpdateRequest(kept),))


def _tap(context: TurnContext, data: str) -> Turn | None:
    """Return the turn of a button, with new messages in place of changes of the one that has the button."""
    event = replace(context.event, kind=EventKind.BUTTON, text=data)
    turn = callbacks.handle_callback(replace(context, event=event))
    sent = [message for message in turn.messages if isinstance(message, SendMessage)]
    shown = [message for message in sent if _is_shown_here(context, message)]  # not what the advisers are told
    messages = [
        SendMessage(message.html, message.keyboard, attachment=message.attachment)
        if isinstance(message, EditMessage) and not shown
        else message
        for message in turn.messages
        if not isinstance(message, EditKeyboard | AnswerCallback) and not (isinstance(message, EditMessage) and shown)
    ]
    return replace(turn, messages=tuple(messages)) if messages else None


def _explain_differently(context: TurnContext) -> Turn:
    """Offer the last answer in Leichte Sprache, its explanation, or a person; without one, ask for a question."""
    state, lang, answerer = context.state, context.lang, context.services.answerer
    entry = answerer.find_entry(state.last_entry, lang) if state.last_entry else None
    if entry is None:
        return context.say("ask")
    easy_entry = answerer.find_entry(entry.id, LEICHTE_SPRACHE) if lang == "de" else None
    is_easy = easy_entry is not None and easy_entry.lang == LEICHTE_SPRACHE
    ways = {"easy_version": f"{EASY_CALLBACK}{entry.id}"} if is_easy else {}
    if state.last_question:
        ways["why"] = f"{EXPLAIN_CALLBACK}{state.last_message}:0"
    rows = tuple((Button(format_label(label, lang), data),) for label, data in ways.items() if fits_button(data))
    html = render_template("unclear", lang, title=entry.title, easy=is_easy)
    return context.reply(html, (*rows, *_talk_row(context)))


def _explain_why(context: TurnContext) -> Turn | None:
    turn = questions.explain_answer(context, f"{context.state.last_message}:0")
    return turn if turn and any(isinstance(message, SendMessage) for message in turn.messages) else None


def _show_again(context: TurnContext) -> Turn | None:
    entry_id = context.state.last_entry
    return questions.show_entry(context, entry_id) if entry_id else None


def _suggest_next(context: TurnContext) -> Turn | None:
    """Suggest what to read or do after the last answer, or to begin with; None if they ask how an alliance begins."""
    if context.services.command_words.get(simplify_message(context.event.text)) == HOW_TO_BEGIN:
        return None
    lang, answerer = context.lang, context.services.answerer
    entry = answerer.find_entry(context.state.last_entry, lang) if context.state.last_entry else None
    related = [answerer.find_entry(entry_id, lang) for entry_id in entry.related] if entry else []
    rows = questions.subject_rows([each for each in related if each][: questions.MAX_OTHER_SUBJECTS])
    steps = ["selbstcheck", "beratung"] if entry else ["einfuehrung", "selbstcheck"]
    steps = [step for step in steps if step != "beratung" or not context.is_blocked]
    buttons = (Button(format_label(f"step_{step}", lang), f"{COMMAND_CALLBACK}{step}") for step in steps)
    html = render_template("next", lang, title=entry.title if entry else "", blocked=context.is_blocked)
    return context.reply(html, (*rows, *((button,) for button in buttons)))


def _introduce(context: TurnContext) -> Turn | None:
    """Say what this is and what one can do here; None after an answer, about which it may be a question."""
    wording = context.services.command_words.get(simplify_message(context.event.text))
    if wording == ONLY_AT_FIRST and context.state.last_entry:
        return None
    return context.reply(render_template("introduce", context.lang), start.next_step_keyboard(context))


def _talk_row(context: TurnContext) -> Keyboard:
    return ((Button(format_label("talk", context.lang), REQUEST_ADVICE),),)


def _is_shown_here(context: TurnContext, message: object) -> bool:
    if isinstance(message, SendMessage):
        return message.chat_id in (None, context.event.chat_id) and not message.to_advisers
    return isinstance(message, EditMessage)


REACTIONS: Mapping[str, Callable[[TurnContext], Turn | None]] = {
    YES: lambda context: context.say("chatter"),
    NO: lambda context: context.say("chatter"),
    UNSURE: lambda context: context.say("chatter"),
    UNCLEAR: _explain_differently,
    WHY: _explain_why,
    AGAIN: _show_again,
    SHORTER: rewording.shorten_answer,
    SIMPLER: rewording.simplify_answer,
    WHAT_IS_THIS: _introduce,
    LET_BE: lambda context: context.say("let_be"),
    EXAMPLE: rewording.show_example,
    MEANING_OF: lambda context: None,  # names no word
    WORD: lambda context: None,
    COMPLAINT: lambda context: questions.apologise(context, context.lang),
    GO_ON: lambda context: None if context.state.last_entry else _suggest_next(context),  # else: more on the subject
    PAUSE: lambda context: None,
    STAND: progress.show_progress,
    PRAISE: lambda context: context.say("thanks"),
    REMARK: lambda context: context.say("chatter"),
    CHOICE: lambda context: None,
    MEANING: lambda context: None,  # outside of a form or the self-check, it asks about the last answer
    NOW: _suggest_next,
}
