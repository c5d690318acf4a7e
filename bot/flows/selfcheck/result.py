"""The result of a self-check: as a chart, in words, compared with the last time, and where it leads."""

from dataclasses import dataclass, replace

from bot.domain.consultation import Details, Form
from bot.domain.effects import SaveSelfCheck
from bot.domain.event import Event, EventKind
from bot.domain.message import Attachment, Button, Keyboard, SendMessage
from bot.domain.selfcheck import (
    MAX_HIGHLIGHTS,
    Findings,
    SelfCheckAnswers,
    SelfCheckProgress,
    SelfCheckResult,
    SelfCheckStage,
    compare_answers,
    compute_findings,
)
from bot.domain.turn import State, Turn
from bot.flows import intro
from bot.flows.callback_data import ENTRY_CALLBACK, HANDOUT_PDF_CALLBACK
from bot.flows.consultation import form
from bot.flows.consultation.brief import build_request_context
from bot.flows.context import Services
from bot.flows.selfcheck import chart
from bot.flows.selfcheck.questionnaire import find_questionnaire, selfcheck_button, send_or_edit, show_question
from knowledge.records.selfcheck import SelfCheck, SelfCheckQuestion
from prompts.dates import format_date
from prompts.render import format_label, render_template

GOOD_MEAN, FAIR_MEAN = 2.0, 1.0  # mean levels from which much, or something, is there


@dataclass(frozen=True, slots=True)
class ResultSummary:
    """A result in words."""

    findings: Findings
    strengths: list[str]
    gaps: list[str]
    unknown: int
    verdict: str


def summarise_result(questionnaire: SelfCheck, answers: SelfCheckAnswers) -> ResultSummary:
    """What answers say, with the names of the questions; ``verdict`` is one of good, fair, early, open."""
    order = [question.id for question in questionnaire.questions]
    result_findings = compute_findings(answers, order)
    mean = result_findings.mean
    verdict = "open" if mean is None else "good" if mean >= GOOD_MEAN else "fair" if mean >= FAIR_MEAN else "early"
    return ResultSummary(
        result_findings,
        _question_names(questionnaire, result_findings.strengths),
        _question_names(questionnaire, result_findings.gaps),
        len(result_findings.unknown),
        verdict,
    )


def finish_selfcheck(services: Services, state: State, event: Event, progress: SelfCheckProgress) -> Turn:
    """The last answer is there: the result is kept and shown, beside that of the last time where there is one."""
    questionnaire, lang = _require_questionnaire(services, state, event), services.lang(state, event)
    answers = {question.id: progress.answers.get(question.id) for question in questionnaire.questions}
    previous = next(iter(services.store.recent_selfchecks(event.user_id)), None)
    in_team_result = services.store.team_codes(event.user_id).get(progress.code, False)
    state = replace(state, check=None)
    confirmation = send_or_edit(
        state,
        event,
        render_template("selfcheck_done", lang, total=len(answers), code=progress.code, pictured=in_team_result),
    )
    result = _result_message(questionnaire, lang, SelfCheckResult(answers, services.now()), previous, progress.code)
    return Turn(state, (*confirmation.messages, result), (SaveSelfCheck(answers, progress.code),))


def show_last_result(services: Services, state: State, event: Event, _: str) -> Turn | None:
    """The result of the last time once more."""
    results = services.store.recent_selfchecks(event.user_id)
    if not results:
        return None
    code = next(iter(services.store.team_codes(event.user_id)), "")
    previous = results[1] if len(results) > 1 else None
    return Turn(
        state,
        (
            _result_message(
                _require_questionnaire(services, state, event),
                services.lang(state, event),
                results[0],
                previous,
                code,
            ),
        ),
    )


def repeat_selfcheck(services: Services, state: State, event: Event, _: str) -> Turn:
    """A new self-check, under the code of the last one if it still counts there; one that was begun goes on."""
    if state.check and state.check.stage is not SelfCheckStage.JOINING:
        return show_question(services, state, event, state.check, "form_again")
    code, in_team_result = next(iter(services.store.team_codes(event.user_id).items()), ("", False))
    return show_question(services, state, event, SelfCheckProgress(code="" if in_team_result else code))


