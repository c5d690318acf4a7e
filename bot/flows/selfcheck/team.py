"""The self-check of several people of one organisation under a code: shown together, never individually.

The numbers of codes that a person may create, and of unknown codes they may try, are limited, so that nobody finds a
team by guessing. The times of both are part of the person's state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.calendar import DAY, HOUR, times_within
from bot.domain.commands import bot_link
from bot.domain.effects import CreateTeamCode, LeaveTeam, ShareSelfCheck
from bot.domain.event import EventKind
from bot.domain.message import AnswerCallback, Attachment, Button, Keyboard, SendMessage
from bot.domain.selfcheck import (
    MIN_ANSWERS_FOR_MIXED,
    MIN_TEAM_SIZE,
    SelfCheckProgress,
    SelfCheckStage,
    Team,
    TeamRating,
    is_code,
    is_old_code,
)
from bot.domain.turn import Turn
from bot.flows import questions
from bot.flows.callback_data import HANDOUT_PDF_CALLBACK, REQUEST_ADVICE
from bot.flows.context import TurnContext
from bot.flows.selfcheck import chart, result
from bot.flows.selfcheck.questionnaire import (
    EDITING_CALLBACKS,
    find_questionnaire,
    require_questionnaire,
    selfcheck_button,
    show_question,
)
from knowledge.records.selfcheck import SelfCheck, SelfCheckQuestion
from prompts.dates import format_date
from prompts.render import format_label, render_template

TEAM_CODE_LINK = "check-"  # in the parameter of a deep link, before the code
MAX_GUESSES = 10  # attempts with codes that do not exist, within an hour
MAX_NEW_CODES = 5  # within a day


@dataclass(frozen=True, slots=True)
class TeamSummary:
    """The questions of a team's result by their rating, and what to do first."""

    strong: Sequence[SelfCheckQuestion]
    mixed: Sequence[SelfCheckQuestion]
    weak: Sequence[SelfCheckQuestion]
    first_step: str


def show_team_options(context: TurnContext, _: str) -> Turn:
    """Explain how to fill in the self-check together, and offer a new code or to enter one."""
    html = render_template("selfcheck_team", context.lang, enough=MIN_TEAM_SIZE)
    return context.reply(html, (_row(context, "create"), _row(context, "join")))


def create_code(context: TurnContext, _: str) -> Turn:
    """Create a code to share, unless the person has created too many."""
    services, lang, now = context.services, context.lang, context.services.now()
    created_at = times_within(context.state.new_codes, now, DAY)
    if len(created_at) >= MAX_NEW_CODES:
        return context.reply(render_template("selfcheck_codes", lang, most=MAX_NEW_CODES), (_row(context, "join"),))
    code = services.new_code()
    link = bot_link(services.username, f"{TEAM_CODE_LINK}{code}")
    html = render_template("selfcheck_code", lang, code=code, link=link, enough=MIN_TEAM_SIZE)
    state = context.change(new_codes=(*created_at, now)).state
    return Turn(state, (SendMessage(html, _join_keyboard(context, code)),), (CreateTeamCode(code),))


def ask_for_code(context: TurnContext, _: str) -> Turn:
    """Ask for the code of a team; answers given so far remain."""
    progress = replace(context.state.check or SelfCheckProgress(), stage=SelfCheckStage.JOINING)
    html = render_template("selfcheck_join", context.lang)
    return context.change(check=progress).send_or_edit(html, (_row(context, "team"),), edited_by=EDITING_CALLBACKS)


def handle_typed_code(context: TurnContext) -> Turn | None:
    """Return the turn of a code typed while one is awaited; None if the text does not look like a code.

    Six letters may be an old code or a word: if no team has that code, they are answered as a question.
    """
    code = _normalise_code(context.event.text)
    if not is_code(code) or find_questionnaire(context) is None:
        return None
    refusal = _refuse_code(context, code)
    if refusal and is_old_code(code):
        return questions.answer_question(context.with_state(refusal.state))
    return refusal or _accept_code(context, code)


def handle_code_link(context: TurnContext, link: str) -> Turn | None:
    """Return the turn of a deep link with a code; None for another link."""
    code = _normalise_code(link.removeprefix(TEAM_CODE_LINK))
    if not link.startswith(TEAM_CODE_LINK) or not is_code(code) or find_questionnaire(context) is None:
        return None
    return _refuse_code(context, code) or _accept_code(context, code)


def fill_in_for_team(context: TurnContext, code: str) -> Turn:
    """Begin or continue the self-check under a code."""
    if turn := _refuse_code(context, code) or _refuse_if_counted(context, code):
        return turn
    return show_question(context, replace(context.state.check or SelfCheckProgress(), code=code))


def share_last_result(context: TurnContext, code: str) -> Turn | None:
    """Count the person's last result for a team; None if there is none."""
    results = context.services.store.selfchecks.recent_selfchecks(context.event.user_id)
    if not results:
        return None
    if turn := _refuse_code(context, code) or _refuse_if_counted(context, code):
        return turn
    html = render_template("selfcheck_brought", context.lang, code=code)
    message = SendMessage(html, (_shared_row(context, code),))
    return Turn(context.state, (message, AnswerCallback()), (ShareSelfCheck(results[0].answers, code),))


