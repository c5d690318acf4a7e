"""The self-check of several people of one organisation, under a code: shown together, never one by one."""

from dataclasses import replace

from bot.effects import LeaveCode, NewCode, ShareCheck
from bot.flows import chart
from bot.flows.parts import Parts
from bot.flows.selfcheck import button, placed, questions, shown
from bot.links import bot_link
from bot.model import Drawing, Event, Keyboard, Say, State, Toast, Turn
from bot.selfcheck import ENOUGH, MOST, Check, Stage, findings, is_code, together
from prompts.render import label, render

LINK = "check-"  # parameter of a deep link, before the code
APART = 1.0  # spread in levels from which people see a thing differently


def team(parts: Parts, state: State, event: Event, _: str) -> Turn:
    """What filling in together means, and the two ways: a new code, or that of others."""
    lang = parts.lang(state, event)
    html = render("selfcheck_team", lang, enough=ENOUGH)
    return Turn(state, (Say(html, ((button("create", lang),), (button("join", lang),))),))


def create(parts: Parts, state: State, event: Event, _: str) -> Turn:
    """A new code to pass on."""
    lang, code = parts.lang(state, event), parts.code()
    html = render("selfcheck_code", lang, code=code, link=bot_link(parts.username, f"{LINK}{code}"), enough=ENOUGH)
    return Turn(state, (Say(html, _ways(parts, event, code, lang)),), (NewCode(code),))


def join(parts: Parts, state: State, event: Event, _: str) -> Turn:
    """Asks for the code of the others; the answers told so far are kept."""
    lang = parts.lang(state, event)
    check = replace(state.check or Check(), stage=Stage.JOINING)
    return placed(replace(state, check=check), event, render("selfcheck_join", lang), ((button("team", lang),),))


def entered(parts: Parts, state: State, event: Event, text: str) -> Turn | None:
    """A code that was typed or came by a link; None where the text has not the form of one."""
    code, lang = "".join(text.split()).upper(), parts.lang(state, event)
    if not is_code(code) or questions(parts, lang) is None:
        return None
    if parts.store.shared(code) is None:
        return Turn(state, (Say(render("selfcheck_no_code", lang, code=code)),))
    html = render("selfcheck_joined", lang, code=code, enough=ENOUGH, days=parts.retention_days)
    state = replace(state, check=_left(state.check))
    return Turn(state, (Say(html, _ways(parts, event, code, lang)),))


def linked(parts: Parts, state: State, event: Event, link: str) -> Turn | None:
    """A deep link with a code; None where it is another."""
    return entered(parts, state, event, link.removeprefix(LINK)) if link.startswith(LINK) else None


def fill_in(parts: Parts, state: State, event: Event, code: str) -> Turn | None:
    """Begin, or go on, under a code."""
    if not _known(parts, code):
        return None
    return shown(parts, state, event, replace(state.check or Check(), code=code))


def bring(parts: Parts, state: State, event: Event, code: str) -> Turn | None:
    """The result that the person has already becomes part of what is shown together."""
    kept = parts.store.checks(event.user_id)
    if not kept or not _known(parts, code):
        return None
    lang = parts.lang(state, event)
    html = render("selfcheck_brought", lang, code=code)
    return Turn(
        state,
        (Say(html, ((button("shared", lang, code, code=code),),)), Toast()),
        (ShareCheck(kept[0].answers, code),),
    )


def shared(parts: Parts, state: State, event: Event, code: str) -> Turn | None:
    """What everybody under a code said together, for those who took part; nothing where they are too few."""
    if code not in parts.store.codes(event.user_id):
        return None
    lang, all_answers = parts.lang(state, event), parts.store.shared(code) or []
    check = questions(parts, lang)
    assert check is not None
    leave = ((button("leave", lang, code),),)
    if len(all_answers) < ENOUGH:
        html = render("selfcheck_few", lang, code=code, people=len(all_answers), enough=ENOUGH)
        return Turn(state, (Say(html, leave),))
    order = [question.id for question in check.questions]
    found = together(all_answers, order)
    means = findings({one: of.mean for one, of in found.items()}, order)
    names = {question.id: question.name for question in check.questions}
    apart = [one for one in order if found[one].mean is not None and found[one].spread >= APART]
    html = render(
        "selfcheck_shared",
        lang,
        code=code,
        people=len(all_answers),
        enough=ENOUGH,
        strengths=[names[one] for one in means.strengths],
        gaps=[names[one] for one in means.gaps],
        apart=[names[one] for one in sorted(apart, key=lambda one: -found[one].spread)[:MOST]],
    )
    values = chart.shared(check, lang, found, label("chart_people", lang, people=len(all_answers), code=code))
    return Turn(state, (Say(html, leave, drawing=Drawing("chart", values)),))


def leave(parts: Parts, state: State, event: Event, code: str) -> Turn | None:
    """The person's part is taken out again."""
    if code not in parts.store.codes(event.user_id):
        return None
    return Turn(state, (Toast(label("check_left", parts.lang(state, event), code=code)),), (LeaveCode(code),))


def _ways(parts: Parts, event: Event, code: str, lang: str) -> Keyboard:
    fill = (button("in", lang, code),)
    return (fill, (button("bring", lang, code),)) if parts.store.checks(event.user_id) else (fill,)


def _known(parts: Parts, code: str) -> bool:
    return is_code(code) and parts.store.shared(code) is not None


def _left(check: Check | None) -> Check | None:
    """What is left where a code is no longer awaited."""
    if check is None or check.stage is not Stage.JOINING:
        return check
    return replace(check, stage=Stage.PAUSED) if check.answers else None
