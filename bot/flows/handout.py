"""The page to take along: what was read in the introduction, and the self-check, with sources and date."""

from itertools import groupby
from typing import Any

from bot.domain.event import Event
from bot.domain.message import Attachment, SendMessage
from bot.domain.selfcheck import SelfCheckResult
from bot.domain.turn import State, Turn
from bot.flows.context import Services
from bot.flows.selfcheck import chart
from bot.flows.selfcheck import result as selfcheck_result
from bot.flows.selfcheck.questionnaire import find_questionnaire, level_label
from knowledge.parsing.summary import summarise_markdown
from knowledge.records.entry import Entry, Layer
from knowledge.records.intro import IntroStep, steps_in_language
from prompts.dates import format_date
from prompts.render import format_label, render_template


def send_handout(services: Services, state: State, event: Event) -> Turn:
    """The page as a document; says how to fill it where nothing was read or told yet."""
    lang = services.lang(state, event)
    steps_read = visited_steps(services, state, lang)
    results = services.store.recent_selfchecks(event.user_id)
    if not steps_read and not results:
        return services.say(state, event, "takeaway_empty")
    html = render_template("takeaway", lang, steps=len(steps_read), check=bool(results))
    return Turn(
        state,
        (
            SendMessage(
                html,
                attachment=Attachment(
                    "takeaway", _handout_values(services, lang, steps_read, results), as_document=True
                ),
            ),
        ),
    )


def visited_steps(services: Services, state: State, lang: str) -> list[IntroStep]:
    """The steps of the introduction that the person was shown."""
    return [step for number, step in enumerate(steps_in_language(services.steps, lang), 1) if number in state.read]


def _handout_values(
    services: Services, lang: str, steps_read: list[IntroStep], results: list[SelfCheckResult]
) -> dict[str, Any]:
    date = format_date(services.now(), lang)
    contact = services.contact
    further = [f"{contact.name} ({contact.role}): {contact.phone}, {contact.email}", format_label("pdf_bot", lang)]
    return {
        "lang": lang[:2],
        "title": format_label("pdf_title", lang),
        "author": format_label("pdf_author", lang),
        "description": format_label("pdf_description", lang, date=date),
        "subtitle": format_label("pdf_subtitle", lang, date=date),
        "notice": format_label("pdf_notice", lang),
        "read": format_label("pdf_read", lang),
        "steps": [_step_values(services, step, lang) for step in steps_read],
        "sources": _step_sources(services, steps_read, lang),
        "check": _selfcheck_values(services, lang, results) if results else None,
        "empty": ""
        if steps_read and results
        else format_label("pdf_no_check" if steps_read else "pdf_no_steps", lang),
        "further": {"heading": format_label("pdf_further", lang), "items": further},
    }


def _step_values(services: Services, step: IntroStep, lang: str) -> dict[str, Any]:
    entry = _step_entry(services, step, lang)
    literature = entry is not None and entry.layer is Layer.LITERATURE
    mark = format_label("pdf_literature", lang) if literature else ""
    summary = summarise_markdown(step.body)
    return {"title": f"{step.number}  {step.title}", "text": summary.text, "items": summary.items, "mark": mark}


def _step_sources(services: Services, steps_read: list[IntroStep], lang: str) -> str:
    """Each source once, with the numbers of the steps that it stands behind."""
    numbers: dict[str, list[int]] = {}
    for step in steps_read:
        if entry := _step_entry(services, step, lang):
            numbers.setdefault(entry.source, []).append(step.number)
    sources = "; ".join(f"{source} ({_format_ranges(steps)})" for source, steps in numbers.items())
    return format_label("pdf_source", lang, sources=sources) if sources else ""


def _format_ranges(numbers: list[int]) -> str:
    """Numbers in order, those that follow one another as a range."""
    runs = [list(run) for _, run in groupby(numbers, key=lambda number: number - numbers.index(number))]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def _step_entry(services: Services, step: IntroStep, lang: str) -> Entry | None:
    """The entry that a step is made from: the first that it names."""
    return services.answerer.find_entry(step.entries[0], lang) if step.entries else None


def _selfcheck_values(services: Services, lang: str, results: list[SelfCheckResult]) -> dict[str, Any] | None:
    questionnaire = find_questionnaire(services, lang)
    if questionnaire is None:
        return None
    result, previous = results[0], results[1] if len(results) > 1 else None
    summary = selfcheck_result.summarise_result(questionnaire, result.answers)
    previous_values = (previous.answers, format_date(previous.created, lang)) if previous else (None, "")
    lines = [
        f"{question.name}: {level_label(result.answers, question.id, lang)}" for question in questionnaire.questions
    ]
    return {
        "heading": format_label("pdf_check", lang, date=format_date(result.created, lang)),
        "words": f"{questionnaire.title} {format_label(f'verdict_{summary.verdict}', lang)}",
        "alt": format_label("pdf_alt", lang, answers="; ".join(lines)),
        "chart": chart.build_own_chart(questionnaire, lang, result.answers, "", *previous_values),
        "strengths": {"title": format_label("pdf_strengths", lang), "items": summary.strengths},
        "gaps": {"title": format_label("pdf_gaps", lang), "items": summary.gaps},
        "caution": format_label("check_caution", lang) + " " + _selfcheck_sources(questionnaire.groups, lang),
    }


def _selfcheck_sources(groups: Any, lang: str) -> str:
    source_names = dict.fromkeys(group.source for group in groups)
    return format_label("pdf_sources", lang, sources="; ".join(source_names))