def show_team_result(context: TurnContext, code: str) -> Turn | None:
    """Show the result of a team, or why there is none; None if the person did not take part."""
    store = context.services.store
    team = store.selfchecks.find_team(code) if code in store.selfchecks.team_codes(context.event.user_id) else None
    if team is None:
        return None
    leave_row = _row(context, "leave", code)
    if team.result:
        return Turn(context.state, (_team_result_message(context, code, team, (leave_row,)),))
    has_dropped = team.waiting < team.people
    values = {"code": code, "team": team, "dropped": has_dropped, "enough": MIN_TEAM_SIZE}
    html = render_template("selfcheck_few", context.lang, **values)
    return context.reply(html, (leave_row, _row(context, "create")) if has_dropped else (leave_row,))


def leave_team(context: TurnContext, code: str) -> Turn | None:
    """Remove the person's answers from a team; None if they did not take part."""
    if code not in context.services.store.selfchecks.team_codes(context.event.user_id):
        return None
    turn = context.toast(format_label("check_left", context.lang, code=code))
    return replace(turn, effects=(LeaveTeam(code),))


def summarise_ratings(selfcheck: SelfCheck, ratings: Mapping[str, TeamRating], lang: str) -> TeamSummary:
    """Summarise a team's result."""
    strong, mixed, weak = (
        [question for question in selfcheck.questions if ratings.get(question.id) is rating] for rating in TeamRating
    )
    return TeamSummary(strong, mixed, weak, _suggest_first_step(weak, mixed, lang))


def _normalise_code(text: str) -> str:
    return "".join(text.split()).upper()


def _refuse_code(context: TurnContext, code: str) -> Turn | None:
    """Return the turn of a code that does not exist, or of any code after too many of these; None if it is valid.

    A code under which the person took part does not count as a guess.
    """
    store, lang, now = context.services.store, context.lang, context.services.now()
    guesses = times_within(context.state.guesses, now, HOUR)
    if len(guesses) >= MAX_GUESSES and code not in store.selfchecks.team_codes(context.event.user_id):
        return context.reply(render_template("selfcheck_guesses", lang))
    if is_code(code) and store.selfchecks.find_team(code) is not None:
        return None
    context = context.change(guesses=(*guesses, now))
    if context.event.kind is EventKind.BUTTON:
        return context.toast(format_label("gone", lang))
    return context.reply(render_template("selfcheck_no_code", lang, code=code))


def _accept_code(context: TurnContext, code: str) -> Turn:
    """Explain what it means to take part under a code, and offer ways to do so."""
    context = context.change(check=_stop_awaiting_code(context.state.check))
    if turn := _refuse_if_counted(context, code):
        return turn
    days = context.services.retention_days
    html = render_template("selfcheck_joined", context.lang, code=code, enough=MIN_TEAM_SIZE, days=days)
    return context.reply(html, _join_keyboard(context, code))


def _refuse_if_counted(context: TurnContext, code: str) -> Turn | None:
    """Refuse a person whose answers are part of the team's result and can no longer be changed; None for others."""
    if not context.services.store.selfchecks.team_codes(context.event.user_id).get(code):
        return None
    html = render_template("selfcheck_pictured", context.lang, code=code)
    return context.reply(html, (_shared_row(context, code), _row(context, "create")))


def _team_result_message(context: TurnContext, code: str, team: Team, keyboard: Keyboard) -> SendMessage:
    selfcheck, team_result, lang = require_questionnaire(context), team.result, context.lang
    assert team_result is not None
    summary = summarise_ratings(selfcheck, team_result.ratings, lang)
    html = render_template(
        "selfcheck_shared",
        lang,
        code=code,
        people=team_result.people,
        date=format_date(team_result.created, lang),
        waiting=team.waiting,
        enough=MIN_TEAM_SIZE,
        mixed_from=MIN_ANSWERS_FOR_MIXED,
        strengths=[question.name for question in summary.strong],
        gaps=[question.name for question in summary.weak],
        apart=[question.name for question in summary.mixed],
        first_step=summary.first_step,
    )
    subtitle = format_label("chart_people", lang, people=team_result.people, code=code)
    values = chart.build_team_chart(selfcheck, lang, team_result.ratings, subtitle)
    to_read = (summary.weak or summary.mixed)[: result.MAX_ENTRIES]
    ways_on = {"take_along": HANDOUT_PDF_CALLBACK, "check_advise": REQUEST_ADVICE}
    ways_row = tuple(Button(format_label(label, lang), data) for label, data in ways_on.items())
    rows = (*result.entry_rows(to_read, lang), ways_row, *keyboard)
    return SendMessage(html, rows, attachment=Attachment("chart", values))


def _suggest_first_step(weak: Sequence[SelfCheckQuestion], mixed: Sequence[SelfCheckQuestion], lang: str) -> str:
    """Return the first step for what the team lacks; else what to talk about, or how to get another view."""
    steps = [question.first_step for question in weak if question.first_step]
    if steps:
        return steps[0]
    return format_label("check_discuss", lang, name=mixed[0].name) if mixed else format_label("check_outside", lang)


def _join_keyboard(context: TurnContext, code: str) -> Keyboard:
    has_result = bool(context.services.store.selfchecks.recent_selfchecks(context.event.user_id))
    return tuple(_row(context, action, code) for action in (("in", "bring") if has_result else ("in",)))


def _row(context: TurnContext, action: str, code: str = "") -> tuple[Button, ...]:
    return (selfcheck_button(action, context.lang, code),)


def _shared_row(context: TurnContext, code: str) -> tuple[Button, ...]:
    return (selfcheck_button("shared", context.lang, code, code=code),)


def _stop_awaiting_code(progress: SelfCheckProgress | None) -> SelfCheckProgress | None:
    if progress is None or progress.stage is not SelfCheckStage.JOINING:
        return progress
    return replace(progress, stage=SelfCheckStage.PAUSED) if progress.answers else None
