"""The result of a self-check: as a chart, in words, compared with the last time, and where it leads."""

from dataclasses import dataclass, replace

from bot.answering.answerer import ENTRY
from bot.domain.consultation import Details, Form
from bot.domain.effects import NewCheck
from bot.domain.event import Event, Kind
from bot.domain.message import Button, Drawing, Keyboard, Say
from bot.domain.selfcheck import MOST, Answers, Check, Findings, Result, Stage, changed, findings
from bot.domain.turn import State, Turn
from bot.flows import intro
from bot.flows.consultation import form
from bot.flows.consultation.brief import brief
from bot.flows.context import Parts
from bot.flows.handout import PDF
from bot.flows.selfcheck import chart
from bot.flows.selfcheck.questionnaire import button, placed, questions, shown
from knowledge.records.selfcheck import Question, SelfCheck
from prompts.dates import dated
from prompts.render import label, render

GOOD, FAIR = 2.0, 1.0  # mean levels from which much, or something, is there


@dataclass(frozen=True, slots=True)
class Told:
    """A result in words."""

    found: Findings
    strengths: list[str]
    gaps: list[str]
    unknown: int
    verdict: str


def told(check: SelfCheck, answers: Answers) -> Told:
    """What answers say, with the names of the questions; ``verdict`` is one of good, fair, early, open."""
    order = [question.id for question in check.questions]
    found = findings(answers, order)
    mean = found.mean
    verdict = "open" if mean is None else "good" if mean >= GOOD else "fair" if mean >= FAIR else "early"
    return Told(found, _names(check, found.strengths), _names(check, found.gaps), len(found.unknown), verdict)


def finished(parts: Parts, state: State, event: Event, check: Check) -> Turn:
    """The last answer is there: the result is kept and shown, beside that of the last time where there is one."""
    asked, lang = _asked(parts, state, event), parts.lang(state, event)
    answers = {question.id: check.answers.get(question.id) for question in asked.questions}
    before = next(iter(parts.store.checks(event.user_id)), None)
    pictured = parts.store.codes(event.user_id).get(check.code, False)
    state = replace(state, check=None)
    done = placed(
        state, event, render("selfcheck_done", lang, total=len(answers), code=check.code, pictured=pictured)
    )
    result = _said(asked, lang, Result(answers, parts.now()), before, check.code)
    return Turn(state, (*done.messages, result), (NewCheck(answers, check.code),))


def last(parts: Parts, state: State, event: Event, _: str) -> Turn | None:
    """The result of the last time once more."""
    kept = parts.store.checks(event.user_id)
    if not kept:
        return None
    code = next(iter(parts.store.codes(event.user_id)), "")
    before = kept[1] if len(kept) > 1 else None
    return Turn(state, (_said(_asked(parts, state, event), parts.lang(state, event), kept[0], before, code),))


def again(parts: Parts, state: State, event: Event, _: str) -> Turn:
    """A new self-check, under the code of the last one if it still counts there; one that was begun goes on."""
    if state.check and state.check.stage is not Stage.JOINING:
        return shown(parts, state, event, state.check, "form_again")
    code, pictured = next(iter(parts.store.codes(event.user_id).items()), ("", False))
    return shown(parts, state, event, Check(code="" if pictured else code))


def advise(parts: Parts, state: State, event: Event, _: str) -> Turn | None:
    """A request for advice whose concern is written already; nothing of it is passed on before the person agrees."""
    kept = parts.store.checks(event.user_id)
    if not kept:
        return None
    if state.form and state.form.details.concern:
        return form.begin(parts, state, event)
    lang = parts.lang(state, event)
    asked = _asked(parts, state, event)
    concern = label("check_concern", lang, title=asked.title, date=dated(kept[0].created, lang))
    words = told(asked, kept[0].answers)
    for key, names in (("check_have", words.strengths), ("check_lack", words.gaps)):
        concern += " " + label(key, lang, names=", ".join(names)) if names else ""
    fresh = Form(details=Details(concern=concern), brief=brief(parts, state, event))
    return form.shown(parts, replace(state, form=fresh), event)


def step(parts: Parts, state: State, event: Event, number: str) -> Turn | None:
    """A step of the introduction, in a message of its own: the picture above stays."""
    if not number.isdecimal():
        return None
    asked = replace(event, kind=Kind.COMMAND)
    return intro.show_step(state, asked, parts.steps, int(number), parts.lang(state, event))


def _said(check: SelfCheck, lang: str, result: Result, before: Result | None, code: str) -> Say:
    words = told(check, result.answers)
    order = [question.id for question in check.questions]
    better, worse = changed(before.answers, result.answers, order) if before else ((), ())
    html = render(
        "selfcheck_result",
        lang,
        told=words,
        before=dated(before.created, lang) if before else "",
        better=_names(check, better[:MOST]),
        worse=_names(check, worse[:MOST]),
    )
    date = dated(result.created, lang)
    past = (before.answers, dated(before.created, lang)) if before else (None, "")
    values = chart.own(check, lang, result.answers, label("chart_of", lang, date=date), *past)
    return Say(html, _keyboard(check, words, lang, code), drawing=Drawing("chart", values))


def _keyboard(check: SelfCheck, words: Told, lang: str, code: str) -> Keyboard:
    """What to read on, the step of the path next, and what can be done with the result."""
    to_read = _questions(check, words.found.gaps or words.found.unknown[:MOST] or words.found.strengths)
    entries = [(Button(label("read_on", lang, title=one.name), f"{ENTRY}{one.entry}"),) for one in to_read]
    number = str(to_read[0].step)
    rows: list[tuple[Button, ...]] = [*entries, (button("step", lang, number, number=number),)]
    rows.append((Button(label("take_along", lang), PDF), button("again", lang)))
    rows.append((button("shared", lang, code, code=code),) if code else (button("team", lang),))
    rows.append((button("advise", lang),))
    return tuple(rows)


def _questions(check: SelfCheck, ids: tuple[str, ...]) -> list[Question]:
    by_id = {question.id: question for question in check.questions}
    return [by_id[one] for one in ids]


def _names(check: SelfCheck, ids: tuple[str, ...]) -> list[str]:
    return [question.name for question in _questions(check, ids)]


def _asked(parts: Parts, state: State, event: Event) -> SelfCheck:
    asked = questions(parts, parts.lang(state, event))
    assert asked is not None
    return asked
