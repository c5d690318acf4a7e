"""The self-check of several people of one organisation, under a code: shown together, never one by one."""

from dataclasses import replace

from bot.domain.deep_links import bot_link
from bot.domain.effects import LeaveCode, NewCode, ShareCheck
from bot.domain.event import Event, Kind
from bot.domain.message import Drawing, Keyboard, Say, Toast
from bot.domain.selfcheck import ENOUGH, MIXED_FROM, Check, Stage, Team, Word, is_code, is_old_code
from bot.domain.turn import State, Turn
from bot.flows import questions
from bot.flows.context import Parts
from bot.flows.selfcheck import chart, questionnaire, team_codes
from bot.flows.selfcheck.questionnaire import button, placed, shown
from prompts.dates import dated
from prompts.render import label, render

LINK = "check-"  # parameter of a deep link, before the code


def team(parts: Parts, state: State, event: Event, _: str) -> Turn:
    """What filling in together means, and the two ways: a new code, or that of others."""
    lang = parts.lang(state, event)
    html = render("selfcheck_team", lang, enough=ENOUGH)
    return Turn(state, (Say(html, ((button("create", lang),), (button("join", lang),))),))


def create(parts: Parts, state: State, event: Event, _: str) -> Turn:
    """A new code to pass on; a person gets a few a day."""
    lang = parts.lang(state, event)
    if not team_codes.may_create(parts, state):
        html = render("selfcheck_codes", lang, most=team_codes.MAX_NEW_CODES)
        return Turn(state, (Say(html, ((button("join", lang),),)),))
    code = parts.code()
    html = render("selfcheck_code", lang, code=code, link=bot_link(parts.username, f"{LINK}{code}"), enough=ENOUGH)
    return Turn(team_codes.created(parts, state), (Say(html, _ways(parts, event, code, lang)),), (NewCode(code),))


def join(parts: Parts, state: State, event: Event, _: str) -> Turn:
    """Asks for the code of the others; the answers told so far are kept."""
    lang = parts.lang(state, event)
    check = replace(state.check or Check(), stage=Stage.JOINING)
    return placed(replace(state, check=check), event, render("selfcheck_join", lang), ((button("team", lang),),))


def typed(parts: Parts, state: State, event: Event) -> Turn | None:
    """A code that was typed while one is awaited; None for a text that does not look like one.

    Six letters may be a code of before or a word: if no team has that code, they are answered as a question.
    """
    lang, code = parts.lang(state, event), _spelled(event.text)
    if not is_code(code) or questionnaire.questions(parts, lang) is None:
        return None
    refused = _refused(parts, state, event, code)
    if refused and is_old_code(code):
        return questions.ask(parts, refused.state, event)
    return refused or _entered(parts, state, event, code)


def linked(parts: Parts, state: State, event: Event, link: str) -> Turn | None:
    """A deep link with a code; None for another link."""
    code = _spelled(link.removeprefix(LINK))
    if (
        not link.startswith(LINK)
        or not is_code(code)
        or questionnaire.questions(parts, parts.lang(state, event)) is None
    ):
        return None
    return _refused(parts, state, event, code) or _entered(parts, state, event, code)


def fill_in(parts: Parts, state: State, event: Event, code: str) -> Turn:
    """Begin, or go on, under a code."""
    if turn := _refused(parts, state, event, code) or _pictured(parts, state, event, code):
        return turn
    return shown(parts, state, event, replace(state.check or Check(), code=code))


def bring(parts: Parts, state: State, event: Event, code: str) -> Turn | None:
    """The result that the person has already becomes part of what is shown together."""
    kept = parts.store.checks(event.user_id)
    if not kept:
        return None
    if turn := _refused(parts, state, event, code) or _pictured(parts, state, event, code):
        return turn
    lang = parts.lang(state, event)
    html = render("selfcheck_brought", lang, code=code)
    return Turn(
        state,
        (Say(html, ((button("shared", lang, code, code=code),),)), Toast()),
        (ShareCheck(kept[0].answers, code),),
    )


