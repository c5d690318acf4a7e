"""The self-check of several people of one organisation, under a code: shown together, never one by one."""

from dataclasses import replace

from bot.domain.deep_links import bot_link
from bot.domain.effects import CreateTeamCode, LeaveTeam, ShareSelfCheck
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, Attachment, Keyboard, SendMessage
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
from bot.domain.turn import State, Turn
from bot.flows import questions
from bot.flows.context import Services
from bot.flows.selfcheck import chart, questionnaire
from bot.flows.selfcheck.questionnaire import selfcheck_button, send_or_edit, show_question
from prompts.dates import format_date
from prompts.render import format_label, render_template

TEAM_CODE_LINK = "check-"  # parameter of a deep link, before the code
MAX_GUESSES, HOUR = 10, 3_600.0
MAX_NEW_CODES, DAY = 5, 86_400.0


def show_team_options(services: Services, state: State, event: Event, _: str) -> Turn:
    """What filling in together means, and the two ways: a new code, or that of others."""
    lang = services.lang(state, event)
    html = render_template("selfcheck_team", lang, enough=MIN_TEAM_SIZE)
    return Turn(state, (SendMessage(html, ((selfcheck_button("create", lang),), (selfcheck_button("join", lang),))),))


def create_code(services: Services, state: State, event: Event, _: str) -> Turn:
    """A new code to pass on; a person gets a few a day."""
    lang = services.lang(state, event)
    if not may_create_code(services, state):
        html = render_template("selfcheck_codes", lang, most=MAX_NEW_CODES)
        return Turn(state, (SendMessage(html, ((selfcheck_button("join", lang),),)),))
    code = services.new_code()
    html = render_template(
        "selfcheck_code",
        lang,
        code=code,
        link=bot_link(services.username, f"{TEAM_CODE_LINK}{code}"),
        enough=MIN_TEAM_SIZE,
    )
    return Turn(
        record_new_code(services, state),
        (SendMessage(html, _join_keyboard(services, event, code, lang)),),
        (CreateTeamCode(code),),
    )


def ask_for_code(services: Services, state: State, event: Event, _: str) -> Turn:
    """Asks for the code of the others; the answers told so far are kept."""
    lang = services.lang(state, event)
    progress = replace(state.check or SelfCheckProgress(), stage=SelfCheckStage.JOINING)
    return send_or_edit(
        replace(state, check=progress),
        event,
        render_template("selfcheck_join", lang),
        ((selfcheck_button("team", lang),),),
    )


def handle_typed_code(services: Services, state: State, event: Event) -> Turn | None:
    """A code that was typed while one is awaited; None for a text that does not look like one.

    Six letters may be a code of before or a word: if no team has that code, they are answered as a question.
    """
    lang, code = services.lang(state, event), _normalise_code(event.text)
    if not is_code(code) or questionnaire.find_questionnaire(services, lang) is None:
        return None
    refusal = _refuse_code(services, state, event, code)
    if refusal and is_old_code(code):
        return questions.answer_question(services, refusal.state, event)
    return refusal or _accept_code(services, state, event, code)


def handle_code_link(services: Services, state: State, event: Event, link: str) -> Turn | None:
    """A deep link with a code; None for another link."""
    code = _normalise_code(link.removeprefix(TEAM_CODE_LINK))
    if (
        not link.startswith(TEAM_CODE_LINK)
        or not is_code(code)
        or questionnaire.find_questionnaire(services, services.lang(state, event)) is None
    ):
        return None
    return _refuse_code(services, state, event, code) or _accept_code(services, state, event, code)


def fill_in_for_team(services: Services, state: State, event: Event, code: str) -> Turn:
    """Begin, or go on, under a code."""
    if turn := _refuse_code(services, state, event, code) or _refuse_if_counted(services, state, event, code):
        return turn
    return show_question(services, state, event, replace(state.check or SelfCheckProgress(), code=code))


def share_last_result(services: Services, state: State, event: Event, code: str) -> Turn | None:
    """The result that the person has already becomes part of what is shown together."""
    results = services.store.recent_selfchecks(event.user_id)
    if not results:
        return None
    if turn := _refuse_code(services, state, event, code) or _refuse_if_counted(services, state, event, code):
        return turn
    lang = services.lang(state, event)
    html = render_template("selfcheck_brought", lang, code=code)
    return Turn(
        state,
        (SendMessage(html, ((selfcheck_button("shared", lang, code, code=code),),)), AnswerCallback()),
        (ShareSelfCheck(results[0].answers, code),),
    )


def show_team_result(services: Services, state: State, event: Event, code: str) -> Turn | None:
    """The picture of a team, for those who took part, or why there is none."""
    team = services.store.find_team(code) if code in services.store.team_codes(event.user_id) else None
    if team is None:
        return None
    lang = services.lang(state, event)
    leave = (selfcheck_button("leave", lang, code),)
    if team.result:
        return Turn(state, (_team_result_message(services, lang, code, team, (leave,)),))
    dropped = team.waiting < team.people
    html = render_template("selfcheck_few", lang, code=code, team=team, dropped=dropped, enough=MIN_TEAM_SIZE)
    return Turn(state, (SendMessage(html, (leave, (selfcheck_button("create", lang),)) if dropped else (leave,)),))


