"""The result of a self-check: as a chart and in words, compared with the previous one, and next steps."""

from dataclasses import dataclass

from bot.domain.effects import SaveSelfCheck
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
from bot.domain.turn import Turn
from bot.flows.callback_data import ENTRY_CALLBACK, HANDOUT_PDF_CALLBACK, SELFCHECK_ADVICE_CALLBACK
from bot.flows.context import TurnContext
from bot.flows.selfcheck import chart
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

GOOD_MEAN, FAIR_MEAN = 2.0, 1.0  # minimum mean levels of the verdicts "good" and "fair"


@dataclass(frozen=True, slots=True)
class ResultSummary:
    """A result in words.

    Attributes:
        strengths, gaps: names of questions.
        unknown: number of questions that the person could not answer.
        verdict: "good", "fair", "early" or "open", part of the key of a label.
    """

    findings: Findings
    strengths: list[str]
    gaps: list[str]
    unknown: int
    verdict: str


def summarise_result(questionnaire: SelfCheck, answers: SelfCheckAnswers) -> ResultSummary:
    """Summarise the findings from answers."""
    findings = compute_findings(answers, [question.id for question in questionnaire.questions])
    mean = findings.mean
    verdict = "open" if mean is None else "good" if mean >= GOOD_MEAN else "fair" if mean >= FAIR_MEAN else "early"
    strengths, gaps = (_question_names(questionnaire, ids) for ids in (findings.strengths, findings.gaps))
    return ResultSummary(findings, strengths, gaps, len(findings.unknown), verdict)


def finish_selfcheck(context: TurnContext, progress: SelfCheckProgress) -> Turn:
    """Store and show the result of a self-check whose last question is answered."""
    services, lang, questionnaire = context.services, context.lang, require_questionnaire(context)
    user_id = context.event.user_id
    answers = {question.id: progress.answers.get(question.id) for question in questionnaire.questions}
    previous = next(iter(services.store.selfchecks.recent_selfchecks(user_id)), None)
    in_team_result = services.store.selfchecks.team_codes(user_id).get(progress.code, False)
    html = render_template("selfcheck_done", lang, total=len(answers), code=progress.code, pictured=in_team_result)
    confirmation = context.change(check=None).send_or_edit(html, edited_by=EDITING_CALLBACKS)
    result = _result_message(questionnaire, lang, SelfCheckResult(answers, services.now()), previous, progress.code)
    return Turn(confirmation.state, (*confirmation.messages, result), (SaveSelfCheck(answers, progress.code),))


def show_last_result(context: TurnContext, _: str) -> Turn | None:
    """Show the last result again; None if there is none."""
    store, user_id = context.services.store, context.event.user_id
    results = store.selfchecks.recent_selfchecks(user_id)
    if not results:
        return None
    previous = results[1] if len(results) > 1 else None
    code = next(iter(store.selfchecks.team_codes(user_id)), "")
    message = _result_message(require_questionnaire(context), context.lang, results[0], previous, code)
    return Turn(context.state, (message,))


def repeat_selfcheck(context: TurnContext, _: str) -> Turn:
    """Begin a new self-check, or continue an unfinished one.

    It counts for the team of the last code, unless the person is part of that team's result already.
    """
    progress = context.state.check
    if progress and progress.stage is not SelfCheckStage.JOINING:
        return show_question(context, progress, "form_again")
    codes = context.services.store.selfchecks.team_codes(context.event.user_id)
    code, in_team_result = next(iter(codes.items()), ("", False))
    return show_question(context, SelfCheckProgress(code="" if in_team_result else code))


def describe_last_result(context: TurnContext) -> str | None:
    """Return the last result as the concern of a request for advice; None if there is none."""
    results = context.services.store.selfchecks.recent_selfchecks(context.event.user_id)
    questionnaire, lang = find_questionnaire(context), context.lang
    if not results or questionnaire is None:
        return None
    date = format_date(results[0].created, lang)
    concern = format_label("check_concern", lang, title=questionnaire.title, date=date)
    summary = summarise_result(questionnaire, results[0].answers)
    for key, names in (("check_have", summary.strengths), ("check_lack", summary.gaps)):
        concern += " " + format_label(key, lang, names=", ".join(names)) if names else ""
    return concern


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
    subtitle = format_label("chart_of", lang, date=format_date(result.created, lang))
    values = chart.build_own_chart(questionnaire, lang, result.answers, subtitle, previous)
    keyboard = _result_keyboard(questionnaire, summary, lang, code)
    return SendMessage(html, keyboard, attachment=Attachment("chart", values))


def _result_keyboard(questionnaire: SelfCheck, summary: ResultSummary, lang: str, code: str) -> Keyboard:
    """Return buttons for entries to read, the step of the introduction to read next, and actions on the result.

    The step is that of the first question to read about that has one; most, but not all, have one.
    """
    findings = summary.findings
    to_read = _find_questions(questionnaire, findings.gaps or findings.unknown[:MAX_HIGHLIGHTS] or findings.strengths)
    entries = [
        (Button(format_label("read_on", lang, title=item.name), f"{ENTRY_CALLBACK}{item.entry}"),) for item in to_read
    ]
    steps = [str(item.step) for item in to_read if item.step is not None]
    rows: list[tuple[Button, ...]] = [*entries]
    rows += [(selfcheck_button("step", lang, number, number=number),) for number in steps[:1]]
    rows.append((Button(format_label("take_along", lang), HANDOUT_PDF_CALLBACK), selfcheck_button("again", lang)))
    rows.append((selfcheck_button("shared", lang, code, code=code),) if code else (selfcheck_button("team", lang),))
    rows.append((Button(format_label("check_advise", lang), SELFCHECK_ADVICE_CALLBACK),))
    return tuple(rows)


def _find_questions(questionnaire: SelfCheck, ids: tuple[str, ...]) -> list[SelfCheckQuestion]:
    by_id = {question.id: question for question in questionnaire.questions}
    return [by_id[question_id] for question_id in ids]


def _question_names(questionnaire: SelfCheck, ids: tuple[str, ...]) -> list[str]:
    return [question.name for question in _find_questions(questionnaire, ids)]