def shared(parts: Parts, state: State, event: Event, code: str) -> Turn | None:
    """The picture of a team, for those who took part, or why there is none."""
    team = parts.store.team(code) if code in parts.store.codes(event.user_id) else None
    if team is None:
        return None
    lang = parts.lang(state, event)
    leave = (button("leave", lang, code),)
    if team.picture:
        return Turn(state, (_picture(parts, lang, code, team, (leave,)),))
    dropped = team.waiting < team.people
    html = render("selfcheck_few", lang, code=code, team=team, dropped=dropped, enough=ENOUGH)
    return Turn(state, (Say(html, (leave, (button("create", lang),)) if dropped else (leave,)),))


def leave(parts: Parts, state: State, event: Event, code: str) -> Turn | None:
    """The person's part is taken out again."""
    if code not in parts.store.codes(event.user_id):
        return None
    return Turn(state, (Toast(label("check_left", parts.lang(state, event), code=code)),), (LeaveCode(code),))


def _spelled(text: str) -> str:
    return "".join(text.split()).upper()


def _refused(parts: Parts, state: State, event: Event, code: str) -> Turn | None:
    """The turn for a code that no team has, or for any code after too many of these; None if it may be entered."""
    lang = parts.lang(state, event)
    if not team_codes.may_try(parts, state, event, code):
        return Turn(state, (Say(render("selfcheck_guesses", lang)),))
    if team_codes.is_known(parts, code):
        return None
    tapped = event.kind is Kind.BUTTON
    said = Toast(label("gone", lang)) if tapped else Say(render("selfcheck_no_code", lang, code=code))
    return Turn(team_codes.guessed(parts, state), (said,))


def _entered(parts: Parts, state: State, event: Event, code: str) -> Turn:
    """What taking part under a code means, and the ways in."""
    lang = parts.lang(state, event)
    state = replace(state, check=_left(state.check))
    if turn := _pictured(parts, state, event, code):
        return turn
    html = render("selfcheck_joined", lang, code=code, enough=ENOUGH, days=parts.retention_days)
    return Turn(state, (Say(html, _ways(parts, event, code, lang)),))


def _pictured(parts: Parts, state: State, event: Event, code: str) -> Turn | None:
    """The turn for somebody whose answers are in the picture already, where they stay as they are."""
    if not parts.store.codes(event.user_id).get(code):
        return None
    lang = parts.lang(state, event)
    html = render("selfcheck_pictured", lang, code=code)
    return Turn(state, (Say(html, ((button("shared", lang, code, code=code),), (button("create", lang),))),))


def _picture(parts: Parts, lang: str, code: str, team: Team, keyboard: Keyboard) -> Say:
    check, picture = questionnaire.questions(parts, lang), team.picture
    assert check is not None
    assert picture is not None
    names = {
        word: [question.name for question in check.questions if picture.words.get(question.id) is word]
        for word in Word
    }
    html = render(
        "selfcheck_shared",
        lang,
        code=code,
        people=picture.people,
        date=dated(picture.created, lang),
        waiting=team.waiting,
        enough=ENOUGH,
        mixed_from=MIXED_FROM,
        strengths=names[Word.STRONG],
        gaps=names[Word.WEAK],
        apart=names[Word.MIXED],
    )
    values = chart.shared(check, lang, picture.words, label("chart_people", lang, people=picture.people, code=code))
    return Say(html, keyboard, drawing=Drawing("chart", values))


def _ways(parts: Parts, event: Event, code: str, lang: str) -> Keyboard:
    fill = (button("in", lang, code),)
    return (fill, (button("bring", lang, code),)) if parts.store.checks(event.user_id) else (fill,)


def _left(check: Check | None) -> Check | None:
    """What is left where a code is no longer awaited."""
    if check is None or check.stage is not Stage.JOINING:
        return check
    return replace(check, stage=Stage.PAUSED) if check.answers else None