def request_advice(services: Services, state: State, event: Event, _: str) -> Turn | None:
    """A request for advice whose concern is written already; nothing of it is passed on before the person agrees."""
    results = services.store.recent_selfchecks(event.user_id)
    if not results:
        return None
    if state.form and state.form.details.concern:
        return form.begin_form(services, state, event)
    lang = services.lang(state, event)
    questionnaire = _require_questionnaire(services, state, event)
    concern = format_label(
        "check_concern", lang, title=questionnaire.title, date=format_date(results[0].created, lang)
    )
    summary = summarise_result(questionnaire, results[0].answers)
    for key, names in (("check_have", summary.strengths), ("check_lack", summary.gaps)):
        concern += " " + format_label(key, lang, names=", ".join(names)) if names else ""
    new_form = Form(details=Details(concern=concern), brief=build_request_context(services, state, event))
    return form.show_form(services, replace(state, form=new_form), event)


def show_intro_step(services: Services, state: State, event: Event, number: str) -> Turn | None:
    """A step of the introduction, in a message of its own: the picture above stays."""
    if not number.isdecimal():
        return None
    command_event = replace(event, kind=EventKind.COMMAND)
    return intro.show_step(state, command_event, services.steps, int(number), services.lang(state, event))


def _result_message(
    questionnaire: SelfCheck, lang: str, result: SelfCheckResult, previous: SelfCheckResult | None, code: str
) -> SendMessage:
    summary = summarise_result(questionnaire, result.answers)
    order = [question.id for question in questionnaire.questions]
    better, worse = compare_answers(previous.answers, result.answers, order) if previous else ((), ())
    html = render_template(
        "selfcheck_result",
        lang,
        told=summary,
        before=format_date(previous.created, lang) if previous else "",
        better=_question_names(questionnaire, better[:MAX_HIGHLIGHTS]),
        worse=_question_names(questionnaire, worse[:MAX_HIGHLIGHTS]),
    )
    date = format_date(result.created, lang)
    previous_values = (previous.answers, format_date(previous.created, lang)) if previous else (None, "")
    values = chart.build_own_chart(
        questionnaire, lang, result.answers, format_label("chart_of", lang, date=date), *previous_values
    )
    return SendMessage(
        html, _result_keyboard(questionnaire, summary, lang, code), attachment=Attachment("chart", values)
    )


def _result_keyboard(questionnaire: SelfCheck, summary: ResultSummary, lang: str, code: str) -> Keyboard:
    """What to read on, the step of the path next, and what can be done with the result."""
    to_read = _find_questions(
        questionnaire,
        summary.findings.gaps or summary.findings.unknown[:MAX_HIGHLIGHTS] or summary.findings.strengths,
    )
    entries = [
        (Button(format_label("read_on", lang, title=question.name), f"{ENTRY_CALLBACK}{question.entry}"),)
        for question in to_read
    ]
    number = str(to_read[0].step)
    rows: list[tuple[Button, ...]] = [*entries, (selfcheck_button("step", lang, number, number=number),)]
    rows.append((Button(format_label("take_along", lang), HANDOUT_PDF_CALLBACK), selfcheck_button("again", lang)))
    rows.append((selfcheck_button("shared", lang, code, code=code),) if code else (selfcheck_button("team", lang),))
    rows.append((selfcheck_button("advise", lang),))
    return tuple(rows)


def _find_questions(questionnaire: SelfCheck, ids: tuple[str, ...]) -> list[SelfCheckQuestion]:
    by_id = {question.id: question for question in questionnaire.questions}
    return [by_id[question_id] for question_id in ids]


def _question_names(questionnaire: SelfCheck, ids: tuple[str, ...]) -> list[str]:
    return [question.name for question in _find_questions(questionnaire, ids)]


def _require_questionnaire(services: Services, state: State, event: Event) -> SelfCheck:
    questionnaire = find_questionnaire(services, services.lang(state, event))
    assert questionnaire is not None
    return questionnaire
