"""The result of a self-check: as a chart and in words, compared with the previous one, and next steps."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.commands import SELFCHECK_LINK
from bot.domain.effects import SaveSelfCheck
from bot.domain.message import Attachment, Button, Keyboard, SendMessage
from bot.domain.selfcheck import (
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
MAX_ENTRIES = 3  # maximum number of entries that are offered
MAX_CHANGES = 4  # maximum number of changes of one kind that are named, so that the caption fits


@dataclass(frozen=True, slots=True)
class ResultSummary:
    """A result in words.

    Attributes:
        strengths, gaps: names of all such questions.
        unknown: number of questions that the person could not answer.
        verdict: "good", "fair", "early" or "open", part of the key of a label.
        first_step: what to do first.
    """

    findings: Findings
    strengths: list[str]
    gaps: list[str]
    unknown: int
    verdict: str
    first_step: str


def summarise_result(questionnaire: SelfCheck, answers: SelfCheckAnswers, lang: str) -> ResultSummary:
    """Summarise the findings from answers."""
    findings = compute_findings(answers, [question.id for question in questionnaire.questions])
    mean = findings.mean
    verdict = "open" if mean is None else "good" if mean >= GOOD_MEAN else "fair" if mean >= FAIR_MEAN else "early"
    strengths, gaps = (_question_names(questionnaire, ids) for ids in (findings.strengths, findings.gaps))
    first_step = _suggest_first_step(questionnaire, findings, lang)
    return ResultSummary(findings, strengths, gaps, len(findings.unknown), verdict, first_step)


def finish_selfcheck(context: TurnContext, progress: SelfCheckProgress) -> Turn:
    """Store and show the result of a self-check whose last question is answered."""
    services, lang, questionnaire = context.services, context.lang, require_questionnaire(context)
    user_id = context.event.user_id
    answers = {question.id: progress.answers.get(question.id) for question in questionnaire.questions}
    previous = next(iter(services.store.selfchecks.recent_selfchecks(user_id)), None)
    in_team_result = services.store.selfchecks.team_codes(user_id).get(progress.code, False)
    html = render_template("selfcheck_done", lang, total=len(answers), code=progress.code, pictured=in_team_result)
    confirmation = context.change(check=None, shown=SELFCHECK_LINK).send_or_edit(html, edited_by=EDITING_CALLBACKS)
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


def show_first_step(context: TurnContext) -> Turn | None:
    """Return the turn that names the first step from the last result and leads to it; None if there is none."""
    results, lang = context.services.store.selfchecks.recent_selfchecks(context.event.user_id), context.lang
    questionnaire = find_questionnaire(context)
    if not results or questionnaire is None:
        return None
    summary = summarise_result(questionnaire, results[0].answers, lang)
    to_read = _find_questions(questionnaire, (*summary.findings.gaps, *summary.findings.unknown)[:1])
    advise = (Button(format_label("check_advise", lang), SELFCHECK_ADVICE_CALLBACK),)
    html = render_template("selfcheck_first_step", lang, first_step=summary.first_step)
    return context.reply(html, (*entry_rows(to_read, lang), advise))


def describe_last_result(context: TurnContext) -> str | None:
    """Return the last result as the concern of a request for advice; None if there is none."""
    results = context.services.store.selfchecks.recent_selfchecks(context.event.user_id)
    questionnaire, lang = find_questionnaire(context), context.lang
    if not results or questionnaire is None:
        return None
    date = format_date(results[0].created, lang)
    concern = format_label("check_concern", lang, title=questionnaire.title, date=date)
    summary = summarise_result(questionnaire, results[0].answers, lang)
    for key, names in (("check_have", summary.strengths), ("check_lack", summary.gaps)):
        concern += " " + format_label(key, lang, names=", ".join(names)) if names else ""
    return concern


def _result_message(
    questionnaire: SelfCheck, lang: str, result: SelfCheckResult, previous: SelfCheckResult | None, code: str
) -> SendMessage:
    summary = summarise_result(questionnaire, result.answers, lang)
    order = [question.id for question in questionnaire.questions]
    better, worse = compare_answers(previous.answers, result.answers, order) if previous else ((), ())
    html = render_template(
        "selfcheck_result",
        lang,
        told=summary,
        before=format_date(previous.created, lang) if previous else "",
        better=_name_changes(questionnaire, better, lang),
        worse=_name_changes(questionnaire, worse, lang),
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
    to_read = _find_questions(questionnaire, (findings.gaps or findings.unknown or findings.strengths)[:MAX_ENTRIES])
    steps = [str(item.step) for item in to_read if item.step is not None]
    rows: list[tuple[Button, ...]] = [*entry_rows(to_read, lang)]
    rows += [(selfcheck_button("step", lang, number, number=number),) for number in steps[:1]]
    rows.append((Button(format_label("take_along", lang), HANDOUT_PDF_CALLBACK), selfcheck_button("again", lang)))
    rows.append((selfcheck_button("shared", lang, code, code=code),) if code else (selfcheck_button("team", lang),))
    rows.append((Button(format_label("check_advise", lang), SELFCHECK_ADVICE_CALLBACK),))
    return tuple(rows)


def entry_rows(questions: Sequence[SelfCheckQuestion], lang: str) -> Keyboard:
    """Return buttons for the entries that explain some questions."""
    return tuple(
        (Button(format_label("read_on", lang, title=question.name), f"{ENTRY_CALLBACK}{question.entry}"),)
        for question in questions
    )


def _suggest_first_step(questionnaire: SelfCheck, findings: Findings, lang: str) -> str:
    """Return the first step for the clearest gap; without a gap, what to do about unknown answers or strengths."""
    steps = [question.first_step for question in _find_questions(questionnaire, findings.gaps) if question.first_step]
    if steps:
        return steps[0]
    unknown = _question_names(questionnaire, findings.unknown[:1])
    return format_label("check_find_out", lang, name=unknown[0]) if unknown else format_label("check_together", lang)


def _name_changes(questionnaire: SelfCheck, ids: tuple[str, ...], lang: str) -> list[str]:
    """Return the names of changed questions; the chart shows those beyond the maximum."""
    if len(ids) <= MAX_CHANGES:
        return _question_names(questionnaire, ids)
    named = _question_names(questionnaire, ids[: MAX_CHANGES - 1])
    return [*named, format_label("check_more", lang, number=len(ids) - len(named))]


def _find_questions(questionnaire: SelfCheck, ids: tuple[str, ...]) -> list[SelfCheckQuestion]:
    by_id = {question.id: question for question in questionnaire.questions}
    return [by_id[question_id] for question_id in ids]


def _question_names(questionnaire: SelfCheck, ids: tuple[str, ...]) -> list[str]:
    return [question.name for question in _find_questions(questionnaire, ids)]