def leave_team(services: Services, state: State, event: Event, code: str) -> Turn | None:
    """The person's part is taken out again."""
    if code not in services.store.team_codes(event.user_id):
        return None
    return Turn(
        state,
        (AnswerCallback(format_label("check_left", services.lang(state, event), code=code)),),
        (LeaveTeam(code),),
    )


def _normalise_code(text: str) -> str:
    return "".join(text.split()).upper()


def _refuse_code(services: Services, state: State, event: Event, code: str) -> Turn | None:
    """The turn for a code that no team has, or for any code after too many of these; None if it may be entered."""
    lang = services.lang(state, event)
    if not may_try_code(services, state, event, code):
        return Turn(state, (SendMessage(render_template("selfcheck_guesses", lang)),))
    if is_existing_code(services, code):
        return None
    by_button = event.kind is EventKind.BUTTON
    refusal = (
        AnswerCallback(format_label("gone", lang))
        if by_button
        else SendMessage(render_template("selfcheck_no_code", lang, code=code))
    )
    return Turn(record_guess(services, state), (refusal,))


def _accept_code(services: Services, state: State, event: Event, code: str) -> Turn:
    """What taking part under a code means, and the ways in."""
    lang = services.lang(state, event)
    state = replace(state, check=_stop_awaiting_code(state.check))
    if turn := _refuse_if_counted(services, state, event, code):
        return turn
    html = render_template("selfcheck_joined", lang, code=code, enough=MIN_TEAM_SIZE, days=services.retention_days)
    return Turn(state, (SendMessage(html, _join_keyboard(services, event, code, lang)),))


def _refuse_if_counted(services: Services, state: State, event: Event, code: str) -> Turn | None:
    """The turn for somebody whose answers are in the picture already, where they stay as they are."""
    if not services.store.team_codes(event.user_id).get(code):
        return None
    lang = services.lang(state, event)
    html = render_template("selfcheck_pictured", lang, code=code)
    return Turn(
        state,
        (
            SendMessage(
                html, ((selfcheck_button("shared", lang, code, code=code),), (selfcheck_button("create", lang),))
            ),
        ),
    )


def _team_result_message(services: Services, lang: str, code: str, team: Team, keyboard: Keyboard) -> SendMessage:
    selfcheck, result = questionnaire.find_questionnaire(services, lang), team.result
    assert selfcheck is not None
    assert result is not None
    names_by_rating = {
        rating: [question.name for question in selfcheck.questions if result.ratings.get(question.id) is rating]
        for rating in TeamRating
    }
    html = render_template(
        "selfcheck_shared",
        lang,
        code=code,
        people=result.people,
        date=format_date(result.created, lang),
        waiting=team.waiting,
        enough=MIN_TEAM_SIZE,
        mixed_from=MIN_ANSWERS_FOR_MIXED,
        strengths=names_by_rating[TeamRating.STRONG],
        gaps=names_by_rating[TeamRating.WEAK],
        apart=names_by_rating[TeamRating.MIXED],
    )
    values = chart.build_team_chart(
        selfcheck, lang, result.ratings, format_label("chart_people", lang, people=result.people, code=code)
    )
    return SendMessage(html, keyboard, attachment=Attachment("chart", values))


def _join_keyboard(services: Services, event: Event, code: str, lang: str) -> Keyboard:
    fill_row = (selfcheck_button("in", lang, code),)
    return (
        (fill_row, (selfcheck_button("bring", lang, code),))
        if services.store.recent_selfchecks(event.user_id)
        else (fill_row,)
    )


def _stop_awaiting_code(progress: SelfCheckProgress | None) -> SelfCheckProgress | None:
    """What is left where a code is no longer awaited."""
    if progress is None or progress.stage is not SelfCheckStage.JOINING:
        return progress
    return replace(progress, stage=SelfCheckStage.PAUSED) if progress.answers else None


def is_existing_code(services: Services, code: str) -> bool:
    """Whether there is a team with this code."""
    return is_code(code) and services.store.find_team(code) is not None


def may_try_code(services: Services, state: State, event: Event, code: str) -> bool:
    """Whether this person may try a code; one that they answered under is no guess."""
    recent = _times_within(state.guesses, services.now(), HOUR)
    return len(recent) < MAX_GUESSES or code in services.store.team_codes(event.user_id)


def record_guess(services: Services, state: State) -> State:
    """The state with one more code that does not exist."""
    now = services.now()
    return replace(state, guesses=(*_times_within(state.guesses, now, HOUR), now))


def may_create_code(services: Services, state: State) -> bool:
    """Whether this person may have another new code."""
    return len(_times_within(state.new_codes, services.now(), DAY)) < MAX_NEW_CODES


def record_new_code(services: Services, state: State) -> State:
    """The state with one more new code."""
    now = services.now()
    return replace(state, new_codes=(*_times_within(state.new_codes, now, DAY), now))


def _times_within(times: tuple[float, ...], now: float, period: float) -> tuple[float, ...]:
    """The times within the last period; one in the future is none (the clock was put back)."""
    return tuple(time for time in times if 0 <= now - time < period)
